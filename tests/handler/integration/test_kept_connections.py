"""Connections that outlive a call: when they are used again, and that they add no doubt of their own."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from handler.credentials import Credentials
from handler.model import Created, ProvisionRequest, Unanswered
from handler.transport import connector
from handler.transport.connection import CallError, Connection, request_bytes
from handler.transport.deadline import CallDeadline
from handler.transport.pool import MAX_AGE_SECONDS, MAX_IDLE_SECONDS, NO_REUSE_SECONDS, Connections, Instant
from tests.support.certificates import Authority
from tests.support.echoing_server import EchoingServer
from tests.support.patience import PATIENCE_SECONDS, SILENCE_SECONDS, wait_for
from tests.support.role_credentials import ROLE
from tests.support.scripted_server import (
    Behaviour,
    ScriptedServer,
    answer,
    is_silent,
    refusing_port,
    request_on,
    sends,
    unreachable_port,
)
from tests.support.sgw_clients import sgw_at

LONG_S = PATIENCE_SECONDS
WANTED = ProvisionRequest("REQ-1", "photos", "holiday-bucket", "cn-hangzhou")
REQUEST = request_bytes("GET", "/", {"host": "x"}, b"")


def created(number: int, *, keep_alive: bool = True) -> bytes:
    """Return the answer to a create call."""
    body = json.dumps({"Success": True, "ExpressSyncId": f"sync-{number}", "RequestId": "API"}).encode()
    return answer(200, body, keep_alive=keep_alive)


class TwoClocks:
    """The time by both clocks, which stand still unless they are advanced."""

    def __init__(self) -> None:
        self.instant = Instant(1000.0, 2000.0)

    def __call__(self) -> Instant:
        return self.instant

    def advance(self, seconds: float, wall_seconds: float | None = None) -> None:
        """Advance both, or the wall clock by another time."""
        wall = seconds if wall_seconds is None else wall_seconds
        self.instant = Instant(self.instant.monotonic + seconds, self.instant.wall + wall)


@pytest.fixture
def clocks() -> TwoClocks:
    """Return clocks that stand still."""
    return TwoClocks()


def create(connections: Connections, seconds: float = LONG_S) -> object:
    """Return the id of the created group, or the result of a call without an answer."""
    result = sgw_at("http://sgw", connections=connections).create(WANTED, seconds)
    return result.express_sync_id if isinstance(result, Created) else result


def answers(*numbers: int, then: Behaviour = is_silent) -> Behaviour:
    """Answer one request for each number; then wait for another request and behave as given."""

    def behave(peer: socket.socket) -> None:
        peer.sendall(created(numbers[0]))
        for number in numbers[1:]:
            if request_on(peer):
                peer.sendall(created(number))
        then(peer)

    return behave


def after_a_request(behaviour: Behaviour) -> Behaviour:
    """Read one more request, then behave as given; do nothing if the client has disconnected."""

    def behave(peer: socket.socket) -> None:
        if request_on(peer):
            behaviour(peer)

    return behave


# --- when a kept connection is used again


@pytest.mark.parametrize(
    ("monotonic", "wall", "is_reused"),
    [
        pytest.param(0.0, 0.0, True, id="at once"),
        pytest.param(MAX_IDLE_SECONDS, MAX_IDLE_SECONDS, True, id="at the limit"),
        pytest.param(MAX_IDLE_SECONDS + 0.1, MAX_IDLE_SECONDS + 0.1, False, id="above it"),
        pytest.param(5.0, 5.0, False, id="a server's 5 seconds"),
        pytest.param(3600.0, 3600.0, False, id="a freeze of an hour"),
        pytest.param(0.0, 3600.0, False, id="a freeze that only the wall clock shows"),
        pytest.param(3600.0, 0.0, False, id="a freeze that only the monotonic clock shows"),
        pytest.param(1.0, -1.0, False, id="a wall clock that is set back"),
    ],
)
def test_only_a_young_connection_is_used_again(
    clocks: TwoClocks, tls: ssl.SSLContext | None, monotonic: float, wall: float, is_reused: bool
) -> None:
    """The server keeps all of them open."""
    with ScriptedServer(answers(1, 2), answers(3), tls=tls) as server:
        connections = Connections(server.url, now=clocks)
        assert create(connections) == "sync-1"
        clocks.advance(monotonic, wall)
        assert create(connections) == ("sync-2" if is_reused else "sync-3")
        del connections


def test_age_is_bounded_also_for_a_busy_connection(clocks: TwoClocks) -> None:
    """Otherwise a change of the server's address or certificate would never be noticed."""
    uses = int(MAX_AGE_SECONDS / MAX_IDLE_SECONDS) + 1
    with ScriptedServer(answers(*range(uses)), answers(1000)) as server:
        connections = Connections(server.url, now=clocks)
        for number in range(uses):
            assert create(connections) == f"sync-{number}"
            clocks.advance(MAX_IDLE_SECONDS)
        assert create(connections) == "sync-1000"
        del connections


def test_slow_call_counts_as_idle_time(clocks: TwoClocks) -> None:
    """The instance may have been frozen during it, which the server does not wait for."""

    def answers_late(peer: socket.socket) -> None:
        clocks.advance(MAX_IDLE_SECONDS + 1)
        answers(1)(peer)

    with ScriptedServer(answers_late, answers(2)) as server:
        connections = Connections(server.url, now=clocks)
        assert [create(connections), create(connections)] == ["sync-1", "sync-2"]
        del connections


# --- servers that do not keep connections


def test_server_that_closes_silently_costs_no_attempt(clocks: TwoClocks, tls: ssl.SSLContext | None) -> None:
    """It announces keep-alive and closes after each answer; once that is noticed, no connection is kept."""
    with ScriptedServer(*[sends(created(number)) for number in range(4)], tls=tls) as server:
        connections = Connections(server.url, now=clocks)
        for number in range(4):
            assert create(connections) == f"sync-{number}"
            server.wait_for_close()
        assert connections._idle == []


def test_distrust_ends_after_a_while(clocks: TwoClocks) -> None:
    """A server that only restarted gets kept connections again."""
    with ScriptedServer(sends(created(1)), sends(created(2)), answers(3, 4)) as server:
        connections = Connections(server.url, now=clocks)
        assert create(connections) == "sync-1"
        server.wait_for_close()
        assert create(connections) == "sync-2"
        clocks.advance(NO_REUSE_SECONDS + 1)
        assert [create(connections), create(connections)] == ["sync-3", "sync-4"]
        del connections


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        pytest.param(after_a_request(sends(created(9)[:-1])), "ConnectionLost", id="in the middle of an answer"),
        pytest.param(after_a_request(lambda _peer: None), "ConnectionLost", id="instead of an answer"),
        pytest.param(is_silent, "ReadTimeout", id="dropped silently"),
    ],
)
def test_lost_request_on_a_kept_connection_is_a_doubt(
    clocks: TwoClocks, tls: ssl.SSLContext | None, ending: Behaviour, code: str
) -> None:
    """It may have landed; the next call uses a new connection."""
    with ScriptedServer(answers(1, then=ending), sends(created(2)), tls=tls) as server:
        connections = Connections(server.url, now=clocks)
        assert create(connections) == "sync-1"
        assert create(connections, SILENCE_SECONDS) == Unanswered(code, sent=True)
        assert create(connections) == "sync-2"


def test_failure_on_a_kept_connection_closes_the_others(clocks: TwoClocks) -> None:
    """They were probably dropped by the same middlebox; each would cost a timeout."""
    with EchoingServer() as server:
        connections = Connections(server.url, 4, now=clocks)
        side_by_side(connections, 4)
        assert len(connections._idle) == 4
        server.is_deaf = True
        assert create(connections, SILENCE_SECONDS) == Unanswered("ReadTimeout", sent=True)
        assert connections._idle == []


def test_freeze_before_sending_is_not_a_doubt() -> None:
    """The deadline is over when the instance is thawed; nothing was sent."""

    class Frozen:
        """A deadline that ends while the connection is made."""

        def __init__(self) -> None:
            self._real = CallDeadline(PATIENCE_SECONDS)
            self.is_thawed = False

        def left(self) -> float:
            if self.is_thawed:
                raise TimeoutError
            return self._real.left()

    deadline = Frozen()
    with ScriptedServer(answers(1)) as server:
        connection = Connection(server.url)
        connection.open(deadline)
        deadline.is_thawed = True
        with pytest.raises(CallError) as caught:
            connection.call(REQUEST, deadline)
    assert (caught.value.code, caught.value.sent) == ("NotConnected", False)
    assert not connection.is_open


# --- TLS


@pytest.mark.parametrize("prepared", [0, 1])
def test_new_connection_continues_the_tls_session(
    clocks: TwoClocks, trusted: Authority, tmp_path: Path, prepared: int
) -> None:
    """The handshake is shorter and its certificate was verified before."""
    resumed = []

    def answers_once(number: int) -> Behaviour:
        def behave(peer: socket.socket) -> None:
            assert isinstance(peer, ssl.SSLSocket)
            resumed.append(peer.session_reused)
            answers(number)(peer)

        return behave

    with ScriptedServer(*map(answers_once, range(3)), tls=trusted.server(tmp_path)) as server:
        connections = Connections(server.url, now=clocks)
        for number in range(3):
            connections.prepare(prepared)
            assert create(connections) == f"sync-{number}"
            clocks.advance(MAX_IDLE_SECONDS + 1)
        del connections
    assert resumed == [False, True, True]


def test_connections_of_both_services_share_a_context(trusted: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that open the first ones at once make one context: a session belongs to the context that made it."""
    both, create_context = threading.Barrier(2, timeout=0.2), ssl.create_default_context

    def created_slowly() -> ssl.SSLContext:
        with contextlib.suppress(threading.BrokenBarrierError):  # no other thread is here
            both.wait()
        return create_context()

    monkeypatch.setattr(ssl, "create_default_context", created_slowly)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: connector._context(), range(2))
    assert first is second


def test_changed_certificate_is_verified(clocks: TwoClocks, trusted: Authority, tmp_path: Path) -> None:
    """A kept session does not excuse it, and nothing is sent."""
    other = Authority.create(tmp_path).server(tmp_path)
    with ScriptedServer(answers(1), answers(2), tls=trusted.server(tmp_path)) as server:
        connections = Connections(server.url, now=clocks)
        assert create(connections) == "sync-1"
        clocks.advance(MAX_IDLE_SECONDS + 1)
        server.change_certificate(other)
        assert create(connections) == Unanswered("CertificateNotTrusted", sent=False)


# --- keys and threads


def test_key_belongs_to_a_request_and_not_to_its_connection(clocks: TwoClocks) -> None:
    """Function Compute gives the next invocation another one."""
    second = Credentials("STS.second", "secret", "token-of-the-second")
    seen = []

    def answers_each(peer: socket.socket) -> None:
        peer.sendall(created(1))
        seen.append(request_on(peer))
        peer.sendall(created(2))

    with ScriptedServer(answers_each) as server:
        connections = Connections(server.url, now=clocks)
        create(connections)
        sgw_at("http://sgw", second, connections).create(WANTED, LONG_S)
    assert ROLE.access_key_id.encode() in server.requests[0]
    assert b"Credential=STS.second," in seen[0]
    assert b"token-of-the-second" in seen[0]
    assert ROLE.access_key_id.encode() not in seen[0]


def echoed(connections: Connections, number: int) -> bool:
    """Return whether the answer to a request is its own."""
    response = connections.call(request_bytes("GET", f"/{number}", {"host": "x"}, b""), LONG_S)
    return response.body == b"/%d" % number


def side_by_side(connections: Connections, threads: int) -> None:
    """Use as many connections at the same time."""
    meet = threading.Barrier(threads)

    def use(number: int) -> bool:
        kept = connections._take(CallDeadline(LONG_S)) or connections._new(connections._now())
        meet.wait(PATIENCE_SECONDS)
        kept.connection.call(request_bytes("GET", f"/{number}", {"host": "x"}, b""), CallDeadline(LONG_S))
        connections._keep(kept, is_first=False)
        return True

    with ThreadPoolExecutor(threads) as executor:
        assert all(executor.map(use, range(threads)))


def test_pool_serves_64_threads(clocks: TwoClocks) -> None:
    """Each request gets its own answer, and no more connections are opened than threads."""
    with EchoingServer() as server:
        connections = Connections(server.url, 64, now=clocks)
        with ThreadPoolExecutor(64) as threads:
            assert all(threads.map(partial(echoed, connections), range(1000)))
        assert server.connections <= 64


def test_connection_that_was_used_meanwhile_is_used_again(clocks: TwoClocks) -> None:
    """Between the begin of a call and the moment at which it takes a connection, another call has used it."""
    meanwhile: list[Callable[[], object]] = []

    def now() -> Instant:
        instant = clocks()
        if meanwhile:
            clocks.advance(1)
            meanwhile.pop()()
        return instant

    with EchoingServer() as server:
        connections = Connections(server.url, now=now)
        assert echoed(connections, 1)
        meanwhile.append(lambda: echoed(connections, 2))
        assert echoed(connections, 3)
        assert server.connections == 1


def test_no_call_can_use_a_connection_while_ages_are_compared(clocks: TwoClocks) -> None:
    """A connection that was used after the moment of comparison would be closed, as after a step of the clock."""
    held: list[bool] = []

    def now() -> Instant:
        is_free = another.submit(connections._changed.acquire, blocking=False).result(PATIENCE_SECONDS)
        if is_free:
            another.submit(connections._changed.release).result(PATIENCE_SECONDS)
        held.append(not is_free)
        return clocks()

    with EchoingServer() as server, ThreadPoolExecutor(1) as another:
        connections = Connections(server.url, now=now)
        assert echoed(connections, 1)
    begun, kept = held
    assert (begun, kept) == (False, True)


def test_kept_connections_are_bounded(clocks: TwoClocks) -> None:
    """The others are closed once they are not in use."""
    with EchoingServer() as server:
        connections = Connections(server.url, 3, now=clocks)
        side_by_side(connections, 8)
        assert len(connections._idle) == 3


# --- connections that are opened in advance


def test_call_waits_for_a_connection_that_is_being_opened(clocks: TwoClocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens none of its own."""
    may_connect, connected = threading.Event(), connector._connected
    opened: list[socket.socket] = []

    def connected_when_allowed(*arguments: Any) -> socket.socket:
        assert may_connect.wait(PATIENCE_SECONDS)
        opened.append(connected(*arguments))
        return opened[-1]

    monkeypatch.setattr(connector, "_connected", connected_when_allowed)
    with EchoingServer() as server:
        connections = Connections(server.url, now=clocks)
        connections.prepare(2, LONG_S)
        with ThreadPoolExecutor(2) as threads:
            results = [threads.submit(echoed, connections, number) for number in range(2)]
            may_connect.set()
            assert all(result.result() for result in results)
        wait_for(lambda: len(connections._idle) >= 2)  # one may have served both calls before the other was opened
        assert len(opened) == 2


@pytest.mark.parametrize(("kept", "wanted", "expected"), [(0, 3, 3), (2, 3, 3), (3, 3, 3), (4, 3, 4), (0, 9, 4)])
def test_only_missing_connections_are_prepared(clocks: TwoClocks, kept: int, wanted: int, expected: int) -> None:
    """Those that are kept and young count; the limit of the pool holds."""
    with EchoingServer() as server:
        connections = Connections(server.url, 4, now=clocks)
        if kept:
            side_by_side(connections, kept)
        connections.prepare(wanted, LONG_S)
        side_by_side(connections, expected)
        assert server.connections == expected


def test_failed_preparation_is_left_to_the_call() -> None:
    """The call tries again, and reports the reason."""
    with refusing_port() as url:
        connections = Connections(url)
        connections.prepare(1, LONG_S)
        with pytest.raises(CallError) as caught:
            connections.call(REQUEST, LONG_S)
    assert (caught.value.code, caught.value.sent) == ("NotConnected", False)


def test_slow_preparation_does_not_prolong_a_call() -> None:
    """The call ends by its own deadline; nothing was sent."""
    with unreachable_port() as url:
        connections = Connections(url)
        connections.prepare(1, SILENCE_SECONDS * 4)
        with pytest.raises(CallError) as caught:
            connections.call(REQUEST, SILENCE_SECONDS)
    assert (caught.value.code, caught.value.sent) == ("NotConnected", False)
