"""Processes that a test has not started itself, as Linux lists them."""

from pathlib import Path

from tests.support.patience import wait_for


def children_of(pid: int) -> set[int]:
    """Return the ids of the processes that a process has started and not waited for.

    The lists of `/proc/PID/task/TID/children` would be read one by one, while threads end and hand theirs on.
    """
    others = (int(directory.name) for directory in Path("/proc").glob("[0-9]*"))
    return {other for other in others if _state_and_parent(other)[1] == str(pid)}


def alive(pid: int) -> bool:
    """Return whether a process of that id runs; zombies do not count."""
    return _state_and_parent(pid)[0] not in ("", "Z")


def wait_until_dead(*pids: int) -> None:
    """Return once all these processes have ended."""
    wait_for(lambda: not any(map(alive, pids)))


def _state_and_parent(pid: int) -> tuple[str, str]:
    """Return the state of a process and the id of its parent, both empty if it has ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "", ""
    return state, parent
