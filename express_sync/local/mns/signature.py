"""Authenticates requests: version, signature, date and digest, in this order.

Reproduces: signature V2 (`MNS id:base64(HMAC-SHA1)`) over the header values as they arrived, with x-mns-* headers
sorted and the request target verbatim; 15 minutes of allowed skew; Content-MD5 both as in RFC 1864 and as the
service's SDKs send it (base64 of the hex digest); a temporary key only together with its security token, in
`security-token` or `x-acs-security-token`.
Unknown: the service's order of checks, its response to a wrong token (here AccessDenied), and which date counts if
Date and x-mns-date differ (here Date).
Does not reproduce: signature V4 (`MNS4-HMAC-SHA256`) and SMQProxy, which is the version 2026-04-09 of the API with JSON
at the same paths (alibabacloud-smqproxy20260409 and alibabacloud-gateway-mns, read 2026): both are the error
NotEmulated; policies: every key of the account may do everything.
"""

import base64
import hashlib
import hmac
import re

from express_sync.local import known_operations
from express_sync.local.account import MAX_SKEW_SECONDS, Account, Key
from express_sync.local.mns.errors import MnsError
from express_sync.local.mns.protocol import VERSION, Request
from express_sync.local.not_emulated import NotEmulatedError
from express_sync.local.utc import parse_http_date

_AUTHORIZATION = re.compile(r"MNS ([^:\s]+):(\S+)")
_CONTENT_TYPES = ("text/xml", "application/xml")


def authenticate(request: Request, account: Account, now_s: float) -> None:
    """Return if `request` is signed by a key of `account` at about `now_s`. ApiError."""
    _check_version(request)
    key_id, signature = _authorization(request)
    _check_date(request, now_s)
    key = account.keys().get(key_id)
    if key is None:
        raise MnsError("InvalidAccessKeyId")
    if not hmac.compare_digest(_sign(request, key).encode(), signature.encode()):
        raise MnsError("SignatureDoesNotMatch")
    if not hmac.compare_digest(_token(request).encode(), key.security_token.encode()):
        raise MnsError("AccessDenied")
    _check_content(request)


def _check_version(request: Request) -> None:
    version = request.headers.get("x-mns-version")
    if version is None:
        raise MnsError("MissingVersionHeader")
    if version == VERSION:
        return
    if version == known_operations.tables()["smq-proxy"]["version"]:
        _refuse_smq_proxy(request)
    raise MnsError("InvalidVersionHeader")


def _refuse_smq_proxy(request: Request) -> None:
    if known_operations.operation_at("smq-proxy", request.method, request.path):
        raise NotEmulatedError("SMQProxy, the version 2026-04-09 of the API for messages")
    raise MnsError("InvalidRequestURL")


def _authorization(request: Request) -> tuple[str, str]:
    header = request.headers.get("authorization")
    if header is None:
        raise MnsError("MissingAuthorizationHeader")
    if header.startswith("MNS4-"):
        raise NotEmulatedError("signature V4 of MNS")
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise MnsError("InvalidAuthorizationHeader")
    return match[1], match[2]


def _token(request: Request) -> str:
    return request.headers.get("security-token") or request.headers.get("x-acs-security-token", "")


def _date(request: Request) -> str:
    return request.headers.get("date") or request.headers.get("x-mns-date", "")


def _check_date(request: Request, now_s: float) -> None:
    date = _date(request)
    if not date:
        raise MnsError("MissingDateHeader")
    sent = parse_http_date(date)
    if sent is None:
        raise MnsError("InvalidDateHeader")
    if abs(sent - now_s) > MAX_SKEW_SECONDS:
        raise MnsError("TimeExpired")


def _sign(request: Request, key: Key) -> str:
    own = sorted((name, value) for name, value in request.headers.items() if name.startswith("x-mns-"))
    text = "\n".join(
        (
            request.method,
            request.headers.get("content-md5", ""),
            request.headers.get("content-type", ""),
            _date(request),
            *(f"{name}:{value}" for name, value in own),
            request.target,
        )
    )
    digest = hmac.new(key.access_key_secret.encode(), text.encode("latin-1"), "sha1").digest()
    return base64.b64encode(digest).decode()


def _check_content(request: Request) -> None:
    sent = request.headers.get("content-md5")
    if sent is not None and sent not in _digests(request.body):
        raise MnsError("InvalidDegist")
    content_type = request.headers.get("content-type")
    if request.body and content_type is not None and not content_type.lower().startswith(_CONTENT_TYPES):
        raise MnsError("InvalidContentType")


def _digests(body: bytes) -> tuple[str, ...]:
    digest = hashlib.md5(body, usedforsecurity=False)
    forms = (digest.digest(), digest.hexdigest().encode(), digest.hexdigest().upper().encode())
    return tuple(base64.b64encode(form).decode() for form in forms)
