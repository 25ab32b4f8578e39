"""Retries of one call within its attempts and its deadline, with exponential backoff and full jitter between them."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import Answer, LookupResult, Refused
from handler.provisioning.retry import MIN_CALL_SECONDS, OUT_OF_TIME, Attempt, Backoff, Retry
from tests.support import samples
from tests.support.manual_clock import ManualClock

POLICY = Backoff(attempts=4, base_seconds=1.0, cap_seconds=8.0)
FAR = 1e9
FIVE_ATTEMPTS = Backoff(attempts=5, base_seconds=0.5, cap_seconds=8.0)
seconds = st.floats(0, 1000, allow_nan=False)


class ScriptedCall:
    """A call that gives its results in turn and takes `seconds` each time; remembers how long it might have taken."""

    def __init__(self, clock: ManualClock, results: Sequence[object], seconds: float = 0.0) -> None:
        self.clock = clock
        self.results: Iterator[Any] = iter(results)
        self.seconds = seconds
        self.timeouts: list[float] = []

    def __call__(self, timeout_seconds: float) -> Any:
        self.timeouts.append(timeout_seconds)
        self.clock.instant += min(self.seconds, timeout_seconds)
        return next(self.results)


def retry(
    call: ScriptedCall,
    until: float,
    seen: list[Attempt] | None = None,
    backoff: Backoff = POLICY,
    timeout: float = 10.0,
) -> tuple[object, ...]:
    """Retry `call` until then."""
    attempts = [] if seen is None else seen
    return Retry(backoff, timeout, call.clock, attempts.append).call("Operation", call, until)


@pytest.mark.parametrize(
    "settled",
    [samples.CREATED, samples.NO_GROUPS, samples.DUPLICATE, samples.NO_PERMISSION, Refused("Undocumented", 400)],
)
def test_a_settled_call_is_not_repeated(clock: ManualClock, settled: Answer | LookupResult) -> None:
    """A success and a refusal for good are one call."""
    assert retry(ScriptedCall(clock, [settled]), FAR) == (settled,)


@pytest.mark.parametrize(
    "passing",
    [
        samples.THROTTLED,
        samples.ASSUME_ROLE_FAIL,
        samples.INTERNAL_ERROR,
        samples.READ_TIMEOUT,
        samples.NOT_CONNECTED,
        Refused("ServiceUnavailable", 503),
        Refused("MalformedAnswer", 200),
        Refused("SignatureNonceUsed", 400),
    ],
)
def test_what_passes_is_repeated_until_it_is_settled(clock: ManualClock, passing: Answer) -> None:
    """Every result is kept, the last one stands."""
    results = (passing, passing, samples.CREATED)
    assert retry(ScriptedCall(clock, results), FAR) == results


def test_the_attempts_are_bounded(clock: ManualClock) -> None:
    """Four attempts, three waits between them, none after."""
    call = ScriptedCall(clock, [samples.INTERNAL_ERROR] * 9)
    assert retry(call, FAR) == (samples.INTERNAL_ERROR,) * 4
    assert clock.slept == [0.0, 1.0, 2.0, 4.0]


def test_what_the_api_asks_for_is_waited_for(clock: ManualClock) -> None:
    """`x-acs-retry-after` outranks the cap of the backoff."""
    retry(ScriptedCall(clock, [Refused("Throttling", 400, retry_after_seconds=20.0), samples.CREATED]), FAR)
    assert clock.slept == [0.0, 20.0]


@pytest.mark.parametrize("passing", [samples.READ_TIMEOUT, samples.INTERNAL_ERROR, samples.NOT_CONNECTED])
def test_where_nothing_is_asked_for_a_wait_may_be_nothing_at_all(clock: ManualClock, passing: Answer) -> None:
    """Full jitter reaches down to zero."""
    clock.fraction = 0.0
    retry(ScriptedCall(clock, [passing, samples.CREATED]), FAR)
    assert clock.slept == [0.0, 0.0]


def test_a_wait_that_would_end_too_late_is_not_begun(clock: ManualClock) -> None:
    """Sleeping towards a deadline that leaves no call would only waste the time of the look."""
    until = clock.now() + 1.0 + MIN_CALL_SECONDS - 0.01
    assert retry(ScriptedCall(clock, [samples.INTERNAL_ERROR] * 9), until) == (samples.INTERNAL_ERROR,)
    assert clock.slept == [0.0]


def test_a_wait_that_ends_just_in_time_is_used(clock: ManualClock) -> None:
    """The shortest call that still fits is made, and is given exactly the time that is left."""
    call = ScriptedCall(clock, [samples.INTERNAL_ERROR, samples.CREATED])
    assert retry(call, clock.now() + 1.0 + MIN_CALL_SECONDS)[-1] == samples.CREATED
    assert call.timeouts[-1] == MIN_CALL_SECONDS


@pytest.mark.parametrize(("room", "calls"), [(MIN_CALL_SECONDS, 1), (MIN_CALL_SECONDS - 0.01, 0), (-5.0, 0)])
def test_no_call_is_begun_without_room_for_it(clock: ManualClock, room: float, calls: int) -> None:
    """Without room for a single call the result says so, and nobody is told of an attempt."""
    call, seen = ScriptedCall(clock, [samples.CREATED]), list[Attempt]()
    results = retry(call, clock.now() + room, seen)
    assert results == ((samples.CREATED,) if calls else (OUT_OF_TIME,))
    assert len(call.timeouts) == len(seen) == calls


@pytest.mark.parametrize(("room", "timeout"), [(100.0, 10.0), (10.0, 10.0), (4.0, 4.0)])
def test_a_call_may_take_its_timeout_but_not_longer_than_there_is_time(
    clock: ManualClock, room: float, timeout: float
) -> None:
    """The timeout of each call is cut at the deadline."""
    call = ScriptedCall(clock, [samples.CREATED])
    retry(call, clock.now() + room)
    assert call.timeouts == [timeout]


def test_the_observer_sees_every_call_its_duration_and_wait(clock: ManualClock) -> None:
    """Calls are numbered from one; a wait before a call is not part of its duration; none follows the last call."""
    seen: list[Attempt] = []
    retry(ScriptedCall(clock, [samples.THROTTLED, samples.INTERNAL_ERROR, samples.DUPLICATE], seconds=0.25), FAR, seen)
    assert seen == [
        Attempt("Operation", 1, samples.THROTTLED, 0.25, 1.0),
        Attempt("Operation", 2, samples.INTERNAL_ERROR, 0.25, 2.0),
        Attempt("Operation", 3, samples.DUPLICATE, 0.25, None),
    ]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (samples.CREATED, "OK"),
        (samples.NO_GROUPS, "OK"),
        (samples.THROTTLED, "Throttling.User"),
        (samples.READ_TIMEOUT, "ReadTimeout"),
    ],
)
def test_the_code_of_an_attempt_is_that_of_its_answer(result: Answer | LookupResult, code: str) -> None:
    """A successful call has the code OK."""
    assert Attempt("Operation", 1, result, 0.0, None).code == code


def test_a_wait_that_does_not_fit_is_not_reported_as_waited(clock: ManualClock) -> None:
    """Nothing follows, so no wait follows."""
    seen: list[Attempt] = []
    retry(ScriptedCall(clock, [samples.INTERNAL_ERROR]), clock.now() + 1.5, seen)
    assert seen == [Attempt("Operation", 1, samples.INTERNAL_ERROR, 0.0, None)]


passing_answers = st.sampled_from(
    [
        samples.INTERNAL_ERROR,
        samples.READ_TIMEOUT,
        samples.NOT_CONNECTED,
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
    clock = ManualClock(fraction=fraction)
    began = clock.now()
    call, seen = ScriptedCall(clock, script, call_seconds), list[Attempt]()
    results = retry(call, began + room, seen, Backoff(attempts, base, cap))
    assert clock.now() <= began + max(room, 0) + 1e-6
    assert 1 <= len(results) <= attempts
    assert all(timeout >= MIN_CALL_SECONDS - 1e-6 for timeout in call.timeouts)
    assert sum(clock.slept) == pytest.approx(sum(attempt.wait_seconds or 0 for attempt in seen))


def upper(low: float, high: float) -> float:
    """The longest wait that chance can give."""
    return high


def lower(low: float, high: float) -> float:
    """The shortest wait that chance can give."""
    return low


@pytest.mark.parametrize(
    ("failures", "ceiling"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (99, 8.0)]
)
def test_the_ceiling_doubles_up_to_the_cap(failures: int, ceiling: float) -> None:
    """After the first failure it is the base, after each further one twice as much."""
    assert FIVE_ATTEMPTS.ceiling(failures) == ceiling


def test_the_jitter_is_full() -> None:
    """A wait may be nothing at all and may be the whole ceiling."""
    assert FIVE_ATTEMPTS.wait(3, lower) == 0.0
    assert FIVE_ATTEMPTS.wait(3, upper) == 2.0


@pytest.mark.parametrize(("failures", "left"), [(1, True), (4, True), (5, False), (6, False)])
def test_no_wait_follows_the_last_attempt(failures: int, left: bool) -> None:
    """Five attempts have four waits between them."""
    assert (FIVE_ATTEMPTS.wait(failures, upper) is not None) is left


def test_what_the_other_side_asked_for_outranks_the_cap() -> None:
    """A shorter wait than `x-acs-retry-after` would only be throttled again."""
    assert FIVE_ATTEMPTS.wait(1, upper, at_least_seconds=30.0) == 30.0
    assert FIVE_ATTEMPTS.wait(5, upper, at_least_seconds=30.0) is None


def test_what_the_other_side_asked_for_never_shortens_a_wait() -> None:
    """It is a lower bound only."""
    assert FIVE_ATTEMPTS.wait(3, upper, at_least_seconds=0.1) == 2.0


def test_unlimited_keeps_the_waits_and_drops_the_end() -> None:
    """Where only a deadline ends the attempts, the waits are the same."""
    unlimited = FIVE_ATTEMPTS.unlimited()
    assert unlimited == replace(FIVE_ATTEMPTS, attempts=sys.maxsize)
    assert unlimited.wait(10_000, upper) == 8.0


@given(
    base=seconds,
    cap=seconds,
    failures=st.integers(1, sys.maxsize - 1),
    fraction=st.floats(0, 1),
    asked=st.one_of(st.just(0.0), seconds),
)
def test_every_wait_is_within_its_bounds(base: float, cap: float, failures: int, fraction: float, asked: float) -> None:
    """Never negative, never above the ceiling unless asked for, never an overflow however many failures there were."""
    policy = Backoff(sys.maxsize, base, cap)
    wait = policy.wait(failures, lambda low, high: low + (high - low) * fraction, asked)
    assert wait is not None
    assert asked <= wait <= max(asked, policy.ceiling(failures))
    assert policy.ceiling(failures) <= cap
    assert policy.ceiling(failures) <= policy.ceiling(failures + 1)
