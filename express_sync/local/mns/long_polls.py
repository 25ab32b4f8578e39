"""Long polls that wait for a queue to change."""

import asyncio


class LongPolls:
    """Long polls by queue name, all in one event loop at a time; a wait leaves nothing behind, however it ends."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def wake(self, queue: str) -> None:
        """End every wait for `queue`."""
        for changed in self._waiting.get(queue, ()):
            changed.set()

    def waiting(self, queue: str) -> int:
        """Return the number of waits for `queue`."""
        return len(self._waiting.get(queue, ()))

    async def wait(self, queue: str, seconds: float) -> None:
        """Return once `queue` is woken, or after that many seconds of real time."""
        changed = asyncio.Event()
        waiting = self._waiting.setdefault(queue, set())
        waiting.add(changed)
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except asyncio.TimeoutError:
            return
        finally:
            waiting.discard(changed)
            if not waiting:
                self._waiting.pop(queue, None)
