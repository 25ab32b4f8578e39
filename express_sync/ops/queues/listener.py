"""A queue of one's own that a topic delivers to, for as long as a command listens.

Every listener has its own, so none takes a message from another. It is deleted at the end. What a crashed listener has
left is deleted by the next one: at once on the same machine, where the lock of its process has ended, and elsewhere as
soon as the queue was not touched for STALE_SECONDS. Both times are SMQ's, as the clocks of two machines may differ.
"""

import contextlib
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mns.queue import QueueMeta

from express_sync.ops import file_lock
from express_sync.ops.queues.admin import QueueAdmin
from express_sync.ops.queues.client import Queue
from express_sync.ops.queues.retry import Retry
from express_sync.ops.terminal import output
from handler.smq.client import Received, SmqError

HEARTBEAT_SECONDS = 60.0
STALE_SECONDS = 900
MAX_PREFIX_LENGTH = 90  # of 120 for the name of a queue
_QUEUE_NOT_EXIST = "QueueNotExist"
_RETENTION_SECONDS = 86400
_VISIBILITY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Place:
    """The topic to listen to, the ARN of its account's queues without the name, and where to keep locks if anywhere."""

    topic: str
    arn: str
    locks: Path | None

    @property
    def prefix(self) -> str:
        """Return what the names of all listeners of this topic begin with."""
        return f"{self.topic[:MAX_PREFIX_LENGTH]}-listener-"


class Listener:
    """The messages that the topic has published since this listener began."""

    def __init__(self, admin: QueueAdmin, place: Place, retry: Retry | None) -> None:
        self.name = f"{place.prefix}{secrets.token_hex(6)}"
        self._admin = admin
        self._place = place
        self._queue = Queue(admin, self.name, retry)

    def receive(self, wait_seconds: int) -> Sequence[Received]:
        """Return up to 16 messages, which are then no longer in the queue; none after `wait_seconds`."""
        try:
            received = self._queue.receive(wait_seconds)
        except SmqError as error:
            if error.code != _QUEUE_NOT_EXIST:
                raise
            output.notice(f"Somebody deleted the queue {self.name}; it is created again, and outcomes may be missing.")
            self.create()
            return ()
        if received:
            with contextlib.suppress(SmqError):  # they would only come again, and are known
                self._queue.delete([message.receipt_handle for message in received])
        return received

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Do nothing: received messages are deleted already."""

    def create(self) -> None:
        """Create the queue and subscribe it."""
        self._queue.retrying(lambda: self._admin.create(self.name, _meta()))
        self._queue.retrying(
            lambda: self._admin.subscribe(self._place.topic, self.name, f"{self._place.arn}:queues/{self.name}")
        )

    def touch(self) -> None:
        """Show other machines that this listener is alive."""
        self._admin.touch(self.name, _meta())

    def remove(self, name: str) -> None:
        """Delete a listener's queue and subscription. SmqError."""
        try:
            self._admin.unsubscribe(self._place.topic, name)
        finally:
            self._admin.delete_queue(name)

    def remove_leftovers(self) -> None:
        """Delete what crashed listeners of this topic have left, as far as the key permits it."""
        with contextlib.suppress(SmqError):
            others = [name for name in self._admin.names(self._place.prefix) if name != self.name]
            now = self._admin.state(self.name).created if others else 0
            for name in others:
                if self._is_abandoned(name, now):
                    self.remove(name)
                    _forget(self._place.locks, name)

    def _is_abandoned(self, name: str, now: int) -> bool:
        lock = self._place.locks / name if self._place.locks else None
        if lock is not None and lock.exists():
            return not file_lock.is_held(lock)
        return now - self._admin.state(name).modified > STALE_SECONDS


@contextlib.contextmanager
def listening(admin: QueueAdmin, place: Place, retry: Retry | None) -> Iterator[Listener]:
    """Listen for the length of the context. SmqError if the queue cannot be created, such as AccessDenied."""
    listener = Listener(admin, place, retry)
    with _locked(place.locks, listener.name):
        try:
            listener.create()
            listener.remove_leftovers()
            with _heartbeat(listener):
                yield listener
        finally:
            with contextlib.suppress(SmqError):  # the next listener deletes what is left
                listener.remove(listener.name)


@contextlib.contextmanager
def _heartbeat(listener: Listener) -> Iterator[None]:
    """Touch the queue regularly, also while the reader of the output stalls."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(SmqError):
                listener.touch()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


@contextlib.contextmanager
def _locked(locks: Path | None, name: str) -> Iterator[None]:
    """Hold the lock that shows that this listener is alive, if there is a place for it."""
    lock = _acquired(locks, name)
    try:
        yield
    finally:
        if lock is not None:
            _forget(locks, name)
            os.close(lock)


def _acquired(locks: Path | None, name: str) -> int | None:
    if locks is None:
        return None
    try:
        locks.mkdir(parents=True, exist_ok=True)
        return file_lock.acquire(locks / name)
    except OSError:  # a read-only directory, or a full disk
        return None


def _forget(locks: Path | None, name: str) -> None:
    if locks is not None:
        with contextlib.suppress(OSError):
            (locks / name).unlink(missing_ok=True)


def _meta() -> QueueMeta:
    return QueueMeta(vis_timeout=_VISIBILITY_SECONDS, msg_ttl=_RETENTION_SECONDS)
