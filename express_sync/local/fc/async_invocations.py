"""Asynchronous invocations: accepted at once, run later, retried when they fail, and recorded if they never succeed.

Reproduces: the retries of a function error, with `retry_count` in the context, and then the documented record in the
queue that the template's async configuration names as its destination.
A task id is accepted once (help page "Task deduplication": another submission is rejected with 409).
Does not reproduce: the states of tasks, the maximum age of an event, and keeping what was accepted when the local cloud
stops. Unknown: how long FC waits between the tries (here 1, 2, 4 and so on seconds, scaled); which word stands for what
under `condition` (documented is only `FunctionResourceExhausted`; here it is the type of the error, as under
`functionError`); how an event that is not UTF-8 is written (here with replacement characters); what FC does with a
record that the queue refuses, such as one larger than 64 KiB (here it is lost).
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from express_sync.local.account import Account
from express_sync.local.fc.instance_pool import InstancePool
from express_sync.local.fc.invocation_log import Kind
from express_sync.local.fc.result import UNHANDLED, InvocationResult
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.errors import MnsError
from express_sync.local.template.deployment import Deployment

Pause = Callable[[float], Awaitable[None]]
OnFailure = Callable[[str, bytes, InvocationResult, int], None]


class AsyncInvocations:
    """Runs invocations of `pool` in the background, each with up to `retries` retries.

    `pause` waits for the seconds that the service would wait; `on_failure` is called for what never succeeded, with
    request id, event, last result and number of tries.
    """

    def __init__(self, pool: InstancePool, pause: Pause, retries: int, on_failure: OnFailure) -> None:
        self._pool = pool
        self._pause = pause
        self._retries = retries
        self._on_failure = on_failure
        self._running: set[asyncio.Task[None]] = set()
        self._task_ids: set[str] = set()

    def accept(self, event: bytes, request_id: str, kind: Kind = "Async") -> "asyncio.Task[None]":
        """Start an invocation of `kind` and return its task, which ends with the last try."""
        task = asyncio.create_task(self._run(event, request_id, kind))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def claim(self, task_id: str) -> bool:
        """Remember the id that a client gave to an invocation, and tell whether it is new; "" always is."""
        is_new = task_id not in self._task_ids
        self._task_ids.update({task_id} - {""})
        return is_new

    async def cancel(self) -> None:
        """Cancel everything that was accepted and has not ended, and forget the ids of tasks."""
        self._task_ids.clear()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, event: bytes, request_id: str, kind: Kind) -> None:
        result = await self._pool.invoke(event, request_id, kind)
        for retry_count in range(1, self._retries + 1):
            if result.succeeded:
                return
            await self._pause(2.0 ** (retry_count - 1))
            result = await self._pool.invoke(event, request_id, kind, retry_count)
        if not result.succeeded:
            self._on_failure(request_id, event, result, self._retries + 1)


def failure_destination(deployment: Deployment, account: Account, messages: MessageService) -> OnFailure:
    """Return what puts the records of failed invocations into the declared queue; without one they are dropped."""
    queue = deployment.async_policy.failure_queue
    arn = f"acs:fc:{account.region}:{account.account_id}:functions/{deployment.function.name}"

    def on_failure(request_id: str, event: bytes, result: InvocationResult, tries: int) -> None:
        if queue:
            with suppress(MnsError):
                messages.queues.send(
                    queue, failure_record(arn, request_id, event, result, tries=tries, now=time.time())
                )

    return on_failure


def failure_record(arn: str, request_id: str, event: bytes, result: InvocationResult, *, tries: int, now: float) -> str:
    """Return the record of an invocation with its last `result`; `now` is in seconds since the epoch."""
    record = {
        "timestamp": int(now * 1000),
        "requestContext": {
            "requestId": request_id,
            "functionArn": arn,
            "condition": UNHANDLED,
            "approximateInvokeCount": tries,
        },
        "requestPayload": event.decode("utf-8", "replace"),
        "responseContext": {"statusCode": 200, "functionError": UNHANDLED},
        "responsePayload": result.body.decode("utf-8", "replace"),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
