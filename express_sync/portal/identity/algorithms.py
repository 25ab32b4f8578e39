"""The signature algorithms of JWTs that are accepted: asymmetric ones only, each with one type of key (RFC 7518).

A JWT says itself how it is signed; `none`, and HS256 with the public key as the secret, are known ways to forge one.
"""

from collections.abc import Mapping
from typing import Any

ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
ALL = tuple(name for names in ALGORITHMS.values() for name in names)
MAX_KEY_ID = 256


def is_usable(key: object) -> bool:
    """Tell whether a member of a key set is a public key for signatures, with an id."""
    if not isinstance(key, Mapping) or key.get("kty") not in ALGORITHMS:
        return False
    key_id = key.get("kid")
    is_named = isinstance(key_id, str) and 0 < len(key_id) <= MAX_KEY_ID
    return is_named and key.get("use") in {None, "sig"} and key.get("alg") in {None, *ALGORITHMS[key["kty"]]}


def algorithm_of(key: Mapping[str, Any], named: str) -> str | None:
    """Return the algorithm of a key: its own, or for an RSA key without one that which the JWT names, if it fits.

    None leaves it to the library, which derives it from the curve of the key.
    """
    own: str | None = key.get("alg")
    if own is not None or key["kty"] != "RSA":
        return own
    return named if named in ALGORITHMS["RSA"] else None
