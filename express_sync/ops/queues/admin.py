"""Creates, subscribes, lists and deletes queues of SMQ through the function's wrapper of the SDK."""

import warnings
from dataclasses import dataclass

from mns.account import Account
from mns.queue import QueueMeta
from mns.subscription import SubscriptionMeta

from handler.smq.client import Smq, SmqError

_PLAIN = "SIMPLIFIED"
_EMPTY = "MessageNotExist"


@dataclass(frozen=True, slots=True)
class QueueState:
    """The messages of a queue by state, about, and when it was created and modified, in epoch seconds of SMQ."""

    visible: int
    hidden: int
    delayed: int
    created: int
    modified: int

    @property
    def total(self) -> int:
        """Return the number of all messages."""
        return self.visible + self.hidden + self.delayed


@dataclass(frozen=True, slots=True)
class Peeked:
    """A message that was looked at and not received."""

    message_id: str
    body: str
    enqueued_at_ms: int


class QueueAdmin(Smq):
    """Calls that manage queues; every method may raise SmqError."""

    def create(self, queue: str, meta: QueueMeta) -> None:
        """Create a queue."""
        self._do(lambda account: account.get_queue(queue).create(meta))

    def touch(self, queue: str, meta: QueueMeta) -> None:
        """Set the attributes of a queue, which sets the time of its modification."""
        self._do(lambda account: account.get_queue(queue).set_attributes(meta))

    def delete_queue(self, queue: str) -> None:
        """Delete a queue with its messages."""
        self._do(lambda account: account.get_queue(queue).delete())

    def subscribe(self, topic: str, name: str, endpoint: str) -> None:
        """Let a topic deliver every message, unwrapped, to the queue with the ARN `endpoint`."""
        meta = SubscriptionMeta(endpoint, "", _PLAIN)
        self._do(lambda account: account.get_subscription(topic, name).subscribe(meta))

    def unsubscribe(self, topic: str, name: str) -> None:
        """End a subscription."""
        self._do(lambda account: account.get_subscription(topic, name).unsubscribe())

    def names(self, prefix: str) -> list[str]:
        """Return the names of the queues with this prefix."""
        found: list[str] = []
        marker = ""
        while True:
            page, marker = self._names(prefix, marker)
            found += [url.rpartition("/")[2] for url in page]
            if not marker:
                return found

    def state(self, queue: str) -> QueueState:
        """Return the state of a queue; counts that SMQ omits are 0."""

        def read(account: Account) -> QueueState:
            with warnings.catch_warnings():  # the SDK warns that the counts will be removed
                warnings.simplefilter("ignore", DeprecationWarning)
                found = account.get_queue(queue).get_attributes()
                counts = (found.active_messages, found.inactive_messages, found.delay_messages)
            visible, hidden, delayed = (max(0, int(count)) for count in counts)
            return QueueState(visible, hidden, delayed, int(found.create_time), int(found.last_modify_time))

        state: QueueState = self._do(read)
        return state

    def peek(self, queue: str, count: int = 16) -> tuple[Peeked, ...]:
        """Return up to 16 of the first visible messages without receiving them."""

        def read(account: Account) -> tuple[Peeked, ...]:
            source = account.get_queue(queue)
            source.set_encoding(False)
            found = source.batch_peek_message(count)
            return tuple(Peeked(each.message_id, each.message_body, int(each.enqueue_time)) for each in found)

        try:
            peeked: tuple[Peeked, ...] = self._do(read)
        except SmqError as error:
            if error.code == _EMPTY:
                return ()
            raise
        return peeked

    def _names(self, prefix: str, marker: str) -> tuple[list[str], str]:
        page: tuple[list[str], str] = self._do(lambda account: account.list_queue(prefix, marker=marker))
        return page
