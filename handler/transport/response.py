"""Reads one HTTP/1.1 response from a byte stream, strictly.

The function must never take bytes that belong to one request for the answer to another. The standard library and
urllib3 return `103 Early Hints` as the final response and accept ambiguous framing; here anything but exactly one
well-framed final response is an error, and the caller closes the connection.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

MAX_BODY = 8 * 2**20  # far above a list of every group that an account may have
_MAX_LINE = 2**16
_MAX_LINES = 256  # of one head, or of one trailer
_MAX_INTERIM = 1000
_STATUS_LINE = re.compile(rb"HTTP/1\.(?P<minor>[0-9]) (?P<status>[1-9][0-9]{2})(?: .*)?")
_FIELD = re.compile(rb"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):(?P<value>[^\x00\r]*)")  # linear in any line
_LENGTH = re.compile("[0-9]{1,12}")
_CHUNK_SIZE = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?")
_INTERIM = range(100, 200)
_SWITCHING_PROTOCOLS = 101
_WITHOUT_BODY = (204, 304)


class MalformedResponseError(Exception):
    """The received bytes are not one well-framed final HTTP/1.1 response."""


class TruncatedResponseError(Exception):
    """The stream ended before the response did."""


@dataclass(frozen=True, slots=True)
class Response:
    """A final response; `headers` have lower-case names, repeated ones are joined by commas.

    `keeps_open`: the body's end is known from its framing, and the server did not ask to close the connection.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    keeps_open: bool


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    is_current: bool
    headers: Mapping[str, str]


def read_response(stream: BinaryIO) -> Response:
    """Return the final response, past any interim ones. MalformedResponseError or TruncatedResponseError if none is."""
    for _ in range(_MAX_INTERIM):
        head = _head(stream)
        if head.status not in _INTERIM:
            return _final(stream, head)
        _check_interim(head)
    raise MalformedResponseError


def _check_interim(head: _Head) -> None:
    # Whatever would follow a switch of protocols is not HTTP/1.1, and an interim response cannot have a body.
    has_body = head.headers.get("content-length", "0") != "0" or "transfer-encoding" in head.headers
    if head.status == _SWITCHING_PROTOCOLS or has_body:
        raise MalformedResponseError


def _final(stream: BinaryIO, head: _Head) -> Response:
    length, coding = head.headers.get("content-length"), head.headers.get("transfer-encoding")
    if length is not None and coding is not None:
        raise MalformedResponseError
    is_empty = head.status in _WITHOUT_BODY
    connection = [token.strip().lower() for token in head.headers.get("connection", "").split(",")]
    return Response(
        status=head.status,
        headers=head.headers,
        body=b"" if is_empty else _body(stream, length, coding),
        keeps_open=head.is_current and _is_framed(is_empty, length, coding) and "close" not in connection,
    )


def _is_framed(is_empty: bool, length: str | None, coding: str | None) -> bool:
    """Return whether the end of a response is known: not if its headers announce a body that its status forbids."""
    if is_empty:
        return coding is None and length in (None, "0")
    return (length or coding) is not None


def _body(stream: BinaryIO, length: str | None, coding: str | None) -> bytes:
    if coding is not None:
        return _chunked(stream, coding)
    if length is not None:
        return _exactly(stream, _size(length))
    body = stream.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise MalformedResponseError
    return body


def _size(length: str) -> int:
    if not _LENGTH.fullmatch(length):
        raise MalformedResponseError
    return int(length)


def _chunked(stream: BinaryIO, coding: str) -> bytes:
    if coding.lower() != "chunked":
        raise MalformedResponseError
    body = bytearray()
    while size := _chunk_size(stream):
        body += _exactly(stream, size, MAX_BODY - len(body))
        if _line(stream):
            raise MalformedResponseError
    for _ in _fields(stream):
        pass  # a trailer cannot change the meaning of a response
    return bytes(body)


def _chunk_size(stream: BinaryIO) -> int:
    match = _CHUNK_SIZE.fullmatch(_line(stream))
    if match is None:
        raise MalformedResponseError
    return int(match["size"], 16)


def _exactly(stream: BinaryIO, size: int, most: int = MAX_BODY) -> bytes:
    if size > most:
        raise MalformedResponseError
    data = stream.read(size)
    if len(data) < size:
        raise TruncatedResponseError
    return data


def _head(stream: BinaryIO) -> _Head:
    match = _STATUS_LINE.fullmatch(_line(stream))
    if match is None:
        raise MalformedResponseError
    headers: dict[str, str] = {}
    for name, value in _fields(stream):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return _Head(int(match["status"]), match["minor"] != b"0", headers)


def _fields(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    for _ in range(_MAX_LINES):
        line = _line(stream)
        if not line:
            return
        match = _FIELD.fullmatch(line)
        if match is None:
            raise MalformedResponseError
        yield match["name"].decode().lower(), match["value"].strip(b" \t").decode("latin-1")
    raise MalformedResponseError


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(_MAX_LINE)
    if line.endswith(b"\n"):
        return line[:-1].removesuffix(b"\r")
    raise MalformedResponseError if len(line) == _MAX_LINE else TruncatedResponseError
