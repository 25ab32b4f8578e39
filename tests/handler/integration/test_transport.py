"""What may arrive on a connection, and when: both clients against raw sockets, plain and with TLS."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from handler.credentials import Credentials
from handler.model import Answer, Created, GroupList, LookupResult, ProvisionRequest, Refused, Unanswered
from handler.provisioning.likeness import may_be
from handler.smq.client import Smq, SmqError
from handler.transport import connection, connector
from handler.transport.connection import CallError, Connection
from handler.transport.deadline import CallDeadline
from handler.transport.pool import Connections, Instant
from tests.support.certificates import Authority
from tests.support.echoing_server import EchoingServer
from tests.support.patience import PATIENCE_SECONDS
from tests.support.role_credentials import ROLE
from tests.support.scripted_server import (
    Behaviour,
    ScriptedServer,
    answer,
    closes,
    is_silent,
    never_ends,
    refusing_port,
    request_on,
    resets,
    sends,
    sends_and_holds,
    unreachable_port,
)
from tests.support.sgw_clients import sgw_at

SHORT_S = 0.3
LONG_S = PATIENCE_SECONDS
REQUEST = ProvisionRequest("REQ-1", "photos", "holiday-bucket", "cn-hangzhou")
CREATED = json.dumps({"Success": True, "ExpressSyncId": "sync-1", "RequestId": "API-1"}).encode()
OTHER = json.dumps({"Success": True, "ExpressSyncId": "sync-2", "RequestId": "API-2"}).encode()
PUBLISHED = b"<Message><MessageId>M-1</MessageId><MessageBodyMD5>0</MessageBodyMD5></Message>"


Call = Callable[[str, float], Answer | LookupResult | SmqError | str]


def create(url: str, seconds: float) -> Answer:
    """Call CreateExpressSync."""
    return sgw_at(url).create(REQUEST, seconds)


def describe(url: str, seconds: float) -> LookupResult:
    """Call DescribeExpressSyncs."""
    return sgw_at(url).describe(None, seconds)


def publish(url: str, seconds: float) -> SmqError | str:
    """Call PublishMessage and return the error."""
    try:
        return Smq.at(url, ROLE, seconds).publish("outcomes", "body", "succeeded")
    except SmqError as error:
        return error


CALLS: list[Call] = [create, describe, publish]


def failure(result: object) -> tuple[str, bool | None]:
    """Return the code of a call without an answer, and whether it may have been sent; MNS has only the code."""
    if isinstance(result, SmqError):
        return result.code, None
    assert isinstance(result, Unanswered), result
    return result.code, result.sent


def assert_failed(result: object, code: str, *, sent: bool) -> None:
    """Check that a call has no answer, and its code."""
    found_code, found_sent = failure(result)
    assert found_code == code
    assert found_sent in (None, sent)


GROWING_S = (SHORT_S, 4.0, PATIENCE_SECONDS)


def unanswered(call: Call, url: str) -> object:
    """Return the result of a call that had time to be sent, on a machine of any speed; it ends by its deadline.

    The server needs its behaviour once for each of GROWING_S.
    """
    for seconds in GROWING_S:
        began = time.monotonic()
        result = call(url, seconds)
        if failure(result)[0] != "NotConnected":
            break
    assert time.monotonic() - began < max(seconds * 2, PATIENCE_SECONDS / 2)  # the server goes on for longer
    return result


def ok(body: bytes, *headers: str) -> bytes:
    """Return an answer with these headers only, without the ones that frame it."""
    return "\r\n".join(("HTTP/1.1 200 OK", *headers, "", "")).encode() + body


FRAMED = f"Content-Length: {len(CREATED)}"
FINAL = ok(CREATED, FRAMED)
CHUNKED = ok(b"", "Transfer-Encoding: chunked")
CHUNKS = b"%x\r\n%s\r\n" % (10, CREATED[:10]) + b"%X ;name=value\r\n%s\r\n" % (len(CREATED) - 10, CREATED[10:])


def interim(status: int, *headers: str) -> bytes:
    """Return an interim answer."""
    return "\r\n".join((f"HTTP/1.1 {status} -", *headers, "", "")).encode()


ANSWERS = {
    "plain": FINAL,
    "100": interim(100) + FINAL,
    "102": interim(102) + FINAL,
    "103 with headers": interim(103, "Link: </style.css>; rel=preload", "Link: </b>") + FINAL,
    "199": interim(199) + FINAL,
    "four interim answers": interim(100) + interim(102) * 2 + interim(103, "Link: <x>") + FINAL,
    "103 that says it has no body": interim(103, "Content-Length: 0") + FINAL,
    "chunked": CHUNKED + CHUNKS + b"0\r\n\r\n",
    "chunked with a trailer": CHUNKED + CHUNKS + b"000;last\r\nX-Trailer: 1\r\n\r\n",
    "chunked in capitals": CHUNKED.replace(b"chunked", b"Chunked") + CHUNKS + b"0\r\n\r\n",
    "ended by closing": ok(CREATED),
    "HTTP/1.0": FINAL.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "without a reason phrase": FINAL.replace(b" OK", b""),
    "line feeds only": FINAL.replace(b"\r\n", b"\n"),
    "blanks around values": ok(CREATED, f"CONTENT-LENGTH: \t {len(CREATED)} \t", "X-Empty:"),
    "more bytes after its end": FINAL + FINAL,
}
BROKEN = {
    "101": (interim(101, "Upgrade: h2c", "Connection: Upgrade") + FINAL, "MalformedAnswer"),
    "103 and nothing else": (interim(103), "ConnectionLost"),
    "103 with a body": (interim(103, "Content-Length: 5") + b"hello" + FINAL, "MalformedAnswer"),
    "103 with an answer as its body": (interim(103, f"Content-Length: {len(FINAL)}") + FINAL * 2, "MalformedAnswer"),
    "103 with chunks": (interim(103, "Transfer-Encoding: chunked") + b"0\r\n\r\n" + FINAL, "MalformedAnswer"),
    "103 followed by a body": (interim(103) + b"hello\r\n" + FINAL, "MalformedAnswer"),
    "too many interim answers": (interim(103) * 1000 + FINAL, "MalformedAnswer"),
    "length and chunks": (
        ok(b"", FRAMED, "Transfer-Encoding: chunked") + CHUNKS + b"0\r\n\r\n",
        "MalformedAnswer",
    ),
    "length and another coding": (ok(CREATED, FRAMED, "Transfer-Encoding: identity"), "MalformedAnswer"),
    "two lengths": (ok(CREATED, FRAMED, "Content-Length: 5"), "MalformedAnswer"),
    "one length twice": (ok(CREATED, FRAMED, FRAMED), "MalformedAnswer"),
    "negative length": (ok(CREATED, "Content-Length: -1"), "MalformedAnswer"),
    "signed length": (ok(CREATED, f"Content-Length: +{len(CREATED)}"), "MalformedAnswer"),
    "hexadecimal length": (ok(CREATED, f"Content-Length: {len(CREATED):#x}"), "MalformedAnswer"),
    "length with an underscore": (ok(CREATED, "Content-Length: 6_0"), "MalformedAnswer"),
    "empty length": (ok(CREATED, "Content-Length:"), "MalformedAnswer"),
    "length above the limit": (ok(CREATED, f"Content-Length: {8 * 2**20 + 1}"), "MalformedAnswer"),
    "absurd length": (ok(CREATED, f"Content-Length: {'9' * 5000}"), "MalformedAnswer"),
    "body shorter than its length": (ok(CREATED, f"Content-Length: {len(CREATED) + 1}"), "ConnectionLost"),
    "coding beside chunks": (ok(b"", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", "MalformedAnswer"),
    "unknown coding": (ok(CREATED, "Transfer-Encoding: gzip"), "MalformedAnswer"),
    "chunk without a size": (CHUNKED + b"\r\n" + CREATED + b"\r\n0\r\n\r\n", "MalformedAnswer"),
    "chunk size that is not a number": (CHUNKED + b"zz\r\n", "MalformedAnswer"),
    "negative chunk size": (CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", "MalformedAnswer"),
    "chunk size with a prefix": (CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", "MalformedAnswer"),
    "chunk above the limit": (CHUNKED + b"800001\r\n", "MalformedAnswer"),
    "chunk longer than its size": (CHUNKED + b"4\r\nhello\r\n0\r\n\r\n", "MalformedAnswer"),
    "cut in a chunk size": (CHUNKED + CHUNKS + b"5", "ConnectionLost"),
    "cut in a chunk": (CHUNKED + CHUNKS + b"5\r\nhel", "ConnectionLost"),
    "cut between chunks": (CHUNKED + CHUNKS, "ConnectionLost"),
    "cut before the trailer": (CHUNKED + CHUNKS + b"0\r\n", "ConnectionLost"),
    "cut in the trailer": (CHUNKED + CHUNKS + b"0\r\nX: 1", "ConnectionLost"),
    "header without a colon": (ok(CREATED, FRAMED, "garbage"), "MalformedAnswer"),
    "header with a blank before the colon": (ok(CREATED, FRAMED, "X : 1"), "MalformedAnswer"),
    "folded header": (ok(CREATED, "X: 1", " 2", FRAMED), "MalformedAnswer"),
    "header that is too long": (ok(CREATED, FRAMED, f"X: {'x' * 2**16}"), "MalformedAnswer"),
    "too many headers": (ok(CREATED, FRAMED, *["X: 1"] * 256), "MalformedAnswer"),
    "cut in the headers": (b"HTTP/1.1 200 OK\r\nContent-Le", "ConnectionLost"),
    "cut in the status line": (b"HTTP/1.1 2", "ConnectionLost"),
    "HTTP/2": (FINAL.replace(b"HTTP/1.1", b"HTTP/2"), "MalformedAnswer"),
    "another protocol": (FINAL.replace(b"HTTP/1.1", b"ICY"), "MalformedAnswer"),
    "status of two digits": (FINAL.replace(b"200", b"20"), "MalformedAnswer"),
    "status of four digits": (FINAL.replace(b"200", b"2000"), "MalformedAnswer"),
    "status with a leading zero": (FINAL.replace(b"200", b"020"), "MalformedAnswer"),
    "HTML without a head": (b"<html>\r\n<body>Sorry</body></html>", "MalformedAnswer"),
    "blank line before the head": (b"\r\n" + FINAL, "MalformedAnswer"),
    "bytes without a line": (b"\x15\x03\x01\x00\x02\x02\x46", "ConnectionLost"),
    "endless line": (b"x" * 2**17, "MalformedAnswer"),
    "nothing": (b"", "ConnectionLost"),
}


@pytest.mark.parametrize("data", ANSWERS.values(), ids=ANSWERS)
def test_sound_answer_is_read_in_every_form(data: bytes, tls: ssl.SSLContext | None) -> None:
    """Interim answers are skipped."""
    with ScriptedServer(sends(data), tls=tls) as server:
        assert create(server.url, LONG_S) == Created("sync-1", "API-1")


@pytest.mark.parametrize("before", [interim(100), interim(103, "Link: <x>") * 3], ids=["100", "103"])
def test_interim_answer_of_mns_is_skipped(before: bytes, tls: ssl.SSLContext | None) -> None:
    """The message's id comes from the final answer."""
    with ScriptedServer(sends(before + answer(201, PUBLISHED)), tls=tls) as server:
        assert publish(server.url, LONG_S) == "M-1"


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("call", CALLS)
def test_call_with_a_malformed_answer_may_have_landed(call: Call, data: bytes, code: str) -> None:
    """The bytes are not one complete final answer."""
    with ScriptedServer(sends(data)) as server:
        assert_failed(call(server.url, LONG_S), code, sent=True)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(resets, "ConnectionLost", id="reset"),
        pytest.param(closes, "ConnectionLost", id="closed"),
        pytest.param(is_silent, "ReadTimeout", id="silence"),
        pytest.param(sends(BROKEN["101"][0]), "MalformedAnswer", id="101"),
        pytest.param(sends(BROKEN["cut between chunks"][0]), "ConnectionLost", id="cut"),
        pytest.param(sends_and_holds(FINAL[:-1]), "ReadTimeout", id="one byte missing"),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_call_may_have_landed_if_the_connection_breaks(
    call: Call, behaviour: Behaviour, code: str, tls: ssl.SSLContext | None
) -> None:
    """This holds with TLS and without."""
    with ScriptedServer(*[behaviour] * len(GROWING_S), tls=tls) as server:
        assert_failed(unanswered(call, server.url), code, sent=True)
    assert len(list(filter(None, server.requests))) == 1


HEAD = b"HTTP/1.1 200 OK\r\n"
TRICKLES = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (HEAD + b"X: ", b"x"),
    "headers": (HEAD, b"X: x\r\n"),
    "body": (HEAD + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "body that ends by closing": (HEAD + b"\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "chunk": (CHUNKED + b"10000\r\n", b"x"),
    "chunk extension": (CHUNKED + b"1;", b"x"),
    "trailer": (CHUNKED + b"0\r\n", b"x"),
    "interim answers": (b"", interim(102)),
    "header of an interim answer": (b"HTTP/1.1 103 -\r\nLink: ", b"x"),
}


@pytest.mark.parametrize(("opening", "piece"), TRICKLES.values(), ids=TRICKLES)
@pytest.mark.parametrize("call", CALLS)
def test_slow_answer_does_not_prolong_a_call(
    call: Call, opening: bytes, piece: bytes, tls: ssl.SSLContext | None
) -> None:
    """No single read takes long."""
    with ScriptedServer(*[never_ends(opening, piece, 0.01)] * len(GROWING_S), tls=tls) as server:
        assert_failed(unanswered(call, server.url), "ReadTimeout", sent=True)


@pytest.mark.parametrize("call", CALLS)
def test_slow_handshake_does_not_prolong_a_call(call: Call) -> None:
    """A TLS record never ends, and nothing of the request is sent."""
    trickle = never_ends(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x03", 0.01)
    with ScriptedServer(trickle, reads=False) as server:
        began = time.monotonic()
        assert_failed(call(f"https://{server.address}", SHORT_S), "NotConnected", sent=False)
        assert time.monotonic() - began < PATIENCE_SECONDS / 2


def test_handshake_gets_only_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = connector._connected

    def connected_with_time_to_spare(*arguments: Any) -> socket.socket:
        opened = connected(*arguments)
        opened.settimeout(PATIENCE_SECONDS)
        return opened

    monkeypatch.setattr(connector, "_connected", connected_with_time_to_spare)
    with ScriptedServer(is_silent, reads=False) as server:
        began = time.monotonic()
        assert_failed(create(f"https://{server.address}", SHORT_S), "NotConnected", sent=False)
        assert time.monotonic() - began < PATIENCE_SECONDS / 2


@pytest.mark.parametrize("reads_some", [False, True], ids=["never", "a little at a time"])
def test_request_that_is_not_read_does_not_prolong_a_call(reads_some: bool, tls: ssl.SSLContext | None) -> None:
    """It is larger than the buffers on the way."""
    has_ended = threading.Event()

    def reads(peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not has_ended.wait(0.01) and (not reads_some or peer.recv(4096)):
                pass

    def send_much(url: str, seconds: float) -> Answer:
        with pytest.raises(CallError) as failed:
            Connection(url).call(b"x" * 2**26, CallDeadline(seconds))
        return Unanswered(failed.value.code, failed.value.sent)

    with ScriptedServer(*[reads] * len(GROWING_S), reads=False, tls=tls) as server:
        assert_failed(unanswered(send_much, server.url), "ReadTimeout", sent=True)
        has_ended.set()


Addresses = Callable[..., Sequence[Any]]


def resolving_to(*urls: str) -> Addresses:
    """Return a resolver that gives these addresses for any name."""
    places = [(urlsplit(url).hostname, urlsplit(url).port) for url in urls]
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]


@pytest.mark.parametrize("call", CALLS)
def test_all_addresses_of_a_name_share_one_deadline(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty addresses do not answer."""
    with unreachable_port() as dead:
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to(*[dead] * 40))
        began = time.monotonic()
        assert_failed(call("http://many.test", 1.0), "NotConnected", sent=False)
        assert time.monotonic() - began < PATIENCE_SECONDS / 2  # a second each would be forty


def test_dead_address_leaves_time_for_the_next_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may have one address of an unreachable family."""
    with unreachable_port() as dead, ScriptedServer(sends(FINAL)) as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to(dead, server.url))
        assert create("http://two.test", 6.0) == Created("sync-1", "API-1")


@pytest.mark.parametrize("call", CALLS)
def test_hanging_resolver_does_not_prolong_a_call(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be interrupted, so its thread is abandoned."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(PATIENCE_SECONDS) and [])
    began = time.monotonic()
    assert_failed(call("http://slow.test", SHORT_S), "NameNotResolved", sent=False)
    assert time.monotonic() - began < PATIENCE_SECONDS / 2
    released.set()


@pytest.mark.parametrize("url", ["http://sgw.invalid", "https://sgw.invalid", f"http://{'x' * 64}.test", "http://a..b"])
@pytest.mark.parametrize("call", CALLS)
def test_name_without_an_address_has_its_own_code(call: Call, url: str) -> None:
    """A name may not exist (`.invalid` never does) or may be malformed."""
    assert_failed(call(url, LONG_S), "NameNotResolved", sent=False)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("call", CALLS)
def test_call_to_a_closed_port_sends_nothing(call: Call, scheme: str) -> None:
    with refusing_port() as url:
        assert_failed(call(url.replace("http", scheme), LONG_S), "NotConnected", sent=False)


def test_proxy_of_the_environment_is_not_used(tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        refusing_port() as proxy,
        ScriptedServer(sends(FINAL), sends(answer(201, PUBLISHED)), tls=tls) as server,
    ):
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        assert create(server.url, LONG_S) == Created("sync-1", "API-1")
        assert publish(server.url, LONG_S) == "M-1"


UNTRUSTED: dict[str, Callable[[Authority, Path], ssl.SSLContext]] = {
    "unknown authority": lambda _, folder: Authority.create(folder).server(folder),
    "another host": lambda authority, folder: authority.server(folder, host="other.test"),
    "another address": lambda authority, folder: authority.server(folder, host="127.0.0.2"),
    "expired": lambda authority, folder: authority.server(folder, age=timedelta(days=60)),
    "not yet valid": lambda authority, folder: authority.server(folder, age=timedelta(days=-10)),
}


@pytest.mark.parametrize("certificate", UNTRUSTED.values(), ids=UNTRUSTED)
@pytest.mark.parametrize("call", CALLS)
def test_server_with_an_untrusted_certificate_gets_nothing(
    call: Call, certificate: Callable[[Authority, Path], ssl.SSLContext], trusted: Authority, tmp_path: Path
) -> None:
    """It gets neither the request nor a key; MNS is not called again, because a person has to act."""
    with ScriptedServer(sends(FINAL), tls=certificate(trusted, tmp_path)) as server:
        result = call(server.url, LONG_S)
        server.wait_for_close()
    assert_failed(result, "CertificateNotTrusted", sent=False)
    assert (server.requests, server.handshakes_failed) == ([], 1)
    assert not getattr(result, "transient", False)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(sends(FINAL), "TlsFailed", id="no TLS at all"),
        pytest.param(sends(b"\x15\x03\x03\x00\x02\x02\x28"), "TlsFailed", id="alert"),
        pytest.param(resets, "NotConnected", id="reset"),
        pytest.param(is_silent, "NotConnected", id="silence"),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_failed_handshake_sends_nothing(call: Call, behaviour: Behaviour, code: str) -> None:

    def after_hello(peer: socket.socket) -> None:
        peer.recv(4096)
        behaviour(peer)

    with ScriptedServer(after_hello, reads=False) as server:
        result = call(f"https://{server.address}", SHORT_S if code == "NotConnected" else LONG_S)
    assert_failed(result, code, sent=False)


@pytest.mark.parametrize(
    "before", [b"", interim(103, "Link: <x>"), interim(100) + interim(102)], ids=["", "103", "two"]
)
def test_answer_belongs_to_its_own_request(before: bytes) -> None:
    """Many requests run concurrently over kept connections, with interim answers before each answer."""
    names = [f"group-{number}" for number in range(60)]

    def reply(target: bytes) -> bytes:
        (name,) = parse_qs(urlsplit(target.decode()).query)["Name"]
        return before + answer(200, json.dumps({"Success": True, "ExpressSyncId": name}).encode(), keep_alive=True)

    with EchoingServer(reply) as server:
        moment = Instant(0.0, 0.0)  # else a slow machine could let a connection become too old
        sgw = sgw_at(server.url, connections=Connections(server.url, now=lambda: moment))
        requests = [ProvisionRequest(name, name, "bucket", "cn-hangzhou") for name in names]
        with ThreadPoolExecutor(12) as threads:
            answers = list(threads.map(partial(sgw.create, timeout_seconds=LONG_S), requests))
        assert answers == [Created(name, "") for name in names]
        assert server.connections <= 12


KEPT = answer(200, CREATED, keep_alive=True)


@pytest.mark.parametrize(
    "leftover",
    [answer(200, OTHER, keep_alive=True), b"\r\n", b"x", interim(103), interim(100) + answer(200, OTHER)],
    ids=["second answer", "line", "byte", "interim answer", "both"],
)
def test_connection_with_bytes_left_is_not_reused(leftover: bytes, tls: ssl.SSLContext | None) -> None:
    """They came with the answer; the next request uses a new connection."""
    script = [sends_and_holds(KEPT + leftover), sends(answer(200, OTHER))]
    with ScriptedServer(*script, tls=tls) as server:
        sgw = sgw_at(server.url)
        assert sgw.create(REQUEST, LONG_S) == Created("sync-1", "API-1")
        assert sgw.create(REQUEST, LONG_S) == Created("sync-2", "API-2")


def test_late_second_answer_is_not_taken_for_the_next(tls: ssl.SSLContext | None) -> None:
    """It arrives between the two requests."""
    first_read, second_sent = threading.Event(), threading.Event()

    def answers_twice(peer: socket.socket) -> None:
        peer.sendall(KEPT)
        assert first_read.wait(PATIENCE_SECONDS)
        peer.sendall(KEPT)
        second_sent.set()
        is_silent(peer)

    with ScriptedServer(answers_twice, sends(answer(200, OTHER)), tls=tls) as server:
        sgw = sgw_at(server.url)
        assert sgw.create(REQUEST, LONG_S) == Created("sync-1", "API-1")
        first_read.set()
        assert second_sent.wait(PATIENCE_SECONDS)
        assert sgw.create(REQUEST, LONG_S) == Created("sync-2", "API-2")


def test_kept_connection_that_is_reset_costs_no_attempt(tls: ssl.SSLContext | None) -> None:
    """The second call uses a new connection."""
    first_read = threading.Event()

    def answers_and_resets(peer: socket.socket) -> None:
        peer.sendall(KEPT)
        assert first_read.wait(PATIENCE_SECONDS)
        resets(peer)

    with ScriptedServer(answers_and_resets, sends(answer(200, OTHER)), tls=tls) as server:
        sgw = sgw_at(server.url)
        assert sgw.create(REQUEST, LONG_S) == Created("sync-1", "API-1")
        first_read.set()
        server.wait_for_close()
        assert sgw.create(REQUEST, LONG_S) == Created("sync-2", "API-2")


@pytest.mark.parametrize(
    "data",
    [
        answer(200, CREATED),
        ok(CREATED, FRAMED, "Connection: Keep-Alive, Close"),
        FINAL.replace(b"HTTP/1.1", b"HTTP/1.0"),
        KEPT[:-1] + b"}}",
        BROKEN["103 with a body"][0],
        BROKEN["length and chunks"][0],
        BROKEN["negative chunk size"][0],
        BROKEN["101"][0],
        b"HTTP/1.1 204 -\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.1 304 -\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["close", "listed", "HTTP/1.0", "too long", "body", "both", "chunk", "101", "204 with a body", "304 with one"],
)
def test_connection_is_closed_unless_its_response_was_clean(data: bytes, tls: ssl.SSLContext | None) -> None:
    """The server keeps it open; the client closes it by the next call at the latest."""
    with ScriptedServer(sends_and_holds(data), sends(answer(200, OTHER)), tls=tls) as server:
        sgw = sgw_at(server.url)
        sgw.create(REQUEST, LONG_S)
        assert sgw.create(REQUEST, LONG_S) == Created("sync-2", "API-2")


def test_clean_connection_is_reused(tls: ssl.SSLContext | None) -> None:
    """Five requests use one connection, with a length, with chunks, and with an answer without a body."""
    chunked = CHUNKED + CHUNKS + b"0\r\nX: 1\r\n\r\n"
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    served = []

    def answers_each(peer: socket.socket) -> None:
        for data in (KEPT, interim(103) + chunked, empty, KEPT, chunked):
            peer.sendall(data)
            served.append(request_on(peer))

    with ScriptedServer(answers_each, tls=tls) as server:
        sgw = sgw_at(server.url)
        found = [sgw.create(REQUEST, LONG_S) for _ in range(5)]
        del sgw
        server.wait_for_close()
    assert found == [Created("sync-1", "API-1")] * 2 + [Refused("GatewayLostService", 204)] + found[:2]
    assert len(served) == 5


def test_new_connection_that_speaks_first_gets_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes before the request cannot be its answer."""
    arrived = threading.Event()

    def greets(peer: socket.socket) -> None:
        peer.sendall(FINAL)
        arrived.set()
        is_silent(peer)

    connected = connector._connected

    def connected_late(*arguments: Any) -> socket.socket:
        opened = connected(*arguments)
        assert arrived.wait(PATIENCE_SECONDS)
        return opened

    monkeypatch.setattr(connector, "_connected", connected_late)
    with ScriptedServer(greets, reads=False) as server:
        assert create(server.url, LONG_S) == Unanswered("NotConnected", sent=False)


BAD_KEYS = {
    "carriage return in the token": Credentials("ak", "secret", "S3cret\r"),
    "line feed in the token": Credentials("ak", "secret", "S3cret\nX: 1"),
    "line feed in the key id": Credentials("S3cret\n", "secret", ""),
    "NUL in the token": Credentials("ak", "secret", "S3cret\x00"),
    "token beyond ASCII": Credentials("ak", "secret", "S3cret-中"),
    "secret that cannot be encoded": Credentials("ak", "S3cret\ud800", "token"),
}


@pytest.mark.parametrize("keys", BAD_KEYS.values(), ids=BAD_KEYS)
def test_key_that_cannot_be_sent_is_not_shown(keys: Credentials) -> None:
    """No exception leaves the client, nothing is sent, and the code is the name of a type."""
    with ScriptedServer(sends(FINAL)) as server:
        sgw = sgw_at(server.url, keys)
        for result in (sgw.create(REQUEST, LONG_S), sgw.describe(None, LONG_S)):
            assert isinstance(result, Unanswered)
            assert (result.code, result.sent) in {("ValueError", False), ("UnicodeEncodeError", False)}
        with pytest.raises(SmqError) as caught:
            Smq.at(server.url, keys, LONG_S).publish("outcomes", "body", "succeeded")
    assert caught.value.code in ("ValueError", "UnicodeEncodeError", "AttributeError")
    assert "S3cret" not in repr(caught.value) + str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://127.0.0.1:x", "ftp://127.0.0.1", "127.0.0.1"])
@pytest.mark.parametrize("call", CALLS)
def test_malformed_endpoint_is_a_failed_call(call: Call, url: str) -> None:
    """Settings are checked before; the code is the name of the exception's type."""
    code, sent = failure(call(url, LONG_S))
    assert code in ("ValueError", "KeyError", "InvalidURL", "NameNotResolved")
    assert sent in (None, False)


def test_unexpected_exception_after_sending_may_have_landed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is the name of its type."""

    def raising(_stream: object) -> None:
        raise RuntimeError("Sup3r-S3cret")

    monkeypatch.setattr(connection, "read_response", raising)
    with ScriptedServer(*[sends(FINAL)] * 3) as server:
        for call in CALLS:
            assert_failed(call(server.url, LONG_S), "RuntimeError", sent=True)


@pytest.mark.parametrize(
    "odd", [b"null", b'"\xff\xfe"', b'"a\nb"', b"9" * 5000, b'"\\udfff"', b"NaN", b'"x", "Odd": "y"'], ids=repr
)
def test_lookup_skips_an_unreadable_entry(odd: bytes) -> None:
    foreign = {"ExpressSyncId": None, "Name": "foreign", "Odd": "?"}
    listed = json.dumps({"Success": True, "ExpressSyncs": {"ExpressSync": [foreign, None]}}).encode()
    body = listed.replace(b'"?"', odd)
    with ScriptedServer(sends(answer(200, body))) as server:
        seen = describe(server.url, LONG_S)
    assert isinstance(seen, GroupList)
    assert seen.groups == ()
    assert [may_be(entry, REQUEST) for entry in seen.unreadable] == [False]
