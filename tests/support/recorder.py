"""Servers that record what they receive, and an environment with every variable that HTTP libraries use by default."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.patience import PATIENCE_SECONDS

KEY_ID = "STS.PlantedKeyId"
SECRET = "Planted'Secret\"\\"
TOKEN = "CAISPlanted'Token\"\\=="
TLS_HELLO = b"\x16\x03"


class Recorder:
    """A server that records the first bytes and the request of each connection, answers and closes.

    With a context it speaks TLS; `requests` then has only what came after a complete handshake.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, answer: bytes = b"") -> None:
        self._tls = tls
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.first_bytes: list[bytes] = []
        self.requests: list[bytes] = []
        self._thread.start()

    def close(self) -> None:
        """Stop accepting."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):  # ssl.SSLError is one too
                connection.settimeout(PATIENCE_SECONDS)
                self.first_bytes.append(connection.recv(8, socket.MSG_PEEK))
                if self._tls is not None:
                    with self._tls.wrap_socket(connection, server_side=True) as secured:
                        self._attend(secured)
                else:
                    self._attend(connection)

    def _attend(self, connection: socket.socket) -> None:
        data = b""
        while not _is_whole(data) and not data.startswith(TLS_HELLO) and (received := connection.recv(65536)):
            data += received
        self.requests += [data] if data else []
        connection.sendall(self._answer)


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(end) and len(body) >= sum(int(length) for length in lengths)


@contextlib.contextmanager
def recorders(*names: str, tls: ssl.SSLContext | None = None, answer: bytes = b"") -> Iterator[dict[str, Recorder]]:
    """Run a recorder under each name."""
    made = {name: Recorder(tls, answer) for name in names}
    try:
        yield made
    finally:
        for each in made.values():
            each.close()


def moved_to(url: str) -> bytes:
    """Return an answer that redirects the client, with everything that it has sent."""
    return f"HTTP/1.1 307 Moved\r\nLocation: {url}/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def certificate(directory: Path, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """Return the context of a server for `host`, and the file of the authority that a client has to trust."""
    authority = Authority.create(directory)
    return authority.server(directory, host), authority.file


def hostile_environment(home: Path, proxy: str) -> dict[str, str]:
    """Return every variable that some HTTP library or SDK would obey, and write a ~/.netrc."""
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login netrc password planted\ndefault login netrc password planted\n")
    netrc.chmod(0o600)
    names = ("http_proxy", "https_proxy", "all_proxy")
    return {
        **dict.fromkeys((*names, *(name.upper() for name in names)), f"http://{proxy}"),
        "no_proxy": "",
        "NO_PROXY": "",
        "HOME": str(home),
        "NETRC": str(netrc),
        "DEBUG": "sdk",
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "/nowhere"),
        "ALIBABA_CLOUD_CA_BUNDLE": "",
        "ALIYUN_ACCESS_KEY_ID": "another-key",
        "ALIYUN_ACCESS_KEY_SECRET": "another-secret",
    }


def secrets_in(text: str) -> list[str]:
    """Return the secrets that a text holds, as they are or as a traceback or a log would escape them."""
    return [
        secret
        for secret in (SECRET, TOKEN, "Planted'Secret", "CAISPlanted", "PlantedKeyId", "netrc")
        if secret in text or repr(secret)[1:-1] in text
    ]
