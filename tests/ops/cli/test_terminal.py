"""Output on a terminal: progress bars, and tables that fit 80 columns."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.replay_support import failure, fill
from tests.support.checkout import REQUESTS
from tests.support.cli import PATIENT, CloudShell, Ended, Shell, cloud_shell

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """No function: what is sent stays in its queue."""
    with cloud_shell(tmp_path_factory.mktemp("queues"), CloudOptions(with_function=False)) as running:
        fill(running, "failureQueue", [failure(number) for number in range(3)])
        yield running


def seen(ended: Ended) -> str:
    """What the terminal has shown, without colours and movements."""
    return CONTROL.sub("", ended.err)


COMMANDS = [
    pytest.param(("submit", str(REQUESTS / "many.jsonl")), "Sending", "3/3", "BatchSendMessage", id="submit"),
    pytest.param(("replay",), "Replaying", "3/?", "BatchReceiveMessage", id="replay"),
]


@pytest.mark.parametrize(("command", "name", "count", "operation"), COMMANDS)
def test_progress_bar_is_shown_and_erased_on_a_terminal(
    command: tuple[str, ...], name: str, count: str, operation: str, queues: CloudShell
) -> None:
    """It counts to the end; a piped standard output contains nothing of it."""
    queues.fault("mns", operation=operation, faults=["slow:300"])
    ended = queues.shell.run_on_terminal(*command, is_piped=True)
    assert ended.code == 0, ended.err
    assert re.search(rf"{name} ━+ +0/", seen(ended))
    assert re.search(rf"{name} ━+ +{re.escape(count)} 0:00:0", seen(ended))
    assert re.search(r"\x1b\[2K[^━]*$", ended.err)
    assert len(ended.out.splitlines()) == 3 + (command[0] == "replay")
    assert "━" not in ended.out
    assert "\x1b" not in ended.out


@pytest.mark.parametrize(("command", "name", "count", "operation"), COMMANDS)
def test_progress_bar_is_not_printed_to_a_pipe(
    command: tuple[str, ...], name: str, count: str, operation: str, queues: CloudShell
) -> None:
    """Logs of scripts contain sentences only."""
    ended = queues.run(*command)
    assert ended.code == 0
    for unwanted in (name, count, "━", "\x1b"):
        assert unwanted not in ended.out + ended.err


def test_demo_fits_a_terminal_of_80_columns(tmp_path: Path) -> None:
    """No line is longer and no cell is cut; what each sample shows is there, and so is the start of the cloud."""
    ended = Shell(tmp_path, {}).run_on_terminal("demo", *PATIENT, columns=80)
    assert ended.code == 0, ended.err
    lines = seen(ended).splitlines()
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert "…" not in seen(ended)
    assert any("Starting SMQ, Cloud Storage Gateway and Function Compute" in line for line in lines)
    for shows in ("the four required fields", "created, answer lost"):
        last = [line for line in lines if shows in line][-1].strip()
        assert re.fullmatch(rf"{shows} +succeeded +sync-\w{{20}} +\d +(\d+ ms|\d+\.\d s)", last)


def test_start_of_the_cloud_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    """Logs of scripts contain sentences only."""
    ended = Shell(tmp_path, {}).run("demo", "--json", *PATIENT)
    assert "Starting" not in ended.err


LISTINGS = [
    pytest.param(("failures", "list"), ["TIME", "STATUS", "REQUEST", "ERROR"], id="failures list"),
    pytest.param(("replay",), ["REPLAY ID", "REQUEST", "FAILED WITH"], id="replay"),
    pytest.param(("watch", "--timeout", "1"), ["TIME", "STATUS", "REQUEST", "GROUP OR ERROR"], id="watch"),
]


@pytest.mark.parametrize(("command", "names"), LISTINGS)
def test_listings_fit_a_terminal_of_80_columns(command: tuple[str, ...], names: list[str], queues: CloudShell) -> None:
    """Less important columns are left out, and no line is longer."""
    ended = queues.shell.run_on_terminal(*command, columns=80)
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", seen(ended))]
    (heading,) = (line for line in lines if line.startswith(names[0]))
    assert re.split(r"  +", heading) == names
    rows = [line for line in lines if re.match(r"rp-|\d{4}-", line)]
    assert len(rows) == (0 if command[0] == "watch" else 3)
    assert max(map(len, [heading, *rows])) <= 80


def test_outcomes_of_submit_fit_a_terminal_of_80_columns(tmp_path: Path) -> None:
    """An outcome with a group and one with a reason are each one line."""
    with cloud_shell(tmp_path, CloudOptions()) as cloud:
        cloud.fault("sgw", faults=["RoleNotExist"], name="design-team_assets.v2")
        paths = [str(REQUESTS / name) for name in ("minimal.json", "full.json")]
        ended = cloud.shell.run_on_terminal("submit", *paths, "--wait", *PATIENT, columns=80)
    rows = [line.rstrip() for line in re.split(r"[\r\n]+", seen(ended)) if re.match(r"\d{4}-", line)]
    assert sorted(re.split(r"  +", row)[1:3] for row in rows) == [
        ["failed", "REQ-2026-001002"],
        ["succeeded", "REQ-2026-001001"],
    ]
    assert max(map(len, rows)) <= 80
