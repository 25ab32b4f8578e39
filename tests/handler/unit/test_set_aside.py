"""A request that cannot go back to its queue is set aside, so that its neighbours are not processed again."""

import json
from dataclasses import replace
from itertools import repeat
from typing import Any, cast

import pytest

from handler.inbound.request_event import Lineage
from handler.model import Rejected, Succeeded, Verdict, Violation
from handler.outcome import Outcome
from handler.provisioning.deferral import Deferral
from handler.provisioning.retry import Backoff
from handler.settlement import Case, Settlement
from handler.smq.client import Smq, SmqError
from handler.smq.senders import ResultTopic
from tests.handler.unit.fakes import DOCUMENT, FakeClock, RecordingLog, ScriptedSmq, circumstances, delivery

DONE = Succeeded("sync-new", "created")
UNREACHABLE = SmqError("NotConnected", transient=True)
LAST = Lineage(generation=1, submission_id="M-0")


class Queues:
    """The request queue and the dead letter queue, each of which may refuse."""

    def __init__(self, *, requests: bool = True, dead_letters: bool = True) -> None:
        self._accepting = {"requests": requests, "dead letters": dead_letters}
        self.sent: list[tuple[str, str]] = []

    def requeue(self, body: str, delay_seconds: int, until: float) -> None:
        self._send("requests", body)

    def dead_letter(self, body: str, until: float) -> None:
        self._send("dead letters", body)

    def _send(self, queue: str, body: str) -> None:
        if not self._accepting[queue]:
            raise UNREACHABLE
        self.sent.append((queue, body))


def refuse(_outcome: Outcome, _until: float) -> None:
    raise SmqError("AccessDenied", transient=False)


def settlement(queues: Queues, *, sets_aside: bool = True) -> Settlement:
    return Settlement(
        deferral=Deferral(Backoff(2, 60.0, 3600.0), 302400.0),
        publish=refuse,
        requeue=queues.requeue,
        uniform=lambda _low, high: high,
        source="test",
        dead_letter=queues.dead_letter if sets_aside else None,
    )


def settled(
    settling: Settlement, lineage: Lineage = LAST, verdict: Verdict = DONE, **more: Any
) -> tuple[list[Outcome | None], list[str]]:
    journal = RecordingLog()
    case = Case([delivery(lineage=lineage, **more)], [journal], "REQ-1")
    return settling.settle(case, verdict, circumstances(lineage=lineage), 100.0), journal.events


def test_last_generation_becomes_a_dead_letter_if_unpublished() -> None:
    queues = Queues()
    outcomes, told = settled(settlement(queues))
    assert None not in outcomes
    assert told == ["unpublished"]
    [(queue, body)] = queues.sent
    message = json.loads(body)
    assert queue == "dead letters"
    assert (message["data"], message["generation"], message["submissionid"]) == (DOCUMENT, 1, "M-0")


def test_request_becomes_a_dead_letter_if_its_queue_refuses() -> None:
    queues = Queues(requests=False)
    outcomes, told = settled(settlement(queues), replace(LAST, generation=0))
    assert (None not in outcomes, told) == (True, ["unpublished"])
    assert [(queue, json.loads(body)["generation"]) for queue, body in queues.sent] == [("dead letters", 0)]


def test_request_with_a_deferral_left_goes_back_to_its_queue() -> None:
    queues = Queues()
    settled(settlement(queues), replace(LAST, generation=0))
    assert [queue for queue, _ in queues.sent] == ["requests"]


@pytest.mark.parametrize("sets_aside", [True, False])
def test_delivery_comes_back_if_nothing_accepts_the_request(sets_aside: bool) -> None:
    queues = Queues(requests=False, dead_letters=False)
    outcomes, told = settled(settlement(queues, sets_aside=sets_aside), replace(LAST, generation=0))
    assert (outcomes, told) == ([None], ["unfinished"])


def test_body_that_cannot_be_made_again_is_not_set_aside() -> None:
    flaw = Violation("$", "format", "JSON")
    queues = Queues()
    outcomes, _ = settled(settlement(queues), LAST, Rejected((flaw,)), document=None, flaws=(flaw,))
    assert (outcomes, queues.sent) == ([None], [])


@pytest.mark.parametrize("generation", [0, 1])
def test_flawed_text_too_large_for_an_event_is_set_aside_as_is(generation: int) -> None:
    """In an event each of its quotation marks would take two characters."""
    flaw, text = Violation("$", "json", "JSON"), '"' * 40_000
    queues = Queues()
    lineage = replace(LAST, generation=generation)
    outcomes, told = settled(settlement(queues), lineage, Rejected((flaw,)), document=None, flaws=(flaw,), text=text)
    assert (None not in outcomes, told) == (True, ["unpublished"])
    assert queues.sent == [("dead letters", text)]


def test_flawed_text_too_large_comes_back_without_dead_letters() -> None:
    """A drain has no dead letter queue to set it aside in; there only this message comes back."""
    flaw, text = Violation("$", "json", "JSON"), '"' * 40_000
    queues = Queues()
    outcomes, _ = settled(
        settlement(queues, sets_aside=False), LAST, Rejected((flaw,)), document=None, flaws=(flaw,), text=text
    )
    assert (outcomes, queues.sent) == ([None], [])


def test_topic_is_not_called_after_the_end_of_publishing() -> None:
    """The time that is left is needed to send the request back."""
    clock = FakeClock()
    smq = ScriptedSmq(repeat(UNREACHABLE))
    topic = ResultTopic(cast("Smq", smq), "outcomes", clock)
    with pytest.raises(SmqError, match="OutOfTime"):
        topic.publish(Outcome("succeeded", {}), clock.instant)
    assert smq.published == []
