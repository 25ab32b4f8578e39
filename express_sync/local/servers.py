"""The servers of one local cloud, on free ports or on consecutive ones."""

import asyncio
from collections.abc import Mapping

from starlette.applications import Starlette

from express_sync.local.server import PLAIN, Link, LoopbackServer


class PortTakenError(OSError):
    """A requested port is in use; the message names the service and the port."""


class Servers:
    """Servers by service; with a `port_base` other than 0 their ports are counted from it."""

    def __init__(self, port_base: int) -> None:
        self.by_service: dict[str, LoopbackServer] = {}
        self._port_base = port_base

    @property
    def urls(self) -> Mapping[str, str]:
        """Return the URL of each service."""
        return {service: server.url for service, server in self.by_service.items()}

    async def serve(self, service: str, app: Starlette, link: Link = PLAIN) -> None:
        """Serve `app` on the next port over `link`. PortTakenError."""
        port = self._port_base + len(self.by_service) if self._port_base else 0
        server = self.by_service[service] = LoopbackServer(app, port, link)
        try:
            await server.start()
        except OSError as error:
            raise PortTakenError(f"{service} cannot have port {port}: {error.strerror}") from error

    async def stop(self) -> None:
        """Close all ports, and cancel the requests that still run."""
        await asyncio.gather(*(server.stop() for server in self.by_service.values()))
        await asyncio.gather(*(server.cancel() for server in self.by_service.values()))
