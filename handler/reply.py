"""What an HTTP reply of the API says, read with suspicion: status, headers and bytes in, answers and findings out.

It must not know which connection the reply came over, or what happens next.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler.model import Answer, Created, Finding, Group, Refused, Seen

_OK = 200
_GAVE_UP = frozenset({408, 499, 502, 504})  # whoever says so has passed the call on, or was still reading it
_CLIENT_ERRORS = range(400, 500)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_MILLISECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Reply:
    """HTTP status, headers with case-insensitive names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def answer(reply: Reply) -> Answer:
    """What a reply to CreateExpressSync comes to."""
    body = _success(reply)
    if not isinstance(body, Mapping):
        return body
    express_sync_id = _plain(body, "ExpressSyncId", _ID)
    return Created(express_sync_id, _plain(body, "RequestId", _ID)) if express_sync_id else _refused(reply, body)


def finding(reply: Reply) -> Finding:
    """What a reply to DescribeExpressSyncs comes to."""
    body = _success(reply)
    if not isinstance(body, Mapping):
        return body
    try:
        return Seen(tuple(_group(entry) for entry in body["ExpressSyncs"]["ExpressSync"]))
    except (KeyError, TypeError, AttributeError):
        return _refused(reply, body)


def _success(reply: Reply) -> Mapping[str, Any] | Refused:
    body = _body(reply.data)
    return body if reply.status == _OK and body.get("Success") is True else _refused(reply, body)


def _refused(reply: Reply, body: Mapping[str, Any]) -> Refused:
    asked_for = reply.headers.get("x-acs-retry-after", "")
    return Refused(
        code=_code(reply.status, _plain(body, "Code", _CODE)),
        http_status=reply.status,
        api_request_id=_plain(body, "RequestId", _ID),
        retry_after_seconds=int(asked_for) / 1000 if _MILLISECONDS.fullmatch(asked_for) else 0.0,
    )


def _code(status: int, given: str) -> str:
    """The code of the API, or a name of ours where the service itself has not spoken."""
    if status == _OK:
        return given or "MalformedAnswer"
    if status in _GAVE_UP or not (given or status in _CLIENT_ERRORS):
        return "GatewayLostService"
    return given or f"Http{status}"


def _body(data: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _plain(body: Mapping[str, Any], key: str, allowed: re.Pattern[str]) -> str:
    text = body.get(key)
    return text if isinstance(text, str) and allowed.fullmatch(text) else ""


def _group(entry: Mapping[str, Any]) -> Group:
    return Group(
        express_sync_id=_text(entry["ExpressSyncId"]),
        name=_text(entry["Name"]),
        bucket_name=_text(entry["BucketName"]),
        bucket_region=_text(entry["BucketRegion"]),
        bucket_prefix=_text(entry.get("BucketPrefix") or ""),
        description=_text(entry.get("Description") or ""),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
