"""The responses as they go over the wire, JSON or XML, intact or distorted.

Reproduces: the success bodies of the API's page (the list of groups nested as the official client reads it),
the gateway's error body with RequestId, HostId, Code, Message and Recommend, `x-acs-request-id` on every response
of the service itself, and `x-acs-retry-after` in milliseconds.
Unknown, and so chosen: characters that XML 1.0 cannot carry are written as U+FFFD; an unsuccessful 200 has
the code and message of InternalError; the text of a failing proxy's page.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from express_sync.local.api_error import ApiError
from express_sync.local.openapi.request import Format
from express_sync.local.sgw.errors import SgwError
from express_sync.local.sgw.faults import Distortion, RetryAfter
from express_sync.local.sgw.operations import Fields

_MEDIA_TYPES: Mapping[Format, str] = {"JSON": "application/json", "XML": "application/xml"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAGE = "<html><head><title>{0}</title></head><body>{0}</body></html>\r\n"


@dataclass(frozen=True, slots=True)
class ResponseContext:
    """What a response needs to know of its request."""

    action: str
    format: Format
    request_id: str
    host: str


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP response; `code` is the API's code in it, None if it has none.

    With `early_hints`, an interim response goes before it.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    code: str | None = None
    early_hints: bool = False


def success(to: ResponseContext, fields: Fields) -> Response:
    """Return the response of an operation that was performed, with its own `fields`."""
    body = {"Message": "successful", "RequestId": to.request_id, **fields, "Code": "200", "Success": True}
    return _response(to, 200, "200", body)


def failure(to: ResponseContext, error: ApiError) -> Response:
    """Return an error response."""
    body = {
        "RequestId": to.request_id,
        "HostId": to.host,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}&product=sgw&requestId={to.request_id}",
    }
    return _response(to, error.status, error.code, body)


def with_retry_after(response: Response, unit: RetryAfter, seconds: float) -> Response:
    """Return the response with the time to retry after: `Retry-After` under HTTP 429, or the header of the service."""
    if unit == "seconds":
        return replace(response, status=429, headers={**response.headers, "retry-after": f"{math.ceil(seconds)}"})
    if unit == "milliseconds" and seconds:
        return replace(response, headers={**response.headers, "x-acs-retry-after": f"{seconds * 1000:.0f}"})
    return response


def distorted(to: ResponseContext, distortion: Distortion) -> Response:
    """Return the response of something broken."""
    return _DISTORTIONS[distortion](to)


def _bad_gateway(_to: ResponseContext) -> Response:
    return Response(502, _PAGE.format("502 Bad Gateway").encode(), {"content-type": "text/html"})


def _forbidden(_to: ResponseContext) -> Response:
    return Response(403, _PAGE.format("403 Forbidden").encode(), {"content-type": "text/html"})


def _empty(_to: ResponseContext) -> Response:
    return Response(500, b"", {})


def _unsuccessful(to: ResponseContext) -> Response:
    error = SgwError("InternalError")
    body = {"Message": error.message, "RequestId": to.request_id, "Code": error.code, "Success": False}
    return _response(to, 200, error.code, body)


def _malformed(to: ResponseContext) -> Response:
    whole = success(to, {})
    return Response(200, whole.body[: len(whole.body) // 2], whole.headers)


_DISTORTIONS: Mapping[Distortion, Callable[[ResponseContext], Response]] = {
    "bad gateway": _bad_gateway,
    "forbidden": _forbidden,
    "empty": _empty,
    "unsuccessful": _unsuccessful,
    "malformed": _malformed,
}


def _response(to: ResponseContext, status: int, code: str, body: Fields) -> Response:
    headers = {"content-type": _MEDIA_TYPES[to.format], "x-acs-request-id": to.request_id}
    return Response(status, _written(to, status, body).encode(), headers, code)


def _written(to: ResponseContext, status: int, body: Fields) -> str:
    if to.format == "JSON":
        return json.dumps(body, ensure_ascii=False)
    root = f"{to.action}Response" if status == 200 else "Error"
    return f"<?xml version='1.0' encoding='UTF-8'?>{_element(root, body)}"


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(child, item) for child, item in value.items())}</{name}>"
    return f"<{name}>{_text(value)}</{name}>"


def _text(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})
