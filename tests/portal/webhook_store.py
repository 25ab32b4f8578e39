"""A portal's database for the tests of webhooks: with outcomes in it, and dispatchers that the test moves by hand."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from express_sync.portal.outcomes import Arrival, classify
from express_sync.portal.store.log import Log
from express_sync.portal.webhooks import outbox
from express_sync.portal.webhooks.dispatcher import Dispatcher
from express_sync.portal.webhooks.endpoint import Endpoint
from express_sync.portal.webhooks.http import Poster
from tests.support.portal import event_id, migrated, outcome

NOW_MS = 1_800_000_000_000


@dataclass
class Clock:
    """Milliseconds that pass only by `advance`."""

    now: int = NOW_MS

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1000)


def middle(low: float, high: float) -> float:
    """Return what stands for chance."""
    return (low + high) / 2


@dataclass
class Store:
    """A database with its clock; `attempt_seconds` is the time of one attempt."""

    url: str
    clock: Clock = field(default_factory=Clock)
    attempt_seconds: float = 10.0

    def __post_init__(self) -> None:
        self.database = migrated(self.url)

    def append(self, endpoints: Sequence[Endpoint], *events: dict[str, Any]) -> None:
        """Append outcomes as the receiver does."""
        read = [classify("message", json.dumps(event), "") for event in events]
        arrivals = [each for each in read if isinstance(each, Arrival)]
        assert arrivals == read
        with self.database.writing() as connection:
            Log(outbox.Enqueue(endpoints)).append(connection, arrivals, self.clock())

    def dispatcher(self, endpoint: Endpoint) -> Dispatcher:
        """Return a dispatcher with half of the jitter."""
        return Dispatcher(endpoint, self.database, Poster(seconds=self.attempt_seconds), self.clock, middle)

    def send(self, endpoint: Endpoint) -> int:
        """Send the deliveries that are due, and return the number of attempts."""
        dispatcher, sent = self.dispatcher(endpoint), 0
        with ThreadPoolExecutor(8) as pool:
            while count := dispatcher.step(pool):
                sent += count
        return sent

    def rows(self) -> Sequence[Any]:
        """Return the deliveries that are in the database."""
        with self.database.reading() as connection:
            return outbox.listed(connection)

    def due_in_seconds(self) -> list[float]:
        """Return when each delivery is due, from now."""
        return [(row["due_at"] - self.clock()) / 1000 for row in self.rows()]


def failed(request_id: str, **more: Any) -> dict[str, Any]:
    """Return a failed outcome of a request, with an id of its own."""
    return outcome("failed", request_id, id=event_id(request_id), **more)
