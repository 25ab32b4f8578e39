"""One HTTP request as the gateway reads it.

Reproduces: parameters from the query and from a form body alike, `+` and `%20` both a space, the operation
from the `Action` parameter or the `x-acs-action` header, the response format from `Format` or from `Accept`,
and XML where neither is given, as in the RPC documentation.
Unknown, and so chosen: of a parameter sent twice the last value counts; bytes that are not UTF-8 become U+FFFD
(and break the signature); a body of another type than a form carries no parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from urllib.parse import parse_qsl

from starlette.requests import Request

Format = Literal["JSON", "XML"]
_FORMATS: dict[str, Format] = {"JSON": "JSON", "XML": "XML"}
_MEDIA_TYPES: dict[str, Format] = {"application/json": "JSON", "application/xml": "XML", "text/xml": "XML"}
_FORM = "application/x-www-form-urlencoded"

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Call:
    """The request as sent: `path` still encoded, `headers` with lower-case names and stripped values."""

    method: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    async def read(cls, request: Request) -> "Call":
        """Read an HTTP request; none is rejected. ClientDisconnect if it does not arrive whole."""
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
        path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"]
        return cls.of(request.method, path, query, headers, await request.body())

    @classmethod
    def of(cls, method: str, path: str, query: bytes, headers: Mapping[str, str], body: bytes) -> "Call":
        """Return the call of the parts of a request."""
        return cls(method, path, _pairs(query), headers, body)

    @cached_property
    def form(self) -> Pairs:
        """Return the parameters in the body, which is empty unless it is a form."""
        is_form = self.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
        return _pairs(self.body) if is_form else ()

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Return all parameters by name, common ones included."""
        return dict(self.query + self.form)

    @property
    def action(self) -> str:
        """Return the requested operation, or ""."""
        return self.parameters.get("Action") or self.headers.get("x-acs-action", "")

    @property
    def version(self) -> str:
        """Return the requested version of the API, or ""."""
        return self.parameters.get("Version") or self.headers.get("x-acs-version", "")

    @property
    def has_valid_format(self) -> bool:
        """Tell whether `Format` is absent or valid."""
        return self.parameters.get("Format", "XML").upper() in _FORMATS

    @property
    def format(self) -> Format:
        """Return the format of the response."""
        asked = _FORMATS.get(self.parameters.get("Format", "").upper())
        return asked or _accepted(self.headers.get("accept", ""))


def _pairs(encoded: bytes) -> Pairs:
    text = encoded.decode("utf-8", errors="replace")
    return tuple(parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace"))


def _accepted(accept: str) -> Format:
    media_types = (item.partition(";")[0].strip().lower() for item in accept.split(","))
    return next((_MEDIA_TYPES[media_type] for media_type in media_types if media_type in _MEDIA_TYPES), "XML")
