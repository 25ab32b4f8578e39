"""Compares the role with every API call that the function makes in the local cloud, on all of its paths."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.local.template.parser import parse
from express_sync.ops.queues.client import queue
from express_sync.paths import TEMPLATE
from express_sync.portal.principal import Identity
from express_sync.portal.service import Settings
from express_sync.portal.service import running as portal_running
from handler.credentials import Credentials
from tests.local.fc_signer import acs3_headers, send
from tests.local.fc_support import fc_port, local_get, local_post
from tests.repo.template.permissions import ACTIONS, CALLS, NEEDED, PLATFORM, granted, grants_for, policy_grants
from tests.support.patience import wait_for

INVOKE = "/2023-03-30/functions/express-sync-provision/invocations"
KEY = Credentials(LOCAL_ACCOUNT.user.access_key_id, LOCAL_ACCOUNT.user.access_key_secret)
REQUESTS, DEAD = "express-sync-requests", "express-sync-dead-letters"
SETTINGS = {
    "EXPRESS_SYNC_MAX_ATTEMPTS": "1",
    "EXPRESS_SYNC_LATE_PAUSE_SECONDS": "0",
    "EXPRESS_SYNC_MAX_DEFERRALS": "1",
    "EXPRESS_SYNC_DEFER_BASE_SECONDS": "600",
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    """Yield a cloud in which only the test invokes the function, because timers are stopped."""
    options = CloudOptions(clock_factor=0, environment=SETTINGS, parameters={"Intake": "pull"})
    with background(options) as running:
        yield running


def invoke(running: RunningCloud, document: Mapping[str, object]) -> Any:
    """Invoke the function with one event and return its result."""
    body = json.dumps(document).encode()
    return json.loads(send(fc_port(running), INVOKE, acs3_headers(INVOKE, body), body).body)


def enqueue(running: RunningCloud, queue: str, document: Mapping[str, object]) -> None:
    """Add a message to a queue without a call of the API."""

    async def add() -> None:
        running.cloud.messages.queues.send(queue, json.dumps(document))

    running.run(add())


def request(name: str) -> dict[str, object]:
    return {"requestId": name, "name": name, "bucketName": f"bucket-{name}", "bucketRegion": "cn-hangzhou"}


def fault(running: RunningCloud, name: str, code: str) -> None:
    local_post(running, "/_local/faults", {"name": name, "faults": [code]}, "sgw")


def take_every_path(running: RunningCloud) -> None:
    """Take every path of the function: created, refused and looked up, requeued, drained, swept."""
    assert invoke(running, request("direct"))["data"]["status"] == "succeeded"
    for name, code in (("refused", "RoleNotExist"), ("deferred", "AssumeRoleFail"), ("pulled", "")):
        if code:
            fault(running, name, code)
        enqueue(running, REQUESTS, request(name))
    assert invoke(running, {"control": {"drain": "requests"}}) == {"finished": 3, "left": 0}
    enqueue(running, DEAD, request("swept"))
    assert invoke(running, {"control": {"drain": "deadLetters"}}) == {"finished": 1, "left": 0}


def test_function_calls_exactly_what_its_role_allows(cloud: RunningCloud) -> None:
    take_every_path(cloud)
    calls = {(call["operation"], call["target"]) for call in local_get(cloud, "/_local/calls", "mns")}
    calls |= {(call["operation"], "") for call in local_get(cloud, "/_local/calls", "sgw")}
    assert calls == {(operation, path) for operation, paths in CALLS.items() for path in paths}
    needed = {grant for operation, path in calls for grant in grants_for(operation, path)}
    assert granted(parse(TEMPLATE.read_text(encoding="utf-8"))) == needed | PLATFORM.keys()


def test_platform_permissions_have_reasons_and_are_not_shared() -> None:
    assert all(PLATFORM.values())
    assert not NEEDED & PLATFORM.keys()


def test_every_action_belongs_to_one_of_two_services() -> None:
    assert {action.partition(":")[0] for actions in ACTIONS.values() for action in actions} == {"mns", "hcs-sgw"}


def test_portal_calls_exactly_what_its_policy_allows(tmp_path: Path) -> None:
    """The cloud has no function, so that every call is one of the portal."""
    with background(CloudOptions(with_function=False)) as running:
        ready = running.ready
        enqueue(running, ready["mns"]["portalQueue"], {})
        outcomes, requests = (queue(ready, role, KEY) for role in ("portalQueue", "requestQueue"))
        with portal_running(Settings(f"sqlite:///{tmp_path}/portal.sqlite3"), outcomes, requests, operator) as url:
            urllib3.request("POST", f"{url}/v1/requests", json=request("portal"))
            calls = wait_for(lambda: _calls(running))
    needed = {grant for operation, path in calls for grant in grants_for(operation, path)}
    assert policy_grants(parse(TEMPLATE.read_text(encoding="utf-8"))) == needed


def operator(_headers: Mapping[str, str]) -> Identity:
    return Identity("olivia", "operator")


def _calls(running: RunningCloud) -> set[tuple[str, str]]:
    """Return the calls once there are three kinds of them."""
    found = {(call["operation"], call["target"]) for call in local_get(running, "/_local/calls", "mns")}
    return found if len(found) >= 3 else set()
