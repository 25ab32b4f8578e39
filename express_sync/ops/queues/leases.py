"""Messages taken into the hand to be looked at, and given back: nothing leaves its queue unless that is asked for.

SMQ's peek shows the first 16 messages only, so whoever wants to see a whole queue has to receive it. What was received
is out of others' sight until it is given back or, should this process die, until its visibility timeout ends. Each look
counts as a receive of the message. Only ids and receipt handles are kept in memory. It must not know what a message
means.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol

from handler.smq.client import Received, SmqError

HELD_SECONDS = 60
GIVEN_BACK_SECONDS = 1  # the shortest visibility timeout that SMQ takes
AT_ONCE = 16  # so that 10,000 are given back before their timeout would end, at 20 ms each
GONE = frozenset({"MessageNotExist", "ReceiptHandleError"})  # visible again, or in somebody else's hand


class Lender(Protocol):
    """The queue; every call may raise SmqError."""

    def receive(self, wait_seconds: int, count: int) -> Sequence[Received]: ...

    def hide(self, receipt_handle: str, seconds: int) -> str: ...

    def delete(self, receipt_handles: Sequence[str]) -> None: ...


class Loan:
    """What is in hand of one queue, and what was."""

    def __init__(self, queue: Lender) -> None:
        self._queue = queue
        self._handles: dict[str, str] = {}
        self._known: set[str] = set()
        self._deleted: set[str] = set()

    def borrow(self, count: int) -> list[Received]:
        """Up to `count` messages that were not borrowed before, at most 16; none once the queue shows no other."""
        while received := self._queue.receive(1, count):
            for message in received:
                self._handles[message.message_id] = message.receipt_handle
            new = [message for message in received if message.message_id not in self._known]
            for message in received:
                if message.message_id in self._known:  # looking took longer than the queue's visibility timeout
                    self._put_away(message.message_id)
            self._known.update(message.message_id for message in new)
            if new:
                return new
        return []

    def delete(self, message_ids: Sequence[str]) -> None:
        """Take up to 16 borrowed messages out of the queue for good, or those that come back, as they come back."""
        self._deleted.update(message_ids)
        handles = [self._handles.pop(message_id) for message_id in message_ids]
        with _unless_gone():
            self._queue.delete(handles)

    def give_back(self) -> int:
        """Let others see what is in hand; how much of it could not be, and comes back when its timeout ends."""
        handles = deque(self._handles.values())
        self._handles.clear()
        failures: list[SmqError] = []

        def work() -> None:
            while handles and not failures:
                handle = handles.popleft()
                try:
                    with _unless_gone():
                        self._queue.hide(handle, GIVEN_BACK_SECONDS)
                except SmqError as error:
                    handles.append(handle)
                    failures.append(error)

        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for _ in range(min(AT_ONCE, len(handles))):
                    pool.submit(work)
        finally:
            kept = len(handles)
            handles.clear()  # for the workers, should this have been interrupted
        return kept

    def _put_away(self, message_id: str) -> None:
        if message_id in self._deleted:
            self.delete([message_id])
            return
        with _unless_gone():
            self._handles[message_id] = self._queue.hide(self._handles[message_id], HELD_SECONDS)


@contextmanager
def _unless_gone() -> Iterator[None]:
    try:
        yield
    except SmqError as error:
        if error.code not in GONE:
            raise
