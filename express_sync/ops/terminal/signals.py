"""Ctrl-C held back while something must not be cut in two. It must not know what that is."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def defer_interrupt() -> Iterator[None]:
    """Let a Ctrl-C wait until the block is done, and only then raise KeyboardInterrupt; a second one does so at once.

    For the main thread only, as Python's signal handlers are.
    """
    is_asked = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_asked
        if is_asked:
            raise KeyboardInterrupt
        is_asked = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if is_asked:
        raise KeyboardInterrupt
