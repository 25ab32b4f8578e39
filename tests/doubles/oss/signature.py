"""Signature V4 of OSS in the Authorization header.

Reproduces: canonical request, scope of date, region and product, additional headers, the skew of 15 minutes, the token
of a temporary key. Does not reproduce: V1, signed URLs, a payload that is signed. Unknown: the order of the checks.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote

from express_sync.local.account import MAX_SKEW_SECONDS, Key
from tests.doubles.oss.errors import OssError

_ALGORITHM = "OSS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    _ALGORITHM + r" Credential=(?P<key>[^/,\s]+)/(?P<date>[0-9]{8})/(?P<region>[^/,]+)/oss/aliyun_v4_request,"
    r"\s*(AdditionalHeaders=(?P<additional>[^,]*),\s*)?Signature=(?P<signature>[0-9a-f]{64})"
)
_ALWAYS_SIGNED = ("content-type", "content-md5")


@dataclass(frozen=True, slots=True)
class Signed:
    """The parts of a request that are signed; `path` is decoded, header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def verify(request: Signed, keys: Mapping[str, Key], region: str, now: float) -> None:
    """Return if the request is signed by one of `keys`, for `region`, around `now` (epoch seconds). OssError."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise OssError("AccessDenied", "Anonymous user has no right to access this bucket.")
    key = keys.get(match["key"])
    if key is None:
        raise OssError("InvalidAccessKeyId", OSSAccessKeyId=match["key"])
    token = request.headers.get("x-oss-security-token", "")
    if not hmac.compare_digest(key.security_token.encode(), token.encode()):
        raise OssError("InvalidSecurityToken")
    _check_date(request.headers.get("x-oss-date", ""), now)
    if match["region"] != region:
        raise OssError("InvalidArgument")
    canonical = _canonical(request, (match["additional"] or "").split(";"))
    scope = f"{match['date']}/{match['region']}/oss/aliyun_v4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, request.headers["x-oss-date"], scope, hashed))
    expected = hmac.new(_signing_key(key, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, match["signature"]):
        raise OssError("SignatureDoesNotMatch", StringToSign=to_sign, CanonicalRequest=canonical)


def _check_date(text: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise OssError("RequestTimeTooSkewed") from None
    if abs(signed_at.timestamp() - now) > MAX_SKEW_SECONDS:
        raise OssError("RequestTimeTooSkewed")


def _canonical(request: Signed, additional: list[str]) -> str:
    names = sorted(
        name
        for name in request.headers
        if name.startswith("x-oss-") or name in _ALWAYS_SIGNED or name in filter(None, additional)
    )
    query = sorted(pair.partition("=")[::2] for pair in request.query.split("&") if pair)
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/"),
            "&".join(f"{name}={value}" if value else name for name, value in query),
            *(f"{name}:{request.headers[name]}" for name in names),
            "",
            ";".join(sorted(filter(None, additional))),
            request.headers.get("x-oss-content-sha256", ""),
        )
    )


def _signing_key(key: Key, scope: str) -> bytes:
    signing = f"aliyun_v4{key.access_key_secret}".encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    return signing
