"""`demo`: every sample through a local cloud of its own, and reliable exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import EVENTS
from tests.support.cli import PATIENT, Shell

SCENARIO = json.loads((EVENTS / "demo.json").read_bytes())
SAMPLES = [sample for part in SCENARIO["rounds"] for sample in part["requests"]]
HEADING = ["Request", "Shows", "Verdict", "Group", "or", "error", "Tries", "Time"]


def write_scenario(directory: Path, *samples: dict[str, Any], **part: Any) -> str:
    """Write a scenario with one round and return its path."""
    (directory / "requests").symlink_to(EVENTS / "requests")
    path = directory / "scenario.json"
    path.write_text(json.dumps({"rounds": [{"title": "one", "requests": samples, **part}]}))
    return str(path)


def test_demo_gets_every_expected_verdict(shell: Shell) -> None:
    """Each round has a title and a table with a row for each of its samples."""
    ended = shell.run("demo", *PATIENT)
    assert ended.code == 0, ended.err
    for part in SCENARIO["rounds"]:
        _, _, table = ended.out.partition(f"\n{part['title']}\n")
        heading, *rows = table.partition("\n\n")[0].splitlines()
        assert heading.split() == HEADING
        assert [row.split()[0] for row in rows] == [_name(sample) for sample in part["requests"]]
        assert all(sample["shows"] in row for sample, row in zip(part["requests"], rows, strict=True))
    assert f"{len(SAMPLES)} requests, {len(SAMPLES)} verdicts as expected, 8 groups, nothing lost, " in ended.err


def test_demo_ends_with_facts_and_counts(shell: Shell) -> None:
    """Groups and failures are counted at the services, event ids in the messages."""
    *facts, _ = shell.run("demo", *PATIENT).err.splitlines()
    assert facts[-4] == "✓ 13 submissions, 13 final verdicts: one each"
    assert facts[-3].startswith("✓ 13 outcome events, 13 different ids")
    assert facts[-2] == "✓ 8 groups at the API, 8 named by outcomes, no duplicates"
    assert facts[-1] == "✓ 2 messages in the failure queue, 2 failed requests"


def test_scripts_get_one_line_for_each_request(shell: Shell) -> None:
    """It has the status, the group or error, attempts, time, and whether all is as expected."""
    ended = shell.run("demo", "--json", *PATIENT)
    assert ended.code == 0, ended.err
    lines = ended.lines()
    assert [line["request"] for line in lines] == [_name(sample) for sample in SAMPLES]
    assert all(line["asExpected"] and line["surprises"] == [] for line in lines)
    for sample, line in zip(SAMPLES, lines, strict=True):
        assert {key: line[key] for key in sample["expect"]} == sample["expect"]
    created = [line["expressSyncId"] for line in lines if line.get("disposition") == "created"]
    assert len(created) == len(set(created))


def test_unexpected_verdict_ends_the_demo_with_1(shell: Shell) -> None:
    """The row is marked and the difference printed."""
    good = {"sample": "requests/minimal.json", "shows": "fine", "expect": {"status": "succeeded"}}
    bad = {"sample": "requests/full.json", "shows": "not fine", "expect": {"status": "failed"}}
    ended = shell.run("demo", *PATIENT, "--scenario", write_scenario(shell.directory, good, bad))
    assert ended.code == 1
    assert ended.out.count("✗ unexpected") == 1
    assert "REQ-2026-001002 (not fine): status is succeeded, expected failed." in ended.err
    assert "2 requests, 1 verdict as expected, " in ended.err


def test_missing_outcome_ends_the_demo_with_3(shell: Shell) -> None:
    """A missing outcome is not taken for a success."""
    slow = {
        "sample": "requests/minimal.json",
        "shows": "slow",
        "faults": ["slow:9000"],
        "expect": {"status": "succeeded"},
    }
    ended = shell.run("demo", "--timeout", "2", "--scenario", write_scenario(shell.directory, slow))
    assert ended.code == 3
    assert ended.out.splitlines()[-1].split() == ["REQ-2026-001001", "slow", "none", "in", "time"]
    assert "no outcome came in time" in ended.err


@pytest.mark.parametrize(
    ("fault", "part"), [("NoSuchFault", "NoSuchFault"), ("slow", "slow")], ids=["unknown", "without argument"]
)
def test_unknown_fault_is_one_sentence(fault: str, part: str, shell: Shell) -> None:
    """It contains the message of the admin API."""
    sample = {"sample": "requests/minimal.json", "shows": "x", "faults": [fault], "expect": {"status": "succeeded"}}
    said = shell.run("demo", "--json", "--scenario", write_scenario(shell.directory, sample)).only_a_sentence()
    assert part in said


def test_unknown_command_in_a_scenario_is_one_sentence(shell: Shell) -> None:
    """A scenario can run the commands for failures only."""
    sample = {"sample": "requests/minimal.json", "expect": {"status": "succeeded"}}
    scenario = write_scenario(shell.directory, sample, commands=[["destroy"]])
    said = shell.run("demo", "--json", *PATIENT, "--scenario", scenario).only_a_sentence()
    assert said == "'destroy' is not a command that a scenario can run; correct the scenario."


def test_missing_scenario_is_one_sentence(shell: Shell) -> None:
    """The command ends before anything is started."""
    assert "missing.json" in shell.run("demo", "--scenario", "missing.json").only_a_sentence()


def _name(sample: dict[str, Any]) -> str:
    path = EVENTS / str(sample["sample"])
    if path.suffix != ".json":
        return path.name
    document = json.loads(path.read_bytes())
    return str(document.get("data", document)["requestId"])
