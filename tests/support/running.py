"""Event loops in threads, and ASGI applications served by them, for as long as a context lasts."""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from express_sync.local.loop_thread import loop_thread
from express_sync.local.server import LoopbackServer
from tests.support.patience import PATIENCE_SECONDS

T = TypeVar("T")


class Run(Protocol):
    """Runs a coroutine in the loop of another thread and returns its result."""

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of `work`; TimeoutError if it hangs."""


@contextmanager
def running_loop() -> Iterator[Run]:
    """Run a loop in a thread."""
    with loop_thread() as loop:
        yield lambda work: loop.run(work, PATIENCE_SECONDS)


@contextmanager
def started(*servers: LoopbackServer) -> Iterator[Run]:
    """Run the servers in a loop of their own."""
    with running_loop() as run:
        try:
            for server in servers:
                run(server.start())
            yield run
        finally:
            for server in servers:
                run(server.stop())


@contextmanager
def serving(*apps: Any) -> Iterator[tuple[str, ...]]:
    """Serve each application on a loopback port, and give their URLs."""
    servers = [LoopbackServer(app) for app in apps]
    with started(*servers):
        yield tuple(server.url for server in servers)
