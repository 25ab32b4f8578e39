"""`demo`: every sample through a cloud of its own, and an exit code that can be believed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ops.cli.cli_support import PATIENT, ROOT, Shell

EVENTS = ROOT / "events"
SCENARIO = json.loads((EVENTS / "demo.json").read_bytes())
ACTS = [act for part in SCENARIO["rounds"] for act in part["requests"]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {})


def write_scenario(directory: Path, *acts: dict[str, Any]) -> str:
    (directory / "requests").symlink_to(EVENTS / "requests")
    path = directory / "scenario.json"
    path.write_text(json.dumps({"rounds": [{"title": "one", "requests": acts}]}))
    return str(path)


def test_every_sample_gets_the_verdict_that_is_expected(shell: Shell) -> None:
    """The demo as it is shipped ends well, with a row of the table for each request."""
    ended = shell.run("demo", *PATIENT)
    assert ended.code == 0, ended.err
    heading, *rows = ended.out.splitlines()
    assert heading.split() == ["Request", "Shows", "Verdict", "Group", "or", "error", "Attempts", "Time"]
    assert [row.split()[0] for row in rows] == [_name(act) for act in ACTS]
    assert f"{len(ACTS)} requests, {len(ACTS)} verdicts as expected, " in ended.err


def test_scripts_get_a_line_for_each_request(shell: Shell) -> None:
    """Status, group or error, attempts and time are all there, and so is the judgement."""
    ended = shell.run("demo", "--json", *PATIENT)
    assert ended.code == 0, ended.err
    lines = ended.lines()
    assert [line["request"] for line in lines] == [_name(act) for act in ACTS]
    assert all(line["asExpected"] and line["surprises"] == [] for line in lines)
    for act, line in zip(ACTS, lines, strict=True):
        assert {key: line[key] for key in act["expect"]} == act["expect"]
    created = [line["expressSyncId"] for line in lines if line.get("disposition") == "created"]
    assert len(created) == len(set(created))


def test_a_verdict_that_is_not_expected_ends_it_with_1(shell: Shell) -> None:
    """The row is marked and the difference said; no good verdict makes up for it."""
    good = {"sample": "requests/minimal.json", "shows": "fine", "expect": {"status": "succeeded"}}
    bad = {"sample": "requests/full.json", "shows": "not fine", "expect": {"status": "failed"}}
    ended = shell.run("demo", *PATIENT, "--scenario", write_scenario(shell.directory, good, bad))
    assert ended.code == 1
    assert ended.out.count("✗ unexpected") == 1
    assert "REQ-2026-001002 (not fine): status is succeeded, expected failed." in ended.err
    assert "2 requests, 1 verdict as expected, " in ended.err


def test_an_outcome_that_does_not_come_ends_it_with_3(shell: Shell) -> None:
    """Silence is not success."""
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
def test_a_fault_that_is_none_is_one_sentence(fault: str, part: str, shell: Shell) -> None:
    """The emulator's own sentence is passed on."""
    act = {"sample": "requests/minimal.json", "shows": "x", "faults": [fault], "expect": {"status": "succeeded"}}
    said = shell.run("demo", "--json", "--scenario", write_scenario(shell.directory, act)).only_a_sentence()
    assert part in said


def test_a_scenario_that_is_not_there_is_one_sentence(shell: Shell) -> None:
    """Before anything is started."""
    assert "missing.json" in shell.run("demo", "--scenario", "missing.json").only_a_sentence()


def _name(act: dict[str, Any]) -> str:
    path = EVENTS / str(act["sample"])
    if path.suffix != ".json":
        return path.name
    document = json.loads(path.read_bytes())
    return str(document.get("data", document)["requestId"])
