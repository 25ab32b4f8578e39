"""The client's side of the two signatures, written from their documentation; shares no code with the emulator."""

import base64
import hashlib
import hmac
import string
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from express_sync.local.account import LOCAL_ACCOUNT, Key


@dataclass(frozen=True)
class Ask:
    """A call of the API before it is signed."""

    action: str
    parameters: Mapping[str, str]
    method: str = "POST"
    in_form: bool = False
    key: Key = LOCAL_ACCOUNT.user
    answer_format: str = "JSON"


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire."""

    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def rpc(ask: Ask, host: str, now: float, **other: str) -> Request:
    """Sign with RPC signature version 1.0; `other` common parameters replace the usual ones before."""
    common = {
        "Action": ask.action,
        "Version": "2018-05-11",
        "Format": ask.answer_format,
        "AccessKeyId": ask.key.access_key_id,
        "SecurityToken": ask.key.security_token,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": iso(now),
        **other,
    }
    signed = {name: value for name, value in common.items() if value} | dict(ask.parameters)
    signed["Signature"] = rpc_signature(ask.method, signed, ask.key.access_key_secret)
    return _placed(signed, ask.in_form)


def acs3(ask: Ask, host: str, now: float, **other: str) -> Request:
    """Sign with ACS3-HMAC-SHA256; `other` headers, spelled with underscores, replace the usual ones before."""
    request = _placed(ask.parameters, ask.in_form)
    headers = {
        **request.headers,
        "host": host,
        "accept": f"application/{ask.answer_format.lower()}",
        "x-acs-action": ask.action,
        "x-acs-version": "2018-05-11",
        "x-acs-date": iso(now),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(request.body).hexdigest(),
        "x-acs-security-token": ask.key.security_token,
        **{name.replace("_", "-"): value for name, value in other.items()},
    }
    headers = {name: value for name, value in headers.items() if value}
    query = {} if ask.in_form else ask.parameters
    headers["authorization"] = acs3_authorization(ask, query, headers, request.body)
    return Request(request.target, headers, request.body)


SCHEMES = {"rpc": rpc, "acs3": acs3}


def rpc_signature(method: str, parameters: Mapping[str, str], secret: str) -> str:
    to_sign = method + "&%2F&" + _percent(encoded(parameters))
    return base64.b64encode(hmac.new((secret + "&").encode(), to_sign.encode(), hashlib.sha1).digest()).decode()


def acs3_authorization(ask: Ask, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> str:
    names = sorted(name for name in headers if name in ("host", "content-type") or name.startswith("x-acs-"))
    lines = [ask.method, "/", encoded(query)]
    lines += [f"{name}:{headers[name]}" for name in names]
    lines += ["", ";".join(names), hashlib.sha256(body).hexdigest()]
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
    signature = hmac.new(ask.key.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={ask.key.access_key_id},SignedHeaders={';'.join(names)}"
    return f"ACS3-HMAC-SHA256 {credential},Signature={signature}"


def encoded(parameters: Mapping[str, str]) -> str:
    return "&".join(f"{_percent(name)}={_percent(parameters[name])}" for name in sorted(parameters))


def iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _placed(parameters: Mapping[str, str], in_form: bool) -> Request:
    if in_form:
        return Request("/", {"content-type": "application/x-www-form-urlencoded"}, encoded(parameters).encode())
    return Request("/?" + encoded(parameters))


def _percent(text: str) -> str:
    unreserved = string.ascii_letters + string.digits + "-_.~"
    return "".join(chr(byte) if chr(byte) in unreserved else f"%{byte:02X}" for byte in text.encode())
