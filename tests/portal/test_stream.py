"""Live events: server-sent events that continue after the last one that was received."""

import asyncio
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import OperationalError
from starlette.datastructures import Headers

from express_sync.portal import tail as portal_tail
from express_sync.portal.api.prefer import wait_seconds
from express_sync.portal.identity.refusals import NO_KEYS
from express_sync.portal.notification import wait
from express_sync.portal.principal import Identity
from express_sync.portal.store.queries import events_after
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.portal import ALICE, BOB, GROUP, OPERATOR, RunningPortal, outcome, running_portal


@contextmanager
def stream(portal: RunningPortal, token: str = OPERATOR, last: str = "") -> Iterator[Iterator[dict[str, Any]]]:
    """Follow the events; give those that come after the stream was opened."""
    headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
    answer = urllib3.request(
        "GET", f"{portal.url}/v1/events", headers=headers, preload_content=False, timeout=PATIENCE_SECONDS
    )
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    found = events(answer)
    try:
        next(found)  # the comment that says that it is connected
        yield found
    finally:
        answer.close()


def events(answer: Any) -> Iterator[dict[str, Any]]:
    """Yield each event by its fields; the first is the comment at the beginning."""
    fields: dict[str, Any] = {}
    for line in answer:
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        if name:
            fields[name] = json.loads(value) if name == "data" else value
        elif fields:
            yield fields
            fields = {}


def submit(portal: RunningPortal, request_id: str, token: str = ALICE) -> None:
    assert portal.call("POST", "/v1/requests", {"requestId": request_id, **GROUP}, token).status == 202


def test_stream_shows_submission_and_outcome(portal: RunningPortal) -> None:
    with stream(portal) as found:
        submit(portal, "S-1")
        first = next(found)
        portal.queues.put(json.dumps(outcome("failed", "S-1", submissionId=first["data"]["submissionId"])))
        second = next(found)
    assert [each["event"] for each in (first, second)] == ["accepted", "outcome"]
    assert second["data"]["request"] == {
        "status": "failed",
        "terminal": True,
        "name": "design",
        "links": {"self": "/v1/requests/S-1"},
    }
    assert int(second["id"]) > int(first["id"])


def test_stream_continues_after_the_last_event(portal: RunningPortal) -> None:
    with stream(portal) as found:
        submit(portal, "S-2")
        last = next(found)["id"]
    ids = [f"S-2-{number}" for number in range(210)]  # more than one page
    for request_id in ids:
        submit(portal, request_id)
    with stream(portal, last=last) as found:
        received = [next(found)["data"]["requestId"] for _ in ids]
    assert received == ids


def test_stream_begins_where_the_log_ends(tmp_path: Path) -> None:
    """Also where it is not the first one: what came between two streams is not shown by the second."""
    with running_portal(tmp_path) as portal:
        for number in range(3):
            submit(portal, f"before-{number}")
            with stream(portal) as first, stream(portal) as second:
                submit(portal, f"during-{number}")
                assert [next(found)["data"]["requestId"] for found in (first, second)] == [f"during-{number}"] * 2


def test_second_stream_begins_where_the_log_ends(tmp_path: Path) -> None:
    """Events that another replica has written may not have been read yet for the first stream."""
    with running_portal(tmp_path) as portal, running_portal(tmp_path) as replica, stream(portal):
        submit(replica, "before")
        with stream(portal) as second:
            submit(portal, "after")
            assert next(second)["data"]["requestId"] == "after"


@pytest.mark.parametrize("is_read_before", [True, False])
def test_stream_gives_each_event_once_while_others_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_read_before: bool
) -> None:
    """Each event that arrives while a stream reads the past is sent once."""
    monkeypatch.setattr(portal_tail, "_KEPT", 2)
    with running_portal(tmp_path) as portal:
        submit(portal, "past")
        arriving = iter([f"arriving-{number}" for number in range(5)])
        with stream(portal) as other:

            def read(connection: Connection, position: int, *arguments: Any) -> Sequence[RowMapping]:
                rows = events_after(connection, position, *arguments) if is_read_before else ()
                if position == 0:
                    for request_id in arriving:
                        submit(portal, request_id)
                        assert next(other)["data"]["requestId"] == request_id
                return rows or events_after(connection, position, *arguments)

            monkeypatch.setattr(portal_tail, "events_after", read)
            with stream(portal, last="0") as found:
                received = [next(found)["data"]["requestId"]]
                submit(portal, "last")
                while received[-1] != "last":
                    received.append(next(found)["data"]["requestId"])
    assert received == ["past", *(f"arriving-{number}" for number in range(5)), "last"]


def test_wait_that_is_cancelled_when_its_event_is_set_ends() -> None:
    """Otherwise the reader of the log outlives its followers, and the next ones get each event twice."""

    async def is_cancelled_after(turns: int) -> bool:
        event = asyncio.Event()
        waiting = asyncio.create_task(wait(event, PATIENCE_SECONDS))
        await asyncio.sleep(0)
        event.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        is_running = waiting.cancel()
        await asyncio.wait({waiting})
        return waiting.cancelled() or not is_running

    assert all(asyncio.run(is_cancelled_after(turns)) for turns in range(5))


def test_requester_streams_own_events_only(portal: RunningPortal) -> None:
    with stream(portal, BOB) as found:
        submit(portal, "S-3-alice", ALICE)
        submit(portal, "S-3-bob", BOB)
        assert next(found)["data"]["requestId"] == "S-3-bob"


@pytest.mark.parametrize("last", ["x", "-1", "+1", "1" * 19, "1 2", "1.0", "0x1", "1,2", "\xb2"])
def test_made_up_event_id_is_refused(portal: RunningPortal, last: str) -> None:
    status = portal.call("GET", "/v1/events", headers={"Last-Event-ID": last}).status
    assert status == 400


def test_head_of_the_stream_is_answered_at_once(portal: RunningPortal) -> None:
    """An answer without a body would otherwise be awaited until the client times out."""
    with socket.create_connection(("127.0.0.1", urlsplit(portal.url).port or 0)) as connection:
        own = f"Host: {urlsplit(portal.url).netloc}\r\nAuthorization: Bearer {ALICE}\r\nConnection: close\r\n\r\n"
        connection.settimeout(PATIENCE_SECONDS)
        connection.sendall(f"HEAD /v1/events HTTP/1.1\r\n{own}".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"text/event-stream" in answer


@pytest.mark.parametrize("identity", [None, Identity("alice", "operator"), Identity("bob", "requester")])
def test_stream_ends_with_the_token_of_its_caller(
    portal: RunningPortal, monkeypatch: pytest.MonkeyPatch, identity: Identity | None
) -> None:
    """It was revoked, has expired, or means somebody else by now: nothing is sent to its former owner."""
    monkeypatch.setattr("express_sync.portal.api.stream.REAUTHENTICATION_SECONDS", 0)
    with stream(portal, ALICE) as found:
        submit(portal, f"S-before-{identity}")
        assert next(found)["data"]["requestId"] == f"S-before-{identity}"
        known = {} if identity is None else {ALICE: identity}
        monkeypatch.setattr("tests.support.portal._IDENTITIES", {OPERATOR: Identity("olivia", "operator"), **known})
        assert (
            portal.call(
                "POST", "/v1/requests", {"requestId": f"S-after-{identity}", "requester": "alice", **GROUP}
            ).status
            == 202
        )
        assert list(found) == []


def test_stream_outlives_an_outage_of_the_identity_provider(
    portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("express_sync.portal.api.stream.REAUTHENTICATION_SECONDS", 0)
    with stream(portal, ALICE) as found:
        monkeypatch.setattr(
            "tests.support.portal._IDENTITIES", {OPERATOR: Identity("olivia", "operator"), ALICE: NO_KEYS}
        )
        request = {"requestId": "S-outage", "requester": "alice", **GROUP}
        assert portal.call("POST", "/v1/requests", request).status == 202
        assert next(found)["data"]["requestId"] == "S-outage"


def test_stream_ends_quietly_when_the_database_is_lost(
    portal: RunningPortal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its client connects again, and goes on after the last event; the log has no traceback."""

    def lost(*_arguments: object) -> object:
        raise OperationalError("SELECT", {}, ValueError("private"))

    submit(portal, "S-lost")
    with monkeypatch.context() as patched:
        patched.setattr("express_sync.portal.tail.events_after", lost)
        with stream(portal, last="0") as found:
            assert list(found) == []
    assert "A stream ends" in caplog.text
    assert not [each for each in caplog.records if each.exc_info or "private" in each.getMessage()]
    with stream(portal, last="0") as found:
        assert next(found)["id"] == "1"


def test_service_stops_while_streams_are_open(tmp_path: Path) -> None:
    with running_portal(tmp_path) as portal:
        answers = [
            urllib3.request(
                "GET", f"{portal.url}/v1/events", headers={"Authorization": f"Bearer {ALICE}"}, preload_content=False
            )
            for _ in range(3)
        ]
    for answer in answers:
        assert answer.status == 200
        answer.close()


def test_waiting_request_answers_when_its_status_is_terminal(portal: RunningPortal) -> None:
    submit(portal, "S-4")
    [event] = portal.queues.sent_for("S-4")
    portal.queues.put(json.dumps(outcome("rejected", "S-4", submissionId=event["submissionid"])))
    answer = portal.call("GET", "/v1/requests/S-4", headers={"Prefer": "respond-async, wait=25"})
    assert (answer.json["status"], answer.json["terminal"]) == ("rejected", True)


@pytest.mark.parametrize(
    ("preference", "status"),
    [
        ("wait=1", 200),
        ("Wait=1", 200),
        ("respond-async, WAIT = 0", 200),
        ('wait="1"', 200),
        ("wait", 200),
        ("wait=99999999", 200),
        ("await=1", 202),
        ("wait-for=1", 202),
        ("nowait", 202),
        ("", 202),
    ],
)
def test_finished_request_is_answered_as_preferred(portal: RunningPortal, preference: str, status: int) -> None:
    submit(portal, "S-6")
    portal.queues.put(json.dumps(outcome("succeeded", "S-6")))
    wait_for(lambda: _with_status(portal, "S-6", "succeeded"))
    again = portal.call("POST", "/v1/requests", {"requestId": "S-6", **GROUP}, ALICE, {"Prefer": preference})
    assert again.status == status


def test_preference_in_a_second_header_is_found() -> None:
    """A list may be sent as several headers (RFC 9110 5.3)."""
    assert wait_seconds(Headers(raw=[(b"prefer", b"respond-async"), (b"prefer", b"wait=7")])) == 7


def test_deferred_request_names_its_next_attempt(portal: RunningPortal) -> None:
    submit(portal, "S-5")
    [event] = portal.queues.sent_for("S-5")
    at = "2999-01-01T00:00:00.000Z"
    portal.queues.put(json.dumps(outcome("deferred", "S-5", submissionId=event["submissionid"], nextAttemptAt=at)))
    found = wait_for(lambda: _with_status(portal, "S-5", "deferred"))
    assert (found.json["nextAttemptAt"], found.headers["Retry-After"]) == (at, "300")
    operation = portal.call("GET", "/v1/requests/S-5/last_operation")
    assert (operation.json["state"], operation.headers["Retry-After"]) == ("in progress", "300")


def _with_status(portal: RunningPortal, request_id: str, status: str) -> Any:
    found = portal.call("GET", f"/v1/requests/{request_id}")
    return found if found.json["status"] == status else None


def test_stream_after_an_id_of_another_database_goes_on(portal: RunningPortal) -> None:
    """A browser may remember an id of a portal whose database was deleted since."""
    with stream(portal, last="999999999") as found:
        submit(portal, "S-after-other")
        assert next(found)["data"]["requestId"] == "S-after-other"
