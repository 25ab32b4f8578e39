"""Retries of one call within its attempts and its deadline, with exponential backoff and full jitter between them."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import Answer, LookupResult, Refused
from handler.provisioning.retry import MIN_CALL_SECONDS, OUT_OF_TIME, ApiCall, Backoff, Deadlines, Retry
from tests.support import samples
from tests.support.clock import ManualClock

POLICY = Backoff(attempts=4, base_seconds=1.0, cap_seconds=8.0)
FAR = 1e9
FIVE_ATTEMPTS = Backoff(attempts=5, base_seconds=0.5, cap_seconds=8.0)
seconds = st.floats(0, 1000, allow_nan=False)


class ScriptedCall:
    """A call that returns its results in turn, each after `seconds`, and records the timeouts it was given."""

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
    seen: list[ApiCall] | None = None,
    backoff: Backoff = POLICY,
    timeout: float = 10.0,
) -> tuple[object, ...]:
    """Retry `call` until then, and return all results."""
    attempts = [] if seen is None else seen
    return Retry(backoff, timeout, call.clock, attempts.append).call("Operation", call, until)


@pytest.mark.parametrize(
    "settled",
    [samples.CREATED, samples.NO_GROUPS, samples.DUPLICATE, samples.NO_PERMISSION, Refused("Undocumented", 400)],
)
def test_settled_call_is_not_retried(clock: ManualClock, settled: Answer | LookupResult) -> None:
    """A success and a permanent refusal are settled."""
    assert retry(ScriptedCall(clock, [settled]), FAR) == (settled,)


@pytest.mark.parametrize(
    "temporary",
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
def test_temporary_errors_are_retried_until_settled(clock: ManualClock, temporary: Answer) -> None:
    """Every result is returned, in order."""
    results = (temporary, temporary, samples.CREATED)
    assert retry(ScriptedCall(clock, results), FAR) == results


def test_retry_ends_with_its_attempts(clock: ManualClock) -> None:
    """Four attempts have three waits between them."""
    call = ScriptedCall(clock, [samples.INTERNAL_ERROR] * 9)
    assert retry(call, FAR) == (samples.INTERNAL_ERROR,) * 4
    assert clock.slept == [0.0, 1.0, 2.0, 4.0]


def test_retry_waits_as_long_as_the_api_asks_for(clock: ManualClock) -> None:
    """`x-acs-retry-after` outranks the cap of the backoff."""
    retry(ScriptedCall(clock, [Refused("Throttling", 400, retry_after_seconds=20.0), samples.CREATED]), FAR)
    assert clock.slept == [0.0, 20.0]


@pytest.mark.parametrize("temporary", [samples.READ_TIMEOUT, samples.INTERNAL_ERROR, samples.NOT_CONNECTED])
def test_wait_may_be_zero_if_the_api_asks_for_none(clock: ManualClock, temporary: Answer) -> None:
    """Full jitter reaches down to zero."""
    clock.fraction = 0.0
    retry(ScriptedCall(clock, [temporary, samples.CREATED]), FAR)
    assert clock.slept == [0.0, 0.0]


def test_wait_that_leaves_no_time_for_a_call_is_not_begun(clock: ManualClock) -> None:
    """It would only use up the time of the lookup."""
    until = clock.now() + 1.0 + MIN_CALL_SECONDS - 0.01
    assert retry(ScriptedCall(clock, [samples.INTERNAL_ERROR] * 9), until) == (samples.INTERNAL_ERROR,)
    assert clock.slept == [0.0]


def test_wait_that_leaves_time_for_the_shortest_call_is_made(clock: ManualClock) -> None:
    """That call gets exactly the time that is left."""
    call = ScriptedCall(clock, [samples.INTERNAL_ERROR, samples.CREATED])
    assert retry(call, clock.now() + 1.0 + MIN_CALL_SECONDS)[-1] == samples.CREATED
    assert call.timeouts[-1] == MIN_CALL_SECONDS


@pytest.mark.parametrize(("room", "calls"), [(MIN_CALL_SECONDS, 1), (MIN_CALL_SECONDS - 0.01, 0), (-5.0, 0)])
def test_call_is_not_made_without_time_for_it(clock: ManualClock, room: float, calls: int) -> None:
    """The result says so, and the observer sees no attempt."""
    call, seen = ScriptedCall(clock, [samples.CREATED]), list[ApiCall]()
    results = retry(call, clock.now() + room, seen)
    assert results == ((samples.CREATED,) if calls else (OUT_OF_TIME,))
    assert len(call.timeouts) == len(seen) == calls


@pytest.mark.parametrize(("room", "timeout"), [(100.0, 10.0), (10.0, 10.0), (4.0, 4.0)])
def test_timeout_of_a_call_is_cut_at_the_deadline(clock: ManualClock, room: float, timeout: float) -> None:
    call = ScriptedCall(clock, [samples.CREATED])
    retry(call, clock.now() + room)
    assert call.timeouts == [timeout]


def test_observer_gets_every_call_with_duration_and_wait(clock: ManualClock) -> None:
    """Calls are numbered from one; the duration does not include the wait; no wait follows the last call."""
    seen: list[ApiCall] = []
    retry(ScriptedCall(clock, [samples.THROTTLED, samples.INTERNAL_ERROR, samples.DUPLICATE], seconds=0.25), FAR, seen)
    assert seen == [
        ApiCall("Operation", 1, samples.THROTTLED, 0.25, 1.0),
        ApiCall("Operation", 2, samples.INTERNAL_ERROR, 0.25, 2.0),
        ApiCall("Operation", 3, samples.DUPLICATE, 0.25, None),
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
def test_attempt_has_the_code_of_its_answer(result: Answer | LookupResult, code: str) -> None:
    """A successful call has the code OK."""
    assert ApiCall("Operation", 1, result, 0.0, None).code == code


def test_wait_that_does_not_fit_is_not_reported(clock: ManualClock) -> None:
    seen: list[ApiCall] = []
    retry(ScriptedCall(clock, [samples.INTERNAL_ERROR]), clock.now() + 1.5, seen)
    assert seen == [ApiCall("Operation", 1, samples.INTERNAL_ERROR, 0.0, None)]


temporary_errors = st.sampled_from(
    [
        samples.INTERNAL_ERROR,
        samples.READ_TIMEOUT,
        samples.NOT_CONNECTED,
        Refused("Throttling", 400, retry_after_seconds=7.0),
        Refused("Throttling", 400, retry_after_seconds=1e6),
    ]
)


@given(
    script=st.lists(temporary_errors, min_size=60, max_size=60),
    room=st.floats(0, 120),
    call_seconds=st.floats(0.3, 30),
    fraction=st.floats(0, 1),
    base=st.floats(0.1, 60),
    cap=st.floats(0.1, 120),
    attempts=st.integers(1, 50),
)
def test_retry_ends_within_its_attempts_and_its_deadline(
    script: list[Answer],
    room: float,
    call_seconds: float,
    fraction: float,
    base: float,
    cap: float,
    attempts: int,
) -> None:
    """This holds for any answers, any jitter and any slowness."""
    clock = ManualClock(fraction=fraction)
    began = clock.now()
    call, seen = ScriptedCall(clock, script, call_seconds), list[ApiCall]()
    results = retry(call, began + room, seen, Backoff(attempts, base, cap))
    assert clock.now() <= began + max(room, 0) + 1e-6
    assert 1 <= len(results) <= attempts
    assert all(timeout >= MIN_CALL_SECONDS - 1e-6 for timeout in call.timeouts)
    assert sum(clock.slept) == pytest.approx(sum(attempt.wait_seconds or 0 for attempt in seen))


def upper(low: float, high: float) -> float:
    """Return the longest wait that chance can give."""
    return high


def lower(low: float, high: float) -> float:
    """Return the shortest wait that chance can give."""
    return low


@pytest.mark.parametrize(
    ("failures", "ceiling"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (99, 8.0)]
)
def test_ceiling_of_the_backoff_doubles_up_to_its_cap(failures: int, ceiling: float) -> None:
    """It starts with the base."""
    assert FIVE_ATTEMPTS.ceiling(failures) == ceiling


def test_jitter_of_the_backoff_is_full() -> None:
    """A wait may be zero and may be the whole ceiling."""
    assert FIVE_ATTEMPTS.wait(3, lower) == 0.0
    assert FIVE_ATTEMPTS.wait(3, upper) == 2.0


@pytest.mark.parametrize(("failures", "left"), [(1, True), (4, True), (5, False), (6, False)])
def test_backoff_ends_after_its_last_attempt(failures: int, left: bool) -> None:
    """Five attempts have four waits between them."""
    assert (FIVE_ATTEMPTS.wait(failures, upper) is not None) is left


def test_requested_wait_outranks_the_cap() -> None:
    """A shorter wait would only be throttled again."""
    assert FIVE_ATTEMPTS.wait(1, upper, at_least_seconds=30.0) == 30.0
    assert FIVE_ATTEMPTS.wait(5, upper, at_least_seconds=30.0) is None


def test_requested_wait_never_shortens_a_wait() -> None:
    assert FIVE_ATTEMPTS.wait(3, upper, at_least_seconds=0.1) == 2.0


def test_unlimited_backoff_has_the_same_waits_without_an_end() -> None:
    """Only a deadline ends its attempts."""
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
    """It is never negative and never above the ceiling unless requested; no number of failures overflows."""
    policy = Backoff(sys.maxsize, base, cap)
    wait = policy.wait(failures, lambda low, high: low + (high - low) * fraction, asked)
    assert wait is not None
    assert asked <= wait <= max(asked, policy.ceiling(failures))
    assert policy.ceiling(failures) <= cap
    assert policy.ceiling(failures) <= policy.ceiling(failures + 1)


@pytest.mark.parametrize(
    ("timeout", "create", "lookup", "publish"),
    [
        (120, 75.0, 100.0, 115.0),
        (300, 255.0, 280.0, 295.0),
        (60, 25.0, 43.0, 55.0),
        (10, 4.0, 7.0, 9.0),
        (1, 0.4, 0.7, 0.9),
    ],
)
def test_reserves_shrink_with_a_short_timeout(timeout: int, create: float, lookup: float, publish: float) -> None:
    """Of a short timeout 40 % are for creating, 30 % for lookups, 20 % for publishing, 10 % to return."""
    deadlines = Deadlines.of(0.0, timeout, lookup_reserve=25.0, publish_reserve=15.0)
    assert (deadlines.create, deadlines.lookup, deadlines.publish) == pytest.approx((create, lookup, publish))


@given(
    began=st.floats(0, 1e6),
    timeout=st.floats(1, 86400),
    lookup_reserve=st.floats(0, 250),
    publish_reserve=st.floats(0, 250),
)
def test_deadlines_are_in_order_within_the_timeout(
    began: float, timeout: float, lookup_reserve: float, publish_reserve: float
) -> None:
    """There is time to create, to look up, to publish and to return, for any settings."""
    deadlines = Deadlines.of(began, timeout, lookup_reserve, publish_reserve)
    assert began < deadlines.create <= deadlines.lookup <= deadlines.publish < began + timeout
    assert deadlines.create - began >= 0.4 * timeout - 1e-6
