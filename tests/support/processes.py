"""The processes that a process has started."""

import contextlib
from pathlib import Path


def children_of(pid: int) -> set[int]:
    """Return the ids of the processes that a process has started and not waited for.

    The lists of `/proc/PID/task/TID/children` would be read one by one, while threads end and hand theirs on.
    """
    return {int(directory.name) for directory in Path("/proc").glob("[0-9]*") if _parent_of(directory) == pid}


def _parent_of(directory: Path) -> int | None:
    with contextlib.suppress(OSError):  # it has ended meanwhile
        return int((directory / "stat").read_text().rpartition(")")[2].split()[1])
    return None
