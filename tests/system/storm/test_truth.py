"""The decide of a storm sees every kind of lie, and accepts what the contract allows."""

import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.crash_points import POINTS
from handler.model import Adoption
from tests.system.storm.forecast import LOOK_SILENT, SGW_FAULTS, SGW_SILENT, Planned, forecast
from tests.system.storm.stage import request
from tests.system.storm.truth import Storm, contradictions, leaks, without_request

SAMPLES = Path(__file__).parents[3] / "events" / "outcomes"
GROUP = {
    "ExpressSyncId": "sync-1",
    "Name": "photos",
    "BucketName": "bucket-photos",
    "BucketRegion": "cn-hangzhou",
    "BucketPrefix": "",
}
PLANNED = Planned("plain", "", request("photos"))


def event(status: str, number: int = 1, **data: Any) -> dict[str, Any]:
    """An outcome of `status` for the group photos, made of the sample; `number` makes its id."""
    sample: dict[str, Any] = json.loads((SAMPLES / f"{status}.json").read_bytes())
    sample.update(id=hashlib.sha256(f"{status}-{number}".encode()).hexdigest()[:32], subject="REQ-photos")
    sample["data"].update({"requestId": "REQ-photos", "messageId": "M-1", "submissionId": "M-1", **data})
    rank = sample["sequence"][-1]
    sample["sequence"] = sample["sequence"] if rank == "3" else f"{sample['data']['generation']:04d}-{rank}"
    return sample


SUCCEEDED = event("succeeded", expressSyncId="sync-1")
FAILED = event("failed")
INDETERMINATE = event("indeterminate")
DEFERRED = event("deferred")
SENT_BACK = "M-2"  # a message that the function has sent, which nobody has planned


def judged(
    *announced: dict[str, Any],
    groups: tuple[dict[str, str], ...] = (GROUP,),
    planned: Planned = PLANNED,
    adoption: Adoption = "identical",
) -> list[str]:
    return contradictions(Storm({"M-1": planned}, announced, groups, adoption))


@pytest.mark.parametrize(
    ("announced", "groups"),
    [
        ((SUCCEEDED,), (GROUP,)),
        ((SUCCEEDED, copy.deepcopy(SUCCEEDED)), (GROUP,)),
        ((FAILED, SUCCEEDED), (GROUP,)),
        ((SUCCEEDED, INDETERMINATE), (GROUP,)),
        ((INDETERMINATE,), (GROUP,)),
        ((FAILED,), ({**GROUP, "BucketName": "another"},)),
        ((FAILED,), ()),
        ((DEFERRED, event("succeeded", expressSyncId="sync-1", messageId=SENT_BACK)), (GROUP,)),
        ((DEFERRED, event("failed", messageId=SENT_BACK)), ()),
        ((FAILED, DEFERRED, event("failed", messageId=SENT_BACK, generation=1)), ()),
        ((event("indeterminate", generation=0), FAILED), (GROUP,)),
        ((FAILED, event("indeterminate", generation=0)), (GROUP,)),
        ((event("indeterminate", generation=1), FAILED), (GROUP,)),
        ((event("failed", generation=1), event("indeterminate", submissionId="M-2")), (GROUP,)),
        ((SUCCEEDED, DEFERRED), (GROUP,)),
        ((SUCCEEDED, {**event("rejected", submissionId="T-1"), "subject": "pull@2026-11-23T08:00:00Z"}), (GROUP,)),
    ],
)
def test_what_the_contract_allows_is_no_contradiction(
    announced: tuple[dict[str, Any], ...], groups: tuple[dict[str, str], ...]
) -> None:
    assert judged(*announced, groups=groups) == []


@pytest.mark.parametrize(
    ("announced", "groups", "sentence"),
    [
        ((), (GROUP,), "has no verdict"),
        ((DEFERRED,), (GROUP,), "REQ-photos is deferred, and that is all"),
        ((FAILED, event("deferred", generation=1)), (GROUP,), "REQ-photos is deferred, and that is all"),
        ((DEFERRED, event("failed", messageId=SENT_BACK)), (GROUP,), "failed, but its group is there"),
        ((FAILED, DEFERRED, event("failed", messageId=SENT_BACK)), (GROUP,), "failed, but its group is there"),
        (({**SUCCEEDED, "type": "x"},), (GROUP,), "breaks the outcome schema"),
        ((SUCCEEDED, FAILED), (GROUP,), "succeeded is followed by failed"),
        ((FAILED,), (GROUP,), "failed, but its group is there"),
        ((SUCCEEDED,), (), "is not there or another"),
        ((SUCCEEDED,), ({**GROUP, "BucketPrefix": "else"},), "is not there or another"),
        ((SUCCEEDED,), (GROUP, {**GROUP, "ExpressSyncId": "sync-2"}), "two groups"),
        ((SUCCEEDED, event("succeeded", 2, expressSyncId="sync-2")), (GROUP,), "REQ-photos: two groups"),
        ((SUCCEEDED, {**FAILED, "id": SUCCEEDED["id"]}), (GROUP,), "says ["),
        ((event("rejected"),), (), "(plain) is rejected"),
        ((SUCCEEDED,), (GROUP, {**GROUP, "Name": "stranger"}), "nobody has asked for stranger"),
    ],
)
def test_every_lie_is_seen(
    announced: tuple[dict[str, Any], ...], groups: tuple[dict[str, str], ...], sentence: str
) -> None:
    assert any(sentence in found for found in judged(*announced, groups=groups))


def test_a_group_of_somebody_else_is_adopted_only_where_the_policy_says_so() -> None:
    """Under `owned` the request fails although such a group is there, and to call it its own is a lie."""
    somebody_elses = replace(PLANNED, kind="identical")
    assert judged(SUCCEEDED, planned=somebody_elses) == []
    assert judged(FAILED, planned=somebody_elses, adoption="owned") == []
    assert judged(SUCCEEDED, planned=somebody_elses, adoption="owned") == ["REQ-photos (identical) succeeded"]
    assert judged(FAILED, planned=PLANNED, adoption="owned") == ["REQ-photos: failed, but its group is there"]


def test_a_text_of_the_request_is_a_leak_everywhere_but_in_the_request_of_an_outcome() -> None:
    within = event("failed", request={"description": "planted-1"})
    beside = event("failed", error={**FAILED["data"]["error"], "message": "planted-1"})
    assert leaks([without_request(within)], ["planted"]) == []
    assert len(leaks([without_request(beside)], ["planted"])) == 1


def test_a_seed_repeats_its_storm_and_another_seed_is_another_storm() -> None:
    assert forecast(7, 64) == forecast(7, 64)
    assert forecast(7, 64) != forecast(8, 64)


def test_a_storm_of_the_suites_size_holds_every_kind_of_message_and_blow() -> None:
    coming = forecast(20261123, 300)
    assert {planned.kind for planned in coming.plans} == {
        "plain",
        "hopeless",
        "taken",
        "identical",
        "invalid",
        "garbage",
    }
    assert {strike.blow for strike in coming.strikes} == {"kill", "kill-soon", "stall", "restart-mns", "restart-sgw"}
    assert any(planned.copies > 1 for planned in coming.plans)
    assert {*coming.look_faults} >= {*LOOK_SILENT, "InternalError"}
    assert {fault for planned in coming.plans for fault in planned.create_faults} >= {*SGW_FAULTS, *SGW_SILENT}
    assert {strike.point for strike in coming.strikes if strike.blow == "kill"} == set(POINTS)
