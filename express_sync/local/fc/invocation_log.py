"""The most recent invocations and what came of them; knows nothing of how they are run."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import merge
from typing import Any, Literal

from express_sync.local.fc.result import Answer

Kind = Literal["Sync", "Async", "Trigger", "Timer"]
KEPT = 500


@dataclass(slots=True)
class Entry:
    """One invocation; times in epoch milliseconds, `outcome` is `running` until it ended."""

    request_id: str
    kind: Kind
    started: int
    duration: int | None = None
    outcome: str = "running"
    error_type: str = ""

    def to_json(self) -> dict[str, Any]:
        """The entry as `GET /_local/invocations` shows it."""
        return {
            "requestId": self.request_id,
            "type": self.kind,
            "started": self.started,
            "duration": self.duration,
            "outcome": self.outcome,
            "errorType": self.error_type,
        }


class Journal:
    """Entries in the order in which the invocations began, bounded; a timer's never push out others."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._of_timers: deque[Entry] = deque(maxlen=KEPT)

    def begin(self, request_id: str, kind: Kind) -> Entry:
        """Note that an invocation has begun."""
        entry = Entry(request_id, kind, self._now())
        (self._of_timers if kind == "Timer" else self._entries).append(entry)
        return entry

    def end(self, entry: Entry, answer: Answer) -> None:
        """Note what came of it."""
        entry.duration = self._now() - entry.started
        entry.outcome = answer.outcome
        entry.error_type = answer.error_type

    def recent(self) -> list[dict[str, Any]]:
        """The entries kept, oldest first."""
        merged = merge(self._entries, self._of_timers, key=lambda entry: entry.started)
        return [entry.to_json() for entry in merged]

    def clear(self) -> None:
        """Forget every entry."""
        self._entries.clear()
        self._of_timers.clear()

    def _now(self) -> int:
        return round(self._clock() * 1000)
