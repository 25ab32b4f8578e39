"""The built-in authentication: one bearer token, of one operator, which is kept as a digest."""

import hashlib
import hmac
from collections.abc import Mapping

from express_sync.portal.principal import Authenticate, Identity, Refusal

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_MISSING = Refusal(401, "Send a bearer token in the header Authorization.", _CHALLENGE)
_UNKNOWN = Refusal(401, "The bearer token is not valid.", {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def single_operator(token: str, name: str = "operator") -> Authenticate:
    """Return an authentication that knows one token, that of the operator `name`."""
    expected = _digest(token)

    def authenticate(headers: Mapping[str, str]) -> Identity | Refusal:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            return _MISSING
        return Identity(name, "operator") if hmac.compare_digest(_digest(given.strip()), expected) else _UNKNOWN

    return authenticate


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
