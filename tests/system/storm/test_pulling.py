"""In pull intake a timer makes the function take the messages; killed anywhere, it keeps the same promises."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from express_sync.local.crash_points import POINTS, Point
from tests.system.storm.disruptions import Disruption
from tests.system.storm.watched_cloud import FAST, TWO_TIERS, WatchedCloud, pulling, request, watched_cloud


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedCloud]:
    """A cloud that the tests of this module share; each uses names of its own."""
    options = pulling(tmp_path_factory.mktemp("pulling"))
    with watched_cloud({**FAST, **TWO_TIERS, "EXPRESS_SYNC_MAX_ATTEMPTS": "1"}, options=options) as running:
        yield running


@pytest.mark.parametrize("point", POINTS)
def test_killed_drain_leaves_one_verdict_for_each_request(shared: WatchedCloud, point: Point) -> None:
    """In a batch of sixteen of which every fourth is deferred at first."""
    documents = [request(f"pulled-at-{point}-{number}") for number in range(16)]
    for document in documents[::4]:
        shared.fail_creates(document["name"], ["AssumeRoleFail"])
    kills_before = shared.disruptions.done["kill"]
    shared.disruptions.add(Disruption("kill", 2 if point == "requeue-answered" else 8, point))
    shared.send([json.dumps(document) for document in documents])
    shared.settle()
    assert shared.disruptions.done["kill"] == kills_before + 1
    wanted = {document["requestId"] for document in documents}
    events = {(event["source"], event["id"]): event for event in shared.published() if event["subject"] in wanted}
    finals = [event for event in events.values() if event["data"]["status"] != "deferred"]
    assert Counter(event["subject"] for event in finals) == dict.fromkeys(wanted, 1)
    groups = {group["ExpressSyncId"]: f"REQ-{group['Name']}" for group in shared.groups()}
    assert {event["subject"]: groups[event["data"]["expressSyncId"]] for event in finals} == {
        each: each for each in wanted
    }
