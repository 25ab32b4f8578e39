"""The whole engine: queues, topics, and publishing from the topics to the queues.

Reproduces: publishing to every subscriber that the tag matches, in the subscription's format, to queues with the
properties of the message; retries by the subscription's strategy while its queue does not exist, then the message is
dropped. HTTP servers are called by the package `push`.
Chosen: a message is delivered before the publish is answered, where the service takes some 30 ms; a queue's own delay
applies to what topics send to it; a notification's frame around the body does not count against the queue's maximum;
a message that is larger than that is repeated like one for a queue that does not exist, in case the maximum is raised.
Does not reproduce: the one-day store of a topic (`MessageCount` is always 0).
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from express_sync.local.account import Account
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.endpoint import HttpTarget, http_target, queue_of
from express_sync.local.mns.engine.message import Draft, Message, Property
from express_sync.local.mns.engine.queue_service import Clock, QueueService
from express_sync.local.mns.engine.topic import FORMATS, Notification, Subscription, SubscriptionAttributes, Topic
from express_sync.local.mns.engine.topic_service import TopicService
from express_sync.local.retry_strategy import waits


@dataclass(frozen=True, slots=True)
class AccountAttributes:
    """The attributes that the account's owner can set; None for one that was never set and has no default."""

    logging_bucket: str = ""
    trace_enabled: int | None = None


@dataclass(frozen=True, slots=True)
class HttpNotification:
    """A notification for an HTTP server: `content` is the body, the message in the subscription's format."""

    target: HttpTarget
    subscription: SubscriptionAttributes
    notification: Notification
    content: str


class MessageService:
    """MNS of one account over a clock of epoch seconds, in memory, in one event loop.

    `push` is called for each notification of an HTTP server.
    """

    def __init__(self, account: Account, clock: Clock = time.time) -> None:
        self.account = account
        self.attributes = AccountAttributes()
        self.push: Callable[[HttpNotification], None] = lambda _notification: None
        self.queues = QueueService(account, clock)
        self.topics = TopicService(account, self.queues)

    def publish(
        self,
        topic: str,
        body: str,
        *,
        tag: str = "",
        user_properties: Sequence[Property] = (),
        system_properties: Sequence[Property] = (),
    ) -> Message:
        """Send a message to every queue whose subscription matches `tag`; TopicNotExist, InvalidArgument.

        Returns the topic's message; each queue's copy has its own id.
        """
        now_ms = self.queues.advance()
        published_to = self.topics.topic(topic)
        draft = Draft(body, user_properties=tuple(user_properties), system_properties=tuple(system_properties))
        limits.check_draft(draft, published_to.attributes.maximum_message_size)
        limits.check_tag("MessageTag", tag)
        message = draft.message(0, now_ms, arrival=0)
        for subscription in published_to.subscriptions.values():
            if subscription.attributes.matches(tag):
                self._notify(published_to, subscription, message, tag, now_ms)
        return message

    def reset(self) -> None:
        """Drop all messages, including those still to be delivered; queues, topics and subscriptions stay."""
        self.queues.reset()

    def _notify(self, topic: Topic, subscription: Subscription, message: Message, tag: str, now_ms: int) -> None:
        attributes = subscription.attributes
        notification = Notification(
            owner=self.account.account_id,
            topic=topic.name,
            subscription=subscription.name,
            message_id=message.message_id,
            body=message.body,
            body_md5=message.body_md5,
            tag=tag,
            publish_time_ms=now_ms,
        )
        body = FORMATS[attributes.notify_content_format](notification)
        if target := http_target(attributes.endpoint):
            self.push(HttpNotification(target, attributes, notification, body))
            return
        draft = Draft(body, message.priority, message.user_properties, message.system_properties)
        retries_s = waits(attributes.notify_strategy, random.SystemRandom().uniform)
        size = len(message.body.encode())
        self._deliver(_QueueDelivery(queue_of(attributes.endpoint, self.account), draft, size, retries_s), now_ms)

    def _deliver(self, delivery: "_QueueDelivery", now_ms: int) -> None:
        if self._accepts(delivery):
            self.queues.enqueue(self.queues.queue(delivery.queue), delivery.draft, None, now_ms)
            return
        wait_s = next(delivery.retries_s, None)
        if wait_s is not None:
            self.queues.schedule.add(now_ms + int(wait_s * 1000), partial(self._deliver, delivery))

    def _accepts(self, delivery: "_QueueDelivery") -> bool:
        if not self.queues.has(delivery.queue):
            return False
        return delivery.size <= self.queues.queue(delivery.queue).attributes.maximum_message_size


@dataclass(frozen=True, slots=True)
class _QueueDelivery:
    """A notification for a queue: `size` is that of the body in bytes, `retries_s` are the waits that are left."""

    queue: str
    draft: Draft
    size: int
    retries_s: Iterator[float]
