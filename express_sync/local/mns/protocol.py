"""Requests and responses as values.

Reproduces: the headers of every response with their names as recorded from the service (Server, Location and
Content-Type, which the Java SDK reads as spelled; a lower-case x-mns-request-id of 24 hex digits, x-mns-version; a
Content-Type even without content; recordings of September 2026 in salesforce/multicloudj) and the form of errors.
Does not reproduce: the timing headers (x-mns-netty-total-time and the like).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from express_sync.local.api_error import ApiError
from express_sync.local.mns import xml
from express_sync.local.spelled_name import SpelledName

VERSION = "2015-06-06"
XML = "text/xml;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `target` is path and query verbatim as signed, header and query names are in lower case."""

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def url(self) -> str:
        """Return the address under which the client called: `http://HOST:PORT`."""
        return f"http://{self.host}"

    @property
    def host(self) -> str:
        """Return the `HOST:PORT` that the client called."""
        return self.headers.get("host", "")


@dataclass(frozen=True, slots=True)
class Response:
    """One response; `code` is that of its error, if it has one."""

    status: int
    body: str = ""
    location: str = ""
    content_type: str = XML
    code: str = ""

    def headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """Return the header lines of the response."""
        lines = {
            "Server": "AliyunMQS",
            "x-mns-request-id": request_id,
            "x-mns-version": VERSION,
            "Content-Type": self.content_type,
            "Location": self.location,
            "content-length": "" if self.status == 204 else str(len(self.body.encode())),
        }
        return [(SpelledName(name.encode()), value.encode()) for name, value in lines.items() if value]


def read_request(method: str, path: str, query: bytes, headers: Mapping[str, str], body: bytes) -> Request:
    """Return the request with that path and query string, both as they were in the request line."""
    text = query.decode("latin-1")
    return Request(
        method=method,
        path=path,
        target=f"{path}?{text}" if text else path,
        query={name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)},
        headers=headers,
        body=body,
    )


def new_request_id() -> str:
    """Return 24 upper-case hex digits, as the service does."""
    return secrets.token_hex(12).upper()


def error_response(error: ApiError, request_id: str, host: str) -> Response:
    """Return the response for `error`."""
    body = xml.write(
        (
            "Error",
            [("Code", error.code), ("Message", error.message), ("RequestId", request_id), ("HostId", host)],
        )
    )
    return Response(error.status, body, code=error.code)
