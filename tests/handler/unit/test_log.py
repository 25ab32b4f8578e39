"""Log lines are single JSON objects in one write each, with the ids of their context, and nothing of the request."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from handler import log
from handler.inbound.request_event import Lineage
from handler.model import Answer, Indeterminate, LookupResult, Refused, Succeeded
from handler.outcome import outcome_of
from handler.provisioning import errors
from handler.provisioning.retry import ApiCall
from tests.support import samples
from tests.support.samples import DOCUMENT, outcome_context

CREATE = "CreateExpressSync"


class Console:
    """A standard output that records each write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.writes: list[str] = []

    def attach(self, level: str) -> None:
        """Configure the log to write here; called in the test itself, because pytest replaces the console before it."""
        self._monkeypatch.setattr(sys, "stdout", self)
        log.configure(level)

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: every write is complete."""

    def lines(self) -> list[dict[str, Any]]:
        """Return every write, each of which must be one line with one JSON object."""
        assert all(text.endswith("\n") and text.count("\n") == 1 for text in self.writes)
        return [json.loads(text) for text in self.writes]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """Return a console to attach; the configuration of the log is restored afterwards."""
    before = structlog.get_config()
    yield Console(monkeypatch)
    structlog.configure(**before)


def delivery_log() -> log.DeliveryLog:
    """Return the log of one delivery."""
    return log.DeliveryLog.of(log.invocation_log("FC-1"), "M-1", "REQ-1")


def only(console: Console) -> dict[str, Any]:
    """Return the only line without its time, which is checked to be UTC."""
    (line,) = console.lines()
    assert line.pop("timestamp").endswith("Z")
    return line


IDS = {"request_id": "FC-1", "message_id": "M-1", "requestId": "REQ-1"}


@pytest.mark.parametrize(
    ("result", "code", "api_request_id"),
    [
        (samples.CREATED, "OK", "API-1"),
        (samples.NO_GROUPS, "OK", ""),
        (Refused("Throttling.User", 400, "API-2"), "Throttling.User", "API-2"),
        (samples.READ_TIMEOUT, "ReadTimeout", ""),
    ],
)
@pytest.mark.parametrize(("wait", "shown"), [(None, None), (0.0, 0.0), (1.23456, 1.235)])
def test_call_is_logged_with_its_code_and_its_wait(
    console: Console,
    result: Answer | LookupResult,
    code: str,
    api_request_id: str,
    wait: float | None,
    shown: float | None,
) -> None:
    """The line also has operation, number and the API's id."""
    console.attach("INFO")
    delivery_log().call(ApiCall(CREATE, 2, result, 0.5, wait))
    assert only(console) == {
        **IDS,
        "level": "info",
        "event": "called",
        "operation": CREATE,
        "attempt": 2,
        "took_ms": 500,
        "wait_seconds": shown,
        "code": code,
        "api_request_id": api_request_id,
    }


@pytest.mark.parametrize(
    ("verdict", "status", "code"),
    [
        (Succeeded("sync-1", "created"), "succeeded", None),
        (Indeterminate(errors.reason_of(samples.READ_TIMEOUT)), "indeterminate", "ReadTimeout"),
    ],
)
def test_published_verdict_is_logged_with_its_event_id(
    console: Console, verdict: Any, status: str, code: str | None
) -> None:
    """The code is there if the verdict has one."""
    console.attach("INFO")
    outcome = outcome_of(verdict, DOCUMENT, outcome_context(lineage=Lineage(submission_id="S-1")))
    delivery_log().published(outcome)
    expected = {"level": "info", "event": "announced", "status": status, "event_id": outcome.event["id"], "code": code}
    assert only(console) == {**IDS, **expected, "submission_id": "S-1"}


@pytest.mark.parametrize(("method", "event"), [("not_settled", "unfinished"), ("not_published", "unpublished")])
def test_unpublished_outcome_is_logged_as_an_error(console: Console, method: str, event: str) -> None:
    """The line has the code of the topic or queue, and says whether the request was requeued."""
    console.attach("ERROR")
    outcome = outcome_of(
        Succeeded("sync-1", "created"), DOCUMENT, outcome_context(lineage=Lineage(submission_id="S-1"))
    )
    getattr(delivery_log(), method)(outcome, "TopicNotExist")
    expected = {"level": "error", "event": event, "status": "succeeded", "event_id": outcome.event["id"]}
    assert only(console) == {**IDS, **expected, "submission_id": "S-1", "code": "TopicNotExist"}


def test_fault_is_logged_by_type_and_place_without_its_text(console: Console) -> None:
    """The text of an exception may quote anything."""

    def inner() -> None:
        raise KeyError("SECRET")

    console.attach("INFO")
    try:
        inner()
    except KeyError as fault:
        delivery_log().crashed(fault)
    line = only(console)
    place = line.pop("place")
    assert line == {**IDS, "level": "error", "event": "handler fault", "code": "KeyError"}
    module, number = place.rsplit(":", 1)
    assert (module, int(number)) == (__name__, inner.__code__.co_firstlineno + 1)


def test_fault_that_was_not_raised_is_logged_without_a_place(console: Console) -> None:
    console.attach("INFO")
    delivery_log().crashed(ValueError("SECRET"))
    line = only(console)
    assert (line["code"], line["place"]) == ("ValueError", None)


@pytest.mark.parametrize(
    ("level", "written_levels"),
    [("DEBUG", ["info", "error"]), ("WARNING", ["error"]), ("ERROR", ["error"])],
)
def test_lines_below_the_level_are_not_written(console: Console, level: str, written_levels: list[str]) -> None:
    console.attach(level)
    each = delivery_log()
    each.call(ApiCall(CREATE, 1, samples.CREATED, 0.5, None))
    each.crashed(ValueError())
    assert [line["level"] for line in console.lines()] == written_levels


def test_each_line_is_one_write(console: Console) -> None:
    """Lines of several threads cannot be mixed, and no id can break a line."""
    console.attach("INFO")
    for message_id in ("组", 'quote" and \\', "\u2028", "x" * 128):
        log.DeliveryLog.of(log.invocation_log("FC-1"), message_id, None).crashed(ValueError())
    assert [line["message_id"] for line in console.lines()] == ["组", 'quote" and \\', "\u2028", "x" * 128]
    assert {line["requestId"] for line in console.lines()} == {None}


def test_request_is_never_logged(console: Console) -> None:
    """Every field of the request has a marker, which does not appear."""
    console.attach("DEBUG")
    secret = {name: f"SECRET-{name}" for name in DOCUMENT}
    outcome = outcome_of(Indeterminate(errors.reason_of(samples.READ_TIMEOUT)), secret, outcome_context())
    each = delivery_log()
    each.published(outcome)
    each.not_settled(outcome, "TopicNotExist")
    each.not_published(outcome, "TopicNotExist")
    each.call(ApiCall(CREATE, 1, Refused("RoleNotExist", 404, "API-1"), 0.5, None))
    assert len(console.writes) == 4
    assert "SECRET" not in "".join(console.writes)


def test_lines_carry_the_trace_context_of_the_request(console: Console) -> None:
    """A request without one has no such field."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    console.attach("INFO")
    traced = log.DeliveryLog.of(log.invocation_log("FC-1"), "M-1", "REQ-1", trace)
    traced.call(ApiCall(CREATE, 1, samples.CREATED, 0.5, None))
    assert only(console)["traceparent"] == trace
