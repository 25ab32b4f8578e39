"""The remaining time of a call. The standard library bounds each operation on a socket, but not their sum."""

import time
from typing import Protocol


class Deadline(Protocol):
    """Tells how many seconds the next operation on a socket may take."""

    def left(self) -> float: ...


class CallDeadline:
    """The end of one call, some seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left, more than 0. TimeoutError after the end."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class NoWait:
    """Lets an operation return only what is already there."""

    def left(self) -> float:
        return 0.0
