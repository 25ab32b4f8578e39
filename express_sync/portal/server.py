"""Serves an ASGI application from a thread of its own, until it is closed."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

_SHUTDOWN_SECONDS = 3
KEEP_ALIVE_SECONDS = 75  # longer than the 60 seconds for which nginx keeps a connection to what is behind it


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one. OSError if it cannot."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


class Server:
    """An HTTP server in a thread with an event loop; `on_loop` is called in it before the first request."""

    def __init__(self, app: Any, listener: socket.socket, on_loop: Callable[[asyncio.AbstractEventLoop], None]) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._listener = listener
        self._on_loop = on_loop
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="portal-http", daemon=True)

    def start(self) -> None:
        """Return once connections are accepted."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Close the port, let requests end within seconds, and return."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._on_loop(asyncio.get_running_loop())
        self._listener.listen(2048)
        self._started.set()
        await self._server.serve(sockets=[self._listener])
