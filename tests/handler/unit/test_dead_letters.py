"""A request that cannot be requeued becomes a dead letter, so that other deliveries are not processed again."""

import json
from dataclasses import replace
from typing import Any

import pytest

from handler.inbound.request_event import Lineage
from handler.model import MAX_MESSAGE_BYTES, Failed, Refused, Rejected, Succeeded, Verdict, Violation
from handler.outcome import Outcome
from handler.provisioning import errors
from handler.provisioning.deferral import Deferral
from handler.provisioning.retry import Backoff
from handler.settlement import Case, Settlement
from handler.smq.client import SmqError
from tests.support.fakes import RecordingLog
from tests.support.samples import DOCUMENT, PROCESSING, delivery

DONE = Succeeded("sync-new", "created")
UNREACHABLE = SmqError("NotConnected", transient=True)
LAST = Lineage(generation=1, submission_id="M-0")


class Queues:
    """The request queue and the dead letter queue, each of which may refuse."""

    def __init__(self, *, requests: bool = True, dead_letters: bool = True) -> None:
        self._accepting = {"requests": requests, "dead letters": dead_letters}
        self.sent: list[tuple[str, str]] = []
        self.delays: list[int] = []

    def requeue(self, body: str, delay_seconds: int, until: float) -> None:
        self.delays.append(delay_seconds)
        self._send("requests", body)

    def dead_letter(self, body: str, delay_seconds: int, until: float) -> None:
        assert (delay_seconds, until) == (0, 100.0)
        self._send("dead letters", body)

    def _send(self, queue: str, body: str) -> None:
        if not self._accepting[queue]:
            raise UNREACHABLE
        self.sent.append((queue, body))


def refuse(_outcome: Outcome, _until: float) -> None:
    raise SmqError("AccessDenied", transient=False)


def settlement(queues: Queues, *, has_dead_letters: bool = True) -> Settlement:
    return Settlement(
        deferral=Deferral(Backoff(2, 60.0, 3600.0), 302400.0),
        publish=refuse,
        requeue=queues.requeue,
        uniform=lambda _low, high: high,
        source="test",
        dead_letter=queues.dead_letter if has_dead_letters else None,
    )


def settled(
    settling: Settlement, lineage: Lineage = LAST, verdict: Verdict = DONE, **more: Any
) -> tuple[list[Outcome | None], list[str]]:
    log_entries = RecordingLog()
    case = Case([delivery(lineage=lineage, **more)], [log_entries], "REQ-1")
    return settling.settle(case, verdict, PROCESSING, 100.0), log_entries.events


def test_unpublished_deferral_is_requeued_with_its_delay() -> None:
    """Half of the first ceiling, up to a minute, is added to what the API asked for."""
    queues = Queues()
    throttled = replace(errors.reason_of(Refused("Throttling.User", 400)), retry_after_seconds=1000.0)
    settled(settlement(queues), lineage=Lineage(submission_id="M-0"), verdict=Failed(throttled))
    assert queues.delays == [1030]


def test_unpublished_last_generation_becomes_a_dead_letter() -> None:
    queues = Queues()
    [outcome], events = settled(settlement(queues))
    assert outcome is not None
    assert events == ["not_published"]
    [(queue, body)] = queues.sent
    message = json.loads(body)
    assert queue == "dead letters"
    assert (message["data"], message["generation"], message["submissionid"]) == (DOCUMENT, 1, "M-0")
    assert (message["source"], message["id"]) == ("test", outcome.event["id"])


def test_request_becomes_a_dead_letter_if_its_queue_refuses() -> None:
    queues = Queues(requests=False)
    outcomes, events = settled(settlement(queues), replace(LAST, generation=0))
    assert (None not in outcomes, events) == (True, ["not_published"])
    assert [(queue, json.loads(body)["generation"]) for queue, body in queues.sent] == [("dead letters", 0)]


def test_request_with_a_deferral_left_is_requeued() -> None:
    queues = Queues()
    settled(settlement(queues), replace(LAST, generation=0))
    assert [queue for queue, _ in queues.sent] == ["requests"]


@pytest.mark.parametrize("has_dead_letters", [True, False])
def test_delivery_comes_back_if_no_queue_accepts_its_request(has_dead_letters: bool) -> None:
    queues = Queues(requests=False, dead_letters=False)
    outcomes, events = settled(settlement(queues, has_dead_letters=has_dead_letters), replace(LAST, generation=0))
    assert (outcomes, events) == ([None], ["not_settled"])


def test_body_without_its_text_does_not_become_a_dead_letter() -> None:
    violation = Violation("$", "format", "JSON")
    queues = Queues()
    outcomes, _ = settled(settlement(queues), LAST, Rejected((violation,)), document=None, violations=(violation,))
    assert (outcomes, queues.sent) == ([None], [])


@pytest.mark.parametrize("generation", [0, 1])
def test_large_invalid_text_becomes_a_dead_letter_unchanged(generation: int) -> None:
    """In an event, each of its quotation marks would take two characters."""
    violation, text = Violation("$", "json", "JSON"), '"' * 40_000
    queues = Queues()
    lineage = replace(LAST, generation=generation)
    outcomes, events = settled(
        settlement(queues), lineage, Rejected((violation,)), document=None, violations=(violation,), text=text
    )
    assert (None not in outcomes, events) == (True, ["not_published"])
    assert queues.sent == [("dead letters", text)]


def sent_again(text: str, generation: int) -> str:
    """Return the message that an invalid text of this generation becomes: requeued in 0, a dead letter in 1."""
    violation, queues = Violation("$", "json", "JSON"), Queues()
    lineage = replace(LAST, generation=generation)
    settled(settlement(queues), lineage, Rejected((violation,)), document=None, violations=(violation,), text=text)
    [(queue, body)] = queues.sent
    assert queue == ("requests" if generation == 0 else "dead letters")
    return body


@pytest.mark.parametrize("generation", [0, 1])
def test_invalid_text_becomes_an_event_of_the_maximum_length(generation: int) -> None:
    longest = "x" * (MAX_MESSAGE_BYTES - len(sent_again("", generation)))
    assert len(sent_again(longest, generation)) == MAX_MESSAGE_BYTES


def test_invalid_text_too_large_for_an_event_is_sent_unchanged() -> None:
    """It is too large by one character."""
    text = "x" * (MAX_MESSAGE_BYTES - len(sent_again("", 1)) + 1)
    assert sent_again(text, 1) == text


def test_large_invalid_text_comes_back_without_dead_letters() -> None:
    """In a drain, which has no dead letter queue, only this message comes back."""
    violation, text = Violation("$", "json", "JSON"), '"' * 40_000
    queues = Queues()
    outcomes, _ = settled(
        settlement(queues, has_dead_letters=False),
        LAST,
        Rejected((violation,)),
        document=None,
        violations=(violation,),
        text=text,
    )
    assert (outcomes, queues.sent) == ([None], [])
