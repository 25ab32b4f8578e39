"""What may be said after a look: the design's verdict rules as a table over answers, worlds and adoption policies."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from handler.model import (
    Adoption,
    Answer,
    Failed,
    Group,
    GroupList,
    Indeterminate,
    LookupResult,
    Refused,
    Succeeded,
    Unanswered,
    Verdict,
)
from handler.provisioning.ownership import marked_description
from handler.provisioning.verdict import Unsettled, decide, group_named, may_have_created
from tests.handler.unit import fakes
from tests.handler.unit.fakes import DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT, REQUEST, group_of

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
    ("InternalError", 500, "look", "created"),
    ("ServiceUnavailable", 503, "look", "created"),
    ("NoPermission", 500, "look", "created"),
    ("Throttling.User", 503, "look", "created"),
    ("MalformedAnswer", 200, "look", "created"),
    ("Undocumented", 500, "look", "created"),
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
    last: Unsettled, finding: LookupResult, adoption: Adoption = "identical", before: Sequence[Answer] = ()
) -> Verdict | None:
    """The verdict when `last` came after `before`."""
    return decide(REQUEST, (*before, last), last, finding, adoption)


def code_of(verdict: Verdict | None) -> tuple[type, str]:
    """Which kind of no a verdict is, and its code."""
    assert isinstance(verdict, Failed | Indeterminate)
    return type(verdict), verdict.reason.code


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("neighbours", [(), (NEIGHBOUR,)], ids=["empty", "others"])
@pytest.mark.parametrize(("code", "http_status", "absent", "_origin"), ANSWERS)
def test_absent_is_failed_only_if_nothing_can_still_land(
    code: str, http_status: int | None, absent: str, _origin: str, neighbours: tuple[Group, ...], adoption: Adoption
) -> None:
    """A 5xx and silence may still land, a name reported as taken may show up; everything else is `failed`."""
    verdict = verdict_of(answer_of(code, http_status), GroupList(neighbours), adoption)
    if absent == "look":
        assert verdict is None
    else:
        assert code_of(verdict) == (Failed, code)


@pytest.mark.parametrize(("code", "http_status", "_absent", "origin"), ANSWERS)
def test_an_identical_group_is_a_success_whatever_was_answered(
    code: str, http_status: int | None, _absent: str, origin: str
) -> None:
    """`created` if an attempt of this run may have made it, `existing` if none can have."""
    verdict = verdict_of(answer_of(code, http_status), GroupList((NEIGHBOUR, IDENTICAL)))
    assert isinstance(verdict, Succeeded)
    assert (verdict.express_sync_id, verdict.disposition) == ("sync-there", origin)


@pytest.mark.parametrize("before", [INTERNAL_ERROR, READ_TIMEOUT, Refused("MalformedAnswer", 200)])
def test_an_identical_group_after_an_unknown_attempt_was_created_by_this_run(before: Answer) -> None:
    """A name that is taken after a lost answer is most likely taken by that very attempt."""
    assert verdict_of(DUPLICATE, GroupList((IDENTICAL,)), before=[before]) == Succeeded("sync-there", "created")


@pytest.mark.parametrize("before", [fakes.ASSUME_ROLE_FAIL, fakes.THROTTLED, fakes.NOT_CONNECTED])
def test_an_identical_group_after_attempts_that_did_nothing_was_there_before(before: Answer) -> None:
    """What was not executed made nothing."""
    assert verdict_of(DUPLICATE, GroupList((IDENTICAL,)), before=[before]) == Succeeded("sync-there", "existing")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("taken", OTHER_CONFIGURATIONS.values(), ids=list(OTHER_CONFIGURATIONS))
@pytest.mark.parametrize(("code", "http_status", "_absent", "_origin"), ANSWERS)
def test_a_group_of_another_configuration_takes_the_name(
    code: str, http_status: int | None, _absent: str, _origin: str, taken: Group, adoption: Adoption
) -> None:
    """Failed, as a duplicate name, for every answer and policy; names are unique, so nothing of ours can be there."""
    verdict = verdict_of(answer_of(code, http_status), GroupList((taken,)), adoption)
    assert code_of(verdict) == (Failed, "DuplicateExpressSyncName")


def test_a_name_that_the_api_called_taken_keeps_the_apis_own_answer() -> None:
    """With status and request id, which a support ticket needs; without them where the API never said so."""
    told = verdict_of(Refused("DuplicateExpressSyncName", 400, "API-7"), GroupList((OTHER_CONFIGURATIONS["bucket"],)))
    inferred = verdict_of(Refused("InternalError", 500, "API-8"), GroupList((OTHER_CONFIGURATIONS["bucket"],)))
    assert isinstance(told, Failed)
    assert isinstance(inferred, Failed)
    assert (told.reason.http_status, told.reason.api_request_id) == (400, "API-7")
    assert (inferred.reason.http_status, inferred.reason.api_request_id) == (None, "")


def old_mark(request_id: str = "REQ-1") -> str:
    """The mark of groups made before it named the configuration."""
    return f"[xs:{hashlib.sha256(request_id.encode()).hexdigest()[:12]}]"


# The description of the group: what its mark says.
MARKS = {
    "this body": MARKED.description,
    "this id, another body": marked_description(replace(REQUEST, bucket_prefix="teams/b")),
    "this id, old mark": f"of summer {old_mark()}",
    "another id": marked_description(replace(REQUEST, request_id="REQ-2")),
    "another id, old mark": f"of summer {old_mark('REQ-2')}",
    "no mark": "of summer",
    "truncated": MARKED.description[:-3],
    "text like a mark": "of summer [xs:AAAAAAAABBBB]",
}
OURS = ("this body", "this id, another body", "this id, old mark")
# How the API shows the group: same configuration, the same in another form, another prefix or region, another bucket.
FORMS = {
    "same": {},
    "slashes": {"bucket_prefix": "teams/a/"},
    "region name": {"bucket_region": "China (Hangzhou)"},
    "other prefix": {"bucket_prefix": "teams/b"},
    "other region": {"bucket_region": "cn-beijing"},
    "other bucket": {"bucket_name": "another-bucket"},
}
UNCLEAR = ("slashes", "region name")


def ruling(mark: str, form: str, adoption: str) -> str:
    """The rules once more, in words: the mark decides; without one the policy and what is seen."""
    if mark == "this body":
        return "RequestIdReused" if form == "other bucket" else "succeeded"
    if mark == "this id, another body":
        return "RequestIdReused"
    if mark == "this id, old mark":
        return "succeeded" if form == "same" or form in UNCLEAR else "RequestIdReused"
    if adoption == "owned" or not (form == "same" or form in UNCLEAR):
        return "DuplicateExpressSyncName"
    if adoption == "never":
        return "OwnerUnknown"
    return "succeeded" if form == "same" else "ConfigurationUnclear"


DOUBTS = ("OwnerUnknown", "ConfigurationUnclear")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("last", [DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT, fakes.NO_PERMISSION])
def test_mark_form_and_policy_decide_about_a_namesake(
    last: Unsettled, mark: str, form: str, adoption: Adoption
) -> None:
    """`failed` only where the group is surely another one; what cannot be told apart is a doubt that stays one."""
    verdict = verdict_of(last, GroupList((group_of(description=MARKS[mark], **FORMS[form]),)), adoption)
    expected = ruling(mark, form, adoption)
    if expected == "succeeded":
        is_open = last in (INTERNAL_ERROR, READ_TIMEOUT)
        assert verdict == Succeeded("sync-there", "created" if is_open else "existing")
    else:
        assert code_of(verdict) == (Indeterminate if expected in DOUBTS else Failed, expected)
        assert not isinstance(verdict, Indeterminate) or verdict.may_settle is False


@pytest.mark.parametrize("form", ["same", *UNCLEAR])
@pytest.mark.parametrize("adoption", ADOPTIONS)
def test_a_group_with_the_mark_of_this_body_is_never_failed(adoption: Adoption, form: str) -> None:
    """Whatever the API makes of its prefix or region: the mark proves that this request made it."""
    group = group_of(description=MARKED.description, **FORMS[form])
    assert isinstance(verdict_of(DUPLICATE, GroupList((group,)), adoption), Succeeded)


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("finding", [fakes.NO_PERMISSION, READ_TIMEOUT, INTERNAL_ERROR, fakes.NOT_CONNECTED])
@pytest.mark.parametrize(("code", "http_status", "_absent", "_origin"), ANSWERS)
def test_without_a_look_nothing_is_said_but_what_is_impossible(
    code: str, http_status: int | None, _absent: str, _origin: str, finding: LookupResult, adoption: Adoption
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


@pytest.mark.parametrize("before", [READ_TIMEOUT, INTERNAL_ERROR, Refused("ServiceUnavailable", 503)])
@pytest.mark.parametrize("last", [fakes.THROTTLED, fakes.NOT_CONNECTED, fakes.NO_PERMISSION])
def test_one_open_attempt_among_settled_ones_may_still_land(last: Unsettled, before: Answer) -> None:
    """The answer to a later attempt says nothing about the earlier one."""
    assert verdict_of(last, fakes.NO_GROUPS, before=[before]) is None


def test_attempts_that_were_not_executed_cannot_land() -> None:
    """Refused connections and throttled calls leave nothing behind."""
    verdict = verdict_of(fakes.ASSUME_ROLE_FAIL, fakes.NO_GROUPS, before=[fakes.NOT_CONNECTED, fakes.THROTTLED])
    assert code_of(verdict) == (Failed, "AssumeRoleFail")


@pytest.mark.parametrize("last", [fakes.NO_PERMISSION, fakes.THROTTLED, DUPLICATE, Refused("InvalidBucketName", 400)])
def test_what_was_sent_before_these_attempts_may_still_land(last: Unsettled) -> None:
    """Another body of this requestId asked for the same group and is still open: absent is not a verdict then."""
    assert decide(REQUEST, (last,), last, fakes.NO_GROUPS, "identical", in_flight=True) is None
    refused_lookup = decide(REQUEST, (last,), last, fakes.NO_PERMISSION, "identical", in_flight=True)
    assert code_of(refused_lookup) == (Indeterminate, last.code)


def test_what_is_there_decides_whatever_is_in_flight() -> None:
    """Names are unique, so a group of another configuration settles the matter, and an identical one does too."""
    taken = decide(
        REQUEST, (DUPLICATE,), DUPLICATE, GroupList((group_of(bucket_name="b"),)), "identical", in_flight=True
    )
    assert code_of(taken) == (Failed, "DuplicateExpressSyncName")
    found = decide(REQUEST, (DUPLICATE,), DUPLICATE, GroupList((IDENTICAL,)), "identical", in_flight=True)
    assert found == Succeeded("sync-there", "existing")


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
        (GroupList((NEIGHBOUR,)), None),
        (GroupList((NEIGHBOUR, IDENTICAL)), IDENTICAL),
        (GroupList((group_of(name="Photos"),)), None),
        (fakes.NO_PERMISSION, None),
        (READ_TIMEOUT, None),
    ],
)
def test_the_namesake_is_the_group_of_exactly_that_name(finding: LookupResult, expected: Group | None) -> None:
    """Case counts, neighbours do not; a failed look shows nobody."""
    assert group_named(finding, REQUEST) == expected
