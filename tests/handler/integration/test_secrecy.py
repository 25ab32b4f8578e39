"""The function sends its key over verified TLS only, uses no proxy or ~/.netrc, and raises nothing that holds a key."""

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from handler import entry
from handler.config import ConfigurationError
from handler.entry import handle
from handler.faults import DeliveriesUnfinishedError, FunctionFaultError
from handler.transport import connector
from tests.support.recorder import (
    KEY_ID,
    SECRET,
    TLS_HELLO,
    TOKEN,
    Recorder,
    certificate,
    hostile_environment,
    moved_to,
    recorders,
    secrets_in,
)

pytestmark = pytest.mark.usefixtures("pauses_end_at_once")

REQUEST = {"requestId": "REQ-1", "name": "photos", "bucketName": "holiday-bucket", "bucketRegion": "cn-hangzhou"}
BRIEF = {
    "RESULT_TOPIC": "outcomes",
    "REQUEST_QUEUE": "requests",  # with a deferral left, lookups end with their attempts and leave time to publish
    "MAX_ATTEMPTS": "1",
    "LATE_PAUSE_SECONDS": "0",
    "LOOK_RESERVE_SECONDS": "0.5",
    "PUBLISH_RESERVE_SECONDS": "0.5",
}
SERVICES = ("mns", "sgw")
Services = dict[str, Recorder]


def context(token: str = TOKEN) -> Any:
    """Return the runtime's context, with the planted key and little time."""
    return SimpleNamespace(
        request_id="FC-1",
        credentials=SimpleNamespace(access_key_id=KEY_ID, access_key_secret=SECRET, security_token=token),
        function=SimpleNamespace(name="provision", timeout="20"),
        region="cn-hangzhou",
        account_id="1234567890123456",
    )


@pytest.fixture(autouse=True)
def fresh_instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the settings again, and restore what an instance configures."""
    before, level = structlog.get_config(), logging.getLogger("urllib3").level
    for name, value in BRIEF.items():
        monkeypatch.setenv(f"EXPRESS_SYNC_{name}", value)
    entry._settings.cache_clear()
    connector._tls.cache_clear()  # else the certificates of a test before this one
    yield
    connector._tls.cache_clear()
    entry._settings.cache_clear()
    structlog.configure(**before)
    logging.getLogger("urllib3").setLevel(level)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Recorder]:
    """Set every hostile variable, and return the listener that the proxy variables name."""
    with recorders("proxy") as made:
        for name, value in hostile_environment(tmp_path, made["proxy"].address).items():
            monkeypatch.setenv(name, value)
        yield made["proxy"]


def call(scheme: str, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invoke the function with one request, whose outcome cannot be published."""
    for name, recorder in services.items():
        monkeypatch.setenv(f"EXPRESS_SYNC_{name.upper()}_ENDPOINT", f"{scheme}://{recorder.address}")
    with pytest.raises(DeliveriesUnfinishedError):
        handle(json.dumps(REQUEST).encode(), context())


def test_https_begins_with_tls(
    hostile: Recorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """This holds for both services, and nothing of the key is written."""
    with recorders(*SERVICES) as services:
        call("https", services, monkeypatch)
    for recorder in services.values():
        assert recorder.first_bytes
        assert all(first.startswith(TLS_HELLO) for first in recorder.first_bytes)
    assert not hostile.first_bytes
    assert not secrets_in(capsys.readouterr().out)


@pytest.mark.parametrize("host", ["127.0.0.1", "another.example"])
def test_server_with_a_wrong_certificate_gets_no_request(
    host: str, hostile: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One certificate is not trusted, the other is trusted for another host."""
    tls, path = certificate(tmp_path, host)
    if host == "another.example":
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with recorders(*SERVICES, tls=tls) as services:
        call("https", services, monkeypatch)
    assert all(recorder.first_bytes and not recorder.requests for recorder in services.values())


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_requests_go_to_their_service_alone(
    scheme: str, hostile: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They use no proxy, no password of ~/.netrc and no redirect."""
    tls, path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with recorders("elsewhere") as others:
        moved = moved_to(f"http://{others['elsewhere'].address}")
        with recorders(*SERVICES, tls=tls if scheme == "https" else None, answer=moved) as services:
            call(scheme, services, monkeypatch)
    assert not others["elsewhere"].first_bytes
    assert not hostile.first_bytes
    signed = {"mns": f"(?i)authorization: MNS {KEY_ID}:", "sgw": f"(?i)authorization: ACS3.* Credential={KEY_ID},"}
    for name, recorder in services.items():
        assert recorder.requests
        assert all(re.search(signed[name].encode(), request) for request in recorder.requests)
    sent = b"".join(request for recorder in services.values() for request in recorder.requests)
    assert SECRET.encode() not in sent
    assert b"asic " not in sent


UNUSABLE = ("CAISPlanted\r", "CAIS\nPlanted", "CAIS Planted", "CAISPlanted\0", "CAISPlantéd", "CAISPlanted" * 1000)


@pytest.mark.parametrize("token", UNUSABLE, ids=("CR", "LF", "space", "NUL", "beyond ASCII", "very long"))
def test_unusable_token_is_named_and_not_shown(
    token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before anything is sent, for every kind of event."""
    monkeypatch.setenv("EXPRESS_SYNC_MNS_ENDPOINT", "http://127.0.0.1:1")
    for event in (json.dumps(REQUEST).encode(), b'{"control": {"drain": "requests"}}', b"\xff"):
        with pytest.raises(ConfigurationError) as raised:
            handle(event, context(token))
        assert str(raised.value).endswith(
            ": the security token in the runtime's context has a character that keys do not have, or is too long"
        )
        assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert "Plant" not in capsys.readouterr().out


def test_fault_leaves_the_function_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime logs text, cause and context of an exception, and that of a library may quote the key."""
    monkeypatch.setenv("EXPRESS_SYNC_MNS_ENDPOINT", "http://127.0.0.1:1")

    def quoting(*_: object) -> None:
        raise ValueError(f"Invalid header value {TOKEN!r}")

    monkeypatch.setattr("handler.inbound.envelope.intake_of", quoting)
    with pytest.raises(FunctionFaultError) as raised:
        handle(b"{}", context())
    assert str(raised.value).startswith(f"ValueError at {__name__}:")
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


@pytest.mark.parametrize("url", ["http://192.0.2.1", "http://mns.example", "http://127.0.0.1.example"])
def test_clear_text_endpoints_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback and the internal endpoints of SMQ are accepted."""
    assert not [name for name in os.environ if name.startswith("EXPRESS_SYNC_SGW")]
    monkeypatch.setenv("EXPRESS_SYNC_MNS_ENDPOINT", url)
    monkeypatch.setenv("EXPRESS_SYNC_SGW_ENDPOINT", "http://1.sgw.cn-hangzhou-internal.aliyuncs.com")
    with pytest.raises(ConfigurationError, match=r"MNS_ENDPOINT is wrong.*SGW_ENDPOINT is wrong"):
        handle(b"{}", context())
