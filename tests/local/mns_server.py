"""The local MNS on a free port, in another thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import CrashPoints
from express_sync.local.mns.app import create_app
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.server import LoopbackServer
from tests.support.clock import FakeClock
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import Run, started


class RunningMns:
    """A running local MNS; its engine and crash points belong to the other thread, `run` runs coroutines there."""

    run: Run

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.crash_points = CrashPoints()
        self.service = MessageService(LOCAL_ACCOUNT, self.clock)
        self.server = LoopbackServer(create_app(self.service, LOCAL_ACCOUNT, self.crash_points))

    def wait_for_polls(self, queue: str, number: int) -> None:
        """Return once that many long polls of `queue` wait."""
        self.run(asyncio.wait_for(self._wait_for_polls(queue, number), PATIENCE_SECONDS))

    async def _wait_for_polls(self, queue: str, number: int) -> None:
        while self.service.queues.polls.waiting(queue) != number:
            await asyncio.sleep(0.001)


@contextmanager
def running_mns() -> Iterator[RunningMns]:
    """Serve until the end of the block; the time of messages is a FakeClock, that of signatures is real."""
    mns = RunningMns()
    with started(mns.server) as mns.run:
        yield mns
