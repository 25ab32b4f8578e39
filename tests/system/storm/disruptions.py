"""Disrupts the function and its services, each time at a counted point of the function's traffic.

Reproduces what a cloud does to an instance: SIGKILL at a named point or a moment after it, a stall that the platform
ends by its timeout, a freeze in the middle of a call that ends by a thaw, and services that restart.
"""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Literal

import urllib3

from express_sync.local.crash_points import Point
from express_sync.local.fc.instance_pool import InstancePool
from tests.support.patience import PATIENCE_SECONDS

DisruptionKind = Literal["kill", "kill-soon", "stall", "freeze", "restart-mns", "restart-sgw"]


@dataclass(frozen=True, slots=True)
class Disruption:
    """A disruption at the `count`-th `point` (None: any) after the previous one; `seconds` is its delay or duration."""

    kind: DisruptionKind
    count: int
    point: Point | None = None
    seconds: float = 0.0


class Disruptions:
    """Listens to the traffic and causes the disruptions in their order; more can be added meanwhile."""

    def __init__(self, pool: InstancePool, fc_endpoint: str, disruptions: Sequence[Disruption] = ()) -> None:
        self.done: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self._pool = pool
        self._fc_endpoint = fc_endpoint
        self._planned = list(disruptions)
        self._seen = 0
        self._acting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"planned {self._planned}, seen {self._seen}, acting {self._acting}, in progress {self._tasks}"

    def add(self, *disruptions: Disruption) -> None:
        """Cause these, too, after those that are still planned."""
        self._planned.extend(disruptions)

    def cancel(self) -> None:
        """Cause none of those that are still planned."""
        self._planned.clear()
        self._seen = 0

    @property
    def is_idle(self) -> bool:
        """Return whether no disruption is in progress."""
        return not self._acting and not self._tasks

    async def reached(self, point: Point) -> None:
        """Count a point; the disruption that is due there happens before the emulator continues."""
        self.points[point] += 1
        if not self._planned or self._planned[0].point not in (None, point):
            return
        self._seen += 1
        if self._seen >= self._planned[0].count:
            self._seen = 0
            disruption = self._planned.pop(0)
            self.done[disruption.kind] += 1
            self._acting += 1
            await _ACTIONS[disruption.kind](self, disruption)
            self._acting -= 1

    async def _kill(self, _disruption: Disruption) -> None:
        await self._pool.kill()

    async def _kill_soon(self, disruption: Disruption) -> None:
        async def kill() -> None:
            await asyncio.sleep(disruption.seconds)
            await self._pool.kill()

        self._begin(kill())

    async def _stall(self, _disruption: Disruption) -> None:
        for instance in self._pool._instances:
            os.killpg(instance.pid, signal.SIGSTOP)

    async def _freeze(self, disruption: Disruption) -> None:
        frozen = [instance.pid for instance in self._pool._instances]
        for pid in frozen:
            os.killpg(pid, signal.SIGSTOP)

        async def thaw() -> None:
            await asyncio.sleep(disruption.seconds)
            for pid in frozen:
                with contextlib.suppress(ProcessLookupError):  # killed meanwhile
                    os.killpg(pid, signal.SIGCONT)

        self._begin(thaw())

    async def _restart(self, disruption: Disruption) -> None:
        body = {"service": disruption.kind.removeprefix("restart-"), "seconds": disruption.seconds}
        await asyncio.to_thread(_post, f"{self._fc_endpoint}/_local/restart", body)
        self._begin(asyncio.sleep(disruption.seconds))

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _post(url: str, body: object) -> None:
    with urllib3.PoolManager() as pool:
        pool.request("POST", url, json=body, retries=False, timeout=PATIENCE_SECONDS)


_ACTIONS: dict[DisruptionKind, Callable[[Disruptions, Disruption], Awaitable[None]]] = {
    "kill": Disruptions._kill,
    "kill-soon": Disruptions._kill_soon,
    "stall": Disruptions._stall,
    "freeze": Disruptions._freeze,
    "restart-mns": Disruptions._restart,
    "restart-sgw": Disruptions._restart,
}
