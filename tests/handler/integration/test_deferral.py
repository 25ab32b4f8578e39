"""Deferrals through the local cloud: a temporary error is deferred, the request comes back, and one verdict ends it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from handler.credentials import Credentials
from handler.smq.client import Smq

IMPATIENT = {
    "EXPRESS_SYNC_MAX_ATTEMPTS": "2",
    "EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.01",
    "EXPRESS_SYNC_BACKOFF_CAP_SECONDS": "0.01",
    "EXPRESS_SYNC_DEFER_BASE_SECONDS": "1",
    "EXPRESS_SYNC_DEFER_CAP_SECONDS": "1",
    "EXPRESS_SYNC_MAX_DEFERRALS": "2",
}
REQUEST = {"requestId": "REQ-T2", "name": "second-tier", "bucketName": "tier-bucket", "bucketRegion": "cn-hangzhou"}
EVENT = {
    "specversion": "1.0",
    "id": "order-7",
    "source": "/portal",
    "type": "portal.order",
    "correlationid": "cart-1",
    "data": REQUEST,
}


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with background(CloudOptions(environment=IMPATIENT)) as running:
        yield running


def _smq(cloud: RunningCloud) -> Smq:
    ready = cloud.ready
    return Smq.at(ready["mns"]["endpoint"], Credentials(ready["accessKeyId"], ready["accessKeySecret"]))


def _fail(cloud: RunningCloud, faults: list[str]) -> None:
    url = f"{cloud.ready['sgw']['endpoint']}/_local/faults"
    assert urllib3.request("POST", url, json={"name": "second-tier", "faults": faults}).status == 200


def _outcomes(cloud: RunningCloud, count: int) -> list[dict[str, Any]]:
    """Return the next outcomes in the order of their generations."""
    smq, queue = _smq(cloud), cloud.ready["mns"]["resultQueue"]
    events: list[dict[str, Any]] = []
    while len(events) < count:
        received = smq.receive(queue, count - len(events), wait_seconds=10)
        assert received, f"only {len(events)} of {count} outcomes came"
        smq.delete(queue, [message.receipt_handle for message in received])
        events += [json.loads(message.body) for message in received]
    return sorted(events, key=lambda event: int(event["data"]["generation"]))


def test_deferred_request_succeeds_later_with_its_correlation(cloud: RunningCloud) -> None:
    """Both events have the attributes of the requester."""
    _fail(cloud, ["AssumeRoleFail"] * 2)
    _smq(cloud).send(cloud.ready["mns"]["requestQueue"], [json.dumps(EVENT)])
    deferred, succeeded = _outcomes(cloud, 2)
    assert (deferred["data"]["status"], deferred["data"]["error"]["code"]) == ("deferred", "AssumeRoleFail")
    assert deferred["data"]["nextAttemptAt"] > deferred["time"]
    assert (succeeded["data"]["status"], succeeded["data"]["generation"]) == ("succeeded", 1)
    for event in (deferred, succeeded):
        assert (event["subject"], event["requestsource"]) == ("REQ-T2", "/portal")
        assert (event["causationid"], event["correlationid"]) == ("order-7", "cart-1")


def test_lasting_error_fails_in_the_last_generation(cloud: RunningCloud) -> None:
    """The final verdict has the original request and may be replayed."""
    _fail(cloud, ["AssumeRoleFail"] * 6)
    _smq(cloud).send(cloud.ready["mns"]["requestQueue"], [json.dumps(REQUEST)])
    first, second, last = _outcomes(cloud, 3)
    assert [event["data"]["status"] for event in (first, second, last)] == ["deferred", "deferred", "failed"]
    assert len({event["id"] for event in (first, second, last)}) == 3
    assert (last["data"]["generation"], last["data"]["error"]["retryable"]) == (2, True)
    assert last["data"]["request"] == REQUEST


def test_permanent_error_is_not_deferred(cloud: RunningCloud) -> None:
    """RoleNotExist needs a person; waiting would only hide it."""
    _fail(cloud, ["RoleNotExist"])
    _smq(cloud).send(cloud.ready["mns"]["requestQueue"], [json.dumps(REQUEST)])
    (event,) = _outcomes(cloud, 1)
    assert (event["data"]["status"], event["data"]["generation"]) == ("failed", 0)


def test_unpublished_verdict_is_published_a_generation_later(cloud: RunningCloud) -> None:
    """While the topic refuses, no invocation raises; this holds for a request and for garbage."""
    url = f"{cloud.ready['mns']['endpoint']}/_local/faults"
    wish = {"operation": "PublishMessage", "faults": ["AccessDenied"] * 2}
    assert urllib3.request("POST", url, json=wish).status == 200
    garbage = json.dumps({"requestId": "REQ-G"})[:-1]
    ids = _smq(cloud).send(cloud.ready["mns"]["requestQueue"], [json.dumps(EVENT), garbage])
    events = {event["data"]["submissionId"]: event for event in _outcomes(cloud, 2)}
    assert list(events) == list(ids) or list(events) == [*reversed(ids)]
    made, rejected = (events[each] for each in ids)
    assert [event["data"]["status"] for event in (made, rejected)] == ["succeeded", "rejected"]
    assert [event["data"]["generation"] for event in (made, rejected)] == [1, 1]
    assert (made["correlationid"], made["causationid"]) == ("cart-1", "order-7")
    assert rejected["subject"] == ids[1]


def test_two_submissions_in_an_outage_are_both_answered(cloud: RunningCloud) -> None:
    """Each has its deferrals and its success, in one batch or in two."""
    _fail(cloud, ["AssumeRoleFail"] * 2)
    ids = _smq(cloud).send(cloud.ready["mns"]["requestQueue"], [json.dumps(REQUEST)] * 2)
    final: set[str] = set()
    event_ids: list[str] = []
    while final != set(ids):
        (event,) = _outcomes(cloud, 1)
        event_ids.append(event["id"])
        if event["data"]["status"] != "deferred":
            assert event["data"]["status"] == "succeeded"
            final.add(event["data"]["submissionId"])
    assert len(event_ids) == len(set(event_ids))


@pytest.mark.parametrize("generation", [-1, 10**9, "1", True, None, 1.5])
def test_generation_forged_by_a_sender_counts_as_the_first(cloud: RunningCloud, generation: object) -> None:
    event = {**EVENT, "type": "expresssync.provision.requested.v1", "generation": generation}
    _smq(cloud).send(cloud.ready["mns"]["requestQueue"], [json.dumps(event)])
    (outcome,) = _outcomes(cloud, 1)
    assert (outcome["data"]["status"], outcome["data"]["generation"]) == ("succeeded", 0)
