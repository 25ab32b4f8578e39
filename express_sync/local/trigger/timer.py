"""One timer at work: hands the function its event, again and again.

Reproduces: the event, and that timers invoke asynchronously, so that a failed run is tried again. Every wait is
multiplied by the pace's factor; with the factor 0, where beats would have no time between them, there are none.
Does not reproduce: runs that overlap; the timer waits for the end of its last one, because the factor shortens the
waits and not the work. Unknown: when FC fires first; here after one interval.
Must not know how the function is run.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from express_sync.local.template.timers import Timer
from express_sync.local.trigger.queue_trigger import Pace

Accept = Callable[[bytes], "tuple[str, asyncio.Task[None]]"]


class Clockwork:
    """Runs a timer; `accept` takes an event on and gives the request id of its invocation and the running of it."""

    def __init__(self, timer: Timer, accept: Accept, pace: Pace) -> None:
        self.timer = timer
        self._accept = accept
        self._pace = pace
        self._fired = 0
        self._last: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Fire at every beat until cancelled."""
        while self._beats():
            await self._pace.wait(self.timer.every_seconds)
            if self._last is not None:
                await asyncio.wait({self._last})
            self.fire()

    def fire(self) -> str:
        """Invoke the function now, whatever else runs; the request id of the invocation."""
        self._fired += 1
        request_id, self._last = self._accept(_event(self.timer, self._pace.clock()))
        return request_id

    def to_json(self) -> dict[str, Any]:
        """The timer as `GET /_local/trigger` shows it: how often it is declared to fire, and how often it does here."""
        return {
            "name": self.timer.name,
            "type": "timer",
            "everySeconds": self.timer.every_seconds,
            "localSeconds": round(self.timer.every_seconds * self._pace.factor, 3),
            "state": self._state(),
            "fired": self._fired,
        }

    def _beats(self) -> bool:
        return self.timer.enabled and self._pace.factor > 0

    def _state(self) -> str:
        if self._last is not None and not self._last.done():
            return "running"
        return "waiting" if self._beats() else "disabled"


def _event(timer: Timer, now: float) -> bytes:
    moment = datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"triggerTime": moment, "triggerName": timer.name, "payload": timer.payload}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
