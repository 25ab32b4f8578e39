"""Limits how many messages are sent per second."""

from collections.abc import Callable


class RateLimiter:
    """Permits at most `rate` messages per second over any period, in bursts of at most the messages of one second."""

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.max_burst = int(min(max(rate, 1.0), 1e6))
        self._seconds_each = 1.0 / rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def wait(self) -> None:
        """Sleep until the next burst is permitted."""
        self._sleep(max(0.0, self._free_at - self._clock()))

    def used(self, count: int) -> None:
        """Record that this many messages were just sent."""
        self._free_at = max(self._free_at, self._clock()) + count * self._seconds_each
