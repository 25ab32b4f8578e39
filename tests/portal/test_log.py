"""The log of outcomes: repetitions and disorder change nothing, and nothing is lost."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from express_sync.portal.outcomes import Arrival, Quarantined, classify
from express_sync.portal.store.database import Database, database_url
from express_sync.portal.store.log import Log
from express_sync.portal.store.migrating import migrate
from express_sync.portal.store.quarantining import MAX_MALFORMED, keep
from express_sync.portal.store.queries import history, status_counts
from express_sync.portal.store.tables import events, quarantine, requests
from tests.support.portal import SOURCE, outcome


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(database_url(f"sqlite:///{tmp_path}/portal.sqlite3"))
    migrate(opened)
    yield opened
    opened.close()


def arrival(status: str, request_id: str, submission: str, sequence: str, event_id: str = "a") -> Arrival:
    """Return an outcome with a started time by its sequence."""
    identity = f"{abs(hash((request_id, submission, event_id))) % 16**32:032x}"
    event = outcome(status, request_id, submissionId=submission, sequence=sequence, id=identity)
    event["data"]["timings"] = {**event["data"]["timings"], "startedAt": f"2026-11-23T08:0{submission[-1]}:00.000Z"}
    found = classify("message", json.dumps(event), SOURCE)
    assert isinstance(found, Arrival)
    return found


# The events of a request and the status that follows from all of them; `(status, submission, sequence, event id)`.
STORIES = {
    "succeeded": [
        ("deferred", "s1", "0000-0", "d0"),
        ("deferred", "s1", "0001-0", "d1"),
        ("failed", "s1", "0001-1", "f"),
        ("succeeded", "s1", "9999-3", "s"),
        ("failed", "s2", "0000-1", "g"),
    ],
    "indeterminate": [
        ("failed", "s1", "0000-1", "f"),
        ("failed", "s1", "0001-1", "f"),  # the same id in a later generation
        ("indeterminate", "s1", "9998-2", "i"),
        ("deferred", "s2", "0000-0", "d"),
    ],
    "deferred": [("failed", "s1", "0000-1", "f"), ("deferred", "s1", "0001-0", "d"), ("rejected", "s1", "0000-1", "r")],
    "failed": [("failed", "s2", "0000-1", "f"), ("rejected", "s1", "0000-1", "r"), ("deferred", "s2", "0000-0", "d")],
}


@pytest.mark.parametrize("status", STORIES)
def test_status_does_not_depend_on_the_order_of_arrival(database: Database, status: str) -> None:
    """Each event arrives up to three times, alone or in a batch."""
    random, log = Random(1), Log()
    ids = [f"R-{number}" for number in range(25)]
    with database.writing() as connection:
        for request_id in ids:
            story = [arrival(each, request_id, *rest) for each, *rest in STORIES[status]]
            received = [each for each in story for _ in range(random.randint(1, 3))]
            random.shuffle(received)
            while received:
                size = random.randint(1, 3)
                log.append(connection, received[:size], 1)
                received = received[size:]
    with database.reading() as connection:
        assert dict(connection.execute(select(requests.c.status, func.count()).group_by(requests.c.status)).all()) == {
            status: len(ids)
        }
        assert {name: count for name, count in status_counts(connection).items() if count} == {status: len(ids)}
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == len(ids) * len(
            STORIES[status]
        )


def test_thousand_copies_of_an_event_are_one_entry(database: Database) -> None:
    noticed: list[Mapping[str, Any]] = []
    log = Log(lambda _connection, event: noticed.append(event))
    copies = [arrival("failed", "R", "s1", "0000-1")] * 1000
    with database.writing() as connection:
        assert log.append(connection, copies, 1) == 1
        found = history(connection, "R", None)
    assert found is not None
    assert (len(found.events), len(noticed), noticed[0]["status"]) == (1, 1, "failed")


def test_failure_completes_a_request_known_by_its_success(database: Database) -> None:
    with database.writing() as connection:
        Log().append(connection, [arrival("succeeded", "R", "s1", "9999-3")], 1)
        found = history(connection, "R", None)
        assert found is not None
        assert found.row["name"] is None
        Log().append(connection, [arrival("failed", "R", "s2", "0000-1", "f")], 2)
        found = history(connection, "R", None)
    assert found is not None
    assert (found.row["status"], found.row["name"]) == ("succeeded", "lab-notebooks")


def test_failing_participant_keeps_the_event_out_of_the_log(database: Database) -> None:
    """What takes part in the transaction is stored with the event or not at all."""

    def fail(_connection: object, _event: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError), database.writing() as connection:
        Log(fail).append(connection, [arrival("failed", "R", "s1", "0000-1")], 1)
    with database.reading() as connection:
        assert history(connection, "R", None) is None


BAD_BODIES = {
    "not JSON": "garbage",
    "markup": "<script>alert(1)</script>",
    "deep": "[" * 30_000,
    "NUL": "\x00",
    "half a surrogate pair": "\ud800",
    "other source": json.dumps(outcome("failed", "R", source="acs:fc:other")),
    "long subject": json.dumps(outcome("failed", "R" * 200)),
    "NUL in the subject": json.dumps(outcome("failed", "R\x00")),
    "surrogate in the subject": json.dumps(outcome("failed", "R\ud800")),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
def test_unusable_message_is_quarantined(database: Database, kind: str) -> None:
    found = classify("message", BAD_BODIES[kind], SOURCE)
    assert isinstance(found, Quarantined)
    with database.writing() as connection:
        keep(connection, [found, found], 1)
        [row] = connection.execute(select(quarantine)).mappings()
    assert (row["reason"], row["copies"]) == ("foreign" if kind == "other source" else "malformed", 2)


def test_quarantine_of_malformed_messages_is_bounded(database: Database) -> None:
    """Outcomes of another source are kept."""
    malformed = [Quarantined("malformed", "m", str(number)) for number in range(MAX_MALFORMED + 20)]
    foreign = [Quarantined("foreign", "m", str(number)) for number in range(5)]
    with database.writing() as connection:
        for at_ms, message in enumerate([*foreign, *malformed]):
            keep(connection, [message], at_ms)
        reasons = Counter(connection.execute(select(quarantine.c.reason)).scalars())
    assert reasons == {"malformed": MAX_MALFORMED, "foreign": 5}


def test_odd_values_of_an_outcome_are_stored(database: Database) -> None:
    """The request of a failure is a stranger's; an outcome about it is nevertheless an outcome."""
    event = outcome("failed", "R")
    event["data"]["request"] = {"requestId": "R", "name": "\x00\ud800" * 100, "requester": ["x"], "more": [[]]}
    found = classify("message", json.dumps(event), SOURCE)
    assert isinstance(found, Arrival)
    with database.writing() as connection:
        Log().append(connection, [found], 1)
        row = history(connection, "R", None)
    assert row is not None
    assert row.row["status"] == "failed"
