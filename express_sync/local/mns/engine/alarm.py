"""One timer for what is due next, however many wait for it."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` at the earliest of the times that it was set to, in the running loop."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._due_ms = 0

    def set(self, due_ms: int, now_ms: int) -> None:
        """Ring at `due_ms`, unless it rings before that."""
        if self._timer is not None and self._due_ms <= due_ms:
            return
        self.clear()
        self._due_ms = due_ms
        self._timer = asyncio.get_running_loop().call_later(max(due_ms - now_ms, 1) / 1000, self._run)

    def clear(self) -> None:
        """Do not ring, until it is set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        self._ring()
