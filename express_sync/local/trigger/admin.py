"""The admin API of the triggers: show them, and fire a timer now."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.admin_request import AdminRequestError, json_object
from express_sync.local.trigger.timer import TimerTrigger
from express_sync.local.trigger.triggers import Triggers


def admin_routes(triggers: Triggers) -> list[BaseRoute]:
    """Return the routes under `/_local`."""

    async def show(_request: Request) -> Response:
        shown = [each.to_json() for each in triggers.queue_triggers] + [each.to_json() for each in triggers.timers]
        return JSONResponse(shown)

    async def fire(request: Request) -> Response:
        return _fire(triggers.timers, await request.body())

    return [Route("/_local/trigger", show), Route("/_local/timer", fire, methods=["POST"])]


def _fire(timers: Sequence[TimerTrigger], body: bytes) -> Response:
    name = json_object(body, ("name",)).get("name")
    if name is None:
        raise AdminRequestError('expected {"name": TIMER}')
    for timer in timers:
        if timer.timer.name == name:
            return JSONResponse({"fired": name, "requestId": timer.fire()})
    names = ", ".join(timer.timer.name for timer in timers)
    return JSONResponse({"message": f"no timer of that name; there are: {names}"}, 404)
