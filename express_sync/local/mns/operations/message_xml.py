"""The XML of messages in responses.

Reproduces: the elements of the operations' pages, in the order of the recordings of September 2026
(salesforce/multicloudj); a receipt handle of a sent message only if it is delayed, and of a peeked one never.
"""

from collections.abc import Callable

from express_sync.local.mns import xml
from express_sync.local.mns.engine.message import Message, Property
from express_sync.local.mns.errors import MnsError
from express_sync.local.mns.protocol import Response
from express_sync.local.mns.xml import Node


def one(messages: list[Message], describe: Callable[[Message], list[Node]]) -> Response:
    """Return the response with the only message. Raise MnsError if the list is empty."""
    if not messages:
        raise MnsError("MessageNotExist")
    return Response(200, xml.write(("Message", describe(messages[0]))))


def several(messages: list[Message], describe: Callable[[Message], list[Node]]) -> Response:
    """Return the response with the messages. Raise MnsError if the list is empty."""
    if not messages:
        raise MnsError("MessageNotExist")
    content: list[Node] = [("Message", describe(message)) for message in messages]
    return Response(200, xml.write(("Messages", content)))


def sent(message: Message) -> list[Node]:
    """Return the elements of a sent message."""
    handle: list[Node] = [("ReceiptHandle", message.receipt_handle)] if message.receipt_handle else []
    return [("MessageId", message.message_id), ("MessageBodyMD5", message.body_md5), *handle]


def failure(error: MnsError) -> list[Node]:
    """Return the elements of an entry of a batch that failed."""
    return [("ErrorCode", error.code), ("ErrorMessage", error.message)]


def received(message: Message) -> list[Node]:
    """Return the elements of a received message."""
    return _described(
        message, [("ReceiptHandle", message.receipt_handle)], [("NextVisibleTime", message.next_visible_time_ms)]
    )


def peeked(message: Message) -> list[Node]:
    """Return the elements of a message that was not received."""
    return _described(message, [], [])


def _described(message: Message, handle: list[Node], lease: list[Node]) -> list[Node]:
    return [
        ("MessageId", message.message_id),
        ("MessageBodyMD5", message.body_md5),
        ("MessageBody", message.body),
        *handle,
        ("EnqueueTime", message.enqueue_time_ms),
        ("FirstDequeueTime", message.first_dequeue_time_ms),
        *lease,
        ("DequeueCount", message.dequeue_count),
        ("Priority", message.priority),
        *_properties("UserProperties", "PropertyValue", message.user_properties),
        *_properties("SystemProperties", "SystemPropertyValue", message.system_properties),
    ]


def _properties(name: str, item: str, properties: tuple[Property, ...]) -> list[Node]:
    if not properties:
        return []
    return [(name, [(item, [("Name", each.name), ("Value", each.value), ("Type", each.type)]) for each in properties])]
