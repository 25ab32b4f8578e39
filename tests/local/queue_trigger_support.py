"""A queue trigger over a real queue engine, with a fake function, clock and randomness."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.engine.queue import QueueAttributes
from express_sync.local.template.queue_triggers import Trigger
from express_sync.local.trigger.queue_trigger import QueueTrigger, ScaledClock
from tests.local.fc_support import until
from tests.support.patience import PATIENCE_SECONDS

T = TypeVar("T")

TRIGGER = Trigger(
    name="requests",
    function="sample",
    queue="source",
    base64_decode=False,
    schema="CloudEvents",
    mode="event-streaming",
    errors_tolerance="ALL",
    retry_strategy="BACKOFF_RETRY",
    batch_count=16,
    batch_seconds=0,
    dead_letter_queue="dead",
)


@dataclass
class Bench:
    """One trigger with its queues; `results` tell whether each push succeeds, and later pushes do."""

    trigger: Trigger = TRIGGER
    results: Iterator[bool] = field(default_factory=lambda: iter(()))
    visibility: int = 1000
    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)
    pushed: list[Any] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    during_push: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.service = MessageService(LOCAL_ACCOUNT, lambda: self.now)
        self.service.queues.create_queue("source", QueueAttributes(visibility_timeout=self.visibility))
        self.service.queues.create_queue("dead")
        clock = ScaledClock(1.0, self._sleep, lambda: self.now, lambda low, high: (low + high) / 2)
        self.queue_trigger = QueueTrigger(self.trigger, LOCAL_ACCOUNT, self.service.queues, self._push, clock)

    def with_trigger(self, **changes: Any) -> "Bench":
        """Return a new bench whose trigger has other settings."""
        return replace(self, trigger=replace(self.trigger, **changes), slept=[], pushed=[], request_ids=[])

    def send(self, *bodies: str) -> list[str]:
        """Put messages into the source queue and return their ids."""
        return [self.service.queues.send("source", body).message_id for body in bodies]

    def run(self, work: Callable[["Bench"], Awaitable[T]]) -> T:
        """Run `work` while the trigger runs."""

        async def whole() -> T:
            running = asyncio.create_task(self.queue_trigger.run())
            try:
                return await work(self)
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running

        return asyncio.run(whole())

    def run_until(self, condition: Callable[["Bench"], bool]) -> "Bench":
        """Run the trigger until `condition` is true."""

        async def wait(bench: "Bench") -> None:
            await asyncio.wait_for(until(lambda: condition(bench)), PATIENCE_SECONDS)

        self.run(wait)
        return self

    def states(self, queue: str) -> list[str]:
        """Return the states of the messages in a queue."""
        return [state for _, state in self.service.queues.messages(queue)]

    def bodies(self, queue: str) -> list[str]:
        """Return the bodies of the messages in a queue."""
        return [message.body for message, _ in self.service.queues.messages(queue)]

    async def _push(self, event: bytes, request_id: str) -> bool:
        self.pushed.append(json.loads(event))
        self.request_ids.append(request_id)
        self.during_push()
        return next(self.results, True)

    async def _sleep(self, seconds: float) -> None:
        """Record a declared wait and end it at once; the wait for a renewal, half the timeout, never ends."""
        if seconds == self.visibility / 2:
            await asyncio.Event().wait()
        self.slept.append(seconds)
        await asyncio.sleep(0)
