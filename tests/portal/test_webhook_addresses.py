"""Where a delivery may be sent: public addresses over verified TLS, and what the configuration allows beside them."""

import ipaddress
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from express_sync.portal.webhooks.addresses import is_public
from express_sync.portal.webhooks.endpoint import MAX_ENDPOINTS, SCHEMA, Endpoint, InvalidSecretError, read_secrets
from express_sync.portal.webhooks.http import Poster
from handler.transport import connector
from tests.portal.webhook_receiver import SECRET
from tests.support.certificates import Authority

PRIVATE = (
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200"),
    *("0.1.2.3", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("::", "::1", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("fec0::1", "feff::1", "::127.0.0.1", "fe80::1%lo", "64:ff9b::7f00:1"),
    *("64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
)
PUBLIC = ("8.8.8.8", "47.88.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_recognised(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_recognised(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def resolving(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """Let every name resolve to these addresses."""

    def resolve(_host: str, port: int, **_options: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (each, port)) for each in found]

    monkeypatch.setattr("handler.transport.connector.socket.getaddrinfo", resolve)


def code_of(url: str, *, is_private_allowed: bool = False) -> str:
    """Return what comes of a delivery to an endpoint with this URL."""
    endpoint = Endpoint("hook", url, (SECRET,), is_private_allowed=is_private_allowed)
    return Poster().post(endpoint, "msg_1", "{}").code


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0", "2130706433", "0x7f.1", "127.1", "[::1]"])
def test_name_of_this_machine_is_refused(host: str) -> None:
    """The resolver understands other spellings of addresses, too."""
    assert code_of(f"https://{host}/") == "PrivateAddress"


@pytest.mark.parametrize("found", [["169.254.169.254"], ["8.8.8.8", "10.0.0.1"]])
def test_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    """No socket is opened, not even to the public address."""
    monkeypatch.setattr("handler.transport.connector.socket.socket", pytest.fail)
    resolving(monkeypatch, *found)
    assert code_of("https://metadata.example/") == "PrivateAddress"


def test_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes between the check and the connection changes nothing: the checked address is called."""
    resolving(monkeypatch, "127.0.0.1")
    asked: list[tuple[str, int]] = []

    class Refusing(socket.socket):
        def connect(self, address: Any) -> None:
            asked.append(address)
            raise ConnectionRefusedError

    monkeypatch.setattr("handler.transport.connector.socket.socket", Refusing)
    assert code_of("https://rebinding.example/x", is_private_allowed=True) == "NotConnected"
    assert asked == [("127.0.0.1", 443)]


def test_unknown_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch)
    assert code_of("https://missing.example/") == "NameNotResolved"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    ("host", "is_trusted", "code"),
    [
        ("hook.example", True, "Http204"),
        ("other.example", True, "CertificateNotTrusted"),
        ("hook.example", False, "CertificateNotTrusted"),
    ],
)
def test_certificate_is_verified_for_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority, host: str, is_trusted: bool, code: str
) -> None:
    """The name is verified although the connection is made to an address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        context = authority.server(tmp_path, "hook.example")

        def serve() -> None:
            accepted, _ = server.accept()
            try:
                with context.wrap_socket(accepted, server_side=True) as secured:
                    secured.recv(65536)
                    secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                accepted.close()

        thread = threading.Thread(target=serve)
        thread.start()
        resolving(monkeypatch, "127.0.0.1")
        trusting = ssl.create_default_context(cafile=str(authority.file) if is_trusted else None)
        monkeypatch.setattr(connector, "_tls", lambda: trusting)
        try:
            assert code_of(f"https://{host}:{port}/", is_private_allowed=True) == code
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("change", "is_valid"),
    [
        ({}, True),
        ({"url": "https://hook.example:8443/a?b=c"}, True),
        ({"url": "http://127.0.0.1:9000/hook"}, True),
        ({"url": "http://hook.example/"}, False),
        ({"url": "https://user:password@hook.example/"}, False),
        ({"url": "https://hook.example/#fragment"}, False),
        ({"url": "https://hook.example/\r\nx: y"}, False),
        ({"url": "file:///etc/passwd"}, False),
        ({"url": "https://"}, False),
        ({"name": "a b"}, False),
        ({"statuses": ["failed"]}, True),
        ({"statuses": ["accepted"]}, False),
        ({"statuses": []}, False),
        ({"secret": SECRET}, False),
    ],
)
def test_configuration_of_an_endpoint_is_checked(change: dict[str, object], is_valid: bool) -> None:
    document = {"name": "hook", "url": "https://hook.example/", "secretFile": "secret", **change}
    assert Draft7Validator(SCHEMA).is_valid([document]) == is_valid


def test_number_of_endpoints_is_bounded() -> None:
    document = {"name": "hook", "url": "https://hook.example/", "secretFile": "secret"}
    assert not Draft7Validator(SCHEMA).is_valid([document] * (MAX_ENDPOINTS + 1))


def test_secrets_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n\n{SECRET}\n")
    document = {"name": "hook", "url": "https://hook.example/", "secretFile": "secret", "statuses": ["failed"]}
    endpoint = Endpoint.of(document, tmp_path)
    assert endpoint.secrets == (SECRET, SECRET)
    assert (endpoint.statuses, endpoint.is_private_allowed) == (frozenset({"failed"}), False)
    assert SECRET not in repr(endpoint)


@pytest.mark.parametrize("content", [b"", b"secret", b"whsec_YQ==", b"whsec_!", b"\xff", b"QUJD" * 8])
def test_unusable_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(InvalidSecretError, match="random bytes"):
        read_secrets(path)
