"""Identities over HTTP: what a caller of the portal sees, with real tokens and a real key set."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.portal.identity.authenticator import Authenticator
from express_sync.portal.identity.settings import SCHEMA, IdentitySettings
from express_sync.portal.identity.tokens import create
from express_sync.portal.service import Settings, running
from tests.portal.identity_provider import AUDIENCE, ISSUER, KeyServer, token
from tests.support.portal import MemoryQueues, RunningPortal
from tests.support.running import serving

_OPERATOR, OPERATOR_TEXT = create("olivia", "operator", time.time(), 3600)
REQUEST = {"name": "a", "bucketName": "bucket", "bucketRegion": "cn-hangzhou"}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    directory = tmp_path_factory.mktemp("portal")
    with serving(KeyServer().app) as (address,):
        provider = {"issuer": ISSUER, "audiences": [AUDIENCE], "jwksUrl": f"{address}/keys"}
        settings = IdentitySettings.of({"provider": provider}, directory, directory)
        authenticator = Authenticator(lambda: (_OPERATOR,), settings.authenticator(time.time).verifier, time.time)
        queues = MemoryQueues()
        with running(Settings(f"sqlite:///{directory}/portal.sqlite3"), queues, queues, authenticator) as url:
            yield RunningPortal(url, queues)


def submit(portal: RunningPortal, request_id: str, text: str) -> None:
    answer = portal.call("POST", "/v1/requests", {"requestId": request_id, **REQUEST}, text)
    assert answer.status == 202, answer.text


def test_name_in_the_token_becomes_the_requester(portal: RunningPortal) -> None:
    submit(portal, "own", token(sub="lin.wei"))
    [event] = portal.queues.sent_for("own")
    assert event["data"]["requester"] == "lin.wei"


def test_request_of_another_is_not_found(portal: RunningPortal) -> None:
    submit(portal, "of-lin", token(sub="lin.wei"))
    assert portal.call("GET", "/v1/requests/of-lin", token=token(sub="wang.fang")).status == 404
    assert portal.call("GET", "/v1/requests/of-lin", token=OPERATOR_TEXT).status == 200


@pytest.mark.parametrize(
    ("text", "status", "challenge"),
    [
        ("", 401, 'Bearer realm="express-sync"'),
        ("esp_wrong", 401, 'Bearer realm="express-sync", error="invalid_token"'),
        (token(aud="other"), 401, 'Bearer realm="express-sync", error="invalid_token"'),
        (token(roles=[]), 403, 'Bearer realm="express-sync", error="insufficient_scope"'),
    ],
    ids=["none", "unknown", "foreign audience", "no role"],
)
def test_refusal_is_a_problem_with_a_challenge(portal: RunningPortal, text: str, status: int, challenge: str) -> None:
    answer = portal.call("GET", "/v1/requests/x", token=text)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (status, challenge)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert not text or text not in answer.text


@pytest.mark.parametrize("path", ["/v1/requests/x?access_token={}", "/healthz?token={}", "/v1/requests?q={}"])
def test_token_in_the_url_is_refused_and_not_logged(
    portal: RunningPortal, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = portal.call("GET", path.format(OPERATOR_TEXT), token=OPERATOR_TEXT)
    assert (answer.status, answer.json["type"]) == (400, "urn:express-sync:problem:token-in-url")
    captured = capfd.readouterr()
    assert OPERATOR_TEXT not in answer.text + captured.out + captured.err


def test_settings_have_defaults(tmp_path: Path) -> None:
    settings = IdentitySettings.of({}, tmp_path, tmp_path / "home")
    assert settings == IdentitySettings(tmp_path / "home" / ".config" / "express-sync" / "portal-tokens.json")
    assert settings.authenticator(time.time).verifier is None
    assert SCHEMA["additionalProperties"] is False
