"""Sends the messages of the outbox to the request queue, as soon as they are due."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from express_sync.ops.queues.batching import MAX_MESSAGES, batches
from express_sync.portal.clock import Clock
from express_sync.portal.outbox_worker import OutboxWorker
from express_sync.portal.store import outbox
from express_sync.portal.store.database import Database
from express_sync.portal.store.outbox import Pending
from handler.smq.client import SmqError

LOGGER = logging.getLogger(__name__)
PAUSES_MS = (1_000, 2_000, 5_000, 15_000, 60_000)  # until the next try of a message, by the number of its tries


class RequestQueue(Protocol):
    """The request queue."""

    def send(self, bodies: Sequence[str]) -> Sequence[str]:
        """Send at most 16 bodies, 64 KiB together. SmqError unless all are confirmed."""


@dataclass(slots=True)
class Sender(OutboxWorker):
    """Sends messages until it is stopped."""

    queue: RequestQueue
    database: Database
    clock: Clock
    on_sent: Callable[[], None]
    is_failing: bool = False

    def run(self) -> None:
        """Send what is due until it is stopped."""
        self.repeat(self.step)

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
