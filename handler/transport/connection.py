"""HTTP/1.1 calls with one overall deadline, over connections that are reused only while they are clean.

Shared by the clients of Cloud Storage Gateway and MNS. A timeout of the standard library bounds each operation on a
socket, and a peer that sends one byte a second never exceeds it; here every operation gets what is left of the
deadline.
"""

import io
import re
import socket
import ssl
import weakref
from collections.abc import Mapping
from typing import Any

from handler.transport.connector import NotConnectedError, open_socket
from handler.transport.deadline import CallDeadline, Deadline, NoWait
from handler.transport.response import MalformedResponseError, Response, TruncatedResponseError, read_response

_TARGET = re.compile(r"[!-~]+")
_HEADER = re.compile(r"[\t -~]*")
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "ReadTimeout"),
    (MalformedResponseError, "MalformedAnswer"),
    (TruncatedResponseError, "ConnectionLost"),
    (OSError, "ConnectionLost"),
)


class CallError(Exception):
    """A call without a usable response; `sent` is False only if no byte of the request was passed to a socket.

    Has only a code, because texts of libraries may quote headers.
    """

    def __init__(self, code: str, *, sent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.sent = sent


def request_bytes(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the bytes of a request. Raise ValueError, without a text, if a part of it is not valid in HTTP."""
    values = {"content-length": str(len(body)), **{name.lower(): value for name, value in headers.items()}}
    if not _TARGET.fullmatch(target) or not all(map(_HEADER.fullmatch, [*values, *values.values()])):
        raise ValueError
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in values.items()), "", ""]
    return "\r\n".join(lines).encode() + body


class _Stream(io.RawIOBase):
    """The bytes that arrive on a socket; each read ends by the deadline."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__()
        self._socket = connected
        self.deadline: Deadline = NoWait()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self.deadline.left())
        return self._socket.recv_into(buffer)


class Connection:
    """One connection to the host of `url`, opened by the first call. One thread at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket: socket.socket | None = None

    def call(self, request: bytes, deadline: Deadline) -> Response:
        """Send `request` and return the response. On CallError the connection is closed."""
        is_sent = False
        try:
            connected = self._ready(deadline)
            unsent = memoryview(request)
            while unsent:
                connected.settimeout(deadline.left())
                is_sent = True
                unsent = unsent[connected.send(unsent) :]
            response = read_response(self._buffer)
        except Exception as error:
            self.close()
            raise _call_error(error, is_sent) from None
        if not response.keeps_open:
            self.close()
        return response

    def is_quiet(self) -> bool:
        """Return whether the connection is open and no unsolicited bytes have arrived.

        Bytes that arrive later, when the next request is in progress, cannot be distinguished from its answer.
        """
        if self._socket is None:
            return False
        self._stream.deadline = NoWait()
        try:
            self._buffer.peek(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ready(self, deadline: Deadline) -> socket.socket:
        """Return the socket. Raise OSError if unsolicited bytes have arrived on it."""
        connected = self._socket or self._open(deadline)
        if not self.is_quiet():
            raise ConnectionError
        self._stream.deadline = deadline
        return connected

    def _open(self, deadline: Deadline) -> socket.socket:
        connected = open_socket(self._url, deadline)
        self._socket = connected
        self._stream = _Stream(connected)
        self._buffer = io.BufferedReader(self._stream)
        return connected


class Connections:
    """Connections to the host of `url`, kept for the next call. Thread-safe."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[Connection] = []
        weakref.finalize(self, _close_all, self._idle)

    def call(self, request: bytes, seconds: float) -> Response:
        """Send `request` over a connection of its own, and return the response within `seconds`, or raise CallError."""
        deadline = CallDeadline(seconds)
        connection = self._take()
        response = connection.call(request, deadline)
        self._idle.append(connection)
        return response

    def _take(self) -> Connection:
        while True:
            try:
                connection = self._idle.pop()  # one atomic step, so that no two threads get the same connection
            except IndexError:
                return Connection(self._url)
            if connection.is_quiet():
                return connection
            connection.close()


def _close_all(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


def _call_error(error: Exception, is_sent: bool) -> CallError:
    if isinstance(error, NotConnectedError):
        return CallError(error.code, sent=False)
    if not is_sent and isinstance(error, OSError):
        return CallError("NotConnected", sent=False)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), type(error).__name__)
    return CallError(code, sent=is_sent)
