"""The second tier of retries: what is put off, how long, and until when it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import answers
from handler.backoff import Backoff
from handler.deferral import Deferral
from handler.model import Deferred, Failed, Indeterminate, Reason, Refused, Rejected, Succeeded, Unanswered, Verdict

PASSING = answers.reason(Refused("AssumeRoleFail", 403))
LASTING = answers.reason(Refused("RoleNotExist", 404))
SILENCE = answers.reason(Unanswered("ReadTimeout", sent=True))
SHIPPED = Deferral(Backoff(7, 60.0, 3600.0))

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
def test_what_is_settled_is_not_put_off(verdict: Verdict, generation: int) -> None:
    """Nor what another try cannot settle: a lasting refusal, a fault of ours, a forbidden adoption."""
    assert SHIPPED.of(verdict, generation, longest) is verdict


@pytest.mark.parametrize("verdict", OPEN)
def test_what_may_pass_is_put_off_with_its_reason(verdict: Failed | Indeterminate) -> None:
    """Doubt may settle even if the last answer was a refusal: what was sent before it lands or not."""
    assert SHIPPED.of(verdict, 0, longest) == Deferred(verdict.reason, 60)


@pytest.mark.parametrize("verdict", OPEN)
@pytest.mark.parametrize(("deferrals", "generation"), [(0, 0), (1, 1), (6, 6), (6, 7), (6, 1000)])
def test_in_the_last_generation_the_verdict_stands(
    verdict: Failed | Indeterminate, deferrals: int, generation: int
) -> None:
    """Also in one beyond it, which only a stranger can have counted."""
    assert Deferral(Backoff(deferrals + 1, 60.0, 3600.0)).of(verdict, generation, longest) is verdict


@pytest.mark.parametrize("deferrals", [0, 1, 6, 50])
def test_there_are_as_many_deferrals_as_are_set(deferrals: int) -> None:
    """Counted from the first generation, which is 0."""
    deferral = Deferral(Backoff(deferrals + 1, 60.0, 3600.0))
    verdicts = [deferral.of(Failed(PASSING), generation, longest) for generation in range(deferrals + 1)]
    assert [isinstance(verdict, Deferred) for verdict in verdicts] == [True] * deferrals + [False]


def test_the_delay_doubles_up_to_its_cap() -> None:
    """A minute, two, four, … an hour."""
    assert [delay(SHIPPED, generation) for generation in range(6)] == [60, 120, 240, 480, 960, 1920]
    assert delay(Deferral(Backoff(9, 60.0, 3600.0)), 7) == 3600


def test_the_delay_has_jitter_over_a_floor() -> None:
    """At least half of its ceiling, so that the generations outlast an outage; spread, so that not all come at once."""
    assert [delay(SHIPPED, 2, chance) for chance in (0.0, 0.5, 1.0)] == [120, 180, 240]


@given(
    base=st.floats(1, 86_400),
    cap=st.floats(1, 604_800),
    generation=st.integers(0, 49),
    chance=st.floats(0, 1),
)
def test_every_delay_is_one_that_the_queue_takes(base: float, cap: float, generation: int, chance: float) -> None:
    """Whole seconds, at least one and at most a week, for every setting that is allowed."""
    seconds = delay(Deferral(Backoff(51, base, cap)), generation, chance)
    assert type(seconds) is int
    assert 1 <= seconds <= 604_800


@given(codes=st.sampled_from(["AssumeRoleFail", "Throttling.User", "InternalError", "RoleNotExist"]))
def test_whether_a_refusal_is_put_off_is_what_its_reason_says(codes: str) -> None:
    """One table says what may pass, and no second one."""
    reason: Reason = answers.reason(Refused(codes, 403))
    assert isinstance(SHIPPED.of(Failed(reason), 0, longest), Deferred) == reason.retryable
