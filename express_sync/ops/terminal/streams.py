"""Makes the standard streams and the width of the terminal usable, whatever the parent process passed on."""

import io
import os
import sys
from collections.abc import MutableMapping
from typing import IO, Any

MIN_COLUMNS, MAX_COLUMNS = 20, 1000
_STREAMS = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def prepare(environment: MutableMapping[str, str]) -> None:
    """Open closed streams on the null device, never fail on a character, and ignore unusable sizes of a terminal."""
    for number, name, mode in _STREAMS:
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _null(number, mode))
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
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


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _is_usable(size: str) -> bool:
    return size.isascii() and size.isdigit() and len(size) <= len(str(MAX_COLUMNS)) and int(size) >= MIN_COLUMNS
