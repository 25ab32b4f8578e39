"""Submitting requests and following them over HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import wait_for
from tests.support.portal import ALICE, BOB, GROUP, RunningPortal, outcome, running_portal


def submitted(portal: RunningPortal, request_id: str, token: str = ALICE) -> str:
    """Submit a request, and return the id of its submission."""
    answer = portal.call("POST", "/v1/requests", {"requestId": request_id, **GROUP}, token)
    assert answer.status == 202, answer
    return str(portal.queues.sent_for(request_id)[0]["submissionid"])


def test_submitted_request_is_accepted_and_sent(portal: RunningPortal) -> None:
    answer = portal.call("POST", "/v1/requests", {"requestId": "R/1", **GROUP, "requester": "mallory"}, ALICE)
    assert (answer.status, answer.headers["Location"]) == (202, "/v1/requests/R%2F1")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["status"] == "accepted"
    [event] = portal.queues.sent_for("R/1")
    assert event["data"] == {"requestId": "R/1", **GROUP, "requester": "alice"}


def test_repeated_request_is_sent_once(portal: RunningPortal) -> None:
    submitted(portal, "R-repeated")
    again = portal.call("POST", "/v1/requests", {"requestId": "R-repeated", **GROUP}, ALICE)
    assert again.status == 202
    submitted(portal, "R-next")  # all earlier messages are sent before it
    assert len(portal.queues.sent_for("R-repeated")) == 1


@pytest.mark.parametrize(("token", "name"), [(ALICE, "other"), (BOB, "design")])
def test_taken_id_is_a_conflict(portal: RunningPortal, token: str, name: str) -> None:
    portal.call("POST", "/v1/requests", {"requestId": "R-taken", **GROUP}, ALICE)
    answer = portal.call("POST", "/v1/requests", {"requestId": "R-taken", **GROUP, "name": name}, token)
    assert (answer.status, answer.headers["Content-Type"]) == (409, "application/problem+json")


def test_invalid_request_lists_every_violation(portal: RunningPortal) -> None:
    answer = portal.call("POST", "/v1/requests", {"requestId": "R", "name": "<b>", "extra": 1}, ALICE)
    assert answer.status == 422
    found = {(each["path"], each["rule"]) for each in answer.json["violations"]}
    assert found >= {("$.name", "pattern"), ("$.bucketName", "required"), ("$.extra", "additionalProperties")}
    assert "<b>" not in answer.text


def test_outcome_becomes_the_status(portal: RunningPortal) -> None:
    submission = submitted(portal, "R-done")
    portal.queues.put(json.dumps(outcome("succeeded", "R-done", submissionId=submission)))
    answer = wait_for(lambda: _terminal(portal, "R-done"))
    assert (answer["status"], answer["expressSyncId"]) == ("succeeded", answer["latest"]["data"]["expressSyncId"])
    assert [each["kind"] for each in answer["history"]] == ["accepted", "outcome"]


def test_requester_sees_only_own_requests(portal: RunningPortal) -> None:
    submitted(portal, "R-own")
    assert portal.call("GET", "/v1/requests/R-own", token=ALICE).status == 200
    assert portal.call("GET", "/v1/requests/R-own", token=BOB).status == 404
    assert portal.call("GET", "/v1/requests/R-own").status == 200


def test_request_without_an_owner_cannot_be_claimed(portal: RunningPortal) -> None:
    """It was sent past the portal, and its success tells neither the request nor its requester."""
    portal.queues.put(json.dumps(outcome("succeeded", "R-past", id="e" * 32)))
    wait_for(lambda: portal.call("GET", "/v1/requests/R-past").status == 200)
    assert portal.call("POST", "/v1/requests", {"requestId": "R-past", **GROUP}, ALICE).status == 409
    assert portal.call("GET", "/v1/requests/R-past", token=ALICE).status == 404
    named = {"requestId": "R-past", **GROUP, "requester": "alice"}
    assert portal.call("POST", "/v1/requests", named).status == 202  # an operator says whose it is
    assert portal.call("GET", "/v1/requests/R-past", token=ALICE).status == 200


def test_unchanged_document_is_not_sent_again(portal: RunningPortal) -> None:
    submitted(portal, "R-tag")
    wait_for(lambda: portal.call("GET", "/v1/requests/R-tag").json["conditions"][0]["status"] == "True")
    tag = portal.call("GET", "/v1/requests/R-tag").headers["ETag"]
    assert portal.call("GET", "/v1/requests/R-tag", headers={"If-None-Match": f'"x", W/{tag}'}).status == 304
    assert portal.call("GET", "/v1/requests/R-tag", headers={"If-None-Match": '"x"'}).status == 200
    assert portal.call("GET", "/v1/requests/R-tag", headers={"If-None-Match": "*"}).status == 304


def _terminal(portal: RunningPortal, request_id: str) -> Any:
    found = portal.call("GET", f"/v1/requests/{request_id}").json
    return found if found["terminal"] else None


def test_history_survives_a_restart(tmp_path: Path) -> None:
    with running_portal(tmp_path) as first:
        submitted(first, "R-kept")
    with running_portal(tmp_path) as second:
        assert second.call("GET", "/v1/requests/R-kept").json["status"] == "accepted"
