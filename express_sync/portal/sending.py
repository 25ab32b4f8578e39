"""Sends the messages of the outbox to the request queue, as soon as they are due."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from express_sync.ops.queues.batching import MAX_MESSAGES, batches
from express_sync.portal.clock import Clock
from express_sync.portal.store import outbox
from express_sync.portal.store.database import Database
from express_sync.portal.store.outbox import Pending
from handler.smq.client import SmqError

LOGGER = logging.getLogger(__name__)
MAX_WAIT_SECONDS = 1.0  # another replica, or a later due time, is noticed after that
PAUSES_MS = (1_000, 2_000, 5_000, 15_000, 60_000)  # until the next try of a message, by the number of its tries


class RequestQueue(Protocol):
    """The request queue."""

    def send(self, bodies: Sequence[str]) -> Sequence[str]:
        """Send at most 16 bodies, 64 KiB together. SmqError unless all are confirmed."""


@dataclass(slots=True)
class Sender:
    """Sends until it is stopped; `wake` makes it look at once."""

    queue: RequestQueue
    database: Database
    clock: Clock
    on_sent: Callable[[], None]
    is_failing: bool = False
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Look for messages at once."""
        self._woken.set()

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()
        self.wake()

    def run(self) -> None:
        """Send what is due until it is stopped."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                is_idle = self.step() == 0
            except SQLAlchemyError as error:
                LOGGER.warning("The portal cannot read its outbox (%s); it tries again.", type(error).__name__)
                is_idle = True
            if is_idle:
                self._woken.wait(MAX_WAIT_SECONDS)

    def step(self) -> int:
        """Send the messages that are due, at most a batch, and return how many were taken. Errors of the database."""
        with self.database.reading() as connection:
            due_at = outbox.next_due_ms(connection)
        if due_at is None or due_at > self.clock():
            return 0
        with self.database.writing() as connection:
            taken = outbox.lease(connection, MAX_MESSAGES, self.clock())
        for batch in batches((each, each.body) for each in taken):
            self._send([each for each, _ in batch])
        return len(taken)

    def _send(self, pending: Sequence[Pending]) -> None:
        try:
            self.queue.send([each.body for each in pending])
        except SmqError as error:
            LOGGER.warning("The portal cannot send requests (%s); it tries again.", error.code)
            self.is_failing = True
            pause = PAUSES_MS[min(max(each.tries for each in pending), len(PAUSES_MS) - 1)]
            with self.database.writing() as connection:
                outbox.postpone(connection, pending, self.clock() + pause)
            return
        self.is_failing = False
        with self.database.writing() as connection:
            outbox.confirm(connection, pending, self.clock())
        self.on_sent()
