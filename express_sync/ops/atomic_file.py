"""Writes files atomically, and removes them."""

import contextlib
import os
import stat
from pathlib import Path

from express_sync.ops.terminal.errors import CliError


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by a file with this text that only its owner may read; readers find all of it or nothing.

    A symbolic link stays, and its target is replaced. A device or a pipe is written to, not replaced. CliError if it
    cannot be written; no temporary file is then left behind.
    """
    if path.is_dir():  # it may be one without a name, as `.` is
        raise CliError(f"Cannot write {path}: it is a directory; name a file.")
    if _is_special(path):
        _write_to(path, text)
    else:
        _replace(path, text)


def _write_to(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise _not_written(path, error) from error


def _replace(path: Path, text: str) -> None:
    real = Path(os.path.realpath(path))
    draft = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(real)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> CliError:
    return CliError(f"Cannot write {path}: {error.strerror}; choose another place.")


def _is_special(path: Path) -> bool:
    """Return whether `path` exists and is a device, a pipe or a socket."""
    with contextlib.suppress(OSError):
        return not stat.S_ISREG(path.stat().st_mode)
    return False


def remove(path: Path) -> None:
    """Delete a file if it exists. CliError if it cannot be deleted."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CliError(f"Cannot delete {path}: {error.strerror}; delete it, or choose another place.") from error


def remove_if_unchanged(path: Path, text: str) -> None:
    """Delete a file that was written with this text, unless somebody else has replaced it."""
    with contextlib.suppress(OSError):
        if not _is_special(path) and path.read_text() == text:
            path.unlink()
