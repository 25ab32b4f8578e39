"""Makes the standard streams and the width of the terminal usable, whatever the parent process passed on."""

import contextlib
import io
import os
import sys
from collections.abc import MutableMapping
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MIN_COLUMNS, MAX_COLUMNS = 20, 1000
_STREAMS = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def prepare(environment: MutableMapping[str, str]) -> None:
    """Open closed streams on the null device, never fail on a character, and ignore unusable sizes of a terminal.

    What cannot be written to standard error is lost, as it is nowhere to be told, and no command ends because of it.
    """
    for number, name, mode in _STREAMS:
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _null(number, mode))
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.stderr = _never_failing(sys.stderr)
    for variable in ("COLUMNS", "LINES"):
        if not _is_usable(environment.get(variable, "")):
            environment.pop(variable, None)


def can_print(text: str) -> bool:
    """Return whether the encoding of standard output has all characters of `text`."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeError:
        return False
    return True


def _null(number: int, mode: str) -> IO[Any]:
    """Return the null device, at its usual descriptor so that no other file gets that one."""
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number and _is_closed(number):
        os.dup2(opened, number)
        os.close(opened)
        opened = number
    return os.fdopen(opened, mode, encoding="utf-8", errors="replace")


class _Diagnostics(io.FileIO):
    """A file that takes what it cannot write, on a full disk or without a reader, as written."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write as much as can be written, and return the size of all."""
        with contextlib.suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


def _never_failing(stream: Any) -> Any:
    """Return standard error as a stream that never fails; another stream than that of the process as it is."""
    if not isinstance(stream, io.TextIOWrapper) or stream is not sys.__stderr__:
        return stream
    file = io.BufferedWriter(_Diagnostics(stream.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(file, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _is_usable(size: str) -> bool:
    return size.isascii() and size.isdigit() and len(size) <= len(str(MAX_COLUMNS)) and int(size) >= MIN_COLUMNS
