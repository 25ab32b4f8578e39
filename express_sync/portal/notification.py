"""Tells the event loop of the API that the log has changed, from any thread."""

import asyncio
import contextlib
from collections.abc import Iterator

MAX_WAIT_SECONDS = 1.0  # changes that other replicas make are noticed after that


class Changed:
    """Wakes everybody who waits for a change of the log; also once when the service ends."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self.is_closing = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop in which changes are awaited."""
        self._loop = loop

    def notify(self) -> None:
        """Wake all who wait; may be called from any thread, also before `bind` and after the loop has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Wake all who wait, for the last time."""
        self.is_closing = True
        self.notify()

    @contextlib.contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """Give an event that each change sets; whoever waits clears it first."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()


async def wait(event: asyncio.Event, seconds: float = MAX_WAIT_SECONDS) -> None:
    """Return when the event is set, or after some seconds; other replicas' changes are seen at the end only.

    A cancellation always ends it. `asyncio.wait_for` drops one that comes together with the event before Python 3.12
    (https://github.com/python/cpython/issues/86296).
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=min(seconds, MAX_WAIT_SECONDS))
    finally:
        waiting.cancel()
