"""The end of the log, read once for all who follow it in this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from express_sync.portal.notification import MAX_WAIT_SECONDS, Changed
from express_sync.portal.store import feed
from express_sync.portal.store.database import Database
from express_sync.portal.store.queries import events_after

Row = Mapping[Any, Any]
_KEPT = 1000
_PAGE = 200


class Tail:
    """Keeps the latest events while anybody follows; all methods run in the loop of the API."""

    def __init__(self, database: Database, changed: Changed) -> None:
        self._database = database
        self._changed = changed
        self._rows: deque[Row] = deque(maxlen=_KEPT)
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.followers = 0
        self.position = 0
        self._complete_from = 0  # all events after this position are kept

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Keep the latest events for the length of the context."""
        self.followers += 1
        try:
            if self._reader is None:
                await self._start()
            yield
        finally:
            self.followers -= 1
            if self.followers == 0 and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    async def after(self, position: int, owner: str | None) -> tuple[Sequence[Row], int]:
        """Return the next events that `owner` may see, and the position up to which that is all; wait for some."""
        if position >= self.position:
            await self._wait()
        if position < self._complete_from:
            rows = await run_in_threadpool(self._read, position, owner)
            return rows, rows[-1]["position"] if len(rows) == _PAGE else max(position, self._complete_from)
        rows = [row for row in self._rows if row["position"] > position and _is_shown(row, owner)]
        return rows, max(position, self.position)

    async def _start(self) -> None:
        self._rows.clear()
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._follow())
        self.position = self._complete_from = await run_in_threadpool(self._present)

    async def _wait(self) -> None:
        news = self._news
        try:
            await asyncio.wait_for(news.wait(), MAX_WAIT_SECONDS)
        except asyncio.TimeoutError:
            return

    async def _follow(self) -> None:
        with self._changed.watching() as changed:
            while not self._changed.is_closing:
                changed.clear()
                if not await self._take():
                    await self._changed.wait(changed, MAX_WAIT_SECONDS)
        self._tell()

    async def _take(self) -> bool:
        """Read the next events, and return whether there were any."""
        try:
            rows = await run_in_threadpool(self._read, self.position, None)
        except SQLAlchemyError:  # the next turn tries again
            return False
        for row in rows:
            if len(self._rows) == _KEPT:
                self._complete_from = self._rows[0]["position"]
            self._rows.append(row)
            self.position = row["position"]
        if rows:
            self._tell()
        return bool(rows)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _read(self, position: int, owner: str | None) -> Sequence[Row]:
        with self._database.reading() as connection:
            return [dict(row) for row in events_after(connection, position, owner, _PAGE)]

    def _present(self) -> int:
        with self._database.reading() as connection:
            return feed.position(connection)


def _is_shown(row: Row, owner: str | None) -> bool:
    return owner is None or (row["owner"] == owner and row["requester"] in {None, owner})
