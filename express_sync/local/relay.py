"""Relays TCP connections to a local server as a network with a round-trip time would.

Reproduces: half of the round-trip time for every byte, end and reset in either direction; a whole round trip before
the first byte of a client can leave, which TCP's handshake takes.
Does not reproduce: limited bandwidth, loss, and windows that grow slowly.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import cast

LINGER_ZERO = struct.pack("ii", 1, 0)  # closing then sends a TCP RST
Action = Callable[[], None]


class Relay:
    """Listens on `listener` and passes every connection on to `upstream` (host and port)."""

    def __init__(self, listener: socket.socket, upstream: tuple[str, int], rtt_seconds: float) -> None:
        self._listener = listener
        self._upstream = upstream
        self._rtt = rtt_seconds
        self._server: asyncio.Server | None = None
        self._ends: set[_End] = set()
        self._connecting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Accept connections from now on."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=self._listener)

    def close(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connecting:
            task.cancel()
        for end in tuple(self._ends):
            end.close()

    def _accept(self) -> "_End":
        now, half = asyncio.get_running_loop().time(), self._rtt / 2
        client, server = _End(_Line(half, now + self._rtt), self._ends), _End(_Line(half, now), self._ends)
        client.other, server.other = server, client
        task = asyncio.create_task(self._connect(client, server))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return client

    async def _connect(self, client: "_End", server: "_End") -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: server, *self._upstream)
        except OSError:
            client.reset()


class _Line:
    """One direction of a connection: actions happen in order, each `seconds` after it was added."""

    def __init__(self, seconds: float, opens_at: float) -> None:
        self._seconds = seconds
        self._opens_at = opens_at
        self._waiting: deque[tuple[float, Action]] = deque()

    def add(self, action: Action) -> None:
        loop = asyncio.get_running_loop()
        due = max(loop.time(), self._opens_at) + self._seconds
        self._waiting.append((due, action))
        if len(self._waiting) == 1:
            loop.call_at(due, self._run)

    def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0][0] <= loop.time() + 0.0005:  # timers have milliseconds
            self._waiting.popleft()[1]()
        if self._waiting:
            loop.call_at(self._waiting[0][0], self._run)


class _End(asyncio.Protocol):
    """One of the two connections of a pair; what it receives leaves through `other` after the delay of `line`."""

    other: "_End"

    def __init__(self, line: _Line, ends: set["_End"]) -> None:
        self._line = line
        self._ends = ends
        self._transport: asyncio.Transport | None = None
        self._early: list[Action] = []  # what is due before this end is connected

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ends.add(self)
        for action in self._early:
            action()
        self._early.clear()

    def data_received(self, data: bytes) -> None:
        self._line.add(partial(self.other.write, data))

    def eof_received(self) -> bool:
        self._line.add(self.other.write_eof)
        return True  # the other direction stays open

    def connection_lost(self, error: Exception | None) -> None:
        self._ends.discard(self)
        self._line.add(self.other.reset if error else self.other.close)

    def write(self, data: bytes) -> None:
        if self._transport is None:
            self._early.append(partial(self.write, data))
        elif not self._transport.is_closing():
            self._transport.write(data)

    def write_eof(self) -> None:
        if self._transport is None:
            self._early.append(self.write_eof)
        elif not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        if self._transport is None:
            self._early.append(self.close)
        else:
            self._transport.close()

    def reset(self) -> None:
        if self._transport is None:
            self._early.append(self.reset)
        elif not self._transport.is_closing():
            connected = self._transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            self._transport.abort()
