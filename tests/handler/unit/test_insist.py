"""Repeating one call: until it is settled, its attempts are spent, or its time is up; never past that."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import Answer, LookupResult, Refused
from handler.provisioning.retry import MIN_CALL_SECONDS, OUT_OF_TIME, Attempt, Backoff, Retry
from tests.handler.unit import fakes
from tests.handler.unit.fakes import FakeClock

POLICY = Backoff(attempts=4, base_seconds=1.0, cap_seconds=8.0)
FAR = 1e9


class Line:
    """A call that gives its results in turn and takes `seconds` each time; remembers how long it might have taken."""

    def __init__(self, clock: FakeClock, results: Sequence[object], seconds: float = 0.0) -> None:
        self.clock = clock
        self.results: Iterator[Any] = iter(results)
        self.seconds = seconds
        self.timeouts: list[float] = []

    def __call__(self, timeout_seconds: float) -> Any:
        self.timeouts.append(timeout_seconds)
        self.clock.instant += min(self.seconds, timeout_seconds)
        return next(self.results)


def insist(
    line: Line, until: float, seen: list[Attempt] | None = None, backoff: Backoff = POLICY, timeout: float = 10.0
) -> tuple[object, ...]:
    """Insist on `line` until then."""
    attempts = [] if seen is None else seen
    return Retry(backoff, timeout, line.clock, attempts.append).call("Operation", line, until)


@pytest.mark.parametrize(
    "settled", [fakes.CREATED, fakes.NO_GROUPS, fakes.DUPLICATE, fakes.NO_PERMISSION, Refused("Undocumented", 400)]
)
def test_a_settled_call_is_not_repeated(clock: FakeClock, settled: Answer | LookupResult) -> None:
    """A success and a refusal for good are one call."""
    assert insist(Line(clock, [settled]), FAR) == (settled,)


@pytest.mark.parametrize(
    "passing",
    [
        fakes.THROTTLED,
        fakes.ASSUME_ROLE_FAIL,
        fakes.INTERNAL_ERROR,
        fakes.READ_TIMEOUT,
        fakes.NOT_CONNECTED,
        Refused("ServiceUnavailable", 503),
        Refused("MalformedAnswer", 200),
        Refused("SignatureNonceUsed", 400),
    ],
)
def test_what_passes_is_repeated_until_it_is_settled(clock: FakeClock, passing: Answer) -> None:
    """Every result is kept, the last one stands."""
    results = (passing, passing, fakes.CREATED)
    assert insist(Line(clock, results), FAR) == results


def test_the_attempts_are_bounded(clock: FakeClock) -> None:
    """Four attempts, three waits between them, none after."""
    line = Line(clock, [fakes.INTERNAL_ERROR] * 9)
    assert insist(line, FAR) == (fakes.INTERNAL_ERROR,) * 4
    assert clock.slept == [0.0, 1.0, 2.0, 4.0]


def test_what_the_api_asks_for_is_waited_for(clock: FakeClock) -> None:
    """`x-acs-retry-after` outranks the cap of the backoff."""
    insist(Line(clock, [Refused("Throttling", 400, retry_after_seconds=20.0), fakes.CREATED]), FAR)
    assert clock.slept == [0.0, 20.0]


@pytest.mark.parametrize("passing", [fakes.READ_TIMEOUT, fakes.INTERNAL_ERROR, fakes.NOT_CONNECTED])
def test_where_nothing_is_asked_for_a_wait_may_be_nothing_at_all(clock: FakeClock, passing: Answer) -> None:
    """Full jitter reaches down to zero."""
    clock.fraction = 0.0
    insist(Line(clock, [passing, fakes.CREATED]), FAR)
    assert clock.slept == [0.0, 0.0]


def test_a_wait_that_would_end_too_late_is_not_begun(clock: FakeClock) -> None:
    """Sleeping towards a deadline that leaves no call would only waste the time of the look."""
    until = clock.now() + 1.0 + MIN_CALL_SECONDS - 0.01
    assert insist(Line(clock, [fakes.INTERNAL_ERROR] * 9), until) == (fakes.INTERNAL_ERROR,)
    assert clock.slept == [0.0]


def test_a_wait_that_ends_just_in_time_is_used(clock: FakeClock) -> None:
    """The shortest call that still fits is made, and is given exactly the time that is left."""
    line = Line(clock, [fakes.INTERNAL_ERROR, fakes.CREATED])
    assert insist(line, clock.now() + 1.0 + MIN_CALL_SECONDS)[-1] == fakes.CREATED
    assert line.timeouts[-1] == MIN_CALL_SECONDS


@pytest.mark.parametrize(("room", "calls"), [(MIN_CALL_SECONDS, 1), (MIN_CALL_SECONDS - 0.01, 0), (-5.0, 0)])
def test_no_call_is_begun_without_room_for_it(clock: FakeClock, room: float, calls: int) -> None:
    """Without room for a single call the result says so, and nobody is told of an attempt."""
    line, seen = Line(clock, [fakes.CREATED]), list[Attempt]()
    results = insist(line, clock.now() + room, seen)
    assert results == ((fakes.CREATED,) if calls else (OUT_OF_TIME,))
    assert len(line.timeouts) == len(seen) == calls


@pytest.mark.parametrize(("room", "timeout"), [(100.0, 10.0), (10.0, 10.0), (4.0, 4.0)])
def test_a_call_may_take_its_timeout_but_not_longer_than_there_is_time(
    clock: FakeClock, room: float, timeout: float
) -> None:
    """The timeout of each call is cut at the deadline."""
    line = Line(clock, [fakes.CREATED])
    insist(line, clock.now() + room)
    assert line.timeouts == [timeout]


def test_the_observer_sees_every_call_its_duration_and_wait(clock: FakeClock) -> None:
    """Calls are numbered from one; a wait before a call is not part of its duration; none follows the last call."""
    seen: list[Attempt] = []
    insist(Line(clock, [fakes.THROTTLED, fakes.INTERNAL_ERROR, fakes.DUPLICATE], seconds=0.25), FAR, seen)
    assert seen == [
        Attempt("Operation", 1, fakes.THROTTLED, 0.25, 1.0),
        Attempt("Operation", 2, fakes.INTERNAL_ERROR, 0.25, 2.0),
        Attempt("Operation", 3, fakes.DUPLICATE, 0.25, None),
    ]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (fakes.CREATED, "OK"),
        (fakes.NO_GROUPS, "OK"),
        (fakes.THROTTLED, "Throttling.User"),
        (fakes.READ_TIMEOUT, "ReadTimeout"),
    ],
)
def test_the_code_of_an_attempt_is_that_of_its_answer(result: Answer | LookupResult, code: str) -> None:
    """A successful call has the code OK."""
    assert Attempt("Operation", 1, result, 0.0, None).code == code


def test_a_wait_that_does_not_fit_is_not_reported_as_waited(clock: FakeClock) -> None:
    """Nothing follows, so no wait follows."""
    seen: list[Attempt] = []
    insist(Line(clock, [fakes.INTERNAL_ERROR]), clock.now() + 1.5, seen)
    assert seen == [Attempt("Operation", 1, fakes.INTERNAL_ERROR, 0.0, None)]


passing_answers = st.sampled_from(
    [
        fakes.INTERNAL_ERROR,
        fakes.READ_TIMEOUT,
        fakes.NOT_CONNECTED,
        Refused("Throttling", 400, retry_after_seconds=7.0),
        Refused("Throttling", 400, retry_after_seconds=1e6),
    ]
)


@given(
    script=st.lists(passing_answers, min_size=60, max_size=60),
    room=st.floats(0, 120),
    call_seconds=st.floats(0.3, 30),
    fraction=st.floats(0, 1),
    base=st.floats(0.1, 60),
    cap=st.floats(0.1, 120),
    attempts=st.integers(1, 50),
)
def test_whatever_is_answered_it_ends_in_time_and_within_its_attempts(
    script: list[Answer],
    room: float,
    call_seconds: float,
    fraction: float,
    base: float,
    cap: float,
    attempts: int,
) -> None:
    """Waits and calls together stay before the deadline, for any answers, any jitter and any slowness."""
    clock = FakeClock(fraction=fraction)
    began = clock.now()
    line, seen = Line(clock, script, call_seconds), list[Attempt]()
    results = insist(line, began + room, seen, Backoff(attempts, base, cap))
    assert clock.now() <= began + max(room, 0) + 1e-6
    assert 1 <= len(results) <= attempts
    assert all(timeout >= MIN_CALL_SECONDS - 1e-6 for timeout in line.timeouts)
    assert sum(clock.slept) == pytest.approx(sum(attempt.wait_seconds or 0 for attempt in seen))
