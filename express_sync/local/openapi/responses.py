"""The answers as they go over the wire, JSON or XML, sound or distorted. Knows no cause and no connection.

Reproduces: the success bodies of the API's page (the list of groups nested as the official client reads it),
the gateway's error body with RequestId, HostId, Code, Message and Recommend, `x-acs-request-id` on every answer
that is the service's own, and `x-acs-retry-after` in milliseconds.
Unknown, and so chosen: characters that XML 1.0 cannot carry are written as U+FFFD; an unsuccessful 200 bears
the code and message of InternalError; what the page of a failing proxy says.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from express_sync.local.openapi.request import Format
from express_sync.local.sgw.errors import DOCUMENTED, Refusal
from express_sync.local.sgw.faults import Distortion
from express_sync.local.sgw.operations import Fields

_MEDIA_TYPES: Mapping[Format, str] = {"JSON": "application/json", "XML": "application/xml"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAGE = "<html><head><title>{0}</title></head><body>{0}</body></html>\r\n"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom an answer is for: what the call asked, how it wants to be told, and where it came in."""

    action: str
    format: Format
    request_id: str
    host: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer; `code` is the API's code in it, None where it carries none.

    With `early_hints`, an interim answer goes before it.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    code: str | None = None
    early_hints: bool = False


def success(to: Addressee, fields: Fields) -> Reply:
    """Answer that the operation was done, with its own `fields`."""
    body = {"Message": "successful", "RequestId": to.request_id, **fields, "Code": "200", "Success": True}
    return _reply(to, 200, "200", body)


def refusal(to: Addressee, refused: Refusal, retry_after_s: float = 0.0) -> Reply:
    """Answer with an error, and when to come again if `retry_after_s` is not zero."""
    body = {
        "RequestId": to.request_id,
        "HostId": to.host,
        "Code": refused.code,
        "Message": refused.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={refused.code}&product=sgw&requestId={to.request_id}",
    }
    return _reply(to, refused.status, refused.code, body, retry_after_s)


def throttled(to: Addressee, refused: Refusal, retry_after_s: float) -> Reply:
    """Answer with an error under HTTP 429, and in `Retry-After` when to come again, in whole seconds."""
    reply = refusal(to, refused)
    return replace(reply, status=429, headers={**reply.headers, "retry-after": f"{math.ceil(retry_after_s)}"})


def distorted(to: Addressee, distortion: Distortion) -> Reply:
    """Answer as something broken would."""
    return _DISTORTIONS[distortion](to)


def _bad_gateway(_to: Addressee) -> Reply:
    return Reply(502, _PAGE.format("502 Bad Gateway").encode(), {"content-type": "text/html"})


def _forbidden(_to: Addressee) -> Reply:
    return Reply(403, _PAGE.format("403 Forbidden").encode(), {"content-type": "text/html"})


def _empty(_to: Addressee) -> Reply:
    return Reply(500, b"", {})


def _unsuccessful(to: Addressee) -> Reply:
    error = DOCUMENTED["InternalError"]
    body = {"Message": error.message, "RequestId": to.request_id, "Code": error.code, "Success": False}
    return _reply(to, 200, error.code, body)


def _malformed(to: Addressee) -> Reply:
    whole = success(to, {})
    return Reply(200, whole.body[: len(whole.body) // 2], whole.headers)


_DISTORTIONS: Mapping[Distortion, Callable[[Addressee], Reply]] = {
    "bad gateway": _bad_gateway,
    "forbidden": _forbidden,
    "empty": _empty,
    "unsuccessful": _unsuccessful,
    "malformed": _malformed,
}


def _reply(to: Addressee, status: int, code: str, body: Fields, retry_after_s: float = 0.0) -> Reply:
    headers = {"content-type": _MEDIA_TYPES[to.format], "x-acs-request-id": to.request_id}
    if retry_after_s:
        headers["x-acs-retry-after"] = f"{retry_after_s * 1000:.0f}"
    return Reply(status, _written(to, status, body).encode(), headers, code)


def _written(to: Addressee, status: int, body: Fields) -> str:
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
