"""A server of concurrent connections whose answers show which request each of them belongs to."""

import contextlib
import socket
import threading
from collections.abc import Callable

from tests.support.scripted_server import answer, request_on


class EchoingServer:
    """Answers each request with what `reply` makes of its target, or with nothing if `is_deaf`."""

    def __init__(self, reply: Callable[[bytes], bytes] = lambda target: answer(200, target, keep_alive=True)) -> None:
        self._reply = reply
        self.connections = 0
        self.is_deaf = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "EchoingServer":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with accepted, contextlib.suppress(OSError):
            while request := request_on(accepted):
                if not self.is_deaf:
                    accepted.sendall(self._reply(request.split(b" ")[1]))
