"""docs/command-line.md and docs/operations.md against the command line: exit codes, times, and what takes a profile."""

import re
import signal

import click
import pytest

from express_sync.ops.cli import commands
from express_sync.ops.queues.retry import GRACE_SECONDS
from express_sync.ops.terminal.errors import ExitCode
from handler.config import VARIABLES
from tests.support.checkout import DOCS
from tests.support.command_tree import runnable

COMMAND_LINE, RUNBOOK = (
    " ".join((DOCS / name).read_text(encoding="utf-8").split()) for name in ("command-line.md", "operations.md")
)


LEAVES = {name: command for name, command in runnable() if not isinstance(command, click.Group)}


def exit_codes_of(command: click.Command) -> set[int]:
    text = (command.help or "").partition("Exit codes:")[2]
    return {int(code) for code in re.findall(r"^ +(\d+)  ", text, re.MULTILINE)}


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_page_lists_every_exit_code() -> None:
    sentence = COMMAND_LINE.partition("Exit codes: ")[2].partition(".")[0]
    signals = {128 + number for number in (signal.SIGTERM, signal.SIGHUP)}
    assert {int(code) for code in re.findall(r"\b\d+\b", sentence)} == {*ExitCode, *signals}


def test_page_states_how_long_a_command_retries() -> None:
    assert GRACE_SECONDS == 10
    assert "or for ten seconds if it has none" in COMMAND_LINE


def test_runbook_states_the_limit_of_deferrals() -> None:
    assert f"After EXPRESS_SYNC_MAX_DEFERRALS times ({VARIABLES['MAX_DEFERRALS'].default}, " in RUNBOOK


def test_runbook_names_the_commands_without_a_profile() -> None:
    sentence = RUNBOOK.partition("Every command acts on one profile")[2].partition(".")[0]
    named = re.findall(r"`([a-z ]+)`", sentence.partition("except ")[2])
    assert named
    without = {name for name, leaf in LEAVES.items() if "--profile" not in options_of(leaf)}
    assert {name for name in LEAVES if name.startswith(tuple(named))} == without


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_command_has_examples_and_prints_json(name: str) -> None:
    """The README says so of every command."""
    assert "--json" in options_of(LEAVES[name])
    assert f"express-sync {name}" in (LEAVES[name].help or "").partition("Examples:")[2]


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_help_lists_exit_codes_that_exist(name: str) -> None:
    """The help of a group lists those of its commands."""
    group = commands.get_command(click.Context(commands), name.partition(" ")[0])
    assert group is not None
    codes = exit_codes_of(LEAVES[name]) or exit_codes_of(group)
    assert codes
    assert codes <= {*ExitCode}
