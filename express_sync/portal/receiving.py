"""Takes outcomes from the portal's queue: each is appended to the log, and only then its message is deleted.

Whenever the process ends, a message is in the queue, or its event is in the log, or both. If both, the event is
recognised when the message comes again.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError

from express_sync.ops.queues.leases import NO_LONGER_LEASED
from express_sync.portal.clock import Clock
from express_sync.portal.outcomes import MALFORMED, Arrival, Quarantined, classify
from express_sync.portal.store import quarantining
from express_sync.portal.store.database import Database
from express_sync.portal.store.log import Log
from handler.smq.client import Received, SmqError

LOGGER = logging.getLogger(__name__)
POLL_SECONDS = 10
PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)  # after each error in a row


class Mailbox(Protocol):
    """The portal's queue; every call may raise SmqError."""

    def receive(self, wait_seconds: int) -> Sequence[Received]:
        """Return at most 16 messages; none if none arrives in time."""

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete at most 16 received messages."""


@dataclass(slots=True)
class ReceiverCounts:
    """What a receiver did since its start."""

    appended: int = 0
    repeated: int = 0
    quarantined: int = 0
    errors: int = 0
    is_failing: bool = False


@dataclass(slots=True)
class Receiver:
    """Receives until it is stopped; `on_append` is called after each commit, in the receiver's thread."""

    mailbox: Mailbox
    database: Database
    log: Log
    source: str
    clock: Clock
    on_append: Callable[[], None]
    counts: ReceiverCounts = field(default_factory=ReceiverCounts)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _keeping: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Receive, append and delete until it is stopped; after an error, pause and go on. Several threads may run."""
        errors = 0
        while not self._stopping.is_set():
            try:
                self.step(POLL_SECONDS)
                errors = 0
            except (SmqError, SQLAlchemyError) as error:
                if self._stopping.is_set():
                    return
                LOGGER.warning("The portal cannot take outcomes (%s); it tries again.", _name(error))
                self.counts.errors += 1
                self._stopping.wait(PAUSES_SECONDS[min(errors, len(PAUSES_SECONDS) - 1)])
                errors += 1
            self.counts.is_failing = errors > 0

    def stop(self) -> None:
        """Return when the database is not used any more; what a long poll still receives comes back to the queue."""
        self._stopping.set()
        with self._keeping:
            pass

    def step(self, wait_seconds: int) -> int:
        """Receive one batch, append it, delete it, and return its size. SmqError, or an error of the database."""
        received = self.mailbox.receive(wait_seconds)
        messages = [classify(each.message_id, each.body, self.source) for each in received]
        with self._keeping:
            if not messages or self._stopping.is_set():
                return 0
            self._store(messages)
        self._delete([each.receipt_handle for each in received])
        return len(received)

    def _delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete messages; those that have become visible again in the meantime come back and are recognised."""
        try:
            self.mailbox.delete(receipt_handles)
        except SmqError as error:
            if error.code not in NO_LONGER_LEASED:
                raise

    def _store(self, messages: Sequence[Arrival | Quarantined]) -> None:
        try:
            self._append(messages)
        except StatementError as error:
            if not _is_about_values(error):
                raise
            for each in messages:
                self._append_alone(each)

    def _append_alone(self, message: Arrival | Quarantined) -> None:
        """Append one message, or quarantine it if the database refuses its values."""
        try:
            self._append([message])
        except StatementError as error:
            if not _is_about_values(error) or isinstance(message, Quarantined):
                raise
            self._append([Quarantined(MALFORMED, "", message.body)])

    def _append(self, messages: Sequence[Arrival | Quarantined]) -> None:
        arrivals = [each for each in messages if isinstance(each, Arrival)]
        others = [each for each in messages if isinstance(each, Quarantined)]
        with self.database.writing() as connection:
            appended = self.log.append(connection, arrivals, self.clock()) if arrivals else 0
            quarantining.keep(connection, others, self.clock())
        self.counts.appended += appended
        self.counts.repeated += len(arrivals) - appended
        self.counts.quarantined += len(others)
        if appended:
            self.on_append()


def _is_about_values(error: StatementError) -> bool:
    """Return whether the values of a statement are refused, by the driver or the database, now and later."""
    return isinstance(error, DataError) or not isinstance(error, DBAPIError)


def _name(error: Exception) -> str:
    return error.code if isinstance(error, SmqError) else type(error).__name__
