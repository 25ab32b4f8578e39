"""Writes files atomically, and removes them."""

import contextlib
import os
from pathlib import Path

from express_sync.ops.terminal.errors import CliError


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by a file with this text that only its owner may read; readers find all of it or nothing.

    CliError if it cannot be written; no temporary file is then left behind.
    """
    if path.is_dir():  # it may be one without a name, as `.` is
        raise CliError(f"Cannot write {path}: it is a directory; name a file.")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise CliError(f"Cannot write {path}: {error.strerror}; choose another place.") from error


def remove(path: Path) -> None:
    """Delete a file if it exists. CliError if it cannot be deleted."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CliError(f"Cannot delete {path}: {error.strerror}; delete it, or choose another place.") from error


def remove_if_unchanged(path: Path, text: str) -> None:
    """Delete a file that was written with this text, unless somebody else has replaced it."""
    with contextlib.suppress(OSError):
        if path.read_text() == text:
            path.unlink()
