"""What is due at a later time, ordered by that time."""

import heapq
import itertools
from collections.abc import Callable

Action = Callable[[int], None]


class Schedule:
    """Actions that are run, with the current milliseconds, once they are due."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Action]] = []
        self._numbers = itertools.count()

    def add(self, due_ms: int, action: Action) -> None:
        """Run `action` once it is `due_ms`."""
        heapq.heappush(self._waiting, (due_ms, next(self._numbers), action))

    def run_due(self, now_ms: int) -> None:
        """Run everything that is due, including what is added meanwhile."""
        while self._waiting and self._waiting[0][0] <= now_ms:
            heapq.heappop(self._waiting)[2](now_ms)

    def next_due_ms(self) -> int | None:
        """Return when the first action is due, or None without one."""
        return self._waiting[0][0] if self._waiting else None

    def clear(self) -> None:
        """Remove all actions."""
        self._waiting.clear()
