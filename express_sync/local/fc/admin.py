"""The admin API of the local function: kill it, reset it, read its invocations and logs."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.admin_request import AdminRequestError, json_object
from express_sync.local.fc.runtime import Runtime

MAX_DIGITS = 18


def admin_routes(runtime: Runtime) -> list[BaseRoute]:
    """Return the routes under `/_local`."""

    async def kill(request: Request) -> Response:
        return await _kill(runtime, await request.body())

    async def reset(_request: Request) -> Response:
        runtime.kill_switch.disarm()
        await runtime.async_invocations.cancel()
        runtime.pool.invocation_log.clear()
        runtime.pool.logs.clear()
        return JSONResponse({})

    async def invocations(_request: Request) -> Response:
        return JSONResponse(runtime.pool.invocation_log.recent())

    async def logs(request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) <= MAX_DIGITS):
            raise AdminRequestError("after must be the number of a line")
        return JSONResponse(runtime.pool.logs.recent(int(after)))

    return [
        Route("/_local/kill", kill, methods=["POST"]),
        Route("/_local/reset", reset, methods=["POST"]),
        Route("/_local/invocations", invocations),
        Route("/_local/logs", logs),
    ]


async def _kill(runtime: Runtime, body: bytes) -> Response:
    document = json_object(body or b"{}", ("after",))
    if not document:
        return JSONResponse({"killed": await runtime.pool.kill()})
    try:
        runtime.kill_switch.arm(str(document["after"]))
    except ValueError as error:
        raise AdminRequestError(str(error)) from error
    return JSONResponse({"armed": document["after"]})
