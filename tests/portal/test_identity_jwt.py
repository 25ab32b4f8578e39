"""JWTs of an identity provider: what is accepted, and every known way to forge or misuse one."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from express_sync.portal.identity import refusals
from express_sync.portal.identity.jwt_verifier import JwtVerifier, Provider
from express_sync.portal.identity.key_fetch import fetch_keys
from express_sync.portal.identity.key_set import FRESH_SECONDS, PAUSE_SECONDS, STALE_SECONDS, KeySet
from express_sync.portal.principal import Identity, Refusal
from tests.portal.identity_provider import (
    AUDIENCE,
    ISSUER,
    KeyServer,
    claims,
    private_key,
    public_jwk,
    token,
)
from tests.support.clock import FakeClock
from tests.support.running import serving

LIN = Identity("lin.wei", "requester")


@pytest.fixture
def served() -> KeyServer:
    return KeyServer()


@pytest.fixture
def url(served: KeyServer) -> Iterator[str]:
    with serving(served.app) as (address,):
        yield f"{address}/keys"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def verifier(url: str, clock: FakeClock) -> JwtVerifier:
    return verifier_for(url, clock)


def verifier_for(url: str, clock: FakeClock, **settings: Any) -> JwtVerifier:
    provider = Provider(ISSUER, (AUDIENCE,), url, **settings)
    return JwtVerifier(provider, KeySet(fetch_keys(url, 2.0), clock))


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(header: dict[str, object], signature: str = "") -> str:
    return f"{encoded(header)}.{encoded(claims())}.{signature}"


def public_pem() -> bytes:
    public: bytes = private_key("one").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public


def hs256_with_public_key() -> str:
    signer = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signed = f"{encoded({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{encoded(claims())}"
    signature = base64.urlsafe_b64encode(signer.sign(signed.encode(), public_pem())).rstrip(b"=").decode()
    return f"{signed}.{signature}"


def tampered() -> str:
    header, _, signature = token().split(".")
    return f"{header}.{encoded(claims(sub='somebody.else'))}.{signature}"


FORGED: dict[str, tuple[Callable[[], str], Refusal]] = {
    "no signature": (lambda: unsigned({"alg": "none", "kid": "one"}), refusals.ALGORITHM),
    "no signature, spelt otherwise": (lambda: unsigned({"alg": "nOnE", "kid": "one"}), refusals.ALGORITHM),
    "no algorithm": (lambda: unsigned({"kid": "one"}), refusals.ALGORITHM),
    "algorithm that is a list": (lambda: unsigned({"alg": ["RS256"], "kid": "one"}), refusals.ALGORITHM),
    "public key as a secret": (hs256_with_public_key, refusals.ALGORITHM),
    "empty signature": (lambda: unsigned({"alg": "RS256", "kid": "one"}), refusals.INVALID),
    "other claims": (tampered, refusals.INVALID),
    "key of somebody else": (
        lambda: jwt.encode(claims(), private_key("two"), "RS256", headers={"kid": "one"}),
        refusals.INVALID,
    ),
    "key in the token": (
        lambda: jwt.encode(claims(), private_key("two"), "RS256", headers={"kid": "one", "jwk": public_jwk("two")}),
        refusals.INVALID,
    ),
    "unknown key": (lambda: token("two"), refusals.UNKNOWN_KEY),
    "key id that is a path": (
        lambda: jwt.encode(claims(), private_key("one"), "RS256", headers={"kid": "../one"}),
        refusals.UNKNOWN_KEY,
    ),
    "no key id": (lambda: jwt.encode(claims(), private_key("one"), "RS256"), refusals.UNKNOWN_KEY),
    "key id that is a number": (lambda: unsigned({"alg": "RS256", "kid": 1}), refusals.INVALID),
    "unknown critical header": (
        lambda: jwt.encode(claims(), private_key("one"), "RS256", headers={"kid": "one", "crit": ["x"], "x": 1}),
        refusals.INVALID,
    ),
    "expired": (lambda: token(exp=int(time.time()) - 120), refusals.EXPIRED),
    "not valid yet": (lambda: token(nbf=int(time.time()) + 120), refusals.NOT_YET),
    "issued in the future": (lambda: token(iat=int(time.time()) + 3600), refusals.NOT_YET),
    "without an end": (lambda: token(exp=None), refusals.INCOMPLETE),
    "end that is a text": (lambda: token(exp="later"), refusals.INVALID),
    "foreign issuer": (lambda: token(iss="https://idp.example/realms/other"), refusals.OTHER_ISSUER),
    "no issuer": (lambda: token(iss=None), refusals.INCOMPLETE),
    "foreign audience": (lambda: token(aud=["account"]), refusals.OTHER_AUDIENCE),
    "no audience": (lambda: token(aud=None), refusals.INCOMPLETE),
    "no name": (lambda: token(sub=None), refusals.INCOMPLETE),
    "name with a line break": (lambda: token(sub="lin\nwei"), refusals.INCOMPLETE),
    "blank name": (lambda: token(sub=" "), refusals.INCOMPLETE),
    "long name": (lambda: token(sub="x" * 129), refusals.INCOMPLETE),
    "no role": (lambda: token(roles=None), refusals.NO_ROLE),
    "unknown role": (lambda: token(roles=["admin"]), refusals.NO_ROLE),
    "role that is an object": (lambda: token(roles={"operator": True}), refusals.NO_ROLE),
    "deeply nested header": (lambda: "eyJ" + encoded([1])[:-1] + "." + "W1tb" * 3000 + ".x", refusals.INVALID),
    "no JSON": (lambda: "a.b.c", refusals.INVALID),
    "empty parts": (lambda: "..", refusals.INVALID),
    "surrogates": (lambda: "\ud800.\ud800.\ud800", refusals.INVALID),
}


def test_token_of_the_provider_is_accepted(verifier: JwtVerifier) -> None:
    assert verifier.identify(token()) == LIN


@pytest.mark.parametrize("case", FORGED)
def test_forged_token_is_refused(verifier: JwtVerifier, case: str) -> None:
    make, refusal = FORGED[case]
    assert verifier.identify(make()) == refusal


@pytest.mark.parametrize(("kind", "algorithm"), [("RSA", "RS512"), ("RSA", "PS256"), ("EC", "ES256"), ("OKP", "EdDSA")])
def test_asymmetric_algorithm_is_accepted(served: KeyServer, verifier: JwtVerifier, kind: str, algorithm: str) -> None:
    served.keys = [public_jwk(kind, kind)]
    assert verifier.identify(token(kind, kind, algorithm)) == LIN


def test_key_is_used_with_its_own_algorithm_only(served: KeyServer, verifier: JwtVerifier) -> None:
    served.keys = [public_jwk("one", alg="RS512")]
    assert verifier.identify(token()) == refusals.ALGORITHM


def test_weak_key_is_refused(served: KeyServer, verifier: JwtVerifier) -> None:
    served.keys = [public_jwk("weak", "weak RSA")]
    private = private_key("weak", "weak RSA")
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        signed = jwt.encode(claims(), private, "RS256", headers={"kid": "weak"})
    assert verifier.identify(signed) == refusals.INVALID


def test_clock_difference_within_leeway_is_accepted(verifier: JwtVerifier) -> None:
    assert verifier.identify(token(exp=int(time.time()) - 30)) == LIN


@pytest.mark.parametrize(
    ("settings", "changes", "identity"),
    [
        ({}, {"roles": ["requester", "operator"]}, Identity("lin.wei", "operator")),
        ({"name_claim": "email"}, {"email": "lin.wei@a.example"}, Identity("lin.wei@a.example", "requester")),
        ({"role_claim": "realm_access.roles"}, {"realm_access": {"roles": ["requester"]}}, LIN),
        ({"role_claim": "https://a.example/roles"}, {"https://a.example/roles": ["requester"]}, LIN),
        ({"role_claim": "scope"}, {"scope": "openid requester"}, LIN),
        ({"operators": ("sre",)}, {"roles": ["sre"]}, Identity("lin.wei", "operator")),
        ({"requesters": ("*",)}, {"roles": None}, LIN),
        ({"requesters": ("*",)}, {"roles": "*"}, LIN),
    ],
)
def test_name_and_role_come_from_configured_claims(
    url: str, clock: FakeClock, settings: dict[str, Any], changes: dict[str, Any], identity: Identity
) -> None:
    assert verifier_for(url, clock, **settings).identify(token(**changes)) == identity


def test_star_as_a_role_value_is_not_a_wildcard(verifier: JwtVerifier) -> None:
    assert verifier.identify(token(roles=["*"])) == refusals.NO_ROLE


def test_keys_are_fetched_once_for_many_tokens(served: KeyServer, verifier: JwtVerifier) -> None:
    assert [verifier.identify(token()) for _ in range(5)] == [LIN] * 5
    assert served.requests == 1


def test_rotated_key_is_fetched_when_it_is_first_used(
    served: KeyServer, verifier: JwtVerifier, clock: FakeClock
) -> None:
    verifier.identify(token())
    served.keys = [public_jwk("one"), public_jwk("two")]
    clock.advance(PAUSE_SECONDS)
    assert verifier.identify(token("two")) == LIN


def test_removed_key_is_refused_once_keys_are_old(served: KeyServer, verifier: JwtVerifier, clock: FakeClock) -> None:
    verifier.identify(token())
    served.keys = [public_jwk("two")]
    clock.advance(FRESH_SECONDS + 1)
    assert verifier.identify(token()) == refusals.UNKNOWN_KEY


def test_unknown_keys_do_not_flood_the_provider(served: KeyServer, verifier: JwtVerifier) -> None:
    for _ in range(20):
        assert verifier.identify(token("two")) == refusals.UNKNOWN_KEY
    assert served.requests == 1


def test_outage_of_the_provider_is_bridged_for_a_while(
    served: KeyServer, verifier: JwtVerifier, clock: FakeClock
) -> None:
    verifier.identify(token())
    served.status = 500
    clock.advance(FRESH_SECONDS + 1)
    assert verifier.identify(token()) == LIN
    clock.advance(STALE_SECONDS)
    assert verifier.identify(token()) == refusals.NO_KEYS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        b"[" * 100_000,
        b'{"keys": [1, {"kty": "oct", "kid": "one"}]}',
    ],
)
def test_unusable_key_set_is_not_used(served: KeyServer, verifier: JwtVerifier, content: bytes) -> None:
    served.content = content
    assert verifier.identify(token()) == refusals.NO_KEYS


def test_symmetric_key_in_the_key_set_is_ignored(served: KeyServer, verifier: JwtVerifier) -> None:
    served.keys.append({"kty": "oct", "kid": "secret", "k": "c2VjcmV0"})
    signed = jwt.encode(claims(), "secret" * 8, "HS256", headers={"kid": "secret"})
    assert verifier.identify(signed) == refusals.ALGORITHM


def test_provider_that_is_down_is_asked_again_later(served: KeyServer, verifier: JwtVerifier, clock: FakeClock) -> None:
    served.status = 503
    assert [verifier.identify(token()) for _ in range(3)] == [refusals.NO_KEYS] * 3
    assert served.requests == 1
    served.status = 200
    clock.advance(PAUSE_SECONDS)
    assert verifier.identify(token()) == LIN


def test_redirect_of_the_key_set_is_not_followed(url: str, clock: FakeClock) -> None:
    moved = verifier_for(url.replace("/keys", "/moved"), clock)
    assert moved.identify(token()) == refusals.NO_KEYS


def test_hanging_provider_ends_at_the_deadline(clock: FakeClock) -> None:
    async def hang(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with serving(hang) as (address,):
        provider = Provider(ISSUER, (AUDIENCE,), address)
        verifier = JwtVerifier(provider, KeySet(fetch_keys(address, 0.2), clock))
        assert verifier.identify(token()) == refusals.NO_KEYS
