"""A service that is restarted during a restart starts once, and leaves no task running."""

import asyncio
import gc
import socket

from starlette.applications import Starlette

from express_sync.local.outage import Outages
from express_sync.local.server import LoopbackServer
from tests.support.patience import PATIENCE_SECONDS


async def overlapping_restarts() -> tuple[bool, int]:
    """Restart one server twice at once; whether it is up again, and how many tasks outlive its end."""
    server = LoopbackServer(Starlette())
    await server.start()
    before = len(asyncio.all_tasks())
    outages = Outages({"mns": server})
    await asyncio.gather(outages.begin("mns", 0.1), outages.begin("mns", 0.0))
    while not (is_up := await answers(server)):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # the time in which the first outage would end, had the second not taken its place
    await outages.cancel()
    await server.stop()
    return is_up, len(asyncio.all_tasks()) - before + 1


async def answers(server: LoopbackServer) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    except OSError:
        return False
    writer.close()
    return True


def test_second_restart_replaces_a_restart_in_progress() -> None:
    is_up, left_over = asyncio.run(asyncio.wait_for(overlapping_restarts(), PATIENCE_SECONDS))
    assert is_up
    assert left_over == 0


async def stop_after_accepting() -> None:
    """Stop a server just after it has accepted a connection."""
    server = LoopbackServer(Starlette())
    await server.start()
    with socket.create_connection(("127.0.0.1", server.port)):
        await asyncio.sleep(0)  # the connection is noticed
        await asyncio.sleep(0)  # and accepted
        await server.stop()


def test_connection_accepted_during_shutdown_is_closed() -> None:
    """An open connection would be a warning, and so a failure, of the test that runs next."""
    asyncio.run(asyncio.wait_for(stop_after_accepting(), PATIENCE_SECONDS))
    gc.collect()
