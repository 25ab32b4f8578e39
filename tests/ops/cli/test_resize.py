"""A terminal that is resized or narrow, a reader that stalls, and a disk that is full, while commands run."""

import fcntl
import json
import os
import pty
import re
import resource
import signal
import struct
import termios
from pathlib import Path

import pytest

from tests.ops.cli.replay_support import FAILED, failure, fill, smq
from tests.support.cli import CloudShell, Shell, on_terminal
from tests.support.patience import PATIENCE_SECONDS, wait_for

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SOON = ("--timeout", str(PATIENCE_SECONDS))


class Terminal:
    """A command on a terminal, whose size a test can change."""

    def __init__(self, shell: Shell, *arguments: str, columns: int = 80) -> None:
        self._terminal, end = pty.openpty()
        self.resize(columns)
        self.process = shell.start(*arguments, **on_terminal(shell, end), stdout=end, start_new_session=True)
        os.close(end)
        self.shown = ""

    def resize(self, columns: int) -> None:
        """Change the size, as a window does."""
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 5, columns, 0, 0))

    def tell(self) -> None:
        """Send the signal of a resized window."""
        self.process.send_signal(signal.SIGWINCH)

    def read_until(self, text: str) -> None:
        """Read what the command shows until it contains `text`."""
        while text not in CONTROL.sub("", self.shown):
            self.shown += os.read(self._terminal, 65536).decode(errors="replace")

    def end(self) -> int:
        """Interrupt the command and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE_SECONDS)
        os.close(self._terminal)
        return code


def publish(cloud: CloudShell, number: int, padding: str = "") -> None:
    """Publish an outcome of the request R-`number`."""
    data = {**FAILED["data"], "requestId": f"R-{number}", "error": {**FAILED["data"]["error"], "message": padding}}
    event = {**FAILED, "id": f"{number:032x}", "subject": f"R-{number}", "data": data}
    smq(cloud).publish(cloud.ready["mns"]["resultTopic"], json.dumps(event), "failed")


def listening(cloud: CloudShell) -> list[str]:
    """Return the names of the queues that commands listen with."""
    return [name for name in cloud.queue_names() if "-listener-" in name]


def test_resized_terminal_does_not_end_watch(silent: CloudShell) -> None:
    """Lines keep coming, whatever the size."""
    watch = Terminal(silent.shell, "watch", "--new")
    watch.read_until("GROUP OR ERROR")
    for number, columns in enumerate((200, 20, 1, 0), start=1):
        watch.resize(columns)
        watch.tell()
        publish(silent, number)
        watch.read_until(f"R-{number} ")
    assert watch.end() == 130


def test_resized_terminal_does_not_end_up(shell: Shell) -> None:
    """The cloud goes on serving."""
    up = Terminal(shell, "up", "--no-function", "--no-portal")
    up.read_until("Press Ctrl-C")
    for columns in (20, 0, 300):
        up.resize(columns)
        up.tell()
        assert shell.run("health").code == 0
    assert up.end() == 130


@pytest.mark.parametrize("columns", [1, 20, 40, 80])
def test_failures_are_listed_at_any_width(columns: int, silent: CloudShell) -> None:
    """Request and code are there and not cut; the lines fit from 40 columns on."""
    fill(silent, "failureQueue", [failure(number) for number in range(3)])
    ended = silent.shell.run_on_terminal("failures", "list", columns=columns)
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", CONTROL.sub("", ended.err))]
    names, *rows = [line for line in lines if re.search(r"^TIME |^REQUEST |RoleNotExist$|AssumeRoleFail$", line)]
    assert ended.code == 0
    assert len(rows) == 3
    assert names.split() == (["TIME", "STATUS"] if columns == 80 else []) + ["REQUEST", "ERROR"]
    assert columns < 40 or max(map(len, [names, *rows])) <= columns


@pytest.mark.parametrize("columns", [1, 20, 40])
def test_demo_shows_its_verdicts_on_any_terminal(columns: int, tmp_path: Path) -> None:
    """The table keeps the columns that tell most."""
    ended = Shell(tmp_path, {}).run_on_terminal("demo", *SOON, columns=columns)
    assert ended.code == 0
    assert "Verdict" in CONTROL.sub("", ended.err) or columns == 1
    assert "nothing lost" in CONTROL.sub("", ended.err)


def test_reader_that_stalls_loses_nothing(silent: CloudShell) -> None:
    """The outcomes fill the pipe, and all visibility timeouts end before the reader goes on."""
    count = 150
    with silent.shell.start("watch", "--new", "--json", "--count", str(count), *SOON) as watch:
        wait_for(lambda: listening(silent))
        for number in range(count):
            publish(silent, 1000 + number, padding="x" * 3000)
        silent.advance_clock(3600)
        out, err = watch.communicate(timeout=PATIENCE_SECONDS)
    assert watch.returncode == 0, err
    assert {json.loads(line)["subject"] for line in out.splitlines()} == {f"R-{1000 + n}" for n in range(count)}


def refuse_files() -> None:
    """Let every write of a new process to a file fail, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--no-function", "--no-portal", "--ready-file", "ready.json"),
        ("up", "--no-function"),
        ("portal", "token", "create", "ci", "--role", "operator", "--file", "tokens"),
    ],
    ids=["registration", "database", "tokens"],
)
def test_full_disk_is_one_sentence_and_leaves_nothing(arguments: tuple[str, ...], shell: Shell) -> None:
    """It names the file, or the directory."""
    ended = shell.run(*arguments, preexec_fn=refuse_files)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1), ended
    assert str(shell.directory) in ended.err or "tokens" in ended.err
    assert not [path for path in shell.directory.rglob("*") if path.is_file() and path.stat().st_size]


@pytest.mark.parametrize("command", [("failures", "list"), ("replay",), ("submit", "-"), ("health",)])
def test_client_command_needs_no_disk(command: tuple[str, ...], silent: CloudShell) -> None:
    """What it keeps on this machine is of use, and not needed."""
    fill(silent, "failureQueue", [failure(number) for number in range(3)])
    document = '{"requestId": "X-1", "name": "g-1", "bucketName": "b-1-x", "bucketRegion": "cn-hangzhou"}'
    ended = silent.shell.run(*command, stdin=document, preexec_fn=refuse_files)
    assert ended.code == (0 if command[0] != "health" else 1), ended
