"""Persisting: again after a passing failure, never after a refusal, and at least once however late it is."""

from typing import cast

import pytest

from handler.provisioning.retry import Backoff
from handler.smq.client import Smq, SmqError
from handler.smq.senders import MAX_CALL_SECONDS, MIN_CALL_SECONDS, QueueSender
from tests.handler.unit.fakes import FakeClock, ScriptedSmq

PASSING = SmqError("InternalError", transient=True)
REFUSAL = SmqError("TopicNotExist", transient=False)


def persisted(clock: FakeClock, *failures: SmqError, room: float = 100.0) -> ScriptedSmq:
    """An SMQ that fails so, after one operation was persisted in on it with that much time left."""
    smq = ScriptedSmq(iter(failures))
    _persist(clock, smq, room)
    return smq


def _persist(clock: FakeClock, smq: ScriptedSmq, room: float) -> None:
    sender = QueueSender(cast(Smq, smq), "requests", clock, Backoff(attempts=4, base_seconds=1.0, cap_seconds=2.0))
    sender._retrying(lambda at: at.publish("topic", "body", "tag"), clock.now() + room)


def test_what_is_done_is_not_done_again(clock: FakeClock) -> None:
    """One operation, no wait."""
    assert len(persisted(clock).published) == 1
    assert clock.slept == []


def test_passing_failures_are_sat_out(clock: FakeClock) -> None:
    """With growing waits, and the same operation every time."""
    smq = persisted(clock, PASSING, PASSING)
    assert smq.published == [("topic", "body", "tag")] * 3
    assert clock.slept == [1.0, 2.0]


def test_a_refusal_is_not_repeated(clock: FakeClock) -> None:
    """A topic that does not exist will not exist a second later."""
    smq = ScriptedSmq(iter([REFUSAL]))
    with pytest.raises(SmqError) as caught:
        _persist(clock, smq, 100.0)
    assert caught.value is REFUSAL
    assert (len(smq.published), clock.slept) == (1, [])


def test_the_attempts_are_bounded(clock: FakeClock) -> None:
    """The last failure is raised as it is."""
    smq = ScriptedSmq(iter([PASSING] * 9))
    with pytest.raises(SmqError) as caught:
        _persist(clock, smq, 100.0)
    assert caught.value is PASSING
    assert len(smq.published) == 4


@pytest.mark.parametrize(("room", "calls"), [(1.0, 1), (1.001, 2), (3.0, 2), (3.001, 3)])
def test_no_wait_reaches_the_deadline(clock: FakeClock, room: float, calls: int) -> None:
    """A wait that leaves no time for a call is not begun."""
    smq = ScriptedSmq(iter([PASSING] * 9))
    began = clock.now()
    with pytest.raises(SmqError):
        _persist(clock, smq, room)
    assert len(smq.published) == calls
    assert clock.now() < began + room


@pytest.mark.parametrize("room", [0.0, -100.0])
def test_an_operation_is_tried_once_however_late_it_is(clock: FakeClock, room: float) -> None:
    """A verdict in hand cost a call of the API, and one more second is cheaper than a redelivery."""
    smq = persisted(clock, room=room)
    assert len(smq.published) == 1
    assert smq.timeouts == [MIN_CALL_SECONDS]


@pytest.mark.parametrize(
    ("room", "timeout"), [(100.0, MAX_CALL_SECONDS), (5.0, 5.0), (3.0, 3.0), (1.0, 1.0), (0.2, 1.0)]
)
def test_a_call_gets_the_time_that_is_left_within_limits(clock: FakeClock, room: float, timeout: float) -> None:
    """Never so little that it must fail, never so much that a hanging connection eats up the attempts."""
    assert persisted(clock, room=room).timeouts == [timeout]
