"""The queues of the account: sending, receiving with long polling, and what time does to them all.

Reproduces: long polls that end with the first message or with their waiting time; dead letters moved as soon as
they are due, whether or not anybody polls, with their enqueue time and thereby their retention kept.
Chosen: a dead letter whose target queue does not exist stays where it is and is delivered again.
Does not reproduce: FIFO queues, encryption, throttling of consumers that never delete, and the short hold on the
name of a deleted queue.
Must not know: HTTP, XML, topics. All of it runs in one event loop; nothing is safe to call from other threads.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence

from express_sync.local.account import Account
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.message import DEFAULT_PRIORITY, Draft, Message, Property, State, new_message_id
from express_sync.local.mns.engine.queue import DeadLetterPolicy, Queue, QueueAttributes
from express_sync.local.mns.errors import ServiceError
from express_sync.local.mns.long_polls import Polls

Clock = Callable[[], float]
_STANDARD = QueueAttributes()


class QueueService:
    """Queues by name over a clock of epoch seconds; every change first brings all queues to its present."""

    def __init__(self, account: Account, clock: Clock = time.time) -> None:
        self.account = account
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self._arrivals = itertools.count(1)
        self.polls = Polls()

    # The queues themselves

    def create_queue(
        self, name: str, attributes: QueueAttributes = _STANDARD, dead_letter: DeadLetterPolicy | None = None
    ) -> bool:
        """Create the queue: True if it is new, False if there is one just like it; QueueAlreadyExist if it differs.

        A dead-letter policy belongs to the control plane: the 2015-06-06 API can neither set it nor see it, so
        a creation without one agrees with any. The target queue may be created later.
        """
        limits.QUEUE_NAME.check(name)
        attributes.check()
        if dead_letter is not None:
            dead_letter.check(name)
        now_ms = self.advance()
        existing = self._queues.get(name)
        if existing is None:
            self._queues[name] = Queue(name, attributes, dead_letter, now_ms // 1000)
        elif existing.attributes != attributes or dead_letter not in (None, existing.dead_letter):
            raise ServiceError("QueueAlreadyExist")
        return existing is None

    def set_queue_attributes(self, name: str, attributes: QueueAttributes) -> None:
        """Replace the attributes of an existing queue; QueueNotExist, InvalidArgument."""
        now_ms = self.advance()
        queue = self.queue(name)
        attributes.check()
        queue.attributes = attributes
        queue.modified_s = now_ms // 1000

    def delete_queue(self, name: str) -> None:
        """Delete the queue and its messages; a queue that is not there is as good as deleted."""
        limits.QUEUE_NAME.check(name)
        self.advance()
        self._queues.pop(name, None)
        self.polls.wake(name)

    def queue(self, name: str) -> Queue:
        """The queue of that name; InvalidQueueName, QueueNameLengthError, QueueNotExist."""
        limits.QUEUE_NAME.check(name)
        if name not in self._queues:
            raise ServiceError("QueueNotExist")
        return self._queues[name]

    def queues(self) -> list[Queue]:
        """All queues, by name."""
        return [self._queues[name] for name in sorted(self._queues)]

    def messages(self, queue: str) -> list[tuple[Message, State]]:
        """Every message of the queue with its state, in order of arrival, untouched."""
        now_ms = self.advance()
        held = sorted(self.queue(queue), key=lambda message: message.arrival)
        return [(message, message.state(now_ms)) for message in held]

    def reset(self) -> None:
        """Drop every message; the queues stay."""
        for queue in self._queues.values():
            queue.clear()

    # Messages

    def send(
        self,
        queue: str,
        body: str,
        *,
        delay_seconds: int | None = None,
        priority: int = DEFAULT_PRIORITY,
        user_properties: Sequence[Property] = (),
        system_properties: Sequence[Property] = (),
    ) -> Message:
        """Put a message into the queue, visible after its own delay or the queue's; InvalidArgument, QueueNotExist.

        `body` is text of 1 byte to the queue's maximum. The result carries a receipt handle if it is delayed.
        """
        now_ms = self.advance()
        target = self.queue(queue)
        draft = Draft(body, priority, tuple(user_properties), tuple(system_properties))
        limits.check_draft(draft, target.attributes.maximum_message_size)
        if delay_seconds is not None:
            limits.DELAY_SECONDS.check(delay_seconds)
        return self._enqueue(target, draft, delay_seconds, now_ms)

    async def receive(self, queue: str, count: int = 1, wait_seconds: int | None = None) -> list[Message]:
        """Receive 1 to 16 messages, each invisible from now for the queue's visibility timeout.

        Waits up to `wait_seconds` of real time (0 to 30; None: the queue's own) for a first one; [] when none came.
        Cancelling a wait takes nothing. InvalidArgument, QueueNotExist (also when deleted meanwhile).
        """
        limits.MESSAGE_COUNT.check(count)
        wait = self.queue(queue).attributes.polling_wait_seconds if wait_seconds is None else wait_seconds
        limits.WAIT_SECONDS.check(wait)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            now_ms = self.advance()
            received = self.queue(queue).take(count, now_ms)
            remaining = deadline - loop.time()
            if received or remaining <= 0:
                return received
            await self.polls.wait(queue, min(remaining, self._until_next_change(now_ms)))

    def peek(self, queue: str, count: int = 1) -> list[Message]:
        """Up to `count` (1 to 16) messages that a receive could have, left as they are; [] when there is none."""
        limits.MESSAGE_COUNT.check(count)
        now_ms = self.advance()
        return self.queue(queue).peek(count, now_ms)

    def delete(self, queue: str, receipt_handle: str) -> None:
        """Delete the message that the handle holds; ReceiptHandleError, MessageNotExist, QueueNotExist."""
        now_ms = self.advance()
        self.queue(queue).delete(receipt_handle, now_ms)

    def change_visibility(self, queue: str, receipt_handle: str, seconds: int) -> Message:
        """Hide the held message for 1 to 43200 seconds from now; returns it with its new handle.

        ReceiptHandleError, MessageNotExist, QueueNotExist, InvalidArgument.
        """
        limits.VISIBILITY_TIMEOUT.check(seconds)
        now_ms = self.advance()
        return self.queue(queue).change_visibility(receipt_handle, seconds, now_ms)

    # Time

    def now_ms(self) -> int:
        """The clock's present in milliseconds."""
        return int(self._clock() * 1000)

    def advance(self) -> int:
        """Let everything happen that was due by now; returns that now, in milliseconds."""
        now_ms = self.now_ms()
        while dead := [(queue, message) for queue in self._queues.values() for message in queue.settle(now_ms)]:
            for queue, message in dead:
                self._bury(queue, message, now_ms)
        return now_ms

    def next_change_ms(self) -> int | None:
        """When time next changes anything by itself, at the earliest; None if it never will."""
        return min(
            (due for queue in self._queues.values() if (due := queue.next_change_ms()) is not None), default=None
        )

    def _bury(self, source: Queue, message: Message, now_ms: int) -> None:
        target = self._queues.get(source.dead_letter.target_queue) if source.dead_letter else None
        if target is None:
            self._put(source, message, now_ms)
            return
        arn = f"acs:mns:{self.account.region}:{self.account.account_id}:/queues/{source.name}"
        self._put(target, message.dead_letter(arn, new_message_id(), next(self._arrivals), now_ms), now_ms)

    def _enqueue(self, queue: Queue, draft: Draft, delay_seconds: int | None, now_ms: int) -> Message:
        delay = queue.attributes.delay_seconds if delay_seconds is None else delay_seconds
        return self._put(queue, self._message(draft, delay, now_ms), now_ms)

    def _message(self, draft: Draft, delay_seconds: int, now_ms: int) -> Message:
        return Message(
            message_id=new_message_id(),
            body=draft.body,
            arrival=next(self._arrivals),
            enqueue_time_ms=now_ms,
            next_visible_time_ms=now_ms + delay_seconds * 1000,
            first_dequeue_time_ms=now_ms,
            priority=draft.priority,
            user_properties=draft.user_properties,
            system_properties=draft.system_properties,
        )

    def _put(self, queue: Queue, message: Message, now_ms: int) -> Message:
        held = queue.put(message, now_ms)
        self.polls.wake(queue.name)
        return held

    def _until_next_change(self, now_ms: int) -> float:
        due_ms = self.next_change_ms()
        return float("inf") if due_ms is None else max(due_ms - now_ms, 1) / 1000
