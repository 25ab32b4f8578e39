"""One queue: its messages, and when their states change.

Reproduces: delivery by priority, then order of arrival; visibility timeouts and delays; handles that die with the
state they were given for; retention counted from enqueueing; a message that has reached its policy's receive
count is not delivered again but goes to the dead-letter queue.
Unknown: in which order the service redelivers; here a message keeps its place of arrival.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.index import Index
from express_sync.local.mns.engine.message import Message, State, message_id_of
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
    """The messages of one queue; call `settle` before any other method. No method depends on how many there are."""

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
        self.counts: Counter[State] = Counter()
        self.newly_active = 0  # messages that have become active since somebody reset this
        self._messages: dict[str, Message] = {}
        self._active = Index[tuple[int, int, str]](lambda entry: self._state_of(entry[2]) == "active", self._live)
        self._hidden = Index[tuple[int, str]](self._is_due, self._live)
        self._ages = Index[tuple[int, str]](lambda entry: entry[1] in self._messages, self._live)
        self._states: dict[str, State] = {}

    def __iter__(self) -> Iterator[Message]:
        """Iterate over all messages in any state."""
        return iter(self._messages.values())

    @property
    def residue(self) -> int:
        """Return how many entries of indexes there are beyond those of its messages."""
        return len(self._active) + len(self._hidden) + len(self._ages) - 2 * len(self._messages)

    def put(self, message: Message, now_ms: int) -> Message:
        """Add `message`, delayed if it becomes visible later; returns it as it was stored."""
        delay_ms = message.next_visible_time_ms - now_ms
        stored = message.hidden(now_ms, delay_ms, next(self._serials)) if delay_ms > 0 else message
        self._store(stored, now_ms)
        self._ages.add((message.enqueue_time_ms, message.message_id))
        return stored

    def settle(self, now_ms: int) -> list[Message]:
        """Do everything that is due by `now_ms`; returns the messages that left as dead letters."""
        dead = []
        while (due := self._hidden.first()) is not None and due[0] <= now_ms:
            message = self._remove(due[1])
            if self._expires_ms(message) <= due[0]:
                continue
            if self._has_reached_limit(message):
                dead.append(message)
            else:
                self._store(message, now_ms)
        self._expire(now_ms)
        return dead

    def take(self, count: int, now_ms: int) -> list[Message]:
        """Receive up to `count` active messages, the most urgent first."""
        visibility_ms = self.attributes.visibility_timeout * 1000
        taken: list[Message] = []
        while len(taken) < count and (entry := self._active.pop()) is not None:
            received = self._messages[entry[2]].received(now_ms, visibility_ms, next(self._serials))
            self._store(received, now_ms)
            taken.append(received)
        return taken

    def peek(self, count: int) -> list[Message]:
        """Return up to `count` active messages, the most urgent first, unchanged."""
        entries: list[tuple[int, int, str]] = []
        while len(entries) < count and (entry := self._active.pop()) is not None:
            entries.append(entry)
        for entry in entries:
            self._active.add(entry)
        return [self._messages[entry[2]] for entry in entries]

    def delete(self, receipt_handle: str) -> None:
        """Remove the message of the receipt handle; ReceiptHandleError, MessageNotExist."""
        self._remove(self._leased(receipt_handle).message_id)

    def change_visibility(self, receipt_handle: str, seconds: int, now_ms: int) -> Message:
        """Hide the message for `seconds` from now, under a new handle; ReceiptHandleError, MessageNotExist."""
        hidden = self._leased(receipt_handle).hidden(now_ms, seconds * 1000, next(self._serials))
        self._store(hidden, now_ms)
        return hidden

    def next_change_ms(self) -> int | None:
        """Return when the first hidden message is due; None if no message is hidden."""
        first = self._hidden.first()
        return first and first[0]

    def _leased(self, receipt_handle: str) -> Message:
        message = self._messages.get(message_id_of(receipt_handle))
        if (
            message is None
            or message.receipt_handle != receipt_handle
            or self._state_of(message.message_id) == "active"
        ):
            raise MnsError("MessageNotExist")
        return message

    def _store(self, message: Message, now_ms: int) -> None:
        """Keep the message in its present state, in place of an earlier one of the same id."""
        message_id, state = message.message_id, message.state(now_ms)
        if (before := self._states.get(message_id)) is not None:
            self.counts[before] -= 1
        self._messages[message_id], self._states[message_id] = message, state
        self.counts[state] += 1
        if state == "active":
            self.newly_active += 1
            self._active.add((message.priority, message.arrival, message_id))
        else:
            self._hidden.add((message.next_visible_time_ms, message_id))

    def _remove(self, message_id: str) -> Message:
        self.counts[self._states.pop(message_id)] -= 1
        return self._messages.pop(message_id)

    def _state_of(self, message_id: str) -> State | None:
        return self._states.get(message_id)

    def _is_due(self, entry: tuple[int, str]) -> bool:
        message = self._messages.get(entry[1])
        is_hidden = self._state_of(entry[1]) in ("inactive", "delayed")
        return is_hidden and message is not None and message.next_visible_time_ms == entry[0]

    def _live(self) -> int:
        return len(self._messages)

    def _has_reached_limit(self, message: Message) -> bool:
        return self.dead_letter is not None and message.dequeue_count >= self.dead_letter.max_receive_count

    def _expires_ms(self, message: Message) -> int:
        return message.enqueue_time_ms + self.attributes.message_retention_period * 1000

    def _expire(self, now_ms: int) -> None:
        while (oldest := self._ages.first()) is not None and self._expires_ms(self._messages[oldest[1]]) <= now_ms:
            self._remove(oldest[1])
