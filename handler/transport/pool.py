"""Connections that outlive a call and an invocation.

If a call is lost on a dead connection, its effect is unknown. So a connection is used again only if
- it was used at most MAX_IDLE_SECONDS ago by the monotonic clock and by the wall clock: either may stand still while an
  instance is frozen;
- it was opened at most MAX_AGE_SECONDS ago, so that a change of addresses or certificates is noticed;
- the other side has not closed it and has sent nothing unsolicited, which a read without waiting shows.

If that or a call shows that the other side closes connections that are in use, none is kept for NO_REUSE_SECONDS.
"""

import contextlib
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from handler.transport.connection import CallError, Connection
from handler.transport.deadline import CallDeadline
from handler.transport.response import Response

# Below the shortest idle limits in common use: 5 seconds (Apache, Node.js), 15 (load balancers of Alibaba Cloud).
MAX_IDLE_SECONDS = 4.0
MAX_AGE_SECONDS = 300.0
NO_REUSE_SECONDS = 60.0
DEFAULT_LIMIT = 16
PREPARING_SECONDS = 10.0


class Instant(NamedTuple):
    """One moment by two clocks."""

    monotonic: float
    wall: float

    @staticmethod
    def now() -> "Instant":
        """Return the current moment."""
        return Instant(time.monotonic(), time.time())

    def is_within(self, seconds: float, now: "Instant") -> bool:
        """Return whether at most that many seconds have passed until `now`, by either clock."""
        return 0 <= now.monotonic - self.monotonic <= seconds and 0 <= now.wall - self.wall <= seconds


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection; `used_at` is when its last request was begun, which is before any freeze within the call.

    Before its first request it is `opened_at`.
    """

    connection: Connection
    opened_at: Instant
    used_at: Instant

    @property
    def is_unused(self) -> bool:
        return self.used_at == self.opened_at

    def is_young(self, now: Instant) -> bool:
        return self.used_at.is_within(MAX_IDLE_SECONDS, now) and self.opened_at.is_within(MAX_AGE_SECONDS, now)


class Connections:
    """Connections to the host of `url`; at most `limit` are kept while they are not in use. Thread-safe."""

    def __init__(self, url: str, limit: int = DEFAULT_LIMIT, now: Callable[[], Instant] = Instant.now) -> None:
        self.url = url
        self._limit = limit
        self._now = now
        self._changed = threading.Condition()
        self._idle: list[_Kept] = []  # the one used last at the end
        self._opening = 0  # connections that are being opened in advance,
        self._waiting = 0  # and calls that wait for one of them
        self._failed_at: Instant | None = None
        self._session: ssl.SSLSession | None = None
        weakref.finalize(self, _close_all, self._idle)

    def call(self, request: bytes, seconds: float) -> Response:
        """Send `request` over a connection of its own, and return the response within `seconds`, or raise CallError."""
        deadline = CallDeadline(seconds)
        while True:
            began_at = self._now()
            kept = self._take(deadline)
            taken = kept or self._new(began_at)
            try:
                response = taken.connection.call(request, deadline)
            except CallError as error:
                self._failed(is_kept=kept is not None)
                if kept is None or error.sent:
                    raise
            else:
                self._keep(_Kept(taken.connection, taken.opened_at, began_at), is_first=taken.is_unused)
                return response

    def prepare(self, count: int, seconds: float = PREPARING_SECONDS) -> None:
        """Open connections in the background until `count` can be used. Calls that find none wait for them."""
        with self._changed:
            now = self._now()
            missing = min(count, self._limit) - self._opening - sum(kept.is_young(now) for kept in self._idle)
            self._opening += max(0, missing)
        for _ in range(missing):
            threading.Thread(target=self._open, args=(CallDeadline(seconds),), daemon=True).start()

    def _open(self, deadline: CallDeadline) -> None:
        new = self._new(self._now())
        with contextlib.suppress(Exception):  # the call that needs a connection reports it
            new.connection.open(deadline)
        with self._changed:
            self._opening -= 1
            if new.connection.is_open:
                self._idle.append(new)
            self._changed.notify()

    def _new(self, now: Instant) -> _Kept:
        return _Kept(Connection(self.url, self._session), now, now)

    def _take(self, deadline: CallDeadline) -> _Kept | None:
        """Return a young connection if one is kept. CallError if the time is up."""
        while (kept := self._pop(deadline)) is not None and not kept.is_young(self._now()):
            kept.connection.close()
        return kept

    def _pop(self, deadline: CallDeadline) -> _Kept | None:
        with self._changed:
            while not self._idle and self._opening > self._waiting:
                self._waiting += 1
                try:
                    self._changed.wait(deadline.left())
                except TimeoutError:
                    raise CallError("NotConnected", sent=False) from None
                finally:
                    self._waiting -= 1
            return self._idle.pop() if self._idle else None

    def _keep(self, used: _Kept, *, is_first: bool) -> None:
        if not used.connection.is_open:
            return
        if is_first:
            self._session = used.connection.session
        surplus = []
        with self._changed:
            now = self._now()  # not before: what another call keeps until then would seem to be used in the future
            if self._failed_at is not None and self._failed_at.is_within(NO_REUSE_SECONDS, now):
                surplus.append(used)
            else:
                self._idle.append(used)
            while self._idle and (len(self._idle) > self._limit or not self._idle[0].is_young(now)):
                surplus.append(self._idle.pop(0))
        _close_all(surplus)

    def _failed(self, *, is_kept: bool) -> None:
        """After a failure on a kept connection, close the others, which are probably closed at the other end, too."""
        with self._changed:
            self._session = None
            closing = self._idle[:] if is_kept else []
            if is_kept:
                self._idle.clear()
                self._failed_at = self._now()
        _close_all(closing)


def _close_all(kept: Sequence[_Kept]) -> None:
    for each in kept:
        each.connection.close()
