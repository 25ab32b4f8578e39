"""Long polls that wait for messages of a queue."""

import asyncio
from itertools import islice

_Wait = asyncio.Future[None]


class LongPolls:
    """Long polls by queue name, all in one event loop at a time; a wait leaves nothing behind, however it ends."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[_Wait, None]] = {}  # in the order in which they began

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def wake(self, queue: str, count: int | None = None) -> None:
        """End the first `count` waits for `queue`, all of them by default."""
        for wait in list(islice(self._waiting.get(queue, ()), count)):
            self._end(queue, wait)

    def waiting(self, queue: str) -> int:
        """Return the number of waits for `queue`."""
        return len(self._waiting.get(queue, ()))

    async def wait(self, queue: str, seconds: float) -> None:
        """Return once this wait is woken, or after that many seconds of real time."""
        loop = asyncio.get_running_loop()
        wait: _Wait = loop.create_future()
        self._waiting.setdefault(queue, {})[wait] = None
        timer = loop.call_later(seconds, self._end, queue, wait)
        try:
            await wait
        except asyncio.CancelledError:
            if not wait.cancelled():  # what it was woken for is for another one
                self.wake(queue, 1)
            raise
        finally:
            timer.cancel()
            self._remove(queue, wait)

    def _end(self, queue: str, wait: _Wait) -> None:
        self._remove(queue, wait)
        if not wait.done():
            wait.set_result(None)

    def _remove(self, queue: str, wait: _Wait) -> None:
        waiting = self._waiting.get(queue, {})
        waiting.pop(wait, None)
        if not waiting:
            self._waiting.pop(queue, None)
