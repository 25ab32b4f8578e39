"""A service that restarts while it restarts comes back once, and leaves nothing running."""

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


def test_of_two_outages_at_once_only_the_later_one_ends() -> None:
    is_up, left_over = asyncio.run(asyncio.wait_for(overlapping_restarts(), PATIENCE_SECONDS))
    assert is_up
    assert left_over == 0


async def closing_on_newcomers() -> None:
    """Stop a server in the very moment in which it has accepted a connection and not yet made anything of it."""
    server = LoopbackServer(Starlette())
    await server.start()
    with socket.create_connection(("127.0.0.1", server.port)):
        await asyncio.sleep(0)  # the connection is noticed
        await asyncio.sleep(0)  # and accepted
        await server.stop()


def test_who_is_let_in_while_a_service_goes_down_leaves_nothing_open() -> None:
    """A connection that nobody closes would be a warning, and so a failure, of whichever test comes next."""
    asyncio.run(asyncio.wait_for(closing_on_newcomers(), PATIENCE_SECONDS))
    gc.collect()
