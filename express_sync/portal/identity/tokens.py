"""Bearer tokens of the portal's own, of which only SHA-256 digests are kept.

A token has 256 random bits, so a digest cannot be reversed by guessing, and a slow hash would only cost time.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from express_sync.portal.identity import refusals
from express_sync.portal.principal import Identity, Refusal, Role

PREFIX = "esp_"  # by which tools that search for leaked secrets can recognise a token
ROLES: tuple[Role, ...] = ("requester", "operator")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_RANDOM_BYTES = 32
_ID_LENGTH = 12
_NEVER = 2**40  # seconds since 1970
_DIGEST = re.compile(r"[0-9a-f]{64}")


class InvalidTokenFileError(ValueError):
    """The content of a token file that cannot be used; the message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept; the times are seconds since 1970."""

    name: str
    role: Role
    digest: str
    created_at: int
    expires_at: int

    @property
    def id(self) -> str:
        """Return the name under which a person can refer to this one token."""
        return self.digest[:_ID_LENGTH]

    def document(self) -> dict[str, Any]:
        """Return the token as it is written."""
        return asdict(self)


def create(name: str, role: Role, now: float, lifetime_seconds: int) -> tuple[Token, str]:
    """Return a new token and its secret text, which is kept nowhere."""
    text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return Token(name, role, digest_of(text), int(now), int(now) + lifetime_seconds), text


def operator_token(text: str) -> Token:
    """Return the token of an operator that whoever starts the portal chooses; it does not expire."""
    return Token("operator", "operator", digest_of(text), 0, _NEVER)


def digest_of(text: str) -> str:
    """Return the digest by which a token is recognised."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def identify(tokens: Iterable[Token], text: str, now: float) -> Identity | Refusal:
    """Return whose token `text` is. The time it takes does not depend on how much of a digest is right."""
    given, found = digest_of(text), None
    for token in tokens:
        if hmac.compare_digest(token.digest, given):
            found = token
    if found is None:
        return refusals.UNKNOWN
    return Identity(found.name, found.role) if now < found.expires_at else refusals.EXPIRED


def parse(document: object) -> tuple[Token, ...]:
    """Return the tokens in the content of a token file. InvalidTokenFileError."""
    entries = document.get("tokens") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise InvalidTokenFileError("a token file is a JSON object with a list `tokens`")
    return tuple(_token(entry, number) for number, entry in enumerate(entries, 1))


def _token(entry: object, number: int) -> Token:
    if not isinstance(entry, Mapping) or set(entry) != set(Token.__slots__):
        raise InvalidTokenFileError(f"token {number} must have the keys {', '.join(Token.__slots__)}")
    times = (entry["created_at"], entry["expires_at"])
    is_named = isinstance(entry["name"], str) and NAME.fullmatch(entry["name"]) and entry["role"] in ROLES
    is_digest = isinstance(entry["digest"], str) and _DIGEST.fullmatch(entry["digest"])
    if not (is_named and is_digest and all(type(time) is int for time in times)):
        raise InvalidTokenFileError(f"token {number} has a value that is not valid")
    return Token(**{str(key): value for key, value in entry.items()})
