"""`demo --outage`: what people see, what scripts read, and how it ends when the time is too short."""

import json
from typing import Any

import pytest

from tests.support.checkout import REQUESTS
from tests.support.cli import PATIENT, Ended, Shell
from tests.support.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.long

OUTAGE = ("demo", "--outage", *PATIENT)
TEMPORARY, PERMANENT = "AssumeRoleFail", "RoleNotExist"


def request_ids(sample: str) -> list[str]:
    """Return the ids of the requests in a sample, in order."""
    lines = (REQUESTS / sample).read_text().splitlines()
    return [json.loads(line)["requestId"] for line in lines]


PASSING, LASTING = request_ids("outage-passing.jsonl"), request_ids("outage-lasting.jsonl")
ALL = [*PASSING, *LASTING]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Ended]:
    """Run it for people and for scripts at the same time, because most of it is waiting.

    The profile in the environment must not matter to the demo, nor to the commands that it runs.
    """
    shell = Shell(tmp_path_factory.mktemp("outage"), {"EXPRESS_SYNC_PROFILE": "production"})
    with shell.start(*OUTAGE) as text, shell.start(*OUTAGE, "--json") as script:
        ended = [(*process.communicate(timeout=PATIENCE_SECONDS), process.returncode) for process in (text, script)]
    first, second = (Ended(code, out, err) for out, err, code in ended)
    return first, second


@pytest.fixture
def text(runs: tuple[Ended, Ended]) -> Ended:
    return runs[0]


@pytest.fixture
def lines(runs: tuple[Ended, Ended]) -> list[dict[str, Any]]:
    assert runs[1].code == 0, runs[1].err
    return runs[1].lines()


def test_requests_recover_automatically_from_a_temporary_outage(lines: list[dict[str, Any]]) -> None:
    """Each is deferred at least once, some twice or more, and none is replayed."""
    passing = _of(lines, TEMPORARY)
    assert [line["request"] for line in passing] == PASSING
    for line in passing:
        *before, last = line["statuses"]
        assert (set(before), last) == ({"deferred"}, "succeeded")
        assert line["deferrals"] == len(before)
        assert "replayId" not in line
    assert max(line["deferrals"] for line in passing) >= 2


def test_requests_of_a_lasting_outage_fail_and_are_replayed(lines: list[dict[str, Any]]) -> None:
    """Each has a replay id of its own."""
    lasting = _of(lines, PERMANENT)
    assert [line["request"] for line in lasting] == LASTING
    assert [line["statuses"] for line in lasting] == [["failed", "succeeded"]] * len(lasting)
    assert len({line["replayId"] for line in lasting}) == len(lasting)


def test_scripts_get_one_line_for_each_request(lines: list[dict[str, Any]]) -> None:
    """Each request is as expected and has a group of its own."""
    assert len(lines) == len(ALL)
    assert all(line["asExpected"] and line["status"] == "succeeded" for line in lines)
    assert len({line["expressSyncId"] for line in lines}) == len(ALL)


def test_people_see_four_rounds_and_the_commands(text: Ended) -> None:
    """The commands of the operator are shown as they are typed, with everything that they print."""
    assert text.code == 0, text.err
    assert [line[0] for line in text.out.splitlines() if line[1:3] == ". "] == ["1", "2", "3", "4"]
    assert "$ express-sync failures list\n" in text.out
    assert "$ express-sync replay --code RoleNotExist --force --yes --wait --timeout " in text.out
    assert text.out.count("  failed  ") == len(LASTING)
    assert text.out.count("What to do: Authorize Cloud Storage Gateway once in its console") == 1
    assert "\x1b" not in text.out + text.err


def test_deferrals_are_counted_in_the_table(text: Ended) -> None:
    """The second round shows how often each request was deferred, and its group."""
    rows = [line.split() for line in text.out.splitlines() if line.startswith(tuple(PASSING))]
    after = rows[len(PASSING) :]
    assert [row[0] for row in after] == PASSING
    assert {row[3] for row in after} <= {"once", "twice", "3", "4"}
    assert all(row[2] == "succeeded" for row in after)


def test_outage_ends_with_facts_and_counts(text: Ended) -> None:
    """The commands of the operator print their own counts before."""
    assert "8 failures: 8 RoleNotExist." in text.err
    assert "8 sent: 8 succeeded." in text.err
    *_, submissions, events, groups, failures, last = text.err.splitlines()
    assert submissions == "✓ 24 submissions (8 replays among them), 24 final verdicts: one each"
    assert events.startswith("✓ ")
    assert groups == "✓ 16 groups at the API, 16 named by outcomes, no duplicates"
    assert failures == "✓ 0 messages in the failure queue, 0 failed requests"
    assert last.startswith(f"{len(ALL)} requests, {len(ALL)} verdicts as expected, {len(ALL)} groups, nothing lost, ")


def test_outage_that_runs_out_of_time_ends_with_3(shell: Shell) -> None:
    """The time is too short for a deferred request to be retried; each request's difference is printed."""
    ended = shell.run("demo", "--outage", "--timeout", "2", "--json")
    assert ended.code == 3
    assert "The time ran out in the round '1. The role cannot be assumed'." in ended.err
    assert "DRILL-201 (RoleNotExist): was never sent." in ended.err
    assert f"{len(ALL)} requests, 0 verdicts as expected, 0 groups, " in ended.err
    assert [line["asExpected"] for line in ended.lines()] == [False] * len(ALL)
    assert not any("succeeded" in line["statuses"] for line in ended.lines())


@pytest.mark.parametrize(
    ("options", "named"),
    [(("--scenario", "events/demo.json"), "--scenario"), (("--timeout", "0"), "--timeout")],
    ids=["a scenario", "no time"],
)
def test_contradictory_options_are_one_sentence(options: tuple[str, ...], named: str, shell: Shell) -> None:
    """The command ends before anything is started."""
    assert named in shell.run("demo", "--outage", *options).only_a_sentence()


def _of(lines: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["outage"] == code]
