"""Servers of the standard library, which run for as long as a context lasts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TypeVar

Server = TypeVar("Server", bound=ThreadingHTTPServer)
ANY_PORT = ("127.0.0.1", 0)


class Quiet:
    """Lets a handler of requests write no log."""

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@contextmanager
def served(server: Server) -> Iterator[Server]:
    """Run a server in a thread."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
