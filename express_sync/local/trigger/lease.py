"""The messages that a trigger has received and not yet deleted, kept invisible for that time.

Unknown: how EventBridge keeps a message invisible while it is being pushed; here its visibility timeout is renewed
after half of it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from express_sync.local.mns.engine.message import Message
from express_sync.local.mns.engine.queue_service import QueueService
from express_sync.local.mns.errors import MnsError

Sleep = Callable[[float], Awaitable[None]]


class LeasedBatch:
    """Leased messages of one queue, whose receipt handles change with every renewal."""

    def __init__(self, queues: QueueService, queue: str, sleep: Sleep) -> None:
        self._queues = queues
        self._queue = queue
        self._sleep = sleep
        self._handles: dict[str, str] = {}
        self.messages: list[Message] = []

    def add(self, messages: Sequence[Message]) -> None:
        """Add messages to the batch."""
        self.messages.extend(messages)
        self._handles.update((message.message_id, message.receipt_handle) for message in messages)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Keep the messages invisible for the length of an `async with` block."""
        task = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def delete(self) -> None:
        """Delete the messages that still exist."""
        for handle in self._handles.values():
            with contextlib.suppress(MnsError):
                self._queues.delete(self._queue, handle)

    async def _renew(self) -> None:
        visibility_s = self._queues.queue(self._queue).attributes.visibility_timeout
        while True:
            await self._sleep(visibility_s / 2)
            for message_id, handle in list(self._handles.items()):
                with contextlib.suppress(MnsError):
                    renewed = self._queues.change_visibility(self._queue, handle, visibility_s)
                    self._handles[message_id] = renewed.receipt_handle
