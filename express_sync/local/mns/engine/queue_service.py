"""The queues of the account: sending, receiving with long polling, and what happens in the course of time.

Reproduces: long polls that end with the first message or with their waiting time; dead letters moved as soon as
they are due, whether or not a client polls, with their enqueue time and therefore their retention kept.
Chosen: a dead letter whose target queue does not exist stays where it is and is delivered again.
Does not reproduce: FIFO queues, encryption, throttling of consumers that never delete, and the short time in which
the name of a deleted queue cannot be used. Not thread-safe: everything runs in one event loop.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence

from express_sync.local.account import Account
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.alarm import Alarm
from express_sync.local.mns.engine.message import DEFAULT_PRIORITY, Draft, Message, Property, State, new_message_id
from express_sync.local.mns.engine.queue import DeadLetterPolicy, Queue, QueueAttributes
from express_sync.local.mns.engine.schedule import Schedule
from express_sync.local.mns.errors import MnsError
from express_sync.local.mns.long_polls import LongPolls

Clock = Callable[[], float]
_STANDARD = QueueAttributes()


class QueueService:
    """Queues by name over a clock of epoch seconds; each method first does what is due by now.

    `schedule` has what other parts of the engine do to queues later.
    """

    def __init__(self, account: Account, clock: Clock = time.time) -> None:
        self.account = account
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self._arrivals = itertools.count(1)
        self.polls = LongPolls()
        self._alarm = Alarm(lambda: self._set_alarm(self.advance()))
        self.schedule = Schedule()

    def create_queue(
        self, name: str, attributes: QueueAttributes = _STANDARD, dead_letter: DeadLetterPolicy | None = None
    ) -> bool:
        """Create the queue: True if it is new, False if an equal one exists; QueueAlreadyExist if it differs.

        A dead-letter policy belongs to the control plane: the 2015-06-06 API can neither set nor show it, so
        a creation without one equals any. The target queue may be created later.
        """
        limits.QUEUE_NAME.check(name)
        attributes.check()
        if dead_letter is not None:
            dead_letter.check(name)
        now_ms = self.advance()
        existing = self._queues.get(name)
        if existing is None:
            limits.check_quota(len(self._queues), limits.MAX_QUEUES)
            self._queues[name] = Queue(name, attributes, dead_letter, now_ms // 1000)
        elif existing.attributes != attributes or dead_letter not in (None, existing.dead_letter):
            raise MnsError("QueueAlreadyExist")
        return existing is None

    def set_queue_attributes(self, name: str, attributes: QueueAttributes) -> None:
        """Replace the attributes of an existing queue; QueueNotExist, InvalidArgument."""
        now_ms = self.advance()
        queue = self.queue(name)
        attributes.check()
        queue.attributes = attributes
        queue.modified_s = now_ms // 1000

    def delete_queue(self, name: str) -> None:
        """Delete the queue and its messages, if it exists."""
        limits.QUEUE_NAME.check(name)
        self.advance()
        self._queues.pop(name, None)
        self.polls.wake(name)

    def queue(self, name: str) -> Queue:
        """Return the queue of that name; InvalidQueueName, QueueNameLengthError, QueueNotExist."""
        limits.QUEUE_NAME.check(name)
        if name not in self._queues:
            raise MnsError("QueueNotExist")
        return self._queues[name]

    def has(self, name: str) -> bool:
        """Tell whether the queue exists."""
        return name in self._queues

    def all_queues(self) -> list[Queue]:
        """Return all queues, sorted by name."""
        return [self._queues[name] for name in sorted(self._queues)]

    def messages(self, queue: str) -> list[tuple[Message, State]]:
        """Return every message of the queue with its state, in order of arrival, without changing any."""
        now_ms = self.advance()
        messages = sorted(self.queue(queue), key=lambda message: message.arrival)
        return [(message, message.state(now_ms)) for message in messages]

    def counts(self, queue: str) -> Mapping[State, int]:
        """Return how many messages of the queue are in each state."""
        self.advance()
        return self.queue(queue).counts

    def reset(self) -> None:
        """Drop every message and what is scheduled; the queues stay."""
        self.schedule.clear()
        for queue in self._queues.values():
            queue.clear()

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

        `body` is text of 1 byte to the queue's maximum. The result has a receipt handle if it is delayed.
        """
        now_ms = self.advance()
        target = self.queue(queue)
        draft = Draft(body, priority, tuple(user_properties), tuple(system_properties))
        limits.check_draft(draft, target.attributes.maximum_message_size)
        if delay_seconds is not None:
            limits.DELAY_SECONDS.check(delay_seconds)
        return self.enqueue(target, draft, delay_seconds, now_ms)

    async def receive(self, queue: str, count: int = 1, wait_seconds: int | None = None) -> list[Message]:
        """Receive 1 to 16 messages, each invisible from now for the queue's visibility timeout.

        Waits up to `wait_seconds` of real time (0 to 30; None: the queue's own) for a first one; [] if none came.
        Cancelling a wait receives nothing. InvalidArgument, QueueNotExist (also when deleted meanwhile).
        """
        limits.MESSAGE_COUNT.check(count)
        wait = self.queue(queue).attributes.polling_wait_seconds if wait_seconds is None else wait_seconds
        limits.WAIT_SECONDS.check(wait)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            received = self._take(queue, count)
            remaining = deadline - loop.time()
            if received or remaining <= 0:
                return received
            await self._wait(queue, remaining)

    def peek(self, queue: str, count: int = 1) -> list[Message]:
        """Return up to `count` (1 to 16) messages that can be received, unchanged; [] if the queue is empty."""
        limits.MESSAGE_COUNT.check(count)
        self.advance()
        return self.queue(queue).peek(count)

    def delete(self, queue: str, receipt_handle: str) -> None:
        """Delete the message of the receipt handle; ReceiptHandleError, MessageNotExist, QueueNotExist."""
        self.advance()
        self.queue(queue).delete(receipt_handle)

    def change_visibility(self, queue: str, receipt_handle: str, seconds: int) -> Message:
        """Hide the message for 1 to 43200 seconds from now; returns it with its new handle.

        ReceiptHandleError, MessageNotExist, QueueNotExist, InvalidArgument.
        """
        limits.VISIBILITY_TIMEOUT.check(seconds)
        now_ms = self.advance()
        changed = self.queue(queue).change_visibility(receipt_handle, seconds, now_ms)
        self._set_alarm(now_ms)
        return changed

    def now_ms(self) -> int:
        """Return the time of the clock in milliseconds."""
        return int(self._clock() * 1000)

    def advance(self) -> int:
        """Do everything that is due by now; returns that time in milliseconds."""
        now_ms = self.now_ms()
        while dead := [(queue, message) for queue in self._queues.values() for message in queue.settle(now_ms)]:
            for queue, message in dead:
                self._dead_letter(queue, message, now_ms)
        self.schedule.run_due(now_ms)
        for queue in self._queues.values():
            self._wake(queue)
        return now_ms

    def next_change_ms(self) -> int | None:
        """Return when something is due next, or earlier; None if nothing is."""
        due = [self.schedule.next_due_ms(), *(queue.next_change_ms() for queue in self._queues.values())]
        return min((each for each in due if each is not None), default=None)

    def enqueue(self, queue: Queue, draft: Draft, delay_seconds: int | None, now_ms: int) -> Message:
        """Put a checked `draft` into the queue, with the queue's own delay if `delay_seconds` is None."""
        delay = queue.attributes.delay_seconds if delay_seconds is None else delay_seconds
        return self._put(queue, draft.message(delay, now_ms, next(self._arrivals)), now_ms)

    def _dead_letter(self, source: Queue, message: Message, now_ms: int) -> None:
        target = self._queues.get(source.dead_letter.target_queue) if source.dead_letter else None
        if target is None:
            self._put(source, message, now_ms)
            return
        arn = f"acs:mns:{self.account.region}:{self.account.account_id}:/queues/{source.name}"
        self._put(target, message.dead_letter(arn, new_message_id(), next(self._arrivals), now_ms), now_ms)

    def _put(self, queue: Queue, message: Message, now_ms: int) -> Message:
        stored = queue.put(message, now_ms)
        self._wake(queue)
        self._set_alarm(now_ms)
        return stored

    def _take(self, queue: str, count: int) -> list[Message]:
        now_ms = self.advance()
        taken = self.queue(queue).take(count, now_ms)
        self._set_alarm(now_ms)
        return taken

    def _wake(self, queue: Queue) -> None:
        """End as many waits as there are new messages."""
        if queue.newly_active:
            self.polls.wake(queue.name, queue.newly_active)
            queue.newly_active = 0

    async def _wait(self, queue: str, seconds: float) -> None:
        self._set_alarm(self.now_ms(), is_needed=True)
        try:
            await self.polls.wait(queue, seconds)
        finally:
            if not self.polls:
                self._alarm.clear()

    def _set_alarm(self, now_ms: int, *, is_needed: bool = False) -> None:
        """While somebody waits, do what is due next as soon as it is due."""
        if (self.polls or is_needed) and (due_ms := self.next_change_ms()) is not None:
            self._alarm.set(due_ms, now_ms)
