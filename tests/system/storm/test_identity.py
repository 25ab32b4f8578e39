"""What has been said stays said: redeliveries repeat event ids, twins agree, and another body is another matter."""

import json
from collections.abc import Iterator

import pytest

from tests.system.storm.stage import FAST, Document, Stage, request, stage


@pytest.fixture(scope="module")
def shared() -> Iterator[Stage]:
    """A cloud that the tests of this module share; each uses names of its own."""
    with stage({**FAST, "EXPRESS_SYNC_DEAD_LETTER_QUEUE": ""}) as running:
        yield running


def verdicts_since(running: Stage, before: int) -> list[Document]:
    """The outcomes after the first `before`, in order."""
    return running.announced()[before:]


def identity(event: Document) -> tuple[str, str]:
    return event["source"], event["id"]


def test_redelivery_of_any_prefix_of_a_finished_batch_repeats_the_same_event_ids(shared: Stage) -> None:
    before = len(shared.announced())
    bodies = finished_batch(shared)
    ids = shared.send(bodies)
    shared.settle()
    first = {event["data"]["messageId"]: identity(event) for event in verdicts_since(shared, before)}
    assert set(first) == set(ids)
    for length in range(1, len(bodies) + 1):
        before = len(shared.announced())
        envelopes = [
            {"messageId": message_id, "messageBody": body}
            for message_id, body in zip(ids[:length], bodies[:length], strict=True)
        ]
        assert shared.invoke(json.dumps(envelopes).encode()).succeeded
        again = {event["data"]["messageId"]: identity(event) for event in verdicts_since(shared, before)}
        assert again == {message_id: first[message_id] for message_id in ids[:length]}


def finished_batch(running: Stage) -> list[str]:
    """Sixteen bodies with every lasting verdict among them: made, found, taken, impossible, invalid, garbage."""
    running.seed_group(Name="prefix-taken", BucketName="somewhere-else", BucketRegion="cn-hangzhou")
    running.seed_group(Name="prefix-there", BucketName="bucket-prefix-there", BucketRegion="cn-hangzhou")
    running.bend_create("prefix-nowhere", ["InvalidRegionId"], 100)
    names = ("prefix-taken", "prefix-there", "prefix-nowhere", *(f"prefix-{number}" for number in range(10)))
    valid = [json.dumps(request(name)) for name in names]
    return [*valid, json.dumps(request("prefix-invalid", colour="red")), "no JSON", json.dumps(["no", "request"])]


def test_a_consumer_that_drops_repetitions_sees_each_verdict_once_although_the_batch_came_twice(shared: Stage) -> None:
    before = len(shared.announced())
    shared.bend_publish(["slow:0"] * 7 + ["TopicNotExist"])  # the eighth outcome is lost, so all sixteen come back
    documents = [request(f"twice-{number}") for number in range(16)]
    shared.send([json.dumps(document) for document in documents])
    shared.settle()
    events = verdicts_since(shared, before)
    assert len(events) == 15 + 16
    assert len({identity(event) for event in events}) == 16


def test_the_same_request_id_with_another_body_is_reported_as_the_conflict_it_is(shared: Stage) -> None:
    before = len(shared.announced())
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


def test_copies_in_one_batch_are_asked_for_once(shared: Stage) -> None:
    """Both submissions get the same verdict, each under an id of its own."""
    before = len(shared.announced())
    shared.bend_create("twin", ["RoleNotExist"])
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
