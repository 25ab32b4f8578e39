"""A queue trigger: receives messages, pushes them to the function, retries, and deletes or dead-letters them.

Reproduces: the batch window closed by count or time, at most 16 messages a pull; one push at a time; deletion only
after the function returned; the whole batch again by the declared strategy when it did not; then, by errorsTolerance,
the dead-letter queue or discarding (ALL), or blocking (NONE). Every wait is multiplied by the clock's factor.
Does not reproduce: closing a window by size, filter patterns, throttling.
Unknown, and so chosen: that errors of the function itself are retried (the documents are silent and users disagree);
that messages are deleted only then; that the messages of a blocked trigger come back when their visibility timeout
ends; that event-driven mode also retries as declared; that of an event too large for the dead-letter queue only the
message body is put there.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from express_sync.local.account import Account
from express_sync.local.mns.engine.message import Message
from express_sync.local.mns.engine.queue_service import QueueService
from express_sync.local.mns.errors import MnsError
from express_sync.local.mns.protocol import new_request_id
from express_sync.local.retry_strategy import Uniform, waits
from express_sync.local.template.queue_triggers import Trigger
from express_sync.local.trigger.events import Received, encoded, event, payload
from express_sync.local.trigger.lease import LeasedBatch, Sleep

MAX_RECEIVED = 16
POLL_SECONDS = 30
RECEIVES_PER_WINDOW = 10

Push = Callable[[bytes, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Time and randomness: the declared waits are multiplied by `factor`, the renewal of leases is not."""

    factor: float = 1.0
    sleep: Sleep = asyncio.sleep
    now: Callable[[], float] = time.time
    uniform: Uniform = field(default=random.SystemRandom().uniform)

    async def wait(self, seconds: float) -> None:
        """Wait for `seconds` of the service's time."""
        await self.sleep(seconds * self.factor)


@dataclass(slots=True)
class Progress:
    """The state of a trigger and its counts, which are of messages, except `pushes`."""

    state: str = "waiting"
    held: int = 0
    attempt: int = 0
    pushes: int = 0
    acknowledged: int = 0
    dead_lettered: int = 0
    discarded: int = 0


class QueueTrigger:
    """Runs a trigger; `push` takes a payload and a request id and tells whether the function succeeded."""

    def __init__(
        self, trigger: Trigger, account: Account, queues: QueueService, push: Push, clock: ScaledClock
    ) -> None:
        self.trigger = trigger
        self.progress = Progress()
        self._account = account
        self._queues = queues
        self._push = push
        self._clock = clock
        self._count = trigger.batch_count if trigger.mode == "event-streaming" else 1

    async def run(self) -> None:
        """Run until cancelled or blocked."""
        try:
            while self.progress.state != "blocked":
                self.progress.state, self.progress.attempt = "waiting", 0
                await self._one_batch()
        except MnsError as error:
            self.progress.state = f"failed: {error.code}"

    def to_json(self) -> dict[str, Any]:
        """Return the trigger as `GET /_local/trigger` shows it."""
        progress = self.progress
        return {
            "name": self.trigger.name,
            "queue": self.trigger.queue,
            "mode": self.trigger.mode,
            "state": progress.state,
            "held": progress.held,
            "attempt": progress.attempt,
            "pushes": progress.pushes,
            "acknowledged": progress.acknowledged,
            "deadLettered": progress.dead_lettered,
            "discarded": progress.discarded,
        }

    async def _one_batch(self) -> None:
        leased = LeasedBatch(self._queues, self.trigger.queue, self._clock.sleep)
        while not leased.messages:
            leased.add(await self._receive(leased, POLL_SECONDS))
        async with leased.renewed():
            await self._fill(leased)
            self.progress.held = len(leased.messages)
            batch = [_received(message) for message in leased.messages]
            if await self._delivered(batch):
                self.progress.acknowledged += len(batch)
            elif self.trigger.errors_tolerance == "NONE":
                self.progress.state = "blocked"
                return
            else:
                self._give_up(batch)
            leased.delete()
        self.progress.held = 0

    async def _fill(self, leased: LeasedBatch) -> None:
        receives = RECEIVES_PER_WINDOW if self.trigger.batch_seconds else 0
        await self._top_up(leased)
        for _ in range(receives):
            if len(leased.messages) >= self._count:
                return
            await self._clock.wait(self.trigger.batch_seconds / receives)
            await self._top_up(leased)

    async def _top_up(self, leased: LeasedBatch) -> None:
        while len(leased.messages) < self._count:
            received = await self._receive(leased, 0)
            leased.add(received)
            if not received:
                return

    async def _receive(self, leased: LeasedBatch, wait_seconds: int) -> list[Message]:
        count = min(MAX_RECEIVED, self._count - len(leased.messages))
        return await self._queues.receive(self.trigger.queue, count, wait_seconds)

    async def _delivered(self, batch: list[Received]) -> bool:
        body = payload(self.trigger, self._account, batch, self._clock.now())
        retries = waits(self.trigger.retry_strategy, self._clock.uniform)
        while not await self._pushed(body, batch):
            seconds = next(retries, None)
            if seconds is None:
                return False
            self.progress.state = "retrying"
            await self._clock.wait(seconds)
        return True

    async def _pushed(self, body: bytes, batch: list[Received]) -> bool:
        self.progress.state = "pushing"
        self.progress.attempt += 1
        self.progress.pushes += 1
        return await self._push(body, _request_id(self.trigger, batch))

    def _give_up(self, batch: list[Received]) -> None:
        for message in batch:
            if self.trigger.dead_letter_queue:
                self._dead_letter(message)
                self.progress.dead_lettered += 1
            else:
                self.progress.discarded += 1

    def _dead_letter(self, message: Received) -> None:
        whole = encoded(event(self.trigger, self._account, message, self._clock.now())).decode()
        try:
            self._queues.send(self.trigger.dead_letter_queue, whole)
        except MnsError:
            self._queues.send(self.trigger.dead_letter_queue, message.body)


def _received(message: Message) -> Received:
    return Received(message.message_id, message.body, message.enqueue_time_ms, new_request_id())


def _request_id(trigger: Trigger, batch: list[Received]) -> str:
    """Return the event's id in event-driven mode, as seen in a real log of FC; in batches a new one."""
    return batch[0].message_id if trigger.mode == "event-driven" else str(uuid.uuid4())
