"""HTTP responses parsed from bytes; the integration tests try over sockets what servers send."""

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


def test_header_names_are_lower_case_and_values_joined() -> None:
    """Values are joined in order."""
    response = read(b"HTTP/1.1 204 -\r\nX-A:  1 \r\nx-b:2\r\nX-a:\xe9\r\n\r\n")
    assert response == Response(204, {"x-a": "1, \xe9", "x-b": "2"}, b"", keeps_open=True)


@pytest.mark.parametrize("value", ["XaX", "\x0ba\x0c", "\x85a\xa0"])
def test_header_value_loses_spaces_and_tabs_alone(value: str) -> None:
    """Other blanks are part of it: RFC 9110, section 5.5."""
    assert read(f"HTTP/1.1 204 -\r\nX: \t{value} \t\r\n\r\n".encode("latin-1")).headers == {"x": value}


def test_line_may_end_without_a_carriage_return() -> None:
    """RFC 9112, section 2.2, lets a recipient accept that."""
    assert read(b"HTTP/1.1 204 -\nX-A: 12\n\n").headers == {"x-a": "12"}


@pytest.mark.parametrize(
    ("head", "keeps_open"),
    [
        (b"HTTP/1.1 200 -\r\nContent-Length: 0", True),
        (b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked", True),
        (b"HTTP/1.1 200 -\r\nContent-Length: 0\r\nConnection: keep-alive", True),
        (b"HTTP/1.1 200 -\r\nContent-Length: 0\r\nConnection: keep-alive, CLOSE", False),
        (b"HTTP/1.1 200 -\r\nContent-Length: 0\r\nConnection: x\r\nConnection: close", False),
        (b"HTTP/1.1 200 -\r\nContent-Length: 0\r\nConnection: close,x", False),
        (b"HTTP/1.0 200 -\r\nContent-Length: 0\r\nConnection: keep-alive", False),
        (b"HTTP/1.1 200 -", False),
        (b"HTTP/1.1 304 -", True),
        (b"HTTP/1.1 204 -\r\nContent-Length: 0", True),
        (b"HTTP/1.1 204 -\r\nContent-Length: 5", False),
        (b"HTTP/1.1 304 -\r\nContent-Length: 5", False),
        (b"HTTP/1.1 204 -\r\nTransfer-Encoding: chunked", False),
    ],
)
def test_connection_stays_open_only_if_the_end_is_known(head: bytes, keeps_open: bool) -> None:
    """A body that ends by closing leaves no usable connection, nor does one that is announced and not allowed."""
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
def test_body_is_read_up_to_its_maximum_length(framed: object) -> None:
    """The framing does not matter."""
    assert callable(framed)
    head = b"HTTP/1.1 200 -\r\n"
    assert len(read(head + framed(b"x" * MAX_BODY)).body) == MAX_BODY
    with pytest.raises(MalformedResponseError):
        read(head + framed(b"x" * (MAX_BODY + 1)))


def test_body_beyond_its_maximum_length_is_not_read() -> None:
    """One byte beyond shows that it is too long."""
    head = b"HTTP/1.1 200 -\r\n\r\n"
    stream = io.BytesIO(head + bytes(MAX_BODY + 1000))
    with pytest.raises(MalformedResponseError):
        read_response(stream)
    assert stream.tell() == len(head) + MAX_BODY + 1


@pytest.mark.parametrize(
    ("interim", "is_read"),
    [
        (b"HTTP/1.1 103 -\r\nLink: x", True),
        (b"HTTP/1.1 103 -\r\nContent-Length: 0", True),
        (b"HTTP/1.1 103 -\r\nContent-Length: 1", False),
        (b"HTTP/1.1 103 -\r\nTransfer-Encoding: chunked", False),
        (b"HTTP/1.1 101 -", False),
    ],
)
def test_interim_response_has_no_body_and_switches_nothing(interim: bytes, is_read: bool) -> None:
    with contextlib.nullcontext() if is_read else pytest.raises(MalformedResponseError):
        assert read(interim + b"\r\n\r\nHTTP/1.1 204 -\r\n\r\n").status == 204


def test_sum_of_chunks_is_bounded_by_the_maximum_length() -> None:
    """Two halves and one byte are too much."""
    half = b"%x\r\n%s\r\n" % (MAX_BODY // 2, b"x" * (MAX_BODY // 2))
    head = b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert len(read(head + half * 2 + b"0\r\n\r\n").body) == MAX_BODY
    with pytest.raises(MalformedResponseError):
        read(head + half * 2 + b"1\r\nx\r\n0\r\n\r\n")


@pytest.mark.parametrize(("interim", "is_read"), [(999, True), (1000, False)])
def test_number_of_interim_responses_is_bounded(interim: int, is_read: bool) -> None:
    """A server that sends nothing else does not use up the time until the deadline."""
    data = b"HTTP/1.1 103 -\r\n\r\n" * interim + b"HTTP/1.1 204 -\r\n\r\n"
    if is_read:
        assert read(data).status == 204
        return
    with pytest.raises(MalformedResponseError):
        read(data)


@pytest.mark.parametrize(("fields", "is_read"), [(255, True), (256, False)])
def test_number_of_header_lines_is_bounded(fields: int, is_read: bool) -> None:
    """The limit of 256 lines includes the empty one."""
    data = b"HTTP/1.1 204 -\r\n" + b"X: 1\r\n" * fields + b"\r\n"
    if is_read:
        assert read(data).status == 204
        return
    with pytest.raises(MalformedResponseError):
        read(data)


def test_line_is_read_up_to_64_kib() -> None:
    """The limit includes `X: `, the value, and the two bytes at the end."""
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
def test_chunked_body_is_read_unchanged(chunks: list[bytes], interim: int) -> None:
    """It does not matter where the chunks are cut."""
    data = b"HTTP/1.1 100 -\r\n\r\n" * interim + b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert read(data).body == b"".join(chunks)


@given(body=BODIES, data=st.data())
def test_response_cut_anywhere_is_truncated(body: bytes, data: st.DataObject) -> None:
    """It is never taken for a shorter response."""
    whole = b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    assert read(whole).body == body
    with pytest.raises(TruncatedResponseError):
        read(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary() | st.lists(PIECES, max_size=12).map(b"".join))
def test_any_bytes_give_a_response_or_one_of_two_errors(data: bytes) -> None:
    with contextlib.suppress(MalformedResponseError, TruncatedResponseError):
        assert not 100 <= read(data).status < 200


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "blanks", [b"a" + b" " * 60_000 + b"b", b" \t" * 30_000 + b"b", b" " * 60_000], ids=["within", "before", "only"]
)
def test_header_of_blanks_is_read_in_linear_time(blanks: bytes) -> None:
    """The deadline of a call bounds what arrives and not what is computed, which may take milliseconds here."""
    head = b"HTTP/1.1 204 -\r\n" + b"X: %s\r\n" % blanks * 16
    assert read(head + b"\r\n").headers.keys() == {"x"}


@pytest.mark.parametrize("text", [b"a\rContent-Length: 0", b"a\x00b", b"\r", b"\x00"])
def test_header_with_a_control_character_is_malformed(text: bytes) -> None:
    """Others may take it for the end of the line."""
    with pytest.raises(MalformedResponseError):
        read(b"HTTP/1.1 200 -\r\nX: " + text + b"\r\nContent-Length: 1\r\n\r\nx")
