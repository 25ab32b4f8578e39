"""Waits for the signal that ends a command which serves; apart from `signals`, so that only these import asyncio."""

import asyncio
import signal

from express_sync.ops.terminal.signals import ENDING


def ending() -> asyncio.Future[signal.Signals]:
    """Return a future with the first SIGINT, SIGTERM or SIGHUP; the running loop handles them from now on."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[signal.Signals] = loop.create_future()

    def end(received: signal.Signals) -> None:
        if not ended.done():
            ended.set_result(received)

    for each in (signal.SIGINT, *ENDING):
        loop.add_signal_handler(each, end, each)
    return ended
