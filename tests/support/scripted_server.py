"""Servers over raw sockets that misbehave by script, and ports that accept nothing."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from tests.support.patience import PATIENCE_SECONDS

_LINGER_ZERO = struct.pack("ii", 1, 0)

Behaviour = Callable[[socket.socket], object]


def answer(status: int, body: bytes = b"", *headers: str, keep_alive: bool = False) -> bytes:
    """Return a complete HTTP answer."""
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
    """Close the connection without an answer."""


def is_silent(connection: socket.socket) -> None:
    """Send nothing until the client disconnects."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass


def never_ends(opening: bytes, piece: bytes, pause_s: float = 0.0) -> Behaviour:
    """Begin an answer and continue it, piece by piece, until the client disconnects or PATIENCE_SECONDS are over."""

    def behave(connection: socket.socket) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        with contextlib.suppress(OSError):
            connection.sendall(opening)
            while time.monotonic() < until:
                connection.sendall(piece)
                time.sleep(pause_s)

    return behave


def sends_and_holds(data: bytes) -> Behaviour:
    """Answer with these bytes, and keep the connection open until the client disconnects."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        is_silent(connection)

    return behave


class ScriptedServer:
    """A server of consecutive connections; on each it reads one request, then behaves as scripted.

    With `reads` False it does not wait for a request. With `tls` it speaks TLS and counts failed handshakes in
    `handshakes_failed`.
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
        """Return the server's URL, without a slash at its end."""
        return f"{'https' if self._tls else 'http'}://{self.address}"

    def change_certificate(self, tls: ssl.SSLContext) -> None:
        """Speak TLS with another certificate on the connections to come."""
        self._tls = tls

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
    """Return one request, or nothing if the client disconnects instead."""
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
    """Reserve a port that no server listens on, and give its URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def unreachable_port() -> Iterator[str]:
    """Give a URL whose host does not answer connection attempts, because its queue of connections is full."""
    with contextlib.ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = open_sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
