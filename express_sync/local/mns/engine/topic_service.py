"""The topics of the account and their subscriptions.

Reproduces: creations that may be repeated as long as they are equal; of a subscription only the retry strategy can
change (page of SetSubscriptionAttributes).
Chosen: a queue for smaller messages than the topic's may subscribe, as programs do; the page "Limits" of SMQ (March
2026) says that the creation fails. `message_service` says what happens to a message that is too large for it.
Does not reproduce: dead-letter queues of subscriptions, the short time in which the name of a deleted topic cannot be
used.
"""

from dataclasses import replace

from express_sync.local.account import Account
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.endpoint import http_target, queue_of
from express_sync.local.mns.engine.queue_service import QueueService
from express_sync.local.mns.engine.topic import Subscription, SubscriptionAttributes, Topic, TopicAttributes
from express_sync.local.mns.errors import MnsError


class TopicService:
    """Topics and subscriptions by name; their endpoints are among `queues`."""

    def __init__(self, account: Account, queues: QueueService) -> None:
        self._account = account
        self._queues = queues
        self._topics: dict[str, Topic] = {}

    def create_topic(self, name: str, maximum_message_size: int = 65536, logging_enabled: bool = False) -> bool:
        """Create the topic: True if it is new, False if an equal one exists; TopicAlreadyExist if it differs."""
        limits.TOPIC_NAME.check(name)
        attributes = TopicAttributes(maximum_message_size, logging_enabled)
        attributes.check()
        existing = self._topics.get(name)
        if existing is None:
            limits.check_quota(len(self._topics), limits.MAX_TOPICS)
            now_s = self._queues.now_ms() // 1000
            self._topics[name] = Topic(name, attributes, now_s, now_s)
        elif existing.attributes != attributes:
            raise MnsError("TopicAlreadyExist")
        return existing is None

    def set_topic_attributes(self, name: str, attributes: TopicAttributes) -> None:
        """Replace the attributes of an existing topic; TopicNotExist, InvalidArgument."""
        topic = self.topic(name)
        attributes.check()
        topic.attributes = attributes
        topic.modified_s = self._queues.now_ms() // 1000

    def delete_topic(self, name: str) -> None:
        """Delete the topic and its subscriptions, if it exists."""
        limits.TOPIC_NAME.check(name)
        self._topics.pop(name, None)

    def topic(self, name: str) -> Topic:
        """Return the topic of that name; TopicNameInvalid, TopicNameLengthError, TopicNotExist."""
        limits.TOPIC_NAME.check(name)
        if name not in self._topics:
            raise MnsError("TopicNotExist")
        return self._topics[name]

    def all_topics(self) -> list[Topic]:
        """Return all topics, sorted by name."""
        return [self._topics[name] for name in sorted(self._topics)]

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
        """Subscribe `endpoint`: a queue (acs:mns:REGION:ACCOUNT:queues/NAME), which may be created later, or http://.

        True if it is new, False if an equal one exists; SubscriptionAlreadyExist if it differs; TopicNotExist,
        EndpointInvalid, InvalidArgument, NotEmulatedError.
        """
        subscribed = self.topic(topic)
        limits.SUBSCRIPTION_NAME.check(name)
        attributes = SubscriptionAttributes(endpoint, filter_tag, notify_strategy, notify_content_format)
        attributes.check()
        if http_target(endpoint) is None:
            queue_of(endpoint, self._account)
        existing = subscribed.subscriptions.get(name)
        if existing is None:
            limits.check_quota(len(subscribed.subscriptions), limits.MAX_SUBSCRIPTIONS)
            now_s = self._queues.now_ms() // 1000
            subscribed.subscriptions[name] = Subscription(name, attributes, now_s, now_s)
        elif existing.attributes != attributes:
            raise MnsError("SubscriptionAlreadyExist")
        return existing is None

    def set_notify_strategy(self, topic: str, name: str, notify_strategy: str) -> None:
        """Change the only attribute of a subscription that can be changed; SubscriptionNotExist, InvalidArgument."""
        subscription = self.subscription(topic, name)
        changed = replace(subscription.attributes, notify_strategy=notify_strategy)
        changed.check()
        subscription.attributes = changed
        subscription.modified_s = self._queues.now_ms() // 1000

    def unsubscribe(self, topic: str, name: str) -> None:
        """End the subscription, if it exists. TopicNotExist."""
        limits.SUBSCRIPTION_NAME.check(name)
        self.topic(topic).subscriptions.pop(name, None)

    def subscription(self, topic: str, name: str) -> Subscription:
        """Return the subscription; TopicNotExist, SubscriptionNotExist, or an error of a name."""
        subscriptions = self.topic(topic).subscriptions
        limits.SUBSCRIPTION_NAME.check(name)
        if name not in subscriptions:
            raise MnsError("SubscriptionNotExist")
        return subscriptions[name]

    def subscriptions(self, topic: str) -> list[Subscription]:
        """Return all subscriptions of the topic, sorted by name; TopicNotExist."""
        return [each for _, each in sorted(self.topic(topic).subscriptions.items())]
