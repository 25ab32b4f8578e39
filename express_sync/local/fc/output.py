"""The bounded log of what function instances write to stdout and stderr."""

import asyncio
import os
from collections.abc import Callable
from itertools import count
from typing import Any

from express_sync.local.call_log import CallLog

MAX_LINES = 2000
MAX_LINE_BYTES = 32 * 1024
TAIL_BYTES = 4 * 1024

Line = tuple[int, str, str]


class Logs:
    """The most recent lines of every instance, each with the request id it was written under."""

    def __init__(self) -> None:
        self._lines: CallLog[Line] = CallLog(MAX_LINES)
        self._numbers = count(1)

    def add(self, request_id: str, line: str) -> None:
        """Add a line, without its newline."""
        self._lines.add((next(self._numbers), request_id, line))

    def recent(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the lines with a greater number than `after`, oldest first."""
        return [
            {"number": number, "requestId": request_id, "line": line}
            for number, request_id, line in self._lines.entries()
            if number > after
        ]

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()


class OutputPipe:
    """The pipe that one instance writes to; it is read when it has data, and by `drain`."""

    def __init__(self, add: Callable[[str, str], None]) -> None:
        self._add = add
        self._request_id = ""
        self._partial = b""
        self._tail = bytearray()
        reader, self.writer = os.pipe()
        os.set_blocking(reader, False)
        asyncio.get_running_loop().add_reader(reader, self.drain)
        self._reader: int | None = reader

    def begin(self, request_id: str) -> None:
        """Attribute what is written from now on to `request_id`."""
        self.drain()
        self._request_id = request_id
        self._tail.clear()

    def tail(self) -> bytes:
        """Return the last 4 KB written since `begin`."""
        self.drain()
        return bytes(self._tail)

    def drain(self) -> None:
        """Read everything that was written until now."""
        while self._reader is not None and (chunk := self._read(self._reader)):
            self._tail += chunk
            del self._tail[:-TAIL_BYTES]
            self._add_lines(chunk)

    def close_writer(self) -> None:
        """Close the end that the instance inherited."""
        os.close(self.writer)

    def close(self) -> None:
        """Read what is left and close; do nothing if closed."""
        self.drain()
        if self._reader is not None:
            asyncio.get_running_loop().remove_reader(self._reader)
            os.close(self._reader)
            self._reader = None
            self._add_lines(b"\n" if self._partial else b"")

    def _read(self, reader: int) -> bytes:
        try:
            chunk = os.read(reader, 65536)
        except BlockingIOError:
            return b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(reader)
        return chunk

    def _add_lines(self, chunk: bytes) -> None:
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        if len(self._partial) > MAX_LINE_BYTES:
            lines.append(self._partial)
            self._partial = b""
        for line in lines:
            self._add(self._request_id, line[:MAX_LINE_BYTES].decode(errors="replace"))
