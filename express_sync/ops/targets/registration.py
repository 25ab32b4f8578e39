"""Registers the local cloud of this checkout in `.express-sync/local.json`, where other commands find it.

While the cloud runs, its process holds a lock of the operating system on `local.lock` beside it. The lock ends with the
process, however that ends, and cannot be mistaken for another process, as an id can.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.ops import file_lock
from express_sync.ops.atomic_file import write_atomically
from express_sync.ops.targets.places import is_file, user_state_directory
from express_sync.ops.terminal.errors import CliError
from express_sync.paths import IS_INSTALLED

DIRECTORY = ".express-sync"
_MARK_OF_A_CHECKOUT = "template.yml"
_DOCUMENT, _LOCK = "local.json", "local.lock"


@dataclass(frozen=True, slots=True)
class Registered:
    """A running local cloud: its process and its ready object."""

    pid: int
    ready: Mapping[str, Any]


def checkout(start: Path) -> Path | None:
    """Return the directory of the nearest `template.yml` from `start` upwards, None outside of a checkout."""
    return next((path for path in (start, *start.parents) if is_file(path / _MARK_OF_A_CHECKOUT)), None)


def state_directory(start: Path, environment: Mapping[str, str], *, is_installed: bool = IS_INSTALLED) -> Path:
    """Return the state directory of the checkout of `start`, or one in `start` outside of a checkout.

    There, a command that was installed without one uses the directory for state that `environment` names.
    """
    found = checkout(start)
    of_user = user_state_directory(environment) if is_installed and found is None else None
    return of_user or (found or start) / DIRECTORY


def registered(directory: Path) -> Registered:
    """Return the local cloud registered in `directory`. Raise CliError if none is, or if its process has ended."""
    try:
        found = _read(directory / _DOCUMENT)
    except (FileNotFoundError, NotADirectoryError):
        raise CliError("No local cloud runs in this checkout; start one with `express-sync up`.") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise CliError(f"{directory / _DOCUMENT} cannot be read; delete it and run `express-sync up`.") from None
    if not file_lock.is_held(directory / _LOCK):
        raise CliError(
            f"The local cloud of this checkout (process {found.pid}) has ended; start one with `express-sync up`."
        )
    return found


def is_registered(directory: Path, cloud: Registered) -> bool:
    """Return whether this cloud is still the one registered in `directory`; it is until it begins to shut down."""
    try:
        return registered(directory) == cloud
    except CliError:
        return False


class Claim:
    """The right of this process to register a cloud in `directory`; no other process has it at the same time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.was_used = False

    @contextlib.contextmanager
    def register(self, ready: Mapping[str, Any]) -> Iterator[None]:
        """Register `ready` as the cloud of this process for the length of the context."""
        path, self.was_used = self._directory / _DOCUMENT, True
        write_atomically(path, json.dumps({"pid": os.getpid(), "ready": ready}, indent=2) + "\n")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def claimed(directory: Path) -> Iterator[Claim]:
    """Hold the lock of `directory` for the length of the context. CliError if another cloud of the checkout runs."""
    is_new = _create(directory)
    path = directory / _LOCK
    lock = file_lock.acquire(path)
    if lock is None:
        raise CliError(f"A local cloud runs in this checkout already{_process(directory)}; stop it first.")
    claim = Claim(directory)
    try:
        yield claim
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)
        if is_new and not claim.was_used:
            with contextlib.suppress(OSError):
                directory.rmdir()


@contextlib.contextmanager
def registering(directory: Path, ready: Mapping[str, Any]) -> Iterator[None]:
    """Register `ready` as the cloud of this process for the length of the context."""
    with claimed(directory) as claim, claim.register(ready):
        yield


def _create(directory: Path) -> bool:
    """Create the directory and return whether it is new. CliError if it cannot be created."""
    is_new = not directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        is_taken = directory.exists()
        reason = "a file has its name; remove it" if is_taken else f"{error.strerror}; run this in another directory"
        raise CliError(f"The directory {directory} cannot be created: {reason}.") from None
    return is_new


def _process(directory: Path) -> str:
    try:
        return f" (process {_read(directory / _DOCUMENT).pid})"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _read(path: Path) -> Registered:
    document = json.loads(path.read_bytes())
    return Registered(document["pid"], document["ready"])
