"""Waits for the signals that end a command, and defers Ctrl-C during a critical section."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def ending() -> asyncio.Future[signal.Signals]:
    """Return a future with the first SIGINT or SIGTERM that arrives; the running loop handles them from now on."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[signal.Signals] = loop.create_future()

    def end(received: signal.Signals) -> None:
        if not ended.done():
            ended.set_result(received)

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, end, each)
    return ended


@contextmanager
def defer_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt for a first Ctrl-C only at the end of the block, and for a second one at once.

    Works in the main thread only, as Python's signal handlers do.
    """
    is_interrupted = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_interrupted
        if is_interrupted:
            raise KeyboardInterrupt
        is_interrupted = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if is_interrupted:
        raise KeyboardInterrupt
