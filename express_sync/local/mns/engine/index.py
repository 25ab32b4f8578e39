"""An index over messages that costs the same however many there are."""

import heapq
from collections.abc import Callable
from typing import Generic, TypeVar

Entry = TypeVar("Entry", bound=tuple[object, ...])
_SLACK = 64


class Index(Generic[Entry]):
    """Entries in order; `is_current` tells which are outdated.

    Outdated ones stay until they come first, or until they are more than `live` returns, so that nothing of a message
    is left however many follow it.
    """

    def __init__(self, is_current: Callable[[Entry], bool], live: Callable[[], int]) -> None:
        self._is_current = is_current
        self._live = live
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        heapq.heappush(self._entries, entry)
        if len(self._entries) > 2 * self._live() + _SLACK:
            self._entries = list(set(filter(self._is_current, self._entries)))
            heapq.heapify(self._entries)

    def first(self) -> Entry | None:
        """Return the first current entry, None without one."""
        while self._entries and not self._is_current(self._entries[0]):
            heapq.heappop(self._entries)
        return self._entries[0] if self._entries else None

    def pop(self) -> Entry | None:
        """Remove and return the first current entry, None without one."""
        return heapq.heappop(self._entries) if self.first() is not None else None
