"""The admin API at `/_local`: faults, the contents of queues, call log, attempts of HTTP pushes, reset."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from express_sync.local.call_log import CallLog
from express_sync.local.fault_routes import fault_routes
from express_sync.local.mns.dispatcher import Dispatcher
from express_sync.local.mns.engine.message import Message, Property, State
from express_sync.local.mns.errors import MnsError
from express_sync.local.mns.push.sender import HttpPush

LoggedCall = dict[str, str | int | float | None]


def admin_routes(dispatcher: Dispatcher, calls: CallLog[LoggedCall], push: HttpPush | None = None) -> list[Route]:
    """Return the routes below `/_local`."""

    async def show_queue(request: Request) -> Response:
        name = request.path_params["queue"]
        try:
            messages = dispatcher.service.queues.messages(name)
        except MnsError as error:
            return JSONResponse({"message": f"{name}: {error.message}"}, 404)
        return JSONResponse({"queue": name, "messages": [_document(*each) for each in messages]})

    async def reset(_request: Request) -> Response:
        dispatcher.service.reset()
        if push:
            push.cancel()
        dispatcher.faults.clear()
        calls.clear()
        return JSONResponse({})

    return [
        *fault_routes(dispatcher.faults),
        calls.route(),
        *([push.attempts.route("/pushes")] if push else []),
        Route("/queues/{queue}", show_queue, methods=["GET"]),
        Route("/reset", reset, methods=["POST"]),
    ]


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
