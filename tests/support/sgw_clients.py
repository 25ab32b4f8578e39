"""Clients of Cloud Storage Gateway, as the function makes them."""

from collections.abc import Callable
from itertools import count

from handler.credentials import Credentials
from handler.sgw.client import Sgw, Stamps
from handler.transport.pool import Connections
from tests.support.role_credentials import ROLE

_NONCES = count()  # unique, because the gateway remembers them


def sgw_at(
    url: str,
    keys: Credentials = ROLE,
    connections: Connections | None = None,
    date: Callable[[], str] = lambda: "2026-11-23T08:00:00Z",
) -> Sgw:
    """Return a client with connections of its own, unless some are given."""
    return Sgw(url, keys, connections or Connections(url), Stamps(date, lambda: f"nonce-{next(_NONCES)}"))
