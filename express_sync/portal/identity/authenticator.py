"""Authenticates a request by its headers: a token of the portal's own, or a JWT of the identity provider."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from express_sync.portal.identity import refusals, tokens
from express_sync.portal.identity.jwt_verifier import JwtVerifier
from express_sync.portal.identity.tokens import PREFIX, Token
from express_sync.portal.principal import Identity, Refusal
from express_sync.request_guard import is_loopback

MAX_TOKEN = 16_384  # characters; servers limit all headers together to little more
_QUERY_NAMES = frozenset({"access_token", "authorization", "bearer", "id_token", "jwt", "token"})
_JWT_START = "eyJ"  # base64 of `{"`


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Authenticates with what is configured; `now` returns seconds since 1970. Is an `Authenticate`."""

    tokens: Callable[[], Sequence[Token]]
    verifier: JwtVerifier | None
    now: Callable[[], float]

    def __call__(self, headers: Mapping[str, str]) -> Identity | Refusal:
        return self.authenticate(headers, self.now())

    def authenticate(self, headers: Mapping[str, str], now: float) -> Identity | Refusal:
        """Return who sent a request with these headers, whose names are in lower case."""
        text = _bearer(headers.get("authorization", ""))
        if not text:
            return refusals.MISSING
        if len(text) > MAX_TOKEN:
            return refusals.TOO_LARGE
        if self.verifier and not text.startswith(PREFIX) and text.count(".") == 2:
            return self.verifier.identify(text)
        return tokens.identify(self.tokens(), text, now)


def single_operator(text: str) -> Authenticator:
    """Return what knows one token only, that of an operator."""
    known = (tokens.operator_token(text),)
    return Authenticator(lambda: known, None, time.time)


def token_in_url(query: bytes) -> Refusal | None:
    """Return a refusal if there is a token in the query of a URL, else None. Nothing of it may be logged."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    has_token = any(name.lower() in _QUERY_NAMES or value.startswith((PREFIX, _JWT_START)) for name, value in pairs)
    return refusals.IN_URL if has_token else None


def why_not_listen(host: str, *, has_tokens: bool, has_provider: bool) -> str | None:
    """Return why a portal may not listen at this address, or None: beyond loopback it must authenticate its callers."""
    if is_loopback(host) or has_tokens or has_provider:
        return None
    return (
        f"Without identities the portal listens on this machine only, and {host} is beyond it; create a token"
        " (`express-sync portal token create NAME --role operator`) or configure an identity provider."
    )


def _bearer(header: str) -> str:
    """Return the token in a header Authorization, empty if it has none or another scheme."""
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
