"""The signatures of invocations: `FC` of API 2016-08-15 and ACS3-HMAC-SHA256 of 2023-03-30.

Reproduces: the strings to sign, the hash of the body, the clock skew of 15 minutes, the token of a temporary key.
Does not reproduce: refusing a nonce that was used before. Unknown: the codes for a stale date (here SignatureNotMatch)
and for a missing or wrong token (here AccessDenied).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import NoReturn
from urllib.parse import unquote

from express_sync.local.account import MAX_SKEW_SECONDS, Key
from express_sync.local.fc.errors import FcError
from express_sync.local.openapi.request import Call
from express_sync.local.openapi.signatures import Acs3
from express_sync.local.utc import parse_http_date

_FC = re.compile(r"FC ([^:\s]+):(\S+)")

Keys = Mapping[str, Key]


def verify_fc(call: Call, keys: Keys, now: float) -> None:
    """Return if `Authorization: FC id:signature` was made with one of `keys` around `now`. FcError."""
    authorization = _header(call, "authorization")
    _check_date(parse_http_date(_header(call, "date")), now)
    match = _FC.fullmatch(authorization) or _refuse()
    key = _key(keys, match[1], call.headers.get("x-fc-security-token", ""))
    digest = hmac.new(key.access_key_secret.encode(), _string_to_sign(call).encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(match[2].encode(), base64.b64encode(digest)):
        _refuse()


def verify_acs3(call: Call, keys: Keys, now: float) -> None:
    """Return if `Authorization: ACS3-HMAC-SHA256 …` was made with one of `keys` around `now`. FcError."""
    _header(call, "authorization")
    _check_date(_iso_date(_header(call, "x-acs-date")), now)
    signed = Acs3(call)
    if not signed.authorization:
        _refuse()
    key = _key(keys, signed.authorization["key"], call.headers.get("x-acs-security-token", ""))
    is_intact = _header(call, "x-acs-content-sha256") == hashlib.sha256(call.body).hexdigest()
    if not is_intact or not signed.matches(key.access_key_secret):
        _refuse()


def _string_to_sign(call: Call) -> str:
    plain = [call.headers.get(name, "") for name in ("content-md5", "content-type", "date")]
    own = sorted((name, value) for name, value in call.headers.items() if name.startswith("x-fc-"))
    return "\n".join([call.method, *plain, *(f"{name}:{value}" for name, value in own), unquote(call.path)])


def _header(call: Call, name: str) -> str:
    if not call.headers.get(name):
        raise FcError("MissingRequiredHeader", name.title())
    return call.headers[name]


def _key(keys: Keys, access_key_id: str, token: str) -> Key:
    if access_key_id not in keys:
        raise FcError("InvalidAccessKeyID", access_key_id)
    if not hmac.compare_digest(keys[access_key_id].security_token.encode(), token.encode()):
        raise FcError("AccessDenied", "the security token is missing or does not belong to the access key ID")
    return keys[access_key_id]


def _check_date(date: float | None, now: float) -> None:
    if date is None or abs(date - now) > MAX_SKEW_SECONDS:
        _refuse()


def _iso_date(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        _refuse()


def _refuse() -> NoReturn:
    raise FcError("SignatureNotMatch")
