"""Responses read from bytes alone; what servers send in practice is tried over sockets in the integration tests."""

import contextlib
import io
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.transport.response import (
    MAX_BODY,
    MalformedResponseError,
    Response,
    TruncatedResponseError,
    read_response,
)


def read(data: bytes) -> Response:
    """Read a response from bytes after which the connection ends."""
    return read_response(cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, io.BytesIO(data)))))


def test_headers_have_lower_case_names_and_joined_values() -> None:
    """In the order in which they came."""
    response = read(b"HTTP/1.1 204 -\r\nX-A:  1 \r\nx-b:2\r\nX-a:\xe9\r\n\r\n")
    assert response == Response(204, {"x-a": "1, \xe9", "x-b": "2"}, b"", keeps_open=True)


@pytest.mark.parametrize(
    ("head", "keeps_open"),
    [
        (b"HTTP/1.1 200 -\r\nContent-Length: 0", True),
        (b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked", True),
        (b"HTTP/1.1 200 -\r\nContent-Length: 0\r\nConnection: keep-alive", True),
        (b"HTTP/1.1 200 -\r\nContent-Length: 0\r\nConnection: keep-alive, CLOSE", False),
        (b"HTTP/1.1 200 -\r\nContent-Length: 0\r\nConnection: x\r\nConnection: close", False),
        (b"HTTP/1.0 200 -\r\nContent-Length: 0\r\nConnection: keep-alive", False),
        (b"HTTP/1.1 200 -", False),
        (b"HTTP/1.1 304 -", True),
        (b"HTTP/1.1 304 -\r\nContent-Length: 5", True),
    ],
)
def test_a_connection_stays_open_only_if_both_know_the_end(head: bytes, keeps_open: bool) -> None:
    """A body that ends by closing leaves nothing to use again."""
    body = b"0\r\n\r\n" if b"chunked" in head else b""
    assert read(head + b"\r\n\r\n" + body).keeps_open is keeps_open


@pytest.mark.parametrize(
    "framed",
    [
        lambda body: b"Content-Length: %d\r\n\r\n%s" % (len(body), body),
        lambda body: b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
        lambda body: b"\r\n" + body,
    ],
    ids=["length", "chunk", "until it closes"],
)
def test_the_longest_body_is_read_and_no_longer_one(framed: object) -> None:
    """However it is framed."""
    assert callable(framed)
    head = b"HTTP/1.1 200 -\r\n"
    assert len(read(head + framed(b"x" * MAX_BODY)).body) == MAX_BODY
    with pytest.raises(MalformedResponseError):
        read(head + framed(b"x" * (MAX_BODY + 1)))


def test_chunks_together_are_no_longer_than_the_longest_body() -> None:
    """Two halves and a byte are too much."""
    half = b"%x\r\n%s\r\n" % (MAX_BODY // 2, b"x" * (MAX_BODY // 2))
    head = b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert len(read(head + half * 2 + b"0\r\n\r\n").body) == MAX_BODY
    with pytest.raises(MalformedResponseError):
        read(head + half * 2 + b"1\r\nx\r\n0\r\n\r\n")


@pytest.mark.parametrize(("interim", "is_read"), [(999, True), (1000, False)])
def test_interim_responses_are_counted(interim: int, is_read: bool) -> None:
    """A server that sends nothing else is not listened to until the deadline."""
    data = b"HTTP/1.1 103 -\r\n\r\n" * interim + b"HTTP/1.1 204 -\r\n\r\n"
    if is_read:
        assert read(data).status == 204
        return
    with pytest.raises(MalformedResponseError):
        read(data)


@pytest.mark.parametrize(("fields", "is_read"), [(255, True), (256, False)])
def test_headers_are_counted(fields: int, is_read: bool) -> None:
    """256 lines with the empty one."""
    data = b"HTTP/1.1 204 -\r\n" + b"X: 1\r\n" * fields + b"\r\n"
    if is_read:
        assert read(data).status == 204
        return
    with pytest.raises(MalformedResponseError):
        read(data)


def test_the_longest_line_is_64_kib() -> None:
    """With its end: `X: `, the value, and two bytes."""
    longest = b"x" * (2**16 - 5)
    assert len(read(b"HTTP/1.1 204 -\r\nX: " + longest + b"\r\n\r\n").headers["x"]) == len(longest)
    with pytest.raises(MalformedResponseError):
        read(b"HTTP/1.1 204 -\r\nX: " + longest + b"x\r\n\r\n")


BODIES = st.binary(max_size=50)
PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 -\r\n",
        b"HTTP/1.0 500 -\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n",
        b"abc",
        b" ",
        b":",
    ]
)


@given(chunks=st.lists(st.binary(min_size=1, max_size=50)), interim=st.integers(0, 3))
def test_a_body_in_chunks_is_what_was_sent(chunks: list[bytes], interim: int) -> None:
    """However it is cut."""
    data = b"HTTP/1.1 100 -\r\n\r\n" * interim + b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert read(data).body == b"".join(chunks)


@given(body=BODIES, data=st.data())
def test_a_response_cut_anywhere_is_truncated(body: bytes, data: st.DataObject) -> None:
    """Never taken for a shorter one."""
    whole = b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    assert read(whole).body == body
    with pytest.raises(TruncatedResponseError):
        read(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary() | st.lists(PIECES, max_size=12).map(b"".join))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """A response, or one of two errors."""
    with contextlib.suppress(MalformedResponseError, TruncatedResponseError):
        assert not 100 <= read(data).status < 200
