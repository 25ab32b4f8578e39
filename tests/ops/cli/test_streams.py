"""Every command behaves as a Unix program whatever its standard streams, its home and its terminal are."""

import subprocess
from collections.abc import Iterator

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.replay_support import failure, fill
from tests.support.cli import MINIMAL, CloudShell, cloud_shell
from tests.support.patience import PATIENCE_SECONDS

COMMANDS = {
    "submit": f"submit {MINIMAL}",
    "watch": "watch --count 1 --timeout 1",
    "failures": "failures list",
    "replay": "replay",
    "doctor": "doctor",
    "health": "health",
    "fault": "fault list",
    "help": "--help",
}

PRINTING = ("watch", "failures", "replay", "doctor", "health", "help")
CODES = {"watch": 3, "doctor": 1, "health": 1}


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """Run one local cloud without the function, with a failure that has a character outside of most encodings."""
    with cloud_shell(tmp_path_factory.mktemp("streams"), CloudOptions(with_function=False)) as running:
        fill(running, "failureQueue", [failure(1, requester="组\U0001f600")])
        yield running


def run(
    cloud: CloudShell, command: str, redirection: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a POSIX shell with a redirection."""
    words = " ".join(cloud.shell.command())
    return subprocess.run(
        ("sh", "-c", f"{words} {command} {redirection}"),
        cwd=cloud.shell.directory,
        env={**cloud.shell.variables(), **environment},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("redirection", [">&-", "<&- 2>&-"])
@pytest.mark.parametrize("command", COMMANDS)
def test_closed_stream_is_like_the_null_device(command: str, redirection: str, queues: CloudShell) -> None:
    """The exit code is the same, and nothing is called a bug."""
    found = run(queues, COMMANDS[command], redirection)
    assert found.returncode == CODES.get(command, 0)
    assert "bug" not in found.stdout + found.stderr
    assert "Exception" not in found.stdout + found.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_full_standard_error_ends_no_command(command: str, queues: CloudShell) -> None:
    """What has no place to be told is lost, and everything else is done."""
    found = run(queues, COMMANDS[command], "2>/dev/full")
    assert (found.returncode, found.stderr) == (CODES.get(command, 0), "")


def test_full_standard_error_keeps_the_exit_code_of_an_error(queues: CloudShell) -> None:
    """The sentence is lost, and the code tells that there was one."""
    assert run(queues, "submit nowhere.json", "2>/dev/full").returncode == 2


def test_reader_of_diagnostics_may_close_them(queues: CloudShell) -> None:
    """The requests are sent nevertheless."""
    before = queues.messages("requestQueue")
    found = run(queues, f"submit {MINIMAL}", "2>&1 >/dev/null | true")
    assert found.returncode == 0
    assert queues.messages("requestQueue") == before + 1


@pytest.mark.parametrize("command", [*PRINTING, "submit"])
def test_full_standard_output_is_one_sentence(command: str, queues: CloudShell) -> None:
    """The last line says what is wrong; before it, `submit` counts what it has sent."""
    found = run(queues, COMMANDS[command], ">/dev/full")
    *before, last = found.stderr.splitlines()
    assert (found.returncode, last) == (
        2,
        "express-sync: The output cannot be written (No space left on device); redirect it elsewhere.",
    )
    counted = "1 of 1 requests were sent; sending all of them again is safe."
    assert (counted in before) == (command == "submit")


def test_waiting_on_a_full_disk_tells_what_was_sent(queues: CloudShell) -> None:
    """Not even the heading can be written."""
    found = run(queues, f"submit {MINIMAL} --wait", ">/dev/full")
    assert "1 sent: 1 without an outcome yet." in found.stderr


def test_closed_standard_input_is_empty(queues: CloudShell) -> None:
    """`submit` reads it."""
    found = run(queues, "submit", "<&-")
    assert found.returncode == 2
    assert "standard input is empty" in found.stderr


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
@pytest.mark.parametrize("command", COMMANDS)
def test_missing_characters_are_replaced(command: str, encoding: str, queues: CloudShell) -> None:
    """No command fails on output, whatever the encoding."""
    found = run(queues, COMMANDS[command], PYTHONIOENCODING=encoding)
    assert "bug" not in found.stdout + found.stderr
    assert found.returncode in (0, 1, 3)


def test_marks_of_doctor_differ_in_every_encoding(queues: CloudShell) -> None:
    """A question mark in place of a mark would have another meaning."""
    lines = run(queues, "doctor", PYTHONIOENCODING="ascii").stdout.splitlines()
    assert {line[0] for line in lines} == {"+", "x", "?"}


@pytest.mark.parametrize("columns", ["0", "abc", "1", "999999999999", "٣٠"])
def test_odd_size_of_a_terminal_is_ignored(columns: str, queues: CloudShell) -> None:
    """The output is that of a terminal without COLUMNS."""
    found = run(queues, "failures list", COLUMNS=columns, LINES=columns)
    assert (found.returncode, len(found.stdout.splitlines())) == (0, 2)


def test_user_without_a_home_can_use_a_profile(queues: CloudShell) -> None:
    """Neither HOME nor the system's list of users names a directory."""
    ended = queues.shell.run_without_a_home("failures", "list", "--profile", "nope")
    assert ended.code == 2
    assert "Profile 'nope' does not exist" in ended.err


def test_character_outside_of_xml_is_sent_escaped(queues: CloudShell) -> None:
    """The request arrives as it was written."""
    before = queues.messages("requestQueue")
    names = '"requestId": "X-1", "name": "g-1", "bucketName": "b-1-x", "bucketRegion": "cn-hangzhou"'
    document = f'{{{names}, "description": "a\uffffb"}}'
    assert queues.run("submit", stdin=document).code == 0
    assert queues.messages("requestQueue") == before + 1
    assert queues.bodies("requestQueue")[-1]["description"] == "a\uffffb"


def test_pretty_printed_objects_in_a_row_are_explained(queues: CloudShell) -> None:
    """The sentence names the conversion."""
    (queues.shell.directory / "two.json").write_text('{\n"a": 1\n}\n{\n"a": 2\n}\n')
    assert "`jq -c . two.json`" in queues.run("submit", "two.json").only_a_sentence()
    assert "`jq -c .`" in queues.run("submit", stdin='{\n"a": 1\n}\n{\n"a": 2\n}\n').only_a_sentence()


def test_event_that_is_too_large_is_refused(queues: CloudShell) -> None:
    """It is not cut."""
    with (queues.shell.directory / "large").open("wb") as file:
        file.truncate(32 * 1024 * 1024 + 1)
    assert "too large" in queues.run("invoke", "large").only_a_sentence()


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (("watch", "--code"), "watch"),
        (("failures", "list", "--code"), "failures list"),
        (("portal", "token", "create", "--role"), "portal token create"),
        (("--bogus",), ""),
    ],
)
def test_usage_error_names_the_help_of_its_command(typed: tuple[str, ...], command: str, queues: CloudShell) -> None:
    """It does so too for an option without its value."""
    help_of = " ".join(("express-sync", *command.split(), "--help"))
    assert queues.run(*typed).only_a_sentence().endswith(f"See {help_of}.")


@pytest.mark.parametrize(("typed", "meant"), [("submitt", "submit"), ("failure", "failures"), ("wacth", "watch")])
def test_misspelt_command_is_recognised(typed: str, meant: str, queues: CloudShell) -> None:
    """The similar one is named."""
    assert f"Did you mean {meant}?" in queues.run(typed).only_a_sentence()


def test_missing_profile_names_the_known_ones(queues: CloudShell) -> None:
    """A similar name is suggested."""
    queues.write_profile("staging")
    said = queues.run("doctor", "--profile", "stagign").only_a_sentence()
    assert "did you mean staging?" in said
    assert "Known profiles are staging, env." in said


def test_misspelt_region_is_recognised(queues: CloudShell) -> None:
    """In the environment, and as a warning in a request."""
    queues.shell.environment.update(EXPRESS_SYNC_REGION="cn-hangzou", EXPRESS_SYNC_ACCOUNT_ID="1")
    try:
        assert "did you mean cn-hangzhou?" in queues.run("doctor", "--profile", "env").only_a_sentence()
    finally:
        queues.shell.environment.clear()
    document = '{"requestId": "X-2", "name": "g-2", "bucketName": "b-2-x", "bucketRegion": "cn-shangai"}'
    assert "did you mean cn-shanghai?" in queues.run("submit", stdin=document).err
