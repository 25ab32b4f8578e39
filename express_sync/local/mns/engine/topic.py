"""A topic with its subscriptions, and what a subscriber's queue gets of a message.

Reproduces: exact matching of the one tag; the formats SIMPLIFIED (the body as it is), JSON (keys in the order that
the service writes them, values all strings, no MessageTag without a tag) and XML as documented; both retry
strategies.
Unknown: how the service escapes text in the JSON format; here everything that JSON lets stand stays.
Must not know: queues, clocks, requests.
"""

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.sax.saxutils import escape

from express_sync.local.mns.engine import limits
from express_sync.local.mns.errors import invalid_element


@dataclass(frozen=True, slots=True)
class TopicAttributes:
    """What a topic's owner can set."""

    maximum_message_size: int = 65536
    logging_enabled: bool = False

    def check(self) -> None:
        """Do nothing if every value is in its documented range; InvalidArgument otherwise."""
        limits.MAXIMUM_MESSAGE_SIZE.check(self.maximum_message_size)


@dataclass(frozen=True, slots=True)
class SubscriptionAttributes:
    """What a subscriber chooses; all but `notify_strategy` for good."""

    endpoint: str
    filter_tag: str = ""
    notify_strategy: str = "BACKOFF_RETRY"
    notify_content_format: str = "XML"

    def check(self) -> None:
        """Do nothing if tag, strategy and format are ones there are; InvalidArgument otherwise."""
        limits.check_tag("FilterTag", self.filter_tag)
        if self.notify_strategy not in RETRY_WAITS_S:
            raise invalid_element("NotifyStrategy")
        if self.notify_content_format not in FORMATS:
            raise invalid_element("NotifyContentFormat")

    def wants(self, tag: str) -> bool:
        """Whether a message with that tag ("" for none) is for this subscriber."""
        return self.filter_tag in ("", tag)


@dataclass(slots=True)
class Subscription:
    """A named subscription; times in epoch seconds."""

    name: str
    attributes: SubscriptionAttributes
    created_s: int
    modified_s: int


@dataclass(slots=True)
class Topic:
    """A topic and its subscriptions by name; times in epoch seconds."""

    name: str
    attributes: TopicAttributes
    created_s: int
    modified_s: int
    subscriptions: dict[str, Subscription] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notification:
    """One published message on its way to one subscriber."""

    owner: str
    topic: str
    subscription: str
    message_id: str
    body: str
    body_md5: str
    tag: str
    publish_time_ms: int


def _json(notification: Notification) -> str:
    fields = {
        "TopicOwner": notification.owner,
        "Message": notification.body,
        "Subscriber": notification.owner,
        "PublishTime": str(notification.publish_time_ms),
        "SubscriptionName": notification.subscription,
        "MessageMD5": notification.body_md5,
        "TopicName": notification.topic,
        "MessageId": notification.message_id,
    }
    tag = {"MessageTag": notification.tag} if notification.tag else {}
    return json.dumps(fields | tag, ensure_ascii=False, separators=(",", ":"))


def _xml(notification: Notification) -> str:
    fields = {
        "TopicOwner": notification.owner,
        "TopicName": notification.topic,
        "Subscriber": notification.owner,
        "SubscriptionName": notification.subscription,
        "MessageId": notification.message_id,
        "Message": notification.body,
        "MessageMD5": notification.body_md5,
        "MessageTag": notification.tag,
        "PublishTime": str(notification.publish_time_ms),
    }
    # A bare carriage return would be read back as a line feed.
    content = "".join(f"<{name}>{escape(text, {chr(13): '&#13;'})}</{name}>" for name, text in fields.items() if text)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Notification xmlns="http://mns.aliyuncs.com/doc/v1/">{content}</Notification>'
    )


FORMATS: Mapping[str, Callable[[Notification], str]] = MappingProxyType(
    {"SIMPLIFIED": lambda notification: notification.body, "JSON": _json, "XML": _xml}
)


def _backoff() -> Iterator[float]:
    return (random.SystemRandom().uniform(10, 20) for _ in range(3))


def _exponential_decay() -> Iterator[float]:
    return itertools.chain((float(2**power) for power in range(9)), itertools.repeat(512.0, 167))


RETRY_WAITS_S: Mapping[str, Callable[[], Iterator[float]]] = MappingProxyType(
    {"BACKOFF_RETRY": _backoff, "EXPONENTIAL_DECAY_RETRY": _exponential_decay}
)
