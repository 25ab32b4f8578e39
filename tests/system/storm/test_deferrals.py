"""The function is killed at every step of a deferral; each request still ends in one verdict, with few copies."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from express_sync.local.crash_points import Point
from tests.system.storm.disruptions import Disruption
from tests.system.storm.watched_cloud import FAST, TWO_TIERS, Document, WatchedCloud, request, watched_cloud

MAX_DEFERRALS = int(TWO_TIERS["EXPRESS_SYNC_MAX_DEFERRALS"])
ALWAYS = 1000


@pytest.fixture(scope="module")
def shared() -> Iterator[WatchedCloud]:
    """A cloud that the tests of this module share; each uses names of its own."""
    with watched_cloud({**FAST, **TWO_TIERS, "EXPRESS_SYNC_MAX_ATTEMPTS": "1"}) as running:
        yield running


def sent(running: WatchedCloud, name: str) -> list[Document]:
    """Send sixteen requests: half of them always fail, and the others succeed in the second generation."""
    documents = [request(f"{name}-{number}") for number in range(16)]
    for number, document in enumerate(documents):
        running.fail_creates(document["name"], ["AssumeRoleFail"], ALWAYS if number % 2 else 1)
    running.send([json.dumps(document) for document in documents])
    return documents


def outcomes_on(running: WatchedCloud, documents: list[Document]) -> list[Document]:
    """Return every outcome of these requests, repetitions included."""
    wanted = {document["requestId"] for document in documents}
    return [event for event in running.published() if event["subject"] in wanted]


def copies(events: list[Document]) -> Counter[tuple[str, int]]:
    """Return the number of messages of each request in each generation."""
    messages: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for event in events:
        messages[event["subject"], event["data"]["generation"]].add(event["data"]["messageId"])
    return Counter({copy: len(ids) for copy, ids in messages.items()})


def assert_each_ends_once(running: WatchedCloud, documents: list[Document], kills: int) -> None:
    """Assert one true final verdict for each request; no kill adds more than one copy to a generation."""
    events = outcomes_on(running, documents)
    verdicts = {(each["source"], each["id"]): each for each in events if each["data"]["status"] != "deferred"}
    told = {event["subject"]: event["data"]["status"] for event in verdicts.values()}
    assert len(verdicts) == len(told) == len(documents), "each has one verdict under one id"
    there = {f"REQ-{group['Name']}" for group in running.groups()}
    assert told == {each["requestId"]: "succeeded" if each["requestId"] in there else "failed" for each in documents}
    assert {told[each["requestId"]] for each in documents[1::2]} == {"failed"}
    assert {told[each["requestId"]] for each in documents[0::2]} == {"succeeded"}
    found = copies(events)
    assert {generation for _, generation in found} == set(range(MAX_DEFERRALS + 1))
    assert all(count == 1 for (_, generation), count in found.items() if generation == 0)
    assert max(found.values()) <= 1 + kills


@pytest.mark.parametrize("point", ["publish-sent", "publish-answered", "requeue-answered"])
def test_kill_at_any_step_of_a_deferral_leaves_one_verdict(shared: WatchedCloud, point: Point) -> None:
    kills_before, points_before = shared.disruptions.done["kill"], shared.disruptions.points["requeue-answered"]
    shared.disruptions.add(Disruption("kill", 8, point))
    documents = sent(shared, f"at-{point}")
    shared.settle()
    assert shared.disruptions.done["kill"] == kills_before + 1
    assert_each_ends_once(shared, documents, kills=1)
    requeued = shared.disruptions.points["requeue-answered"] - points_before
    assert requeued <= 8 * (1 + MAX_DEFERRALS) + 16 * MAX_DEFERRALS, "a kill adds one copy for each deferral at most"


def test_kills_after_requeueing_leave_one_verdict(shared: WatchedCloud) -> None:
    kills_before = shared.disruptions.done["kill"]
    shared.disruptions.add(*[Disruption("kill", 9, "requeue-answered")] * 3)
    documents = sent(shared, "in-every-generation")
    shared.settle()
    assert shared.disruptions.done["kill"] == kills_before + 3
    assert_each_ends_once(shared, documents, kills=3)
    assert max(copies(outcomes_on(shared, documents)).values()) > 1, "no kill followed a requeued request"
