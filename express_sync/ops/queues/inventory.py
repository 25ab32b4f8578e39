"""Reads queues, topics and subscriptions of SMQ through the function's wrapper of the SDK."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mns.account import Account

from handler.smq.client import Smq, SmqError

_EMPTY = "MessageNotExist"


@dataclass(frozen=True, slots=True)
class QueueState:
    """The messages of a queue by state, about, and when it was created and modified, in epoch seconds of SMQ."""

    visible: int = 0
    hidden: int = 0
    delayed: int = 0
    created: int = 0
    modified: int = 0

    @property
    def total(self) -> int:
        """Return the number of all messages."""
        return self.visible + self.hidden + self.delayed


@dataclass(frozen=True, slots=True)
class Peeked:
    """A message that was looked at and not received."""

    body: str
    enqueued_at_ms: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of a topic: messages with the tag `tag`, or all if it is empty, go to the queue `queue`."""

    name: str
    queue: str
    tag: str
    content_format: str


class SmqInventory(Smq):
    """Read-only calls to SMQ; every method may raise SmqError."""

    def names(self, prefix: str) -> list[str]:
        """Return the names of the queues with this prefix."""
        return self._pages(lambda marker, account: account.list_queue(prefix, marker=marker))

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

    def peek(self, queue: str) -> tuple[Peeked, ...]:
        """Return up to 16 of the first visible messages without receiving them."""

        def read(account: Account) -> tuple[Peeked, ...]:
            source = account.get_queue(queue)
            source.set_encoding(False)
            found = source.batch_peek_message(16)
            return tuple(Peeked(each.message_body, int(each.enqueue_time)) for each in found)

        try:
            peeked: tuple[Peeked, ...] = self._do(read)
        except SmqError as error:
            if error.code == _EMPTY:
                return ()
            raise
        return peeked

    def check_topic(self, topic: str) -> None:
        """Return if the topic exists."""
        self._do(lambda account: account.get_topic(topic).get_attributes())

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        """Return all subscriptions of a topic; `queue` is empty for an endpoint of another kind."""
        names = self._pages(lambda marker, account: account.get_topic(topic).list_subscription(marker=marker))
        return tuple(self._subscription(topic, name) for name in names)

    def _subscription(self, topic: str, name: str) -> Subscription:
        found = self._do(lambda account: account.get_subscription(topic, name).get_attributes())
        queue = found.endpoint.rpartition("queues/")[2] if "queues/" in found.endpoint else ""
        return Subscription(name, queue, found.filter_tag, found.notify_content_format)

    def _pages(self, read: Callable[[str, Account], tuple[list[str], str]]) -> list[str]:
        """Return the names of all pages of a list; `read` returns the URLs of one page and the marker of the next."""
        names: list[str] = []
        marker = ""
        while True:
            page, marker = self._do(partial(read, marker))
            names += [url.rpartition("/")[2] for url in page]
            if not marker:
                return names
