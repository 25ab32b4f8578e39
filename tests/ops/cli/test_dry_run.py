"""`--dry-run` means the same on every command that changes something: show what would be done, and change nothing."""

from collections.abc import Iterator
from typing import Any

import click
import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.replay_support import failure, fill
from tests.support.cli import MINIMAL, CloudShell, Ended, cloud_shell
from tests.support.command_tree import runnable

WITHOUT = {
    "doctor": "reads only",
    "health": "reads only",
    "logs": "reads only",
    "status": "reads only",
    "failures list": "reads only",
    "failures show": "reads only",
    "portal token list": "reads only",
    "portal webhooks list": "reads only",
    "up": "runs a service on this machine until it is interrupted",
    "portal": "runs a service on this machine until it is interrupted",
    "demo": "runs on a temporary cloud, and leaves nothing",
    "package": "writes a file on this machine, whose name depends on its content",
}
# Each command with what it needs to change something on the cloud of the test.
CHANGING = {
    "submit": (MINIMAL,),
    "watch": (),
    "replay": ("--yes",),
    "failures discard": ("R-0", "--yes"),
    "invoke": (MINIMAL,),
    "fault": ("InternalError",),
    "kill": (),
    "portal token create": ("ci", "--role", "operator", "--file", "tokens"),
    "portal token revoke": ("known", "--file", "known-tokens"),
}
IN_TESTS_OF_THEIR_OWN = ("deploy", "destroy", "portal webhooks retry")


def test_every_changing_command_has_a_dry_run() -> None:
    """A command without one is listed here with the reason, and a new command has to choose."""
    found = {path: any("--dry-run" in option.opts for option in command.params) for path, command in runnable()}
    assert {path for path, has_one in found.items() if not has_one} == set(WITHOUT)
    assert {path for path, has_one in found.items() if has_one} == {*CHANGING, *IN_TESTS_OF_THEIR_OWN}


def test_every_dry_run_has_the_same_help() -> None:
    """One option is shared."""
    options = [
        option
        for _, command in runnable()
        for option in command.params
        if isinstance(option, click.Option) and "--dry-run" in option.opts
    ]
    assert {option.help for option in options} == {"Show what would be done, and change nothing."}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """Run one local cloud with the function, a failure, and a token of the portal."""
    with cloud_shell(tmp_path_factory.mktemp("dry-run"), CloudOptions()) as running:
        fill(running, "failureQueue", [failure(0)])
        create = ("portal", "token", "create", "known", "--role", "operator", "--file", "known-tokens")
        assert running.run(*create).code == 0
        yield running


def state(cloud: CloudShell) -> Any:
    """Return everything that a command could change."""
    messages = {role: cloud.messages(role) for role in ("requestQueue", "resultQueue", "failureQueue")}
    files = {path.name: path.read_bytes() for path in cloud.shell.directory.glob("*tokens")}
    pids = cloud.local("GET", "fc", "state").get("workers")
    return messages, cloud.groups(), cloud.queue_names(), cloud.local("GET", "sgw", "faults"), pids, files


@pytest.mark.parametrize("command", CHANGING)
def test_dry_run_changes_nothing_and_says_so(command: str, cloud: CloudShell) -> None:
    """It exits with 0, whatever other options say."""
    before = state(cloud)
    ended = cloud.run(*command.split(), *CHANGING[command], "--dry-run")
    assert_nothing_was_changed(ended)
    assert state(cloud) == before


@pytest.mark.parametrize("command", ["submit", "watch", "invoke"])
def test_dry_run_needs_no_confirmation(command: str, cloud: CloudShell) -> None:
    """On a cloud that is not on this machine, only a change needs --yes; this one cannot even be reached."""
    far = {
        "mns": {"endpoint": "https://far.invalid", "requestQueue": "q"},
        "sgw": None,
        "portal": None,
        "console": None,
    }
    cloud.write_profile("far", **far, fc={"endpoint": "https://far.invalid", "function": "f"})
    ended = cloud.run(*command.split(), *CHANGING[command], "--dry-run", "--profile", "far")
    assert_nothing_was_changed(ended)


def assert_nothing_was_changed(ended: Ended) -> None:
    assert ended.code == 0, ended.err
    assert "Nothing was changed" in ended.err
    assert "would be" in ended.err
