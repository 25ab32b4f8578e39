"""The drill's judgement: what a course may look like, and every way in which one can differ."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import pytest

from express_sync.ops.demo.outage.history import Course, courses, distribute
from express_sync.ops.demo.outage.plan import LASTING, PASSING, Outage
from express_sync.ops.demo.outage.run import conclude
from express_sync.ops.outcomes.reader import Outcome
from handler.inbound.validation import violations
from handler.provisioning.error_table import Effect
from handler.provisioning.errors import error_info

OUTCOMES = Path(__file__).resolve().parents[3] / "events" / "outcomes"


def told(status: str, number: int, code: str = "", **data: Any) -> Outcome:
    """The outcome of this status, told in second `number` of a minute."""
    event = json.loads((OUTCOMES / f"{status}.json").read_bytes())
    second = f"2026-11-23T08:00:{number:02d}.000Z"
    timings = {**event["data"]["timings"], "startedAt": second, "finishedAt": second}
    error = {"error": {**event["data"]["error"], "code": code}} if code else {}
    event["data"] = {**event["data"], **error, "timings": timings, **data}
    return Outcome({**event, "id": f"{number:032x}", "time": second})


DEFERRED = told("deferred", 1, "AssumeRoleFail")
DEFERRED_AGAIN = told("deferred", 4, "AssumeRoleFail")
SUCCEEDED = told("succeeded", 9)
FAILED = told("failed", 1, "RoleNotExist")
REPLAYED = told("succeeded", 9, replayId="rp-1")


def course(outage: Outage, *outcomes: Outcome, is_there: bool = True) -> Course:
    made = Course(outage.requests[0], outage, is_sent=True, is_there=is_there)
    for outcome in outcomes:
        made.take(outcome)
    return made


@pytest.mark.parametrize(
    ("outage", "outcomes"),
    [
        (PASSING, (DEFERRED, SUCCEEDED)),
        (PASSING, (DEFERRED, DEFERRED_AGAIN, SUCCEEDED)),
        (PASSING, (SUCCEEDED, DEFERRED, DEFERRED)),
        (LASTING, (FAILED, REPLAYED)),
    ],
    ids=["once", "twice", "out of order and repeated", "replayed"],
)
def test_a_course_as_it_should_be_surprises_nobody(outage: Outage, outcomes: tuple[Outcome, ...]) -> None:
    """Queues may hand out of order and twice; the time and the id of the events tell."""
    assert course(outage, *outcomes).surprises() == []


@pytest.mark.parametrize(
    ("outage", "outcomes", "phrase"),
    [
        (PASSING, (), "no outcome came in time"),
        (PASSING, (DEFERRED,), "was told deferred; expected deferred once or more, then succeeded"),
        (PASSING, (SUCCEEDED,), "was told succeeded; expected deferred once or more, then succeeded"),
        (PASSING, (DEFERRED, REPLAYED), "succeeded by a replay"),
        (PASSING, (told("deferred", 1, "InternalError"), SUCCEEDED), "met InternalError; expected AssumeRoleFail"),
        (LASTING, (FAILED,), "was told failed; expected failed, then succeeded"),
        (LASTING, (FAILED, SUCCEEDED), "succeeded without a replay"),
        (LASTING, (REPLAYED,), "was told succeeded; expected failed, then succeeded"),
    ],
)
def test_each_difference_is_a_phrase(outage: Outage, outcomes: tuple[Outcome, ...], phrase: str) -> None:
    """One difference, one phrase, and no other."""
    assert course(outage, *outcomes).surprises() == [phrase]


def test_a_request_that_was_never_sent_is_said_so() -> None:
    """It would be wrong to say that its outcome is late."""
    assert Course(PASSING.requests[0], PASSING).surprises() == ["was never sent"]


def test_a_verdict_is_not_believed_without_its_group() -> None:
    """The gateway is asked, not the function."""
    liar = course(PASSING, DEFERRED, SUCCEEDED, is_there=False)
    assert liar.surprises() == ["succeeded, but there is no such group"]
    assert liar.document()["asExpected"] is False


def test_what_is_left_in_the_failure_queue_spoils_the_drill(capsys: pytest.CaptureFixture[str]) -> None:
    """However well every request has ended."""
    with pytest.raises(click.exceptions.Exit) as ended:
        conclude([course(LASTING, FAILED, REPLAYED)], kept=2, seconds=1.0, is_late=False)
    assert ended.value.exit_code == 1
    said = capsys.readouterr().err.splitlines()
    assert said == ["2 messages left in the failure queue.", "1 request, 1 verdict as expected, 1 group, 1.0 s."]


def test_a_course_for_scripts_has_all_that_happened() -> None:
    """From the first work to the last verdict."""
    document = course(PASSING, DEFERRED, DEFERRED_AGAIN, SUCCEEDED).document()
    assert document == {
        "request": "DRILL-101",
        "outage": "AssumeRoleFail",
        "statuses": ["deferred", "deferred", "succeeded"],
        "status": "succeeded",
        "elapsedMs": 8000,
        "deferrals": 2,
        "expressSyncId": SUCCEEDED.data["expressSyncId"],
        "asExpected": True,
        "surprises": [],
    }


def test_only_a_deferred_request_has_a_next_try() -> None:
    """In seconds from now, as its outcome announces it."""
    deferred = course(PASSING, told("deferred", 1, nextAttemptAt="2026-11-23T08:00:04.000Z"))
    assert deferred.seconds_to_next(datetime(2026, 11, 23, 8, 0, 1, tzinfo=timezone.utc)) == 3
    assert course(PASSING, SUCCEEDED).seconds_to_next(datetime.now(timezone.utc)) is None


def test_outcomes_go_to_the_course_of_their_request() -> None:
    """Those of strangers go nowhere."""
    held = courses(PASSING)
    mine = Outcome({**DEFERRED.event, "subject": "DRILL-103"})
    distribute([mine, Outcome({**DEFERRED.event, "subject": "REQ-of-somebody-else"})], held)
    assert [each.deferrals for each in held] == [0, 0, 1, 0, 0, 0, 0, 0]


def test_the_plan_keeps_to_the_table_of_codes_and_to_the_contract() -> None:
    """One error passes and the other does not; every request is valid, and no two are the same."""
    assert error_info(PASSING.code, None).effect is Effect.NOT_EXECUTED
    assert error_info(LASTING.code, None).effect is Effect.TERMINAL
    requests = [*PASSING.requests, *LASTING.requests]
    assert [violation for request in requests for violation in violations(request)] == []
    assert len({request["requestId"] for request in requests}) == len({request["name"] for request in requests}) == 16
