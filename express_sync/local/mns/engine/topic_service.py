"""The topics of the account and who has subscribed to them.

Reproduces: creations that may be repeated as long as they ask for the same; a queue may subscribe only if it takes
messages as large as the topic's; of a subscription only the retry strategy can change.
Does not reproduce: endpoints other than queues of this account and region (refused as EndpointInvalid), dead-letter
queues of subscriptions, the short hold on the name of a deleted topic.
Must not know: messages, HTTP, XML.
"""

import re
import time
from dataclasses import replace

from express_sync.local.account import Account
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.queue_service import Clock, QueueService
from express_sync.local.mns.engine.topic import Subscription, SubscriptionAttributes, Topic, TopicAttributes
from express_sync.local.mns.errors import ServiceError

_ENDPOINT = re.compile(r"acs:mns:([^:/]+):([^:/]+):/?queues/([^:/]+)")


class TopicService(QueueService):
    """Queues, and topics and subscriptions by name."""

    def __init__(self, account: Account, clock: Clock = time.time) -> None:
        super().__init__(account, clock)
        self._topics: dict[str, Topic] = {}

    # Topics

    def create_topic(self, name: str, maximum_message_size: int = 65536, logging_enabled: bool = False) -> bool:
        """Create the topic: True if new, False if there is one just like it; TopicAlreadyExist if it differs."""
        limits.TOPIC_NAME.check(name)
        attributes = TopicAttributes(maximum_message_size, logging_enabled)
        attributes.check()
        existing = self._topics.get(name)
        if existing is None:
            now_s = self.now_ms() // 1000
            self._topics[name] = Topic(name, attributes, now_s, now_s)
        elif existing.attributes != attributes:
            raise ServiceError("TopicAlreadyExist")
        return existing is None

    def set_topic_attributes(self, name: str, attributes: TopicAttributes) -> None:
        """Replace the attributes of an existing topic; TopicNotExist, InvalidArgument."""
        topic = self.topic(name)
        attributes.check()
        topic.attributes = attributes
        topic.modified_s = self.now_ms() // 1000

    def delete_topic(self, name: str) -> None:
        """Delete the topic and its subscriptions; a topic that is not there is as good as deleted."""
        limits.TOPIC_NAME.check(name)
        self._topics.pop(name, None)

    def topic(self, name: str) -> Topic:
        """The topic of that name; TopicNameInvalid, TopicNameLengthError, TopicNotExist."""
        limits.TOPIC_NAME.check(name)
        if name not in self._topics:
            raise ServiceError("TopicNotExist")
        return self._topics[name]

    def topics(self) -> list[Topic]:
        """All topics, by name."""
        return [self._topics[name] for name in sorted(self._topics)]

    # Subscriptions

    def subscribe(
        self,
        topic: str,
        name: str,
        endpoint: str,
        *,
        filter_tag: str = "",
        notify_strategy: str = "BACKOFF_RETRY",
        notify_content_format: str = "XML",
    ) -> bool:
        """Subscribe the queue that `endpoint` (acs:mns:REGION:ACCOUNT:queues/NAME) names; the queue may come later.

        True if new, False if there is one just like it; SubscriptionAlreadyExist if it differs; TopicNotExist,
        EndpointInvalid, InvalidArgument.
        """
        subscribed = self.topic(topic)
        limits.SUBSCRIPTION_NAME.check(name)
        attributes = SubscriptionAttributes(endpoint, filter_tag, notify_strategy, notify_content_format)
        attributes.check()
        self._check_size(subscribed, self.queue_of(endpoint))
        existing = subscribed.subscriptions.get(name)
        if existing is None:
            now_s = self.now_ms() // 1000
            subscribed.subscriptions[name] = Subscription(name, attributes, now_s, now_s)
        elif existing.attributes != attributes:
            raise ServiceError("SubscriptionAlreadyExist")
        return existing is None

    def set_notify_strategy(self, topic: str, name: str, notify_strategy: str) -> None:
        """Change the one attribute of a subscription that can change; SubscriptionNotExist, InvalidArgument."""
        subscription = self.subscription(topic, name)
        changed = replace(subscription.attributes, notify_strategy=notify_strategy)
        changed.check()
        subscription.attributes = changed
        subscription.modified_s = self.now_ms() // 1000

    def unsubscribe(self, topic: str, name: str) -> None:
        """End the subscription; one that is not there is as good as ended. TopicNotExist."""
        limits.SUBSCRIPTION_NAME.check(name)
        self.topic(topic).subscriptions.pop(name, None)

    def subscription(self, topic: str, name: str) -> Subscription:
        """That subscription of that topic; TopicNotExist, SubscriptionNotExist, or an error of a name."""
        subscriptions = self.topic(topic).subscriptions
        limits.SUBSCRIPTION_NAME.check(name)
        if name not in subscriptions:
            raise ServiceError("SubscriptionNotExist")
        return subscriptions[name]

    def subscriptions(self, topic: str) -> list[Subscription]:
        """All subscriptions of the topic, by name; TopicNotExist."""
        return [each for _, each in sorted(self.topic(topic).subscriptions.items())]

    def queue_of(self, endpoint: str) -> str:
        """The name of the queue that `endpoint` means; EndpointInvalid if that is no queue of this account."""
        match = _ENDPOINT.fullmatch(endpoint)
        if match is None or match.groups()[:2] != (self.account.region, self.account.account_id):
            raise ServiceError("EndpointInvalid")
        return match[3]

    def _check_size(self, topic: Topic, queue_name: str) -> None:
        queue = self._queues.get(queue_name)
        if queue and queue.attributes.maximum_message_size < topic.attributes.maximum_message_size:
            raise ServiceError(
                "InvalidArgument", "The MaximumMessageSize of the queue should not be less than that of the topic."
            )
