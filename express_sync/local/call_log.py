"""The bounded log of the calls that an emulator received, for tests and people to read."""

from collections import deque
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MAX_CALLS = 1000
Entry = TypeVar("Entry")


class CallLog(Generic[Entry]):
    """The last `limit` entries, oldest first. An entry may be changed after it was added, and has no secrets."""

    def __init__(self, limit: int = MAX_CALLS) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)

    def add(self, entry: Entry) -> Entry:
        """Add `entry` and return it; the oldest entry is dropped when the log is full."""
        self._entries.append(entry)
        return entry

    def entries(self) -> list[Entry]:
        """Return the entries, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()

    def route(self, path: str = "/calls") -> Route:
        """Return the admin route that shows the entries at `GET path`; they must be JSON objects."""

        async def show(_request: Request) -> Response:
            return JSONResponse(self.entries())

        return Route(path, show, methods=["GET"])
