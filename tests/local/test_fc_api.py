"""Both invocation APIs over real HTTP, called with a signer that shares no code with the emulator."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from express_sync.local.account import LOCAL_ACCOUNT, Key
from express_sync.local.cloud import RunningCloud
from express_sync.local.fc.errors import FcError
from express_sync.local.fc.signature import verify_acs3, verify_fc
from express_sync.local.openapi.request import Call
from tests.local.fc_signer import JSON_BODY, PATH_2016, PATH_2023, Response, acs3_headers, fc_headers, send
from tests.local.fc_support import cloud_of, fc_port, local_get, local_post

SOURCE = """
    import time

    def handle(event, context):
        print("said something")
        if event == b"fail":
            raise ValueError("oops")
        if event == b"once" and not context.retry_count:
            raise ValueError("not yet")
        if event == b"stuck":
            print("stuck")
            time.sleep(900)
        return b"got " + event[:20]
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """Run one cloud for the tests of this module."""
    with cloud_of(tmp_path_factory.mktemp("code"), SOURCE) as cloud:
        yield cloud


def call_2016(cloud: RunningCloud, body: bytes, **extra: str) -> Response:
    headers = {name.replace("_", "-"): value for name, value in extra.items()}
    return send(fc_port(cloud), PATH_2016, fc_headers(PATH_2016, headers), body)


def call_2023(cloud: RunningCloud, body: bytes, **extra: str) -> Response:
    headers = {name.replace("_", "-"): value for name, value in extra.items()}
    return send(fc_port(cloud), PATH_2023, acs3_headers(PATH_2023, body, extra=headers), body)


Invoke = Callable[..., Response]
CALLS = pytest.mark.parametrize("call", [call_2016, call_2023])


@CALLS
def test_call_gets_the_result_and_a_request_id(cloud: RunningCloud, call: Invoke) -> None:
    response = call(cloud, b"this")
    assert (response.status, response.body) == (200, b"got this")
    assert response.headers["content-type"] == "application/octet-stream"
    assert len(response.headers["x-fc-request-id"]) == 36
    assert "x-fc-error-type" not in response.headers
    assert "x-fc-log-result" not in response.headers


@CALLS
def test_function_error_is_a_200_with_a_header(cloud: RunningCloud, call: Invoke) -> None:
    response = call(cloud, b"fail")
    assert (response.status, response.headers["x-fc-error-type"]) == (200, "UnhandledInvocationError")
    assert json.loads(response.body)["errorMessage"] == "oops"


@CALLS
def test_log_tail_has_the_last_four_kilobytes(cloud: RunningCloud, call: Invoke) -> None:
    response = call(cloud, b"", x_fc_log_type="Tail")
    log = base64.b64decode(response.headers["x-fc-log-result"]).decode()
    request_id = response.headers["x-fc-request-id"]
    assert log == (f"FC Invoke Start RequestId: {request_id}\nsaid something\nFC Invoke End RequestId: {request_id}\n")


@CALLS
def test_async_call_is_accepted_and_retried_until_it_succeeds(cloud: RunningCloud, call: Invoke) -> None:
    response = call(cloud, b"once", x_fc_invocation_type="Async")
    assert (response.status, response.body) == (202, b"")
    wanted = response.headers["x-fc-request-id"]
    outcomes: list[str] = []
    while outcomes[-1:] != ["succeeded"]:
        entries = local_get(cloud, "/_local/invocations")
        outcomes = [entry["outcome"] for entry in entries if entry["requestId"] == wanted]
    assert outcomes == ["failed", "succeeded"]


@CALLS
@pytest.mark.parametrize(
    ("size", "kind", "status"),
    [(128 * 1024, "Async", 202), (128 * 1024 + 1, "Async", 400), (128 * 1024 + 1, "Sync", 200)],
)
def test_body_limit_of_an_async_call_is_128_kilobytes(
    cloud: RunningCloud, call: Invoke, size: int, kind: str, status: int
) -> None:
    response = call(cloud, b"x" * size, x_fc_invocation_type=kind)
    assert response.status == status
    if status == 400:
        assert b"EntityTooLarge" in response.body
        assert b"payload size exceeds maximum allowed size (131072 bytes)" in response.body


def test_body_limit_of_a_sync_call_is_32_megabytes(cloud: RunningCloud) -> None:
    assert call_2016(cloud, b"x" * (32 * 1024 * 1024 + 1)).status == 400


WRONG_SECRET = Key(LOCAL_ACCOUNT.user.access_key_id, "not the secret")
WITHOUT_TOKEN = Key(LOCAL_ACCOUNT.role.access_key_id, LOCAL_ACCOUNT.role.access_key_secret)
UNKNOWN = Key("LTAIunknown", "secret")
DENIED = "the security token is missing or does not belong to the access key ID"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your access key and signing method"
)


@pytest.mark.parametrize("version", [2016, 2023])
@pytest.mark.parametrize(
    ("key", "age", "code", "message"),
    [
        (WRONG_SECRET, 0, "SignatureNotMatch", MISMATCH),
        (UNKNOWN, 0, "InvalidAccessKeyID", "invalid access key ID 'LTAIunknown'"),
        (WITHOUT_TOKEN, 0, "AccessDenied", DENIED),
        (LOCAL_ACCOUNT.user, 16 * 60, "SignatureNotMatch", MISMATCH),
        (LOCAL_ACCOUNT.user, -16 * 60, "SignatureNotMatch", MISMATCH),
    ],
)
def test_call_without_a_valid_key_is_a_403(
    cloud: RunningCloud, version: int, key: Key, age: int, code: str, message: str
) -> None:
    at = time.time() - age
    path = PATH_2016 if version == 2016 else PATH_2023
    headers = fc_headers(path, key=key, at=at) if version == 2016 else acs3_headers(path, b"", key=key, at=at)
    response = send(fc_port(cloud), path, headers, b"")
    names = ("ErrorCode", "ErrorMessage") if version == 2016 else ("Code", "Message")
    assert (response.status, *(json.loads(response.body)[name] for name in names)) == (403, code, message)


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role])
def test_both_keys_of_the_account_can_invoke(cloud: RunningCloud, key: Key) -> None:
    assert send(fc_port(cloud), PATH_2016, fc_headers(PATH_2016, key=key), b"x").body == b"got x"
    assert send(fc_port(cloud), PATH_2023, acs3_headers(PATH_2023, b"x", key=key), b"x").body == b"got x"


def test_unsigned_call_names_the_missing_header(cloud: RunningCloud) -> None:
    response = send(fc_port(cloud), PATH_2016, {}, b"")
    assert (response.status, json.loads(response.body)) == (
        400,
        {"ErrorCode": "MissingRequiredHeader", "ErrorMessage": "required HTTP header Authorization was not specified"},
    )


def test_acs3_body_must_be_the_signed_one(cloud: RunningCloud) -> None:
    assert send(fc_port(cloud), PATH_2023, acs3_headers(PATH_2023, b"signed"), b"sent").status == 403


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/2016-08-15/services/express-sync/functions/other/invocations", "FunctionNotFound"),
        ("/2016-08-15/services/other/functions/sample/invocations", "ServiceNotFound"),
        ("/2016-08-15/services/express-sync.prod/functions/sample/invocations", "AliasNotFound"),
        ("/2023-03-30/functions/other/invocations", "FunctionNotFound"),
    ],
)
def test_missing_function_service_or_alias_is_a_404(cloud: RunningCloud, path: str, code: str) -> None:
    headers = fc_headers(path) if path.startswith("/2016") else acs3_headers(path, b"")
    response = send(fc_port(cloud), path, headers, b"")
    body = json.loads(response.body)
    assert (response.status, body.get("ErrorCode") or body["Code"]) == (404, code)
    if path.startswith("/2023"):
        assert body["RequestId"] == response.headers["x-fc-request-id"]


@pytest.mark.parametrize(("qualifier", "status"), [("LATEST", 200), ("prod", 404)])
def test_latest_is_the_only_qualifier(cloud: RunningCloud, qualifier: str, status: int) -> None:
    signed = acs3_headers(PATH_2023, b"", {"qualifier": qualifier})
    assert send(fc_port(cloud), f"{PATH_2023}?qualifier={qualifier}", signed, b"").status == status
    path = PATH_2016.replace("express-sync", f"express-sync.{qualifier}")
    assert send(fc_port(cloud), path, fc_headers(path), b"").status == status


def test_unknown_path_is_not_supported(cloud: RunningCloud) -> None:
    response = send(fc_port(cloud), "/2016-08-15/nothing", {}, b"", "GET")
    body = {"ErrorCode": "PathNotSupported", "ErrorMessage": "'GET' against '/2016-08-15/nothing' is not supported"}
    assert (response.status, json.loads(response.body)) == (400, body)


def test_unknown_invocation_type_is_an_invalid_argument(cloud: RunningCloud) -> None:
    response = call_2016(cloud, b"", x_fc_invocation_type="Soon")
    assert (response.status, json.loads(response.body)["ErrorCode"]) == (400, "InvalidArgument")


def test_reset_removes_invocations_and_logs(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE) as own:
        call_2016(own, b"")
        assert len(local_get(own, "/_local/invocations")) == 1
        assert {"said something"} <= {line["line"] for line in local_get(own, "/_local/logs")}
        local_post(own, "/_local/reset")
        assert local_get(own, "/_local/invocations") == local_get(own, "/_local/logs") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"after": "never"}', "unknown point 'never'; allowed are create-sent, "),
        (b'{"before": "create-sent"}', "unknown: before; allowed are after"),
        (b"[1]", "the body must be a JSON object"),
        (b"{", "the body must be a JSON object"),
    ],
)
def test_kill_at_an_unknown_point_is_refused(cloud: RunningCloud, body: bytes, message: str) -> None:
    response = send(fc_port(cloud), "/_local/kill", JSON_BODY, body)
    assert response.status == 400
    assert json.loads(response.body)["message"].startswith(message)


def test_kill_over_http_fails_the_running_call(tmp_path: Path) -> None:
    with cloud_of(tmp_path, SOURCE) as own, ThreadPoolExecutor(1) as pool:
        calling = pool.submit(call_2016, own, b"stuck")
        while not any(line["line"] == "stuck" for line in local_get(own, "/_local/logs")):
            assert not calling.done()
        assert len(local_post(own, "/_local/kill")["killed"]) == 1
        assert b"Process exited unexpectedly" in calling.result().body


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


def signed(path: str, headers: dict[str, str], body: bytes) -> Call:
    return Call.of("POST", path, b"", headers, body)


@given(extra=st.dictionaries(TEXT.map(lambda name: f"x-fc-{name.lower()}"), TEXT), at=st.integers(0, 2**32))
def test_correct_fc_signature_is_accepted(extra: dict[str, str], at: int) -> None:
    verify_fc(signed(PATH_2016, fc_headers(PATH_2016, extra, at=at), b""), LOCAL_ACCOUNT.keys(), at)


@given(
    body=st.binary(max_size=40), changed=st.sampled_from(["body", "path", "date", "signature"]), bit=st.integers(0, 7)
)
@settings(max_examples=60)
def test_acs3_signature_covers_every_part(body: bytes, changed: str, bit: int) -> None:
    headers = acs3_headers(PATH_2023, body, at=1000)
    verify_acs3(signed(PATH_2023, headers, body), LOCAL_ACCOUNT.keys(), 1000)
    path = PATH_2023
    if changed == "body":
        body += bytes([bit])
    elif changed == "path":
        path += "/"
    elif changed == "date":
        headers["x-acs-date"] = f"1970-01-01T00:16:4{bit + 1}Z"
    else:
        last = headers["authorization"][-1]
        headers["authorization"] = headers["authorization"][:-1] + ("0" if last != "0" else "1")
    with pytest.raises(FcError, match="does not match"):
        verify_acs3(signed(path, headers, body), LOCAL_ACCOUNT.keys(), 1000)
