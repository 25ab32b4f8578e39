"""Many outcomes for the portal's queue, and whether a database holds exactly them."""

import json
from collections import Counter

from sqlalchemy import func, select

from express_sync.local.cloud import RunningCloud
from express_sync.portal.store.database import Database
from express_sync.portal.store.queries import status_counts
from express_sync.portal.store.tables import events, requests
from tests.support.portal import outcome

EVENTS = (("deferred", "0000-0"), ("deferred", "0001-0"), ("failed", "0002-1"), ("succeeded", "9999-3"))
QUEUE = "express-sync-portal"


def fill_queue(cloud: RunningCloud, count: int) -> None:
    """Put `count` outcomes into the portal's queue: four for each request, or three where the request failed."""
    bodies = [_body(number) for number in range(count)]

    async def enqueue() -> None:
        for body in bodies:
            cloud.cloud.messages.queues.send(QUEUE, body)

    cloud.run(enqueue())


def hidden_messages_return(cloud: RunningCloud, seconds: float = 61) -> None:
    """Advance the clock of SMQ beyond the visibility timeout."""

    async def forward() -> None:
        queues = cloud.cloud.messages.queues
        before = queues._clock
        queues._clock = lambda: before() + seconds

    cloud.run(forward())


def assert_complete(database: Database, count: int) -> None:
    """Fail unless each outcome is in the log once, and each request has the state that follows."""
    succeeded = count // len(EVENTS)
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == count
        found = Counter(connection.execute(select(requests.c.status)).scalars())
        assert found == {"succeeded": succeeded}
        assert {name: number for name, number in status_counts(connection).items() if number} == found


def _body(number: int) -> str:
    status, sequence = EVENTS[number % len(EVENTS)]
    request_id = f"R-{number // len(EVENTS)}"
    return json.dumps(outcome(status, request_id, id=f"{number:032x}", sequence=sequence, submissionId=request_id))
