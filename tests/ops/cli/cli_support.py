"""The command line as people run it: in a process of its own, in a directory of its own."""

import contextlib
import errno
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.ops.targets.registration import registering, state_directory
from tests.support.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[3]
REQUESTS = ROOT / "events" / "requests"
PATIENT = ("--timeout", str(PATIENCE_SECONDS))  # for a command that waits for what has to come
# A runner that ignores Ctrl-C has its children ignore it too, until they say otherwise.
_TAKING_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
_COMMAND = (sys.executable, "-c", f"{_TAKING_INTERRUPTS}; from express_sync.ops.cli import main; main()")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """The JSON Lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    def only_a_sentence(self) -> str:
        """The sentence of a command that could not go on; fails if there was more, a traceback for one."""
        said = [line for line in self.err.splitlines() if not line.startswith("Acting on ")]
        assert (self.code, self.out, len(said)) == (2, "", 1), self
        assert said[0].startswith("express-sync: ")
        assert said[0].endswith(".")
        return said[0].removeprefix("express-sync: ")


@dataclass(frozen=True)
class Shell:
    """A directory to run commands in; `environment` is added to theirs."""

    directory: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command with pipes at its three ends."""
        return subprocess.Popen(
            (*_COMMAND, *arguments),
            cwd=self.directory,
            env=self._environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        """Run a command to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(stdin, timeout=PATIENCE_SECONDS)
        return Ended(process.returncode, out, err)

    def run_on_terminal(self, *arguments: str, columns: int = 80, is_piped: bool = False) -> Ended:
        """Run a command on a terminal so wide; with `is_piped` only its standard error is one.

        What the terminal got is `err`, control sequences included, and `out` what went into the pipe.
        """
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(
            (*_COMMAND, *arguments),
            cwd=self.directory,
            env={**self._environment(), "TERM": "xterm-256color"},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_piped else end,
            stderr=end,
        )
        os.close(end)
        with process:
            shown = b"".join(iter(partial(_read, terminal), b"")).decode()
            out = process.stdout.read() if process.stdout else ""
        os.close(terminal)
        return Ended(process.returncode, out, shown)

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("EXPRESS_SYNC", "ALIBABA_CLOUD"))
        }
        return {**inherited, "PYTHONPATH": str(ROOT), "HOME": str(self.directory), **self.environment}


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        if error.errno != errno.EIO:  # how Linux says that nobody holds the other end any more
            raise
        return b""


@dataclass(frozen=True)
class Stand:
    """A local cloud and a shell in whose checkout it is registered."""

    shell: Shell
    ready: dict[str, Any]
    cloud: RunningCloud

    def let_pass(self, seconds: float) -> None:
        """Put the clock of SMQ forward."""

        async def forward() -> None:
            messages = self.cloud.cloud.messages
            before = messages.queues._clock
            messages.queues._clock = lambda: before() + seconds

        self.cloud.run(forward())

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        """Run a command to its end."""
        return self.shell.run(*arguments, stdin=stdin)

    def groups(self) -> list[dict[str, Any]]:
        """The groups that exist."""
        found: list[dict[str, Any]] = self.local("GET", "sgw", "groups")
        return found

    def messages(self, role: str) -> int:
        """How many messages are in the queue of this role, in whatever state."""
        answer = self.local("GET", "mns", f"queues/{self.ready['mns'][role]}")
        return len(answer["messages"] if isinstance(answer, dict) else answer)

    def fault(self, service: str, **order: object) -> None:
        """Queue faults."""
        self.local("POST", service, "faults", order)

    def local(self, method: str, service: str, path: str, body: object = None) -> Any:
        """Ask a service's door for tests."""
        url = f"{self.ready[service]['endpoint']}/_local/{path}"
        answer = urllib3.request(method, url, json=body) if body is not None else urllib3.request(method, url)
        assert answer.status == 200, answer.data
        return answer.json()


@contextlib.contextmanager
def stand(directory: Path, options: CloudOptions) -> Iterator[Stand]:
    """A local cloud for one test, registered in `directory` as `up` would do it."""
    with background(options) as cloud, registering(state_directory(directory), cloud.ready):
        yield Stand(Shell(directory, {}), cloud.ready, cloud)
