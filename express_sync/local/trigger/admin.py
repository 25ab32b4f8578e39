"""The admin API of the triggers: show them, and fire a timer now."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.admin import AdminRequestError, json_object
from express_sync.local.trigger.queue_trigger import QueueTrigger
from express_sync.local.trigger.timer import TimerTrigger


def admin_routes(queue_triggers: Sequence[QueueTrigger], timers: Sequence[TimerTrigger]) -> list[BaseRoute]:
    """Return the routes under `/_local`; triggers added to the sequences later are included."""

    async def triggers(_request: Request) -> Response:
        return JSONResponse([*(each.to_json() for each in queue_triggers), *(each.to_json() for each in timers)])

    async def fire(request: Request) -> Response:
        return _fire(timers, await request.body())

    return [Route("/_local/trigger", triggers), Route("/_local/timer", fire, methods=["POST"])]


def _fire(timers: Sequence[TimerTrigger], body: bytes) -> Response:
    name = json_object(body, ("name",)).get("name")
    if name is None:
        raise AdminRequestError('expected {"name": TIMER}')
    for timer in timers:
        if timer.timer.name == name:
            return JSONResponse({"fired": name, "requestId": timer.fire()})
    names = ", ".join(timer.timer.name for timer in timers)
    return JSONResponse({"message": f"no timer of that name; there are: {names}"}, 404)
