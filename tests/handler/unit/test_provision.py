"""One request to one verdict: when it looks, where, how often, and that it is never late."""

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
from handler.provisioning.retry import MIN_CALL_SECONDS, Attempt, Backoff, Deadlines
from tests.handler.unit import fakes
from tests.handler.unit.fakes import (
    ASSUME_ROLE_FAIL,
    CREATED,
    DUPLICATE,
    INTERNAL_ERROR,
    NO_GROUPS,
    NO_PERMISSION,
    NOT_CONNECTED,
    READ_TIMEOUT,
    REQUEST,
    THROTTLED,
    FakeClock,
    ScriptedService,
    group_of,
    scripted,
)

IDENTICAL = GroupList((group_of(),))
ELSEWHERE = GroupList((group_of(bucket_name="another-bucket"),))
POLICY = Policy(Backoff(3, 1.0, 8.0), call_timeout_seconds=10.0, late_pause_seconds=10.0, adoption="identical")
BUCKET, ANYWHERE = "holiday-bucket", None
DEADLINES = Deadlines(create=1078.0, lookup=1103.0, publish=1118.0)


def provision(
    service: ScriptedService,
    policy: Policy = POLICY,
    deadlines: Deadlines = DEADLINES,
    seen: list[Attempt] | None = None,
    *,
    in_flight: bool = False,
    is_last: bool = True,
) -> Verdict:
    """The verdict on REQUEST."""
    observe = fakes.ignore if seen is None else seen.append
    return Provisioner(policy, service, service.clock).provision(
        REQUEST, deadlines, observe, in_flight=in_flight, is_last=is_last
    )


def test_a_group_that_was_created_is_not_looked_for(clock: FakeClock) -> None:
    """The API's own word for success, with its id, is enough."""
    service = scripted(clock, [CREATED])
    assert provision(service) == Succeeded("sync-new", "created")
    assert (service.created, service.looked) == ([REQUEST], [])


@pytest.mark.parametrize("passing", [ASSUME_ROLE_FAIL, THROTTLED, INTERNAL_ERROR, READ_TIMEOUT, NOT_CONNECTED])
def test_a_passing_fault_is_sat_out(clock: FakeClock, passing: Answer) -> None:
    """The group that is created in the end is created, whatever came before."""
    assert provision(scripted(clock, [passing, passing, CREATED])) == Succeeded("sync-new", "created")


# What the answers and the looks are, then the verdict and the places looked at.
STORIES = [
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
        id="taken by nobody to be seen",
    ),
    pytest.param(
        [DUPLICATE],
        [NO_GROUPS, NO_GROUPS, NO_GROUPS, ELSEWHERE],
        "failed",
        [BUCKET, ANYWHERE, BUCKET, ANYWHERE],
        id="taken, seen late",
    ),
    pytest.param([DUPLICATE], [NO_PERMISSION], "indeterminate", [BUCKET], id="look refused for good"),
    pytest.param(
        [DUPLICATE], [NO_GROUPS, NO_PERMISSION], "indeterminate", [BUCKET, ANYWHERE], id="second look refused"
    ),
    pytest.param(
        [READ_TIMEOUT] * 3,
        [NO_GROUPS, NO_GROUPS, NO_PERMISSION],
        "indeterminate",
        [BUCKET, ANYWHERE, BUCKET],
        id="late look refused",
    ),
    pytest.param(
        [Refused("InvalidBucketName", 400)], [NO_PERMISSION], "failed", [BUCKET], id="impossible, look refused"
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


@pytest.mark.parametrize(("answers", "findings", "expected", "looked"), STORIES)
def test_the_verdict_of_each_story(
    clock: FakeClock,
    answers: Sequence[Answer],
    findings: Sequence[LookupResult],
    expected: Succeeded | str,
    looked: Sequence[str | None],
) -> None:
    """On the bucket first, then everywhere, so that a group of the name on another bucket is found."""
    service = scripted(clock, answers, findings)
    verdict = provision(service)
    assert (verdict if isinstance(expected, Succeeded) else type(verdict).__name__.lower()) == expected
    assert service.looked == list(looked)
    assert len(service.created) == len(answers)


def test_a_failure_says_what_was_answered_last(clock: FakeClock) -> None:
    """The reason is the answer that stands, not the first one."""
    verdict = provision(scripted(clock, [THROTTLED, Refused("RoleNotExist", 404, "API-3")], [NO_GROUPS] * 2))
    assert isinstance(verdict, Failed)
    assert (verdict.reason.code, verdict.reason.api_request_id) == ("RoleNotExist", "API-3")


def test_a_riddle_keeps_its_last_answer_as_reason(clock: FakeClock) -> None:
    """`indeterminate` after two looks names what was answered to the create call."""
    verdict = provision(scripted(clock, [DUPLICATE], [NO_GROUPS] * 4))
    assert isinstance(verdict, Indeterminate)
    assert verdict.reason.code == "DuplicateExpressSyncName"


def test_the_adoption_policy_holds_for_the_second_look_too(clock: FakeClock) -> None:
    """A group that shows up late is no more ours than one that was there at once."""
    policy = replace(POLICY, adoption="never")
    verdict = provision(scripted(clock, [READ_TIMEOUT] * 3, [NO_GROUPS, NO_GROUPS, IDENTICAL]), policy)
    assert isinstance(verdict, Indeterminate)
    assert verdict.reason.code == "OwnerUnknown"


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [([READ_TIMEOUT] * 3, 1), ([DUPLICATE], 1), ([INTERNAL_ERROR] * 3, 1), ([NO_PERMISSION], 0), ([THROTTLED] * 3, 0)],
)
def test_only_an_attempt_that_may_land_is_paused_for(clock: FakeClock, answers: list[Answer], pauses: int) -> None:
    """One pause of the policy's length before the second look; none where the first look decides."""
    provision(scripted(clock, answers, [NO_GROUPS] * 4))
    assert clock.slept.count(POLICY.late_pause_seconds) == pauses


def test_the_pause_leaves_room_for_the_second_look(clock: FakeClock) -> None:
    """Near the deadline it is as long as it can be for one call to fit after it."""
    deadlines = Deadlines(create=clock.now() + 2, lookup=clock.now() + 5, publish=clock.now() + 6)
    service = scripted(clock, [DUPLICATE], [NO_GROUPS] * 4)
    assert isinstance(provision(service, deadlines=deadlines), Indeterminate)
    assert 5 - MIN_CALL_SECONDS in clock.slept
    assert service.looked == [BUCKET, ANYWHERE, BUCKET, ANYWHERE]
    assert clock.now() <= deadlines.lookup


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([NO_GROUPS] * 4, "indeterminate"),
        ([NO_GROUPS] * 2 + [IDENTICAL], "succeeded"),
        ([ELSEWHERE], "failed"),
        ([NO_GROUPS] * 2 + [ELSEWHERE], "failed"),
    ],
)
def test_an_earlier_attempt_in_flight_is_waited_for(
    clock: FakeClock, findings: list[LookupResult], expected: str
) -> None:
    """What was sent for the same group before may still make it, however surely this attempt was refused."""
    verdict = provision(scripted(clock, [NO_PERMISSION], findings), in_flight=True)
    assert type(verdict).__name__.lower() == expected


@pytest.mark.parametrize(
    ("findings", "looked", "expected"),
    [
        ([NO_GROUPS] * 2, [BUCKET, ANYWHERE], "failed"),
        ([IDENTICAL], [BUCKET], "succeeded"),
        ([NO_PERMISSION], [BUCKET], "indeterminate"),
    ],
)
def test_without_time_to_create_there_is_only_a_lookup(
    clock: FakeClock, findings: list[LookupResult], looked: list[str | None], expected: str
) -> None:
    """Nothing is sent; the lookup that still fits decides, and what it leaves open is a matter of time."""
    service = scripted(clock, findings=findings)
    verdict = provision(service, deadlines=replace(DEADLINES, create=clock.now()))
    assert (type(verdict).__name__.lower(), service.created, service.looked) == (expected, [], looked)
    assert not isinstance(verdict, Failed | Indeterminate) or verdict.reason.code == "OutOfTime"


def test_without_time_for_any_call_nothing_is_known(clock: FakeClock) -> None:
    """The API is not called; the verdict is open and may settle at another time."""
    service = scripted(clock)
    verdict = provision(service, deadlines=Deadlines(clock.now(), clock.now(), clock.now()))
    assert isinstance(verdict, Indeterminate)
    assert (verdict.reason.code, verdict.may_settle, verdict.reason.retryable) == ("OutOfTime", True, True)


@pytest.mark.parametrize(
    ("asked_of_create", "asked_of_lookup", "expected"), [(0.0, 9.0, 9.0), (5.0, 9.0, 9.0), (9.0, 5.0, 9.0)]
)
def test_an_open_verdict_waits_as_long_as_any_call_was_asked_to(
    clock: FakeClock, asked_of_create: float, asked_of_lookup: float, expected: float
) -> None:
    """Create and lookup may both be throttled; the longer of the two waits counts for the next generation."""
    refused = Refused("NoPermission", 403, retry_after_seconds=asked_of_create)
    service = scripted(clock, [refused], [Refused("NoPermission", 403, retry_after_seconds=asked_of_lookup)])
    verdict = provision(service)
    assert isinstance(verdict, Indeterminate)
    assert (verdict.reason.code, verdict.reason.retry_after_seconds) == ("NoPermission", expected)


def test_a_refused_lookup_leaves_what_may_not_settle_as_it_is(clock: FakeClock) -> None:
    """The wait that a lookup was asked for changes nothing else of the verdict."""
    limited = Refused("InvalidBucketName", 400)
    service = scripted(clock, [limited], [Refused("NoPermission", 403, retry_after_seconds=3.0)])
    verdict = provision(service)
    assert isinstance(verdict, Failed)
    assert (verdict.reason.code, verdict.reason.retry_after_seconds) == ("InvalidBucketName", 3.0)


def test_a_pause_of_nothing_is_nothing(clock: FakeClock) -> None:
    """Where the policy wants none, the second look follows at once."""
    service = scripted(clock, [DUPLICATE], [NO_GROUPS] * 4)
    provision(service, replace(POLICY, late_pause_seconds=0.0))
    assert set(clock.slept) == {0.0}
    assert len(service.looked) == 4


def test_no_pause_is_negative(clock: FakeClock) -> None:
    """Where the looks have used all the time up, nothing is slept (the clock refuses a negative sleep)."""
    deadlines = Deadlines(create=clock.now() + 2, lookup=clock.now() + 4, publish=clock.now() + 6)
    verdict = provision(scripted(clock, [DUPLICATE], [NO_GROUPS] * 2, call_seconds=1.3), deadlines=deadlines)
    assert isinstance(verdict, Indeterminate)


def test_a_look_is_insisted_on_beyond_the_attempts_of_a_create(clock: FakeClock) -> None:
    """Only the deadline ends it: without a look nothing true can be said."""
    service = scripted(clock, [DUPLICATE], [*[INTERNAL_ERROR] * 5, IDENTICAL])
    assert provision(service) == Succeeded("sync-there", "existing")
    assert service.looked == [BUCKET] * 6


def test_lookups_end_with_the_attempts_while_a_deferral_is_left(clock: FakeClock) -> None:
    """The next generation looks again, and until then the time of the function is not billed."""
    service = scripted(clock, [DUPLICATE], [INTERNAL_ERROR] * 3)
    assert isinstance(provision(service, is_last=False), Indeterminate)
    assert service.looked == [BUCKET] * 3


def test_a_look_that_fails_until_the_deadline_is_indeterminate(clock: FakeClock) -> None:
    """Never failed, and never late."""
    verdict = provision(scripted(clock, [DUPLICATE], [INTERNAL_ERROR] * 1000))
    assert isinstance(verdict, Indeterminate)
    assert clock.now() <= DEADLINES.lookup


def test_creating_ends_early_enough_for_a_lookup(clock: FakeClock) -> None:
    """However many attempts the policy allows."""
    patient = replace(POLICY, backoff=Backoff(1000, 1.0, 8.0))
    service = scripted(clock, [THROTTLED] * 1000, [NO_GROUPS] * 2, call_seconds=3.0)
    seen: list[Attempt] = []
    assert isinstance(provision(service, patient, seen=seen), Failed)
    assert 1 < len(service.created) < 1000
    assert service.looked == [BUCKET, ANYWHERE]
    assert clock.now() <= DEADLINES.lookup


def test_a_call_is_given_its_timeout(clock: FakeClock) -> None:
    """Create and look alike."""
    service = scripted(clock, [DUPLICATE], [IDENTICAL])
    provision(service, replace(POLICY, call_timeout_seconds=4.0))
    assert service.timeouts == [4.0, 4.0]


def test_the_observer_is_told_of_creates_and_looks_by_name(clock: FakeClock) -> None:
    """So that a journal can tell them apart."""
    seen: list[Attempt] = []
    provision(scripted(clock, [THROTTLED, DUPLICATE], [NO_GROUPS, IDENTICAL]), seen=seen)
    assert [(attempt.operation, attempt.number) for attempt in seen] == [
        ("CreateExpressSync", 1),
        ("CreateExpressSync", 2),
        ("DescribeExpressSyncs", 1),
        ("DescribeExpressSyncs", 1),
    ]


@pytest.mark.parametrize("adoption", ["identical", "never"])
def test_without_ownership_the_description_is_sent_as_it_came(clock: FakeClock, adoption: Adoption) -> None:
    """No policy but `owned` leaves a trace."""
    service = scripted(clock, [CREATED])
    provision(service, replace(POLICY, adoption=adoption))
    assert service.created == [REQUEST]


def test_under_owned_every_attempt_bears_the_mark(clock: FakeClock) -> None:
    """The group is recognised by it, and by nothing else."""
    marked = replace(REQUEST, description=marked_description(REQUEST))
    ours = GroupList((group_of(description=marked.description),))
    owned = replace(POLICY, adoption="owned")
    service = scripted(clock, [READ_TIMEOUT, DUPLICATE], [ours])
    assert provision(service, owned) == Succeeded("sync-there", "created")
    assert service.created == [marked, marked]
    assert isinstance(provision(scripted(clock, [DUPLICATE], [IDENTICAL]), owned), Failed)


def test_switched_off_adoption_claims_only_what_this_run_was_told_it_made(clock: FakeClock) -> None:
    """An identical group that is there already is nobody's to claim; one that the API says was made is ours."""
    never = replace(POLICY, adoption="never")
    assert provision(scripted(clock, [CREATED]), never) == Succeeded("sync-new", "created")
    assert isinstance(provision(scripted(clock, [DUPLICATE], [IDENTICAL]), never), Indeterminate)


@pytest.mark.parametrize(
    ("timeout", "create", "look", "publish"),
    [
        (120, 75.0, 100.0, 115.0),
        (300, 255.0, 280.0, 295.0),
        (60, 25.0, 43.0, 55.0),
        (10, 4.0, 7.0, 9.0),
        (1, 0.4, 0.7, 0.9),
    ],
)
def test_reserves_give_way_on_a_short_timeout(timeout: int, create: float, look: float, publish: float) -> None:
    """Of a short timeout 40 % is left for creating, 30 % for looking, 20 % for publishing, 10 % to return."""
    deadlines = Deadlines.of(0.0, timeout, lookup_reserve=25.0, publish_reserve=15.0)
    assert (deadlines.create, deadlines.lookup, deadlines.publish) == pytest.approx((create, look, publish))


@given(
    began=st.floats(0, 1e6),
    timeout=st.floats(1, 86400),
    lookup_reserve=st.floats(0, 250),
    publish_reserve=st.floats(0, 250),
)
def test_the_deadlines_stand_in_order_within_the_timeout(
    began: float, timeout: float, lookup_reserve: float, publish_reserve: float
) -> None:
    """There is time to create, then to look, then to publish, then to return, whatever is set."""
    deadlines = Deadlines.of(began, timeout, lookup_reserve, publish_reserve)
    assert began < deadlines.create <= deadlines.lookup <= deadlines.publish < began + timeout
    assert deadlines.create - began >= 0.4 * timeout - 1e-6


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
any_finding = st.sampled_from([NO_GROUPS, IDENTICAL, ELSEWHERE, INTERNAL_ERROR, NO_PERMISSION, READ_TIMEOUT])


@given(
    answers=st.lists(anything, min_size=20, max_size=20),
    findings=st.lists(any_finding, min_size=1, max_size=6),
    call_seconds=st.floats(0.5, 15),
    fraction=st.floats(0.2, 1),
    timeout=st.integers(3, 300),
    adoption=st.sampled_from(["identical", "never", "owned"]),
)
def test_no_verdict_is_late_or_unfounded(
    answers: list[Answer],
    findings: list[LookupResult],
    call_seconds: float,
    fraction: float,
    timeout: int,
    adoption: Adoption,
) -> None:
    """For any answers, any looks, any slowness: in time, and `failed` only after a look or for the impossible."""
    clock = FakeClock(fraction=fraction)
    deadlines = Deadlines.of(clock.now(), timeout, 25.0, 15.0)
    service, seen = scripted(clock, answers, cycle(findings), call_seconds), list[Attempt]()
    verdict = provision(service, replace(POLICY, adoption=adoption), deadlines, seen)
    assert clock.now() <= deadlines.lookup + 1e-6
    looks = [attempt.result for attempt in seen if attempt.operation == "DescribeExpressSyncs"]
    creates = [attempt.result for attempt in seen if attempt.operation == "CreateExpressSync"]
    match verdict:
        case Failed(reason):
            assert reason.code == "InvalidBucketName" or isinstance(looks[-1], GroupList)
            assert looks[-1:] in ([ELSEWHERE], [IDENTICAL]) or not any(
                isinstance(each, Unanswered) and each.sent for each in creates
            )
        case Succeeded(express_sync_id):
            shown = isinstance(creates[-1], Created) or looks[-1] == IDENTICAL
            assert shown
            assert express_sync_id
        case _:
            assert isinstance(verdict, Indeterminate)
