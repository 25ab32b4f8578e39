"""`up` as scripts and people use it: found by the other commands, ended by signals, refused in a sentence."""

import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.ops.cli.cli_support import PATIENT, REQUESTS, Shell
from tests.support.patience import PATIENCE_SECONDS

READY_KEYS = {"region", "accountId", "accessKeyId", "accessKeySecret", "mns", "sgw", "fc", "console"}
MINIMAL = str(REQUESTS / "minimal.json")


class Up:
    """A running `up`, its ready object, and the shell of its checkout."""

    def __init__(self, shell: Shell, *options: str) -> None:
        self.shell = shell
        self.process = shell.start("up", "--json", *options)
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())

    def end(self, by: signal.Signals) -> tuple[int, str]:
        """End it; its exit code and what it had to say."""
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {})


@pytest.fixture
def up(shell: Shell) -> Iterator[Up]:
    """The whole cloud, its ready file beside it."""
    running = Up(shell, "--ready-file", "ready.json")
    yield running
    with running.process:
        running.process.kill()


def test_ready_line_ready_file_and_registration_are_the_same_object(up: Up) -> None:
    """Whichever a script reads, it learns the same, and all of it."""
    assert up.ready.keys() == READY_KEYS
    assert json.loads((up.shell.directory / "ready.json").read_bytes()) == up.ready
    registered = json.loads((up.shell.directory / ".express-sync" / "local.json").read_bytes())
    assert registered == {"pid": up.process.pid, "ready": up.ready}


def test_other_commands_find_it_by_themselves(up: Up) -> None:
    """In the same checkout nothing has to be said about where it is."""
    ended = up.shell.run("submit", MINIMAL, "--wait", *PATIENT)
    assert ended.code == 0
    assert f"Acting on the local cloud (process {up.process.pid}, {up.ready['mns']['endpoint']})." in ended.err


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_end_it_cleanly(up: Up, by: signal.Signals, code: int) -> None:
    """It takes its files with it, and the next command says that it is gone."""
    up.shell.run("submit", MINIMAL, "--wait", *PATIENT)  # so that there is a function process to end
    assert up.end(by) == (code, "")
    assert list((up.shell.directory / ".express-sync").iterdir()) == []
    assert not (up.shell.directory / "ready.json").exists()
    assert "express-sync up" in up.shell.run("watch").only_a_sentence()


def test_after_a_kill_the_stale_registration_is_said_and_replaced(up: Up, shell: Shell) -> None:
    """Nothing acts on endpoints of a dead process, and a new `up` simply takes over."""
    up.end(signal.SIGKILL)
    assert f"(process {up.process.pid}) has ended" in shell.run("watch").only_a_sentence()
    again = Up(shell, "--no-function")
    assert again.end(signal.SIGTERM) == (0, "")


def test_a_second_one_in_the_same_checkout_is_refused(up: Up) -> None:
    """One checkout has one local cloud; the first is not harmed."""
    assert f"(process {up.process.pid})" in up.shell.run("up").only_a_sentence()
    assert up.shell.run("submit", MINIMAL).code == 0


def test_without_the_function_requests_stay_in_the_queue(shell: Shell) -> None:
    """--no-function leaves the queues to whoever wants to work them."""
    running = Up(shell, "--no-function")
    try:
        shell.run("submit", MINIMAL)
        mns = running.ready["mns"]
        answer = urllib3.request("GET", f"{mns['endpoint']}/_local/queues/{mns['requestQueue']}").json()
        assert [json.loads(message["body"])["requestId"] for message in answer["messages"]] == ["REQ-2026-001001"]
    finally:
        assert running.end(signal.SIGTERM)[0] == 0


def test_people_are_told_where_everything_is_and_what_to_type(shell: Shell) -> None:
    """Without --json there is a summary to read, without colours when piped."""
    with shell.start("up", "--no-function") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(11)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    summary = "".join(lines)
    assert summary.startswith("The local cloud is running.\n")
    assert "Console       http://127.0.0.1:" in summary
    assert "express-sync submit" in summary
    assert "\x1b" not in summary


def test_a_taken_port_is_one_sentence(shell: Shell) -> None:
    """It names the port and the way out; nothing stays registered."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = shell.run("up", "--port-base", str(port)).only_a_sentence()
    assert str(port) in said
    assert "--port-base" in said
    assert not (shell.directory / ".express-sync").exists()


def test_a_ready_file_that_cannot_be_written_is_one_sentence(shell: Shell) -> None:
    """It ends before anybody could wait for the file in vain, and registers nothing."""
    assert "missing/ready.json" in shell.run("up", "--ready-file", "missing/ready.json").only_a_sentence()
    assert list((shell.directory / ".express-sync").iterdir()) == []


def test_a_ready_file_that_is_a_directory_is_named_and_nothing_is_left(shell: Shell) -> None:
    """Neither a draft of the file nor a registration."""
    place = shell.directory / "place"
    place.mkdir()
    said = shell.run("up", "--no-function", "--ready-file", "place").only_a_sentence()
    assert said == "Cannot write place: it is a directory; name a file."
    assert [path.name for path in shell.directory.rglob("*")] == ["place", ".express-sync"]


def test_it_ends_silently_although_somebody_watches(up: Up) -> None:
    """A long poll is under way when Ctrl-C comes; the one who polls is told that the cloud has ended, and no more."""
    with up.shell.start("watch") as watching:
        _await_a_poll(up)
        assert up.end(signal.SIGINT) == (130, "")
        _, said = watching.communicate(timeout=PATIENCE_SECONDS)
    assert watching.returncode == 2
    assert said.splitlines()[1:] == ["express-sync: The local cloud has ended; start one with `express-sync up`."]


def _await_a_poll(up: Up) -> None:
    """Return once a first poll of the result queue has ended, for the next one is then on its way."""
    calls: list[dict[str, Any]] = []
    while not any("results/messages" in call["target"] for call in calls):
        calls = urllib3.request("GET", f"{up.ready['mns']['endpoint']}/_local/calls").json()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for a grandchild's end needs Linux")
def test_nothing_it_started_outlives_it(up: Up) -> None:
    """Not even after SIGKILL is there a function process left."""
    up.shell.run("invoke", MINIMAL)
    children = subprocess.run(
        ("ps", "--ppid", str(up.process.pid), "-o", "pid="), capture_output=True, text=True, check=False
    ).stdout.split()
    assert children
    up.end(signal.SIGKILL)
    for pid in map(int, children):
        _await_end(pid)


def _await_end(pid: int) -> None:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([process], [], [], PATIENCE_SECONDS)
        assert ended
    finally:
        os.close(process)
