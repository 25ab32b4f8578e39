"""One request becomes one verdict: when lookups are made, where, how often, and always in time."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import (
    Adoption,
    Answer,
    Created,
    Failed,
    GroupList,
    Indeterminate,
    LookupResult,
    Refused,
    Succeeded,
    Unanswered,
    Verdict,
)
from handler.provisioning.ownership import marked_description
from handler.provisioning.provisioner import Policy, Provisioner
from handler.provisioning.retry import MIN_CALL_SECONDS, ApiCall, Backoff, Deadlines
from tests.support.clock import ManualClock
from tests.support.fakes import ScriptedService, scripted
from tests.support.samples import (
    ASSUME_ROLE_FAIL,
    CREATED,
    DEADLINES,
    DUPLICATE,
    INTERNAL_ERROR,
    NO_GROUPS,
    NO_PERMISSION,
    NOT_CONNECTED,
    READ_TIMEOUT,
    REQUEST,
    THROTTLED,
    group_of,
)

IDENTICAL = GroupList((group_of(),))
ELSEWHERE = GroupList((group_of(bucket_name="another-bucket"),))
POLICY = Policy(Backoff(3, 1.0, 8.0), call_timeout_seconds=10.0, late_pause_seconds=10.0, adoption="identical")
BUCKET, ANYWHERE = "holiday-bucket", None


def provision(
    service: ScriptedService,
    policy: Policy = POLICY,
    deadlines: Deadlines = DEADLINES,
    seen: list[ApiCall] | None = None,
    *,
    in_flight: bool = False,
    is_last: bool = True,
) -> Verdict:
    """Return the verdict on REQUEST."""
    observe = ([] if seen is None else seen).append
    return Provisioner(policy, service, service.clock).provision(
        REQUEST, deadlines, observe, in_flight=in_flight, is_last=is_last
    )


def test_created_group_is_not_looked_up(clock: ManualClock) -> None:
    """A success of the API with an id is enough."""
    service = scripted(clock, [CREATED])
    assert provision(service) == Succeeded("sync-new", "created")
    assert (service.created, service.looked_up) == ([REQUEST], [])


@pytest.mark.parametrize("temporary", [ASSUME_ROLE_FAIL, THROTTLED, INTERNAL_ERROR, READ_TIMEOUT, NOT_CONNECTED])
def test_create_is_retried_until_the_group_is_created(clock: ManualClock, temporary: Answer) -> None:
    assert provision(scripted(clock, [temporary, temporary, CREATED])) == Succeeded("sync-new", "created")


# The answers and the lookups, then the verdict and the scopes of the lookups.
SEQUENCES = [
    pytest.param(
        [DUPLICATE], [IDENTICAL], Succeeded("sync-there", "existing"), [BUCKET], id="identical group of before"
    ),
    pytest.param(
        [INTERNAL_ERROR, DUPLICATE], [IDENTICAL], Succeeded("sync-there", "created"), [BUCKET], id="500 that was done"
    ),
    pytest.param(
        [READ_TIMEOUT, DUPLICATE], [IDENTICAL], Succeeded("sync-there", "created"), [BUCKET], id="answer that was lost"
    ),
    pytest.param(
        [ASSUME_ROLE_FAIL, DUPLICATE],
        [IDENTICAL],
        Succeeded("sync-there", "existing"),
        [BUCKET],
        id="not executed, then taken",
    ),
    pytest.param(
        [NO_PERMISSION], [IDENTICAL], Succeeded("sync-there", "existing"), [BUCKET], id="refused, but it is there"
    ),
    pytest.param([DUPLICATE], [NO_GROUPS, ELSEWHERE], "failed", [BUCKET, ANYWHERE], id="taken on another bucket"),
    pytest.param([NO_PERMISSION], [NO_GROUPS, NO_GROUPS], "failed", [BUCKET, ANYWHERE], id="absent everywhere"),
    pytest.param(
        [INTERNAL_ERROR] * 3,
        [NO_GROUPS] * 4,
        "indeterminate",
        [BUCKET, ANYWHERE, BUCKET, ANYWHERE],
        id="500 that may still land",
    ),
    pytest.param(
        [INTERNAL_ERROR] * 3,
        [NO_GROUPS, NO_GROUPS, IDENTICAL],
        Succeeded("sync-there", "created"),
        [BUCKET, ANYWHERE, BUCKET],
        id="500 that lands during the pause",
    ),
    pytest.param(
        [Refused("ServiceUnavailable", 503), Refused("ExpressSyncNotificationEventLimitExceed", 400)],
        [NO_GROUPS] * 4,
        "indeterminate",
        [BUCKET, ANYWHERE, BUCKET, ANYWHERE],
        id="503, then refused for good",
    ),
    pytest.param(
        [ASSUME_ROLE_FAIL] * 3, [NO_GROUPS, NO_GROUPS], "failed", [BUCKET, ANYWHERE], id="not executed and absent"
    ),
    pytest.param(
        [NOT_CONNECTED] * 3, [NO_GROUPS, NO_GROUPS], "failed", [BUCKET, ANYWHERE], id="never sent, spent and absent"
    ),
    pytest.param(
        [READ_TIMEOUT] * 3,
        [NO_GROUPS, NO_GROUPS, IDENTICAL],
        Succeeded("sync-there", "created"),
        [BUCKET, ANYWHERE, BUCKET],
        id="lands during the pause",
    ),
    pytest.param(
        [READ_TIMEOUT] * 3,
        [NO_GROUPS] * 4,
        "indeterminate",
        [BUCKET, ANYWHERE, BUCKET, ANYWHERE],
        id="may still land",
    ),
    pytest.param(
        [DUPLICATE],
        [NO_GROUPS] * 4,
        "indeterminate",
        [BUCKET, ANYWHERE, BUCKET, ANYWHERE],
        id="taken, but not found",
    ),
    pytest.param(
        [DUPLICATE],
        [NO_GROUPS, NO_GROUPS, NO_GROUPS, ELSEWHERE],
        "failed",
        [BUCKET, ANYWHERE, BUCKET, ANYWHERE],
        id="taken, seen late",
    ),
    pytest.param([DUPLICATE], [NO_PERMISSION], "indeterminate", [BUCKET], id="lookup refused for good"),
    pytest.param(
        [DUPLICATE], [NO_GROUPS, NO_PERMISSION], "indeterminate", [BUCKET, ANYWHERE], id="second lookup refused"
    ),
    pytest.param(
        [READ_TIMEOUT] * 3,
        [NO_GROUPS, NO_GROUPS, NO_PERMISSION],
        "indeterminate",
        [BUCKET, ANYWHERE, BUCKET],
        id="late lookup refused",
    ),
    pytest.param(
        [Refused("InvalidBucketName", 400)], [NO_PERMISSION], "failed", [BUCKET], id="impossible, lookup refused"
    ),
    pytest.param(
        [Refused("InvalidBucketName", 400)],
        [IDENTICAL],
        Succeeded("sync-there", "existing"),
        [BUCKET],
        id="impossible, but it is there",
    ),
    pytest.param(
        [READ_TIMEOUT, Refused("InvalidBucketName", 400)],
        [NO_PERMISSION],
        "indeterminate",
        [BUCKET],
        id="impossible after silence",
    ),
]


@pytest.mark.parametrize(("answers", "lookups", "expected", "looked_up"), SEQUENCES)
def test_verdict_of_each_sequence_of_answers(
    clock: ManualClock,
    answers: Sequence[Answer],
    lookups: Sequence[LookupResult],
    expected: Succeeded | str,
    looked_up: Sequence[str | None],
) -> None:
    """Lookups are made on the bucket first, then on all buckets, to find the name on another bucket."""
    service = scripted(clock, answers, lookups)
    verdict = provision(service)
    assert (verdict if isinstance(expected, Succeeded) else type(verdict).__name__.lower()) == expected
    assert service.looked_up == list(looked_up)
    assert len(service.created) == len(answers)


def test_failure_has_the_last_answer_as_its_reason(clock: ManualClock) -> None:
    verdict = provision(scripted(clock, [THROTTLED, Refused("RoleNotExist", 404, "API-3")], [NO_GROUPS] * 2))
    assert isinstance(verdict, Failed)
    assert (verdict.reason.code, verdict.reason.api_request_id) == ("RoleNotExist", "API-3")


def test_indeterminate_keeps_the_answer_to_the_create_call(clock: ManualClock) -> None:
    """The two lookups after it do not replace the reason."""
    verdict = provision(scripted(clock, [DUPLICATE], [NO_GROUPS] * 4))
    assert isinstance(verdict, Indeterminate)
    assert verdict.reason.code == "DuplicateExpressSyncName"


def test_adoption_policy_applies_to_the_second_lookup(clock: ManualClock) -> None:
    """A group that appears late may be claimed no more than one that was there at once."""
    policy = replace(POLICY, adoption="never")
    verdict = provision(scripted(clock, [READ_TIMEOUT] * 3, [NO_GROUPS, NO_GROUPS, IDENTICAL]), policy)
    assert isinstance(verdict, Indeterminate)
    assert verdict.reason.code == "OwnerUnknown"


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [([READ_TIMEOUT] * 3, 1), ([DUPLICATE], 1), ([INTERNAL_ERROR] * 3, 1), ([NO_PERMISSION], 0), ([THROTTLED] * 3, 0)],
)
def test_pause_is_made_only_if_an_attempt_may_still_land(
    clock: ManualClock, answers: list[Answer], pauses: int
) -> None:
    """There is one pause, before the second lookup, and none if the first lookup decides."""
    provision(scripted(clock, answers, [NO_GROUPS] * 4))
    assert clock.slept.count(POLICY.late_pause_seconds) == pauses


def test_pause_is_observed_with_the_call_after_it(clock: ManualClock) -> None:
    seen: list[ApiCall] = []
    provision(scripted(clock, [DUPLICATE], [NO_GROUPS] * 4), seen=seen)
    assert [call.paused_seconds for call in seen] == [0.0, 0.0, 0.0, POLICY.late_pause_seconds, 0.0]


def test_pause_leaves_time_for_the_second_lookup(clock: ManualClock) -> None:
    """Near the deadline the pause is as long as one call after it allows."""
    deadlines = Deadlines(create=clock.now() + 2, lookup=clock.now() + 5, publish=clock.now() + 6)
    service = scripted(clock, [DUPLICATE], [NO_GROUPS] * 4)
    assert isinstance(provision(service, deadlines=deadlines), Indeterminate)
    assert 5 - MIN_CALL_SECONDS in clock.slept
    assert service.looked_up == [BUCKET, ANYWHERE, BUCKET, ANYWHERE]
    assert clock.now() <= deadlines.lookup


@pytest.mark.parametrize(
    ("lookups", "expected"),
    [
        ([NO_GROUPS] * 4, "indeterminate"),
        ([NO_GROUPS] * 2 + [IDENTICAL], "succeeded"),
        ([ELSEWHERE], "failed"),
        ([NO_GROUPS] * 2 + [ELSEWHERE], "failed"),
    ],
)
def test_earlier_attempt_in_flight_delays_the_verdict(
    clock: ManualClock, lookups: list[LookupResult], expected: str
) -> None:
    """It may still make the group, even if this attempt was refused for good."""
    verdict = provision(scripted(clock, [NO_PERMISSION], lookups), in_flight=True)
    assert type(verdict).__name__.lower() == expected


@pytest.mark.parametrize(
    ("lookups", "looked_up", "expected"),
    [
        ([NO_GROUPS] * 2, [BUCKET, ANYWHERE], "failed"),
        ([IDENTICAL], [BUCKET], "succeeded"),
        ([NO_PERMISSION], [BUCKET], "indeterminate"),
    ],
)
def test_lookup_decides_if_there_is_no_time_to_create(
    clock: ManualClock, lookups: list[LookupResult], looked_up: list[str | None], expected: str
) -> None:
    """Nothing is sent; if the lookup decides nothing, the code is OutOfTime."""
    service = scripted(clock, lookups=lookups)
    verdict = provision(service, deadlines=replace(DEADLINES, create=clock.now()))
    assert (type(verdict).__name__.lower(), service.created, service.looked_up) == (expected, [], looked_up)
    assert not isinstance(verdict, Failed | Indeterminate) or verdict.reason.code == "OutOfTime"


def test_verdict_without_time_for_a_call_is_indeterminate(clock: ManualClock) -> None:
    """The API is not called; the verdict may settle later."""
    service = scripted(clock)
    verdict = provision(service, deadlines=Deadlines(clock.now(), clock.now(), clock.now()))
    assert isinstance(verdict, Indeterminate)
    assert (verdict.reason.code, verdict.may_become_known, verdict.reason.retryable) == ("OutOfTime", True, True)


@pytest.mark.parametrize(
    ("asked_of_create", "asked_of_lookup", "expected"), [(0.0, 9.0, 9.0), (5.0, 9.0, 9.0), (9.0, 5.0, 9.0)]
)
def test_indeterminate_has_the_longest_requested_wait(
    clock: ManualClock, asked_of_create: float, asked_of_lookup: float, expected: float
) -> None:
    """Create and lookup may both be throttled; the longer wait applies to the next generation."""
    refused = Refused("NoPermission", 403, retry_after_seconds=asked_of_create)
    service = scripted(clock, [refused], [Refused("NoPermission", 403, retry_after_seconds=asked_of_lookup)])
    verdict = provision(service)
    assert isinstance(verdict, Indeterminate)
    assert (verdict.reason.code, verdict.reason.retry_after_seconds) == ("NoPermission", expected)


def test_refused_lookup_adds_only_its_wait_to_a_final_verdict(clock: ManualClock) -> None:
    limited = Refused("InvalidBucketName", 400)
    service = scripted(clock, [limited], [Refused("NoPermission", 403, retry_after_seconds=3.0)])
    verdict = provision(service)
    assert isinstance(verdict, Failed)
    assert (verdict.reason.code, verdict.reason.retry_after_seconds) == ("InvalidBucketName", 3.0)


def test_second_lookup_follows_at_once_without_a_pause(clock: ManualClock) -> None:
    service = scripted(clock, [DUPLICATE], [NO_GROUPS] * 4)
    provision(service, replace(POLICY, late_pause_seconds=0.0))
    assert set(clock.slept) == {0.0}
    assert len(service.looked_up) == 4


def test_pause_is_never_negative(clock: ManualClock) -> None:
    """The clock refuses a negative sleep, as the lookups use up all the time."""
    deadlines = Deadlines(create=clock.now() + 2, lookup=clock.now() + 4, publish=clock.now() + 6)
    verdict = provision(scripted(clock, [DUPLICATE], [NO_GROUPS] * 2, call_seconds=1.3), deadlines=deadlines)
    assert isinstance(verdict, Indeterminate)


def test_last_lookup_is_retried_until_the_deadline(clock: ManualClock) -> None:
    """The attempts of a create call do not bound it: a true verdict requires a lookup."""
    service = scripted(clock, [DUPLICATE], [*[INTERNAL_ERROR] * 5, IDENTICAL])
    assert provision(service) == Succeeded("sync-there", "existing")
    assert service.looked_up == [BUCKET] * 6


def test_lookups_are_bounded_while_a_deferral_is_left(clock: ManualClock) -> None:
    """The next generation looks up again, and until then the function costs nothing."""
    service = scripted(clock, [DUPLICATE], [INTERNAL_ERROR] * 3)
    assert isinstance(provision(service, is_last=False), Indeterminate)
    assert service.looked_up == [BUCKET] * 3


def test_lookup_that_always_fails_is_indeterminate_in_time(clock: ManualClock) -> None:
    verdict = provision(scripted(clock, [DUPLICATE], [INTERNAL_ERROR] * 1000))
    assert isinstance(verdict, Indeterminate)
    assert clock.now() <= DEADLINES.lookup


def test_create_calls_leave_time_for_a_lookup(clock: ManualClock) -> None:
    """The number of attempts that the policy allows does not matter."""
    patient = replace(POLICY, backoff=Backoff(1000, 1.0, 8.0))
    service = scripted(clock, [THROTTLED] * 1000, [NO_GROUPS] * 2, call_seconds=3.0)
    seen: list[ApiCall] = []
    assert isinstance(provision(service, patient, seen=seen), Failed)
    assert 1 < len(service.created) < 1000
    assert service.looked_up == [BUCKET, ANYWHERE]
    assert clock.now() <= DEADLINES.lookup


def test_create_and_lookup_get_the_timeout_of_the_policy(clock: ManualClock) -> None:
    service = scripted(clock, [DUPLICATE], [IDENTICAL])
    provision(service, replace(POLICY, call_timeout_seconds=4.0))
    assert service.timeouts == [4.0, 4.0]


def test_observer_gets_the_operation_of_every_call(clock: ManualClock) -> None:
    seen: list[ApiCall] = []
    provision(scripted(clock, [THROTTLED, DUPLICATE], [NO_GROUPS, IDENTICAL]), seen=seen)
    assert [(attempt.operation, attempt.number) for attempt in seen] == [
        ("CreateExpressSync", 1),
        ("CreateExpressSync", 2),
        ("DescribeExpressSyncs", 1),
        ("DescribeExpressSyncs", 1),
    ]


@pytest.mark.parametrize("adoption", ["identical", "never"])
def test_description_is_unchanged_unless_the_policy_is_owned(clock: ManualClock, adoption: Adoption) -> None:
    service = scripted(clock, [CREATED])
    provision(service, replace(POLICY, adoption=adoption))
    assert service.created == [REQUEST]


def test_owned_puts_the_mark_into_every_attempt(clock: ManualClock) -> None:
    """The group is recognised by the mark and by nothing else."""
    marked = replace(REQUEST, description=marked_description(REQUEST))
    ours = GroupList((group_of(description=marked.description),))
    owned = replace(POLICY, adoption="owned")
    service = scripted(clock, [READ_TIMEOUT, DUPLICATE], [ours])
    assert provision(service, owned) == Succeeded("sync-there", "created")
    assert service.created == [marked, marked]
    assert isinstance(provision(scripted(clock, [DUPLICATE], [IDENTICAL]), owned), Failed)


def test_never_claims_only_a_group_that_the_api_says_was_made(clock: ManualClock) -> None:
    """An identical group that already exists is not claimed."""
    never = replace(POLICY, adoption="never")
    assert provision(scripted(clock, [CREATED]), never) == Succeeded("sync-new", "created")
    assert isinstance(provision(scripted(clock, [DUPLICATE], [IDENTICAL]), never), Indeterminate)


anything = st.sampled_from(
    [
        CREATED,
        THROTTLED,
        ASSUME_ROLE_FAIL,
        INTERNAL_ERROR,
        READ_TIMEOUT,
        NOT_CONNECTED,
        DUPLICATE,
        NO_PERMISSION,
        Refused("Throttling", 400, retry_after_seconds=40.0),
        Refused("InvalidBucketName", 400),
    ]
)
any_lookup = st.sampled_from([NO_GROUPS, IDENTICAL, ELSEWHERE, INTERNAL_ERROR, NO_PERMISSION, READ_TIMEOUT])


@given(
    answers=st.lists(anything, min_size=20, max_size=20),
    lookups=st.lists(any_lookup, min_size=1, max_size=6),
    call_seconds=st.floats(0.5, 15),
    fraction=st.floats(0.2, 1),
    timeout=st.integers(3, 300),
    adoption=st.sampled_from(["identical", "never", "owned"]),
)
def test_verdict_is_always_in_time_and_founded(
    answers: list[Answer],
    lookups: list[LookupResult],
    call_seconds: float,
    fraction: float,
    timeout: int,
    adoption: Adoption,
) -> None:
    """For any answers and any slowness, `failed` needs a lookup or an impossible request."""
    clock = ManualClock(fraction=fraction)
    deadlines = Deadlines.of(clock.now(), timeout, 25.0, 15.0)
    service, seen = scripted(clock, answers, cycle(lookups), call_seconds), list[ApiCall]()
    verdict = provision(service, replace(POLICY, adoption=adoption), deadlines, seen)
    assert clock.now() <= deadlines.lookup + 1e-6
    results = [attempt.result for attempt in seen if attempt.operation == "DescribeExpressSyncs"]
    creates = [attempt.result for attempt in seen if attempt.operation == "CreateExpressSync"]
    match verdict:
        case Failed(reason):
            assert reason.code == "InvalidBucketName" or isinstance(results[-1], GroupList)
            assert results[-1:] in ([ELSEWHERE], [IDENTICAL]) or not any(
                isinstance(each, Unanswered) and each.sent for each in creates
            )
        case Succeeded(express_sync_id):
            shown = isinstance(creates[-1], Created) or results[-1] == IDENTICAL
            assert shown
            assert express_sync_id
        case _:
            assert isinstance(verdict, Indeterminate)
