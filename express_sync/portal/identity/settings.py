"""The part `identity` of the portal's configuration, and the authenticator that follows from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.portal.identity.authenticator import Authenticator
from express_sync.portal.identity.jwt_verifier import JwtVerifier, Provider
from express_sync.portal.identity.key_fetch import fetch_keys
from express_sync.portal.identity.key_set import KeySet
from express_sync.portal.identity.token_file import DEFAULT_TOKEN_FILE, TokenFile
from handler.sgw.endpoints import SAFE_URL

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "minItems": 1, "items": _TEXT}
# Keys are fetched over TLS, except from this machine, because whoever can change them can forge every identity.
_URL = {"type": "string", "pattern": rf"^({SAFE_URL.pattern.replace('/?', '')})(/[!-~]*)?$(?!\n)"}
_PROVIDER = {
    "issuer": _TEXT,
    "audiences": _TEXTS,
    "jwksUrl": _URL,
    "nameClaim": _TEXT,
    "roleClaim": _TEXT,
    "operators": _TEXTS,
    "requesters": _TEXTS,
    "leewaySeconds": {"type": "integer", "minimum": 0},
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "tokenFile": _TEXT,
        "provider": {
            "type": "object",
            "additionalProperties": False,
            "required": ["issuer", "audiences", "jwksUrl"],
            "properties": _PROVIDER,
        },
    },
}


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Where the tokens are, and which identity provider is trusted, if any."""

    token_file: Path
    provider: Provider | None = None

    @staticmethod
    def of(document: Mapping[str, Any], directory: Path, home: Path) -> "IdentitySettings":
        """Return the settings in a document that fits SCHEMA; paths in it are relative to `directory`."""
        named = document.get("tokenFile")
        token_file = directory / Path(named).expanduser() if named else home / DEFAULT_TOKEN_FILE
        return IdentitySettings(token_file, _provider(document["provider"]) if "provider" in document else None)

    def authenticator(self, now: Callable[[], float]) -> Authenticator:
        """Return what authenticates requests; `now` returns seconds since 1970."""
        verifier = None
        if self.provider:
            verifier = JwtVerifier(self.provider, KeySet(fetch_keys(self.provider.keys_url), now))
        return Authenticator(TokenFile(self.token_file).tokens, verifier, now)


def _provider(document: Mapping[str, Any]) -> Provider:
    optional = {
        "name_claim": document.get("nameClaim"),
        "role_claim": document.get("roleClaim"),
        "operators": _tuple(document.get("operators")),
        "requesters": _tuple(document.get("requesters")),
        "leeway_seconds": document.get("leewaySeconds"),
    }
    given: dict[str, Any] = {name: value for name, value in optional.items() if value is not None}
    return Provider(document["issuer"], tuple(document["audiences"]), document["jwksUrl"], **given)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
