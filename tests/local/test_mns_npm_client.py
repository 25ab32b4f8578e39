"""The official npm client (`@alicloud/mns`) works with the local MNS."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from tests.local.mns_server import RunningMns
from tests.support.node import install, run_node_with

SOURCE = Path(__file__).parent / "npm"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the client as in the lock file into a directory outside of the checkout."""
    return install(SOURCE, tmp_path_factory.mktemp("npm"), ["round.js"])


def test_npm_client_completes_all_its_operations(mns: RunningMns, installed: Path) -> None:
    """Its results are those of the service."""
    user = LOCAL_ACCOUNT.user
    arguments = [mns.server.url, user.access_key_id, user.access_key_secret, LOCAL_ACCOUNT.account_id]
    seen: dict[str, Any] = json.loads(run_node_with("round.js", *arguments, folder=installed))
    single = seen["single"]
    queues = [{"QueueURL": f"{mns.server.url}/queues/npm-queue{suffix}"} for suffix in ("", "-2")]
    expected = {
        "queues": {
            "codes": [201, 204, 204],
            "location": f"{mns.server.url}/queues/npm-queue",
            "differing": "MNSQueueAlreadyExistError",
            "attributes": {
                "QueueName": "npm-queue",
                "CreateTime": "1800000000",
                "LastModifyTime": "1800000000",
                "DelaySeconds": "0",
                "MaximumMessageSize": "65536",
                "MessageRetentionPeriod": "345600",
                "VisibilityTimeout": "40",
                "PollingWaitSeconds": "0",
                "LoggingEnabled": "True",
                "ActiveMessages": "0",
                "InactiveMessages": "0",
                "DelayMessages": "0",
            },
            "firstPage": queues[:1],
            "listed": queues,
        },
        "single": {
            "codes": [201, 200, 200, 200, 204],
            "sent": {name: single["received"][name] for name in ("MessageId", "MessageBodyMD5")},
            "peeked": {
                name: value
                for name, value in single["received"].items()
                if name not in ("ReceiptHandle", "NextVisibleTime")
            }
            | {"DequeueCount": "0"},
            "received": single["received"]
            | {
                "MessageBody": "einzeln, 单个",
                "EnqueueTime": "1800000000000",
                "FirstDequeueTime": "1800000000000",
                "NextVisibleTime": "1800000040000",
                "DequeueCount": "1",
                "Priority": "3",
            },
            "stale": "MNSMessageNotExistError",
            "empty": "MNSMessageNotExistError",
        },
        "batch": {
            "codes": [201, 204, 404],
            "sent": 3,
            "peeked": ["one", "two", "three"],
            "received": ["one", "two", "three"],
            "partly": [["MessageNotExist", True]],
        },
        "topics": {
            "codes": [201, 204, 201],
            "attributes": {
                "TopicName": "npm-topic",
                "CreateTime": "1800000000",
                "LastModifyTime": "1800000000",
                "MaximumMessageSize": "4096",
                "MessageRetentionPeriod": "86400",
                "MessageCount": "0",
                "LoggingEnabled": "False",
            },
            "listed": [{"TopicURL": f"{mns.server.url}/topics/npm-topic"}],
            "published": {
                "MessageId": seen["topics"]["published"]["MessageId"],
                "MessageBodyMD5": "1CD23AFABE53C193AFF52F5DC585163D",
            },
        },
        "refusals": {
            "signature": "MNSSignatureDoesNotMatchError",
            "malformed": "MNSMalformedXMLError",
            "handle": "MNSReceiptHandleErrorError",
            "deleted": 204,
            "gone": "MNSQueueNotExistError",
        },
    }
    assert seen == expected


def test_quick_start_of_the_documentation_runs(mns: RunningMns, installed: Path) -> None:
    page = (SOURCE.parents[2] / "docs" / "local-cloud.md").read_text()
    [program] = re.findall(r"^```javascript\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (installed / "quick_start.js").write_text(program)
    endpoint = {"MNS_ENDPOINT": mns.server.url}
    assert run_node_with("quick_start.js", folder=installed, environment=endpoint) == "hello\n"
