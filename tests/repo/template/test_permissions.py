"""The role against what the function calls: every API call that it makes in the local cloud, on every path it has."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from express_sync.local.cloud import TEMPLATE, CloudOptions, RunningCloud, background
from express_sync.local.template.parser import parse
from tests.local.fc_signer import acs3_headers, send
from tests.local.fc_support import fc_port, local_get, local_post
from tests.repo.template.permissions import ACTIONS, CALLS, NEEDED, PLATFORM, granted, grants_for

INVOKE = "/2023-03-30/functions/express-sync-provision/invocations"
REQUESTS, DEAD = "express-sync-requests", "express-sync-dead-letters"
SETTINGS = {
    "EXPRESS_SYNC_MAX_ATTEMPTS": "1",
    "EXPRESS_SYNC_LATE_PAUSE_SECONDS": "0",
    "EXPRESS_SYNC_MAX_DEFERRALS": "1",
    "EXPRESS_SYNC_DEFER_BASE_SECONDS": "600",
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    """A cloud in which nothing reaches the function but what a test hands it: the timers stand still."""
    options = CloudOptions(clock_factor=0, environment=SETTINGS, parameters={"Intake": "pull"})
    with background(options) as running:
        yield running


def order(running: RunningCloud, document: Mapping[str, object]) -> Any:
    """Hand the function one event; what it answers."""
    body = json.dumps(document).encode()
    return json.loads(send(fc_port(running), INVOKE, acs3_headers(INVOKE, body), body).body)


def put(running: RunningCloud, queue: str, document: Mapping[str, object]) -> None:
    """Put a message into a queue past the API, so that it is no call."""

    async def enqueue() -> None:
        running.cloud.messages.queues.send(queue, json.dumps(document))

    running.run(enqueue())


def request(name: str) -> dict[str, object]:
    return {"requestId": name, "name": name, "bucketName": f"bucket-{name}", "bucketRegion": "cn-hangzhou"}


def fault(running: RunningCloud, name: str, code: str) -> None:
    local_post(running, "/_local/faults", {"name": name, "faults": [code]}, "sgw")


def work_everything(running: RunningCloud) -> None:
    """Take every path of the function: created, refused and looked up, requeued, drained, swept."""
    assert order(running, request("direct"))["data"]["status"] == "succeeded"
    for name, code in (("refused", "RoleNotExist"), ("put-off", "AssumeRoleFail"), ("pulled", "")):
        if code:
            fault(running, name, code)
        put(running, REQUESTS, request(name))
    assert order(running, {"control": {"drain": "requests"}}) == {"finished": 3, "left": 0}
    put(running, DEAD, request("swept"))
    assert order(running, {"control": {"drain": "deadLetters"}}) == {"finished": 1, "left": 0}


def test_the_function_calls_exactly_what_its_role_is_granted_for(cloud: RunningCloud) -> None:
    work_everything(cloud)
    calls = {(call["operation"], call["target"]) for call in local_get(cloud, "/_local/calls", "mns")}
    calls |= {(call["operation"], "") for call in local_get(cloud, "/_local/calls", "sgw")}
    assert calls == {(operation, path) for operation, paths in CALLS.items() for path in paths}
    needed = {grant for operation, path in calls for grant in grants_for(operation, path)}
    assert granted(parse(TEMPLATE.read_text(encoding="utf-8"))) == needed | PLATFORM.keys()


def test_what_the_platform_does_with_the_role_has_a_reason_and_is_not_the_functions_own() -> None:
    assert all(PLATFORM.values())
    assert not NEEDED & PLATFORM.keys()


def test_every_action_is_one_of_the_two_services_that_are_called() -> None:
    assert {action.partition(":")[0] for actions in ACTIONS.values() for action in actions} == {"mns", "hcs-sgw"}
