"""Closes the port of a service for some time and opens it again; the service keeps its state."""

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from express_sync.local.admin_request import AdminRequestError, json_object
from express_sync.local.server import LoopbackServer

OUTAGES = ("mns", "sgw")
_REBIND_SECONDS = 0.05


class Outages:
    """Outages of the named servers."""

    def __init__(self, servers: Mapping[str, LoopbackServer]) -> None:
        self._servers = servers
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._beginning = (
            asyncio.Lock()
        )  # so that of two outages at once the later finds and cancels the end of the other

    async def begin(self, service: str, seconds: float) -> None:
        """Close the port of `service` now and open it again after `seconds`. ValueError for another than OUTAGES."""
        if service not in OUTAGES:
            raise ValueError(f"service must be {' or '.join(OUTAGES)}")
        server = self._servers[service]
        async with self._beginning:
            if service in self._ending:
                self._ending[service].cancel()
            await server.stop()
            self._ending[service] = asyncio.create_task(_end(server, seconds))

    async def cancel(self) -> None:
        """Cancel the ends of all outages: closed ports stay closed."""
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
        return False  # the port was meanwhile assigned to a client's connection, which will soon end
    return True


def outage_routes(outages: Outages) -> list[BaseRoute]:
    """Return the route `POST /_local/restart {"service": NAME, "seconds": S}`; it responds after the port closed."""

    async def restart(request: Request) -> Response:
        document = json_object(await request.body(), ("service", "seconds"))
        try:
            service, seconds = str(document["service"]), max(0.0, float(document["seconds"]))
            await outages.begin(service, seconds)
        except (ValueError, TypeError, KeyError) as error:
            raise AdminRequestError(f'expected {{"service": "mns" or "sgw", "seconds": S}}: {error}') from error
        return JSONResponse({"service": service, "seconds": seconds})

    return [Route("/_local/restart", restart, methods=["POST"])]
