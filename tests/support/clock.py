"""Clocks that tests control."""

import asyncio
import random
import threading
import time
from dataclasses import dataclass, field


class FakeClock:
    """Epoch seconds that pass only by `advance`."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class SkippingClock:
    """The real time plus what the test has skipped; sleeps end only by `advance`."""

    def __init__(self) -> None:
        self._skipped_s = 0.0
        self._moved = asyncio.Condition()
        self.is_sleeping = threading.Event()

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return time.time() + self._skipped_s

    async def sleep(self, seconds: float) -> None:
        """Return once so many seconds were skipped."""
        due = self._skipped_s + seconds
        async with self._moved:
            self.is_sleeping.set()
            await self._moved.wait_for(lambda: self._skipped_s >= due)

    async def advance(self, seconds: float) -> None:
        """Skip time."""
        async with self._moved:
            self._skipped_s += seconds
            self._moved.notify_all()


class JumpingClock:
    """The monotonic time plus all sleeps, which end at once: for a function that calls over real connections."""

    def __init__(self) -> None:
        self._slept_s = 0.0
        self._moving = threading.Lock()

    def now(self) -> float:
        return time.monotonic() + self._slept_s

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        with self._moving:
            self._slept_s += seconds

    uniform = staticmethod(random.uniform)


@dataclass
class ManualClock:
    """Time that only `sleep` and the test move; every random number is at `fraction` of its range."""

    instant: float = 1000.0
    fraction: float = 1.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.instant

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.instant += seconds

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.fraction
