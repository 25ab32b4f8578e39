"""The end of the log, read and written as text once for all who follow it in this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from express_sync.portal.notification import Changed, wait
from express_sync.portal.store import feed
from express_sync.portal.store.database import Database
from express_sync.portal.store.queries import events_after

Row = Mapping[Any, Any]
_KEPT = 1000
_PAGE = 200


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of the log: its text, and who may see it."""

    position: int
    kind: str
    owner: str | None
    requester: str | None
    text: str


class Tail:
    """Keeps the latest events while anybody follows; all methods run in the loop of the API."""

    def __init__(self, database: Database, changed: Changed, text_of: Callable[[Row], str]) -> None:
        self._database = database
        self._changed = changed
        self._text_of = text_of
        self._events: deque[LogEvent] = deque(maxlen=_KEPT)
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._started = asyncio.Event()
        self.followers = 0
        self.position = 0
        self._complete_from = 0  # all events after this position are kept

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Keep the latest events for the length of the context."""
        self.followers += 1
        try:
            if self._reader is None:
                self._events.clear()
                self._news, self._started = asyncio.Event(), asyncio.Event()
                self._reader = asyncio.create_task(self._follow())
            await self._started.wait()
            yield
        finally:
            self.followers -= 1
            if self.followers == 0 and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    async def end(self) -> int:
        """Return the position where the log ends, which may be beyond what was read for those who follow already."""
        try:
            return await run_in_threadpool(self._present)
        except SQLAlchemyError:
            return self.position

    async def after(self, position: int, owner: str | None) -> tuple[Sequence[LogEvent], int]:
        """Return the next events that `owner` may see, and the position up to which that is all; wait for some."""
        if position >= self.position:
            await wait(self._news)
        complete_from = self._complete_from  # it may change while the log is read
        if position < complete_from:
            read = await run_in_threadpool(self._read, position, owner)
            last = read[-1].position if read else position
            return read, last if len(read) == _PAGE else max(last, complete_from)
        newest_first = takewhile(lambda each: each.position > position, reversed(self._events))
        shown = [each for each in newest_first if _is_shown(each, owner)]
        return shown[::-1], max(position, self.position)

    async def _follow(self) -> None:
        with self._changed.watching() as changed:
            while not self._changed.is_closing:
                changed.clear()
                if not await self._take():
                    await wait(changed)
        self._started.set()
        self._tell()

    async def _take(self) -> bool:
        """Read the next events, at first only where the log ends; return whether there were any."""
        try:
            if not self._started.is_set():
                self.position = self._complete_from = await run_in_threadpool(self._present)
                self._started.set()
            found = await run_in_threadpool(self._read, self.position, None)
        except SQLAlchemyError:  # the next turn tries again
            return False
        for each in found:
            if len(self._events) == self._events.maxlen:
                self._complete_from = self._events[0].position
            self._events.append(each)
            self.position = each.position
        if found:
            self._tell()
        return bool(found)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _read(self, position: int, owner: str | None) -> Sequence[LogEvent]:
        with self._database.reading() as connection:
            rows = events_after(connection, position, owner, _PAGE)
        return [self._event(row) for row in rows]

    def _event(self, row: Row) -> LogEvent:
        return LogEvent(row["position"], row["kind"], row["owner"], row["requester"], self._text_of(row))

    def _present(self) -> int:
        with self._database.reading() as connection:
            return feed.position(connection)


def _is_shown(event: LogEvent, owner: str | None) -> bool:
    return owner is None or (event.owner == owner and event.requester in {None, owner})
