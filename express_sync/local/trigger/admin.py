"""What people and tests do to the triggers that no cloud offers: look at them, and fire a timer now."""

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.trigger.queue_trigger import Stream
from express_sync.local.trigger.timer import Clockwork


def trigger_routes(streams: Sequence[Stream], timers: Sequence[Clockwork]) -> list[BaseRoute]:
    """The routes under `/_local`, which need no signature; what is in the sequences later counts too."""

    async def triggers(_request: Request) -> Response:
        return JSONResponse([*(each.to_json() for each in streams), *(each.to_json() for each in timers)])

    async def fire(request: Request) -> Response:
        return _fire(timers, await request.body())

    return [Route("/_local/trigger", triggers), Route("/_local/timer", fire, methods=["POST"])]


def _fire(timers: Sequence[Clockwork], body: bytes) -> Response:
    try:
        name = json.loads(body)["name"]
    except (ValueError, TypeError, KeyError):
        return JSONResponse({"message": 'wanted is {"name": TIMER}'}, 400)
    for timer in timers:
        if timer.timer.name == name:
            return JSONResponse({"fired": name, "requestId": timer.fire()})
    names = ", ".join(timer.timer.name for timer in timers)
    return JSONResponse({"message": f"no timer of that name; there are: {names}"}, 404)
