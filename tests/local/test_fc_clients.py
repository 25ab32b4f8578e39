"""The official clients of both API versions against the local function, unchanged."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import fc2
import pytest
from alibabacloud_fc20230330.client import Client
from alibabacloud_fc20230330.models import (
    GetFunctionRequest,
    InvokeFunctionHeaders,
    InvokeFunctionRequest,
    InvokeFunctionResponse,
    ListFunctionsRequest,
    ListTriggersRequest,
)
from alibabacloud_tea_openapi.exceptions import ClientException
from darabonba.runtime import RuntimeOptions

from express_sync.local.account import LOCAL_ACCOUNT, Key
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from tests.local.fc_support import cloud_of, local_get
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.tea_config import tea_config

SOURCE = """
    def handle(event, context):
        if event == b"fail":
            raise ValueError("oops")
        return b"got " + event
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """Run one cloud for both clients."""
    with cloud_of(tmp_path_factory.mktemp("code"), SOURCE, more=TRIGGERS) as cloud:
        yield cloud


TRIGGERS = """
  Queue:
    Type: ALIYUN::MNS::Queue
    Properties: {QueueName: requests}
  Trigger:
    Type: ALIYUN::FC3::Trigger
    Properties:
      FunctionName: sample
      TriggerName: requests
      TriggerType: eventbridge
      TriggerConfig:
        eventSourceConfig:
          eventSourceType: MNS
          eventSourceParameters: {sourceMNSParameters: {QueueName: requests, IsBase64Decode: false}}
        runOptions: {mode: event-streaming}
  Sweep:
    Type: ALIYUN::FC3::Trigger
    Properties:
      FunctionName: sample
      TriggerName: sweep
      TriggerType: timer
      TriggerConfig: {cronExpression: '@every 5m', payload: sweep, enable: false}
"""


def outcomes(cloud: RunningCloud, request_id: str) -> list[str]:
    """Return the outcome of an invocation once it has ended, and nothing before."""
    entries = local_get(cloud, "/_local/invocations")
    return [each["outcome"] for each in entries if each["requestId"] == request_id and each["outcome"] != "running"]


def old_client(cloud: RunningCloud, key: Key = LOCAL_ACCOUNT.user) -> Any:
    return fc2.Client(
        endpoint=cloud.ready["fc"]["endpoint"],
        accessKeyID=key.access_key_id,
        accessKeySecret=key.access_key_secret,
        securityToken=key.security_token,
    )


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role])
def test_fc2_invokes_and_gets_the_result(cloud: RunningCloud, key: Key) -> None:
    response = old_client(cloud, key).invoke_function("express-sync", "sample", payload=b"this")
    assert response.data == b"got this"


def test_fc2_invokes_with_a_qualifier_and_a_log_tail(cloud: RunningCloud) -> None:
    response = old_client(cloud).invoke_function(
        "express-sync", "sample", headers={"x-fc-log-type": "Tail"}, qualifier="LATEST"
    )
    assert b"FC Invoke Start" in base64.b64decode(response.headers["x-fc-log-result"])


def test_fc2_invokes_asynchronously(cloud: RunningCloud) -> None:
    response = old_client(cloud).invoke_function(
        "express-sync", "sample", payload=b"later", headers={"x-fc-invocation-type": "Async"}
    )
    assert response.data == b""
    assert wait_for(lambda: outcomes(cloud, response.headers["x-fc-request-id"])) == ["succeeded"]


def test_fc2_raises_for_function_errors_and_missing_functions(cloud: RunningCloud) -> None:
    with pytest.raises(fc2.FcError) as failed:
        old_client(cloud).invoke_function("express-sync", "sample", payload=b"fail", headers={})
    assert (failed.value.status_code, failed.value.err_code) == (200, "")
    with pytest.raises(fc2.FcError) as missing:
        old_client(cloud).invoke_function("express-sync", "other", payload=b"", headers={})
    assert (missing.value.status_code, missing.value.err_code) == (404, "FunctionNotFound")


def test_fc2_raises_for_a_wrong_secret(cloud: RunningCloud) -> None:
    with pytest.raises(fc2.FcError) as refused:
        old_client(cloud, Key("LTAI5tLocalCloudUser", "wrong")).invoke_function("express-sync", "sample", headers={})
    assert (refused.value.status_code, refused.value.err_code) == (403, "SignatureNotMatch")


def test_fc2_describes_the_function_and_its_triggers(cloud: RunningCloud) -> None:
    """In this version the role is the service's, and the configuration of a trigger is an object."""
    function = old_client(cloud).get_function("express-sync", "sample").data
    assert (function["handler"], function["timeout"], "role" in function) == ("index.handle", PATIENCE_SECONDS, False)
    requests, sweep = old_client(cloud).list_triggers("express-sync", "sample").data["triggers"]
    assert (requests["triggerName"], requests["triggerType"]) == ("requests", "eventbridge")
    assert sweep["triggerConfig"] == {"cronExpression": "@every 5m", "payload": "sweep", "enable": False}
    with pytest.raises(fc2.FcError) as missing:
        old_client(cloud).get_function("other", "sample")
    assert (missing.value.status_code, missing.value.err_code) == (404, "ServiceNotFound")


def new_client(cloud: RunningCloud, key: Key = LOCAL_ACCOUNT.user) -> Client:
    return Client(tea_config(cloud.ready["fc"]["endpoint"], key))


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role])
def test_fc20230330_describes_the_function_and_its_triggers(key: Key) -> None:
    """The template declares the role, by its ARN, and the shown environment."""
    with background(CloudOptions(environment={"SOMETHING_SECRET": "not to be told"})) as cloud:
        function = new_client(cloud, key).get_function("express-sync-provision", GetFunctionRequest()).body
        listed = new_client(cloud, key).list_triggers("express-sync-provision", ListTriggersRequest(limit=100)).body
    assert function.role == "acs:ram::1234567890123456:role/express-sync-function-cn-hangzhou"
    assert (function.runtime, function.handler) == ("python3.10", "handler.entry.handle")
    assert (function.timeout, function.memory_size, function.state) == (120, 256, "Active")
    assert function.environment_variables["EXPRESS_SYNC_MNS_ENDPOINT"] == cloud.ready["mns"]["endpoint"]
    assert "SOMETHING_SECRET" not in function.environment_variables
    requests, sweep = listed.triggers
    assert [(each.trigger_name, each.trigger_type) for each in (requests, sweep)] == [
        ("requests", "eventbridge"),
        ("sweep", "timer"),
    ]
    source = json.loads(requests.trigger_config)["eventSourceConfig"]["eventSourceParameters"]["sourceMNSParameters"]
    assert source["QueueName"] == "express-sync-requests"
    assert json.loads(sweep.trigger_config)["cronExpression"] == "@every 5m"


@pytest.mark.parametrize("look", ["get_function", "list_triggers"])
def test_fc20230330_needs_the_secret_to_describe(look: str, cloud: RunningCloud) -> None:
    client = new_client(cloud, Key(LOCAL_ACCOUNT.user.access_key_id, "wrong"))
    wanted = GetFunctionRequest() if look == "get_function" else ListTriggersRequest()
    with pytest.raises(ClientException, match="does not match the signature") as refused:
        getattr(client, look)("sample", wanted)
    assert refused.value.code == "SignatureNotMatch"


def invoke(
    cloud: RunningCloud, payload: bytes, function: str = "sample", key: Key = LOCAL_ACCOUNT.user, **headers: str
) -> InvokeFunctionResponse:
    request = InvokeFunctionRequest(body=io.BytesIO(payload), qualifier="LATEST")
    return new_client(cloud, key).invoke_function_with_options(
        function, request, InvokeFunctionHeaders(**headers), RuntimeOptions()
    )


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role])
def test_fc20230330_invokes_and_gets_the_result(cloud: RunningCloud, key: Key) -> None:
    response = invoke(cloud, b"this", key=key)
    assert (response.status_code, response.body.read()) == (200, b"got this")


def test_fc20230330_invokes_asynchronously(cloud: RunningCloud) -> None:
    response = invoke(cloud, b"later", x_fc_invocation_type="Async")
    assert response.status_code == 202
    assert wait_for(lambda: outcomes(cloud, response.headers["x-fc-request-id"])) == ["succeeded"]


def test_fc20230330_gets_a_function_error_in_a_header(cloud: RunningCloud) -> None:
    response = invoke(cloud, b"fail")
    assert (response.status_code, response.headers["x-fc-error-type"]) == (200, "UnhandledInvocationError")


def test_fc20230330_raises_for_a_missing_function(cloud: RunningCloud) -> None:
    with pytest.raises(ClientException, match="function 'other' does not exist") as missing:
        invoke(cloud, b"", "other")
    assert (missing.value.code, missing.value.status_code) == ("FunctionNotFound", 404)


def test_both_clients_list_the_function(cloud: RunningCloud) -> None:
    """It is listed if its name has the prefix."""
    assert [each["functionName"] for each in old_client(cloud).list_functions("express-sync").data["functions"]] == [
        "sample"
    ]
    for prefix, names in ((None, ["sample"]), ("sam", ["sample"]), ("other", [])):
        listed = new_client(cloud).list_functions(ListFunctionsRequest(prefix=prefix)).body.functions
        assert [each.function_name for each in listed or []] == names


def test_both_clients_get_one_trigger(cloud: RunningCloud) -> None:
    new = new_client(cloud).get_trigger("sample", "sweep").body
    assert (new.trigger_name, new.trigger_type, new.qualifier) == ("sweep", "timer", "LATEST")
    assert json.loads(new.trigger_config)["payload"] == "sweep"
    old = old_client(cloud).get_trigger("express-sync", "sample", "sweep").data
    assert (old["triggerId"], old["triggerConfig"]["payload"]) == (new.trigger_id, "sweep")
    with pytest.raises(fc2.FcError) as missing:
        old_client(cloud).get_trigger("express-sync", "sample", "other")
    assert (missing.value.status_code, missing.value.err_code) == (404, "TriggerNotFound")


def test_version_that_does_not_exist_is_not_an_alias(cloud: RunningCloud) -> None:
    for qualifier, code in (("3", "VersionNotFound"), ("prod", "AliasNotFound")):
        with pytest.raises(fc2.FcError) as missing:
            old_client(cloud).invoke_function("express-sync", "sample", qualifier=qualifier, headers={})
        assert (missing.value.status_code, missing.value.err_code) == (404, code)


@pytest.mark.parametrize("header", ["x-fc-async-task-id", "x-fc-stateful-async-invocation-id"])
def test_async_task_id_is_accepted_once(cloud: RunningCloud, header: str) -> None:
    headers = {"x-fc-invocation-type": "Async", header: f"task-{header}"}
    client = old_client(cloud)
    first = client.invoke_function("express-sync", "sample", payload=b"once", headers=dict(headers))
    with pytest.raises(fc2.FcError) as repeated:
        client.invoke_function("express-sync", "sample", payload=b"once", headers=dict(headers))
    assert repeated.value.status_code == 409
    assert wait_for(lambda: outcomes(cloud, first.headers["x-fc-request-id"])) == ["succeeded"]
    with pytest.raises(fc2.FcError) as invalid:
        client.invoke_function("express-sync", "sample", headers={**headers, header: "1 task"})
    assert (invalid.value.status_code, invalid.value.err_code) == (400, "InvalidArgument")


def test_result_has_the_headers_of_the_service(cloud: RunningCloud) -> None:
    headers = old_client(cloud).invoke_function("express-sync", "sample", payload=b"x", headers={}).headers
    assert headers["x-fc-instance-id"].startswith("c-")
    assert int(headers["x-fc-max-memory-usage"]) >= 0
    assert headers["x-fc-invocation-service-version"] == "LATEST"


def test_checksum_of_the_code_is_that_of_the_description(cloud: RunningCloud) -> None:
    """Both versions describe it, and every result has it."""
    headers = old_client(cloud).invoke_function("express-sync", "sample", payload=b"x", headers={}).headers
    old = old_client(cloud).get_function("express-sync", "sample").data
    new = new_client(cloud).get_function("sample", GetFunctionRequest()).body
    assert headers["x-fc-code-checksum"] == old["codeChecksum"] == new.code_checksum
    assert new.code_size == old["codeSize"] > 0
    trigger = new_client(cloud).get_trigger("sample", "sweep").body
    assert trigger.target_arn == new.function_arn


def test_task_id_comes_back_in_its_header(cloud: RunningCloud) -> None:
    header = "x-fc-stateful-async-invocation-id"
    headers = {"x-fc-invocation-type": "Async", header: "told-again"}
    accepted = old_client(cloud).invoke_function("express-sync", "sample", payload=b"x", headers=headers)
    assert accepted.headers[header] == "told-again"
    assert wait_for(lambda: outcomes(cloud, accepted.headers["x-fc-request-id"])) == ["succeeded"]
