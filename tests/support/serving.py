"""ASGI applications served on loopback ports by a loop in a thread of its own, for as long as a context lasts."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from express_sync.local.server import LoopbackServer
from tests.support.patience import PATIENCE_SECONDS


@contextmanager
def serving(*apps: Any) -> Iterator[tuple[str, ...]]:
    """The URL of each application."""
    servers = [LoopbackServer(app) for app in apps]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE_SECONDS)
        yield tuple(server.url for server in servers)
    finally:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(PATIENCE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()
