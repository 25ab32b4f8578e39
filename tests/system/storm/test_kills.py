"""The function is killed in the middle of batches of 16; every message still gets one true verdict."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from express_sync.local.crash_points import Point
from handler.transport.pool import MAX_IDLE_SECONDS
from tests.system.storm.disruptions import Disruption
from tests.system.storm.watched_cloud import FAST, Document, WatchedCloud, request, watched_cloud, with_timeout

SIXTEEN = range(16)


@pytest.fixture(scope="module")
def cloud() -> Iterator[WatchedCloud]:
    """A cloud that the tests of this module share; each uses names of its own."""
    with watched_cloud(FAST) as running:
        yield running


@pytest.fixture
def shared(cloud: WatchedCloud) -> Iterator[WatchedCloud]:
    """The same cloud, without disruptions after each test."""
    yield cloud
    cloud.disruptions.cancel()
    cloud.settle()


def batch(name: str) -> list[Document]:
    """Sixteen requests whose groups are called `name-0` to `name-15`."""
    return [request(f"{name}-{number}") for number in SIXTEEN]


def send(running: WatchedCloud, documents: Sequence[Document]) -> None:
    running.send([json.dumps(document) for document in documents])


def verdicts_on(running: WatchedCloud, documents: Sequence[Document]) -> dict[tuple[str, str], Document]:
    """The outcomes of these requests, repetitions dropped by (source, id) as the contract says."""
    wanted = {document["requestId"] for document in documents}
    mine = [event for event in running.published() if event["subject"] in wanted]
    return {(event["source"], event["id"]): event["data"] for event in mine}


def assert_one_group_each(running: WatchedCloud, documents: Sequence[Document]) -> None:
    """One verdict for each request, `succeeded`, naming the group that is there with its configuration."""
    verdicts = list(verdicts_on(running, documents).values())
    assert Counter(data["requestId"] for data in verdicts) == {document["requestId"]: 1 for document in documents}
    groups = {group["ExpressSyncId"]: group for group in running.groups()}
    for data in verdicts:
        assert data["status"] == "succeeded"
        group = groups[data["expressSyncId"]]
        assert f"REQ-{group['Name']}" == data["requestId"]
        assert group["BucketName"] == f"bucket-{group['Name']}"
    assert len({data["expressSyncId"] for data in verdicts}) == len(documents)


@pytest.mark.parametrize("point", ["create-sent", "create-answered", "publish-sent", "publish-answered"])
def test_kill_at_a_crash_point_leaves_one_group_and_verdict(shared: WatchedCloud, point: Point) -> None:
    documents = batch(f"at-{point}")
    kills_before = ends(shared)["exited"]
    shared.disruptions.add(Disruption("kill", 8, point))
    send(shared, documents)
    shared.settle()
    assert ends(shared)["exited"] == kills_before + 1
    assert_one_group_each(shared, documents)


def test_kill_switch_acts_at_its_point_and_batch_is_redelivered(shared: WatchedCloud) -> None:
    documents = batch("by-the-admin-api")
    pushes_before = shared.pushes()
    shared.admin("fc", "POST", "/_local/kill", {"after": "create-answered"})
    send(shared, documents)
    shared.settle()
    assert shared.pushes() == pushes_before + 2
    assert_one_group_each(shared, documents)


def test_kills_at_random_leave_one_group_and_verdict(shared: WatchedCloud) -> None:
    documents = batch("any-instant")
    kills_before = ends(shared)["exited"]
    shared.disruptions.add(*(Disruption("kill-soon", 24, None, 0.005 * number) for number in range(5)))
    for document in documents:
        shared.fail_creates(document["name"], ["slow:30"])
    send(shared, documents)
    shared.settle()
    assert ends(shared)["exited"] > kills_before
    assert_one_group_each(shared, documents)


def test_queue_service_restart_changes_no_verdict(shared: WatchedCloud) -> None:
    documents = batch("mns-restarts")
    shared.disruptions.add(Disruption("restart-mns", 8, "publish-sent", 0.3))
    send(shared, documents)
    shared.settle()
    assert shared.disruptions.done["restart-mns"] == 1
    assert_one_group_each(shared, documents)


def test_gateway_restart_makes_no_verdict_untrue(shared: WatchedCloud) -> None:
    documents = batch("sgw-restarts")
    shared.disruptions.add(Disruption("restart-sgw", 8, "create-sent", 0.3))
    send(shared, documents)
    shared.settle()
    verdicts = list(verdicts_on(shared, documents).values())
    assert Counter(data["requestId"] for data in verdicts) == {document["requestId"]: 1 for document in documents}
    there = {f"REQ-{group['Name']}" for group in shared.groups()}
    assert all((data["status"] == "succeeded") == (data["requestId"] in there) for data in verdicts)
    assert any(data["attempts"] > 1 for data in verdicts), "the restart disturbed no call"


@pytest.mark.parametrize("point", ["create-sent", "publish-sent"])
def test_freeze_in_a_call_leaves_one_group_and_verdict(shared: WatchedCloud, point: Point) -> None:
    """It lasts longer than a call and than a connection may be idle; the instance is thawed in the middle of a call."""
    documents, more = batch(f"frozen-at-{point}"), batch(f"thawed-from-{point}")
    kills_before = ends(shared)["exited"]
    shared.disruptions.add(Disruption("freeze", 8, point, MAX_IDLE_SECONDS + 1))
    send(shared, documents)
    shared.settle()
    send(shared, more)
    shared.settle()
    assert ends(shared)["exited"] == kills_before
    assert_one_group_each(shared, documents)
    assert_one_group_each(shared, more)
    assert {data["attempts"] for data in verdicts_on(shared, more).values()} == {1}


def test_function_timeout_leaves_one_group_and_verdict(tmp_path: Path) -> None:
    documents = batch("stalled")
    with watched_cloud(FAST, [Disruption("stall", 8, "create-answered")], with_timeout(20, tmp_path)) as running:
        send(running, documents)
        running.settle()
        assert ends(running) == {"timed-out": 1, "succeeded": 1}
        assert_one_group_each(running, documents)


def ends(running: WatchedCloud) -> Counter[str]:
    """How the invocations have ended, each kind counted."""
    return Counter(answer.outcome for answer in running.answers)
