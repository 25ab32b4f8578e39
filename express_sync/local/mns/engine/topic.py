"""A topic with its subscriptions, and the notifications for a subscriber's queue.

Reproduces: exact matching of the one tag; the formats SIMPLIFIED (the body as it is), JSON (keys in the order that
the service writes them, values all strings, no MessageTag without a tag) and XML as documented.
Unknown: how the service escapes text in the JSON format; here only as JSON requires.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.sax.saxutils import escape

from express_sync.local.mns.engine import limits
from express_sync.local.mns.errors import invalid_element
from express_sync.local.not_emulated import NotEmulatedError
from express_sync.local.retry_strategy import STRATEGIES


@dataclass(frozen=True, slots=True)
class TopicAttributes:
    """The attributes that a topic's owner can set."""

    maximum_message_size: int = 65536
    logging_enabled: bool = False

    def check(self) -> None:
        """Return if every value is in its documented range; InvalidArgument."""
        limits.MAXIMUM_MESSAGE_SIZE.check(self.maximum_message_size)


@dataclass(frozen=True, slots=True)
class SubscriptionAttributes:
    """The attributes that a subscriber sets; only `notify_strategy` can be changed."""

    endpoint: str
    filter_tag: str = ""
    notify_strategy: str = "BACKOFF_RETRY"
    notify_content_format: str = "XML"

    def check(self) -> None:
        """Return if tag, strategy and format are valid; InvalidArgument."""
        limits.check_tag("FilterTag", self.filter_tag)
        if self.notify_strategy not in STRATEGIES:
            raise invalid_element("NotifyStrategy")
        if self.notify_content_format == "STREAM":
            raise NotEmulatedError("the format STREAM, which is for functions as subscribers")
        if self.notify_content_format not in FORMATS:
            raise invalid_element("NotifyContentFormat")

    def matches(self, tag: str) -> bool:
        """Tell whether a message with that tag ("" for none) is for this subscriber."""
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
    """One published message for one subscriber."""

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
