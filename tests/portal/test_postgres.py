"""The portal on PostgreSQL: two replicas at once, a restart in the middle, and values that it refuses."""

import json
import threading
from collections.abc import Iterator

import pytest
import urllib3
from sqlalchemy import text

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.ops.queues.client import PORTAL_QUEUE, queue
from express_sync.portal.clock import now_ms
from express_sync.portal.outcomes import Arrival, classify
from express_sync.portal.receiving import Receiver
from express_sync.portal.store.database import Database
from express_sync.portal.store.log import Log
from express_sync.portal.store.projection import request_row
from handler.credentials import Credentials
from tests.support.patience import wait_for
from tests.support.portal import ALICE, GROUP, SOURCE, migrated, outcome, running_portal
from tests.support.portal_outcomes import QUEUE, assert_complete, fill_queue, hidden_messages_return
from tests.support.postgres import Postgres

pytestmark = pytest.mark.long

EVENTS = 1000


@pytest.fixture
def url(postgres: Postgres) -> str:
    """Create a database for one test, and return its URL."""
    return postgres.new_database()


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with background(CloudOptions(with_function=False)) as running:
        yield running


def replica(cloud: RunningCloud, url: str) -> tuple[Receiver, Database]:
    """Return a receiver with connections of its own to a database that it has migrated."""
    ready = cloud.ready
    database = migrated(url)
    key = Credentials(ready["accessKeyId"], ready["accessKeySecret"])
    mailbox = queue(ready, PORTAL_QUEUE, key)
    return Receiver(mailbox, database, Log(), SOURCE, now_ms, lambda: None), database


def test_replicas_survive_a_restart_of_the_database(postgres: Postgres, url: str, cloud: RunningCloud) -> None:
    """Both start at once, and the database goes away while they append."""
    replicas: list[tuple[Receiver, Database]] = []
    starts = [threading.Thread(target=lambda: replicas.append(replica(cloud, url))) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    fill_queue(cloud, EVENTS)
    receivers = [receiver for receiver, _ in replicas]
    for receiver in receivers:
        threading.Thread(target=receiver.run, daemon=True).start()
    wait_for(lambda: all(receiver.counts.appended > EVENTS // 10 for receiver in receivers))
    postgres.stop()
    wait_for(lambda: all(receiver.counts.errors for receiver in receivers))
    before = _appended(receivers)
    postgres.start()
    wait_for(lambda: _appended(receivers) > before)
    for receiver in receivers:
        receiver.stop()
    _take_the_rest(cloud, url)
    for _, database in replicas:
        assert_complete(database, EVENTS)
        database.close()


def _appended(receivers: list[Receiver]) -> int:
    return sum(receiver.counts.appended for receiver in receivers)


def _take_the_rest(cloud: RunningCloud, url: str) -> None:
    """Take what was received and not deleted; a receiver that was stopped may receive once more."""
    receiver, database = replica(cloud, url)
    address = f"{cloud.ready['mns']['endpoint']}/_local/queues/{QUEUE}"
    while urllib3.request("GET", address).json()["messages"]:
        hidden_messages_return(cloud)
        while receiver.step(0):
            pass
    database.close()


def test_requests_are_served_by_two_replicas(url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running_portal(tmp_path_factory.mktemp("a"), database=url) as first,
        running_portal(tmp_path_factory.mktemp("b"), database=url) as second,
    ):
        for number in range(20):
            portal = (first, second)[number % 2]
            request = {"requestId": f"R-{number}", **GROUP}
            assert portal.call("POST", "/v1/requests", request, ALICE).status == 202
        page = first.call("GET", "/v1/requests?limit=15").json
        rest = second.call("GET", f"/v1/requests?limit=15&cursor={page['nextCursor']}").json
        wait_for(lambda: len(first.queues.sent) + len(second.queues.sent) == 20)
        sent = [each["data"]["requestId"] for each in (*first.queues.sent, *second.queues.sent)]
    assert (len(page["requests"]), len(rest["requests"])) == (15, 5)
    assert len(set(sent)) == len(sent) == 20


def test_lost_database_is_a_problem_that_tells_to_try_again(
    postgres: Postgres, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_portal(tmp_path_factory.mktemp("lost"), database=url) as portal:
        assert portal.call("GET", "/readyz").status == 200
        postgres.stop()
        calls = (("GET", "/v1/requests", None), ("POST", "/v1/requests", {"requestId": "R", **GROUP}))
        answers = [portal.call(method, path, body, ALICE) for method, path, body in calls]
        assert [(each.status, each.headers["Retry-After"]) for each in answers] == [(503, "5")] * 2
        ready = portal.call("GET", "/readyz")
        assert (ready.status, ready.json["database"]) == (503, "failing")
        assert portal.call("GET", "/healthz").status == 200
        postgres.start()
        wait_for(lambda: portal.call("GET", "/readyz").status == 200)
        assert portal.call("POST", "/v1/requests", {"requestId": "R", **GROUP}, ALICE).status == 202


def test_odd_values_are_no_error_of_the_server(url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_portal(tmp_path_factory.mktemp("odd"), database=url) as portal:
        assert portal.call("GET", "/v1/requests?q=%00&code=%00").status == 200
        assert portal.call("GET", "/v1/requests/%00").status == 404
        wish = {"filter": {"requestIds": ["\x00"], "code": "\x00"}, "upTo": 2**53 - 1}
        assert portal.call("POST", "/v1/replays", wish).status == 202
        longest = {"requestId": "😀" * 128, **GROUP, "requester": "😀" * 128}
        assert portal.call("POST", "/v1/requests", longest).status == 202
        assert len(portal.call("GET", "/v1/requests?q=😀").json["requests"]) == 1


def test_repeated_event_changes_nothing(url: str, cloud: RunningCloud) -> None:
    """What takes part in appending, such as webhooks, sees an event once."""
    noticed: list[object] = []
    _, database = replica(cloud, url)
    found = classify("message", json.dumps(outcome("failed", "R")), SOURCE)
    assert isinstance(found, Arrival)
    with database.writing() as connection:
        log = Log(lambda _connection, event: noticed.append(event))
        assert [log.append(connection, [found] * 3, at_ms) for at_ms in (1, 2)] == [1, 0]
        row = request_row(connection, "R")
    database.close()
    assert row is not None
    assert (len(noticed), row["updated_at"]) == (1, 1)


def test_search_uses_an_index(url: str, cloud: RunningCloud) -> None:
    """The database would read the whole table for a pattern, or for a comparison by the rules of a language."""
    _, database = replica(cloud, url)
    query = "EXPLAIN SELECT * FROM requests WHERE id_key >= 'a' AND id_key < 'b' ORDER BY id_key, request_id LIMIT 5"
    with database.reading() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = " ".join(connection.execute(text(query)).scalars())
    database.close()
    assert "Index Scan using ix_requests_id_key_request_id" in plan
    assert "Sort" not in plan
