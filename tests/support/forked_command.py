"""Runs `express-sync` in processes that are forked from one that has imported it.

Most commands need more time for their imports than for their work.
"""

import multiprocessing
import os
import pkgutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from express_sync.ops import commands
from express_sync.ops.cli import main
from tests.support.patience import PATIENCE_SECONDS

# The local cloud and the portal are not imported: a test that runs one starts a process of its own.
_LONG_RUNNING = {"up", "demo", "portal"}
_COMMANDS = {each.name for each in pkgutil.iter_modules(commands.__path__)} - _LONG_RUNNING
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__, *(f"{commands.__name__}.{each}" for each in sorted(_COMMANDS))])


def run_forked(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    directory: Path,
    stdin: str = "",
    on_start: Callable[[int], None] | None = None,
) -> tuple[int, str, str]:
    """Run a command to its end, and return its exit code, its output and its errors; `on_start` gets its process id."""
    with tempfile.TemporaryDirectory() as folder:
        ends = Path(folder)
        (ends / "0").write_text(stdin, encoding="utf-8")
        process = _PROCESSES.Process(target=_run, args=(arguments, dict(environment), directory, ends))
        process.start()
        try:
            if on_start is not None and process.pid is not None:
                on_start(process.pid)
            process.join(PATIENCE_SECONDS)
            has_ended = process.exitcode is not None
        finally:
            process.kill()
            process.join()
        out, err = ((ends / name).read_text(encoding="utf-8") for name in ("1", "2"))
        if not has_ended:
            raise TimeoutError(f"express-sync {' '.join(arguments)} has not ended: {out}{err}")
        return _exit_code(ends, process.exitcode or 0), out, err


def _exit_code(ends: Path, of_process: int) -> int:
    """Return the exit code that a command has left in `ends`; that of the process, if it was killed.

    The latter is wrong if two threads of a test ask for it at once.
    """
    left = ends / "code"
    return int(left.read_text()) if left.exists() else of_process


def _run(arguments: Sequence[str], environment: Mapping[str, str], directory: Path, ends: Path) -> None:
    """Become the command; the files `0`, `1` and `2` in `ends` are its standard streams."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)):
        end = os.open(ends / str(number), flags)
        os.dup2(end, number)
        os.close(end)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = ["express-sync", *arguments]
    with (
        open(0, encoding="utf-8") as sys.stdin,
        open(1, "w", encoding="utf-8") as sys.stdout,
        open(2, "w", encoding="utf-8", errors="backslashreplace") as sys.stderr,
    ):
        try:
            main()
        except SystemExit as ended:
            (ends / "code").write_text(str(int(ended.code or 0)))
            raise
