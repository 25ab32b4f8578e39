"""Publishing outcomes and sending messages: the exact text, retries within a deadline, and the time of each call."""

from typing import cast

import pytest

from handler.model import Succeeded
from handler.outcome import outcome_of
from handler.provisioning.retry import MIN_CALL_SECONDS, Backoff
from handler.smq.client import Smq, SmqError
from handler.smq.senders import MAX_CALL_SECONDS, QueueSender, ResultTopic
from tests.support.clock import ManualClock
from tests.support.fakes import ScriptedSmq
from tests.support.samples import DOCUMENT, outcome_context

BODY = '{"specversion":"1.0"}'
OUTCOME = outcome_of(Succeeded("sync-1", "created"), DOCUMENT, outcome_context())
TRANSIENT = SmqError("InternalError", transient=True)
REFUSAL = SmqError("TopicNotExist", transient=False)
BACKOFF = Backoff(attempts=4, base_seconds=1.0, cap_seconds=2.0)


def publish(clock: ManualClock, smq: ScriptedSmq, seconds: float = 100.0) -> None:
    """Publish OUTCOME within `seconds`."""
    ResultTopic(cast(Smq, smq), "outcomes", clock, BACKOFF).publish(OUTCOME, clock.now() + seconds)


def send(clock: ManualClock, smq: ScriptedSmq, seconds: float = 100.0) -> None:
    """Send BODY within `seconds`, delayed by 90 seconds."""
    QueueSender(cast(Smq, smq), "requests", clock, BACKOFF).send(BODY, 90, clock.now() + seconds)


def failing(*failures: SmqError) -> ScriptedSmq:
    """Return an MNS whose next calls fail like this."""
    return ScriptedSmq(iter(failures))


def test_outcome_is_published_with_its_status_as_tag(clock: ManualClock) -> None:
    smq = failing()
    publish(clock, smq)
    assert (smq.published, smq.sent) == ([("outcomes", OUTCOME.text, "succeeded")], [])


def test_retried_publication_has_the_same_text(clock: ManualClock) -> None:
    """The same text has the same event id, so that consumers recognise it as a repetition."""
    smq = failing(TRANSIENT, TRANSIENT)
    publish(clock, smq)
    assert smq.published == [("outcomes", OUTCOME.text, "succeeded")] * 3


def test_publication_raises_its_last_failure_at_the_deadline(clock: ManualClock) -> None:
    with pytest.raises(SmqError) as caught:
        publish(clock, failing(*[TRANSIENT] * 9), seconds=0.5)
    assert caught.value is TRANSIENT


def test_topic_is_not_called_after_the_deadline(clock: ManualClock) -> None:
    """The time that is left is needed to requeue the request."""
    smq = failing()
    with pytest.raises(SmqError, match="OutOfTime"):
        publish(clock, smq, seconds=0.0)
    assert smq.published == []


def test_message_is_sent_once_with_its_delay(clock: ManualClock) -> None:
    smq = failing()
    send(clock, smq)
    assert (smq.sent, smq.published, clock.slept) == ([("requests", [BODY], 90)], [], [])


def test_send_is_retried_after_transient_failures(clock: ManualClock) -> None:
    """Every call sends the same message, and the waits grow."""
    smq = failing(TRANSIENT, TRANSIENT)
    send(clock, smq)
    assert smq.sent == [("requests", [BODY], 90)] * 3
    assert clock.slept == [1.0, 2.0]


def test_send_is_not_retried_after_a_refusal(clock: ManualClock) -> None:
    smq = failing(REFUSAL)
    with pytest.raises(SmqError) as caught:
        send(clock, smq)
    assert caught.value is REFUSAL
    assert (len(smq.sent), clock.slept) == (1, [])


def test_send_raises_its_last_failure_after_all_attempts(clock: ManualClock) -> None:
    smq = failing(*[TRANSIENT] * 9)
    with pytest.raises(SmqError) as caught:
        send(clock, smq)
    assert caught.value is TRANSIENT
    assert len(smq.sent) == 4


@pytest.mark.parametrize(("seconds", "calls"), [(0.5, 1), (1.0, 1), (1.001, 2), (3.0, 2), (3.001, 3)])
def test_send_does_not_wait_up_to_the_deadline(clock: ManualClock, seconds: float, calls: int) -> None:
    """A wait that leaves no time for a call is not begun."""
    smq = failing(*[TRANSIENT] * 9)
    began = clock.now()
    with pytest.raises(SmqError):
        send(clock, smq, seconds)
    assert len(smq.sent) == calls
    assert clock.now() < began + seconds


@pytest.mark.parametrize("seconds", [0.0, -100.0])
def test_send_calls_once_even_after_the_deadline(clock: ManualClock, seconds: float) -> None:
    """One more second is cheaper than a redelivery."""
    smq = failing()
    send(clock, smq, seconds)
    assert len(smq.sent) == 1
    assert smq.timeouts == [MIN_CALL_SECONDS]


@pytest.mark.parametrize(
    ("seconds", "timeout"), [(100.0, MAX_CALL_SECONDS), (5.0, 5.0), (3.0, 3.0), (1.0, 1.0), (0.2, 1.0)]
)
def test_send_gives_a_call_the_time_left_within_limits(clock: ManualClock, seconds: float, timeout: float) -> None:
    """The minimum lets a call succeed; the maximum keeps a hanging connection from using up the attempts."""
    smq = failing()
    send(clock, smq, seconds)
    assert smq.timeouts == [timeout]
