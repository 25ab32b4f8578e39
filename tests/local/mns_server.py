"""The emulator on an ephemeral port, in a thread with an event loop of its own."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from typing import TypeVar

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import Traffic
from express_sync.local.mns.app import create_app
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.server import LoopbackServer
from tests.support.patience import PATIENCE_SECONDS

Result = TypeVar("Result")


class FakeClock:
    """Epoch seconds that pass only when told to."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class RunningMns:
    """A running emulator; its engine and traffic belong to the other thread, `run` goes there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.clock = FakeClock()
        self.traffic = Traffic()
        self.service = MessageService(LOCAL_ACCOUNT, self.clock)
        self.server = LoopbackServer(create_app(self.service, LOCAL_ACCOUNT, self.traffic))

    def run(self, coroutine: Coroutine[object, object, Result]) -> Result:
        """Run `coroutine` in the emulator's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)

    def wait_for_polls(self, queue: str, number: int) -> None:
        """Return once that many long polls of `queue` wait."""
        self.run(asyncio.wait_for(self._wait_for_polls(queue, number), PATIENCE_SECONDS))

    async def _wait_for_polls(self, queue: str, number: int) -> None:
        while self.service.polls.waiting(queue) != number:
            await asyncio.sleep(0.001)


@contextlib.contextmanager
def running_mns() -> Iterator[RunningMns]:
    """Serve until the end of the block; the messages' time is a FakeClock, that of signatures is real."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    mns = RunningMns(loop)
    try:
        mns.run(mns.server.start())
        yield mns
    finally:
        mns.run(mns.server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()
