"""Posts one signed delivery: one deadline in all, a checked address, verified TLS, no proxy, no redirect."""

import contextlib
import io
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from express_sync.portal.webhooks.addresses import AddressError, resolve
from express_sync.portal.webhooks.endpoint import Endpoint
from handler.transport import retry_after
from handler.transport.connection import request_bytes
from handler.transport.deadline import CallDeadline, Deadline
from handler.transport.response import MalformedResponseError, Response, TruncatedResponseError, read_response

ATTEMPT_SECONDS = 10.0
GONE = 410
_CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_PORTS = {"http": 80, "https": 443}
# The first type that fits decides. Texts of errors are not kept, because they may quote the URL.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "Timeout"),
    (ssl.SSLCertVerificationError, "CertificateNotTrusted"),
    (ssl.SSLError, "TlsFailed"),
    (MalformedResponseError, "MalformedResponse"),
    (TruncatedResponseError, "ConnectionLost"),
    (OSError, "ConnectionLost"),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a delivery was answered: the HTTP status, or a code without an answer; the endpoint may ask to wait."""

    status: int | None
    code: str = ""
    asked_seconds: float = 0.0

    @property
    def is_accepted(self) -> bool:
        """Return whether the endpoint has the delivery."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Return whether the endpoint wants no more deliveries."""
        return self.status == GONE


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts deliveries; `now` returns the time that is signed. Thread-safe."""

    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    seconds: float = ATTEMPT_SECONDS
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def post(self, endpoint: Endpoint, webhook_id: str, body: str) -> Attempt:
        """Post a body and return what came of it, within the time for one attempt."""
        at = self.now()
        request = _request(endpoint, webhook_id, body, at)
        try:
            response = self._call(endpoint, request)
        except AddressError as error:
            return Attempt(None, str(error))
        except (OSError, MalformedResponseError, TruncatedResponseError) as error:
            return Attempt(None, next(code for kind, code in _CODES if isinstance(error, kind)))
        asked = retry_after.seconds(response.headers, at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return Attempt(response.status, f"Http{response.status}", asked)

    def _call(self, endpoint: Endpoint, request: bytes) -> Response:
        deadline = CallDeadline(self.seconds)
        with self._connected(endpoint, deadline) as connected:
            unsent = memoryview(request)
            while unsent:
                connected.settimeout(deadline.left())
                unsent = unsent[connected.send(unsent) :]
            return read_response(io.BufferedReader(_Stream(connected, deadline)))

    def _connected(self, endpoint: Endpoint, deadline: Deadline) -> socket.socket:
        parts = urlsplit(endpoint.url)
        port = parts.port or _PORTS[parts.scheme]
        found = resolve(endpoint.host, port, deadline, is_private_allowed=endpoint.is_private_allowed)
        connected = _connect(found, port, deadline)
        if parts.scheme == "http":
            return connected
        with connected:  # its descriptor moves to the secured socket, or is closed if the handshake fails
            connected.settimeout(deadline.left())
            return self.tls.wrap_socket(connected, server_hostname=endpoint.host)


class _Stream(io.RawIOBase):
    """The bytes that arrive on a socket; each read ends by the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv_into(buffer)


def _connect(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address that accepts; each gets an equal share of the time. AddressError if none does."""
    for untried, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        with contextlib.suppress(OSError):
            return socket.create_connection((address, port), deadline.left() / untried)
    raise AddressError("NotConnected")


def _request(endpoint: Endpoint, webhook_id: str, body: str, at: datetime) -> bytes:
    parts = urlsplit(endpoint.url)
    signatures = " ".join(Webhook(secret).sign(webhook_id, at, body) for secret in endpoint.secrets)
    headers = {
        "host": parts.netloc,
        "content-type": _CONTENT_TYPE,
        "user-agent": "express-sync-portal",
        "connection": "close",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return request_bytes("POST", target, headers, body.encode())
