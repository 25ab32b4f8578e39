"""Runs `express-sync` in a directory of its own: in a process of its own, as people do, or in that of the test."""

import contextlib
import errno
import fcntl
import json
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import urllib3
from click.testing import CliRunner

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.ops.cli import commands
from express_sync.ops.targets.registration import registering, state_directory
from tests.support.checkout import REQUESTS, ROOT
from tests.support.forked_command import run_forked
from tests.support.patience import PATIENCE_SECONDS
from tests.support.required import program, unavailable

MINIMAL = str(REQUESTS / "minimal.json")
PATIENT = ("--timeout", str(PATIENCE_SECONDS))  # for commands that wait for something that must arrive
ROLE = LOCAL_ACCOUNT.role
SECRETS = (LOCAL_ACCOUNT.user.access_key_secret, ROLE.access_key_secret, ROLE.security_token, "not-the-secret")
_OWN_VARIABLES = (
    "EXPRESS_SYNC",
    "ALIBABA_CLOUD",
    "COLUMNS",
    "LINES",
)  # the prefixes of those that a test must not inherit
# A test runner that ignores Ctrl-C or a hang-up passes this on to its children, unless they reset it.
_TAKING_SIGNALS = "import signal as s; s.signal(s.SIGINT, s.default_int_handler); s.signal(s.SIGHUP, s.SIG_DFL)"
_COMMAND = (sys.executable, "-c", f"{_TAKING_SIGNALS}; from express_sync.ops.cli import main; main()")


@dataclass(frozen=True)
class Ended:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """Return the JSON Lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    def only_a_sentence(self) -> str:
        """Return the only sentence of a command that ended with 2; fail if it printed anything else."""
        said = [line for line in self.err.splitlines() if not line.startswith("Acting on ")]
        assert (self.code, self.out, len(said)) == (2, "", 1), self
        assert said[0].startswith("express-sync: ")
        assert said[0].endswith(".")
        return said[0].removeprefix("express-sync: ")


def without_secrets(ended: Ended) -> Ended:
    """Return the result of a command; fail if it contains a secret or a traceback."""
    assert not [secret for secret in SECRETS if secret in ended.out + ended.err]
    assert "Traceback" not in ended.err
    return ended


def run_in_process(directory: Path, *arguments: str, environment: Mapping[str, str | None] | None = None) -> Ended:
    """Run a command in this process, which is faster than in a new one, and check its output for secrets."""
    own = [name for name in os.environ if name.startswith(_OWN_VARIABLES)]
    changes = {**dict.fromkeys(own), "HOME": str(directory), **(environment or {})}
    before = Path.cwd()
    os.chdir(directory)
    try:
        result = CliRunner().invoke(commands, arguments, env=changes)
    finally:
        os.chdir(before)
    return without_secrets(Ended(result.exit_code, result.stdout, result.stderr))


@dataclass(frozen=True)
class Shell:
    """A directory to run commands in; `environment` is added to theirs."""

    directory: Path
    environment: dict[str, str]

    def command(self) -> tuple[str, ...]:
        """Return the words of `express-sync` for a POSIX shell."""
        return tuple(map(shlex.quote, _COMMAND))

    def variables(self) -> dict[str, str]:
        """Return the environment of the commands."""
        return self._environment()

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """Start a command, with pipes at its three ends unless the `options` of Popen say otherwise."""
        ends = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        started: subprocess.Popen[str] = subprocess.Popen(
            (*_COMMAND, *arguments),
            **{"cwd": self.directory, "env": self._environment(), "text": True, **ends, **options},
        )
        return started

    def run(
        self, *arguments: str, stdin: str = "", on_start: Callable[[int], None] | None = None, **options: Any
    ) -> Ended:
        """Run a command to its end: in a forked process, or with these `options` of Popen in one that is started.

        `on_start` gets the id of the process.
        """
        if not options:
            return Ended(*run_forked(arguments, self._environment(), self.directory, stdin, on_start))
        with self.start(*arguments, **options) as process:
            if on_start is not None:
                on_start(process.pid)
            out, err = process.communicate(stdin, timeout=PATIENCE_SECONDS)
        return Ended(process.returncode, out, err)

    def run_without_a_home(self, *arguments: str) -> Ended:
        """Run a command as a user for whom neither HOME nor the system's list of users names a directory."""
        script = shlex.join(("exec", *_COMMAND, *arguments))
        environment = {name: value for name, value in self._environment().items() if name != "HOME"}
        ended = subprocess.run(
            (program("unshare"), "-U", "--map-user=54321", "sh", "-c", script),
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if "unshare" in ended.stderr:
            unavailable("a user namespace, which gives a process another user, is not permitted", is_optional=True)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def run_on_terminal(self, *arguments: str, columns: int = 80, is_piped: bool = False) -> Ended:
        """Run a command on a terminal so wide; with `is_piped` only its standard error is one.

        What the terminal got is `err`, control sequences included, and `out` what went into the pipe.
        """
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = self.start(*arguments, **on_terminal(self, end), **({} if is_piped else {"stdout": end}))
        os.close(end)
        with process:
            shown = b"".join(iter(partial(_read, terminal), b"")).decode()
            out = process.stdout.read() if process.stdout else ""
        os.close(terminal)
        return Ended(process.returncode, out, shown)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)}
        return {**inherited, "PYTHONPATH": str(ROOT), "HOME": str(self.directory), **self.environment}


def on_terminal(shell: Shell, end: int) -> dict[str, Any]:
    """Return the options of Popen for a command whose standard error is this end of a terminal."""
    return {"env": {**shell.variables(), "TERM": "xterm-256color"}, "stdin": subprocess.DEVNULL, "stderr": end}


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        if error.errno != errno.EIO:  # Linux reports a closed other end so
            raise
        return b""


@dataclass(frozen=True)
class CloudShell:
    """A local cloud, and a shell in the checkout where it is registered."""

    shell: Shell
    ready: dict[str, Any]
    cloud: RunningCloud

    def advance_clock(self, seconds: float) -> None:
        """Advance the clock of SMQ."""

        async def forward() -> None:
            messages = self.cloud.cloud.messages
            before = messages.queues._clock
            messages.queues._clock = lambda: before() + seconds

        self.cloud.run(forward())

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        """Run a command to its end."""
        return self.shell.run(*arguments, stdin=stdin)

    def write_profile(self, name: str, **changes: Any) -> None:
        """Write a profile like that of the local cloud, with these changes; None removes a key."""
        directory = self.shell.directory / ".express-sync" / "profiles"
        directory.mkdir(parents=True, exist_ok=True)
        profile = {key: value for key, value in {**self.ready, **changes}.items() if value is not None}
        (directory / f"{name}.json").write_text(json.dumps(profile))

    def groups(self) -> list[dict[str, Any]]:
        """Return the existing groups."""
        found: list[dict[str, Any]] = self.local("GET", "sgw", "groups")
        return found

    def messages(self, role: str) -> int:
        """Return the number of messages in the queue with this role, hidden ones included."""
        answer = self.local("GET", "mns", f"queues/{self.ready['mns'][role]}")
        return len(answer["messages"] if isinstance(answer, dict) else answer)

    def bodies(self, role: str) -> list[dict[str, Any]]:
        """Return the JSON bodies of all messages in the queue with this role, oldest first, hidden ones included."""
        answer = self.local("GET", "mns", f"queues/{self.ready['mns'][role]}")
        return [json.loads(message["body"]) for message in answer["messages"]]

    def queue_names(self) -> list[str]:
        """Return the names of all queues."""
        return [queue["name"] for queue in self.local("GET", "fc", "state")["queues"]]

    def fault(self, service: str, **options: object) -> None:
        """Queue faults of a service."""
        self.local("POST", service, "faults", options)

    def reset(self) -> None:
        """Remove messages, faults, groups and calls."""
        for service in ("mns", "sgw"):
            self.local("POST", service, "reset", {})

    def local(self, method: str, service: str, path: str, body: object = None) -> Any:
        """Call the admin API of a service."""
        url = f"{self.ready[service]['endpoint']}/_local/{path}"
        answer = urllib3.request(method, url, json=body) if body is not None else urllib3.request(method, url)
        assert answer.status == 200, answer.data
        return answer.json()


@contextlib.contextmanager
def cloud_shell(directory: Path, options: CloudOptions) -> Iterator[CloudShell]:
    """Run a local cloud and register it in `directory`, as `up` does."""
    with background(options) as cloud, registering(state_directory(directory, {}), cloud.ready):
        yield CloudShell(Shell(directory, {}), cloud.ready, cloud)
