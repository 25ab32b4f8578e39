"""What people and tests do to the local function that no cloud offers: look at it, kill it, forget what it did."""

import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.fc.async_invocations import AsyncInvocations
from express_sync.local.fc.description import Description
from express_sync.local.fc.fleet import Fleet
from express_sync.local.fc.kill_switch import KillSwitch


@dataclass(frozen=True, slots=True)
class Runtime:
    """A function that can be invoked now, later, and killed; and how the API describes it."""

    fleet: Fleet
    later: AsyncInvocations
    kill: KillSwitch
    description: Description


def control_routes(runtime: Runtime) -> list[BaseRoute]:
    """The routes under `/_local`, which need no signature."""

    async def kill(request: Request) -> Response:
        return await _kill(runtime, await request.body())

    async def reset(_request: Request) -> Response:
        runtime.kill.disarm()
        await runtime.later.drop()
        runtime.fleet.journal.clear()
        runtime.fleet.logs.clear()
        return JSONResponse({})

    async def invocations(_request: Request) -> Response:
        return JSONResponse(runtime.fleet.journal.recent())

    async def logs(_request: Request) -> Response:
        return JSONResponse(runtime.fleet.logs.recent())

    return [
        Route("/_local/kill", kill, methods=["POST"]),
        Route("/_local/reset", reset, methods=["POST"]),
        Route("/_local/invocations", invocations),
        Route("/_local/logs", logs),
    ]


async def _kill(runtime: Runtime, body: bytes) -> Response:
    try:
        wish = json.loads(body or b"{}")
        if wish == {}:
            return JSONResponse({"killed": await runtime.fleet.kill()})
        runtime.kill.arm(str(wish["after"]))
    except (ValueError, TypeError, KeyError) as error:
        return JSONResponse({"message": f'wanted is nothing or {{"after": POINT}}: {error}'}, 400)
    return JSONResponse({"armed": wish["after"]})
