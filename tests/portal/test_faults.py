"""A full disk, a database that refuses values, a queue that cannot be reached: nothing is lost."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DataError, OperationalError

from express_sync.portal.clock import now_ms
from express_sync.portal.messages import new_submission
from express_sync.portal.receiving import Receiver
from express_sync.portal.sending import Sender
from express_sync.portal.service import Settings, names_of
from express_sync.portal.store import submitting
from express_sync.portal.store.database import Database
from express_sync.portal.store.log import Log, OnAppend, ignore
from express_sync.portal.store.queries import history
from express_sync.portal.store.tables import quarantine
from handler.smq.client import Received, SmqError
from tests.support.portal import GROUP, SOURCE, outcome

REQUEST = {"requestId": "R", **GROUP}


@dataclass
class Queues:
    """Queues in memory that return what was not deleted, and fail as often as they are told."""

    messages: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def receive(self, wait_seconds: int) -> Sequence[Received]:
        return [Received(handle, body, handle, 0) for handle, body in self.messages.items()]

    def delete(self, receipt_handles: Sequence[str]) -> None:
        for handle in receipt_handles:
            self._fail()
            del self.messages[handle]

    def send(self, bodies: Sequence[str]) -> Sequence[str]:
        self._fail()
        self.sent.extend(bodies)
        return ["id"] * len(bodies)

    def _fail(self) -> None:
        if self.faults:
            raise SmqError(self.faults.pop(0), transient=True)


def receiver(queues: Queues, database: Database, on_append: OnAppend = ignore) -> Receiver:
    return Receiver(queues, database, Log(on_append), SOURCE, now_ms, lambda: None)


def limit_pages(database: Database, number: int) -> None:
    """Let the database be full at this size; each connection has a limit of its own."""
    database.engine.dispose()

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={number}")

    event.listen(database.engine, "connect", limit)


def test_full_disk_leaves_the_message_in_the_queue(database: Database) -> None:
    queues = Queues({f"m{n}": json.dumps(outcome("failed", f"R-{n}", id=f"{n:032x}")) for n in range(200)})
    limit_pages(database, 1)  # at most what there is
    with pytest.raises(OperationalError):
        receiver(queues, database).step(0)
    assert len(queues.messages) == 200
    limit_pages(database, 1_000_000)
    assert receiver(queues, database).step(0) == 200
    assert queues.messages == {}
    with database.reading() as connection:
        assert all(history(connection, f"R-{n}", None) for n in range(200))


def test_values_that_the_database_refuses_are_quarantined(database: Database) -> None:
    """The other messages of the batch are appended."""

    def refuse(_connection: Connection, appended: Mapping[str, Any]) -> None:
        if appended["request_id"] == "R-1":
            raise DataError("INSERT", {}, ValueError("refused"))

    queues = Queues({f"m{n}": json.dumps(outcome("failed", f"R-{n}", id=f"{n:032x}")) for n in range(3)})
    assert receiver(queues, database, refuse).step(0) == 3
    assert queues.messages == {}
    with database.reading() as connection:
        assert [bool(history(connection, f"R-{n}", None)) for n in range(3)] == [True, False, True]
        [row] = connection.execute(select(quarantine)).mappings()
    assert json.loads(row["body"])["subject"] == "R-1"


def test_message_that_came_back_in_the_meantime_is_no_error(database: Database) -> None:
    queues = Queues({"m": json.dumps(outcome("failed", "R"))}, faults=["MessageNotExist"])
    own = receiver(queues, database)
    assert [own.step(0), own.step(0)] == [1, 1]
    assert (own.counts.appended, own.counts.repeated) == (1, 1)


def test_stopped_receiver_keeps_nothing(database: Database) -> None:
    queues = Queues({"m": json.dumps(outcome("failed", "R"))})
    own = receiver(queues, database)
    own.stop()
    assert own.step(0) == 0
    assert queues.messages.keys() == {"m"}


def test_accepted_request_is_sent_when_the_queue_is_back(database: Database) -> None:
    now = 1_000_000
    queues = Queues(faults=["ConnectionLost"])
    sender = Sender(queues, database, lambda: now, lambda: None)
    with database.writing() as connection:
        submitting.accept(connection, REQUEST, new_submission(REQUEST, {}, now), now)
    assert (sender.step(), queues.sent, sender.is_failing) == (1, [], True)
    assert sender.step() == 0  # not due yet
    now += 1_000
    assert (sender.step(), len(queues.sent), sender.is_failing) == (1, 1, False)
    with database.reading() as connection:
        found = history(connection, "R", None)
    assert found is not None
    assert [each["sent_at"] for each in found.submissions] == [now]


def test_message_is_sent_again_after_a_kill_under_the_same_id(database: Database) -> None:
    """The sender was killed after sending and before recording it; its lease ends after half a minute."""
    now = 1_000_000

    class Killed(BaseException):
        """The end of the process."""

    class KilledQueues(Queues):
        def send(self, bodies: Sequence[str]) -> Sequence[str]:
            super().send(bodies)
            raise Killed

    with database.writing() as connection:
        submitting.accept(connection, REQUEST, new_submission(REQUEST, {}, now), now)
    killed, queues = KilledQueues(), Queues()
    with pytest.raises(Killed):
        Sender(killed, database, lambda: now, lambda: None).step()
    assert Sender(queues, database, lambda: now + 29_000, lambda: None).step() == 0
    assert Sender(queues, database, lambda: now + 30_000, lambda: None).step() == 1
    assert killed.sent == queues.sent


def test_event_of_another_requester_is_hidden(database: Database) -> None:
    """Somebody sent another body under the same requestId past the portal."""
    own = {**REQUEST, "requester": "alice"}
    event = outcome("failed", "R")
    event["data"]["request"] = {**REQUEST, "requester": "mallory", "description": "private"}
    with database.writing() as connection:
        submitting.accept(connection, own, new_submission(own, {}, 1), 1)
    receiver(Queues({"m": json.dumps(event)}), database).step(0)
    with database.reading() as connection:
        seen, complete = history(connection, "R", "alice"), history(connection, "R", None)
    assert seen is not None
    assert complete is not None
    assert ([each["kind"] for each in seen.events], seen.latest) == (["accepted"], None)
    assert len(complete.events) == 2


@pytest.mark.parametrize(
    ("settings", "hosts", "origins"),
    [
        (Settings("x", host="127.0.0.1"), {"127.0.0.1:80", "localhost:80", "[::1]:80"}, 3),
        (Settings("x", host="0.0.0.0"), set(), 0),
        (Settings("x", host="0.0.0.0", public_url="https://Portal.example/"), {"portal.example"}, 1),
    ],
)
def test_names_follow_from_the_settings(settings: Settings, hosts: set[str], origins: int) -> None:
    names = names_of(settings, 80)
    assert (set(names.hosts), len(names.origins)) == (hosts, origins)
