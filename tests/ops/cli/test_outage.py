"""`demo --outage`: the drill as people run it, what scripts read of it, and how it ends when something is amiss."""

from pathlib import Path
from typing import Any

import pytest

from express_sync.ops.demo.outage.plan import LASTING, PASSING
from tests.ops.cli.cli_support import PATIENT, Ended, Shell
from tests.support.patience import PATIENCE_SECONDS

DRILL = ("demo", "--outage", *PATIENT)
IN_ALL = len(PASSING.requests) + len(LASTING.requests)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Ended]:
    """The drill for people and the drill for scripts, held side by side because most of it is waiting.

    A profile that people have chosen is none of the drill's business, nor of the commands that it types.
    """
    shell = Shell(tmp_path_factory.mktemp("drill"), {"EXPRESS_SYNC_PROFILE": "production"})
    with shell.start(*DRILL) as story, shell.start(*DRILL, "--json") as script:
        ended = [(*process.communicate(timeout=PATIENCE_SECONDS), process.returncode) for process in (story, script)]
    first, second = (Ended(code, out, err) for out, err, code in ended)
    return first, second


@pytest.fixture
def story(held: tuple[Ended, Ended]) -> Ended:
    return held[0]


@pytest.fixture
def lines(held: tuple[Ended, Ended]) -> list[dict[str, Any]]:
    assert held[1].code == 0, held[1].err
    return held[1].lines()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {})


def test_every_request_of_the_outage_that_passes_comes_back_by_itself(lines: list[dict[str, Any]]) -> None:
    """Deferred at least once, some of them twice or more, and nobody replays any of them."""
    passing = _of(lines, PASSING.code)
    assert [line["request"] for line in passing] == [request["requestId"] for request in PASSING.requests]
    for line in passing:
        *before, last = line["statuses"]
        assert (set(before), last) == ({"deferred"}, "succeeded")
        assert line["deferrals"] == len(before)
        assert "replayId" not in line
    assert max(line["deferrals"] for line in passing) >= 2


def test_every_request_of_the_outage_that_lasts_fails_and_is_replayed(lines: list[dict[str, Any]]) -> None:
    """Each by a replay of its own."""
    lasting = _of(lines, LASTING.code)
    assert [line["request"] for line in lasting] == [request["requestId"] for request in LASTING.requests]
    assert [line["statuses"] for line in lasting] == [["failed", "succeeded"]] * len(lasting)
    assert len({line["replayId"] for line in lasting}) == len(lasting)


def test_scripts_are_told_nothing_but_a_line_for_each_request(lines: list[dict[str, Any]]) -> None:
    """Each as expected, each with a group of its own."""
    assert len(lines) == IN_ALL
    assert all(line["asExpected"] and line["status"] == "succeeded" for line in lines)
    assert len({line["expressSyncId"] for line in lines}) == IN_ALL


def test_the_story_is_told_in_four_acts_and_plain_lines(story: Ended) -> None:
    """The commands of the operator are shown as they are typed, with all that they print."""
    assert story.code == 0, story.err
    assert [line[0] for line in story.out.splitlines() if line[1:3] == ". "] == ["1", "2", "3", "4"]
    assert "$ express-sync failures list\n" in story.out
    assert "$ express-sync replay --code RoleNotExist --force --yes --wait --timeout " in story.out
    assert story.out.count("  failed  ") == len(LASTING.requests)
    assert "What to do: Authorize Cloud Storage Gateway once in its console" in story.out
    assert "\x1b" not in story.out + story.err


def test_the_story_ends_with_the_sum(story: Ended) -> None:
    """What was counted, the operator's commands included."""
    assert "8 failures: 8 RoleNotExist." in story.err
    assert "8 sent: 8 succeeded." in story.err
    last = story.err.splitlines()[-1]
    assert last.startswith(f"{IN_ALL} requests, {IN_ALL} verdicts as expected, {IN_ALL} groups, nothing lost, ")


def test_a_drill_that_does_not_come_to_its_end_in_time_ends_with_3(shell: Shell) -> None:
    """It takes more than this for a deferred request to come back; what differs is said of every request."""
    ended = shell.run("demo", "--outage", "--timeout", "2", "--json")
    assert ended.code == 3
    assert "The drill ends early: this act has not ended as it should, or not in time." in ended.err
    assert "DRILL-201 (RoleNotExist): was never sent." in ended.err
    assert f"{IN_ALL} requests, 0 verdicts as expected, 0 groups, " in ended.err
    assert [line["asExpected"] for line in ended.lines()] == [False] * IN_ALL
    assert not any("succeeded" in line["statuses"] for line in ended.lines())


@pytest.mark.parametrize(
    ("options", "named"),
    [(("--scenario", "events/demo.json"), "--scenario"), (("--timeout", "0"), "--timeout")],
    ids=["a scenario", "no time"],
)
def test_options_that_make_no_sense_are_one_sentence(options: tuple[str, ...], named: str, shell: Shell) -> None:
    """Before anything is started."""
    assert named in shell.run("demo", "--outage", *options).only_a_sentence()


def _of(lines: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["outage"] == code]
