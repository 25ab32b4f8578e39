"""Blows to the function and its services, each at a counted point of the function's traffic.

Reproduces what a cloud does to an instance: SIGKILL at a named point or a moment after it, a stall that the platform
ends by its timeout, and services that restart. Must not know what the function makes of it.
"""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Literal

import urllib3

from express_sync.local.crash_points import Point
from express_sync.local.fc.fleet import Fleet
from tests.support.patience import PATIENCE_SECONDS

Blow = Literal["kill", "kill-soon", "stall", "restart-mns", "restart-sgw"]


@dataclass(frozen=True, slots=True)
class Strike:
    """A blow at the `count`-th `point` (any point for None) after the blow before; `seconds` is a delay or a length."""

    blow: Blow
    count: int
    point: Point | None = None
    seconds: float = 0.0


class Strikes:
    """Listens to the traffic and deals the blows in their order; more can be added while it listens."""

    def __init__(self, fleet: Fleet, fc_endpoint: str, strikes: Sequence[Strike] = ()) -> None:
        self.dealt: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self._fleet = fleet
        self._fc_endpoint = fc_endpoint
        self._coming = list(strikes)
        self._seen = 0
        self._dealing = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, *strikes: Strike) -> None:
        """Deal these too, after those that are still to come."""
        self._coming.extend(strikes)

    def forget(self) -> None:
        """Deal none of those that are still to come."""
        self._coming.clear()
        self._seen = 0

    @property
    def are_over(self) -> bool:
        """Whether no blow that was dealt is still to take effect or still going on."""
        return not self._dealing and not self._tasks

    async def reached(self, point: Point) -> None:
        """Take note of a point; the blow that is due there is dealt before the emulator goes on."""
        self.points[point] += 1
        if not self._coming or self._coming[0].point not in (None, point):
            return
        self._seen += 1
        if self._seen >= self._coming[0].count:
            self._seen = 0
            strike = self._coming.pop(0)
            self.dealt[strike.blow] += 1
            self._dealing += 1
            await _BLOWS[strike.blow](self, strike)
            self._dealing -= 1

    async def _kill(self, _strike: Strike) -> None:
        await self._fleet.kill()

    async def _kill_soon(self, strike: Strike) -> None:
        async def kill() -> None:
            await asyncio.sleep(strike.seconds)
            await self._fleet.kill()

        self._begin(kill())

    async def _stall(self, _strike: Strike) -> None:
        for instance in self._fleet._instances:
            os.killpg(instance.pid, signal.SIGSTOP)

    async def _restart(self, strike: Strike) -> None:
        wish = {"service": strike.blow.removeprefix("restart-"), "seconds": strike.seconds}
        await asyncio.to_thread(_post, f"{self._fc_endpoint}/_local/restart", wish)
        self._begin(asyncio.sleep(strike.seconds))

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _post(url: str, wish: object) -> None:
    with urllib3.PoolManager() as pool:
        pool.request("POST", url, body=json.dumps(wish), retries=False, timeout=PATIENCE_SECONDS)


_BLOWS: dict[Blow, Callable[[Strikes, Strike], Awaitable[None]]] = {
    "kill": Strikes._kill,
    "kill-soon": Strikes._kill_soon,
    "stall": Strikes._stall,
    "restart-mns": Strikes._restart,
    "restart-sgw": Strikes._restart,
}
