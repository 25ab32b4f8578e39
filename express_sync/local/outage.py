"""Takes a service's port down for a while and brings it back; what the service holds is never touched."""

import asyncio
import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.server import LoopbackServer

OUTAGES = ("mns", "sgw")
_REBIND_SECONDS = 0.05


class Outages:
    """Outages of the named servers."""

    def __init__(self, servers: Mapping[str, LoopbackServer]) -> None:
        self._servers = servers
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._beginning = asyncio.Lock()  # of two outages at once the later must find the other's end, to cancel it

    async def begin(self, service: str, seconds: float) -> None:
        """Close the port of `service` now and open it again after `seconds`. KeyError for a service not of OUTAGES."""
        if service not in OUTAGES:
            raise KeyError(f"there is no outage of {service}, only of {' and '.join(OUTAGES)}")
        server = self._servers[service]
        async with self._beginning:
            if service in self._ending:
                self._ending[service].cancel()
            await server.stop()
            self._ending[service] = asyncio.create_task(_end(server, seconds))

    async def cancel(self) -> None:
        """Leave closed what is closed."""
        for task in self._ending.values():
            task.cancel()
        await asyncio.gather(*self._ending.values(), return_exceptions=True)


async def _end(server: LoopbackServer, seconds: float) -> None:
    await asyncio.sleep(seconds)
    while not await _started(server):
        await asyncio.sleep(_REBIND_SECONDS)


async def _started(server: LoopbackServer) -> bool:
    try:
        await server.start()
    except OSError:
        return False  # a client's connection was given the port meanwhile; it will not keep it for long
    return True


def outage_routes(outages: Outages) -> list[BaseRoute]:
    """`POST /_local/restart {"service": NAME, "seconds": S}`, answered once the port is closed."""

    async def restart(request: Request) -> Response:
        try:
            wish = json.loads(await request.body())
            service, seconds = str(wish["service"]), max(0.0, float(wish["seconds"]))
            await outages.begin(service, seconds)
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"message": f'wanted is {{"service": "mns" or "sgw", "seconds": S}}: {error}'}, 400)
        return JSONResponse({"service": service, "seconds": seconds})

    return [Route("/_local/restart", restart, methods=["POST"])]
