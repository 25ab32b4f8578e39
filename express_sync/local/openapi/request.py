"""One HTTP request as the gateway reads it. Knows neither signatures nor what the parameters mean.

Reproduces: parameters from the query and from a form body alike, `+` and `%20` both a space, the operation
from the `Action` parameter or the `x-acs-action` header, the answer's format from `Format` or from `Accept`,
and XML where neither says anything, as the RPC documentation has it.
Unknown, and so chosen: of a parameter sent twice the last value counts; bytes that are no UTF-8 become U+FFFD
(and break the signature); a body of another type than a form carries no parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from urllib.parse import parse_qsl

Format = Literal["JSON", "XML"]
_FORMATS: dict[str, Format] = {"JSON": "JSON", "XML": "XML"}
_MEDIA_TYPES: dict[str, Format] = {"application/json": "JSON", "application/xml": "XML", "text/xml": "XML"}
_FORM = "application/x-www-form-urlencoded"

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Call:
    """The request as sent; `headers` have lower-case names and stripped values."""

    method: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def read(cls, method: str, path: str, query: bytes, headers: Mapping[str, str], body: bytes) -> "Call":
        """Read the parts of an HTTP request; anything can be read."""
        return cls(method, path, _pairs(query), headers, body)

    @cached_property
    def form(self) -> Pairs:
        """The parameters in the body, none unless it is a form."""
        is_form = self.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
        return _pairs(self.body) if is_form else ()

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Every parameter by its name, common ones included."""
        return dict(self.query + self.form)

    @property
    def action(self) -> str:
        """The operation that is asked for, "" if none is."""
        return self.parameters.get("Action") or self.headers.get("x-acs-action", "")

    @property
    def version(self) -> str:
        """The version of the API that is asked for, "" if none is."""
        return self.parameters.get("Version") or self.headers.get("x-acs-version", "")

    @property
    def has_valid_format(self) -> bool:
        """Whether `Format` is absent or one that exists."""
        return self.parameters.get("Format", "XML").upper() in _FORMATS

    @property
    def format(self) -> Format:
        """How to write the answer."""
        asked = _FORMATS.get(self.parameters.get("Format", "").upper())
        return asked or _accepted(self.headers.get("accept", ""))


def _pairs(encoded: bytes) -> Pairs:
    text = encoded.decode("utf-8", errors="replace")
    return tuple(parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace"))


def _accepted(accept: str) -> Format:
    media_types = (item.partition(";")[0].strip().lower() for item in accept.split(","))
    return next((_MEDIA_TYPES[media_type] for media_type in media_types if media_type in _MEDIA_TYPES), "XML")
