"""What the handler's adapters are let loose on: the local MNS and gateway, and servers that misbehave by script."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT, Key
from handler.credentials import Credentials
from tests.local.mns_server import RunningMns, running_mns
from tests.support.patience import PATIENCE_SECONDS

_LINGER_ZERO = struct.pack("ii", 1, 0)

Behaviour = Callable[[socket.socket], object]


def credentials_of(key: Key) -> Credentials:
    """The handler's form of a key of the local account."""
    return Credentials(key.access_key_id, key.access_key_secret, key.security_token)


ROLE = credentials_of(LOCAL_ACCOUNT.role)
USER = credentials_of(LOCAL_ACCOUNT.user)


def answer(status: int, body: bytes = b"", *headers: str, keep_alive: bool = False) -> bytes:
    """A whole HTTP answer."""
    connection = "keep-alive" if keep_alive else "close"
    head = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", f"Connection: {connection}", *headers]
    return "\r\n".join((*head, "", "")).encode() + body


def sends(data: bytes) -> Behaviour:
    """Answer with these bytes and close."""
    return lambda connection: connection.sendall(data)


def resets(connection: socket.socket) -> None:
    """Break the connection with a TCP RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)


def closes(connection: socket.socket) -> None:
    """Close the connection without a word."""


def is_silent(connection: socket.socket) -> None:
    """Say nothing until the client leaves."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass


def never_ends(opening: bytes, piece: bytes, pause_s: float = 0.0) -> Behaviour:
    """Begin an answer and go on with it, piece by piece, until the client leaves or PATIENCE_SECONDS is over."""

    def behave(connection: socket.socket) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        with contextlib.suppress(OSError):
            connection.sendall(opening)
            while time.monotonic() < until:
                connection.sendall(piece)
                time.sleep(pause_s)

    return behave


def sends_and_holds(data: bytes) -> Behaviour:
    """Answer with these bytes, whatever else is asked, and keep the connection open until the client leaves."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        is_silent(connection)

    return behave


class ScriptedServer:
    """Accepts connections one after the other; on each it reads one request, then behaves as the script says.

    With `reads` False it does not wait for a request, as nobody reads on a port that lost its service. With `tls` it
    speaks TLS; a client that leaves during the handshake is counted in `handshakes_failed`.
    """

    def __init__(self, *script: Behaviour, reads: bool = True, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._reads = reads
        self._tls = tls
        self.handshakes_failed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_SECONDS)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._closed = threading.Semaphore(0)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()

    @property
    def url(self) -> str:
        """The server's URL, without a slash at its end."""
        return f"{'https' if self._tls else 'http'}://{self.address}"

    def wait_for_close(self) -> None:
        """Return once one more connection is closed."""
        assert self._closed.acquire(timeout=PATIENCE_SECONDS)

    def _serve(self) -> None:
        for behave in self._script:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(PATIENCE_SECONDS)
                self._serve_one(connection, behave)
            self._closed.release()

    def _serve_one(self, connection: socket.socket, behave: Behaviour) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                self.handshakes_failed += 1
                return
        with connection:
            if self._reads:
                self.requests.append(request_on(connection))
            behave(connection)


def request_on(connection: socket.socket) -> bytes:
    """Read one request; empty if the client leaves instead."""
    data = b""
    while (missing := _missing(data)) != 0:
        received = connection.recv(max(missing, 1))
        if not received:
            break
        data += received
    return data


def _missing(data: bytes) -> int:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return 1
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return int(lengths[0]) - len(body) if lengths else 0


@contextlib.contextmanager
def refusing_port() -> Iterator[str]:
    """A URL where nobody listens, and nobody else will meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def unreachable_port() -> Iterator[str]:
    """A URL whose host does not even answer the attempt to connect: its queue of connections is full."""
    with contextlib.ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = open_sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class Mns:
    """The local MNS with a topic `outcomes` and, behind it, a queue `results`; and a queue `requests`."""

    def __init__(self, running: RunningMns) -> None:
        self.url = running.server.url
        self.service = running.service
        running.run(self._furnish())

    async def _furnish(self) -> None:
        account = LOCAL_ACCOUNT
        self.service.queues.create_queue("requests")
        self.service.queues.create_queue("results")
        self.service.topics.create_topic("outcomes")
        endpoint = f"acs:mns:{account.region}:{account.account_id}:queues/results"
        self.service.topics.subscribe("outcomes", "results", endpoint, notify_content_format="SIMPLIFIED")

    def local(self, path: str, document: object = None) -> Any:
        """Ask the emulator's own door; POST if there is a document."""
        method = "GET" if document is None else "POST"
        return urllib3.request(method, f"{self.url}/_local/{path}", json=document, timeout=PATIENCE_SECONDS).json()

    def queue_faults(self, operation: str, *faults: str) -> None:
        """Let `faults` strike the coming calls of `operation`."""
        self.local("faults", {"operation": operation, "faults": faults})

    def bodies(self, queue: str) -> list[str]:
        """The bodies in a queue, untouched."""
        return [message["body"] for message in self.local(f"queues/{queue}")["messages"]]

    def calls(self, operation: str) -> Sequence[dict[str, Any]]:
        """The calls of an operation so far."""
        return [call for call in self.local("calls") if call["operation"] == operation]

    def reset(self) -> None:
        """Forget messages, faults and calls; queues, topic and subscriptions stay."""
        self.local("reset", {})


@contextlib.contextmanager
def furnished_mns() -> Iterator[Mns]:
    """A local MNS, with what the function needs of it."""
    with running_mns() as running:
        yield Mns(running)
