"""Asynchronous invocations: accepted at once, run later, run again when they fail, and recorded if they never succeed.

Reproduces: the retries of a function error, with `retry_count` in the context, and then the record for the
destination. Does not reproduce: stateful tasks, the age at which an event is given up, and keeping what was accepted
when the local cloud stops. Unknown: how long FC waits between the tries; here 1, 2, 4 and so on seconds, in the
cloud's pace. Must not know how an invocation arrived, nor what the destination is.
"""

import asyncio
from collections.abc import Awaitable, Callable

from express_sync.local.fc.fleet import Fleet
from express_sync.local.fc.invocation_log import Kind
from express_sync.local.fc.result import Answer

Pause = Callable[[float], Awaitable[None]]
Failed = Callable[[str, bytes, Answer, int], None]


class AsyncInvocations:
    """Runs invocations of `fleet` in the background, each again up to `retries` times.

    `pause` waits for the seconds that the service would wait; `failed` is told of what never succeeded: request id,
    event, last answer and number of tries.
    """

    def __init__(self, fleet: Fleet, pause: Pause, retries: int, failed: Failed) -> None:
        self._fleet = fleet
        self._pause = pause
        self._retries = retries
        self._failed = failed
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
        answer = await self._fleet.invoke(event, request_id, kind)
        for retry_count in range(1, self._retries + 1):
            if answer.succeeded:
                return
            await self._pause(2.0 ** (retry_count - 1))
            answer = await self._fleet.invoke(event, request_id, kind, retry_count)
        if not answer.succeeded:
            self._failed(request_id, event, answer, self._retries + 1)
