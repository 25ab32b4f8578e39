"""The operations on the messages of a queue, single and in batches.

Reproduces: documents and statuses of the API; an empty queue is an error (404 MessageNotExist), for a batch too; a
batch that succeeds in part answers with each entry's fate.
Believed: the status 500 of a partly failed batch send; 64 KB for all bodies of a batch together.
Must not know: how a queue works.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from express_sync.local.mns import schema, xml
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.message import Message, Property
from express_sync.local.mns.errors import ServiceError, invalid_element
from express_sync.local.mns.operation import NO_CONTENT, Call, Operation
from express_sync.local.mns.protocol import Answer, Request
from express_sync.local.mns.xml import Element, Node

Outcome = TypeVar("Outcome")
_SCHEMA: schema.Schema = {
    "MessageBody": ("body", schema.text),
    "DelaySeconds": ("delay_seconds", schema.integer),
    "Priority": ("priority", schema.integer),
    "UserProperties": ("user_properties", schema.properties("PropertyValue")),
    "SystemProperties": ("system_properties", schema.properties("SystemPropertyValue")),
}


async def send_message(call: Call) -> Answer:
    """Put one message into the queue."""
    call.service.queue(call.names["queue"])
    draft = schema.read(schema.document(call.request.body, "Message"), _SCHEMA)
    return Answer(201, xml.write(("Message", _sent(_send(call, draft)))))


async def batch_send_message(call: Call) -> Answer:
    """Put up to 16 messages into the queue, each for itself."""
    call.service.queue(call.names["queue"])
    drafts = [schema.read(each, _SCHEMA) for each in _items(call.request, "Messages", "Message")]
    limits.BATCH_MESSAGES.check(len(drafts))
    limits.BATCH_BYTES.check(sum(len(draft.get("body", "").encode()) for draft in drafts))
    fates = [_fate(partial(_send, call, draft)) for draft in drafts]
    content: list[Node] = [
        ("Message", _failure(fate) if isinstance(fate, ServiceError) else _sent(fate)) for fate in fates
    ]
    failed = any(isinstance(fate, ServiceError) for fate in fates)
    return Answer(500 if failed else 201, xml.write(("Messages", content)))


async def receive_message(call: Call) -> Answer:
    """Receive one message."""
    return _one(await _receive(call, 1), _received)


async def batch_receive_message(call: Call) -> Answer:
    """Receive up to 16 messages."""
    return _several(await _receive(call, _count(call.request)), _received)


async def peek_message(call: Call) -> Answer:
    """Look at one message."""
    return _one(call.service.peek(call.names["queue"]), _peeked)


async def batch_peek_message(call: Call) -> Answer:
    """Look at up to 16 messages."""
    return _several(call.service.peek(call.names["queue"], _count(call.request)), _peeked)


async def delete_message(call: Call) -> Answer:
    """Delete the message that a handle holds."""
    call.service.delete(call.names["queue"], _handle(call.request))
    return NO_CONTENT


async def batch_delete_message(call: Call) -> Answer:
    """Delete the messages that up to 16 handles hold, each for itself."""
    queue = call.names["queue"]
    call.service.queue(queue)
    handles = [schema.text(each) for each in _items(call.request, "ReceiptHandles", "ReceiptHandle")]
    limits.RECEIPT_HANDLES.check(len(handles))
    fates = [(handle, _fate(partial(call.service.delete, queue, handle))) for handle in handles]
    errors: list[Node] = [
        ("Error", [*_failure(fate), ("ReceiptHandle", handle)]) for handle, fate in fates if fate is not None
    ]
    return Answer(404, xml.write(("Errors", errors))) if errors else NO_CONTENT


async def change_message_visibility(call: Call) -> Answer:
    """Hide the message that a handle holds for some time from now."""
    handle = _handle(call.request)
    seconds = schema.query_integer(call.request.query, "VisibilityTimeout")
    if seconds is None:
        raise ServiceError("MissingVisibilityTimeout")
    changed = call.service.change_visibility(call.names["queue"], handle, seconds)
    content: list[Node] = [
        ("ReceiptHandle", changed.receipt_handle),
        ("NextVisibleTime", changed.next_visible_time_ms),
    ]
    return Answer(200, xml.write(("ChangeVisibility", content)))


def _send(call: Call, draft: dict[str, Any]) -> Message:
    return call.service.send(call.names["queue"], draft.pop("body", ""), **draft)


async def _receive(call: Call, count: int) -> list[Message]:
    wait_seconds = schema.query_integer(call.request.query, "waitseconds")
    return await call.service.receive(call.names["queue"], count, wait_seconds)


def _fate(act: Callable[[], Outcome]) -> Outcome | ServiceError:
    try:
        return act()
    except ServiceError as error:
        return error


def _items(request: Request, root: str, item: str) -> list[Element]:
    elements = schema.document(request.body, root).children
    if strange := [each.name for each in elements if each.name != item]:
        raise invalid_element(strange[0])
    return elements


def _handle(request: Request) -> str:
    handle = request.query.get("receipthandle", "")
    if not handle:
        raise ServiceError("MissingReceiptHandle")
    return handle


def _count(request: Request) -> int:
    return schema.query_integer(request.query, "numOfMessages") or 0


def _one(messages: list[Message], describe: Callable[[Message], list[Node]]) -> Answer:
    if not messages:
        raise ServiceError("MessageNotExist")
    return Answer(200, xml.write(("Message", describe(messages[0]))))


def _several(messages: list[Message], describe: Callable[[Message], list[Node]]) -> Answer:
    if not messages:
        raise ServiceError("MessageNotExist")
    content: list[Node] = [("Message", describe(message)) for message in messages]
    return Answer(200, xml.write(("Messages", content)))


def _sent(message: Message) -> list[Node]:
    handle: list[Node] = [("ReceiptHandle", message.receipt_handle)] if message.receipt_handle else []
    return [("MessageId", message.message_id), ("MessageBodyMD5", message.body_md5), *handle]


def _failure(error: ServiceError) -> list[Node]:
    return [("ErrorCode", error.code), ("ErrorMessage", error.message)]


def _received(message: Message) -> list[Node]:
    return _described(
        message,
        [("ReceiptHandle", message.receipt_handle), ("NextVisibleTime", message.next_visible_time_ms)],
    )


def _peeked(message: Message) -> list[Node]:
    return _described(message, [])


def _described(message: Message, hold: list[Node]) -> list[Node]:
    return [
        ("MessageId", message.message_id),
        ("MessageBodyMD5", message.body_md5),
        ("MessageBody", message.body),
        *hold,
        ("EnqueueTime", message.enqueue_time_ms),
        ("FirstDequeueTime", message.first_dequeue_time_ms),
        ("DequeueCount", message.dequeue_count),
        ("Priority", message.priority),
        *_properties("UserProperties", "PropertyValue", message.user_properties),
        *_properties("SystemProperties", "SystemPropertyValue", message.system_properties),
    ]


def _properties(name: str, item: str, properties: tuple[Property, ...]) -> list[Node]:
    if not properties:
        return []
    return [(name, [(item, [("Name", each.name), ("Value", each.value), ("Type", each.type)]) for each in properties])]


def _is_batch_send(request: Request) -> bool:
    return xml.root_name(request.body) == "Messages"


def _is_batch_delete(request: Request) -> bool:
    return "receipthandle" not in request.query and bool(request.body)


def _peeks(request: Request) -> bool:
    return request.query.get("peekonly", "").lower() == "true"


def _counts(request: Request) -> bool:
    return "numofmessages" in request.query


def _peeks_and_counts(request: Request) -> bool:
    return _peeks(request) and _counts(request)


_PATH = "/queues/{queue}/messages"
OPERATIONS = (
    Operation("BatchSendMessage", "POST", _PATH, batch_send_message, _is_batch_send),
    Operation("SendMessage", "POST", _PATH, send_message),
    Operation("BatchPeekMessage", "GET", _PATH, batch_peek_message, _peeks_and_counts),
    Operation("PeekMessage", "GET", _PATH, peek_message, _peeks),
    Operation("BatchReceiveMessage", "GET", _PATH, batch_receive_message, _counts),
    Operation("ReceiveMessage", "GET", _PATH, receive_message),
    Operation("BatchDeleteMessage", "DELETE", _PATH, batch_delete_message, _is_batch_delete),
    Operation("DeleteMessage", "DELETE", _PATH, delete_message),
    Operation("ChangeMessageVisibility", "PUT", _PATH, change_message_visibility),
)
