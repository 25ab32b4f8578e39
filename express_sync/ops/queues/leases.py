"""Receives messages temporarily for inspection and returns them to the queue, unless they are deleted explicitly.

SMQ's peek shows the first 16 messages only, so reading a whole queue means receiving it. Received messages are hidden
from other readers until they are returned or, should this process be killed, until their visibility timeout ends. Each
read counts as a receive of the message. Only message ids and receipt handles are kept in memory.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from handler.smq.client import Received, SmqError

HIDDEN_SECONDS = 60
MIN_HIDDEN_SECONDS = 1  # the shortest visibility timeout that SMQ accepts
WORKERS = 16  # so that 10,000 messages are returned before their timeout would end, at 20 ms each
NO_LONGER_LEASED = frozenset({"MessageNotExist", "ReceiptHandleError"})  # visible again, or received by another reader


class LeasingQueue(Protocol):
    """The queue; every call may raise SmqError."""

    def receive(self, wait_seconds: int, count: int) -> Sequence[Received]: ...

    def hide(self, receipt_handle: str, seconds: int) -> str: ...

    def delete(self, receipt_handles: Sequence[str]) -> None: ...


class LeasedMessages:
    """The messages of one queue that were received and not yet returned or deleted."""

    def __init__(self, queue: LeasingQueue) -> None:
        self._queue = queue
        self._handles: dict[str, str] = {}
        self._known: set[str] = set()
        self._deleted: set[str] = set()

    def receive_new(self, count: int) -> list[Received]:
        """Return up to `count` messages (at most 16) that were not received before; none at the end of the queue."""
        while received := self._queue.receive(1, count):
            for message in received:
                self._handles[message.message_id] = message.receipt_handle
            new = [message for message in received if message.message_id not in self._known]
            for message in received:
                if message.message_id in self._known:  # reading took longer than the visibility timeout of the queue
                    self._hide_or_delete(message.message_id)
            self._known.update(message.message_id for message in new)
            if new:
                return new
        return []

    def delete(self, message_ids: Sequence[str]) -> None:
        """Delete up to 16 leased messages; one whose lease has ended is deleted when it is received again."""
        self._deleted.update(message_ids)
        handles = [self._handles.pop(message_id) for message_id in message_ids]
        with _ignoring_ended_leases():
            self._queue.delete(handles)

    def return_all(self) -> int:
        """Make all leased messages visible; return how many could not be, and stay hidden until their timeout ends."""
        handles = deque(self._handles.values())
        self._handles.clear()
        failures: list[SmqError] = []

        def work() -> None:
            while handles and not failures:
                handle = handles.popleft()
                try:
                    with _ignoring_ended_leases():
                        self._queue.hide(handle, MIN_HIDDEN_SECONDS)
                except SmqError as error:
                    handles.append(handle)
                    failures.append(error)

        try:
            with ThreadPoolExecutor(WORKERS) as pool:
                for _ in range(min(WORKERS, len(handles))):
                    pool.submit(work)
        finally:
            hidden = len(handles)
            handles.clear()  # stops the workers if this was interrupted
        return hidden

    def _hide_or_delete(self, message_id: str) -> None:
        if message_id in self._deleted:
            self.delete([message_id])
            return
        with _ignoring_ended_leases():
            self._handles[message_id] = self._queue.hide(self._handles[message_id], HIDDEN_SECONDS)


@contextmanager
def _ignoring_ended_leases() -> Iterator[None]:
    try:
        yield
    except SmqError as error:
        if error.code not in NO_LONGER_LEASED:
            raise
