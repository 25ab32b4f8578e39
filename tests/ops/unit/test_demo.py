"""Scenarios, histories, tables and reports of the demo."""

import io
import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from express_sync.ops.demo import scenario
from express_sync.ops.demo.history import History
from express_sync.ops.demo.report import Report, conclude
from express_sync.ops.demo.scenario import Sample
from express_sync.ops.demo.table import table
from express_sync.ops.outcomes.reader import Outcome
from express_sync.ops.terminal.errors import CliError
from handler.inbound.validation import violations
from handler.provisioning.error_table import Effect
from handler.provisioning.errors import error_info
from tests.support.checkout import EVENTS

PASSING = {
    "status": "succeeded",
    "history": "(deferred )+succeeded",
    "errorBefore": "AssumeRoleFail",
    "replayed": False,
}
LASTING = {"status": "succeeded", "history": "failed succeeded", "errorBefore": "RoleNotExist", "replayed": True}


def outcome(status: str, number: int = 1, code: str = "", **data: Any) -> Outcome:
    """Return an outcome with this status, published in second `number` of a minute."""
    event = json.loads((EVENTS / "outcomes" / f"{status}.json").read_bytes())
    second = f"2026-11-23T08:00:{number:02d}.000Z"
    timings = {**event["data"]["timings"], "startedAt": second, "finishedAt": second}
    error = {"error": {**event["data"]["error"], "code": code}} if code else {}
    event["data"] = {**event["data"], **error, "timings": timings, "submissionId": "m-1", **data}
    return Outcome({**event, "id": f"{number:032x}", "time": second})


DEFERRED = outcome("deferred", 1, "AssumeRoleFail")
DEFERRED_AGAIN = outcome("deferred", 4, "AssumeRoleFail")
SUCCEEDED = outcome("succeeded", 9)
FAILED = outcome("failed", 1, "RoleNotExist")
REPLAYED = outcome("succeeded", 9, replayId="rp-1", submissionId="rp-1")


def history(expected: dict[str, Any], *outcomes: Outcome, **fields: Any) -> History:
    """Return the history of a request that was sent as m-1, with these outcomes."""
    made = History(Sample("R-1", "an example", "{}", "team", (), expected), submission_id="m-1", **fields)
    for each in outcomes:
        made.add(each)
    return made


def write_scenario(tmp_path: Path, **changes: Any) -> Path:
    """Write a scenario with one sample and return its path."""
    sample: dict[str, Any] = {"sample": "r.json", "shows": "it", "expect": {"status": "succeeded"}, **changes}
    (tmp_path / "r.json").write_text('{"requestId": "R-1", "name": "team"}')
    (tmp_path / "garbage.txt").write_text("garbage")
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"rounds": [{"title": "all", "requests": [sample]}]}))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expect": {}}, r"\$\.rounds\[0\]\.requests\[0\]\.expect\.status is missing"),
        ({"expects": {}}, r"\$\.rounds\[0\]\.requests\[0\] has an unknown key; known keys are sample, shows"),
        ({"expect": []}, r"\.expect must be an object"),
        ({"expect": {"status": "failed", "replayed": "yes"}}, r"\.replayed must be true or false"),
        ({"expect": {"status": "failed", "history": "("}}, r"The history expected of r\.json is not a regular expr"),
        ({"envelope": "gzip"}, r"\.envelope must be one of plain, base64"),
        ({"shows": ""}, r"\.shows must not be empty"),
        ({"expect": {"status": "failed", "attempts": -1}}, r"\.attempts must be at least 0"),
        ({"sample": "missing.json"}, r"missing\.json cannot be read"),
        ({"sample": "garbage.txt", "faults": ["InternalError"]}, "does not name a group"),
    ],
)
def test_invalid_scenario_is_reported_by_its_place(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    """The message names the path in the document, or the sample."""
    with pytest.raises(CliError, match=message):
        scenario.read(write_scenario(tmp_path, **changes))


@pytest.mark.parametrize("text", ["{", "[" * 100_000], ids=["cut off", "deep"])
def test_scenario_that_is_not_json_is_one_sentence(text: str, tmp_path: Path) -> None:
    """Any content of the file is handled."""
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(CliError, match="is not JSON; correct it"):
        scenario.read(tmp_path / "s.json")


def test_each_line_of_a_json_lines_sample_is_a_request(tmp_path: Path) -> None:
    """What such a request shows is, by default, the name of its group."""
    lines = [json.dumps({"requestId": f"R-{number}", "name": f"team-{number}"}) for number in range(2)]
    (tmp_path / "r.jsonl").write_text("\n".join(lines))
    entry = {"sample": "r.jsonl", "expect": {"status": "succeeded"}}
    (tmp_path / "s.json").write_text(json.dumps({"rounds": [{"title": "all", "requests": [entry]}]}))
    (part,) = scenario.read(tmp_path / "s.json").rounds
    assert [(each.name, each.shows, each.body) for each in part.samples] == [
        ("R-0", "team-0", lines[0]),
        ("R-1", "team-1", lines[1]),
    ]


def test_outage_has_one_retryable_and_one_terminal_error() -> None:
    """Its requests are valid and have different ids and names; every sample that waits is told why."""
    rounds = scenario.read(EVENTS / "outage.json").rounds
    passing, lasting = (each for each in rounds if each.samples)
    assert error_info(passing.outage, None).effect is Effect.NOT_EXECUTED
    assert error_info(lasting.outage, None).effect is Effect.TERMINAL
    requests = [json.loads(each.body) for part in rounds for each in part.samples]
    assert [violation for request in requests for violation in violations(request)] == []
    assert len({each["requestId"] for each in requests}) == len({each["name"] for each in requests}) == 16
    assert passing.samples[0].expected == PASSING
    assert lasting.samples[0].expected == LASTING


@pytest.mark.parametrize(
    ("expected", "outcomes"),
    [
        (PASSING, (DEFERRED, SUCCEEDED)),
        (PASSING, (DEFERRED, DEFERRED_AGAIN, SUCCEEDED)),
        (PASSING, (SUCCEEDED, DEFERRED, DEFERRED)),
        (LASTING, (FAILED, REPLAYED)),
        ({"status": "failed", "error": "RoleNotExist", "attempts": 1}, (FAILED,)),
    ],
    ids=["deferred once", "deferred twice", "out of order and repeated", "replayed", "failed"],
)
def test_expected_history_has_no_differences(expected: dict[str, Any], outcomes: tuple[Outcome, ...]) -> None:
    """Queues may deliver out of order and twice; the time and the id of the events decide."""
    assert history(expected, *outcomes).differences() == []


@pytest.mark.parametrize(
    ("expected", "outcomes", "differences"),
    [
        (PASSING, (), ["no outcome came in time"]),
        (PASSING, (SUCCEEDED,), ["history is succeeded, expected (deferred )+succeeded", "errorBefore is , exp"]),
        (
            PASSING,
            (DEFERRED,),
            ["status is deferred, exp", "history is deferred, exp", "errorBefore is "],
        ),
        (PASSING, (DEFERRED, REPLAYED), ["replayed is True, expected False"]),
        (PASSING, (outcome("deferred", 1, "InternalError"), SUCCEEDED), ["errorBefore is InternalError, expected As"]),
        (LASTING, (FAILED, SUCCEEDED), ["replayed is False, expected True"]),
        (LASTING, (FAILED, outcome("failed", 2, "RoleNotExist"), REPLAYED), ["history is failed failed succeeded"]),
        ({"status": "succeeded"}, (FAILED,), ["status is failed, expected succeeded"]),
        ({"status": "failed", "error": "NoPermission"}, (FAILED,), ["error is RoleNotExist, expected NoPermission"]),
        ({"status": "failed", "disposition": "created"}, (FAILED,), ["disposition is None, expected created"]),
        ({"status": "failed", "attempts": 2}, (FAILED,), ["attempts is 1, expected 2"]),
    ],
)
def test_each_difference_from_an_expectation_is_named(
    expected: dict[str, Any], outcomes: tuple[Outcome, ...], differences: list[str]
) -> None:
    """One phrase for each key, and no other."""
    found = history(expected, *outcomes).differences()
    assert len(found) == len(differences)
    assert all(phrase.startswith(start) for phrase, start in zip(found, differences, strict=True)), found


def test_request_that_was_not_sent_is_reported_as_such() -> None:
    """It is not reported as late."""
    assert replace(history(PASSING), submission_id="").differences() == ["was never sent"]


def test_success_without_a_group_is_a_difference() -> None:
    """The groups are read from the API, not from the outcomes."""
    made = history(PASSING, DEFERRED, SUCCEEDED, has_group=False)
    assert made.differences() == ["succeeded, but the group does not exist"]
    assert made.document()["asExpected"] is False


def test_history_as_json_has_every_fact() -> None:
    """Time is measured from the first attempt to the last outcome, attempts are those of all outcomes."""
    assert history(PASSING, DEFERRED, DEFERRED_AGAIN, SUCCEEDED, outage="AssumeRoleFail").document() == {
        "request": "R-1",
        "shows": "an example",
        "outage": "AssumeRoleFail",
        "statuses": ["deferred", "deferred", "succeeded"],
        "status": "succeeded",
        "disposition": SUCCEEDED.data["disposition"],
        "expressSyncId": SUCCEEDED.data["expressSyncId"],
        "attempts": sum(each.data["attempts"] for each in (DEFERRED, DEFERRED_AGAIN, SUCCEEDED)),
        "elapsedMs": 8000,
        "deferrals": 2,
        "asExpected": True,
        "surprises": [],
    }
    assert history(LASTING, FAILED, REPLAYED).document()["replayId"] == "rp-1"


def test_only_a_deferred_request_has_a_next_attempt() -> None:
    """The seconds until then come from the outcome's nextAttemptAt."""
    deferred = history(PASSING, outcome("deferred", nextAttemptAt="2026-11-23T08:00:04.000Z"))
    assert deferred.seconds_to_next(datetime(2026, 11, 23, 8, 0, 1, tzinfo=timezone.utc)) == 3
    assert history(PASSING, SUCCEEDED).seconds_to_next(datetime.now(timezone.utc)) is None


def rendered(width: int, *histories: History) -> list[str]:
    """Return the lines of the table on a terminal of this width."""
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=True)
    console.print(table(histories, console))
    return [line.rstrip() for line in console.export_text().rstrip().splitlines()]


def test_unexpected_outcome_is_marked_in_the_table() -> None:
    """The mark follows the status."""
    assert "failed ✗ unexpected" in rendered(200, history({"status": "succeeded"}, FAILED))[-1]


def test_missing_outcome_is_reported_in_the_table() -> None:
    """The spinner is replaced once the demo no longer waits."""
    assert "none in time" in rendered(200, history(PASSING, is_over=True))[-1]


@pytest.mark.parametrize("width", [80, 94, 95, 140])
def test_table_fits_the_terminal_without_cutting_cells(width: int) -> None:
    """Where there is too little room, the column of requestIds is left out."""
    group = "sync-000kx2rw54o92u3pff3b"
    timings = {**SUCCEEDED.data["timings"], "elapsedMs": 439}
    made = history({"status": "succeeded"}, outcome("succeeded", attempts=1, expressSyncId=group, timings=timings))
    made.sample = replace(made.sample, name="REQ-2026-001001", shows="a CloudEvent with a trace")
    lines = rendered(width, made)
    assert max(map(len, lines)) <= width
    name = ["REQ-2026-001001"] if width >= 95 else []
    assert lines[-1].split() == [*name, *made.sample.shows.split(), "succeeded", group, "1", "439", "ms"]


def test_table_counts_deferrals_only_where_there_are_any() -> None:
    """A deferred request has the time of its next attempt."""
    soon = outcome("deferred", nextAttemptAt="2001-01-01T00:00:00.000Z")
    assert "Deferred" not in rendered(200, history(PASSING, SUCCEEDED))[1]
    *_, line = rendered(200, history(PASSING, soon))
    assert line.split()[3:5] == ["deferred", "once"]
    assert line.endswith("now")


def report(*outcomes: Outcome, groups: dict[str, str] | None = None, failures: int = 0) -> Report:
    """Return the report on one request with these outcomes."""
    exist = {str(SUCCEEDED.data["expressSyncId"]): "team"} if groups is None else groups
    return Report([history(LASTING, *outcomes)], outcomes, exist, failures, 1.0, is_complete=True)


GROUP = str(SUCCEEDED.data["expressSyncId"])
OTHER = outcome("succeeded", 10, replayId="rp-1", submissionId="rp-1")
CHANGED = Outcome({**REPLAYED.event, "subject": "changed"})


def test_report_states_what_was_checked() -> None:
    """A repeated delivery of an event is counted and is not a fault."""
    made = report(FAILED, REPLAYED, REPLAYED)
    assert [(fact.statement, fact.is_good) for fact in made.facts()] == [
        ("2 submissions (1 replay among them), 2 final verdicts: one each", True),
        ("3 outcome events, 2 different ids, 1 event delivered again", True),
        ("1 group at the API, 1 named by outcomes, no duplicates", True),
        ("0 messages in the failure queue, 0 failed requests", True),
    ]
    assert made.summary().statement == "1 request, 1 verdict as expected, 1 group, nothing lost, 1.0 s."


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        (report(FAILED, REPLAYED, OTHER), 0),
        (report(FAILED), 3),
        (report(FAILED, REPLAYED, CHANGED), 1),
        (report(FAILED, REPLAYED, groups={}), 2),
        (report(FAILED, REPLAYED, groups={GROUP: "team", "sync-other": "team"}), 2),
        (report(FAILED, REPLAYED, failures=2), 3),
    ],
    ids=["two verdicts", "lost failure", "two contents of one id", "group missing", "group twice", "failures left"],
)
def test_fact_that_does_not_hold_ends_the_demo_with_1(
    made: Report, wrong: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fact is marked, whatever the verdicts are."""
    with pytest.raises(click.exceptions.Exit) as ended:
        conclude(made)
    assert ended.value.exit_code == 1
    marks = [line[0] for line in capsys.readouterr().err.splitlines() if line[0] in "✓✗"]
    assert [place for place, mark in enumerate(marks) if mark == "✗"] == [wrong]
