"""Fetches the public keys of an identity provider: one deadline in all, no redirect, no proxy, verified TLS."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from express_sync.portal.identity.algorithms import is_usable
from express_sync.portal.identity.key_set import Jwk, KeysUnavailableError
from handler.transport.connection import CallError, Connection, request_bytes
from handler.transport.deadline import CallDeadline

FETCH_SECONDS = 5.0
MAX_KEYS = 100


def fetch_keys(url: str, seconds: float = FETCH_SECONDS) -> Callable[[], Sequence[Jwk]]:
    """Return a function that fetches the usable keys at `url` within a time, or raises KeysUnavailableError."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"host": parts.netloc, "accept": "application/json", "connection": "close"}
    request = request_bytes("GET", target, headers, b"")

    def fetch() -> Sequence[Jwk]:
        connection = Connection(url)
        try:
            response = connection.call(request, CallDeadline(seconds))
        except CallError as error:
            raise KeysUnavailableError(error.code) from None
        finally:
            connection.close()
        if response.status != 200:
            raise KeysUnavailableError(f"http-{response.status}")
        return _keys(response.body)

    return fetch


def _keys(body: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise KeysUnavailableError("not-json") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeysUnavailableError("not-a-key-set")
    usable = [key for key in listed[:MAX_KEYS] if is_usable(key)]
    if not usable:
        raise KeysUnavailableError("no-usable-key")
    return usable
