"""What may be said after a look: the design's verdict rules as a table over answers, worlds and adoption policies."""

from collections.abc import Sequence

import pytest

from handler.judgement import Unsettled, judge, may_have_created, namesake
from handler.model import (
    Adoption,
    Answer,
    Failed,
    Finding,
    Group,
    Indeterminate,
    Refused,
    Seen,
    Succeeded,
    Unanswered,
    Verdict,
)
from handler.ownership import marked_description
from tests.unit import fakes
from tests.unit.fakes import DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT, REQUEST, group_of

OTHER_CONFIGURATIONS = {
    "bucket": group_of(bucket_name="another-bucket"),
    "region": group_of(bucket_region="cn-shanghai"),
    "prefix": group_of(bucket_prefix="teams/b"),
    "whole bucket": group_of(bucket_prefix=""),
}
IDENTICAL = group_of(description="somebody else's words")
MARKED = group_of(description=marked_description(REQUEST))
NEIGHBOUR = group_of(name="photos2", express_sync_id="sync-neighbour")

# code of the only answer, its HTTP status (None: no answer, something was sent; 0: nothing was sent), then what is
# said where the group is absent ("look": look again later) and how an identical group came to be there
ANSWERS: list[tuple[str, int | None, str, str]] = [
    ("EmptyExpressSyncName", 400, "failed", "existing"),
    ("EmptyBucketName", 400, "failed", "existing"),
    ("EmptyBucketRegion", 400, "failed", "existing"),
    ("InvalidExpressSyncName", 400, "failed", "existing"),
    ("DescriptionOverLimit", 400, "failed", "existing"),
    ("DuplicateExpressSyncName", 400, "look", "existing"),
    ("ConflictExpressSyncConfig", 400, "failed", "existing"),
    ("ExpressSyncNotificationEventLimitExceed", 400, "failed", "existing"),
    ("InvalidRegionId", 400, "failed", "existing"),
    ("InvalidBucketName", 400, "failed", "existing"),
    ("ExpressSyncNotificationEventConflict", 400, "failed", "existing"),
    ("NoPermission", 403, "failed", "existing"),
    ("AssumeRoleFail", 403, "failed", "existing"),
    ("RoleNotExist", 404, "failed", "existing"),
    ("InternalError", 500, "failed", "created"),
    ("ServiceUnavailable", 503, "failed", "created"),
    ("MalformedAnswer", 200, "look", "created"),
    ("Undocumented", 500, "failed", "created"),
    ("Undocumented", 404, "failed", "existing"),
    ("Throttling.User", 400, "failed", "existing"),
    ("SignatureDoesNotMatch", 400, "failed", "existing"),
    ("ReadTimeout", None, "look", "created"),
    ("ConnectionLost", None, "look", "created"),
    ("GatewayLostService", 503, "look", "created"),
    ("SignatureNonceUsed", 400, "look", "created"),
    ("NotConnected", 0, "failed", "existing"),
    ("OutOfTime", 0, "failed", "existing"),
]
CAN_NEVER_HAVE_MADE_THE_GROUP = {
    "EmptyExpressSyncName",
    "EmptyBucketName",
    "EmptyBucketRegion",
    "InvalidExpressSyncName",
    "DescriptionOverLimit",
    "InvalidRegionId",
    "InvalidBucketName",
}
ADOPTIONS: list[Adoption] = ["identical", "never", "owned"]


def answer_of(code: str, http_status: int | None) -> Unsettled:
    """The answer that a row of the table stands for."""
    return Refused(code, http_status) if http_status else Unanswered(code, sent=http_status is None)


def verdict_of(
    last: Unsettled, finding: Finding, adoption: Adoption = "identical", before: Sequence[Answer] = ()
) -> Verdict | None:
    """The verdict when `last` came after `before`."""
    return judge(REQUEST, (*before, last), last, finding, adoption)


def code_of(verdict: Verdict | None) -> tuple[type, str]:
    """Which kind of no a verdict is, and its code."""
    assert isinstance(verdict, Failed | Indeterminate)
    return type(verdict), verdict.reason.code


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("neighbours", [(), (NEIGHBOUR,)], ids=["empty", "others"])
@pytest.mark.parametrize(("code", "http_status", "absent", "_origin"), ANSWERS)
def test_an_absent_group_is_a_failure_only_when_nothing_can_still_land(
    code: str, http_status: int | None, absent: str, _origin: str, neighbours: tuple[Group, ...], adoption: Adoption
) -> None:
    """An unanswered attempt may still land, and a name said to be taken is a riddle; everything else is `failed`."""
    verdict = verdict_of(answer_of(code, http_status), Seen(neighbours), adoption)
    if absent == "look":
        assert verdict is None
    else:
        assert code_of(verdict) == (Failed, code)


@pytest.mark.parametrize(("code", "http_status", "_absent", "origin"), ANSWERS)
def test_an_identical_group_is_a_success_whatever_was_answered(
    code: str, http_status: int | None, _absent: str, origin: str
) -> None:
    """`created` if an attempt of this run may have made it, `existing` if none can have."""
    verdict = verdict_of(answer_of(code, http_status), Seen((NEIGHBOUR, IDENTICAL)))
    assert isinstance(verdict, Succeeded)
    assert (verdict.express_sync_id, verdict.disposition) == ("sync-there", origin)


@pytest.mark.parametrize("before", [INTERNAL_ERROR, READ_TIMEOUT, Refused("MalformedAnswer", 200)])
def test_an_identical_group_after_an_unknown_attempt_was_created_by_this_run(before: Answer) -> None:
    """A name that is taken after a lost answer is most likely taken by that very attempt."""
    assert verdict_of(DUPLICATE, Seen((IDENTICAL,)), before=[before]) == Succeeded("sync-there", "created")


@pytest.mark.parametrize("before", [fakes.ASSUME_ROLE_FAIL, fakes.THROTTLED, fakes.NOT_CONNECTED])
def test_an_identical_group_after_attempts_that_did_nothing_was_there_before(before: Answer) -> None:
    """What was not executed made nothing."""
    assert verdict_of(DUPLICATE, Seen((IDENTICAL,)), before=[before]) == Succeeded("sync-there", "existing")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("taken", OTHER_CONFIGURATIONS.values(), ids=list(OTHER_CONFIGURATIONS))
@pytest.mark.parametrize(("code", "http_status", "_absent", "_origin"), ANSWERS)
def test_a_group_of_another_configuration_takes_the_name(
    code: str, http_status: int | None, _absent: str, _origin: str, taken: Group, adoption: Adoption
) -> None:
    """Failed, as a duplicate name, for every answer and policy; names are unique, so nothing of ours can be there."""
    verdict = verdict_of(answer_of(code, http_status), Seen((taken,)), adoption)
    assert code_of(verdict) == (Failed, "DuplicateExpressSyncName")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("last", [DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT])
def test_a_group_of_the_same_request_but_another_configuration_is_a_reused_request_id(
    last: Unsettled, adoption: Adoption
) -> None:
    """Its mark tells that nobody else took the name: the requester changed the request and kept its id."""
    changed = group_of(bucket_prefix="teams/b", description=MARKED.description)
    assert code_of(verdict_of(last, Seen((changed,)), adoption)) == (Failed, "RequestIdReused")


def test_a_name_that_the_api_called_taken_keeps_the_apis_own_answer() -> None:
    """With status and request id, which a support ticket needs; without them where the API never said so."""
    told = verdict_of(Refused("DuplicateExpressSyncName", 400, "API-7"), Seen((OTHER_CONFIGURATIONS["bucket"],)))
    inferred = verdict_of(Refused("InternalError", 500, "API-8"), Seen((OTHER_CONFIGURATIONS["bucket"],)))
    assert isinstance(told, Failed)
    assert isinstance(inferred, Failed)
    assert (told.reason.http_status, told.reason.api_request_id) == (400, "API-7")
    assert (inferred.reason.http_status, inferred.reason.api_request_id) == (None, "")


@pytest.mark.parametrize("last", [DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT, fakes.NO_PERMISSION])
@pytest.mark.parametrize("group", [IDENTICAL, MARKED], ids=["unmarked", "marked"])
def test_with_adoption_switched_off_an_identical_group_is_nobodys_to_claim(last: Unsettled, group: Group) -> None:
    """Whose it is cannot be known, so neither success nor failure may be said; nor will another try tell."""
    verdict = verdict_of(last, Seen((group,)), "never")
    assert code_of(verdict) == (Indeterminate, "OwnerUnknown")
    assert isinstance(verdict, Indeterminate)
    assert verdict.may_settle is False


@pytest.mark.parametrize(("last", "origin"), [(DUPLICATE, "existing"), (READ_TIMEOUT, "created")])
def test_a_marked_group_is_adopted_under_owned(last: Unsettled, origin: str) -> None:
    """The mark of the same request makes it a success."""
    verdict = verdict_of(last, Seen((MARKED,)), "owned")
    assert isinstance(verdict, Succeeded)
    assert verdict.disposition == origin


@pytest.mark.parametrize("last", [DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT])
def test_an_unmarked_group_is_somebody_elses_under_owned(last: Unsettled) -> None:
    """Identical as it may be: without the mark the name is taken."""
    assert code_of(verdict_of(last, Seen((IDENTICAL,)), "owned")) == (Failed, "DuplicateExpressSyncName")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("finding", [fakes.NO_PERMISSION, READ_TIMEOUT, INTERNAL_ERROR, fakes.NOT_CONNECTED])
@pytest.mark.parametrize(("code", "http_status", "_absent", "_origin"), ANSWERS)
def test_without_a_look_nothing_is_said_but_what_is_impossible(
    code: str, http_status: int | None, _absent: str, _origin: str, finding: Finding, adoption: Adoption
) -> None:
    """`failed` only where looking is forbidden and the request can never have made a group; else `indeterminate`."""
    certain = finding is fakes.NO_PERMISSION and code in CAN_NEVER_HAVE_MADE_THE_GROUP
    expected = Failed if certain else Indeterminate
    verdict = verdict_of(answer_of(code, http_status), finding, adoption)
    assert code_of(verdict) == (expected, code)
    assert not isinstance(verdict, Indeterminate) or verdict.may_settle  # a look may succeed another time


@pytest.mark.parametrize("before", [READ_TIMEOUT, INTERNAL_ERROR])
def test_an_unknown_attempt_before_spoils_even_what_is_impossible(before: Answer) -> None:
    """Two answers that contradict each other prove nothing without a look."""
    last = Refused("InvalidBucketName", 400)
    assert code_of(verdict_of(last, fakes.NO_PERMISSION, before=[before])) == (Indeterminate, "InvalidBucketName")


@pytest.mark.parametrize("last", [INTERNAL_ERROR, fakes.THROTTLED, fakes.NOT_CONNECTED, fakes.NO_PERMISSION])
def test_one_unanswered_attempt_among_answered_ones_may_still_land(last: Unsettled) -> None:
    """The answer to a later attempt says nothing of the earlier one."""
    assert verdict_of(last, fakes.NO_GROUPS, before=[READ_TIMEOUT]) is None


def test_attempts_that_never_left_cannot_land() -> None:
    """Refused connections and answered errors leave nothing behind."""
    verdict = verdict_of(INTERNAL_ERROR, fakes.NO_GROUPS, before=[fakes.NOT_CONNECTED, INTERNAL_ERROR])
    assert code_of(verdict) == (Failed, "InternalError")


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([], False),
        ([fakes.ASSUME_ROLE_FAIL, DUPLICATE, fakes.NOT_CONNECTED], False),
        ([fakes.ASSUME_ROLE_FAIL, INTERNAL_ERROR, DUPLICATE], True),
        ([READ_TIMEOUT, fakes.NOT_CONNECTED], True),
    ],
)
def test_a_run_may_have_created_the_group_if_any_attempt_is_unknown(attempts: list[Answer], expected: bool) -> None:
    """One is enough, wherever it stands."""
    assert may_have_created(attempts) is expected


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (fakes.NO_GROUPS, None),
        (Seen((NEIGHBOUR,)), None),
        (Seen((NEIGHBOUR, IDENTICAL)), IDENTICAL),
        (Seen((group_of(name="Photos"),)), None),
        (fakes.NO_PERMISSION, None),
        (READ_TIMEOUT, None),
    ],
)
def test_the_namesake_is_the_group_of_exactly_that_name(finding: Finding, expected: Group | None) -> None:
    """Case counts, neighbours do not; a failed look shows nobody."""
    assert namesake(finding, REQUEST) == expected
