"""What is deferred, for how long, and up to which generation."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import Deferred, Failed, Indeterminate, Reason, Refused, Rejected, Succeeded, Unanswered, Verdict
from handler.provisioning import errors
from handler.provisioning.deferral import Deferral
from handler.provisioning.retry import Backoff, Uniform

TEMPORARY = errors.reason_of(Refused("AssumeRoleFail", 403))
LASTING = errors.reason_of(Refused("RoleNotExist", 404))
SILENCE = errors.reason_of(Unanswered("ReadTimeout", sent=True))
LONGEST = 302_400.0
SHIPPED = Deferral(Backoff(7, 60.0, 3600.0), LONGEST)

FINAL: list[Verdict] = [
    Succeeded("sync-1", "created"),
    Rejected(()),
    Failed(LASTING),
    Indeterminate(SILENCE, may_become_known=False),
]
OPEN: list[Failed | Indeterminate] = [
    Failed(TEMPORARY),
    Failed(SILENCE),
    Indeterminate(SILENCE),
    Indeterminate(LASTING),
]


def longest(low: float, high: float) -> float:
    """Return the upper end of a range."""
    return high


def delay(deferral: Deferral, generation: int, chance: float = 1.0) -> int:
    """Return the delay of a generation; `chance` is the position of every random number in its range."""
    deferred = deferral.of(Failed(TEMPORARY), generation, lambda low, high: low + (high - low) * chance)
    assert isinstance(deferred, Deferred)
    return deferred.delay_seconds


@pytest.mark.parametrize("verdict", FINAL)
@pytest.mark.parametrize("generation", [0, 6, 1000])
def test_final_verdict_is_not_deferred(verdict: Verdict, generation: int) -> None:
    """This includes permanent refusals, faults of the function and a forbidden adoption."""
    assert SHIPPED.of(verdict, generation, longest) is verdict


@pytest.mark.parametrize("verdict", OPEN)
def test_temporary_error_is_deferred_with_its_reason(verdict: Failed | Indeterminate) -> None:
    """Doubt may settle even after a refusal, because an earlier call may still land."""
    assert SHIPPED.of(verdict, 0, longest) == Deferred(verdict.reason, 90 if isinstance(verdict, Indeterminate) else 60)


@pytest.mark.parametrize("verdict", OPEN)
@pytest.mark.parametrize(("deferrals", "generation"), [(0, 0), (1, 1), (6, 6), (6, 7), (6, 1000)])
def test_last_generation_is_not_deferred(verdict: Failed | Indeterminate, deferrals: int, generation: int) -> None:
    """This includes generations beyond the last one, which only another sender can have counted."""
    assert Deferral(Backoff(deferrals + 1, 60.0, 3600.0), LONGEST).of(verdict, generation, longest) is verdict


@pytest.mark.parametrize("deferrals", [0, 1, 6, 50])
def test_number_of_deferrals_is_the_setting(deferrals: int) -> None:
    """The first generation is 0."""
    deferral = Deferral(Backoff(deferrals + 1, 60.0, 3600.0), LONGEST)
    verdicts = [deferral.of(Failed(TEMPORARY), generation, longest) for generation in range(deferrals + 1)]
    assert [isinstance(verdict, Deferred) for verdict in verdicts] == [True] * deferrals + [False]


def test_delay_doubles_up_to_its_cap() -> None:
    """The delays are one minute, two, four and so on up to an hour."""
    assert [delay(SHIPPED, generation) for generation in range(6)] == [60, 120, 240, 480, 960, 1920]
    assert delay(Deferral(Backoff(9, 60.0, 3600.0), LONGEST), 7) == 3600


def test_delay_is_between_half_of_its_ceiling_and_its_ceiling() -> None:
    """The minimum outlasts an outage; the jitter spreads the load."""
    assert [delay(SHIPPED, 2, chance) for chance in (0.0, 0.5, 1.0)] == [120, 180, 240]


def chance_at(share: float) -> Uniform:
    """Return a random source that always returns the same position of its range."""
    return lambda low, high: low + (high - low) * share


def delays(verdict: Failed | Indeterminate, generation: int, deferral: Deferral = SHIPPED) -> list[int]:
    """Return the shortest, the middle and the longest delay."""
    drawn = [deferral.of(verdict, generation, chance_at(share)) for share in (0.0, 0.5, 1.0)]
    assert all(isinstance(each, Deferred) for each in drawn)
    return [each.delay_seconds for each in drawn if isinstance(each, Deferred)]


@pytest.mark.parametrize(
    ("verdict", "generation", "expected"),
    [
        (Failed(TEMPORARY), 0, [30, 45, 60]),
        (Failed(TEMPORARY), 3, [240, 360, 480]),
        (Indeterminate(TEMPORARY), 0, [60, 75, 90]),
        (Indeterminate(SILENCE), 3, [480, 600, 720]),
        (Failed(replace(TEMPORARY, retry_after_seconds=20.0)), 0, [30, 45, 60]),
        (Failed(replace(TEMPORARY, retry_after_seconds=200.0)), 0, [200, 215, 230]),
        (Indeterminate(replace(TEMPORARY, retry_after_seconds=50.0)), 0, [60, 75, 90]),
        (Indeterminate(replace(TEMPORARY, retry_after_seconds=200.0)), 0, [200, 215, 230]),
        (Failed(replace(TEMPORARY, retry_after_seconds=1e9)), 0, [302_400] * 3),
    ],
)
def test_delay_has_three_minimums_and_a_maximum(
    verdict: Failed | Indeterminate, generation: int, expected: list[int]
) -> None:
    """The minimums are half of the ceiling, all of it after a doubt, and what the API asked for."""
    assert delays(verdict, generation) == expected


def test_delay_of_an_unpublished_outcome_needs_no_reason() -> None:
    """It is as long as that of a temporary refusal."""
    assert [SHIPPED.delay_seconds(2, lambda low, high: low), SHIPPED.delay_seconds(2, longest)] == [120, 240]


def test_shortest_waits_have_no_other_minimum() -> None:
    deferral = Deferral(Backoff(2, 1.0, 60.0), 60.0)
    assert deferral.delay_seconds(0, longest) == 1
    assert delays(Failed(TEMPORARY), 0, deferral) == [1, 1, 1]


@given(
    base=st.floats(1, 86_400),
    cap=st.floats(1, 604_800),
    retention=st.floats(60, 604_800),
    asked_for=st.floats(0, 1e12),
    generation=st.integers(0, 49),
    chance=st.floats(0, 1),
    is_doubt=st.booleans(),
)
def test_every_delay_is_valid_for_the_queue(
    base: float, cap: float, retention: float, asked_for: float, generation: int, chance: float, is_doubt: bool
) -> None:
    """It is in whole seconds, at least one, at most half of the retention, and otherwise at least as requested."""
    reason = replace(TEMPORARY, retry_after_seconds=asked_for)
    verdict = Indeterminate(reason) if is_doubt else Failed(reason)
    deferral = Deferral(Backoff(51, base, cap), retention / 2)
    deferred = deferral.of(verdict, generation, lambda low, high: low + (high - low) * chance)
    assert isinstance(deferred, Deferred)
    assert type(deferred.delay_seconds) is int
    assert 1 <= deferred.delay_seconds < retention / 2 + 1
    assert deferred.delay_seconds >= min(asked_for, retention / 2)


@given(codes=st.sampled_from(["AssumeRoleFail", "Throttling.User", "InternalError", "RoleNotExist"]))
def test_refusal_is_deferred_if_its_reason_is_retryable(codes: str) -> None:
    """There is only one table of temporary errors."""
    reason: Reason = errors.reason_of(Refused(codes, 403))
    assert isinstance(SHIPPED.of(Failed(reason), 0, longest), Deferred) == reason.retryable
