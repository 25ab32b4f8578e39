"""Ends a command in order after a signal, and defers Ctrl-C during a critical section."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """A signal that ends the command after its clean-up; `code` is the exit code that shells expect for it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def end_in_order() -> None:
    """Raise Terminated for a signal that would end the process at once, unless the parent ignores that signal."""
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _terminate)


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)


class _Deferred:
    """Whether Ctrl-C waits for the end of a critical section."""

    is_waiting = False


def is_interrupt_waiting() -> bool:
    """Return whether Ctrl-C was pressed in the critical section that runs, so that it should end soon."""
    return _Deferred.is_waiting


@contextmanager
def defer_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt for a first Ctrl-C only at the end of the block, and for a second one at once.

    Works in the main thread only, as Python's signal handlers do.
    """

    def remember(_number: int, _frame: FrameType | None) -> None:
        if _Deferred.is_waiting:
            raise KeyboardInterrupt
        _Deferred.is_waiting = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        is_interrupted, _Deferred.is_waiting = _Deferred.is_waiting, False
        if is_interrupted:
            raise KeyboardInterrupt
