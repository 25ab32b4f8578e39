"""Serves one ASGI application on one loopback port; it can be stopped and started again.

Every admin path (`/_local/...`) is guarded here, whatever the application is.
On request it speaks TLS, and behind a relay that adds a round-trip time.

An application may break its connection instead of responding: `reset(scope)` sends a TCP RST, as a failing gateway
does; `write(scope, data)` sends bytes past the server.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Generator, MutableMapping
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import Receive
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from express_sync.local.admin_guard import AdminGuard
from express_sync.local.relay import LINGER_ZERO, Relay

LOOPBACK = "127.0.0.1"
_RESET = "local.reset"
_WRITE = "local.write"


def reset(scope: MutableMapping[str, Any]) -> None:
    """Break the connection of `scope` with a TCP RST, whatever was sent on it so far."""
    scope["extensions"][_RESET]["abort"]()


def write(scope: MutableMapping[str, Any], data: bytes) -> None:
    """Send `data` as it is on the connection of `scope`, before or instead of a response."""
    scope["extensions"][_WRITE]["bytes"](data)


async def disconnected(receive: Receive) -> None:
    """Return once the client has disconnected, or the server has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True, slots=True)
class Link:
    """How clients reach a server: over TLS if it has a context, and with a round-trip time."""

    tls: ssl.SSLContext | None = None
    rtt_seconds: float = 0.0


PLAIN = Link()


class LoopbackServer:
    """Serves `app` on 127.0.0.1; `port` 0 takes a free one at the first start and keeps it over restarts."""

    def __init__(self, app: Any, port: int = 0, link: Link = PLAIN) -> None:
        self._app = AdminGuard(app)
        self.port = port
        self._link = link
        self._relay: Relay | None = None
        self._server: _QuietServer | None = None
        self._task: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return `http://127.0.0.1:PORT`, or https, without a slash at its end; valid once started."""
        return f"{'https' if self._link.tls else 'http'}://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Start to serve, and return once connections are accepted. OSError if the port is taken."""
        public = _listen(self.port)
        self.port = public.getsockname()[1]
        if not self._link.rtt_seconds:
            await self._serve(public)
            return
        hidden = _listen(0)
        self._relay = Relay(public, hidden.getsockname(), self._link.rtt_seconds)
        await self._serve(hidden)
        await self._relay.start()

    async def _serve(self, listener: socket.socket) -> None:
        tls = self._link.tls
        config = uvicorn.Config(
            self._run,
            http=_ResettableProtocol,
            log_config=None,
            access_log=False,
            interface="asgi3",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,
            ssl_context_factory=None if tls is None else lambda *_default: tls,
        )
        self._server = _QuietServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Close the port and every connection, answered or not; do nothing if not started."""
        if self._server is None or self._task is None:
            return
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        self._server.should_exit = True
        self._server.force_exit = True
        await self._stop_accepting()
        for listening in self._server.servers:
            listening.close()
        # uvicorn leaves connections with unfinished requests open, and long polls continue on them
        self._server.hang_up()
        await self._task
        self._server.hang_up()  # connections accepted meanwhile, as of a client that calls again at once
        await asyncio.sleep(0)  # so that the connections learn of it
        self._server = self._task = None

    async def _stop_accepting(self) -> None:
        """Stop accepting, and wait for connections just accepted: asyncio loses one that arrives while it closes."""
        for listening in self._server.servers if self._server else ():
            for listener in listening.sockets:
                asyncio.get_running_loop().remove_reader(listener.fileno())
        await asyncio.sleep(0)

    async def cancel(self) -> None:
        """Cancel the requests that are still running although their connections are closed, as long polls are."""
        for run in tuple(self._running):
            run.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, scope: Any, receive: Any, send: Any) -> None:
        run = asyncio.create_task(self._app(scope, receive, send))
        self._running.add(run)
        run.add_done_callback(self._running.discard)
        with contextlib.suppress(asyncio.CancelledError):  # uvicorn reports a cancelled request as an error
            await run


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle off only on sockets with an explicit TCP protocol; otherwise each response waits 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    return listener


class _QuietServer(uvicorn.Server):
    """uvicorn without signal handlers: the process belongs to the caller of the cloud."""

    def hang_up(self) -> None:
        """Close every connection, answered or not."""
        for connection in tuple(self.server_state.connections):
            # closing over TLS would wait for the client's part of it
            connection.transport.abort() if self.config.is_ssl else connection.transport.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do not change the signal handlers of the process."""
        yield


class _ResettableProtocol(HttpToolsProtocol):
    """The usual protocol; the application can break its connection or write to it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_RESET: {"abort": self._reset}, _WRITE: {"bytes": self._write}}

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def _reset(self) -> None:
        if not self.transport.is_closing():
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            self.transport.abort()
