"""The second tier of retries: what is deferred, for how long, and up to which generation."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import Deferred, Failed, Indeterminate, Reason, Refused, Rejected, Succeeded, Unanswered, Verdict
from handler.provisioning import errors
from handler.provisioning.deferral import Deferral
from handler.provisioning.retry import Backoff, Uniform

PASSING = errors.reason_of(Refused("AssumeRoleFail", 403))
LASTING = errors.reason_of(Refused("RoleNotExist", 404))
SILENCE = errors.reason_of(Unanswered("ReadTimeout", sent=True))
LONGEST = 302_400.0
SHIPPED = Deferral(Backoff(7, 60.0, 3600.0), LONGEST)

FINAL: list[Verdict] = [
    Succeeded("sync-1", "created"),
    Rejected(()),
    Failed(LASTING),
    Indeterminate(SILENCE, may_settle=False),
]
OPEN: list[Failed | Indeterminate] = [Failed(PASSING), Failed(SILENCE), Indeterminate(SILENCE), Indeterminate(LASTING)]


def longest(low: float, high: float) -> float:
    """Chance at its upper end."""
    return high


def delay(deferral: Deferral, generation: int, chance: float = 1.0) -> int:
    """The seconds for which a generation is put off, with chance somewhere between its ends."""
    deferred = deferral.of(Failed(PASSING), generation, lambda low, high: low + (high - low) * chance)
    assert isinstance(deferred, Deferred)
    return deferred.delay_seconds


@pytest.mark.parametrize("verdict", FINAL)
@pytest.mark.parametrize("generation", [0, 6, 1000])
def test_what_is_settled_is_not_deferred(verdict: Verdict, generation: int) -> None:
    """Nor what another try cannot settle: a lasting refusal, a fault of ours, a forbidden adoption."""
    assert SHIPPED.of(verdict, generation, longest) is verdict


@pytest.mark.parametrize("verdict", OPEN)
def test_what_may_pass_is_deferred_with_its_reason(verdict: Failed | Indeterminate) -> None:
    """Doubt may settle even if the last answer was a refusal: what was sent before it lands or not."""
    assert SHIPPED.of(verdict, 0, longest) == Deferred(verdict.reason, 90 if isinstance(verdict, Indeterminate) else 60)


@pytest.mark.parametrize("verdict", OPEN)
@pytest.mark.parametrize(("deferrals", "generation"), [(0, 0), (1, 1), (6, 6), (6, 7), (6, 1000)])
def test_in_the_last_generation_the_verdict_stands(
    verdict: Failed | Indeterminate, deferrals: int, generation: int
) -> None:
    """Also in one beyond it, which only a stranger can have counted."""
    assert Deferral(Backoff(deferrals + 1, 60.0, 3600.0), LONGEST).of(verdict, generation, longest) is verdict


@pytest.mark.parametrize("deferrals", [0, 1, 6, 50])
def test_there_are_as_many_deferrals_as_are_set(deferrals: int) -> None:
    """Counted from the first generation, which is 0."""
    deferral = Deferral(Backoff(deferrals + 1, 60.0, 3600.0), LONGEST)
    verdicts = [deferral.of(Failed(PASSING), generation, longest) for generation in range(deferrals + 1)]
    assert [isinstance(verdict, Deferred) for verdict in verdicts] == [True] * deferrals + [False]


def test_the_delay_doubles_up_to_its_cap() -> None:
    """A minute, two, four, … an hour."""
    assert [delay(SHIPPED, generation) for generation in range(6)] == [60, 120, 240, 480, 960, 1920]
    assert delay(Deferral(Backoff(9, 60.0, 3600.0), LONGEST), 7) == 3600


def test_the_delay_has_jitter_over_a_floor() -> None:
    """At least half of its ceiling, so that the generations outlast an outage; spread, so that not all come at once."""
    assert [delay(SHIPPED, 2, chance) for chance in (0.0, 0.5, 1.0)] == [120, 180, 240]


def chance_at(share: float) -> Uniform:
    """Chance that always falls on the same place in its range."""
    return lambda low, high: low + (high - low) * share


def delays(verdict: Failed | Indeterminate, generation: int, deferral: Deferral = SHIPPED) -> list[int]:
    """The shortest, the middle and the longest delay that chance may draw."""
    drawn = [deferral.of(verdict, generation, chance_at(share)) for share in (0.0, 0.5, 1.0)]
    assert all(isinstance(each, Deferred) for each in drawn)
    return [each.delay_seconds for each in drawn if isinstance(each, Deferred)]


@pytest.mark.parametrize(
    ("verdict", "generation", "expected"),
    [
        (Failed(PASSING), 0, [30, 45, 60]),
        (Failed(PASSING), 3, [240, 360, 480]),
        (Indeterminate(PASSING), 0, [60, 75, 90]),
        (Indeterminate(SILENCE), 3, [480, 600, 720]),
        (Failed(replace(PASSING, retry_after_seconds=20.0)), 0, [30, 45, 60]),
        (Failed(replace(PASSING, retry_after_seconds=200.0)), 0, [200, 215, 230]),
        (Indeterminate(replace(PASSING, retry_after_seconds=50.0)), 0, [60, 75, 90]),
        (Indeterminate(replace(PASSING, retry_after_seconds=200.0)), 0, [200, 215, 230]),
        (Failed(replace(PASSING, retry_after_seconds=1e9)), 0, [302_400] * 3),
    ],
)
def test_the_delay_has_three_floors_and_a_bound(
    verdict: Failed | Indeterminate, generation: int, expected: list[int]
) -> None:
    """Half of the ceiling, all of it after a doubt, and what the API asked for; at most half of the retention time."""
    assert delays(verdict, generation) == expected


def test_the_delay_of_what_was_not_announced_has_no_reason() -> None:
    """A request whose outcome could not be published waits like one that was refused for a while."""
    assert [SHIPPED.delay_seconds(2, lambda low, high: low), SHIPPED.delay_seconds(2, longest)] == [120, 240]


@given(
    base=st.floats(1, 86_400),
    cap=st.floats(1, 604_800),
    retention=st.floats(60, 604_800),
    asked_for=st.floats(0, 1e12),
    generation=st.integers(0, 49),
    chance=st.floats(0, 1),
    is_doubt=st.booleans(),
)
def test_every_delay_is_one_that_the_queue_takes(
    base: float, cap: float, retention: float, asked_for: float, generation: int, chance: float, is_doubt: bool
) -> None:
    """Whole seconds, at least one, at most half of the retention time, and never sooner than asked within that."""
    reason = replace(PASSING, retry_after_seconds=asked_for)
    verdict = Indeterminate(reason) if is_doubt else Failed(reason)
    deferral = Deferral(Backoff(51, base, cap), retention / 2)
    deferred = deferral.of(verdict, generation, lambda low, high: low + (high - low) * chance)
    assert isinstance(deferred, Deferred)
    assert type(deferred.delay_seconds) is int
    assert 1 <= deferred.delay_seconds < retention / 2 + 1
    assert deferred.delay_seconds >= min(asked_for, retention / 2)


@given(codes=st.sampled_from(["AssumeRoleFail", "Throttling.User", "InternalError", "RoleNotExist"]))
def test_whether_a_refusal_is_put_off_is_what_its_reason_says(codes: str) -> None:
    """One table says what may pass, and no second one."""
    reason: Reason = errors.reason_of(Refused(codes, 403))
    assert isinstance(SHIPPED.of(Failed(reason), 0, longest), Deferred) == reason.retryable
