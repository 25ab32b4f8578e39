"""The local cloud that runs in this checkout, as `up` leaves it in `.express-sync/local.json` for other commands.

Knows files and process ids; must not know what a cloud is. A file whose process is gone is said to be stale, not used.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.ops.terminal.errors import CliError

DIRECTORY = ".express-sync"
_MARK_OF_A_CHECKOUT = "template.yml"


@dataclass(frozen=True, slots=True)
class Registered:
    """A running local cloud: its process and its ready object."""

    pid: int
    ready: Mapping[str, Any]


def state_directory(start: Path) -> Path:
    """Where this checkout keeps its state: beside the nearest `template.yml` upwards, else in `start` itself."""
    candidates = (start, *start.parents)
    checkout = next((path for path in candidates if (path / _MARK_OF_A_CHECKOUT).is_file()), start)
    return checkout / DIRECTORY


def registered(directory: Path) -> Registered:
    """The local cloud registered in `directory`. CliError if there is none, or if its process is gone."""
    try:
        document = json.loads((directory / "local.json").read_bytes())
        found = Registered(document["pid"], document["ready"])
    except FileNotFoundError:
        raise CliError("No local cloud runs in this checkout; start one with `express-sync up`.") from None
    except (ValueError, KeyError, TypeError):
        raise CliError(f"{directory / 'local.json'} cannot be read; delete it and run `express-sync up`.") from None
    if not _is_alive(found.pid):
        raise CliError(
            f"The local cloud of this checkout (process {found.pid}) is gone; start one with `express-sync up`."
        )
    return found


def is_registered(directory: Path, cloud: Registered) -> bool:
    """Whether this very cloud is still registered in `directory`, which it is until it begins to end."""
    try:
        return registered(directory) == cloud
    except CliError:
        return False


@contextlib.contextmanager
def registering(directory: Path, ready: Mapping[str, Any]) -> Iterator[None]:
    """Keep `ready` registered as this process's cloud for as long as the context lasts."""
    path = directory / "local.json"
    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"pid": os.getpid(), "ready": ready}, indent=2) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def refuse_a_second(directory: Path) -> None:
    """CliError if a local cloud of this checkout runs already; a stale registration is no hindrance."""
    try:
        running = registered(directory)
    except CliError:
        return
    raise CliError(f"A local cloud runs in this checkout already (process {running.pid}); stop it first.")


def write_atomically(path: Path, text: str) -> None:
    """Let `path` hold `text`, so that a reader finds all of it or nothing; only for the user's own eyes.

    CliError if it cannot be written; nothing is then left behind.
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


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process: it lives
        return True
    return True
