"""Defers Ctrl-C during a critical section."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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
