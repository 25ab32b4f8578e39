"""HTTP/1.1 calls with one overall deadline, over a connection that is reused only while it is clean.

Shared by the clients of Cloud Storage Gateway and MNS. A timeout of the standard library bounds each operation on a
socket, and a peer that sends one byte a second never exceeds it; here every operation gets what is left of the
deadline.
"""

import io
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, cast

from handler.transport.connector import NotConnectedError, open_socket
from handler.transport.deadline import Deadline, NoWait
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


OpenSocket = Callable[[str, Deadline, "ssl.SSLSession | None"], socket.socket]


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
    """One connection to the host of `url`, opened by the first call if not before. One thread at a time.

    `session` is that of an earlier TLS connection, which shortens the handshake if the server still knows it.
    `open_socket` connects.
    """

    def __init__(self, url: str, session: ssl.SSLSession | None = None, open_socket: OpenSocket = open_socket) -> None:
        self._url = url
        self._session = session
        self._open_socket = open_socket
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

    def open(self, deadline: Deadline) -> None:
        """Connect. Raise NotConnectedError, OSError or ValueError if that fails."""
        connected = self._open_socket(self._url, deadline, self._session)
        self._socket = connected
        self._stream = _Stream(connected)
        self._buffer = io.BufferedReader(self._stream)

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def is_open(self) -> bool:
        """Return whether the connection is open on this side."""
        return self._socket is not None

    @property
    def session(self) -> ssl.SSLSession | None:
        """Return the TLS session to continue on another connection; TLS 1.3 sends it with the first response."""
        return self._socket.session if isinstance(self._socket, ssl.SSLSocket) else None

    def _ready(self, deadline: Deadline) -> socket.socket:
        """Return the socket. Raise OSError if the other side has closed it or has sent unsolicited bytes.

        Bytes that arrive later, when the request is in progress, cannot be distinguished from its answer.
        """
        if self._socket is None:
            self.open(deadline)
        if not self._is_quiet():
            raise ConnectionError
        self._stream.deadline = deadline
        return cast("socket.socket", self._socket)

    def _is_quiet(self) -> bool:
        self._stream.deadline = NoWait()
        try:
            self._buffer.peek(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False


def _call_error(error: Exception, is_sent: bool) -> CallError:
    if isinstance(error, NotConnectedError):
        return CallError(error.code, sent=False)
    if not is_sent and isinstance(error, OSError):
        return CallError("NotConnected", sent=False)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), type(error).__name__)
    return CallError(code, sent=is_sent)
