"""The whole engine: queues, topics on top of them, and the fan-out from the one to the other.

Reproduces: publishing to every queue whose subscription wants the tag, in the subscription's format, properties
riding along; retries by the subscription's strategy while its queue does not exist, then the message is dropped.
Chosen: fan-out happens before the publish is answered, where the service takes some 30 ms; a queue's own delay
holds for what topics send it; a notification's frame around the body does not count against the queue's maximum.
Does not reproduce: the one-day store of a topic (`MessageCount` is always 0).
Must not know: HTTP, and XML but for what `topic` makes of a body.
"""

import heapq
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from express_sync.local.account import Account
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.message import Draft, Message, Property
from express_sync.local.mns.engine.queue import DeadLetterPolicy, QueueAttributes
from express_sync.local.mns.engine.queue_service import Clock
from express_sync.local.mns.engine.topic import FORMATS, RETRY_WAITS_S, Notification, Subscription, Topic
from express_sync.local.mns.engine.topic_service import TopicService

__all__ = ["Clock", "DeadLetterPolicy", "MessageService", "Property", "QueueAttributes", "ReceivedMessage"]

# What a receive returns is the message as it left the queue, with the handle that holds it.
ReceivedMessage = Message


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A notification for the queue of that name, with the waits that are left if it is not there."""

    queue: str
    draft: Draft
    waits_s: Iterator[float]


class MessageService(TopicService):
    """MNS of one account over a clock of epoch seconds, in memory, in one event loop."""

    def __init__(self, account: Account, clock: Clock = time.time) -> None:
        super().__init__(account, clock)
        self._undelivered: list[tuple[int, int, _Delivery]] = []
        self._numbers = itertools.count()

    def publish(
        self,
        topic: str,
        body: str,
        *,
        tag: str = "",
        user_properties: Sequence[Property] = (),
        system_properties: Sequence[Property] = (),
    ) -> Message:
        """Send a message to every queue whose subscription wants `tag`; TopicNotExist, InvalidArgument.

        Returns the topic's message; each queue's copy has an id of its own.
        """
        now_ms = self.advance()
        published_to = self.topic(topic)
        draft = Draft(body, user_properties=tuple(user_properties), system_properties=tuple(system_properties))
        limits.check_draft(draft, published_to.attributes.maximum_message_size)
        limits.check_tag("MessageTag", tag)
        message = self._message(draft, 0, now_ms)
        for subscription in published_to.subscriptions.values():
            if subscription.attributes.wants(tag):
                self._notify(published_to, subscription, message, tag, now_ms)
        return message

    def advance(self) -> int:
        """As for queues, and retry the notifications that are due."""
        now_ms = super().advance()
        while self._undelivered and self._undelivered[0][0] <= now_ms:
            self._deliver(heapq.heappop(self._undelivered)[2], now_ms)
        return now_ms

    def next_change_ms(self) -> int | None:
        """As for queues, or the next retry of a notification."""
        due = [due for due in (super().next_change_ms(), *(retry[0] for retry in self._undelivered[:1])) if due]
        return min(due, default=None)

    def reset(self) -> None:
        """Drop every message, those still to be delivered included; queues, topics and subscriptions stay."""
        super().reset()
        self._undelivered.clear()

    def _notify(self, topic: Topic, subscription: Subscription, message: Message, tag: str, now_ms: int) -> None:
        wanted = subscription.attributes
        body = FORMATS[wanted.notify_content_format](
            Notification(
                owner=self.account.account_id,
                topic=topic.name,
                subscription=subscription.name,
                message_id=message.message_id,
                body=message.body,
                body_md5=message.body_md5,
                tag=tag,
                publish_time_ms=now_ms,
            )
        )
        draft = Draft(body, message.priority, message.user_properties, message.system_properties)
        waits_s = RETRY_WAITS_S[wanted.notify_strategy]()
        self._deliver(_Delivery(self.queue_of(wanted.endpoint), draft, waits_s), now_ms)

    def _deliver(self, delivery: _Delivery, now_ms: int) -> None:
        queue = self._queues.get(delivery.queue)
        if queue is not None:
            self._enqueue(queue, delivery.draft, None, now_ms)
            return
        wait_s = next(delivery.waits_s, None)
        if wait_s is not None:
            retry = (now_ms + int(wait_s * 1000), next(self._numbers), delivery)
            heapq.heappush(self._undelivered, retry)
