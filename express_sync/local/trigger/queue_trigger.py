"""One trigger at work: takes messages, pushes them, acknowledges, retries, gives up.

Reproduces: the batch window closed by count or time, at most 16 messages a pull; one push at a time; deletion only
after the function returned; the whole batch again by the declared strategy when it did not; then, by errorsTolerance,
the dead-letter queue or discarding (ALL), or standing still (NONE). Every wait is multiplied by the pace's factor.
Does not reproduce: closing a window by size, filter patterns, throttling.
Unknown, and so chosen: that errors of the function itself are retried (the documents are silent and users disagree);
that messages are deleted only then; that the messages of a stream that stands still come back when their visibility
ends; that event-driven mode retries as declared too; that an event too large for the dead-letter queue, because the
envelope outgrew it, is put there as the bare message body.
Must not know how the function is run.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from express_sync.local.account import Account
from express_sync.local.mns.engine.message_service import MessageService, ReceivedMessage
from express_sync.local.mns.errors import ServiceError
from express_sync.local.template.deployment import Trigger
from express_sync.local.trigger.events import Received, encoded, event, payload
from express_sync.local.trigger.lease import Held, Sleep
from express_sync.local.trigger.retry_strategy import Uniform, waits

PULL = 16
POLL_SECONDS = 30
LOOKS_PER_WINDOW = 10

Push = Callable[[bytes, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Pace:
    """Time and chance: the declared waits are multiplied by `factor`, the renewal of messages is not."""

    factor: float = 1.0
    sleep: Sleep = asyncio.sleep
    clock: Callable[[], float] = time.time
    uniform: Uniform = field(default=random.SystemRandom().uniform)

    async def wait(self, seconds: float) -> None:
        """Wait as long as the service would wait `seconds`."""
        await self.sleep(seconds * self.factor)


@dataclass(slots=True)
class Progress:
    """What a trigger does now and what it has done; counts are of messages, but for `pushes`."""

    state: str = "waiting"
    held: int = 0
    attempt: int = 0
    pushes: int = 0
    acknowledged: int = 0
    dead_lettered: int = 0
    discarded: int = 0


class Stream:
    """Pushes the messages of the trigger's queue; `push` takes a payload and a request id, and says if it succeeded."""

    def __init__(self, trigger: Trigger, account: Account, service: MessageService, push: Push, pace: Pace) -> None:
        self.trigger = trigger
        self.progress = Progress()
        self._account = account
        self._service = service
        self._push = push
        self._pace = pace
        self._count = trigger.batch_count if trigger.mode == "event-streaming" else 1

    async def run(self) -> None:
        """Work until cancelled, or until the stream stands still."""
        try:
            while self.progress.state != "blocked":
                self.progress.state, self.progress.attempt = "waiting", 0
                await self._one_batch()
        except ServiceError as error:
            self.progress.state = f"failed: {error.code}"

    def to_json(self) -> dict[str, Any]:
        """The trigger as `GET /_local/trigger` shows it."""
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
        held = Held(self._service, self.trigger.queue, self._pace.sleep)
        while not held.messages:
            held.add(await self._pull(held, POLL_SECONDS))
        async with held.renewed():
            await self._fill(held)
            self.progress.held = len(held.messages)
            batch = [_received(message) for message in held.messages]
            if await self._delivered(batch):
                self.progress.acknowledged += len(batch)
            elif self.trigger.errors_tolerance == "NONE":
                self.progress.state = "blocked"
                return
            else:
                self._give_up(batch)
            held.settle()
        self.progress.held = 0

    async def _fill(self, held: Held) -> None:
        looks = LOOKS_PER_WINDOW if self.trigger.batch_seconds else 0
        await self._top_up(held)
        for _ in range(looks):
            if len(held.messages) >= self._count:
                return
            await self._pace.wait(self.trigger.batch_seconds / looks)
            await self._top_up(held)

    async def _top_up(self, held: Held) -> None:
        while len(held.messages) < self._count:
            pulled = await self._pull(held, 0)
            held.add(pulled)
            if not pulled:
                return

    async def _pull(self, held: Held, wait_seconds: int) -> list[ReceivedMessage]:
        wanted = min(PULL, self._count - len(held.messages))
        return await self._service.receive(self.trigger.queue, wanted, wait_seconds)

    async def _delivered(self, batch: list[Received]) -> bool:
        body = payload(self.trigger, self._account, batch, self._pace.clock())
        retries = waits(self.trigger.retry_strategy, self._pace.uniform)
        while not await self._pushed(body, batch):
            seconds = next(retries, None)
            if seconds is None:
                return False
            self.progress.state = "retrying"
            await self._pace.wait(seconds)
        return True

    async def _pushed(self, body: bytes, batch: list[Received]) -> bool:
        self.progress.state = "pushing"
        self.progress.attempt += 1
        self.progress.pushes += 1
        return await self._push(body, _request_id(self.trigger, batch))

    def _give_up(self, batch: list[Received]) -> None:
        for message in batch:
            if self.trigger.dead_letter_queue:
                self._bury(message)
                self.progress.dead_lettered += 1
            else:
                self.progress.discarded += 1

    def _bury(self, message: Received) -> None:
        whole = encoded(event(self.trigger, self._account, message, self._pace.clock())).decode()
        try:
            self._service.send(self.trigger.dead_letter_queue, whole)
        except ServiceError:
            self._service.send(self.trigger.dead_letter_queue, message.body)


def _received(message: ReceivedMessage) -> Received:
    return Received(message.message_id, message.body, message.enqueue_time_ms, _new_request_id())


def _new_request_id() -> str:
    return uuid.uuid4().hex[:24].upper()


def _request_id(trigger: Trigger, batch: list[Received]) -> str:
    """In event-driven mode FC's request id is the event's id (seen in a real log); in batches one of its own."""
    return batch[0].message_id if trigger.mode == "event-driven" else str(uuid.uuid4())
