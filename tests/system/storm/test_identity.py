"""Redeliveries repeat event ids, copies agree, and another body of a requestId is a conflict."""

import json
from collections.abc import Iterator

import pytest

from tests.system.storm.watched_cloud import FAST, Document, WatchedCloud, request, watched_cloud


@pytest.fixture(scope="module")
def shared() -> Iterator[WatchedCloud]:
    """A cloud that the tests of this module share; each uses names of its own."""
    with watched_cloud({**FAST, "EXPRESS_SYNC_DEAD_LETTER_QUEUE": ""}) as running:
        yield running


def verdicts_since(running: WatchedCloud, before: int) -> list[Document]:
    """The outcomes after the first `before`, in order."""
    return running.published()[before:]


def identity(event: Document) -> tuple[str, str]:
    return event["source"], event["id"]


def test_redelivery_of_part_of_a_batch_repeats_event_ids(shared: WatchedCloud) -> None:
    before = len(shared.published())
    bodies = finished_batch(shared)
    ids = shared.send(bodies)
    shared.settle()
    first = {event["data"]["messageId"]: identity(event) for event in verdicts_since(shared, before)}
    assert set(first) == set(ids)
    for length in range(1, len(bodies) + 1):
        before = len(shared.published())
        envelopes = [
            {"messageId": message_id, "messageBody": body}
            for message_id, body in zip(ids[:length], bodies[:length], strict=True)
        ]
        assert shared.invoke(json.dumps(envelopes).encode()).succeeded
        again = {event["data"]["messageId"]: identity(event) for event in verdicts_since(shared, before)}
        assert again == {message_id: first[message_id] for message_id in ids[:length]}


def finished_batch(running: WatchedCloud) -> list[str]:
    """Return sixteen bodies with every final verdict among them."""
    running.seed_group(Name="prefix-taken", BucketName="somewhere-else", BucketRegion="cn-hangzhou")
    running.seed_group(Name="prefix-there", BucketName="bucket-prefix-there", BucketRegion="cn-hangzhou")
    running.fail_creates("prefix-nowhere", ["InvalidRegionId"], 100)
    names = ("prefix-taken", "prefix-there", "prefix-nowhere", *(f"prefix-{number}" for number in range(10)))
    valid = [json.dumps(request(name)) for name in names]
    return [*valid, json.dumps(request("prefix-invalid", colour="red")), "no JSON", json.dumps(["no", "request"])]


def test_redelivered_batch_publishes_each_verdict_under_one_id(shared: WatchedCloud) -> None:
    before = len(shared.published())
    shared.fail_publications(["slow:0"] * 7 + ["TopicNotExist"])  # the eighth outcome is lost, so all sixteen come back
    documents = [request(f"twice-{number}") for number in range(16)]
    shared.send([json.dumps(document) for document in documents])
    shared.settle()
    events = verdicts_since(shared, before)
    assert len(events) == 15 + 16
    assert len({identity(event) for event in events}) == 16


def test_request_id_with_another_body_is_a_conflict(shared: WatchedCloud) -> None:
    before = len(shared.published())
    original = request("disputed")
    shared.send([json.dumps(original)])
    shared.settle()
    shared.send([json.dumps({**original, "bucketName": "another-bucket"})])
    shared.settle()
    made, refused = verdicts_since(shared, before)
    assert (made["data"]["status"], refused["data"]["status"]) == ("succeeded", "failed")
    assert made["subject"] == refused["subject"]
    assert identity(made) != identity(refused)
    assert refused["data"]["error"]["code"] == "DuplicateExpressSyncName"
    assert refused["data"]["request"]["bucketName"] == "another-bucket"
    assert [group["BucketName"] for group in shared.groups() if group["Name"] == "disputed"] == ["bucket-disputed"]


def test_copies_in_one_batch_make_one_create_call(shared: WatchedCloud) -> None:
    """Both submissions get the same verdict, each under an id of its own."""
    before = len(shared.published())
    shared.fail_creates("twin", ["RoleNotExist"])
    sent = shared.send([json.dumps(request("twin"))] * 2)
    shared.settle()
    events = verdicts_since(shared, before)
    assert [event["data"]["status"] for event in events] == ["failed", "failed"]
    assert {event["data"]["submissionId"] for event in events} == set(sent)
    assert len({identity(event) for event in events}) == 2
    creates = [
        call for call in shared.calls("sgw") if call["name"] == "twin" and call["operation"] == "CreateExpressSync"
    ]
    assert len(creates) == 1
