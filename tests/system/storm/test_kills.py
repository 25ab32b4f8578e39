"""The function's process is killed in the middle of batches of 16; every message still gets its one true verdict."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from express_sync.local.crash_points import Point
from tests.system.storm.stage import FAST, Document, Stage, request, stage, with_timeout
from tests.system.storm.strikes import Strike

SIXTEEN = range(16)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Stage]:
    """A cloud that the tests of this module share; each uses names of its own."""
    with stage(FAST) as running:
        yield running


@pytest.fixture
def shared(cloud: Stage) -> Iterator[Stage]:
    """The same, whole again after each test."""
    yield cloud
    cloud.strikes.forget()
    cloud.settle()


def batch(name: str) -> list[Document]:
    """Sixteen requests whose groups are called `name-0` to `name-15`."""
    return [request(f"{name}-{number}") for number in SIXTEEN]


def send(running: Stage, documents: Sequence[Document]) -> None:
    running.send([json.dumps(document) for document in documents])


def verdicts_on(running: Stage, documents: Sequence[Document]) -> dict[tuple[str, str], Document]:
    """The outcomes of these requests, repetitions dropped by (source, id) as the contract says."""
    wanted = {document["requestId"] for document in documents}
    mine = [event for event in running.announced() if event["subject"] in wanted]
    return {(event["source"], event["id"]): event["data"] for event in mine}


def assert_each_made_once(running: Stage, documents: Sequence[Document]) -> None:
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
def test_a_kill_at_a_crash_point_loses_nothing_and_doubles_nothing(shared: Stage, point: Point) -> None:
    documents = batch(f"at-{point}")
    kills_before = ends(shared)["exited"]
    shared.strikes.add(Strike("kill", 8, point))
    send(shared, documents)
    shared.settle()
    assert ends(shared)["exited"] == kills_before + 1
    assert_each_made_once(shared, documents)


def test_the_kill_switch_strikes_at_its_point_and_the_batch_comes_back(shared: Stage) -> None:
    documents = batch("by-the-door")
    pushes_before = shared.pushes()
    shared.door("fc", "POST", "/_local/kill", {"after": "create-answered"})
    send(shared, documents)
    shared.settle()
    assert shared.pushes() == pushes_before + 2
    assert_each_made_once(shared, documents)


def test_kills_at_random_instants_lose_nothing_and_double_nothing(shared: Stage) -> None:
    documents = batch("any-instant")
    kills_before = ends(shared)["exited"]
    shared.strikes.add(*(Strike("kill-soon", 24, None, 0.005 * number) for number in range(5)))
    for document in documents:
        shared.bend_create(document["name"], ["slow:30"])
    send(shared, documents)
    shared.settle()
    assert ends(shared)["exited"] > kills_before
    assert_each_made_once(shared, documents)


def test_a_restart_of_the_queue_service_in_the_middle_of_a_batch_delays_and_changes_nothing(shared: Stage) -> None:
    documents = batch("mns-restarts")
    shared.strikes.add(Strike("restart-mns", 8, "publish-sent", 0.3))
    send(shared, documents)
    shared.settle()
    assert shared.strikes.dealt["restart-mns"] == 1
    assert_each_made_once(shared, documents)


def test_a_restart_of_the_gateway_service_in_the_middle_of_a_batch_makes_no_verdict_untrue(shared: Stage) -> None:
    documents = batch("sgw-restarts")
    shared.strikes.add(Strike("restart-sgw", 8, "create-sent", 0.3))
    send(shared, documents)
    shared.settle()
    verdicts = list(verdicts_on(shared, documents).values())
    assert Counter(data["requestId"] for data in verdicts) == {document["requestId"]: 1 for document in documents}
    there = {f"REQ-{group['Name']}" for group in shared.groups()}
    assert all((data["status"] == "succeeded") == (data["requestId"] in there) for data in verdicts)
    assert any(data["attempts"] > 1 for data in verdicts), "nobody noticed the restart"


def test_a_kill_by_the_functions_timeout_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    documents = batch("stalled")
    with stage(FAST, [Strike("stall", 8, "create-answered")], with_timeout(20, tmp_path)) as running:
        send(running, documents)
        running.settle()
        assert ends(running) == {"timed-out": 1, "succeeded": 1}
        assert_each_made_once(running, documents)


def ends(running: Stage) -> Counter[str]:
    """How the invocations have ended, each kind counted."""
    return Counter(answer.outcome for answer in running.answers)
