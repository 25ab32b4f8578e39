"""An identity provider for tests: keys, signed tokens, and its key set served over HTTP."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

WEAK_BITS = 1024  # too few, which a test needs
ISSUER, AUDIENCE = "https://idp.example/realms/main", "express-sync-portal"


def private_key(key_id: str, kind: str = "RSA") -> Any:
    """Return the private key with this id, the same one each time."""
    return _made(key_id, kind)


@cache  # which tells a default from the same value that is named
def _made(_key_id: str, kind: str) -> Any:
    made = {
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
        "weak RSA": lambda: rsa.generate_private_key(65537, WEAK_BITS),
        "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
        "OKP": ed25519.Ed25519PrivateKey.generate,
    }
    return made[kind]()


_ALGORITHMS: Mapping[str, Any] = {
    "RSA": jwt.algorithms.RSAAlgorithm,
    "weak RSA": jwt.algorithms.RSAAlgorithm,
    "EC": jwt.algorithms.ECAlgorithm,
    "OKP": jwt.algorithms.OKPAlgorithm,
}


def public_jwk(key_id: str, kind: str = "RSA", **more: object) -> dict[str, Any]:
    """Return the public key with this id as a JWK."""
    key: dict[str, Any] = _ALGORITHMS[kind].to_jwk(private_key(key_id, kind).public_key(), as_dict=True)
    key.pop("key_ops", None)
    return {**key, "kid": key_id, "use": "sig", **more}


def claims(**changes: object) -> dict[str, Any]:
    """Return the claims of a valid token of a requester; None removes a claim."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "lin.wei", "roles": ["requester"], "iat": now, "exp": now + 600}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def token(key_id: str = "one", kind: str = "RSA", algorithm: str = "RS256", **changes: object) -> str:
    """Return a signed token."""
    return jwt.encode(claims(**changes), private_key(key_id, kind), algorithm, headers={"kid": key_id})


@dataclass
class KeyServer:
    """Serves the key set; `status` and `content` can be changed, and the requests are counted."""

    keys: list[Any] = field(default_factory=lambda: [public_jwk("one")])
    status: int = 200
    content: bytes | None = None
    requests: int = 0

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """Respond to any request."""
        self.requests += 1
        await self._response(Request(scope))(scope, receive, send)

    def _response(self, request: Request) -> Response:
        if request.url.path == "/moved":
            return Response(status_code=302, headers={"Location": "/keys"})
        if self.content is not None:
            return Response(self.content, self.status)
        return JSONResponse({"keys": self.keys}, self.status)
