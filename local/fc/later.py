"""Asynchronous invocations: accepted at once, run later, run again when they fail.

Reproduces: three retries of a function error, with `retry_count` in the context. Does not reproduce: async
configurations of the template and destinations (the template declares none), stateful tasks, and keeping what was
accepted when the local cloud stops. Unknown: how long FC waits between the tries; here 1, 2 and 4 seconds, in the
cloud's pace. Must not know how an invocation arrived.
"""

import asyncio
from collections.abc import Awaitable, Callable

from local.fc.fleet import Fleet
from local.fc.journal import Kind

RETRY_SECONDS = (1.0, 2.0, 4.0)

Pause = Callable[[float], Awaitable[None]]


class AsyncInvocations:
    """Runs invocations of `fleet` in the background; `pause` waits for the seconds that the service would wait."""

    def __init__(self, fleet: Fleet, pause: Pause) -> None:
        self._fleet = fleet
        self._pause = pause
        self._running: set[asyncio.Task[None]] = set()

    def accept(self, event: bytes, request_id: str, kind: Kind = "Async") -> "asyncio.Task[None]":
        """Take an invocation on; the task ends with its last try. The journal calls it `kind`."""
        task = asyncio.create_task(self._run(event, request_id, kind))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drop(self) -> None:
        """Give up everything that was accepted and has not ended."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, event: bytes, request_id: str, kind: Kind) -> None:
        for retry_count, seconds in enumerate((*RETRY_SECONDS, 0.0)):
            answer = await self._fleet.invoke(event, request_id, kind, retry_count)
            if answer.succeeded:
                return
            await self._pause(seconds)
