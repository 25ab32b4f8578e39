"""Outcomes are read, attributed to submissions, and displayed safely."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from express_sync.ops.outcomes.display import OutcomePrinter
from express_sync.ops.outcomes.following import OutcomeFilter, Watch
from express_sync.ops.outcomes.moments import moment
from express_sync.ops.outcomes.reader import MAX_POLL_SECONDS, Outcome, arrivals, read
from express_sync.ops.outcomes.waiting import Pending, final_outcomes
from express_sync.ops.terminal.printable import printable
from tests.support.checkout import OUTCOMES


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
def test_every_sample_outcome_is_displayed_on_one_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line contains the status, and the group or the reason."""
    found = read(path.read_text())
    assert found is not None
    OutcomePrinter(as_json=False).outcome(found)
    (line,) = capsys.readouterr().out.splitlines()
    assert found.status in line
    assert line.endswith(found.result())


@given(st.text(max_size=30) | st.recursive(st.none(), st.lists, max_leaves=3).map(json.dumps))
def test_body_without_outcome_is_read_as_none(body: str) -> None:
    """Other messages in the result queue are not errors."""
    assert read(body) is None


@pytest.mark.parametrize("digits", range(1, 10))
def test_outcome_written_by_another_library_is_read(digits: int) -> None:
    """It may have nulls for absent members, another precision of time, a byte order mark, and be in base64."""
    event = json.loads((OUTCOMES / "failed.json").read_bytes())
    event["time"] = f"2026-11-23T08:00:01.{'123456789'[:digits]}Z"
    text = "\ufeff" + json.dumps({"data_base64": None, "dataschema": None, "correlationid": None, **event})
    wrapped = base64.encodebytes(text.encode()).decode()
    assert [found and dict(found.event) for found in (read(text), read(wrapped))] == [event, event]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T08:00:01Z", "2026-11-23T08:00:01+00:00"),
        ("2026-11-23T08:00:01.2Z", "2026-11-23T08:00:01.200000+00:00"),
        ("2026-11-23T08:00:01.25Z", "2026-11-23T08:00:01.250000+00:00"),
        ("2026-11-23t08:00:01.1234567z", "2026-11-23T08:00:01.123456+00:00"),
        ("2026-11-23 08:00:01.123456789Z", "2026-11-23T08:00:01.123456+00:00"),
        ("2026-11-23T16:00:01.000+08:00", "2026-11-23T08:00:01+00:00"),
        ("2026-11-23T08:00:01", "2026-11-23T08:00:01+00:00"),
        ("2026-11-23T08:00:01.1234567890Z", "2026-11-23T08:00:01.123456+00:00"),
        ("2026-11-23T08:00:61Z", None),
        ("2026-13-23T08:00:01Z", None),
        ("2026-11-23T08:00:01Z\n", None),
        ("2026-11-23", None),
        ("20261123T080001Z", None),
        ("٢026-11-23T08:00:01Z", None),
        ("", None),
        (17, None),
        (None, None),
    ],
)
def test_time_is_read_alike_on_every_python(text: object, expected: str | None) -> None:
    """The standard library of 3.10 reads three or six fraction digits only, and later ones many other forms."""
    found = moment(text)
    assert (found and found.isoformat()) == expected


def test_deeply_nested_body_is_read_as_none() -> None:
    """The recursion limit of the parser does not end the command."""
    assert read("[" * 200_000) is None


def test_only_own_outcomes_are_taken_from_the_queue() -> None:
    """Outcomes of other submissions stay for their readers."""
    mailbox = FakeMailbox([outcome("succeeded", "theirs"), outcome("failed", "m-1")], [], [outcome("rejected", "m-2")])
    found = [
        (each.submission_id, each.status) for each in final_outcomes(mailbox, Pending(["m-1", "m-2"]), lambda: 1.0)
    ]
    assert found == [("m-1", "failed"), ("m-2", "rejected")]
    assert mailbox.deleted == ["handle of m-1", "handle of m-2"]


def test_deferred_submission_is_settled_by_its_final_outcome() -> None:
    """The final outcome arrives in another message and still names the submission that was sent."""
    last = outcome("succeeded", "m-9", "R-7", submission_id="m-1")
    mailbox = FakeMailbox([outcome("deferred", "m-1", "R-7")], [last])
    assert list(final_outcomes(mailbox, Pending(["m-1"]), lambda: 1.0)) == [last]


def test_outcome_of_another_submission_settles_nothing() -> None:
    """A request that is submitted again waits for its own outcome."""
    others = [outcome("succeeded", "before", "R-7"), outcome("failed", "m-8", "R-7", submission_id="before")]
    mailbox = FakeMailbox([outcome("deferred", "m-1", "R-7")], others, [outcome("succeeded", "m-1", "R-7")])
    list(final_outcomes(mailbox, Pending(["m-1"]), lambda: 1.0))
    assert mailbox.deleted == ["handle of m-1"]


def test_outcome_without_submission_counts_for_its_message() -> None:
    """The first version of the function published the message id only."""
    event = outcome("succeeded", "m-1").event
    data = {name: value for name, value in event["data"].items() if name != "submissionId"}
    assert Pending(["m-1"]).settle(Outcome({**event, "data": data}))


def test_outcome_settles_one_submission_only() -> None:
    """A repeated delivery of the same outcome does not settle another submission."""
    pending = Pending(["m-1", "m-2"])
    assert pending.settle(outcome("succeeded", "m-1"))
    assert not pending.settle(outcome("succeeded", "m-1"))
    assert len(pending) == 1


def test_polls_last_whole_seconds_and_end_in_time() -> None:
    """Each poll waits at least one second and at most the maximum."""
    mailbox = FakeMailbox()
    left = iter([60.0, 3.2, 0.3, 0.0])
    assert list(arrivals(mailbox, lambda: next(left))) == [(), (), ()]
    assert mailbox.waits == [MAX_POLL_SECONDS, 4, 1]


@given(st.text())
def test_printable_text_contains_no_control_characters(text: str) -> None:
    """Escape sequences and line breaks in foreign data do not reach the terminal."""
    safe = printable(text)
    assert safe.isprintable()
    assert len(safe) == len(text)


def test_escape_sequence_in_a_request_id_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    """The contract allows C1 control characters in a requestId."""
    OutcomePrinter(as_json=False).outcome(outcome("failed", "m-1", "R\x9b31m"))
    assert "\x9b" not in capsys.readouterr().out


def test_repetition_is_shown_if_its_time_is_newer() -> None:
    """A copy with the same time, or an older one, is not."""
    shown: list[tuple[str, bool]] = []

    def display(outcome: Outcome, *, is_repeated: bool = False) -> None:
        shown.append((outcome.event["time"], is_repeated))

    watching = Watch(display, OutcomeFilter(), None)
    first = outcome("failed", "m-1")
    for time in ("08:00:00Z", "08:00:00.0Z", "08:00:02.1234567Z", "08:00:01Z"):
        watching.show(Outcome({**first.event, "time": time_at(time)}))
    assert shown == [(time_at("08:00:00Z"), False), (time_at("08:00:02.1234567Z"), True)]
    assert watching.shown == 1


def time_at(clock: str) -> str:
    return f"2026-11-23T{clock}"


@pytest.mark.parametrize("fraction", ["", ".1", ".12", ".123", ".1234567", ".123456789", ".1234567890123"])
@pytest.mark.parametrize("zone", ["Z", "z", "+00:00", "+08:00", ""])
def test_time_is_read_with_any_fraction_and_zone(fraction: str, zone: str) -> None:
    """The same on every Python."""
    found = moment(f"2026-11-23T08:00:00{fraction}{zone}")
    assert found is not None
    assert found.microsecond == int(fraction[1:7].ljust(6, "0"))
    assert found.hour == (0 if zone == "+08:00" else 8)
