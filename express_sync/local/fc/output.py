"""What function instances write to stdout and stderr, line by line, bounded; must not know what the lines say."""

import asyncio
import os
from collections import deque
from collections.abc import Callable

LINES_KEPT = 2000
LONGEST_LINE = 32 * 1024
TAIL = 4 * 1024

Line = tuple[str, str]


class Logs:
    """The most recent lines of every instance, each with the request id it was written under."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=LINES_KEPT)

    def add(self, request_id: str, line: str) -> None:
        """Keep a line, without its newline."""
        self._lines.append((request_id, line))

    def recent(self) -> list[dict[str, str]]:
        """The lines kept, oldest first."""
        return [{"requestId": request_id, "line": line} for request_id, line in self._lines]

    def clear(self) -> None:
        """Forget every line."""
        self._lines.clear()


class OutputPipe:
    """The pipe that one instance writes to; read whenever something is in it, and up to this very moment on demand."""

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
        """What is written from now on belongs to `request_id`."""
        self.drain()
        self._request_id = request_id
        self._tail.clear()

    def tail(self) -> bytes:
        """The last 4 KB written since `begin`."""
        self.drain()
        return bytes(self._tail)

    def drain(self) -> None:
        """Take everything that was written until now."""
        while self._reader is not None and (chunk := self._read(self._reader)):
            self._tail += chunk
            del self._tail[:-TAIL]
            self._take_lines(chunk)

    def close_writer(self) -> None:
        """Give up the end that the instance inherited."""
        os.close(self.writer)

    def close(self) -> None:
        """Take what is left and close; harmless when closed."""
        self.drain()
        if self._reader is not None:
            asyncio.get_running_loop().remove_reader(self._reader)
            os.close(self._reader)
            self._reader = None
            self._take_lines(b"\n" if self._partial else b"")

    def _read(self, reader: int) -> bytes:
        try:
            chunk = os.read(reader, 65536)
        except BlockingIOError:
            return b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(reader)
        return chunk

    def _take_lines(self, chunk: bytes) -> None:
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        if len(self._partial) > LONGEST_LINE:
            lines.append(self._partial)
            self._partial = b""
        for line in lines:
            self._add(self._request_id, line[:LONGEST_LINE].decode(errors="replace"))
