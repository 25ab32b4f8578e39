"""Announcing: again after a passing failure, never after a refusal, and at least once however late it is."""

from collections.abc import Iterable, Iterator
from typing import cast

import pytest

from handler.backoff import Backoff
from handler.model import Succeeded
from handler.outcome import announce
from handler.smq import Smq, SmqError
from handler.topic import LONGEST_CALL_SECONDS, SHORTEST_CALL_SECONDS, ResultTopic
from tests.unit.fakes import DOCUMENT, FakeClock, circumstances

OUTCOME = announce(Succeeded("sync-1", "created"), DOCUMENT, circumstances())
POLICY = Backoff(attempts=4, base_seconds=1.0, cap_seconds=2.0)
PASSING = SmqError("InternalError", transient=True)
REFUSAL = SmqError("TopicNotExist", transient=False)


class FakeSmq:
    """A topic that fails as the script says and then accepts; remembers what it was given."""

    def __init__(self, failures: Iterable[SmqError | None]) -> None:
        self._failures: Iterator[SmqError | None] = iter(failures)
        self.timeouts: list[float] = []
        self.published: list[tuple[str, str, str]] = []

    def within(self, seconds: float) -> "FakeSmq":
        self.timeouts.append(seconds)
        return self

    def publish(self, topic: str, body: str, tag: str) -> str:
        self.published.append((topic, body, tag))
        failure = next(self._failures, None)
        if failure is not None:
            raise failure
        return "M-1"


def announced(clock: FakeClock, smq: FakeSmq, room: float = 100.0, backoff: Backoff = POLICY) -> FakeSmq:
    """`smq` after OUTCOME was published on it with that much time left."""
    ResultTopic(cast(Smq, smq), "outcomes", backoff, clock).publish(OUTCOME, clock.now() + room)
    return smq


def test_an_outcome_goes_to_the_topic_with_its_status_as_tag(clock: FakeClock) -> None:
    """So that subscribers can filter."""
    assert announced(clock, FakeSmq([])).published == [("outcomes", OUTCOME.text(), "succeeded")]


def test_passing_failures_are_sat_out(clock: FakeClock) -> None:
    """Every publication is the same text, and so the same event id."""
    smq = announced(clock, FakeSmq([PASSING, PASSING]))
    assert len(smq.published) == 3
    assert len(set(smq.published)) == 1
    assert clock.slept == [1.0, 2.0]


def test_a_refusal_is_not_repeated(clock: FakeClock) -> None:
    """A topic that does not exist will not exist a second later."""
    smq = FakeSmq([REFUSAL])
    with pytest.raises(SmqError, match="TopicNotExist"):
        announced(clock, smq)
    assert len(smq.published) == 1
    assert clock.slept == []


def test_the_attempts_are_bounded(clock: FakeClock) -> None:
    """The last failure is raised as it is."""
    smq = FakeSmq([PASSING] * 9)
    with pytest.raises(SmqError) as caught:
        announced(clock, smq)
    assert caught.value is PASSING
    assert len(smq.published) == 4


@pytest.mark.parametrize(("room", "calls"), [(1.0, 1), (1.001, 2), (3.0, 2), (3.001, 3)])
def test_no_wait_reaches_the_deadline(clock: FakeClock, room: float, calls: int) -> None:
    """A wait that leaves no time for a call is not begun."""
    smq = FakeSmq([PASSING] * 9)
    began = clock.now()
    with pytest.raises(SmqError):
        announced(clock, smq, room)
    assert len(smq.published) == calls
    assert clock.now() < began + room


@pytest.mark.parametrize("room", [0.0, -100.0])
def test_a_verdict_in_hand_is_tried_once_however_late_it_is(clock: FakeClock, room: float) -> None:
    """It cost a call of the API, and one more second is cheaper than a redelivery."""
    smq = announced(clock, FakeSmq([]), room)
    assert len(smq.published) == 1
    assert smq.timeouts == [SHORTEST_CALL_SECONDS]


@pytest.mark.parametrize(
    ("room", "timeout"), [(100.0, LONGEST_CALL_SECONDS), (5.0, 5.0), (3.0, 3.0), (1.0, 1.0), (0.2, 1.0)]
)
def test_a_call_gets_the_time_that_is_left_within_limits(clock: FakeClock, room: float, timeout: float) -> None:
    """Never so little that it must fail, never so much that a hanging connection eats up the attempts."""
    assert announced(clock, FakeSmq([]), room).timeouts == [timeout]
