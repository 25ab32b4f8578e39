"""Who signed an invocation: the `FC` signature of API 2016-08-15 and ACS3-HMAC-SHA256 of 2023-03-30.

Reproduces: the strings to sign, the body's hash, the clock skew of 15 minutes, the token of a temporary key.
Does not reproduce: refusing a nonce that was seen before. Unknown: the codes for a stale date (here SignatureNotMatch)
and for a missing or wrong token (here AccessDenied). Pure: time and keys are passed in; must not know what is invoked.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NoReturn
from urllib.parse import parse_qsl, quote

from express_sync.local.account import Key
from express_sync.local.fc.errors import RefusalError

SKEW_SECONDS = 15 * 60
_FC = re.compile(r"FC ([^:\s]+):(\S+)")
_ACS3 = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})")

Keys = Mapping[str, Key]


@dataclass(frozen=True, slots=True)
class Signed:
    """The parts of a request that a signature covers; header names in lower case, `raw_path` as on the wire."""

    method: str
    path: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header that must be there. Refusal if it is not."""
        if not self.headers.get(name):
            raise RefusalError("MissingRequiredHeader", name.title())
        return self.headers[name]


def verify_fc(request: Signed, keys: Keys, now: float) -> None:
    """Check `Authorization: FC id:signature`. Refusal if the request is not signed by one of `keys` around `now`."""
    authorization = request.header("authorization")
    _check_date(_http_date(request.header("date")), now)
    match = _FC.fullmatch(authorization) or _refuse()
    key = _key(keys, match[1], request.headers.get("x-fc-security-token", ""))
    digest = hmac.new(key.access_key_secret.encode(), _fc_string(request).encode(), hashlib.sha256).digest()
    _check_equal(match[2], base64.b64encode(digest).decode())


def verify_acs3(request: Signed, keys: Keys, now: float) -> None:
    """Check `Authorization: ACS3-HMAC-SHA256 …`. Refusal if it is not signed by one of `keys` around `now`."""
    authorization = request.header("authorization")
    _check_date(_iso_date(request.header("x-acs-date")), now)
    match = _ACS3.fullmatch(authorization) or _refuse()
    key = _key(keys, match[1], request.headers.get("x-acs-security-token", ""))
    _check_equal(request.header("x-acs-content-sha256"), hashlib.sha256(request.body).hexdigest())
    canonical = hashlib.sha256(_acs3_canonical(request, match[2].split(";")).encode()).hexdigest()
    to_sign = f"ACS3-HMAC-SHA256\n{canonical}"
    _check_equal(match[3], hmac.new(key.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest())


def _fc_string(request: Signed) -> str:
    plain = [request.headers.get(name, "") for name in ("content-md5", "content-type", "date")]
    own = sorted((name, value) for name, value in request.headers.items() if name.startswith("x-fc-"))
    return "\n".join([request.method, *plain, *(f"{name}:{value}" for name, value in own), request.path])


def _acs3_canonical(request: Signed, signed: list[str]) -> str:
    query = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in parse_qsl(request.query, True))
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed)
    parts = [
        request.method,
        request.raw_path,
        "&".join(f"{name}={value}" for name, value in query),
        headers,
        ";".join(signed),
        request.headers["x-acs-content-sha256"],
    ]
    return "\n".join(parts)


def _key(keys: Keys, access_key_id: str, token: str) -> Key:
    if access_key_id not in keys:
        raise RefusalError("InvalidAccessKeyID", access_key_id)
    if not hmac.compare_digest(keys[access_key_id].security_token.encode(), token.encode()):
        raise RefusalError("AccessDenied", "the security token is missing or does not belong to the access key ID")
    return keys[access_key_id]


def _check_equal(given: str, expected: str) -> None:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        _refuse()


def _check_date(date: datetime, now: float) -> None:
    if abs(date.timestamp() - now) > SKEW_SECONDS:
        _refuse()


def _http_date(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        _refuse()


def _iso_date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        _refuse()


def _refuse() -> NoReturn:
    raise RefusalError("SignatureNotMatch")
