"""The two signatures of the API gateway, verified. Knows no order of checks, no clock and no memory of nonces.

Reproduces: RPC signature version 1.0 (HMAC-SHA1 over method and parameters) and ACS3-HMAC-SHA256 (in the
Authorization header, over method, path, query, signed headers and body), with the server's own strings shown
on a mismatch.
Unknown, and so chosen: a repeated parameter is signed as often as it is sent; ACS3 insists that `host` and
every `x-acs-*` header is signed, and takes the body's own hash, whatever `x-acs-content-sha256` claims.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol
from urllib.parse import quote

from express_sync.local.openapi.request import Call
from express_sync.local.sgw.errors import GATEWAY, Refusal, missing

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
    """A call together with the dialect in which it was signed."""

    def common(self, parameter: str) -> str:
        """Read a common parameter by its RPC name, "" where absent; all that is read here is signed."""

    def incompleteness(self) -> Refusal | None:
        """Say what the signature cannot be checked without, if something is not there."""

    def mismatch(self, secret: str) -> Refusal | None:
        """Say how the signature differs from the one made with `secret`, if it does."""


@dataclass(frozen=True)
class Rpc:
    """Signature version 1.0: everything, the signature too, is a parameter."""

    call: Call

    def common(self, parameter: str) -> str:
        """Read the parameter of that name."""
        return self.call.parameters.get(parameter, "")

    def incompleteness(self) -> Refusal | None:
        """Miss a parameter, or name one whose value belongs to another signature."""
        if absent := _absent(self, _RPC_PARAMETERS):
            return absent
        if self.common("SignatureMethod") != "HMAC-SHA1":
            return GATEWAY["InvalidSignatureMethod"]
        return None if self.common("SignatureVersion") == "1.0" else GATEWAY["InvalidSignatureVersion"]

    def mismatch(self, secret: str) -> Refusal | None:
        """Compare with the HMAC-SHA1 over method and parameters."""
        to_sign = self._string_to_sign()
        digest = hmac.digest(f"{secret}&".encode(), to_sign.encode(), "sha1")
        if _same(base64.b64encode(digest).decode(), self.common("Signature")):
            return None
        return _unmatched(GATEWAY["SignatureDoesNotMatch"].message + to_sign)

    def _string_to_sign(self) -> str:
        signed = (pair for pair in self.call.query + self.call.form if pair[0] != "Signature")
        return f"{self.call.method}&%2F&{_encoded(_canonical(signed))}"


@dataclass(frozen=True)
class Acs3:
    """Signature version 3: the signature is the Authorization header, common parameters are headers."""

    call: Call

    def common(self, parameter: str) -> str:
        """Read the header that stands for the parameter, or the parameter itself."""
        if parameter == "AccessKeyId":
            return self._authorization.get("key", "")
        header = self.call.headers.get(_ACS3_HEADERS[parameter], "")
        return header or self.call.parameters.get(parameter, "")

    def incompleteness(self) -> Refusal | None:
        """Find the Authorization header unreadable, a header missing, or one unsigned that must be signed."""
        if not self._authorization:
            return GATEWAY["IncompleteSignature"]
        is_covered = self._must_be_signed() <= set(self._signed_headers) <= self.call.headers.keys()
        return _absent(self, _ACS3_PARAMETERS) or (None if is_covered else GATEWAY["IncompleteSignature"])

    def mismatch(self, secret: str) -> Refusal | None:
        """Compare with the HMAC-SHA256 over the canonical request."""
        request = self._canonical_request()
        to_sign = f"{_ALGORITHM}\n{hashlib.sha256(request.encode('latin-1')).hexdigest()}"
        expected = hmac.digest(secret.encode(), to_sign.encode(), "sha256").hex()
        if _same(expected, self._authorization["signature"]):
            return None
        return _unmatched(
            "Specified signature does not match our calculation. "
            f"server StringToSign is [{to_sign}] server CanonicalRequest is [{request}]"
        )

    @cached_property
    def _authorization(self) -> dict[str, str]:
        match = _AUTHORIZATION.fullmatch(self.call.headers.get("authorization", ""))
        return match.groupdict() if match else {}

    @property
    def _signed_headers(self) -> list[str]:
        return self._authorization["headers"].split(";")

    def _must_be_signed(self) -> set[str]:
        return {"host"} | {name for name in self.call.headers if name.startswith("x-acs-")}

    def _canonical_request(self) -> str:
        return "\n".join(
            (
                self.call.method,
                self.call.path,
                _canonical(self.call.query),
                *(f"{name}:{self.call.headers[name]}" for name in self._signed_headers),
                "",
                self._authorization["headers"],
                hashlib.sha256(self.call.body).hexdigest(),
            )
        )


def dialect(call: Call) -> Signed:
    """Tell which of the two signatures `call` bears; one that bears none is held to the older one."""
    return Acs3(call) if "authorization" in call.headers else Rpc(call)


def _unmatched(message: str) -> Refusal:
    return replace(GATEWAY["SignatureDoesNotMatch"], message=message)


def _absent(signed: Signed, parameters: tuple[str, ...]) -> Refusal | None:
    return next((missing(parameter) for parameter in parameters if not signed.common(parameter)), None)


def _canonical(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())
