"""Outcomes are read, attributed to the messages that were sent, shown safely, and held against a scenario."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from express_sync.ops.demo import scenario, table
from express_sync.ops.outcomes.pending import Pending, settle
from express_sync.ops.outcomes.reader import LONGEST_POLL_SECONDS, Outcome, arrivals, read
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError

OUTCOMES = Path(__file__).parents[3] / "events" / "outcomes"


def outcome(status: str, message_id: str, subject: str = "R-1", submission_id: str = "") -> Outcome:
    event = json.loads((OUTCOMES / f"{status}.json").read_bytes())
    data = {**event["data"], "messageId": message_id, "submissionId": submission_id or message_id}
    return Outcome({**event, "subject": subject, "data": data})


@dataclass(frozen=True)
class FakeMessage:
    body: str
    message_id: str = "carrier"

    @property
    def receipt_handle(self) -> str:
        return f"handle of {json.loads(self.body)['data']['messageId']}"


class FakeMailbox:
    """Hands out prepared polls, and remembers what was deleted."""

    def __init__(self, *polls: Sequence[Outcome]) -> None:
        self._polls = list(polls)
        self.waits: list[int] = []
        self.deleted: list[str] = []

    def receive(self, wait_seconds: int) -> Sequence[FakeMessage]:
        self.waits.append(wait_seconds)
        poll = self._polls.pop(0) if self._polls else ()
        return [FakeMessage(json.dumps(each.event)) for each in poll]

    def delete(self, receipt_handles: Sequence[str]) -> None:
        self.deleted.extend(receipt_handles)


@pytest.mark.parametrize("path", sorted(OUTCOMES.glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_outcome_is_read_and_shown_on_one_line(path: Path) -> None:
    """Each status has its row, with the group or the reason in it."""
    found = read(path.read_text())
    assert found is not None
    row = output.outcome_row(found).plain
    assert found.status in row
    assert found.result() in row
    assert "\n" not in row


@given(st.text(max_size=30) | st.recursive(st.none(), st.lists, max_leaves=3).map(json.dumps))
def test_what_is_no_outcome_is_none(body: str) -> None:
    """Strangers' messages in the result queue break nothing."""
    assert read(body) is None


def test_nesting_without_end_is_no_outcome() -> None:
    """The parser's own limit is not the command's end."""
    assert read("[" * 200_000) is None


def test_own_outcomes_settle_and_leave_the_queue_and_no_others_do() -> None:
    """Somebody else's verdict stays for its reader."""
    mailbox = FakeMailbox([outcome("succeeded", "theirs"), outcome("failed", "m-1")], [], [outcome("rejected", "m-2")])
    found = [(each.submission_id, each.status) for each in settle(mailbox, Pending(["m-1", "m-2"]), lambda: 1.0)]
    assert found == [("m-1", "failed"), ("m-2", "rejected")]
    assert mailbox.deleted == ["handle of m-1", "handle of m-2"]


def test_deferred_submission_is_settled_by_its_final_outcome() -> None:
    """The final verdict comes in another message, and still names the submission that was sent."""
    last = outcome("succeeded", "m-9", "R-7", submission_id="m-1")
    mailbox = FakeMailbox([outcome("deferred", "m-1", "R-7")], [last])
    assert list(settle(mailbox, Pending(["m-1"]), lambda: 1.0)) == [last]


def test_outcome_of_another_submission_settles_nothing() -> None:
    """A request that is submitted again waits for its own verdict, before or after a deferral of the other one."""
    others = [outcome("succeeded", "before", "R-7"), outcome("failed", "m-8", "R-7", submission_id="before")]
    mailbox = FakeMailbox([outcome("deferred", "m-1", "R-7")], others, [outcome("succeeded", "m-1", "R-7")])
    list(settle(mailbox, Pending(["m-1"]), lambda: 1.0))
    assert mailbox.deleted == ["handle of m-1"]


def test_outcome_without_submission_counts_for_its_message() -> None:
    """Outcomes of a function of the first version name the message only."""
    event = outcome("succeeded", "m-1").event
    data = {name: value for name, value in event["data"].items() if name != "submissionId"}
    assert Pending(["m-1"]).take(Outcome({**event, "data": data}))


def test_one_verdict_settles_one_submission() -> None:
    """The same outcome announced twice does not stand for two submissions."""
    pending = Pending(["m-1", "m-2"])
    assert pending.take(outcome("succeeded", "m-1"))
    assert not pending.take(outcome("succeeded", "m-1"))
    assert len(pending) == 1


def test_polling_ends_when_time_is_up_and_waits_no_longer_than_useful() -> None:
    """Whole seconds, at least one, at most the longest poll."""
    mailbox = FakeMailbox()
    left = iter([60.0, 3.2, 0.3, 0.0])
    assert list(arrivals(mailbox, lambda: next(left))) == [(), (), ()]
    assert mailbox.waits == [LONGEST_POLL_SECONDS, 4, 1]


@given(st.text())
def test_nothing_printed_can_steer_a_terminal(text: str) -> None:
    """No control character, escape sequence or line break of a stranger reaches the terminal."""
    safe = output.printable(text)
    assert safe.isprintable()
    assert len(safe) == len(text)


def test_a_request_id_with_an_escape_sequence_is_shown_harmless() -> None:
    """C1 controls are within the contract, so the row has to defuse them."""
    row = output.outcome_row(outcome("failed", "m-1", "R\x9b31m"))
    assert "\x9b" not in row.plain


def write_scenario(tmp_path: Path, **changes: Any) -> Path:
    act: dict[str, Any] = {"sample": "r.json", "shows": "it", "expect": {"status": "succeeded"}, **changes}
    (tmp_path / "r.json").write_text('{"requestId": "R-1", "name": "team"}')
    (tmp_path / "garbage.txt").write_text("garbage")
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"rounds": [{"title": "all", "requests": [act]}]}))
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"expect": {}}, r"\$\.rounds\[0\]\.requests\[0\]\.expect\.status is missing"),
        ({"expects": {}}, r"\$\.rounds\[0\]\.requests\[0\] holds a key that is not known; known are sample, shows"),
        ({"expect": []}, r"\.expect must be an object"),
        ({"envelope": "gzip"}, r"\.envelope must be one of plain, base64"),
        ({"shows": ""}, r"\.shows must not be empty"),
        ({"expect": {"status": "failed", "attempts": -1}}, r"\.attempts must be at least 0"),
        ({"sample": "missing.json"}, r"missing\.json cannot be read"),
        ({"sample": "garbage.txt", "faults": ["InternalError"]}, "names no group"),
    ],
)
def test_a_wrong_scenario_is_a_sentence(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Each fault of a scenario says where it is."""
    with pytest.raises(CliError, match=said):
        scenario.read(write_scenario(tmp_path, **changes))


@pytest.mark.parametrize(
    ("expected", "surprises"),
    [
        ({"status": "failed", "error": "RoleNotExist", "attempts": 1}, []),
        ({"status": "succeeded"}, ["status is failed, expected succeeded"]),
        ({"status": "failed", "error": "NoPermission"}, ["error is RoleNotExist, expected NoPermission"]),
        ({"status": "failed", "disposition": "created"}, ["disposition is None, expected created"]),
        ({"status": "failed", "attempts": 2}, ["attempts is 1, expected 2"]),
    ],
)
def test_every_expectation_that_is_not_met_is_named(
    expected: dict[str, Any], surprises: list[str], tmp_path: Path
) -> None:
    """Each key of an expectation counts."""
    (part,) = scenario.read(write_scenario(tmp_path, expect=expected))
    assert part.acts[0].surprises(outcome("failed", "m-1")) == surprises


def test_a_verdict_that_never_came_is_a_surprise(tmp_path: Path) -> None:
    """Silence is not taken for agreement, on the board and in its document."""
    row = table.Board(scenario.read(write_scenario(tmp_path))).rounds[0][0]
    assert row.document() == {
        "request": "R-1",
        "shows": "it",
        "asExpected": False,
        "surprises": ["no outcome came in time"],
    }


def test_an_unexpected_verdict_is_marked_on_the_board(tmp_path: Path) -> None:
    """Whoever looks at the table sees which row is wrong."""
    one = table.Board(scenario.read(write_scenario(tmp_path)))
    rows = one.rounds[0]
    rows[0].outcome = outcome("failed", "m-1")
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(one.table(console))
    assert "failed ✗ unexpected" in console.export_text()


@pytest.mark.parametrize("width", [80, 100, 104, 105, 140])
def test_the_board_is_never_cut_off(width: int, tmp_path: Path) -> None:
    """Ids, counts and times are whole on one line each; where that is too much, what the acts show is left out."""
    one = table.Board(scenario.read(write_scenario(tmp_path, shows="what this act is for")))
    (row,) = one.rows
    row.act = replace(row.act, name="REQ-2026-001001")
    event = outcome("succeeded", "m-1").event
    took = {**event["data"]["timings"], "elapsedMs": 439}
    told = {"timings": took, "attempts": 1, "expressSyncId": "sync-000kx2rw54o92u3pff3b"}
    row.outcome = Outcome({**event, "data": {**event["data"], **told}})
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=True)
    console.print(one.table(console))
    *_, line = console.export_text().rstrip().splitlines()
    shown = ["what", "this", "act", "is", "for"] if width >= 105 else []
    assert line.split() == ["REQ-2026-001001", *shown, "succeeded", "sync-000kx2rw54o92u3pff3b", "1", "439", "ms"]


def test_a_board_that_waits_no_longer_says_what_never_came(tmp_path: Path) -> None:
    """The sign of waiting must not be the last word."""
    one = table.Board(scenario.read(write_scenario(tmp_path)))
    console = Console(width=200, record=True, file=io.StringIO())
    one.end()
    console.print(one.table(console))
    assert "none in time" in console.export_text()
