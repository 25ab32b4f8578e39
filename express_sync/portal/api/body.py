"""Reads JSON bodies of bounded size and depth."""

from typing import Any

from starlette.requests import ClientDisconnect, Request

from express_sync.portal.api.problem import Problem, violated
from express_sync.portal.values import is_finite
from handler.inbound.strict_json import Unreadable, read_bytes, violations
from handler.model import MAX_MESSAGE_BYTES

MAX_BYTES = MAX_MESSAGE_BYTES
_TOO_LARGE = Problem(413, "too-large", f"The body has more than {MAX_BYTES} bytes.")
_NOT_JSON = Problem(400, "not-json", "The body is not JSON text in UTF-8 with finite numbers.")
_INCOMPLETE = Problem(400, "incomplete", "The connection was closed before the end of the body.")
_MEDIA_TYPE = Problem(
    415, "media-type", "Send application/json without a content encoding.", {}, {"Accept": "application/json"}
)


async def json_body(request: Request) -> Any | Problem:
    """Return the JSON value in the body of a request."""
    if not _is_json(request):
        return _MEDIA_TYPE
    body = await _bounded(request)
    return body if isinstance(body, Problem) else _value(body)


def _value(body: bytes) -> Any | Problem:
    value = read_bytes(body)
    if isinstance(value, Unreadable):
        return _NOT_JSON
    if found := violations(value):
        return violated(found)
    return value if is_finite(value) else _NOT_JSON


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" and request.headers.get("content-encoding", "identity") == "identity"


async def _bounded(request: Request) -> bytes | Problem:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and len(length) < 20 and int(length) > MAX_BYTES:
        return _TOO_LARGE
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                return _TOO_LARGE
    except ClientDisconnect:  # not an error of the service; the answer is not read
        return _INCOMPLETE
    return body
