"""The admin API of faults, which is the same for all emulators.

`POST /_local/faults {"operation", "name"?, "faults": [...], "count"?, "seconds"?}` queues the list of faults `count`
times; each fault applies to one call of `operation` whose resource has a name that matches the glob `name`. With
`seconds` the rule ends after that time, and without a count it applies to every call until then. `GET` lists the rules
that have faults left, `DELETE` removes them.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from express_sync.local.admin_request import json_object
from express_sync.local.faults import FaultQueue, Wire

_FIELDS = ("name", "operation", "faults", "count", "seconds")


def fault_routes(faults: FaultQueue[Wire]) -> list[Route]:
    """Return the admin routes at `/faults`."""

    async def queue(request: Request) -> Response:
        return JSONResponse({"queued": faults.add(json_object(await request.body(), _FIELDS))})

    async def show(_request: Request) -> Response:
        return JSONResponse(faults.documents())

    async def clear(_request: Request) -> Response:
        faults.clear()
        return JSONResponse({})

    return [
        Route("/faults", queue, methods=["POST"]),
        Route("/faults", show, methods=["GET"]),
        Route("/faults", clear, methods=["DELETE"]),
    ]
