"""`up`: other commands find it, signals stop it, and errors are one sentence."""

import json
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.support.cli import MINIMAL, PATIENT, Shell
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.processes import children_of, wait_until_dead

READY_KEYS = {"region", "accountId", "accessKeyId", "accessKeySecret", "mns", "sgw", "fc", "console"}


class Up:
    """A running `up` without portal, its ready object, and the shell of its checkout."""

    def __init__(self, shell: Shell, *options: str) -> None:
        self.shell = shell
        self.process = shell.start("up", "--json", "--no-portal", *options)
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())

    def end(self, by: signal.Signals) -> tuple[int, str]:
        """Stop it; return its exit code and its standard error."""
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said


@pytest.fixture
def up(shell: Shell) -> Iterator[Up]:
    """Run `up` with a ready file."""
    running = Up(shell, "--ready-file", "ready.json")
    yield running
    with running.process:
        running.process.kill()


def test_ready_line_ready_file_and_registration_are_equal(up: Up) -> None:
    """Scripts may read any of them."""
    assert up.ready.keys() == READY_KEYS
    assert json.loads((up.shell.directory / "ready.json").read_bytes()) == up.ready
    registered = json.loads((up.shell.directory / ".express-sync" / "local.json").read_bytes())
    assert registered == {"pid": up.process.pid, "ready": up.ready}


def test_commands_find_the_local_cloud_automatically(up: Up) -> None:
    """They must be run in the same checkout."""
    ended = up.shell.run("submit", MINIMAL, "--wait", *PATIENT)
    assert ended.code == 0
    assert f"Acting on the local cloud (process {up.process.pid}, {up.ready['mns']['endpoint']})." in ended.err


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signal_stops_the_local_cloud_cleanly(up: Up, by: signal.Signals, code: int) -> None:
    """Its files are deleted, and the next command reports that it has ended."""
    up.shell.run("submit", MINIMAL, "--wait", *PATIENT)  # starts a process of the function
    assert up.end(by) == (code, "")
    assert list((up.shell.directory / ".express-sync").iterdir()) == []
    assert not (up.shell.directory / "ready.json").exists()
    assert "express-sync up" in up.shell.run("watch").only_a_sentence()


def test_registration_of_a_killed_cloud_is_replaced(up: Up, shell: Shell) -> None:
    """Commands report that the process has ended, and a new `up` can start."""
    up.end(signal.SIGKILL)
    assert f"(process {up.process.pid}) has ended" in shell.run("watch").only_a_sentence()
    again = Up(shell, "--no-function")
    assert again.end(signal.SIGTERM) == (0, "")


def test_second_local_cloud_in_a_checkout_is_refused(up: Up) -> None:
    """The first one is not affected."""
    assert f"(process {up.process.pid})" in up.shell.run("up").only_a_sentence()
    assert up.shell.run("submit", MINIMAL).code == 0


def test_requests_stay_in_the_queue_without_the_function(shell: Shell) -> None:
    """--no-function leaves them to other consumers."""
    running = Up(shell, "--no-function")
    try:
        shell.run("submit", MINIMAL)
        mns = running.ready["mns"]
        answer = urllib3.request("GET", f"{mns['endpoint']}/_local/queues/{mns['requestQueue']}").json()
        assert [json.loads(message["body"])["requestId"] for message in answer["messages"]] == ["REQ-2026-001001"]
    finally:
        assert running.end(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize(
    ("options", "count", "advice"), [((), 13, "express-sync submit"), (("--no-function",), 9, "No function runs")]
)
def test_up_prints_endpoints_and_next_commands(shell: Shell, options: tuple[str, ...], count: int, advice: str) -> None:
    """The summary has no colours when it is piped; without the function no command would get an outcome."""
    with shell.start("up", "--no-portal", *options) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(count)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    summary = "".join(lines)
    assert summary.startswith("The local cloud is running.\n")
    assert "Console       http://127.0.0.1:" in summary
    assert advice in summary
    assert ("submit" in summary) != bool(options)
    assert "\x1b" not in summary


def test_taken_port_is_one_sentence(shell: Shell) -> None:
    """It names the port and the option; no registration is left."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = shell.run("up", "--no-portal", "--port-base", str(port)).only_a_sentence()
    assert str(port) in said
    assert "--port-base" in said
    assert not (shell.directory / ".express-sync").exists()


def test_unwritable_ready_file_is_one_sentence(shell: Shell) -> None:
    """No registration is left."""
    assert (
        "missing/ready.json" in shell.run("up", "--no-portal", "--ready-file", "missing/ready.json").only_a_sentence()
    )
    assert list((shell.directory / ".express-sync").iterdir()) == []


def test_directory_as_ready_file_is_one_sentence(shell: Shell) -> None:
    """Neither a temporary file nor a registration is left."""
    place = shell.directory / "place"
    place.mkdir()
    said = shell.run("up", "--no-function", "--no-portal", "--ready-file", "place").only_a_sentence()
    assert said == "Cannot write place: it is a directory; name a file."
    assert [path.name for path in shell.directory.rglob("*")] == ["place", ".express-sync"]


def test_up_stops_silently_during_a_long_poll(up: Up) -> None:
    """The command that polls reports that the cloud has ended, and nothing else."""
    with up.shell.start("watch") as watching:
        _await_a_poll(up)
        assert up.end(signal.SIGINT) == (130, "")
        _, said = watching.communicate(timeout=PATIENCE_SECONDS)
    assert watching.returncode == 2
    assert said.splitlines()[1:] == ["express-sync: The local cloud has ended; start one with `express-sync up`."]


def _await_a_poll(up: Up) -> None:
    """Return when a first poll of the command's queue has ended; the next one is then under way."""
    calls: list[dict[str, Any]] = []
    while not any("-listener-" in call["target"] and "/messages" in call["target"] for call in calls):
        calls = urllib3.request("GET", f"{up.ready['mns']['endpoint']}/_local/calls").json()


def test_function_process_ends_with_a_killed_cloud(up: Up) -> None:
    """No process is left after SIGKILL."""
    up.shell.run("invoke", MINIMAL)
    children = children_of(up.process.pid)
    assert children
    up.end(signal.SIGKILL)
    wait_until_dead(*children)


def test_commands_trust_the_certificate_of_the_local_cloud(shell: Shell) -> None:
    """It is served over TLS on request, a round-trip time away."""
    running = Up(shell, "--tls", "--rtt", "1")
    try:
        assert running.ready.keys() == READY_KEYS | {"caFile"}
        assert shell.run("submit", MINIMAL, "--wait", *PATIENT).code == 0
    finally:
        assert running.end(signal.SIGTERM)[0] == 0


def test_call_that_is_not_emulated_is_printed_once(shell: Shell) -> None:
    """It is also refused with a code that no service has."""
    up = Up(shell, "--no-function")
    url = f"{up.ready['mns']['endpoint']}/"
    headers = {"x-acs-action": "EnableEndpoint", "x-acs-version": "2022-01-19"}
    answers = [urllib3.request("POST", url, headers=headers, timeout=PATIENCE_SECONDS) for _ in range(2)]
    assert [answer.json()["Code"] for answer in answers] == ["NotEmulated", "NotEmulated"]
    _, said = up.end(signal.SIGTERM)
    line = "Not emulated: EnableEndpoint of mns-open 2022-01-19. The call was refused with the code NotEmulated."
    assert said.count(line) == 1


def test_two_clouds_at_the_same_moment_are_one(shell: Shell) -> None:
    """The other one is refused, and the registration is that of the first."""
    both = [shell.start("up", "--json", "--no-function") for _ in range(2)]
    ended = wait_for(lambda: [process for process in both if process.poll() is not None])
    (refused,) = ended
    (running,) = (process for process in both if process is not refused)
    _, said = refused.communicate(timeout=PATIENCE_SECONDS)
    assert (refused.returncode, "A local cloud runs in this checkout already" in said) == (2, True)
    assert running.stdout is not None
    ready = json.loads(running.stdout.readline())
    registered = json.loads((shell.directory / ".express-sync" / "local.json").read_bytes())
    assert registered == {"pid": running.pid, "ready": ready}
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0


def test_stale_ready_file_is_removed_at_the_start(shell: Shell) -> None:
    """The addresses of a killed cloud cannot be read while the next one starts, nor if it does not start."""
    stale = shell.directory / "ready.json"
    stale.write_text('{"mns": {"endpoint": "http://127.0.0.1:1"}}')
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        shell.run("up", "--ready-file", "ready.json", "--port-base", str(taken.getsockname()[1]))
    assert not stale.exists()


def test_setting_reaches_the_function(shell: Shell) -> None:
    """A wrong form is one sentence."""
    assert "NAME=VALUE" in shell.run("up", "--env", "EXPRESS").only_a_sentence()
    running = Up(shell, "--env", "EXPRESS_SYNC_MAX_ATTEMPTS=none")
    ended = shell.run("invoke", MINIMAL)
    running.end(signal.SIGTERM)
    assert "EXPRESS_SYNC_MAX_ATTEMPTS" in ended.err
