"""The official clients of both API versions against the local function, unchanged."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import fc2
import pytest
from alibabacloud_fc20230330.client import Client
from alibabacloud_fc20230330.models import InvokeFunctionHeaders, InvokeFunctionRequest, InvokeFunctionResponse
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from local.cloud import RunningCloud
from local.identity import LOCAL_ACCOUNT, Key
from tests.emulators.fc_support import cloud_of, local_get

# The official client itself uses what Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:datetime\.datetime\.utcnow\(\) is deprecated:DeprecationWarning:alibabacloud_tea_openapi\.utils"
)

SOURCE = """
    def handle(event, context):
        if event == b"fail":
            raise ValueError("oops")
        return b"got " + event
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """One cloud for both clients."""
    with cloud_of(tmp_path_factory.mktemp("code"), SOURCE) as cloud:
        yield cloud


def wait_for(running: RunningCloud, request_id: str) -> str:
    """The outcome of an asynchronous invocation, once it has one."""
    outcome = "running"
    while outcome == "running":
        entries = local_get(running, "/_local/invocations")
        outcome = next((entry["outcome"] for entry in entries if entry["requestId"] == request_id), "running")
    return outcome


def old_client(running: RunningCloud, key: Key = LOCAL_ACCOUNT.user) -> Any:
    return fc2.Client(
        endpoint=running.ready["fc"]["endpoint"],
        accessKeyID=key.access_key_id,
        accessKeySecret=key.access_key_secret,
        securityToken=key.security_token,
    )


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role])
def test_fc2_invokes_and_gets_the_result(running: RunningCloud, key: Key) -> None:
    answer = old_client(running, key).invoke_function("express-sync", "sample", payload=b"this")
    assert answer.data == b"got this"


def test_fc2_invokes_with_a_qualifier_and_a_log_tail(running: RunningCloud) -> None:
    answer = old_client(running).invoke_function(
        "express-sync", "sample", headers={"x-fc-log-type": "Tail"}, qualifier="LATEST"
    )
    assert b"FC Invoke Start" in base64.b64decode(answer.headers["x-fc-log-result"])


def test_fc2_invokes_asynchronously(running: RunningCloud) -> None:
    answer = old_client(running).invoke_function(
        "express-sync", "sample", payload=b"later", headers={"x-fc-invocation-type": "Async"}
    )
    assert answer.data == b""
    assert wait_for(running, answer.headers["x-fc-request-id"]) == "succeeded"


def test_fc2_raises_for_a_function_error_and_for_a_function_that_is_not_there(running: RunningCloud) -> None:
    with pytest.raises(fc2.FcError) as failed:
        old_client(running).invoke_function("express-sync", "sample", payload=b"fail", headers={})
    assert (failed.value.status_code, failed.value.err_code) == (200, "")
    with pytest.raises(fc2.FcError) as missing:
        old_client(running).invoke_function("express-sync", "other", payload=b"", headers={})
    assert (missing.value.status_code, missing.value.err_code) == (404, "FunctionNotFound")


def test_fc2_raises_for_a_wrong_secret(running: RunningCloud) -> None:
    with pytest.raises(fc2.FcError) as refused:
        old_client(running, Key("LTAI5tLocalCloudUser", "wrong")).invoke_function("express-sync", "sample", headers={})
    assert (refused.value.status_code, refused.value.err_code) == (403, "SignatureNotMatch")


def invoke(
    running: RunningCloud, payload: bytes, function: str = "sample", key: Key = LOCAL_ACCOUNT.user, **headers: str
) -> InvokeFunctionResponse:
    config = Config(
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
        security_token=key.security_token or None,
        endpoint=running.ready["fc"]["endpoint"].removeprefix("http://"),
        protocol="http",
    )
    request = InvokeFunctionRequest(body=io.BytesIO(payload), qualifier="LATEST")
    return Client(config).invoke_function_with_options(
        function, request, InvokeFunctionHeaders(**headers), RuntimeOptions()
    )


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role])
def test_fc20230330_invokes_and_gets_the_result(running: RunningCloud, key: Key) -> None:
    answer = invoke(running, b"this", key=key)
    assert (answer.status_code, answer.body.read()) == (200, b"got this")


def test_fc20230330_invokes_asynchronously(running: RunningCloud) -> None:
    answer = invoke(running, b"later", x_fc_invocation_type="Async")
    assert answer.status_code == 202
    assert wait_for(running, answer.headers["x-fc-request-id"]) == "succeeded"


def test_fc20230330_sees_a_function_error_only_in_a_header(running: RunningCloud) -> None:
    answer = invoke(running, b"fail")
    assert (answer.status_code, answer.headers["x-fc-error-type"]) == (200, "UnhandledInvocationError")


def test_fc20230330_raises_for_a_function_that_is_not_there(running: RunningCloud) -> None:
    with pytest.raises(Exception, match="function 'other' does not exist") as missing:
        invoke(running, b"", "other")
    assert (missing.value.code, missing.value.status_code) == ("FunctionNotFound", 404)  # type: ignore[attr-defined]
