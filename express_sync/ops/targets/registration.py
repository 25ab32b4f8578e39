"""Registers the local cloud of this checkout in `.express-sync/local.json`, where other commands find it."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.ops.atomic_file import write_atomically
from express_sync.ops.terminal.errors import CliError

DIRECTORY = ".express-sync"
_MARK_OF_A_CHECKOUT = "template.yml"


@dataclass(frozen=True, slots=True)
class Registered:
    """A running local cloud: its process and its ready object."""

    pid: int
    ready: Mapping[str, Any]


def state_directory(start: Path) -> Path:
    """Return the state directory of this checkout: beside the nearest `template.yml` upwards, else in `start`."""
    candidates = (start, *start.parents)
    checkout = next((path for path in candidates if (path / _MARK_OF_A_CHECKOUT).is_file()), start)
    return checkout / DIRECTORY


def registered(directory: Path) -> Registered:
    """Return the local cloud registered in `directory`. Raise CliError if none is, or if its process has ended."""
    try:
        document = json.loads((directory / "local.json").read_bytes())
        found = Registered(document["pid"], document["ready"])
    except FileNotFoundError:
        raise CliError("No local cloud runs in this checkout; start one with `express-sync up`.") from None
    except (ValueError, KeyError, TypeError):
        raise CliError(f"{directory / 'local.json'} cannot be read; delete it and run `express-sync up`.") from None
    if not _is_alive(found.pid):
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


@contextlib.contextmanager
def registering(directory: Path, ready: Mapping[str, Any]) -> Iterator[None]:
    """Register `ready` as the cloud of this process for the length of the context."""
    path = directory / "local.json"
    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"pid": os.getpid(), "ready": ready}, indent=2) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def check_none_registered(directory: Path) -> None:
    """Raise CliError if a local cloud of this checkout is running; ignore the registration of an ended process."""
    try:
        running = registered(directory)
    except CliError:
        return
    raise CliError(f"A local cloud runs in this checkout already (process {running.pid}); stop it first.")


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True
