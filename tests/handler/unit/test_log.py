"""Log lines: one JSON object in one write each, with the ids that tie it down, and nothing of the request."""

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
from handler.provisioning.retry import Attempt
from tests.handler.unit import fakes
from tests.handler.unit.fakes import DOCUMENT, circumstances

CREATE = "CreateExpressSync"


class Console:
    """A standard output that remembers each write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.writes: list[str] = []

    def attach(self, level: str) -> None:
        """Configure the log to write here. In the test itself, since pytest puts its own console in place before."""
        self._monkeypatch.setattr(sys, "stdout", self)
        log.configure(level)

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def lines(self) -> list[dict[str, Any]]:
        """Every write, which must be one line with one JSON object."""
        assert all(text.endswith("\n") and text.count("\n") == 1 for text in self.writes)
        return [json.loads(text) for text in self.writes]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """A console to attach; the configuration of the log is put back afterwards."""
    before = structlog.get_config()
    yield Console(monkeypatch)
    structlog.configure(**before)


def journal() -> log.DeliveryLog:
    """The journal of one delivery."""
    return log.DeliveryLog.of(log.invocation_log("FC-1"), "M-1", "REQ-1")


def only(console: Console) -> dict[str, Any]:
    """The only line, without its time, which is UTC."""
    (line,) = console.lines()
    assert line.pop("timestamp").endswith("Z")
    return line


IDS = {"request_id": "FC-1", "message_id": "M-1", "requestId": "REQ-1"}


@pytest.mark.parametrize(
    ("result", "code", "api_request_id"),
    [
        (fakes.CREATED, "OK", "API-1"),
        (fakes.NO_GROUPS, "OK", ""),
        (Refused("Throttling.User", 400, "API-2"), "Throttling.User", "API-2"),
        (fakes.READ_TIMEOUT, "ReadTimeout", ""),
    ],
)
@pytest.mark.parametrize(("wait", "shown"), [(None, None), (0.0, 0.0), (1.23456, 1.235)])
def test_a_call_is_told_with_its_code_and_what_follows(
    console: Console,
    result: Answer | LookupResult,
    code: str,
    api_request_id: str,
    wait: float | None,
    shown: float | None,
) -> None:
    """Operation, number, code, the API's id and the wait in seconds."""
    console.attach("INFO")
    journal().call(Attempt(CREATE, 2, result, 0.5, wait))
    assert only(console) == {
        **IDS,
        "level": "info",
        "event": "called",
        "operation": CREATE,
        "attempt": 2,
        "wait_seconds": shown,
        "code": code,
        "api_request_id": api_request_id,
    }


@pytest.mark.parametrize(
    ("verdict", "status", "code"),
    [
        (Succeeded("sync-1", "created"), "succeeded", None),
        (Indeterminate(errors.reason_of(fakes.READ_TIMEOUT)), "indeterminate", "ReadTimeout"),
    ],
)
def test_a_verdict_is_told_with_its_event(console: Console, verdict: Any, status: str, code: str | None) -> None:
    """Status, event id, and the code where there is one."""
    console.attach("INFO")
    outcome = outcome_of(verdict, DOCUMENT, circumstances(lineage=Lineage(submission_id="S-1")))
    journal().published(outcome)
    expected = {"level": "info", "event": "announced", "status": status, "event_id": outcome.event["id"], "code": code}
    assert only(console) == {**IDS, **expected, "submission_id": "S-1"}


@pytest.mark.parametrize(("method", "event"), [("not_settled", "unfinished"), ("not_published", "unpublished")])
def test_an_outcome_that_was_not_published_is_an_error(console: Console, method: str, event: str) -> None:
    """The line has the code of the topic or queue that refused, and says whether the request is back in its queue."""
    console.attach("ERROR")
    outcome = outcome_of(Succeeded("sync-1", "created"), DOCUMENT, circumstances(lineage=Lineage(submission_id="S-1")))
    getattr(journal(), method)(outcome, "TopicNotExist")
    expected = {"level": "error", "event": event, "status": "succeeded", "event_id": outcome.event["id"]}
    assert only(console) == {**IDS, **expected, "submission_id": "S-1", "code": "TopicNotExist"}


def test_a_fault_is_told_by_kind_and_place_never_by_its_text(console: Console) -> None:
    """An exception's text may quote anything; the innermost place is where to look."""

    def inner() -> None:
        raise KeyError("SECRET")

    console.attach("INFO")
    try:
        inner()
    except KeyError as fault:
        journal().crashed(fault)
    line = only(console)
    place = line.pop("place")
    assert line == {**IDS, "level": "error", "event": "handler fault", "code": "KeyError"}
    module, number = place.rsplit(":", 1)
    assert (module, int(number)) == (__name__, inner.__code__.co_firstlineno + 1)


def test_a_fault_without_a_place_is_still_told(console: Console) -> None:
    """One that was never raised."""
    console.attach("INFO")
    journal().crashed(ValueError("SECRET"))
    line = only(console)
    assert (line["code"], line["place"]) == ("ValueError", None)


@pytest.mark.parametrize(
    ("level", "told"),
    [("DEBUG", ["info", "error"]), ("WARNING", ["error"]), ("ERROR", ["error"])],
)
def test_only_lines_of_the_level_and_above_are_written(console: Console, level: str, told: list[str]) -> None:
    """The level is a setting."""
    console.attach(level)
    each = journal()
    each.call(Attempt(CREATE, 1, fakes.CREATED, 0.5, None))
    each.crashed(ValueError())
    assert [line["level"] for line in console.lines()] == told


def test_each_line_is_one_write_however_awkward_its_ids_are(console: Console) -> None:
    """Lines of several threads cannot be spliced, and nothing breaks out of a line."""
    console.attach("INFO")
    for message_id in ("组", 'quote" and \\', "\u2028", "x" * 128):
        log.DeliveryLog.of(log.invocation_log("FC-1"), message_id, None).crashed(ValueError())
    assert [line["message_id"] for line in console.lines()] == ["组", 'quote" and \\', "\u2028", "x" * 128]
    assert {line["requestId"] for line in console.lines()} == {None}


def test_nothing_of_the_request_is_ever_written(console: Console) -> None:
    """A marker in every field of the request shows up nowhere."""
    console.attach("DEBUG")
    secret = {name: f"SECRET-{name}" for name in DOCUMENT}
    outcome = outcome_of(Indeterminate(errors.reason_of(fakes.READ_TIMEOUT)), secret, circumstances())
    each = journal()
    each.published(outcome)
    each.not_settled(outcome, "TopicNotExist")
    each.not_published(outcome, "TopicNotExist")
    each.call(Attempt(CREATE, 1, Refused("RoleNotExist", 404, "API-1"), 0.5, None))
    assert len(console.writes) == 4
    assert "SECRET" not in "".join(console.writes)
