"""What is seen on a terminal and nowhere else: progress bars, and a table that fits."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.cli_support import PATIENT, REQUESTS, Ended, Shell, Stand, stand
from tests.ops.cli.replay_support import failure, fill

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """No function: what is sent stays in its queue."""
    with stand(tmp_path_factory.mktemp("queues"), CloudOptions(with_function=False)) as running:
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
def test_a_bar_is_shown_on_a_terminal_and_wiped_out_in_the_end(
    command: tuple[str, ...], name: str, count: str, operation: str, queues: Stand
) -> None:
    """It counts to the end, and a standard output that is a pipe gets nothing of it."""
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
def test_nothing_of_a_bar_goes_into_a_pipe(
    command: tuple[str, ...], name: str, count: str, operation: str, queues: Stand
) -> None:
    """Logs of scripts hold sentences only."""
    ended = queues.run(*command)
    assert ended.code == 0
    for unwanted in (name, count, "━", "\x1b"):
        assert unwanted not in ended.out + ended.err


def test_the_board_of_the_demo_fits_a_terminal_of_eighty_columns(tmp_path: Path) -> None:
    """Nothing is cut off or folded: ids, counts and times are whole."""
    (tmp_path / "requests").symlink_to(REQUESTS)
    act = {"sample": "requests/minimal.json", "shows": "the four required fields", "expect": {"status": "succeeded"}}
    lost = {**act, "sample": "requests/answer-lost.json", "faults": ["reset-after"]}
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"rounds": [{"title": "one", "requests": [act, lost]}]}))
    ended = Shell(tmp_path, {}).run_on_terminal("demo", *PATIENT, "--scenario", str(scenario), columns=80)
    assert ended.code == 0, ended.err
    lines = seen(ended).splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in seen(ended)
    for request in ("REQ-2026-001001", "REQ-2026-001010"):
        last = [line for line in lines if request in line][-1].strip()
        assert re.fullmatch(rf"{request} +succeeded +sync-\w{{20}} +\d +(\d+ ms|\d+\.\d s)", last)
