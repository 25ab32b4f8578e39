"""The operations on queues: create, set and get attributes, delete, list.

Reproduces: documents and statuses of the API; ActiveMessages, InactiveMessages and DelayMessages exact, where the
service's are eventually consistent and deprecated.
Unknown: whether deleting a queue that does not exist is an error (here 204).
"""

from dataclasses import replace

from express_sync.local.mns import schema, xml
from express_sync.local.mns.engine.queue import Queue, QueueAttributes
from express_sync.local.mns.operation import NO_CONTENT, Call, Operation, created, overrides
from express_sync.local.mns.paging import page, with_meta
from express_sync.local.mns.protocol import Response
from express_sync.local.mns.xml import Node

_SCHEMA: schema.Schema = {
    "DelaySeconds": ("delay_seconds", schema.integer),
    "MaximumMessageSize": ("maximum_message_size", schema.integer),
    "MessageRetentionPeriod": ("message_retention_period", schema.integer),
    "VisibilityTimeout": ("visibility_timeout", schema.integer),
    "PollingWaitSeconds": ("polling_wait_seconds", schema.integer),
    "LoggingEnabled": ("logging_enabled", schema.boolean),
}


async def create_queue(call: Call) -> Response:
    """Create a queue with the given attributes, and the defaults for the others."""
    attributes = QueueAttributes(**schema.read(schema.document(call.request.body, "Queue"), _SCHEMA))
    is_new = call.service.queues.create_queue(call.names["queue"], attributes)
    return created(call.request.url + call.request.path, is_new)


async def set_queue_attributes(call: Call) -> Response:
    """Change the attributes that are given."""
    queue = call.service.queues.queue(call.names["queue"])
    changes = schema.read(schema.document(call.request.body, "Queue"), _SCHEMA)
    call.service.queues.set_queue_attributes(queue.name, replace(queue.attributes, **changes))
    return NO_CONTENT


async def get_queue_attributes(call: Call) -> Response:
    """Return all attributes, with the message counts."""
    queue = call.service.queues.queue(call.names["queue"])
    return Response(200, xml.write(("Queue", _describe(call, queue))))


async def delete_queue(call: Call) -> Response:
    """Delete the queue and its messages."""
    call.service.queues.delete_queue(call.names["queue"])
    return NO_CONTENT


async def list_queue(call: Call) -> Response:
    """Return the addresses of the queues, with their attributes if requested."""

    def describe(queue: Queue) -> list[Node]:
        meta = _describe(call, queue) if with_meta(call.request) else []
        return [("QueueURL", f"{call.request.url}/queues/{queue.name}"), *meta]

    return page(call.request, "Queue", call.service.queues.all_queues(), lambda queue: queue.name, describe)


def _describe(call: Call, queue: Queue) -> list[Node]:
    states = call.service.queues.counts(queue.name)
    return [
        ("QueueName", queue.name),
        ("CreateTime", queue.created_s),
        ("LastModifyTime", queue.modified_s),
        *((element, getattr(queue.attributes, keyword)) for element, (keyword, _) in _SCHEMA.items()),
        ("ActiveMessages", states["active"]),
        ("InactiveMessages", states["inactive"]),
        ("DelayMessages", states["delayed"]),
    ]


OPERATIONS = (
    Operation("SetQueueAttributes", "PUT", "/queues/{queue}", set_queue_attributes, overrides),
    Operation("CreateQueue", "PUT", "/queues/{queue}", create_queue),
    Operation("GetQueueAttributes", "GET", "/queues/{queue}", get_queue_attributes),
    Operation("DeleteQueue", "DELETE", "/queues/{queue}", delete_queue),
    Operation("ListQueue", "GET", "/queues", list_queue),
)
