"""A receiver in a process of its own, which kills itself at a step; run by test_kills as a module.

Arguments: the URL of the database, the endpoint of SMQ, the step or `none`, and at which batch.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.ops.queues.client import PORTAL_QUEUE, Queue, queue
from express_sync.portal.clock import now_ms
from express_sync.portal.receiving import Receiver
from express_sync.portal.store.database import Database, database_url
from express_sync.portal.store.log import Log
from handler.credentials import Credentials
from handler.smq.client import Received
from tests.support.portal import SOURCE

QUEUE = "express-sync-portal"
STEPS = ("received", "appended", "committed", "deleted")


class Killer:
    """Kills this process at a step of a batch."""

    def __init__(self, step: str, batch: int) -> None:
        self._step = step
        self._left = batch

    def reached(self, step: str) -> None:
        """Count a step, and kill the process if it is the one."""
        if step == self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class KilledMailbox:
    """The portal's queue; the process may end after it has received or deleted."""

    def __init__(self, own: Queue, killer: Killer) -> None:
        self._queue = own
        self._killer = killer

    def receive(self, wait_seconds: int) -> Sequence[Received]:
        """Receive."""
        received = self._queue.receive(wait_seconds)
        if received:
            self._killer.reached("received")
        return received

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete."""
        self._queue.delete(receipt_handles)
        self._killer.reached("deleted")


class KilledDatabase(Database):
    """The database; the process may end before or after a commit."""

    killer: Killer

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection."""
        with super().writing() as connection:
            yield connection
            self.killer.reached("appended")
        self.killer.reached("committed")


def main(url: str, endpoint: str, step: str, batch: str) -> None:
    """Receive until the queue is empty, or the process is killed."""
    key = Credentials(LOCAL_ACCOUNT.user.access_key_id, LOCAL_ACCOUNT.user.access_key_secret)
    killer = Killer(step, int(batch))
    database = KilledDatabase(database_url(url))
    database.killer = killer
    profile = {"mns": {"endpoint": endpoint, PORTAL_QUEUE: QUEUE}}
    mailbox = KilledMailbox(queue(profile, PORTAL_QUEUE, key), killer)
    receiver = Receiver(mailbox, database, Log(), SOURCE, now_ms, lambda: None)
    while receiver.step(0):
        pass
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
