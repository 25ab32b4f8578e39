"""Verifies JWTs of an identity provider with PyJWT, and reads name and role from their claims (RFC 7519, RFC 8725)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from express_sync.portal.identity import refusals
from express_sync.portal.identity.algorithms import ALL, MAX_KEY_ID, algorithm_of
from express_sync.portal.identity.key_set import Jwk, KeySet, KeysUnavailableError
from express_sync.portal.principal import Identity, Refusal, Role

ANYBODY = "*"  # as a value of a role: every valid token has it
_MAX_NAME = 128  # of `requester` in the request schema
# The first type that fits an error decides.
_REFUSALS: tuple[tuple[type[Exception], Refusal], ...] = (
    (jwt.ExpiredSignatureError, refusals.EXPIRED),
    (jwt.ImmatureSignatureError, refusals.NOT_YET),
    (jwt.InvalidIssuerError, refusals.OTHER_ISSUER),
    (jwt.InvalidAudienceError, refusals.OTHER_AUDIENCE),
    (jwt.MissingRequiredClaimError, refusals.INCOMPLETE),
    (jwt.InvalidAlgorithmError, refusals.ALGORITHM),
    (Exception, refusals.INVALID),
)


@dataclass(frozen=True, slots=True)
class Provider:
    """What is accepted from an identity provider.

    `name_claim` and `role_claim` may be paths such as `realm_access.roles`. A token has the role operator if its role
    claim contains one of `operators`, else requester if it contains one of `requesters` or that has ANYBODY.
    """

    issuer: str
    audiences: tuple[str, ...]
    keys_url: str
    name_claim: str = "sub"
    role_claim: str = "roles"
    operators: tuple[str, ...] = ("operator",)
    requesters: tuple[str, ...] = ("requester",)
    leeway_seconds: int = 60


class JwtVerifier:
    """Verifies the tokens of one provider. Thread-safe."""

    def __init__(self, provider: Provider, keys: KeySet) -> None:
        self._provider = provider
        self._keys = keys

    def identify(self, text: str) -> Identity | Refusal:
        """Return who has this token, or why it is refused."""
        header = _header(text)
        if header is None:
            return refusals.INVALID
        if header.get("alg") not in ALL:
            return refusals.ALGORITHM
        try:
            key = self._keys.key(_key_id(header))
        except KeysUnavailableError:
            return refusals.NO_KEYS
        return self._verified(text, key, header["alg"]) if key else refusals.UNKNOWN_KEY

    def _verified(self, text: str, key: Jwk, algorithm: str) -> Identity | Refusal:
        try:
            claims = self._claims(text, key, algorithm)
        except Exception as error:  # any error of the library or of cryptography means that the token is not valid
            return next(refusal for kind, refusal in _REFUSALS if isinstance(error, kind))
        return self._identity(claims)

    def _claims(self, text: str, key: Jwk, algorithm: str) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = jwt.decode(
            text,
            jwt.PyJWK(dict(key), algorithm_of(key, algorithm)),
            algorithms=ALL,
            audience=self._provider.audiences,
            issuer=self._provider.issuer,
            leeway=self._provider.leeway_seconds,
            options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
        )
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity | Refusal:
        name = _claim(claims, self._provider.name_claim)
        if not _is_name(name):
            return refusals.INCOMPLETE
        role = self._role(_texts(_claim(claims, self._provider.role_claim)))
        return Identity(str(name), role) if role else refusals.NO_ROLE

    def _role(self, values: frozenset[str]) -> Role | None:
        if values.intersection(self._provider.operators):
            return "operator"
        return "requester" if {*values, ANYBODY}.intersection(self._provider.requesters) else None


def _header(text: str) -> Mapping[str, Any] | None:
    try:
        return jwt.get_unverified_header(text)
    except Exception:  # the library raises errors of its parsers, too
        return None


def _key_id(header: Mapping[str, Any]) -> str:
    """Return the id of the key; a key without an id is not accepted, and an id that is too long is not known."""
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) and len(key_id) <= MAX_KEY_ID else ""


def _claim(claims: Mapping[str, Any], path: str) -> object:
    """Return the claim at a path; a claim whose own name has dots, as a URL has, comes first."""
    if path in claims:
        return claims[path]
    value: object = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME and value.isprintable() and not value.isspace()


def _texts(value: object) -> frozenset[str]:
    """Return the values of a role claim: a list of texts, or one text with values between spaces, as a scope is."""
    if isinstance(value, str):
        return frozenset(value.split())
    return frozenset(each for each in value if isinstance(each, str)) if isinstance(value, list) else frozenset()
