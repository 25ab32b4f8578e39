"""Posts one signed delivery: one deadline in all, a checked address, verified TLS, no proxy, no redirect."""

import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from express_sync.portal.webhooks.addresses import only_public
from express_sync.portal.webhooks.endpoint import Endpoint
from handler.transport import retry_after
from handler.transport.connection import CallError, Connection, request_bytes
from handler.transport.connector import Endpoint as Host
from handler.transport.connector import connect, open_socket, resolve
from handler.transport.deadline import CallDeadline, Deadline

ATTEMPT_SECONDS = 10.0
GONE = 410
_CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_CODES = {"ReadTimeout": "Timeout", "MalformedAnswer": "MalformedResponse"}  # the others stay as they are


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
    """Posts deliveries, each within some seconds. Thread-safe."""

    seconds: float = ATTEMPT_SECONDS

    def post(self, endpoint: Endpoint, webhook_id: str, body: str) -> Attempt:
        """Post a body and return what came of it, within the time for one attempt."""
        at = datetime.now(timezone.utc)
        request = _request(endpoint, webhook_id, body, at)
        opened = open_socket if endpoint.is_private_allowed else _open_public
        try:
            with closing(Connection(endpoint.url, open_socket=opened)) as connection:
                response = connection.call(request, CallDeadline(self.seconds))
        except CallError as error:
            return Attempt(None, _CODES.get(error.code, error.code))
        asked = retry_after.seconds(response.headers, at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return Attempt(response.status, f"Http{response.status}", asked)


def _open_public(url: str, deadline: Deadline, session: ssl.SSLSession | None) -> socket.socket:
    """Connect to the host of `url` if all its addresses are public. NotConnectedError."""
    host = Host.of(url)
    addresses = resolve(host, deadline)
    only_public([address[0] for *_, address in addresses])
    return connect(host, addresses, deadline, session)


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
