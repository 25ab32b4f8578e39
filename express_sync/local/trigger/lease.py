"""The messages a trigger has taken and not yet settled: kept invisible for as long as that takes.

Chosen: how EventBridge keeps a message from coming back while it is being pushed is not documented; here its
visibility is renewed at half its time. Must not know what is done with the messages.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from express_sync.local.mns.engine.message_service import MessageService, ReceivedMessage
from express_sync.local.mns.errors import ServiceError

Sleep = Callable[[float], Awaitable[None]]


class Held:
    """A batch of one queue's messages, whose receipt handles change with every renewal."""

    def __init__(self, service: MessageService, queue: str, sleep: Sleep) -> None:
        self._service = service
        self._queue = queue
        self._sleep = sleep
        self._handles: dict[str, str] = {}
        self.messages: list[ReceivedMessage] = []

    def add(self, messages: Sequence[ReceivedMessage]) -> None:
        """Hold these too."""
        self.messages.extend(messages)
        self._handles.update((message.message_id, message.receipt_handle) for message in messages)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """While this is open, no held message becomes visible."""
        task = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def settle(self) -> None:
        """Delete every message; one that is no longer there is as good as deleted."""
        for handle in self._handles.values():
            with contextlib.suppress(ServiceError):
                self._service.delete(self._queue, handle)

    async def _renew(self) -> None:
        visible_in = self._service.queue(self._queue).attributes.visibility_timeout
        while True:
            await self._sleep(visible_in / 2)
            for message_id, handle in list(self._handles.items()):
                with contextlib.suppress(ServiceError):
                    renewed = self._service.change_visibility(self._queue, handle, visible_in)
                    self._handles[message_id] = renewed.receipt_handle
