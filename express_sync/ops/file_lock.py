"""Locks of the operating system on files: they end with the process that holds them, however that ends."""

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

_ATTEMPTS, _PAUSE_SECONDS = 20, 0.02  # `is_held` of another process holds the lock for a moment


def acquire(path: Path) -> int | None:
    """Create and lock the file; return the descriptor that holds the lock until it is closed, None if it is taken.

    The holder may delete the file before it closes it.
    """
    for _ in range(_ATTEMPTS):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if _lock(descriptor) and _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)
        threading.Event().wait(_PAUSE_SECONDS)
    return None


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a file or a directory for the length of the context; wait while another process holds it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock of the file; False without the file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether the open file is still the one at `path`: its former holder may have deleted it meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
