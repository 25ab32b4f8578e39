"""The client of RunningSgw Storage Gateway, against the local gateway and against servers that misbehave."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

import pytest

from handler.credentials import Credentials
from handler.model import Created, Group, GroupList, ProvisionRequest, Refused, Unanswered
from handler.sgw.client import Sgw
from tests.local.sgw_support import RunningSgw
from tests.support.patience import PATIENCE_SECONDS, SILENCE_SECONDS, wait_for
from tests.support.role_credentials import ROLE, USER
from tests.support.scripted_server import (
    ScriptedServer,
    answer,
    is_silent,
    refusing_port,
    resets,
    sends,
    unreachable_port,
)
from tests.support.sgw_clients import sgw_at

SHORT_S, LONG_S = SILENCE_SECONDS, PATIENCE_SECONDS
REQUEST = ProvisionRequest("REQ-1", "photos", "holiday-bucket", "cn-hangzhou", "teams/a", "组 a+b*~/c")
BARE = ProvisionRequest("REQ-2", "videos", "holiday-bucket", "cn-hangzhou")
SUCCESS = json.dumps({"Success": True, "ExpressSyncId": "sync-1", "RequestId": "API-1"}).encode()


@pytest.fixture(scope="module")
def running_sgw() -> Iterator[RunningSgw]:
    """Run a local gateway for all tests of the module."""
    with RunningSgw() as running:
        yield running


@pytest.fixture
def sgw(running_sgw: RunningSgw) -> RunningSgw:
    """Return the local gateway without leftovers of other tests."""
    running_sgw.admin("POST", "reset")
    return running_sgw


@pytest.fixture
def client(sgw: RunningSgw) -> Sgw:
    """Return a client of the local gateway, with the function's temporary key and the gateway's time."""
    return at_gateway(sgw, ROLE)


def at_gateway(sgw: RunningSgw, keys: Credentials) -> Sgw:
    """Return a client of the local gateway with these keys."""

    def date() -> str:
        return datetime.fromtimestamp(sgw.clock.now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    return sgw_at(sgw.url, keys, date=date)


def test_created_group_is_listed_as_requested(sgw: RunningSgw, client: Sgw) -> None:
    """DescribeExpressSyncs lists it for its bucket and for all buckets."""
    created = client.create(REQUEST, LONG_S)
    assert isinstance(created, Created)
    group = Group(created.express_sync_id, "photos", "holiday-bucket", "cn-hangzhou", "teams/a", "组 a+b*~/c")
    assert client.describe("holiday-bucket", LONG_S) == client.describe(None, LONG_S) == GroupList((group,))
    assert client.describe("other-bucket", LONG_S) == GroupList(())
    assert created.api_request_id == sgw.calls()[0]["requestId"]


def test_minimal_request_makes_a_group_on_the_whole_bucket(sgw: RunningSgw, client: Sgw) -> None:
    """Empty parameters are not sent."""
    created = client.create(BARE, LONG_S)
    assert isinstance(created, Created)
    expected = Group(created.express_sync_id, "videos", "holiday-bucket", "cn-hangzhou", "", "")
    assert client.describe("holiday-bucket", LONG_S) == GroupList((expected,))


@pytest.mark.parametrize("keys", [ROLE, USER], ids=["temporary key", "long-lived key"])
def test_gateway_accepts_keys_with_and_without_a_token(sgw: RunningSgw, keys: Credentials) -> None:
    assert isinstance(at_gateway(sgw, keys).create(REQUEST, LONG_S), Created)


def test_gateway_refuses_a_wrong_key(sgw: RunningSgw) -> None:
    """This shows that the local gateway checks signatures."""
    wrong = at_gateway(sgw, replace(USER, access_key_secret="wrong")).create(REQUEST, LONG_S)
    assert isinstance(wrong, Refused)
    assert wrong.code == "SignatureDoesNotMatch"
    assert sgw.names() == []


def test_every_call_has_its_own_nonce(sgw: RunningSgw, client: Sgw) -> None:
    """A second call is not refused."""
    assert isinstance(client.create(REQUEST, LONG_S), Created)
    assert isinstance(client.create(BARE, LONG_S), Created)
    assert "SignatureNonceUsed" not in [call["code"] for call in sgw.calls()]


def test_taken_name_is_refused_with_the_request_id_of_the_api(sgw: RunningSgw, client: Sgw) -> None:
    """Support finds the call by it."""
    client.create(REQUEST, LONG_S)
    refused = client.create(REQUEST, LONG_S)
    assert refused == Refused("DuplicateExpressSyncName", 400, sgw.calls()[1]["requestId"])


@pytest.mark.parametrize(("fault", "seconds"), [("throttling:2500", 2.5), ("retry-after:4", 4.0)])
def test_wait_requested_by_the_gateway_is_returned_in_seconds(
    sgw: RunningSgw, client: Sgw, fault: str, seconds: float
) -> None:
    sgw.queue_faults(fault)
    refused = client.create(REQUEST, LONG_S)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.retry_after_seconds) == ("Throttling.User", seconds)


def test_early_hints_of_the_gateway_are_skipped(sgw: RunningSgw, client: Sgw) -> None:
    """Each call gets its own answer, over one connection."""
    sgw.queue_faults("early-hints", count=2)
    assert isinstance(client.create(REQUEST, LONG_S), Created)
    assert client.create(REQUEST, LONG_S) == Refused("DuplicateExpressSyncName", 400, sgw.calls()[1]["requestId"])


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("InternalError", ("InternalError", 500)),
        ("AssumeRoleFail", ("AssumeRoleFail", 403)),
        ("RoleNotExist", ("RoleNotExist", 404)),
        ("unavailable", ("ServiceUnavailable", 503)),
        ("empty-500", ("GatewayLostService", 500)),
        ("http-502-html", ("GatewayLostService", 502)),
        ("malformed-200", ("MalformedAnswer", 200)),
        ("success-false", ("InternalError", 200)),
        ("xml-error:AssumeRoleFail", ("AssumeRoleFail", 403)),
        ("http-403-html", ("GatewayRefused", 403)),
        ("late-500:60", ("InternalError", 500)),
    ],
)
@pytest.mark.parametrize("operation", ["CreateExpressSync", "DescribeExpressSyncs"])
def test_error_response_is_a_refusal_with_code_and_status(
    sgw: RunningSgw, client: Sgw, operation: str, fault: str, expected: tuple[str, int]
) -> None:
    """This holds for create calls and lookups."""
    sgw.queue_faults(fault, operation=operation)
    refused = client.create(REQUEST, LONG_S) if operation == "CreateExpressSync" else client.describe(None, LONG_S)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.http_status) == expected


@pytest.mark.parametrize(
    ("fault", "code", "landed"),
    [
        ("reset-before", "ConnectionLost", []),
        ("reset-after", "ConnectionLost", ["photos"]),
        ("timeout-before", "ReadTimeout", []),
        ("timeout-after", "ReadTimeout", ["photos"]),
        ("trickle", "ReadTimeout", ["photos"]),
    ],
)
def test_missing_answer_may_have_created_a_group(
    sgw: RunningSgw, client: Sgw, fault: str, code: str, landed: list[str]
) -> None:
    """The client cannot know whether the call landed."""
    sgw.queue_faults(fault)
    assert client.create(REQUEST, SHORT_S if code == "ReadTimeout" else LONG_S) == Unanswered(code, sent=True)
    wait_for(lambda: sgw.names() == landed)


def test_one_call_is_one_request(sgw: RunningSgw, client: Sgw) -> None:
    """The caller has to know of each attempt, so nothing below it may retry."""
    sgw.queue_faults("reset-after", "unavailable", "empty-500")
    for _ in range(3):
        client.create(REQUEST, LONG_S)
    assert len(sgw.calls()) == 3


@pytest.mark.parametrize("port", [refusing_port, unreachable_port])
def test_call_without_a_connection_sends_nothing(port: Callable[[], AbstractContextManager[str]]) -> None:
    """The connection is refused or never established."""
    with port() as url:
        client = sgw_at(url)
        assert client.create(REQUEST, SHORT_S) == Unanswered("NotConnected", sent=False)
        assert client.describe(None, SHORT_S) == Unanswered("NotConnected", sent=False)


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        (answer(500, b"<html>oops</html>"), "GatewayLostService", 500),
        (answer(504, b"<html>"), "GatewayLostService", 504),
        (answer(404), "GatewayRefused", 404),
        (answer(302, b"", "Location: http://127.0.0.1:1/"), "GatewayLostService", 302),
        (answer(200, b"<html>login</html>"), "MalformedAnswer", 200),
        (answer(200, b"not gzip", "Content-Encoding: gzip"), "MalformedAnswer", 200),
        (answer(429, b"{}"), "GatewayRefused", 429),
    ],
)
def test_response_of_a_proxy_gets_a_code_made_of_its_status(data: bytes, code: str, status: int) -> None:
    """A page of a proxy is not an answer of the API; a redirect is not followed."""
    with ScriptedServer(sends(data)) as server:
        assert sgw_at(server.url).create(REQUEST, LONG_S) == Refused(code, status)


def test_connection_closed_by_the_server_is_not_reused() -> None:
    """It costs a new connection and not an attempt."""
    with ScriptedServer(*[sends(answer(200, SUCCESS, keep_alive=True))] * 2) as server:
        client = sgw_at(server.url)
        assert client.create(REQUEST, LONG_S) == Created("sync-1", "API-1")
        server.wait_for_close()
        assert client.create(REQUEST, LONG_S) == Created("sync-1", "API-1")


def test_request_has_the_documented_form() -> None:
    """It is a POST with everything in the RFC 3986 encoded query; action, version, date and nonce are headers."""
    with ScriptedServer(sends(answer(200, SUCCESS))) as server:
        sgw_at(server.url).create(REQUEST, LONG_S)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    method, target, _ = line.split(" ")
    fields = {name.lower(): text for name, text in (header.split(": ", 1) for header in headers)}
    assert (method, body) == ("POST", b"")
    assert "+" not in target
    assert {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()} == {
        "Name": "photos",
        "BucketName": "holiday-bucket",
        "BucketRegion": "cn-hangzhou",
        "BucketPrefix": "teams/a",
        "Description": "组 a+b*~/c",
    }
    assert fields["x-acs-action"] == "CreateExpressSync"
    assert fields["x-acs-version"] == "2018-05-11"
    assert fields["x-acs-date"] == "2026-11-23T08:00:00Z"
    assert fields["x-acs-signature-nonce"].startswith("nonce-")
    assert fields["x-acs-security-token"] == ROLE.security_token
    assert fields["accept"] == "application/json"
    assert fields["host"] == server.address


def test_empty_parameter_is_not_sent() -> None:
    """The API distinguishes absent from empty: an empty prefix would filter."""
    with ScriptedServer(*[sends(answer(200, SUCCESS))] * 3) as server:
        client = sgw_at(server.url)
        client.create(BARE, LONG_S)
        client.describe("holiday-bucket", LONG_S)
        client.describe(None, LONG_S)
    assert [request.split(b" ")[1] for request in server.requests] == [
        b"/?BucketName=holiday-bucket&BucketRegion=cn-hangzhou&Name=videos",
        b"/?BucketName=holiday-bucket",
        b"/?",
    ]


def test_client_shows_neither_secrets_nor_the_request() -> None:
    """Its results do not show them either."""
    with ScriptedServer(resets, sends(answer(500, b"Sup3r-S3cret")), is_silent) as server:
        client = sgw_at(server.url, keys=Credentials("ak", "Sup3r-S3cret", "Sup3r-S3cret"))
        secret = replace(REQUEST, description="Sup3r-S3cret")
        shown = [repr(client), str(client), *(repr(client.create(secret, SHORT_S)) for _ in range(3))]
    assert b"Sup3r-S3cret" in server.requests[0]
    assert "S3cret" not in " ".join(shown)
