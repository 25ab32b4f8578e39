"""Exponential backoff with full jitter: bounds, cap, and what the other side asked for."""

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.provisioning.retry import Backoff

POLICY = Backoff(attempts=5, base_seconds=0.5, cap_seconds=8.0)
seconds = st.floats(0, 1000, allow_nan=False)


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
    assert POLICY.ceiling(failures) == ceiling


def test_the_jitter_is_full() -> None:
    """A wait may be nothing at all and may be the whole ceiling."""
    assert POLICY.wait(3, lower) == 0.0
    assert POLICY.wait(3, upper) == 2.0


@pytest.mark.parametrize(("failures", "left"), [(1, True), (4, True), (5, False), (6, False)])
def test_no_wait_follows_the_last_attempt(failures: int, left: bool) -> None:
    """Five attempts have four waits between them."""
    assert (POLICY.wait(failures, upper) is not None) is left


def test_what_the_other_side_asked_for_outranks_the_cap() -> None:
    """A shorter wait than `x-acs-retry-after` would only be throttled again."""
    assert POLICY.wait(1, upper, at_least_seconds=30.0) == 30.0
    assert POLICY.wait(5, upper, at_least_seconds=30.0) is None


def test_what_the_other_side_asked_for_never_shortens_a_wait() -> None:
    """It is a lower bound only."""
    assert POLICY.wait(3, upper, at_least_seconds=0.1) == 2.0


def test_unlimited_keeps_the_waits_and_drops_the_end() -> None:
    """Where only a deadline ends the attempts, the waits are the same."""
    unlimited = POLICY.unlimited()
    assert unlimited == replace(POLICY, attempts=sys.maxsize)
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
