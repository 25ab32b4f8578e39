"""One queue: its messages, and when their states change.

Reproduces: delivery by priority, then order of arrival; visibility timeouts and delays; handles that die with the
state they were given for; retention counted from enqueueing; a message that has reached its policy's receive
count is not delivered again but goes to the dead-letter queue.
Unknown: in which order the service redelivers; here a message keeps its place of arrival.
"""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.message import Message, message_id_of
from express_sync.local.mns.errors import MnsError


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """The attributes that a queue's owner can set: seconds, and bytes of UTF-8 for the size."""

    delay_seconds: int = 0
    maximum_message_size: int = 65536
    message_retention_period: int = 345600
    visibility_timeout: int = 30
    polling_wait_seconds: int = 0
    logging_enabled: bool = False

    def check(self) -> None:
        """Return if every value is in its documented range; InvalidArgument."""
        limits.DELAY_SECONDS.check(self.delay_seconds)
        limits.MAXIMUM_MESSAGE_SIZE.check(self.maximum_message_size)
        limits.MESSAGE_RETENTION_PERIOD.check(self.message_retention_period)
        limits.VISIBILITY_TIMEOUT.check(self.visibility_timeout)
        limits.POLLING_WAIT_SECONDS.check(self.polling_wait_seconds)


@dataclass(frozen=True, slots=True)
class DeadLetterPolicy:
    """A message goes to `target_queue` after `max_receive_count` receives without a delete."""

    target_queue: str
    max_receive_count: int

    def check(self, source_queue: str) -> None:
        """Return if `source_queue` may have this policy; InvalidArgument, or an error of the target's name."""
        limits.QUEUE_NAME.check(self.target_queue)
        limits.MAX_RECEIVE_COUNT.check(self.max_receive_count)
        if self.target_queue == source_queue:
            raise MnsError("InvalidArgument", "A queue cannot be its own dead-letter queue.")


class Queue:
    """The messages of one queue; call `settle` before any other method."""

    def __init__(
        self, name: str, attributes: QueueAttributes, dead_letter: DeadLetterPolicy | None, created_s: int
    ) -> None:
        self.name = name
        self.attributes = attributes
        self.dead_letter = dead_letter
        self.created_s = created_s
        self.modified_s = created_s
        self._serials = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        """Drop every message."""
        self._messages: dict[str, Message] = {}
        # Indexes over _messages, each a heap that may have outdated entries; readers check.
        self._active: list[tuple[int, int, str]] = []
        self._hidden: list[tuple[int, str]] = []
        self._ages: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[Message]:
        """Iterate over all messages in any state."""
        return iter(self._messages.values())

    def put(self, message: Message, now_ms: int) -> Message:
        """Add `message`, delayed if it becomes visible later; returns it as it was stored."""
        delay_ms = message.next_visible_time_ms - now_ms
        heapq.heappush(self._ages, (message.enqueue_time_ms, message.message_id))
        if delay_ms > 0:
            return self._hide(message.hidden(now_ms, delay_ms, next(self._serials)))
        self._show(message)
        return message

    def settle(self, now_ms: int) -> list[Message]:
        """Do everything that is due by `now_ms`; returns the messages that left as dead letters."""
        dead = []
        while self._hidden and self._hidden[0][0] <= now_ms:
            due_ms, message_id = heapq.heappop(self._hidden)
            message = self._messages.get(message_id)
            if message is None or message.next_visible_time_ms != due_ms or self._expires_ms(message) <= due_ms:
                continue
            if self._has_reached_limit(message):
                dead.append(self._messages.pop(message_id))
            else:
                self._show(message)
        self._expire(now_ms)
        return dead

    def take(self, count: int, now_ms: int) -> list[Message]:
        """Receive up to `count` active messages, the most urgent first."""
        taken: list[Message] = []
        visibility_ms = self.attributes.visibility_timeout * 1000
        while self._active and len(taken) < count:
            message = self._messages.get(heapq.heappop(self._active)[2])
            if message is not None and message.state(now_ms) == "active":
                taken.append(self._hide(message.received(now_ms, visibility_ms, next(self._serials))))
        return taken

    def peek(self, count: int, now_ms: int) -> list[Message]:
        """Return up to `count` active messages, the most urgent first, unchanged."""
        active = (message for message in self if message.state(now_ms) == "active")
        return heapq.nsmallest(count, active, key=lambda message: (message.priority, message.arrival))

    def delete(self, receipt_handle: str, now_ms: int) -> None:
        """Remove the message of the receipt handle; ReceiptHandleError, MessageNotExist."""
        del self._messages[self._leased(receipt_handle, now_ms).message_id]

    def change_visibility(self, receipt_handle: str, seconds: int, now_ms: int) -> Message:
        """Hide the message for `seconds` from now, under a new handle; ReceiptHandleError, MessageNotExist."""
        leased = self._leased(receipt_handle, now_ms)
        return self._hide(leased.hidden(now_ms, seconds * 1000, next(self._serials)))

    def next_change_ms(self) -> int | None:
        """Return when the first hidden message is due, or earlier; None if no message is hidden."""
        return self._hidden[0][0] if self._hidden else None

    def _leased(self, receipt_handle: str, now_ms: int) -> Message:
        message = self._messages.get(message_id_of(receipt_handle))
        if message is None or message.receipt_handle != receipt_handle or message.state(now_ms) == "active":
            raise MnsError("MessageNotExist")
        return message

    def _hide(self, message: Message) -> Message:
        self._messages[message.message_id] = message
        heapq.heappush(self._hidden, (message.next_visible_time_ms, message.message_id))
        return message

    def _show(self, message: Message) -> None:
        self._messages[message.message_id] = message
        heapq.heappush(self._active, (message.priority, message.arrival, message.message_id))

    def _has_reached_limit(self, message: Message) -> bool:
        return self.dead_letter is not None and message.dequeue_count >= self.dead_letter.max_receive_count

    def _expires_ms(self, message: Message) -> int:
        return message.enqueue_time_ms + self.attributes.message_retention_period * 1000

    def _expire(self, now_ms: int) -> None:
        while self._ages:
            message_id = self._ages[0][1]
            if message_id in self._messages and self._expires_ms(self._messages[message_id]) > now_ms:
                return
            heapq.heappop(self._ages)
            self._messages.pop(message_id, None)
