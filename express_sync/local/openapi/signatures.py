"""The two signatures of RPC APIs, verified: RPC 1.0 and ACS3; Function Compute uses the second, too.

Reproduces: RPC signature version 1.0 (HMAC-SHA1 over method and parameters) and ACS3-HMAC-SHA256 (in the
Authorization header, over method, path, query, signed headers and body). On a mismatch the message shows the strings
that the server signed.
Unknown, and so chosen: a repeated parameter is signed as often as it is sent; ACS3 requires that `host` and every
`x-acs-*` header is signed, and uses the hash of the body, whatever `x-acs-content-sha256` says.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from urllib.parse import quote

from express_sync.local.openapi.errors import GATEWAY, GatewayError, missing
from express_sync.local.openapi.request import Call

_ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    _ALGORITHM
    + r" Credential=(?P<key>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]+)"
)
_RPC_PARAMETERS = ("AccessKeyId", "Timestamp", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Signature")
_ACS3_PARAMETERS = ("Timestamp", "SignatureNonce", "ContentSha256")
_ACS3_HEADERS = {
    "Timestamp": "x-acs-date",
    "SignatureNonce": "x-acs-signature-nonce",
    "SecurityToken": "x-acs-security-token",
    "ContentSha256": "x-acs-content-sha256",
}


class Signed(Protocol):
    """A call together with the scheme in which it was signed."""

    def common(self, parameter: str) -> str:
        """Return a common parameter by its RPC name, "" if it is absent; all that is read here is signed."""

    def check_complete(self) -> None:
        """Return if everything is there that the signature is checked with. ApiError."""

    def check_signature(self, secret: str) -> None:
        """Return if the signature is the one made with `secret`. ApiError."""


@dataclass(frozen=True)
class Rpc:
    """Signature version 1.0: everything is a parameter, the signature too."""

    call: Call

    def common(self, parameter: str) -> str:
        """Return the parameter of that name."""
        return self.call.parameters.get(parameter, "")

    def check_complete(self) -> None:
        """Reject an absent parameter, and one whose value belongs to another signature."""
        _check_present(self, _RPC_PARAMETERS)
        if self.common("SignatureMethod") != "HMAC-SHA1":
            raise GatewayError("InvalidSignatureMethod")
        if self.common("SignatureVersion") != "1.0":
            raise GatewayError("InvalidSignatureVersion")

    def check_signature(self, secret: str) -> None:
        """Compare with the HMAC-SHA1 over method and parameters."""
        to_sign = self._string_to_sign()
        digest = hmac.digest(f"{secret}&".encode(), to_sign.encode(), "sha1")
        if not _same(base64.b64encode(digest).decode(), self.common("Signature")):
            raise GatewayError("SignatureDoesNotMatch", GATEWAY["SignatureDoesNotMatch"][1] + to_sign)

    def _string_to_sign(self) -> str:
        signed = (pair for pair in self.call.query + self.call.form if pair[0] != "Signature")
        return f"{self.call.method}&%2F&{_encoded(_canonical(signed))}"


@dataclass(frozen=True)
class Acs3:
    """Signature version 3: the signature is in the Authorization header, common parameters are headers."""

    call: Call

    def common(self, parameter: str) -> str:
        """Return the header that stands for the parameter, or the parameter itself."""
        if parameter == "AccessKeyId":
            return self.authorization.get("key", "")
        header = self.call.headers.get(_ACS3_HEADERS[parameter], "")
        return header or self.call.parameters.get(parameter, "")

    def check_complete(self) -> None:
        """Reject an invalid Authorization header, an absent header, and an unsigned one that must be signed."""
        if not self.authorization:
            raise GatewayError("IncompleteSignature")
        _check_present(self, _ACS3_PARAMETERS)
        required = {"host"} | {name for name in self.call.headers if name.startswith("x-acs-")}
        if not required <= set(self._signed_headers) <= self.call.headers.keys():
            raise GatewayError("IncompleteSignature")

    def check_signature(self, secret: str) -> None:
        """Compare with the HMAC-SHA256 over the canonical request."""
        if not self.matches(secret):
            raise GatewayError(
                "SignatureDoesNotMatch",
                "Specified signature does not match our calculation. server StringToSign is "
                f"[{self._string_to_sign}] server CanonicalRequest is [{self._canonical_request}]",
            )

    def matches(self, secret: str) -> bool:
        """Tell whether the signature was made with `secret`; the Authorization header must be valid."""
        expected = hmac.digest(secret.encode(), self._string_to_sign.encode(), "sha256").hex()
        return _same(expected, self.authorization["signature"])

    @cached_property
    def authorization(self) -> dict[str, str]:
        """Return `key`, `headers` and `signature` of the Authorization header; {} if it is invalid."""
        match = _AUTHORIZATION.fullmatch(self.call.headers.get("authorization", ""))
        return match.groupdict() if match else {}

    @property
    def _signed_headers(self) -> list[str]:
        return self.authorization["headers"].split(";")

    @cached_property
    def _string_to_sign(self) -> str:
        return f"{_ALGORITHM}\n{hashlib.sha256(self._canonical_request.encode('latin-1')).hexdigest()}"

    @cached_property
    def _canonical_request(self) -> str:
        return "\n".join(
            (
                self.call.method,
                self.call.path,
                _canonical(self.call.query),
                *(f"{name}:{self.call.headers.get(name, '')}" for name in self._signed_headers),
                "",
                self.authorization["headers"],
                hashlib.sha256(self.call.body).hexdigest(),
            )
        )


def scheme_of(call: Call) -> Signed:
    """Return the scheme in which `call` is signed; an unsigned call is checked as the older one."""
    return Acs3(call) if "authorization" in call.headers else Rpc(call)


def _check_present(signed: Signed, parameters: tuple[str, ...]) -> None:
    for parameter in parameters:
        if not signed.common(parameter):
            raise missing(parameter)


def _canonical(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())
