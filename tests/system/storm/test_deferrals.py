"""The function is killed at every step of a deferral; each request still ends in one verdict, in few copies."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from express_sync.local.crash_points import Point
from tests.system.storm.stage import FAST, TWO_TIERS, Document, Stage, request, stage
from tests.system.storm.strikes import Strike

MOST_DEFERRALS = int(TWO_TIERS["EXPRESS_SYNC_MAX_DEFERRALS"])
FOR_EVER = 1000


@pytest.fixture(scope="module")
def shared() -> Iterator[Stage]:
    """A cloud that the tests of this module share; each uses names of its own."""
    with stage({**FAST, **TWO_TIERS, "EXPRESS_SYNC_MAX_ATTEMPTS": "1"}) as running:
        yield running


def sent(running: Stage, name: str) -> list[Document]:
    """Sixteen requests: the API never does half of them, and the others in the generation after the first."""
    documents = [request(f"{name}-{number}") for number in range(16)]
    for number, document in enumerate(documents):
        running.bend_create(document["name"], ["AssumeRoleFail"], FOR_EVER if number % 2 else 1)
    running.send([json.dumps(document) for document in documents])
    return documents


def outcomes_on(running: Stage, documents: list[Document]) -> list[Document]:
    """Every outcome of these requests, repetitions included."""
    wanted = {document["requestId"] for document in documents}
    return [event for event in running.announced() if event["subject"] in wanted]


def copies(events: list[Document]) -> Counter[tuple[str, int]]:
    """In how many messages each request was worked in each generation."""
    messages: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for event in events:
        messages[event["subject"], event["data"]["generation"]].add(event["data"]["messageId"])
    return Counter({copy: len(ids) for copy, ids in messages.items()})


def assert_each_ends_once(running: Stage, documents: list[Document], kills: int) -> None:
    """One final verdict for each request, the true one; no kill adds more than one copy to a generation."""
    events = outcomes_on(running, documents)
    verdicts = {(each["source"], each["id"]): each for each in events if each["data"]["status"] != "deferred"}
    told = {event["subject"]: event["data"]["status"] for event in verdicts.values()}
    assert len(verdicts) == len(told) == len(documents), "each has one verdict under one id"
    there = {f"REQ-{group['Name']}" for group in running.groups()}
    assert told == {each["requestId"]: "succeeded" if each["requestId"] in there else "failed" for each in documents}
    assert {told[each["requestId"]] for each in documents[1::2]} == {"failed"}
    assert {told[each["requestId"]] for each in documents[0::2]} == {"succeeded"}
    found = copies(events)
    assert {generation for _, generation in found} == set(range(MOST_DEFERRALS + 1))
    assert all(count == 1 for (_, generation), count in found.items() if generation == 0)
    assert max(found.values()) <= 1 + kills


@pytest.mark.parametrize("point", ["publish-sent", "publish-answered", "requeue-answered"])
def test_a_kill_at_any_step_of_a_deferral_leaves_one_verdict(shared: Stage, point: Point) -> None:
    kills_before, points_before = shared.strikes.dealt["kill"], shared.strikes.points["requeue-answered"]
    shared.strikes.add(Strike("kill", 8, point))
    documents = sent(shared, f"at-{point}")
    shared.settle()
    assert shared.strikes.dealt["kill"] == kills_before + 1
    assert_each_ends_once(shared, documents, kills=1)
    requeued = shared.strikes.points["requeue-answered"] - points_before
    assert requeued <= 8 * (1 + MOST_DEFERRALS) + 16 * MOST_DEFERRALS, "a kill adds one copy for each deferral at most"


def test_kills_between_requeueing_and_acknowledging_in_every_generation_leave_one_verdict(shared: Stage) -> None:
    kills_before = shared.strikes.dealt["kill"]
    shared.strikes.add(*[Strike("kill", 9, "requeue-answered")] * 3)
    documents = sent(shared, "in-every-generation")
    shared.settle()
    assert shared.strikes.dealt["kill"] == kills_before + 3
    assert_each_ends_once(shared, documents, kills=3)
    assert max(copies(outcomes_on(shared, documents)).values()) > 1, "no kill came after a request was sent back"
