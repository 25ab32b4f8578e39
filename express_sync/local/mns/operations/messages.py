"""The operations on the messages of a queue, single and in batches.

Reproduces: documents and statuses of the API; an empty queue is an error (404 MessageNotExist), for a batch too; a
batch that succeeds in part has the result of each entry in its response.
Believed: element names of a batch in any case, because the npm client `aliyun-mns` sends `receiptHandle`.
Believed: the status 500 of a partly failed batch send; 64 KB for all bodies of a batch together.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from express_sync.local.crash_points import Point
from express_sync.local.mns import schema, xml
from express_sync.local.mns.engine import limits
from express_sync.local.mns.engine.message import Message
from express_sync.local.mns.errors import MnsError, invalid_element
from express_sync.local.mns.operation import NO_CONTENT, Call, Operation
from express_sync.local.mns.operations import message_xml
from express_sync.local.mns.protocol import Request, Response
from express_sync.local.mns.xml import Element, Node

Outcome = TypeVar("Outcome")
_SCHEMA: schema.Schema = {
    "MessageBody": ("body", schema.text),
    "DelaySeconds": ("delay_seconds", schema.integer),
    "Priority": ("priority", schema.integer),
    "UserProperties": ("user_properties", schema.properties("PropertyValue")),
    "SystemProperties": ("system_properties", schema.properties("SystemPropertyValue")),
}


async def send_message(call: Call) -> Response:
    """Put one message into the queue."""
    call.service.queues.queue(call.names["queue"])
    draft = schema.read(schema.document(call.request.body, "Message"), _SCHEMA)
    return Response(201, xml.write(("Message", message_xml.sent(_send(call, draft)))))


async def batch_send_message(call: Call) -> Response:
    """Put up to 16 messages into the queue, independently of each other."""
    call.service.queues.queue(call.names["queue"])
    drafts = [schema.read(each, _SCHEMA) for each in _items(call.request, "Messages", "Message")]
    limits.BATCH_MESSAGES.check(len(drafts))
    limits.BATCH_BYTES.check(sum(len(draft.get("body", "").encode()) for draft in drafts))
    results = [_result_of(partial(_send, call, draft)) for draft in drafts]
    content: list[Node] = [
        ("Message", message_xml.failure(result) if isinstance(result, MnsError) else message_xml.sent(result))
        for result in results
    ]
    failed = any(isinstance(result, MnsError) for result in results)
    return Response(500 if failed else 201, xml.write(("Messages", content)))


async def receive_message(call: Call) -> Response:
    """Receive one message."""
    return message_xml.one(await _receive(call, 1), message_xml.received)


async def batch_receive_message(call: Call) -> Response:
    """Receive up to 16 messages."""
    return message_xml.several(await _receive(call, _count(call.request)), message_xml.received)


async def peek_message(call: Call) -> Response:
    """Return one message without receiving it."""
    return message_xml.one(call.service.queues.peek(call.names["queue"]), message_xml.peeked)


async def batch_peek_message(call: Call) -> Response:
    """Return up to 16 messages without receiving them."""
    return message_xml.several(call.service.queues.peek(call.names["queue"], _count(call.request)), message_xml.peeked)


async def delete_message(call: Call) -> Response:
    """Delete the message of a receipt handle."""
    call.service.queues.delete(call.names["queue"], _handle(call.request))
    return NO_CONTENT


async def batch_delete_message(call: Call) -> Response:
    """Delete the messages of up to 16 receipt handles, independently of each other."""
    queue = call.names["queue"]
    call.service.queues.queue(queue)
    handles = [schema.text(each) for each in _items(call.request, "ReceiptHandles", "ReceiptHandle")]
    limits.RECEIPT_HANDLES.check(len(handles))
    results = [(handle, _result_of(partial(call.service.queues.delete, queue, handle))) for handle in handles]
    errors: list[Node] = [
        ("Error", [*message_xml.failure(result), ("ReceiptHandle", handle)])
        for handle, result in results
        if result is not None
    ]
    return Response(404, xml.write(("Errors", errors))) if errors else NO_CONTENT


async def change_message_visibility(call: Call) -> Response:
    """Hide the message of a receipt handle for some time from now."""
    handle = _handle(call.request)
    seconds = schema.query_integer(call.request.query, "VisibilityTimeout")
    if seconds is None:
        raise MnsError("MissingVisibilityTimeout")
    changed = call.service.queues.change_visibility(call.names["queue"], handle, seconds)
    content: list[Node] = [
        ("ReceiptHandle", changed.receipt_handle),
        ("NextVisibleTime", changed.next_visible_time_ms),
    ]
    return Response(200, xml.write(("ChangeVisibility", content)))


def _send(call: Call, draft: dict[str, Any]) -> Message:
    return call.service.queues.send(call.names["queue"], draft.pop("body", ""), **draft)


async def _receive(call: Call, count: int) -> list[Message]:
    wait_seconds = schema.query_integer(call.request.query, "waitseconds")
    return await call.service.queues.receive(call.names["queue"], count, wait_seconds)


def _result_of(act: Callable[[], Outcome]) -> Outcome | MnsError:
    try:
        return act()
    except MnsError as error:
        return error


def _items(request: Request, root: str, item: str) -> list[Element]:
    elements = schema.document(request.body, root).children
    if unknown := [each.name for each in elements if each.name.lower() != item.lower()]:
        raise invalid_element(unknown[0])
    return elements


def _handle(request: Request) -> str:
    handle = request.query.get("receipthandle", "")
    if not handle:
        raise MnsError("MissingReceiptHandle")
    return handle


def _count(request: Request) -> int:
    return schema.query_integer(request.query, "numOfMessages") or 0


def _is_batch_send(request: Request) -> bool:
    return xml.root_name(request.body) == "Messages"


def _is_batch_delete(request: Request) -> bool:
    return "receipthandle" not in request.query and bool(request.body)


def _is_peek(request: Request) -> bool:
    return request.query.get("peekonly", "").lower() == "true"


def _has_count(request: Request) -> bool:
    return "numofmessages" in request.query


def _is_batch_peek(request: Request) -> bool:
    return _is_peek(request) and _has_count(request)


_PATH = "/queues/{queue}/messages"
# A send by the function is a requeue; one by others submits a request, which is not a step of the function.
_REQUEUED: Point = "requeue-answered"
OPERATIONS = (
    Operation(
        "BatchSendMessage",
        "POST",
        _PATH,
        batch_send_message,
        _is_batch_send,
        answered_point=_REQUEUED,
        only_of_function=True,
    ),
    Operation("SendMessage", "POST", _PATH, send_message, answered_point=_REQUEUED, only_of_function=True),
    Operation("BatchPeekMessage", "GET", _PATH, batch_peek_message, _is_batch_peek),
    Operation("PeekMessage", "GET", _PATH, peek_message, _is_peek),
    Operation("BatchReceiveMessage", "GET", _PATH, batch_receive_message, _has_count, long_poll=True),
    Operation("ReceiveMessage", "GET", _PATH, receive_message, long_poll=True),
    Operation("BatchDeleteMessage", "DELETE", _PATH, batch_delete_message, _is_batch_delete),
    Operation("DeleteMessage", "DELETE", _PATH, delete_message),
    Operation("ChangeMessageVisibility", "PUT", _PATH, change_message_visibility),
)
