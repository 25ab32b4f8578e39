"""Failures: groups by error code, replays with edits, and replays of a selection."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import pytest

from tests.support.patience import wait_for
from tests.support.portal import ALICE, RunningPortal, outcome, running_portal


@pytest.fixture
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("portal")) as running:
        yield running


def failed(portal: RunningPortal, *request_ids: str, status: str = "failed", code: str = "RoleNotExist") -> None:
    """Let requests fail."""
    for request_id in request_ids:
        event = outcome(status, request_id, id=f"{abs(hash(request_id)):032x}"[-32:], submissionId=f"s-{request_id}")
        event["data"]["error"]["code"] = code
        portal.queues.put(json.dumps(event))
    for request_id in request_ids:
        wait_for(partial(is_known, portal, request_id))


def is_known(portal: RunningPortal, request_id: str) -> bool:
    return portal.call("GET", f"/v1/requests/{request_id}").status == 200


def groups(portal: RunningPortal) -> dict[tuple[str, str], int]:
    found = portal.call("GET", "/v1/failures").json["groups"]
    return {(each["status"], each["code"]): each["count"] for each in found}


def test_failures_are_grouped_by_code_with_a_hint(portal: RunningPortal) -> None:
    failed(portal, "F-1", "F-2")
    failed(portal, "F-3", code="AssumeRoleFail")
    [first, _] = portal.call("GET", "/v1/failures").json["groups"]
    assert (first["code"], first["count"], first["retryable"]) == ("RoleNotExist", 2, False)
    assert "AliyunServiceRoleForHCSSGW" in first["hint"]
    listed = portal.call("GET", first["links"]["requests"]).json["requests"]
    assert {each["requestId"] for each in listed} == {"F-1", "F-2"}


def test_request_that_succeeded_since_leaves_its_group(portal: RunningPortal) -> None:
    failed(portal, "F-1")
    portal.queues.put(json.dumps(outcome("succeeded", "F-1", submissionId="later")))
    wait_for(lambda: groups(portal) == {})
    assert portal.call("GET", "/v1/requests/F-1").json["status"] == "succeeded"


def test_terminal_error_is_replayed_by_force_only(portal: RunningPortal) -> None:
    failed(portal, "F-1")
    refused = portal.call("POST", "/v1/requests/F-1/replay", {})
    assert (refused.status, refused.json["type"]) == (409, "urn:express-sync:problem:terminal-error")
    done = portal.call("POST", "/v1/requests/F-1/replay", {"force": True, "edits": {"bucketName": "other-bucket"}})
    assert (done.status, done.json["status"], done.json["bucketName"]) == (202, "accepted", "other-bucket")
    [event] = portal.queues.sent_for("F-1")
    assert event["data"]["bucketName"] == "other-bucket"
    assert event["replayid"] == done.json["history"][-1]["submissionId"]


def test_replay_is_recorded_once(portal: RunningPortal) -> None:
    failed(portal, "F-1", code="AssumeRoleFail", status="indeterminate")
    answers = [portal.call("POST", "/v1/requests/F-1/replay", {"force": True}) for _ in range(3)]
    assert [each.status for each in answers] == [202, 202, 202]
    assert [each["kind"] for each in answers[-1].json["history"]] == ["outcome", "replayed"]


def test_invalid_edit_is_refused_with_its_rule(portal: RunningPortal) -> None:
    failed(portal, "F-1")
    for edits, rule in (({"bucketName": "NOT-VALID"}, "pattern"), ({"requestId": "x"}, "additionalProperties")):
        answer = portal.call("POST", "/v1/requests/F-1/replay", {"edits": edits})
        assert (answer.status, answer.json["violations"][0]["rule"]) == (422, rule)


def test_request_without_failure_is_not_replayed(portal: RunningPortal) -> None:
    portal.queues.put(json.dumps(outcome("succeeded", "S-1")))
    wait_for(partial(is_known, portal, "S-1"))
    assert portal.call("POST", "/v1/requests/S-1/replay", {}).status == 409
    assert portal.call("POST", "/v1/requests/none/replay", {}).status == 404


def test_selection_is_previewed_then_replayed_at_a_rate(portal: RunningPortal) -> None:
    failed(portal, "F-1", "F-2", "F-3")
    failed(portal, "F-4", code="AssumeRoleFail")
    wish = {"filter": {"code": "RoleNotExist"}, "force": True, "ratePerSecond": 0.5}
    preview = portal.call("POST", "/v1/replays", {**wish, "preview": True})
    assert (preview.status, preview.json["matched"], preview.json["replayed"]) == (200, 3, 3)
    assert portal.queues.sent == []
    failed(portal, "F-5")  # came after the preview
    done = portal.call("POST", "/v1/replays", {**wish, "upTo": preview.json["upTo"]})
    assert (done.status, done.json["replayed"], done.json["nextCursor"]) == (202, 3, None)
    last = datetime.fromisoformat(done.json["lastDueAt"].replace("Z", "+00:00"))
    accepted = portal.call("GET", "/v1/requests/F-1").json["updatedAt"]
    assert (last - datetime.fromisoformat(accepted.replace("Z", "+00:00"))).total_seconds() > 3
    assert groups(portal) == {("failed", "RoleNotExist"): 1, ("failed", "AssumeRoleFail"): 1}


def test_selection_continues_at_its_cursor(portal: RunningPortal) -> None:
    failed(portal, *(f"F-{number}" for number in range(5)))
    wish = {"filter": {"status": "failed"}, "force": True, "limit": 2}
    replayed: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        done = portal.call("POST", "/v1/replays", {**wish, **cursor}).json
        replayed.append(done["replayed"])
        if done["nextCursor"] is None:
            break
        cursor = {"cursor": done["nextCursor"]}
    assert replayed == [2, 2, 1]
    other = portal.call("POST", "/v1/replays", {"filter": {}, **cursor})
    assert (other.status, other.json["type"]) == (400, "urn:express-sync:problem:bad-cursor")


def test_refused_failures_are_counted_by_reason(portal: RunningPortal) -> None:
    failed(portal, "F-1", "F-2")
    done = portal.call("POST", "/v1/replays", {"filter": {"requestIds": ["F-1", "F-2", "none"]}}).json
    assert (done["matched"], done["replayed"], done["refused"]) == (2, 0, {"terminal-error": 2})


@pytest.mark.parametrize("path", ["/v1/failures", "/metrics"])
def test_requester_may_not_read_what_is_for_operators(portal: RunningPortal, path: str) -> None:
    assert portal.call("GET", path, token=ALICE).status == 403


@pytest.mark.parametrize("path", ["/v1/replays", "/v1/requests/F-1/replay"])
def test_requester_may_not_replay(portal: RunningPortal, path: str) -> None:
    assert portal.call("POST", path, {}, token=ALICE).status == 403
