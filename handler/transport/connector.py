"""Opens a socket to an endpoint by a deadline: resolves its name, tries its addresses, makes the TLS handshake.

Uses neither proxies nor anything else from the environment, except that OpenSSL finds its certificates there.
"""

import queue
import socket
import ssl
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from handler.transport.deadline import Deadline

_PORTS = {"http": 80, "https": 443}
_MAKING = threading.Lock()  # `cache` alone would let each of several threads make a context


class NotConnectedError(Exception):
    """No connection could be made, so nothing was sent; `code` is the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host, its port, and whether to use TLS."""

    host: str
    port: int
    is_secure: bool

    @staticmethod
    def of(url: str) -> "Endpoint":
        """Return the endpoint that an http or https URL names."""
        parts = urlsplit(url)
        return Endpoint(parts.hostname or "", parts.port or _PORTS[parts.scheme], parts.scheme == "https")


def open_socket(url: str, deadline: Deadline, session: ssl.SSLSession | None = None) -> socket.socket:
    """Return a socket that is connected to the host of `url`, over TLS for https. NotConnectedError if that fails.

    `session` is that of an earlier connection to the same host.
    """
    endpoint = Endpoint.of(url)
    return connect(endpoint, resolve(endpoint, deadline), deadline, session)


def connect(
    endpoint: Endpoint, addresses: list[Any], deadline: Deadline, session: ssl.SSLSession | None = None
) -> socket.socket:
    """Return a socket that is connected to one of the endpoint's addresses. NotConnectedError if that fails."""
    connected = _connected(addresses, deadline)
    return _secured(connected, endpoint.host, deadline, session) if endpoint.is_secure else connected


def resolve(endpoint: Endpoint, deadline: Deadline) -> list[Any]:
    """Return the addresses of the endpoint's host, as `getaddrinfo` does. NotConnectedError if it has none.

    The resolver cannot be interrupted, so its thread is abandoned at the deadline.
    """
    resolved: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            resolved.put(socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            resolved.put([])

    threading.Thread(target=look_up, daemon=True).start()
    try:
        addresses = resolved.get(timeout=deadline.left())
    except queue.Empty:
        addresses = []
    if not addresses:
        raise NotConnectedError("NameNotResolved")
    return addresses


def _connected(addresses: list[Any], deadline: Deadline) -> socket.socket:
    """Connect to the first address that accepts; each gets an equal share of the time, so that none uses it up."""
    for untried, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        connecting = socket.socket(family, kind, protocol)
        try:
            connecting.settimeout(deadline.left() / untried)
            connecting.connect(address)
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connecting.close()
        else:
            return connecting
    raise NotConnectedError("NotConnected")


def _secured(connected: socket.socket, host: str, deadline: Deadline, session: ssl.SSLSession | None) -> socket.socket:
    """Make the TLS handshake; OpenSSL's own timeout covers all of it. The socket is closed if it fails."""
    with connected:
        try:
            connected.settimeout(deadline.left())
            return _context().wrap_socket(connected, server_hostname=host, session=session)
        except ssl.SSLCertVerificationError:
            raise NotConnectedError("CertificateNotTrusted") from None
        except ssl.SSLError:
            raise NotConnectedError("TlsFailed") from None


def _context() -> ssl.SSLContext:
    """Return the one context of all connections, also if several threads ask for the first time at once."""
    with _MAKING:
        return _tls()


@cache
def _tls() -> ssl.SSLContext:
    """Return the context of every connection: certificates and host names are always verified."""
    return ssl.create_default_context()
