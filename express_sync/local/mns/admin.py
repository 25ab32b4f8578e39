"""The tests' own door, `/_local/*`: queue faults, look into queues, see calls, reset. Needs no signature.

Nothing here exists in the cloud. Bodies and answers are JSON; what cannot be used is refused with 400 (an unknown
queue with 404) and an object whose `message` says why.
"""

import json
from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from express_sync.local.mns.call_log import Journal
from express_sync.local.mns.engine.message import Message, Property, State
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.errors import ServiceError
from express_sync.local.mns.faults import Fault, FaultQueue, parse


class Control:
    """The endpoints of the door to one service."""

    def __init__(
        self, service: MessageService, faults: FaultQueue, journal: Journal, operations: Collection[str]
    ) -> None:
        self._service = service
        self._faults = faults
        self._journal = journal
        self._operations = operations

    def routes(self) -> list[Route]:
        """The endpoints' paths and methods."""
        return [
            Route("/_local/faults", self._queue_faults, methods=["POST"]),
            Route("/_local/queues/{queue}", self._show_queue, methods=["GET"]),
            Route("/_local/calls", self._list_calls, methods=["GET"]),
            Route("/_local/reset", self._reset, methods=["POST"]),
        ]

    async def _queue_faults(self, request: Request) -> Response:
        try:
            operation, faults = self._order(await request.body())
        except ValueError as error:
            return JSONResponse({"message": str(error)}, 400)
        self._faults.queue(operation, faults)
        return JSONResponse({"queued": len(faults)})

    async def _show_queue(self, request: Request) -> Response:
        name = request.path_params["queue"]
        try:
            messages = self._service.messages(name)
        except ServiceError as error:
            return JSONResponse({"message": f"{name}: {error.message}"}, 404)
        return JSONResponse({"queue": name, "messages": [_document(*each) for each in messages]})

    async def _list_calls(self, _request: Request) -> Response:
        return JSONResponse([entry.document() for entry in self._journal.entries])

    async def _reset(self, _request: Request) -> Response:
        self._service.reset()
        self._faults.reset()
        self._journal.reset()
        return JSONResponse({})

    def _order(self, body: bytes) -> tuple[str, list[Fault]]:
        order = json.loads(body)
        if not isinstance(order, dict) or order.keys() != {"operation", "faults"}:
            raise ValueError("the body must be a JSON object with operation and faults")
        operation, names = order["operation"], order["faults"]
        if operation not in self._operations:
            raise ValueError(f"{operation!r} is no operation; there are {', '.join(self._operations)}")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("faults must be a list of names, and not empty")
        return operation, [parse(name) for name in names]


def _document(message: Message, state: State) -> dict[str, object]:
    return {
        "messageId": message.message_id,
        "body": message.body,
        "state": state,
        "dequeueCount": message.dequeue_count,
        "enqueueTime": message.enqueue_time_ms,
        "firstDequeueTime": message.first_dequeue_time_ms,
        "nextVisibleTime": message.next_visible_time_ms,
        "priority": message.priority,
        "userProperties": [_property(each) for each in message.user_properties],
        "systemProperties": [_property(each) for each in message.system_properties],
    }


def _property(each: Property) -> dict[str, str]:
    return {"name": each.name, "value": each.value, "type": each.type}
