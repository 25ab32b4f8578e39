"""The most recent invocations and their results."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from heapq import merge
from typing import Any, Literal

from express_sync.local.call_log import CallLog
from express_sync.local.fc.result import InvocationResult

Kind = Literal["Sync", "Async", "Trigger", "Timer"]
MAX_INVOCATIONS = 500


@dataclass(slots=True)
class Invocation:
    """One invocation; times in epoch milliseconds, `outcome` is `running` until it ended."""

    request_id: str
    kind: Kind
    started: int
    duration: int | None = None
    outcome: str = "running"
    error_type: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the invocation as `GET /_local/invocations` shows it."""
        return {
            "requestId": self.request_id,
            "type": self.kind,
            "started": self.started,
            "duration": self.duration,
            "outcome": self.outcome,
            "errorType": self.error_type,
        }


class InvocationLog:
    """Invocations in the order in which they began, bounded; those of timers never push out others."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._timers: CallLog[Invocation] = CallLog(MAX_INVOCATIONS)
        self._others: CallLog[Invocation] = CallLog(MAX_INVOCATIONS)

    def begin(self, request_id: str, kind: Kind) -> Invocation:
        """Add an invocation that begins now."""
        log = self._timers if kind == "Timer" else self._others
        return log.add(Invocation(request_id, kind, self._now()))

    def end(self, invocation: Invocation, result: InvocationResult) -> None:
        """Add the result of an invocation that ends now."""
        invocation.duration = self._now() - invocation.started
        invocation.outcome = result.outcome
        invocation.error_type = result.error_type

    def recent(self) -> list[dict[str, Any]]:
        """Return the invocations, oldest first."""
        merged = merge(self._others.entries(), self._timers.entries(), key=lambda each: each.started)
        return [each.to_json() for each in merged]

    def clear(self) -> None:
        """Remove all invocations."""
        self._timers.clear()
        self._others.clear()

    def _now(self) -> int:
        return round(self._clock() * 1000)
