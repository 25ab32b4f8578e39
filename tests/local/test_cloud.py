"""The local cloud as a whole: real ports, a real worker process, real messages."""

import asyncio
import contextlib
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import (
    CloudOptions,
    LocalCloud,
    RunningCloud,
    background,
)
from express_sync.local.local_function import NotRunnableError
from express_sync.local.servers import PortTakenError
from express_sync.local.template.parser import TemplateError
from express_sync.paths import TEMPLATE
from tests.local.fc_signer import JSON_BODY, PATH_2023, acs3_headers, send
from tests.local.fc_support import cloud_of, fc_port, local_get, local_post
from tests.local.mns_client import RawClient
from tests.support.patience import wait_for
from tests.support.processes import children_of, wait_until_dead

QUEUE_AND_TRIGGER = """
      EnvironmentVariables:
        EXPRESS_SYNC_RESULT_TOPIC: outcomes
        EXPRESS_SYNC_MNS_ENDPOINT: in the cloud
        PLAIN: plain
  Queue: {Type: 'ALIYUN::MNS::Queue', Properties: {QueueName: requests, VisibilityTimeout: 30}}
  Dead: {Type: 'ALIYUN::MNS::Queue', Properties: {QueueName: dead}}
  Results: {Type: 'ALIYUN::MNS::Queue', Properties: {QueueName: results}}
  Failures: {Type: 'ALIYUN::MNS::Queue', Properties: {QueueName: failures}}
  Topic: {Type: 'ALIYUN::MNS::Topic', Properties: {TopicName: outcomes}}
  ToResults:
    Type: ALIYUN::MNS::Subscription
    Properties:
      TopicName: outcomes
      SubscriptionName: all
      Endpoint: !Sub 'acs:mns:${ALIYUN::Region}:${ALIYUN::TenantId}:queues/results'
      NotifyContentFormat: SIMPLIFIED
  ToFailures:
    Type: ALIYUN::MNS::Subscription
    Properties:
      TopicName: outcomes
      SubscriptionName: failed
      FilterTag: failed
      Endpoint: !Sub 'acs:mns:${ALIYUN::Region}:${ALIYUN::TenantId}:queues/failures'
      NotifyContentFormat: SIMPLIFIED
  Trigger:
    Type: ALIYUN::FC3::Trigger
    Properties:
      FunctionName: !Ref Function
      TriggerName: requests
      TriggerType: eventbridge
      TriggerConfig:
        eventSourceConfig:
          eventSourceType: MNS
          eventSourceParameters: {sourceMNSParameters: {QueueName: requests, IsBase64Decode: false}}
        runOptions:
          mode: event-streaming
          errorsTolerance: ALL
          retryStrategy: {PushRetryStrategy: BACKOFF_RETRY}
          batchWindow: {CountBasedWindow: 4, TimeBasedWindow: 1}
          deadLetterQueue: {Arn: !Sub 'acs:mns:${ALIYUN::Region}:${ALIYUN::TenantId}:/queues/dead'}
"""

SOURCE = """
    import json, os, urllib.error, urllib.request

    def handle(event, context):
        bodies = [one["data"]["messageBody"] for one in json.loads(event)]
        print("bodies", *sorted(bodies))
        if "poison" in bodies:
            raise ValueError("poison")
        if "environment" in bodies:
            print("environment", json.dumps(dict(os.environ)))
        if "create" in bodies:
            try:
                urllib.request.urlopen(os.environ["EXPRESS_SYNC_SGW_ENDPOINT"] + "/?Action=CreateExpressSync", b"")
            except urllib.error.HTTPError as refused:
                print("refused", refused.code)
"""


def send_message(running: RunningCloud, body: str) -> None:
    async def enqueue() -> None:
        running.cloud.messages.queues.send("requests", body)

    running.run(enqueue())


def trigger_has(running: RunningCloud, **counts: int) -> Callable[[], bool]:
    def has() -> bool:
        [trigger] = local_get(running, "/_local/trigger")
        return all(trigger[name] == count for name, count in counts.items())

    return has


def lines(running: RunningCloud, start: str) -> list[str]:
    return [line["line"] for line in local_get(running, "/_local/logs") if line["line"].startswith(start)]


def test_ready_object_names_all_deployed_resources() -> None:
    with background(CloudOptions(with_function=False)) as running:
        ready = running.ready
        ports = [ready[service].pop("endpoint") for service in ("mns", "sgw", "fc")]
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+", port) for port in ports)
    assert ready.pop("console") == f"{ports[2]}/"
    assert ready == {
        "region": LOCAL_ACCOUNT.region,
        "accountId": LOCAL_ACCOUNT.account_id,
        "accessKeyId": LOCAL_ACCOUNT.user.access_key_id,
        "accessKeySecret": LOCAL_ACCOUNT.user.access_key_secret,
        "mns": {
            "requestQueue": "express-sync-requests",
            "resultTopic": "express-sync-outcomes",
            "resultQueue": "express-sync-results",
            "portalQueue": "express-sync-portal",
            "failureQueue": "express-sync-failures",
            "deadLetterQueue": "express-sync-dead-letters",
        },
        "sgw": {},
        "fc": {"function": "express-sync-provision"},
    }


def test_message_is_pushed_to_the_function_and_deleted(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER) as running:
        send_message(running, "hello")
        wait_for(trigger_has(running, acknowledged=1))
        assert lines(running, "bodies") == ["bodies hello"]
        assert local_get(running, "/_local/queues/requests", "mns")["messages"] == []


def test_function_environment_differs_only_in_endpoints(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER) as running:
        send_message(running, "environment")
        [line] = wait_for(lambda: lines(running, "environment"))
        assert f'"EXPRESS_SYNC_MNS_ENDPOINT": "{running.ready["mns"]["endpoint"]}"' in line
        assert f'"EXPRESS_SYNC_SGW_ENDPOINT": "{running.ready["sgw"]["endpoint"]}"' in line
        assert '"PLAIN": "plain"' in line


def test_message_that_always_fails_is_dead_lettered(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER) as running:
        send_message(running, "poison")
        wait_for(trigger_has(running, deadLettered=1))
        [letter] = local_get(running, "/_local/queues/dead", "mns")["messages"]
        assert '"messageBody":"poison"' in letter["body"]
        outcomes = [entry["outcome"] for entry in local_get(running, "/_local/invocations")]
        assert outcomes == ["failed"] * 4


ASYNC = """
  Async:
    Type: ALIYUN::FC3::AsyncInvokeConfig
    Properties:
      FunctionName: !Ref Function
      MaxAsyncRetryAttempts: 1
      DestinationConfig:
        OnFailure: {Destination: !Sub 'acs:mns:${ALIYUN::Region}:${ALIYUN::TenantId}:/queues/dead/messages'}
"""


def later(running: RunningCloud, event: bytes) -> str:
    """Invoke the function asynchronously and return the request id of the invocation."""
    headers = acs3_headers(PATH_2023, event, extra={"x-fc-invocation-type": "Async"})
    return send(fc_port(running), PATH_2023, headers, event).headers["x-fc-request-id"]


def test_failed_async_invocation_is_retried_and_recorded(tmp_path: Path) -> None:
    event = json.dumps([{"data": {"messageBody": "poison"}}]).encode()
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER + ASYNC) as running:
        request_id = later(running, event)
        [letter] = wait_for(lambda: local_get(running, "/_local/queues/dead", "mns")["messages"])
        entries = [(each["type"], each["outcome"]) for each in local_get(running, "/_local/invocations")]
    assert entries == [("Async", "failed")] * 2
    record = json.loads(letter["body"])
    assert json.loads(record.pop("responsePayload"))["errorType"] == "ValueError"
    assert record.pop("timestamp") > 1_700_000_000_000
    assert record == {
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"acs:fc:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:functions/sample",
            "condition": "UnhandledInvocationError",
            "approximateInvokeCount": 2,
        },
        "requestPayload": event.decode(),
        "responseContext": {"statusCode": 200, "functionError": "UnhandledInvocationError"},
    }


def test_async_invocation_that_succeeds_is_not_recorded(tmp_path: Path) -> None:
    source = "def handle(event, context):\n    return 1 // int(context.retry_count or 0)\n"
    with cloud_of(tmp_path, source, more=QUEUE_AND_TRIGGER + ASYNC) as running:
        later(running, b"{}")
        wait_for(lambda: [each["outcome"] for each in local_get(running, "/_local/invocations")][1:] == ["succeeded"])
        assert local_get(running, "/_local/queues/dead", "mns")["messages"] == []


def test_function_killed_at_a_point_gets_the_message_again(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER) as running:
        assert local_post(running, "/_local/kill", {"after": "create-sent"}) == {"armed": "create-sent"}
        send_message(running, "create")
        wait_for(trigger_has(running, acknowledged=1))
        assert [entry["outcome"] for entry in local_get(running, "/_local/invocations")] == ["exited", "succeeded"]
        assert lines(running, "bodies") == ["bodies create", "bodies create"]
        assert len(lines(running, "refused")) == 1
        assert len(local_get(running, "/_local/calls", "sgw")) == 2


def test_cloud_without_function_keeps_messages(tmp_path: Path) -> None:
    (tmp_path / "template.yml").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    with background(CloudOptions(template=tmp_path / "template.yml", with_function=False)) as running:

        async def enqueue() -> None:
            running.cloud.messages.queues.send("express-sync-requests", "stays")

        running.run(enqueue())
        [message] = local_get(running, "/_local/queues/express-sync-requests", "mns")["messages"]
        assert message["state"] == "active"
        path = PATH_2023.replace("sample", "express-sync-provision")
        assert send(fc_port(running), path, acs3_headers(path, b""), b"").status == 404


def test_outage_of_a_service_loses_nothing(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER) as running:
        group = {"Name": "kept", "BucketName": "bucket", "BucketRegion": "cn-hangzhou"}
        local_post(running, "/_local/groups", group, "sgw")
        local_post(running, "/_local/restart", {"service": "sgw", "seconds": 0.3})
        with pytest.raises(urllib3.exceptions.HTTPError):
            urllib3.request("GET", running.ready["sgw"]["endpoint"] + "/_local/groups", retries=0)

        def listed() -> Any:
            try:
                return local_get(running, "/_local/groups", "sgw")
            except urllib3.exceptions.HTTPError:
                return None

        assert [one["Name"] for one in wait_for(listed)] == ["kept"]


@pytest.mark.parametrize("wish", [b'{"service": "fc", "seconds": 1}', b'{"service": "mns"}', b"[]", b"{"])
def test_invalid_outage_is_refused(tmp_path: Path, wish: bytes) -> None:
    with cloud_of(tmp_path, SOURCE) as running:
        assert send(fc_port(running), "/_local/restart", JSON_BODY, wish).status == 400


def test_console_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE) as running:
        response = urllib3.request("GET", running.ready["console"])
        page = response.data.decode()
        assert response.status == 200
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert not re.search(r"https?://|src=|href=|@import", page)


def test_console_state_has_message_counts_and_lists(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER) as running:
        group = {"Name": "mine", "BucketName": "bucket", "BucketRegion": "cn-hangzhou", "BucketPrefix": "in/"}
        local_post(running, "/_local/groups", group, "sgw")
        send_message(running, "poison")
        wait_for(trigger_has(running, deadLettered=1))
        state = local_get(running, "/_local/state")
        assert {"name": "dead", "active": 1, "inactive": 0, "delayed": 0} in state["queues"]
        assert [(one["name"], one["prefix"]) for one in state["groups"]] == [("mine", "in/")]
        assert state["groupCount"] == 1
        assert {entry["outcome"] for entry in state["invocations"]} == {"failed"}
        assert [one["name"] for one in state["triggers"]] == ["requests"]


def listener_above_a_free_port() -> socket.socket:
    """Return a listener on a port whose lower neighbour is free."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0))
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", listener.getsockname()[1] - 1)):
            return listener
        listener.close()


def test_taken_port_is_named_and_no_port_stays_open() -> None:
    with listener_above_a_free_port() as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(PortTakenError, match=f"cannot have port {port}: Address already in use"),
            background(CloudOptions(with_function=False, port_base=port - 1)),
        ):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port - 1), 1).close()


def test_port_base_gives_three_consecutive_ports() -> None:
    def attempt() -> list[str] | None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            base = probe.getsockname()[1]
        try:
            with background(CloudOptions(with_function=False, port_base=base)) as running:
                urls = [running.ready[service]["endpoint"] for service in ("mns", "sgw", "fc")]
                return [str(int(url.rpartition(":")[2]) - base) for url in urls]
        except PortTakenError:
            return None

    assert wait_for(attempt) == ["0", "1", "2"]


def test_unrunnable_options_are_named_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(NotRunnableError, match="nowhere is not a directory"):
        LocalCloud(CloudOptions(code=tmp_path / "nowhere"))
    with pytest.raises(NotRunnableError, match="/no/such/python is not an interpreter"):
        LocalCloud(CloudOptions(python="/no/such/python"))
    with pytest.raises(TemplateError, match="Colour"):
        LocalCloud(CloudOptions(parameters={"Colour": "red"}))


def test_stopped_cloud_leaves_no_process(tmp_path: Path) -> None:
    before = children_of(os.getpid())
    with cloud_of(tmp_path, SOURCE, more=QUEUE_AND_TRIGGER) as running:
        send_message(running, "hello")
        wait_for(trigger_has(running, acknowledged=1))
        started = children_of(os.getpid()) - before
        assert len(started) == 1
    wait_until_dead(*started)
    assert children_of(os.getpid()) <= before


def test_stopped_cloud_ends_a_busy_function(tmp_path: Path) -> None:
    stuck = "def handle(event, context):\n    print('stuck')\n    while True: pass\n"
    before = children_of(os.getpid())
    with cloud_of(tmp_path, stuck, more=QUEUE_AND_TRIGGER) as running:
        send_message(running, "hello")
        wait_for(lambda: lines(running, "stuck"))
        started = children_of(os.getpid()) - before
    assert len(started) == 1
    wait_until_dead(*started)


def test_stopped_cloud_cancels_open_long_polls(tmp_path: Path) -> None:
    """Otherwise asyncio reports each as a task that was destroyed while pending."""
    (tmp_path / "template.yml").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    queue, target = "express-sync-results", "/queues/express-sync-results/messages?waitseconds=30"
    with background(CloudOptions(template=tmp_path / "template.yml", with_function=False)) as running:
        client = RawClient(int(running.ready["mns"]["endpoint"].rpartition(":")[2]), LOCAL_ACCOUNT.user)
        client.connection.request("GET", target, None, client.headers("GET", target, ""))
        wait_for(lambda: running.cloud.messages.queues.polls.waiting(queue))
    client.close()
    assert [task for task in asyncio.all_tasks(running._loop._loop) if not task.done()] == []
