"""The verdict rules of the design as a table of answers, lookups and adoption policies."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from handler.model import (
    Adoption,
    Answer,
    Failed,
    Fragment,
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
from handler.provisioning.verdict import NoSuccess, decide, groups_named, may_have_created
from tests.support import samples
from tests.support.samples import DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT, REQUEST, group_of

OTHER_CONFIGURATIONS = {
    "bucket": group_of(bucket_name="another-bucket"),
    "region": group_of(bucket_region="cn-shanghai"),
    "prefix": group_of(bucket_prefix="teams/b"),
    "whole bucket": group_of(bucket_prefix=""),
}
IDENTICAL = group_of(description="another description")
MARKED = group_of(description=marked_description(REQUEST))
OTHER_GROUP = group_of(name="photos2", express_sync_id="sync-other")

# code of the only answer, its HTTP status (None: no answer, something was sent; 0: nothing was sent), then
# the verdict on an absent group ("unknown": look it up again) and the disposition of an identical group
ANSWERS: list[tuple[str, int | None, str, str]] = [
    ("EmptyExpressSyncName", 400, "failed", "existing"),
    ("EmptyBucketName", 400, "failed", "existing"),
    ("EmptyBucketRegion", 400, "failed", "existing"),
    ("InvalidExpressSyncName", 400, "failed", "existing"),
    ("DescriptionOverLimit", 400, "failed", "existing"),
    ("DuplicateExpressSyncName", 400, "unknown", "existing"),
    ("DuplicateExpressSyncName.Exist", 400, "unknown", "existing"),
    ("duplicateExpressSyncName", 400, "unknown", "existing"),
    ("InternalError.Timeout", 400, "unknown", "created"),
    ("ConflictExpressSyncConfig", 400, "failed", "existing"),
    ("ExpressSyncNotificationEventLimitExceed", 400, "failed", "existing"),
    ("InvalidRegionId", 400, "failed", "existing"),
    ("InvalidBucketName", 400, "failed", "existing"),
    ("ExpressSyncNotificationEventConflict", 400, "failed", "existing"),
    ("NoPermission", 403, "failed", "existing"),
    ("AssumeRoleFail", 403, "failed", "existing"),
    ("RoleNotExist", 404, "failed", "existing"),
    ("InternalError", 500, "unknown", "created"),
    ("ServiceUnavailable", 503, "unknown", "created"),
    ("NoPermission", 500, "unknown", "created"),
    ("Throttling.User", 503, "unknown", "created"),
    ("MalformedAnswer", 200, "unknown", "created"),
    ("Undocumented", 500, "unknown", "created"),
    ("Undocumented", 404, "failed", "existing"),
    ("Throttling.User", 400, "failed", "existing"),
    ("SignatureDoesNotMatch", 400, "failed", "existing"),
    ("ReadTimeout", None, "unknown", "created"),
    ("ConnectionLost", None, "unknown", "created"),
    ("GatewayLostService", 503, "unknown", "created"),
    ("SignatureNonceUsed", 400, "unknown", "created"),
    ("NotConnected", 0, "failed", "existing"),
    ("OutOfTime", 0, "failed", "existing"),
]
ADOPTIONS: list[Adoption] = ["identical", "never", "owned"]


def answer_of(code: str, http_status: int | None) -> NoSuccess:
    """Return the answer that a row of the table stands for."""
    return Refused(code, http_status) if http_status else Unanswered(code, sent=http_status is None)


def verdict_of(
    last: NoSuccess, finding: LookupResult, adoption: Adoption = "identical", before: Sequence[Answer] = ()
) -> Verdict | None:
    """Return the verdict when `last` came after `before`."""
    return decide(REQUEST, (*before, last), last, finding, adoption)


def code_of(verdict: Verdict | None) -> tuple[type, str]:
    """Return the type and the code of an unsuccessful verdict."""
    assert isinstance(verdict, Failed | Indeterminate)
    return type(verdict), verdict.reason.code


@pytest.mark.parametrize(("name", "is_absent"), [("photos", False), ("other", True)])
def test_entry_that_may_be_the_group_prevents_a_verdict(name: str, is_absent: bool) -> None:
    """An unreadable entry of another name does not."""
    seen = GroupList((), unreadable=(Fragment(name, None, None),))
    assert (verdict_of(Refused("RoleNotExist", 400), seen) is not None) is is_absent


@pytest.mark.parametrize("taken", OTHER_CONFIGURATIONS.values(), ids=list(OTHER_CONFIGURATIONS))
def test_unreadable_entry_of_the_name_outweighs_a_taken_name(taken: Group) -> None:
    """One of the two may be the requested group; a group that certainly is decides."""
    hidden = (Fragment(REQUEST.name, None, None),)
    assert verdict_of(DUPLICATE, GroupList((taken,), hidden)) is None
    assert verdict_of(DUPLICATE, GroupList((taken, IDENTICAL), hidden)) == Succeeded("sync-there", "existing")


@pytest.mark.parametrize("last", [DUPLICATE, samples.NO_PERMISSION, samples.THROTTLED])
def test_incomplete_list_proves_presence_but_not_absence(last: NoSuccess) -> None:
    assert verdict_of(last, GroupList((OTHER_GROUP,), is_complete=False)) is None
    assert verdict_of(last, GroupList((IDENTICAL,), is_complete=False)) == Succeeded("sync-there", "existing")


@pytest.mark.parametrize("order", [1, -1], ids=["first", "last"])
@pytest.mark.parametrize("taken", OTHER_CONFIGURATIONS.values(), ids=list(OTHER_CONFIGURATIONS))
def test_requested_group_decides_among_several_of_its_name(taken: Group, order: int) -> None:
    """It is the identical one, or under `owned` the marked one; what is unclear outweighs what is not."""
    unclear = replace(IDENTICAL, bucket_prefix="/teams/a/")

    def among(*groups: Group, adoption: Adoption = "identical") -> Verdict | None:
        return verdict_of(DUPLICATE, GroupList(groups[::order]), adoption)

    assert among(taken, unclear, IDENTICAL) == Succeeded("sync-there", "existing")
    assert among(taken, IDENTICAL, MARKED, adoption="owned") == Succeeded("sync-there", "existing")
    assert code_of(among(taken, unclear)) == (Indeterminate, "ConfigurationUnclear")
    assert code_of(among(taken, taken)) == (Failed, "DuplicateExpressSyncName")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("others", [(), (OTHER_GROUP,)], ids=["empty", "others"])
@pytest.mark.parametrize(("code", "http_status", "absent", "_origin"), ANSWERS)
def test_absent_group_is_failed_only_if_no_call_can_still_land(
    code: str, http_status: int | None, absent: str, _origin: str, others: tuple[Group, ...], adoption: Adoption
) -> None:
    """A 5xx or a missing answer may still land, and a group with the reported name may appear later."""
    verdict = verdict_of(answer_of(code, http_status), GroupList(others), adoption)
    if absent == "unknown":
        assert verdict is None
    else:
        assert code_of(verdict) == (Failed, code)


@pytest.mark.parametrize(("code", "http_status", "_absent", "origin"), ANSWERS)
def test_identical_group_is_a_success_after_any_answer(
    code: str, http_status: int | None, _absent: str, origin: str
) -> None:
    """It is `created` if an attempt of this run may have made it, else `existing`."""
    verdict = verdict_of(answer_of(code, http_status), GroupList((OTHER_GROUP, IDENTICAL)))
    assert isinstance(verdict, Succeeded)
    assert (verdict.express_sync_id, verdict.disposition) == ("sync-there", origin)


@pytest.mark.parametrize("before", [INTERNAL_ERROR, READ_TIMEOUT, Refused("MalformedAnswer", 200)])
def test_identical_group_is_created_after_an_ambiguous_attempt(before: Answer) -> None:
    """A name that is taken after a lost answer was most likely taken by that attempt."""
    assert verdict_of(DUPLICATE, GroupList((IDENTICAL,)), before=[before]) == Succeeded("sync-there", "created")


@pytest.mark.parametrize("before", [samples.ASSUME_ROLE_FAIL, samples.THROTTLED, samples.NOT_CONNECTED])
def test_identical_group_is_existing_if_no_attempt_was_executed(before: Answer) -> None:
    assert verdict_of(DUPLICATE, GroupList((IDENTICAL,)), before=[before]) == Succeeded("sync-there", "existing")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("taken", OTHER_CONFIGURATIONS.values(), ids=list(OTHER_CONFIGURATIONS))
@pytest.mark.parametrize(("code", "http_status", "_absent", "_origin"), ANSWERS)
def test_group_of_another_configuration_makes_the_name_taken(
    code: str, http_status: int | None, _absent: str, _origin: str, taken: Group, adoption: Adoption
) -> None:
    """It is `failed` under every policy. Names are unique, so this request cannot have made a group."""
    verdict = verdict_of(answer_of(code, http_status), GroupList((taken,)), adoption)
    assert code_of(verdict) == (Failed, "DuplicateExpressSyncName")


def test_taken_name_keeps_the_apis_status_and_request_id() -> None:
    """A support ticket needs both; they are empty if the API did not report the name as taken."""
    reported = verdict_of(
        Refused("DuplicateExpressSyncName", 400, "API-7"), GroupList((OTHER_CONFIGURATIONS["bucket"],))
    )
    inferred = verdict_of(Refused("InternalError", 500, "API-8"), GroupList((OTHER_CONFIGURATIONS["bucket"],)))
    assert isinstance(reported, Failed)
    assert isinstance(inferred, Failed)
    assert (reported.reason.http_status, reported.reason.api_request_id) == (400, "API-7")
    assert (inferred.reason.http_status, inferred.reason.api_request_id) == (None, "")


def old_mark(request_id: str = "REQ-1") -> str:
    """Return the mark of groups made before the mark contained the configuration."""
    return f"[xs:{hashlib.sha256(request_id.encode()).hexdigest()[:12]}]"


# Descriptions of the group, by the meaning of their mark.
MARKS = {
    "this body": MARKED.description,
    "this id, another body": marked_description(replace(REQUEST, bucket_prefix="teams/b")),
    "this id, old mark": f"of summer {old_mark()}",
    "another id": marked_description(replace(REQUEST, request_id="REQ-2")),
    "another id, old mark": f"of summer {old_mark('REQ-2')}",
    "no mark": "of summer",
    "escaped": MARKED.description.upper().replace("[", "&#91;").replace(":", "%3A"),
    "truncated": MARKED.description[:-3],
    "text like a mark": "of summer [xs:AAAAAAAABBBB]",
}
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


def expected_code(mark: str, form: str, adoption: str) -> str:
    """State the rules once more: the mark decides; without a mark, the policy and the shown configuration."""
    is_alike = form == "same" or form in UNCLEAR
    if mark in ("this body", "escaped"):
        return "RequestIdReused" if form == "other bucket" else "succeeded"
    if mark.startswith("this id"):
        return "succeeded" if mark == "this id, old mark" and is_alike else "RequestIdReused"
    if adoption == "owned":
        return "OwnerUnknown" if mark == "truncated" and form != "other bucket" else "DuplicateExpressSyncName"
    if not is_alike:
        return "DuplicateExpressSyncName"
    if adoption == "never":
        return "OwnerUnknown"
    return "succeeded" if form == "same" else "ConfigurationUnclear"


DOUBTS = ("OwnerUnknown", "ConfigurationUnclear")


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("last", [DUPLICATE, INTERNAL_ERROR, READ_TIMEOUT, samples.NO_PERMISSION])
def test_mark_form_and_policy_decide_on_a_group_of_the_name(
    last: NoSuccess, mark: str, form: str, adoption: Adoption
) -> None:
    """It is `failed` only if the group is surely another one; if that cannot be known, the doubt is permanent."""
    verdict = verdict_of(last, GroupList((group_of(description=MARKS[mark], **FORMS[form]),)), adoption)
    expected = expected_code(mark, form, adoption)
    if expected == "succeeded":
        is_open = last in (INTERNAL_ERROR, READ_TIMEOUT)
        assert verdict == Succeeded("sync-there", "created" if is_open else "existing")
    else:
        assert code_of(verdict) == (Indeterminate if expected in DOUBTS else Failed, expected)
        assert not isinstance(verdict, Indeterminate) or verdict.may_become_known is False


@pytest.mark.parametrize("form", ["same", *UNCLEAR])
@pytest.mark.parametrize("adoption", ADOPTIONS)
def test_group_with_the_requests_own_mark_is_a_success(adoption: Adoption, form: str) -> None:
    """The mark proves that this request made the group, in whatever form the API shows its prefix or region."""
    group = group_of(description=MARKED.description, **FORMS[form])
    assert isinstance(verdict_of(DUPLICATE, GroupList((group,)), adoption), Succeeded)


@pytest.mark.parametrize("adoption", ADOPTIONS)
@pytest.mark.parametrize("finding", [samples.NO_PERMISSION, READ_TIMEOUT, INTERNAL_ERROR, samples.NOT_CONNECTED])
@pytest.mark.parametrize(("code", "http_status", "_absent", "_origin"), ANSWERS)
def test_failed_lookup_is_indeterminate_unless_impossible(
    code: str, http_status: int | None, _absent: str, _origin: str, finding: LookupResult, adoption: Adoption
) -> None:
    """It is `failed` only if lookups are forbidden and the request can never have made a group."""
    certain = finding is samples.NO_PERMISSION and code in samples.IMPOSSIBLE
    expected = Failed if certain else Indeterminate
    verdict = verdict_of(answer_of(code, http_status), finding, adoption)
    assert code_of(verdict) == (expected, code)
    assert not isinstance(verdict, Indeterminate) or verdict.may_become_known  # a later lookup may succeed


@pytest.mark.parametrize("before", [READ_TIMEOUT, INTERNAL_ERROR])
def test_ambiguous_attempt_outweighs_a_later_impossible_answer(before: Answer) -> None:
    """Two contradictory answers prove nothing without a lookup."""
    last = Refused("InvalidBucketName", 400)
    assert code_of(verdict_of(last, samples.NO_PERMISSION, before=[before])) == (Indeterminate, "InvalidBucketName")


@pytest.mark.parametrize("before", [READ_TIMEOUT, INTERNAL_ERROR, Refused("ServiceUnavailable", 503)])
@pytest.mark.parametrize("last", [samples.THROTTLED, samples.NOT_CONNECTED, samples.NO_PERMISSION])
def test_ambiguous_attempt_may_land_after_a_later_refusal(last: NoSuccess, before: Answer) -> None:
    """The answer to a later attempt says nothing about an earlier one."""
    assert verdict_of(last, samples.NO_GROUPS, before=[before]) is None


def test_attempts_that_were_not_executed_cannot_land() -> None:
    """Refused connections and throttled calls leave nothing behind."""
    verdict = verdict_of(samples.ASSUME_ROLE_FAIL, samples.NO_GROUPS, before=[samples.NOT_CONNECTED, samples.THROTTLED])
    assert code_of(verdict) == (Failed, "AssumeRoleFail")


@pytest.mark.parametrize(
    "last", [samples.NO_PERMISSION, samples.THROTTLED, DUPLICATE, Refused("InvalidBucketName", 400)]
)
def test_call_in_flight_for_another_body_may_still_land(last: NoSuccess) -> None:
    """Another body of this requestId asks for the same group and is open, so absence is not yet a verdict."""
    assert decide(REQUEST, (last,), last, samples.NO_GROUPS, "identical", in_flight=True) is None
    refused_lookup = decide(REQUEST, (last,), last, samples.NO_PERMISSION, "identical", in_flight=True)
    assert code_of(refused_lookup) == (Indeterminate, last.code)


def test_found_group_decides_despite_a_call_in_flight() -> None:
    """Names are unique, so a group of another configuration and an identical one both decide."""
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
        ([samples.ASSUME_ROLE_FAIL, DUPLICATE, samples.NOT_CONNECTED], False),
        ([samples.ASSUME_ROLE_FAIL, INTERNAL_ERROR, DUPLICATE], True),
        ([READ_TIMEOUT, samples.NOT_CONNECTED], True),
    ],
)
def test_run_may_have_created_the_group_if_any_call_is_ambiguous(attempts: list[Answer], expected: bool) -> None:
    """One ambiguous attempt is enough, at any position."""
    assert may_have_created(attempts) is expected


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (samples.NO_GROUPS, []),
        (GroupList((OTHER_GROUP,)), []),
        (GroupList((OTHER_GROUP, IDENTICAL)), [IDENTICAL]),
        (GroupList((group_of(name="Photos"),)), []),
        (samples.NO_PERMISSION, []),
        (READ_TIMEOUT, []),
    ],
)
def test_group_is_found_by_its_exact_name(finding: LookupResult, expected: list[Group]) -> None:
    """Case counts; a failed lookup finds no group."""
    assert groups_named(finding, REQUEST) == expected
