"""No trigger, but the function takes the messages on a timer's order: killed anywhere, it keeps the same promises."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from express_sync.local.crash_points import POINTS, Point
from tests.system.storm.stage import FAST, TWO_TIERS, Stage, pulling, request, stage
from tests.system.storm.strikes import Strike


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A cloud that the tests of this module share; each uses names of its own."""
    options = pulling(tmp_path_factory.mktemp("pulling"))
    with stage({**FAST, **TWO_TIERS, "EXPRESS_SYNC_MAX_ATTEMPTS": "1"}, options=options) as running:
        yield running


@pytest.mark.parametrize("point", POINTS)
def test_a_drain_on_a_timer_that_is_killed_at_a_crash_point_leaves_one_verdict_each(
    shared: Stage, point: Point
) -> None:
    """In a batch of sixteen of which every fourth is deferred at first."""
    documents = [request(f"pulled-at-{point}-{number}") for number in range(16)]
    for document in documents[::4]:
        shared.bend_create(document["name"], ["AssumeRoleFail"])
    kills_before = shared.strikes.dealt["kill"]
    shared.strikes.add(Strike("kill", 2 if point == "requeue-answered" else 8, point))
    shared.send([json.dumps(document) for document in documents])
    shared.settle()
    assert shared.strikes.dealt["kill"] == kills_before + 1
    wanted = {document["requestId"] for document in documents}
    events = {(event["source"], event["id"]): event for event in shared.announced() if event["subject"] in wanted}
    finals = [event for event in events.values() if event["data"]["status"] != "deferred"]
    assert Counter(event["subject"] for event in finals) == dict.fromkeys(wanted, 1)
    groups = {group["ExpressSyncId"]: f"REQ-{group['Name']}" for group in shared.groups()}
    assert {event["subject"]: groups[event["data"]["expressSyncId"]] for event in finals} == {
        each: each for each in wanted
    }
