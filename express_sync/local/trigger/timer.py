"""A timer trigger: invokes the function at fixed intervals.

Reproduces: the event, and that timers invoke asynchronously, so that a failed run is retried. Every wait is
multiplied by the clock's factor; with the factor 0 the timer does not fire by itself.
Does not reproduce: runs that overlap; the timer waits for the end of its last one, because the factor shortens the
waits and not the work. Unknown: when FC fires first; here after one interval.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from express_sync.local.template.timers import Timer
from express_sync.local.trigger.queue_trigger import ScaledClock

Accept = Callable[[bytes], "tuple[str, asyncio.Task[None]]"]


class TimerTrigger:
    """Runs a timer; `accept` starts an invocation with an event and returns its request id and its task."""

    def __init__(self, timer: Timer, accept: Accept, clock: ScaledClock) -> None:
        self.timer = timer
        self._accept = accept
        self._clock = clock
        self._fired = 0
        self._last: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Fire after every interval until cancelled."""
        while self._is_active():
            await self._clock.wait(self.timer.every_seconds)
            if self._last is not None:
                await asyncio.wait({self._last})
            self.fire()

    def fire(self) -> str:
        """Invoke the function now, even if it runs; return the request id of the invocation."""
        self._fired += 1
        request_id, self._last = self._accept(_event(self.timer, self._clock.now()))
        return request_id

    def to_json(self) -> dict[str, Any]:
        """Return the timer as `GET /_local/trigger` shows it, with its declared and its scaled interval."""
        return {
            "name": self.timer.name,
            "type": "timer",
            "everySeconds": self.timer.every_seconds,
            "localSeconds": round(self.timer.every_seconds * self._clock.factor, 3),
            "state": self._state(),
            "fired": self._fired,
        }

    def _is_active(self) -> bool:
        return self.timer.enabled and self._clock.factor > 0

    def _state(self) -> str:
        if self._last is not None and not self._last.done():
            return "running"
        return "waiting" if self._is_active() else "disabled"


def _event(timer: Timer, now: float) -> bytes:
    moment = datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"triggerTime": moment, "triggerName": timer.name, "payload": timer.payload}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
