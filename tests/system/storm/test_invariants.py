"""The invariants of a storm detect each false outcome, and accept what the contract allows."""

import copy
import hashlib
import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from express_sync.local.crash_points import POINTS
from handler.model import Adoption
from tests.support.checkout import OUTCOMES
from tests.system.storm.disruptions import DisruptionKind
from tests.system.storm.invariants import Observed, contradictions, leaks, without_request
from tests.system.storm.plan import (
    LOOKUP_FAULTS,
    LOOKUP_SILENT,
    PUBLISH_SILENT,
    PUBLISH_TRANSIENT,
    SGW_FAULTS,
    SGW_SILENT,
    MessageKind,
    Planned,
    plan_storm,
)
from tests.system.storm.test_storm import REQUESTS, SEED
from tests.system.storm.watched_cloud import request

GROUP = {
    "ExpressSyncId": "sync-1",
    "Name": "photos",
    "BucketName": "bucket-photos",
    "BucketRegion": "cn-hangzhou",
    "BucketPrefix": "",
}
PLANNED = Planned("plain", "", request("photos"))


def event(status: str, number: int = 1, **data: Any) -> dict[str, Any]:
    """Return an outcome of `status` for the group photos, based on the sample; `number` determines its id."""
    sample: dict[str, Any] = json.loads((OUTCOMES / f"{status}.json").read_bytes())
    sample.update(id=hashlib.sha256(f"{status}-{number}".encode()).hexdigest()[:32], subject="REQ-photos")
    sample["data"].update({"requestId": "REQ-photos", "messageId": "M-1", "submissionId": "M-1", **data})
    rank = sample["sequence"][-1]
    sample["sequence"] = sample["sequence"] if rank == "3" else f"{sample['data']['generation']:04d}-{rank}"
    return sample


SUCCEEDED = event("succeeded", expressSyncId="sync-1")
FAILED = event("failed")
INDETERMINATE = event("indeterminate")
DEFERRED = event("deferred")
REQUEUED = "M-2"  # a message that the function itself has sent


def contradictions_of(
    *published: dict[str, Any],
    groups: tuple[dict[str, str], ...] = (GROUP,),
    planned: Planned = PLANNED,
    adoption: Adoption = "identical",
) -> list[str]:
    return contradictions(Observed({"M-1": planned}, published, groups, adoption))


@pytest.mark.parametrize(
    ("published", "groups"),
    [
        ((SUCCEEDED,), (GROUP,)),
        ((SUCCEEDED, copy.deepcopy(SUCCEEDED)), (GROUP,)),
        ((FAILED, SUCCEEDED), (GROUP,)),
        ((SUCCEEDED, INDETERMINATE), (GROUP,)),
        ((INDETERMINATE,), (GROUP,)),
        ((FAILED,), ({**GROUP, "BucketName": "another"},)),
        ((FAILED,), ()),
        ((DEFERRED, event("succeeded", expressSyncId="sync-1", messageId=REQUEUED)), (GROUP,)),
        ((DEFERRED, event("failed", messageId=REQUEUED)), ()),
        ((FAILED, DEFERRED, event("failed", messageId=REQUEUED, generation=1)), ()),
        ((event("indeterminate", generation=0), FAILED), (GROUP,)),
        ((FAILED, event("indeterminate", generation=0)), (GROUP,)),
        ((event("indeterminate", generation=1), FAILED), (GROUP,)),
        ((event("failed", generation=1), event("indeterminate", submissionId="M-2")), (GROUP,)),
        ((SUCCEEDED, DEFERRED), (GROUP,)),
        ((SUCCEEDED, {**event("rejected", submissionId="T-1"), "subject": "pull@2026-11-23T08:00:00Z"}), (GROUP,)),
    ],
)
def test_allowed_outcomes_break_no_invariant(
    published: tuple[dict[str, Any], ...], groups: tuple[dict[str, str], ...]
) -> None:
    assert contradictions_of(*published, groups=groups) == []


@pytest.mark.parametrize(
    ("published", "groups", "sentence"),
    [
        ((), (GROUP,), "has no verdict"),
        ((DEFERRED,), (GROUP,), "REQ-photos stays deferred"),
        ((FAILED, event("deferred", generation=1)), (GROUP,), "REQ-photos stays deferred"),
        ((DEFERRED, event("failed", messageId=REQUEUED)), (GROUP,), "failed, but its group is there"),
        ((FAILED, DEFERRED, event("failed", messageId=REQUEUED)), (GROUP,), "failed, but its group is there"),
        (({**SUCCEEDED, "type": "x"},), (GROUP,), "breaks the outcome schema"),
        ((SUCCEEDED, FAILED), (GROUP,), "succeeded is followed by failed"),
        ((FAILED,), (GROUP,), "failed, but its group is there"),
        ((SUCCEEDED,), (), "is not there or another"),
        ((SUCCEEDED,), ({**GROUP, "BucketPrefix": "else"},), "is not there or another"),
        ((SUCCEEDED,), (GROUP, {**GROUP, "ExpressSyncId": "sync-2"}), "two groups"),
        ((SUCCEEDED, event("succeeded", 2, expressSyncId="sync-2")), (GROUP,), "REQ-photos: two groups"),
        ((SUCCEEDED, {**FAILED, "id": SUCCEEDED["id"]}), (GROUP,), "says ["),
        ((event("rejected"),), (), "(plain) is rejected"),
        ((SUCCEEDED,), (GROUP, {**GROUP, "Name": "stranger"}), "no request asks for stranger"),
    ],
)
def test_false_outcome_breaks_an_invariant(
    published: tuple[dict[str, Any], ...], groups: tuple[dict[str, str], ...], sentence: str
) -> None:
    assert any(sentence in found for found in contradictions_of(*published, groups=groups))


def test_foreign_group_is_adopted_only_under_policy_identical() -> None:
    """Under `owned` the request fails although such a group exists; adopting it is a violation."""
    foreign = replace(PLANNED, kind="identical")
    assert contradictions_of(SUCCEEDED, planned=foreign) == []
    assert contradictions_of(FAILED, planned=foreign, adoption="owned") == []
    assert contradictions_of(SUCCEEDED, planned=foreign, adoption="owned") == ["REQ-photos (identical) succeeded"]
    assert contradictions_of(FAILED, planned=PLANNED, adoption="owned") == [
        "REQ-photos: failed, but its group is there"
    ]


def test_prefix_without_its_slashes_needs_the_fault() -> None:
    """Another field, or a prefix without the fault, is compared exactly."""
    planned = replace(PLANNED, document=request("photos", bucketPrefix="teams/a/"))
    normalised = replace(planned, create_faults=("normalised",))
    stripped = {**GROUP, "BucketPrefix": "teams/a"}
    assert contradictions_of(SUCCEEDED, groups=(stripped,), planned=normalised) == []
    assert contradictions_of(SUCCEEDED, groups=({**stripped, "BucketPrefix": "teams/a/"},), planned=normalised) == []
    assert contradictions_of(SUCCEEDED, groups=(stripped,), planned=planned) != []
    other = {**stripped, "BucketRegion": "cn-hangzhou/"}
    assert contradictions_of(SUCCEEDED, groups=(other,), planned=normalised) != []


def test_request_text_is_a_leak_outside_the_outcomes_request() -> None:
    within = event("failed", request={"description": "planted-1"})
    beside = event("failed", error={**FAILED["data"]["error"], "message": "planted-1"})
    assert leaks([without_request(within)], ["planted"]) == []
    assert len(leaks([without_request(beside)], ["planted"])) == 1


def test_storm_plan_depends_on_its_seed_alone() -> None:
    assert plan_storm(7, 64) == plan_storm(7, 64)
    assert plan_storm(7, 64) != plan_storm(8, 64)


@pytest.mark.parametrize(("seed", "requests"), [(SEED, REQUESTS), (SEED, 2000)])
def test_storm_plan_has_every_message_and_disruption(seed: int, requests: int) -> None:
    plan = plan_storm(seed, requests)
    assert {planned.kind for planned in plan.plans} == {*get_args(MessageKind)}
    assert {disruption.kind for disruption in plan.disruptions} == {*get_args(DisruptionKind)}
    assert {disruption.point for disruption in plan.disruptions if disruption.kind == "kill"} == {*POINTS}
    assert any(planned.copies > 1 for planned in plan.plans)


@pytest.mark.parametrize(("seed", "requests"), [(SEED, REQUESTS), (SEED, 2000)])
def test_storm_plan_has_every_fault(seed: int, requests: int) -> None:
    plan = plan_storm(seed, requests)
    assert {fault for planned in plan.plans for fault in planned.create_faults} >= {*SGW_FAULTS, *SGW_SILENT}
    assert {*plan.lookup_faults} >= {*LOOKUP_FAULTS, *LOOKUP_SILENT}
    assert {*plan.publish_faults} >= {*PUBLISH_TRANSIENT, *PUBLISH_SILENT}
