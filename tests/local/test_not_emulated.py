"""What the real services have and the local cloud does not: one error, which no success and no other error hides."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from alibabacloud_fc20230330 import models as fc_models
from alibabacloud_fc20230330.client import Client as FcClient
from alibabacloud_sgw20180511 import models as sgw_models
from alibabacloud_sgw20180511.client import Client as SgwClient
from alibabacloud_tea_openapi.exceptions import ClientException

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions, LocalCloud
from express_sync.local.not_emulated import CODE, NotEmulatedError, NotEmulatedReports
from tests.local.mns_client import RawClient, document
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import running_loop
from tests.support.tea_config import tea_config

REPORTED: list[str] = []
VERSIONS = ("2018-05-11", "2017-01-01")


@pytest.fixture(scope="module")
def cloud() -> Iterator[dict[str, Any]]:
    """Run a cloud without a function and return its ready object; REPORTED has what it reports."""
    running = LocalCloud(CloudOptions(with_function=False), report_not_emulated=REPORTED.append)
    with running_loop() as run:
        run(running.start())
        yield running.ready()
        run(running.stop())


@pytest.fixture
def mns(cloud: dict[str, Any]) -> Iterator[RawClient]:
    """Return a raw client of the MNS of that cloud."""
    client = RawClient(int(cloud["mns"]["endpoint"].rpartition(":")[2]), LOCAL_ACCOUNT.user)
    yield client
    client.close()


def test_official_sgw_client_learns_what_is_missing(cloud: dict[str, Any]) -> None:
    client = SgwClient(tea_config(cloud["sgw"]["endpoint"]))
    with pytest.raises(ClientException) as refused:
        client.describe_gateways(sgw_models.DescribeGatewaysRequest(storage_bundle_id="s", page_number=1, page_size=1))
    assert (refused.value.status_code, refused.value.code) == (400, CODE)
    assert "DescribeGateways" in refused.value.message


def test_official_fc_client_learns_what_is_missing(cloud: dict[str, Any]) -> None:
    client = FcClient(tea_config(cloud["fc"]["endpoint"]))
    with pytest.raises(ClientException) as refused:
        client.list_layers(fc_models.ListLayersRequest())
    assert (refused.value.code, "ListLayers" in refused.value.message) == (CODE, True)


def test_older_fc_version_is_not_emulated(cloud: dict[str, Any]) -> None:
    answer = urllib3.request("GET", f"{cloud['fc']['endpoint']}/2021-04-06/services", timeout=PATIENCE_SECONDS)
    assert (answer.status, answer.json()["Code"]) == (400, CODE)
    answer = urllib3.request("GET", f"{cloud['fc']['endpoint']}/2023-03-30/nothing", timeout=PATIENCE_SECONDS)
    assert answer.json()["Code"] == "PathNotSupported"


def test_fc2_learns_what_is_missing(cloud: dict[str, Any]) -> None:
    answer = urllib3.request("GET", f"{cloud['fc']['endpoint']}/2016-08-15/services", timeout=PATIENCE_SECONDS)
    assert (answer.status, answer.json()["ErrorCode"]) == (400, CODE)


@pytest.mark.parametrize("in_query", [True, False])
def test_control_plane_of_mns_is_not_emulated(cloud: dict[str, Any], in_query: bool) -> None:
    """Its clients use an RPC request at the root; an action that it does not have is another error."""
    for action, code in (("CreateQueue", CODE), ("EnableEndpoint", CODE), ("Invented", "InvalidAction.NotFound")):
        fields = {"Action": action, "Version": "2022-01-19"} if in_query else None
        headers = {} if in_query else {"x-acs-action": action, "x-acs-version": "2022-01-19"}
        method, url = "GET" if in_query else "POST", f"{cloud['mns']['endpoint']}/"
        answer = urllib3.request(method, url, fields=fields, headers=headers, timeout=PATIENCE_SECONDS)
        assert json.loads(answer.data)["Code"] == code


def test_newer_signature_of_mns_is_not_emulated(mns: RawClient) -> None:
    authorization = "MNS4-HMAC-SHA256 Credential=a/20260101/cn-hangzhou/mns/aliyun_v4_request,Signature=0"
    assert mns.call("GET", "/queues", "", {"Authorization": authorization}).code == CODE


SMQ_PROXY = {
    "accept": "application/json",
    "Authorization": "MNS4-HMAC-SHA256 Credential=a/20260101/cn-hangzhou/mns/aliyun_v4_request,Signature=0",
    "Content-Type": "application/json",
    "x-mns-version": "2026-04-09",
}


@pytest.mark.parametrize(
    ("method", "target", "body", "code"),
    [
        ("POST", "/queues/q/messages", '{"MessageBody":"b"}', CODE),
        ("GET", "/queues/q/messages?waitseconds=1", "", CODE),
        ("PUT", "/queues/q/messages?receiptHandle=h&visibilityTimeout=1", "", CODE),
        ("POST", "/topics/t/messages", '{"MessageBody":"b"}', CODE),
        ("PUT", "/queues/q", "{}", "InvalidRequestURL"),
    ],
)
def test_smq_proxy_is_not_emulated(mns: RawClient, method: str, target: str, body: str, code: str) -> None:
    """Its client (1.0.5) sends JSON to the same paths; a request that it does not have is another error."""
    response = mns.call(method, target, body, SMQ_PROXY)
    assert response.code == code
    assert ("SMQProxy" in response.text("Message")) is (code == CODE)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/queues/q/messages", document("Message", MessageBody="b", MessageGroupId="g")),
        ("PUT", "/queues/q", document("Queue", QueueType="fifo")),
        ("POST", "/topics/t/messages", document("Message", MessageBody="b", MessageGroupId="g")),
        ("PUT", "/topics/t/subscriptions/s", document("Subscription", Endpoint="mail:directmail:a@example.com")),
        ("PUT", "/topics/t/subscriptions/s", document("Subscription", Endpoint="sms:directsms:anonymous")),
        ("PUT", "/topics/t/subscriptions/s", document("Subscription", Endpoint="acs:fc:cn-hangzhou:1:functions/f")),
    ],
)
def test_feature_of_mns_is_not_emulated(mns: RawClient, method: str, target: str, body: str) -> None:
    mns.create_queue("q")
    mns.call("PUT", "/topics/t", document("Topic"))
    response = mns.call(method, target, body)
    assert (response.status, response.code) == (400, CODE)


def test_each_thing_is_reported_once(mns: RawClient) -> None:
    mns.create_queue("q")
    for _ in range(2):
        mns.call("PUT", "/queues/q", document("Queue", QueueType="fifo"))
    assert REPORTED.count("FIFO queues (QueueType)") == 1


def test_other_errors_are_not_reported() -> None:
    seen: list[str] = []
    reports = NotEmulatedReports(seen.append)
    for error in (NotEmulatedError("a"), NotEmulatedError("a"), NotEmulatedError("b")):
        reports.note(error)
    assert seen == ["a", "b"]


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/2016-08-15/services/s/functions/f/stateful-async-invocations", "ListStatefulAsyncInvocations"),
        (
            "PUT",
            "/2016-08-15/services/s.LATEST/functions/f/stateful-async-invocations/i",
            "StopStatefulAsyncInvocation",
        ),
        ("GET", "/2016-08-15/layers", "ListLayers"),
        ("GET", "/2016-08-15/services/s/functions/f/async-invoke-config", "GetFunctionAsyncInvokeConfig"),
        ("GET", "/2016-08-15/services/", "ListServices"),
        ("POST", "/2016-08-15/proxy/s.LATEST/f/some/path", "InvokeFunction by HTTP trigger"),
        ("OPTIONS", "/2016-08-15/proxy/s/f", "InvokeFunction by HTTP trigger"),
        ("GET", "/2023-03-30/layers/", "ListLayers"),
        ("GET", "/2023-03-30/functions/a%2Fb/versions", "ListFunctionVersions"),
    ],
)
def test_paths_of_other_sdks_are_known(cloud: dict[str, Any], method: str, path: str, operation: str) -> None:
    answer = urllib3.request(method, f"{cloud['fc']['endpoint']}{path}", timeout=PATIENCE_SECONDS).json()
    code, message = answer.get("Code") or answer["ErrorCode"], answer.get("Message") or answer["ErrorMessage"]
    assert (code, f"has {operation} of" in message) == (CODE, True)


def test_control_plane_is_recognized_in_a_form(cloud: dict[str, Any]) -> None:
    """RPC clients of other languages send action and version in the body."""
    answer = urllib3.request(
        "POST",
        f"{cloud['mns']['endpoint']}/",
        body="Action=ListQueue&Version=2022-01-19",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=PATIENCE_SECONDS,
    )
    assert json.loads(answer.data)["Code"] == CODE


def test_unknown_version_of_sgw_is_an_invalid_version(cloud: dict[str, Any]) -> None:
    """The operation exists in another version only."""
    url = f"{cloud['sgw']['endpoint']}/?Action=DescribeGateways&Format=JSON&Version="
    codes = [urllib3.request("GET", url + version, timeout=PATIENCE_SECONDS).json()["Code"] for version in VERSIONS]
    assert codes == [CODE, "InvalidVersion"]
