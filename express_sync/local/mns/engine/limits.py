"""The values that the service accepts: ranges, names, tags and properties, as tables.

Reproduces the documented limits (SMQ limits page and the operations' own pages): ranges of every attribute and
parameter, names of 1 to 120 letters, digits and hyphens (of subscriptions 255, from the page of Subscribe), tags of at
most 16 characters, 50 user properties; and the quotas of 1000 queues, 1000 topics and 100 subscriptions of a topic.
Does not reproduce: request rates.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from express_sync.local.mns.engine.message import Draft, Property
from express_sync.local.mns.errors import MnsError, invalid_element, out_of_range, too_long

MAX_BATCH_SIZE = 16
MAX_NAME_LENGTH = 120
MAX_SUBSCRIPTION_NAME_LENGTH = 255
MAX_QUEUES = 1000
MAX_TOPICS = 1000
MAX_SUBSCRIPTIONS = 100
MAX_TAG_LENGTH = 16
MAX_USER_PROPERTIES = 50
MAX_PROPERTY_NAME_LENGTH = 256
MAX_PROPERTY_VALUE_LENGTH = 4096
SYSTEM_PROPERTIES = frozenset(
    {"traceparent", "tracestate", "baggage", "DLQMessageType", "DLQSourceArn", "DLQOriginMessageId"}
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# What XML 1.0 cannot represent can be neither sent to the service nor received from it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Range:
    """The values from `low` to `high`, both included, of the parameter or element `name`."""

    name: str
    low: int
    high: int
    unit: str

    def check(self, value: int) -> None:
        """Return if `value` is in range; InvalidArgument."""
        if not self.low <= value <= self.high:
            raise out_of_range(self.name, self.low, self.high, self.unit)


DELAY_SECONDS = Range("DelaySeconds", 0, 604800, "seconds")
MAXIMUM_MESSAGE_SIZE = Range("MaximumMessageSize", 1024, 65536, "bytes")
MESSAGE_RETENTION_PERIOD = Range("MessageRetentionPeriod", 60, 604800, "seconds")
VISIBILITY_TIMEOUT = Range("VisibilityTimeout", 1, 43200, "seconds")
POLLING_WAIT_SECONDS = Range("PollingWaitSeconds", 0, 30, "seconds")
WAIT_SECONDS = Range("waitseconds", 0, 30, "seconds")
MESSAGE_COUNT = Range("numOfMessages", 1, MAX_BATCH_SIZE, "messages")
BATCH_BYTES = Range("Messages", 0, 65536, "bytes")
BATCH_MESSAGES = Range("Messages", 1, MAX_BATCH_SIZE, "messages")
RECEIPT_HANDLES = Range("ReceiptHandles", 1, MAX_BATCH_SIZE, "handles")
PRIORITY = Range("Priority", 1, 16, "")
RET_NUMBER = Range("x-mns-ret-number", 1, 1000, "items")
MAX_RECEIVE_COUNT = Range("MaxReceiveCount", 1, 1000, "times")


@dataclass(frozen=True, slots=True)
class NameRule:
    """The error codes for invalid names of one kind, and their greatest length; the characters are always the same."""

    invalid: str
    wrong_length: str
    max_length: int = MAX_NAME_LENGTH

    def allows(self, name: str) -> bool:
        """Tell whether `name` is valid."""
        return len(name) <= self.max_length and _NAME.fullmatch(name) is not None

    def check(self, name: str) -> None:
        """Return if `name` is valid; otherwise raise the error of its kind, for the length first."""
        if not 1 <= len(name) <= self.max_length:
            raise MnsError(self.wrong_length)
        if not _NAME.fullmatch(name):
            raise MnsError(self.invalid)


QUEUE_NAME = NameRule("InvalidQueueName", "QueueNameLengthError")
TOPIC_NAME = NameRule("TopicNameInvalid", "TopicNameLengthError")
SUBSCRIPTION_NAME = NameRule("SubscriptionNameInvalid", "SubscriptionNameLengthError", MAX_SUBSCRIPTION_NAME_LENGTH)


def check_quota(count: int, maximum: int) -> None:
    """Return if one more may be added to `count` resources; QuotaExceeded."""
    if count >= maximum:
        raise MnsError("QuotaExceeded")


def check_draft(draft: Draft, maximum_bytes: int) -> None:
    """Return if `draft` may be sent, its body having 1 to `maximum_bytes` of UTF-8; InvalidArgument."""
    if _NOT_XML.search(draft.body):
        raise invalid_element("MessageBody")
    size = len(draft.body.encode())
    if size > maximum_bytes:
        raise too_long()
    Range("MessageBody", 1, maximum_bytes, "bytes").check(size)
    PRIORITY.check(draft.priority)
    _check_user_properties(draft.user_properties)
    _check_system_properties(draft.system_properties)


def check_tag(name: str, tag: str) -> None:
    """Return if `tag`, in the element `name`, has at most 16 characters, none a control character; InvalidArgument.

    That control characters are refused is chosen: a tag is also sent as a header to HTTP subscribers.
    """
    if len(tag) > MAX_TAG_LENGTH or _NOT_XML.search(tag) or _CONTROL.search(tag):
        raise invalid_element(name)


def _check_user_properties(properties: Sequence[Property]) -> None:
    if len(properties) > MAX_USER_PROPERTIES or len({each.name for each in properties}) < len(properties):
        raise invalid_element("UserProperties")
    if not all(map(_is_user_property, properties)):
        raise invalid_element("PropertyValue")


def _check_system_properties(properties: Sequence[Property]) -> None:
    for each in properties:
        if each.name not in SYSTEM_PROPERTIES or each.type != "STRING" or _NOT_XML.search(each.value):
            raise invalid_element("SystemPropertyValue")


def _is_user_property(each: Property) -> bool:
    return (
        1 <= len(each.name) <= MAX_PROPERTY_NAME_LENGTH
        and 1 <= len(each.value) <= MAX_PROPERTY_VALUE_LENGTH
        and not _NOT_XML.search(each.name + each.value)
        and each.type in _VALUES
        and _VALUES[each.type](each.value)
    )


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value.encode(), validate=True)
    except binascii.Error:
        return False
    return True


_VALUES: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "STRING": bool,
        "NUMBER": lambda value: bool(_NUMBER.fullmatch(value)),
        "BOOLEAN": lambda value: value.lower() in ("true", "false"),
        "BINARY": _is_base64,
    }
)
