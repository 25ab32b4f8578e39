"""Webhook endpoints, which come from the configuration only, never from a request."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handler.sgw.endpoints import SAFE_URL

STATUSES = ("succeeded", "rejected", "deferred", "failed", "indeterminate")
MAX_ENDPOINTS = 32
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64  # of Standard Webhooks
_PREFIX = "whsec_"
_TEXT = {"type": "string", "minLength": 1}
SCHEMA: Mapping[str, Any] = {
    "type": "array",
    "maxItems": MAX_ENDPOINTS,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "url", "secretFile"],
        "properties": {
            "name": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"},
            "url": {"type": "string", "pattern": rf"^({SAFE_URL.pattern.replace('/?', '')})(/[!-\"$-~]*)?$(?!\n)"},
            "secretFile": _TEXT,
            "statuses": {"type": "array", "minItems": 1, "items": {"enum": list(STATUSES)}},
            "allowPrivate": {"type": "boolean"},
        },
    },
}


class InvalidSecretError(ValueError):
    """A file with secrets that cannot be used; the message quotes nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """An endpoint; each delivery is signed with all its secrets, so that one can replace another."""

    name: str
    url: str
    secrets: tuple[str, ...]
    statuses: frozenset[str] = frozenset(STATUSES)
    is_private_allowed: bool = False

    @property
    def digest(self) -> str:
        """Return a digest of the URL: whatever is remembered about the endpoint ends when it moves."""
        return hashlib.sha256(self.url.encode()).hexdigest()

    @staticmethod
    def of(document: Mapping[str, Any], directory: Path) -> "Endpoint":
        """Return the endpoint in a document that fits SCHEMA; paths are relative to `directory`.

        OSError or InvalidSecretError if its secrets cannot be read.
        """
        return Endpoint(
            document["name"],
            document["url"],
            read_secrets(directory / Path(document["secretFile"]).expanduser()),
            frozenset(document.get("statuses", STATUSES)),
            document.get("allowPrivate", False),
        )


def read_secrets(path: Path) -> tuple[str, ...]:
    """Return the secrets in a file, one in each line. OSError, InvalidSecretError."""
    try:
        secrets = tuple(line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip())
    except UnicodeDecodeError:
        secrets = ()
    if not secrets or not all(_is_secret(secret) for secret in secrets):
        raise InvalidSecretError(
            f"each line must be {_PREFIX} and base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} random bytes"
        )
    return secrets


def _is_secret(text: str) -> bool:
    try:
        content = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return False
    return text.startswith(_PREFIX) and MIN_SECRET_BYTES <= len(content) <= MAX_SECRET_BYTES
