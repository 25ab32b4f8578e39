"""A request as it arrived and an answer as it leaves, as values.

Reproduces: the headers of every answer (Server, a lower-case x-mns-request-id of 24 hex digits, x-mns-version, a
Content-Type even where there is no content) and the form of errors.
Does not reproduce: the timing headers (x-mns-netty-total-time and the like).
Must not know: sockets, operations.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from express_sync.local.mns import xml
from express_sync.local.mns.errors import ServiceError

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
        """What the caller takes this service for: `http://HOST:PORT`."""
        return f"http://{self.headers.get('host', '')}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `code` is that of the error it tells of, if any."""

    status: int
    body: str = ""
    location: str = ""
    content_type: str = XML
    code: str = ""

    def headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """The answer's header lines."""
        lines = {
            "server": "AliyunMQS",
            "x-mns-request-id": request_id,
            "x-mns-version": VERSION,
            "content-type": self.content_type,
            "location": self.location,
            "content-length": "" if self.status == 204 else str(len(self.body.encode())),
        }
        return [(name.encode(), value.encode()) for name, value in lines.items() if value]


def read_request(method: str, path: str, query: bytes, headers: Mapping[str, str], body: bytes) -> Request:
    """The request with that path and query string, both as they stood in the request line."""
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
    """24 upper-case hex digits, as the service's."""
    return secrets.token_hex(12).upper()


def error_answer(error: ServiceError, request_id: str, host: str) -> Answer:
    """The answer that says `error`."""
    body = xml.write(
        (
            "Error",
            [("Code", error.code), ("Message", error.message), ("RequestId", request_id), ("HostId", host)],
        )
    )
    return Answer(error.status, body, code=error.code)
