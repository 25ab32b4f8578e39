"""Reads JSON bodies of bounded size and depth."""

from typing import Any

from starlette.requests import Request

from express_sync.portal.api.problem import Problem, violated
from express_sync.portal.values import is_finite
from handler.inbound.strict_json import Unreadable, flaws, read_bytes
from handler.model import MAX_MESSAGE_BYTES

MAX_BYTES = MAX_MESSAGE_BYTES
_TOO_LARGE = Problem(413, "too-large", f"The body has more than {MAX_BYTES} bytes.")
_NOT_JSON = Problem(400, "not-json", "The body is not JSON text in UTF-8 with finite numbers.")
_MEDIA_TYPE = Problem(
    415, "media-type", "Send application/json without a content encoding.", {}, {"Accept": "application/json"}
)


async def json_body(request: Request) -> Any | Problem:
    """Return the JSON value in the body of a request."""
    if not _is_json(request):
        return _MEDIA_TYPE
    body = await _bounded(request)
    if body is None:
        return _TOO_LARGE
    value = read_bytes(body)
    if isinstance(value, Unreadable):
        return _NOT_JSON
    if found := flaws(value):
        return violated(found)
    return value if is_finite(value) else _NOT_JSON


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" and request.headers.get("content-encoding", "identity") == "identity"


async def _bounded(request: Request) -> bytes | None:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and len(length) < 20 and int(length) > MAX_BYTES:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return body
