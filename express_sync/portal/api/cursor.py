"""Cursors of pages: where the next page begins, signed, so that a caller can only send back what it was given."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

MAX_LENGTH = 2048
_SIGNATURE_BYTES = 16


def encode(key: bytes, query: str, place: Any) -> str:
    """Return the cursor for a place in the results of a query."""
    payload = json.dumps([query, place], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_signature(key, payload) + payload).decode().rstrip("=")


def decode(key: bytes, query: str, cursor: str) -> Any | None:
    """Return the place in a cursor of this query; None if it was not made here, or for another query."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    signature, payload = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
    if len(cursor) > MAX_LENGTH or not hmac.compare_digest(signature, _signature(key, payload)):
        return None
    own_query, place = json.loads(payload)
    return place if own_query == query else None


def _signature(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, hashlib.sha256)[:_SIGNATURE_BYTES]
