"""Discarding failures that need no replay, over HTTP."""

import json
from collections.abc import Iterator

import pytest

from tests.portal.test_failures import failed, groups
from tests.support.patience import wait_for
from tests.support.portal import ALICE, RunningPortal, event_id, outcome, running_portal


@pytest.fixture
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("portal")) as running:
        yield running


def test_discarded_failure_leaves_its_group(portal: RunningPortal) -> None:
    """Its status stays, and its history says who discarded it."""
    failed(portal, "D-1", "D-2")
    done = portal.call("POST", "/v1/requests/D-1/discard", {})
    assert (done.status, done.json["status"], done.json["discarded"]) == (200, "failed", True)
    assert (done.json["history"][-1]["kind"], done.json["history"][-1]["document"]) == ("discarded", {"by": "olivia"})
    assert ("replay" in done.json["links"], "discard" in done.json["links"]) == (True, False)
    [group] = portal.call("GET", "/v1/failures").json["groups"]
    listed = portal.call("GET", group["links"]["requests"]).json["requests"]
    assert (group["count"], [each["requestId"] for each in listed]) == (1, ["D-2"])
    found = portal.call("GET", "/v1/requests?discarded=true").json["requests"]
    assert [each["requestId"] for each in found] == ["D-1"]
    assert portal.call("GET", "/v1/requests?discarded=yes").status == 400


def test_discarding_again_changes_nothing(portal: RunningPortal) -> None:
    failed(portal, "D-1")
    documents = [portal.call("POST", "/v1/requests/D-1/discard", {}).json for _ in range(2)]
    assert documents[0] == documents[1]


def test_changed_request_is_not_discarded(portal: RunningPortal) -> None:
    failed(portal, "D-1")
    tag = portal.call("GET", "/v1/requests/D-1").headers["ETag"]
    portal.queues.put(json.dumps(outcome("succeeded", "D-1", submissionId="later")))
    wait_for(lambda: groups(portal) == {})
    assert portal.call("POST", "/v1/requests/D-1/discard", {}, headers={"If-Match": tag}).status == 412
    assert portal.call("POST", "/v1/requests/D-1/discard", {}).status == 409
    assert portal.call("POST", "/v1/requests/none/discard", {}).status == 404


def test_any_tag_matches_an_unchanged_failure(portal: RunningPortal) -> None:
    failed(portal, "D-1")
    assert portal.call("POST", "/v1/requests/D-1/discard", {}, headers={"If-Match": "*"}).status == 200


def test_replay_ends_that_a_failure_is_discarded(portal: RunningPortal) -> None:
    failed(portal, "D-1")
    tag = portal.call("GET", "/v1/requests/D-1").headers["ETag"]
    assert portal.call("POST", "/v1/requests/D-1/discard", {}, headers={"If-Match": tag}).status == 200
    assert portal.call("POST", "/v1/requests/D-1/replay", {"force": True}).json["discarded"] is False
    [sent] = portal.queues.sent_for("D-1")
    again = outcome("failed", "D-1", submissionId=sent["replayid"], id=event_id("again"))
    portal.queues.put(json.dumps(again))
    wait_for(lambda: groups(portal) == {("failed", again["data"]["error"]["code"]): 1})


def test_late_event_leaves_a_failure_discarded(portal: RunningPortal) -> None:
    """An event that does not hold says nothing new."""
    failed(portal, "D-1")
    assert portal.call("POST", "/v1/requests/D-1/discard", {}).status == 200
    late = outcome("deferred", "D-1", submissionId="s-D-1", sequence="0000-0", id=event_id("late"))
    portal.queues.put(json.dumps(late))
    wait_for(lambda: len(portal.call("GET", "/v1/requests/D-1").json["history"]) == 3)
    assert (groups(portal), portal.call("GET", "/v1/requests/D-1").json["discarded"]) == ({}, True)


def test_selection_is_discarded_up_to_its_preview(portal: RunningPortal) -> None:
    failed(portal, *(f"D-{number}" for number in range(60)))
    failed(portal, "D-other", code="AssumeRoleFail")
    wish = {"filter": {"code": "RoleNotExist"}}
    preview = portal.call("POST", "/v1/discards", wish).json
    assert (preview["preview"], preview["matched"], preview["discarded"]) == (True, 60, 60)
    failed(portal, "D-later")
    done = portal.call("POST", "/v1/discards", {**wish, "upTo": preview["upTo"]}).json
    assert (done["preview"], done["discarded"], len(done["samples"])) == (False, 60, 10)
    assert groups(portal) == {("failed", "RoleNotExist"): 1, ("failed", "AssumeRoleFail"): 1}
    everything = {"filter": {}, "force": True, "preview": True}
    assert portal.call("POST", "/v1/replays", everything).json["matched"] == 2  # discarded ones are not replayed


@pytest.mark.parametrize("path", ["/v1/discards", "/v1/requests/D-1/discard"])
def test_requester_may_not_discard(portal: RunningPortal, path: str) -> None:
    assert portal.call("POST", path, {}, token=ALICE).status == 403


def test_requester_does_not_see_who_discarded(portal: RunningPortal) -> None:
    event = outcome("failed", "D-own", id=event_id("D-own"))
    event["data"]["request"]["requester"] = "alice"
    portal.queues.put(json.dumps(event))
    wait_for(lambda: portal.call("GET", "/v1/requests/D-own", token=ALICE).status == 200)
    assert portal.call("POST", "/v1/requests/D-own/discard", {}).status == 200
    answer = portal.call("GET", "/v1/requests/D-own", token=ALICE)
    assert [each["kind"] for each in answer.json["history"]] == ["outcome"]
    assert "olivia" not in answer.text
