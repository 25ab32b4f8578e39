"""A verdict as an event: by the contract, with an id that depends on the verdict alone, and never too large."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from handler import answers
from handler.codes import DOCUMENTED, GATEWAY, OWN
from handler.envelope import LONGEST_ID
from handler.lineage import LONGEST_ATTRIBUTE, MOST_GENERATIONS, Lineage, of_event, sent_again
from handler.model import (
    Deferred,
    Failed,
    Indeterminate,
    Refused,
    Rejected,
    Succeeded,
    Unanswered,
    Verdict,
    Violation,
)
from handler.outcome import Outcome, announce
from handler.validation import MOST_REPORTED, SCHEMAS, violations
from tests.unit.fakes import DOCUMENT, MOMENT, circumstances

CONTRACT = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
MOST_BYTES = 65536  # of an MNS message

CREATED = Succeeded("sync-1", "created")
MISSING_NAME = Rejected((Violation("$.name", "required", "is required"),))
REFUSED = answers.reason(Refused("RoleNotExist", 404, "API-1"))
SILENCE = answers.reason(Unanswered("ReadTimeout", sent=True))
PUT_OFF = Deferred(SILENCE, 90)
VERDICTS: list[Verdict] = [CREATED, MISSING_NAME, Failed(REFUSED), Indeterminate(SILENCE), PUT_OFF]
FINAL = VERDICTS[:-1]
REPLAY = Lineage(replay_id="rp-0123456789ab")
TRAVELLERS = ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")


def data_of(outcome: Outcome) -> dict[str, Any]:
    """The data of the event."""
    data: dict[str, Any] = outcome.event["data"]
    return data


def id_of(verdict: Verdict, **changes: Any) -> str:
    """The id of the event that announces a verdict."""
    event_id: str = announce(verdict, DOCUMENT, circumstances(**changes)).event["id"]
    return event_id


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_announced_by_the_contract(verdict: Verdict) -> None:
    """The published schema is kept, and status, type and tag say the same."""
    outcome = announce(verdict, DOCUMENT, circumstances(attempts=3, waited_seconds=1.5))
    CONTRACT.validate(outcome.event)
    status = type(verdict).__name__.lower()
    assert outcome.status == data_of(outcome)["status"] == status
    assert outcome.event["type"] == f"expresssync.provision.{status}.v1"


def test_a_success_names_the_group_and_how_it_came_about() -> None:
    """And nothing of an error, nor the request."""
    data = data_of(announce(Succeeded("sync-1", "existing"), DOCUMENT, circumstances()))
    assert (data["expressSyncId"], data["disposition"]) == ("sync-1", "existing")
    assert not {"error", "violations", "request"} & data.keys()


def test_a_rejection_lists_every_violation_but_not_the_request() -> None:
    """Path, rule and message of each; the document broke the contract and stays out."""
    found = (Violation("$.name", "required", "is required"), Violation("$.x", "additionalProperties", "is unknown"))
    data = data_of(announce(Rejected(found), DOCUMENT, circumstances()))
    assert data["violations"] == [
        {"path": "$.name", "rule": "required", "message": "is required"},
        {"path": "$.x", "rule": "additionalProperties", "message": "is unknown"},
    ]
    assert not {"error", "request", "expressSyncId"} & data.keys()


@pytest.mark.parametrize("verdict", [Failed(REFUSED), Indeterminate(REFUSED), Deferred(REFUSED, 60)])
def test_what_may_be_worked_again_carries_reason_and_the_complete_request(verdict: Verdict) -> None:
    """The error as far as it may be shown, and the request to the letter."""
    data = data_of(announce(verdict, DOCUMENT, circumstances()))
    assert data["error"] == {
        "code": "RoleNotExist",
        "message": "The role that Cloud Storage Gateway assumes does not exist.",
        "httpStatus": 404,
        "apiRequestId": "API-1",
        "retryable": False,
        "hint": "Authorize Cloud Storage Gateway once in its console (role AliyunServiceRoleForHCSSGW), then replay.",
    }
    assert data["request"] == DOCUMENT


def test_an_error_without_an_answer_has_neither_status_nor_api_id() -> None:
    """What is not known is left out, not null."""
    error = data_of(announce(Indeterminate(SILENCE), DOCUMENT, circumstances()))["error"]
    assert error.keys() == {"code", "message", "retryable", "hint"}
    assert error["retryable"] is True


def test_without_a_usable_request_id_the_message_is_the_subject() -> None:
    """The requestId is then null."""
    outcome = announce(MISSING_NAME, None, circumstances(request_id=None, message_id="M-9"))
    CONTRACT.validate(outcome.event)
    assert (outcome.event["subject"], data_of(outcome)["requestId"]) == ("M-9", None)
    assert announce(CREATED, DOCUMENT, circumstances(message_id="M-9")).event["subject"] == "REQ-1"


def test_the_event_says_when_and_after_what() -> None:
    """UTC to the millisecond; attempts, elapsed and waited times as they were."""
    later = MOMENT + timedelta(seconds=1, microseconds=240_400)
    about = circumstances(attempts=4, waited_seconds=0.9304, finished_at=later)
    outcome = announce(CREATED, DOCUMENT, about)
    assert outcome.event["time"] == "2026-11-23T08:00:01.240Z"
    assert data_of(outcome)["attempts"] == 4
    assert data_of(outcome)["timings"] == {
        "startedAt": "2026-11-23T08:00:00.000Z",
        "finishedAt": "2026-11-23T08:00:01.240Z",
        "elapsedMs": 1240,
        "waitedMs": 930,
    }


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    """The contract knows none."""
    outcome = announce(CREATED, DOCUMENT, circumstances(finished_at=MOMENT - timedelta(seconds=9)))
    CONTRACT.validate(outcome.event)
    assert data_of(outcome)["timings"]["elapsedMs"] == 0


def test_attributes_of_the_requests_event_travel_on() -> None:
    """At the top level of the event, where CloudEvents has its extensions."""
    attributes = {"correlationid": "order-4711", "traceparent": "00-0af7-b7ad-01", "requestsource": "/portal"}
    outcome = announce(CREATED, DOCUMENT, circumstances(lineage=Lineage(attributes)))
    CONTRACT.validate(outcome.event)
    assert attributes.items() <= outcome.event.items()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_same_verdict_has_the_same_id_whenever_and_however_often(verdict: Verdict) -> None:
    """Neither time nor effort, neither message nor function version make it another verdict."""
    again = {
        "message_id": "M-2",
        "attempts": 5,
        "waited_seconds": 9.0,
        "lineage": Lineage({"correlationid": "c"}),
        "started_at": MOMENT + timedelta(hours=1),
        "finished_at": MOMENT + timedelta(hours=2),
    }
    assert id_of(verdict) == id_of(verdict, **again)


def test_how_a_group_came_about_does_not_make_another_success() -> None:
    """A redelivery after a crash finds `existing` what its first run `created`: one verdict."""
    assert id_of(Succeeded("sync-1", "created")) == id_of(Succeeded("sync-1", "existing"))


def test_different_verdicts_have_different_ids() -> None:
    """Another group, code, set of broken rules, status or request is another event."""
    name_too_long = Violation("$.name", "maxLength", "must have at most 128 characters")
    name_missing = Violation("$.name", "required", "is required")
    prefix_too_long = Violation("$.bucketPrefix", "maxLength", "must have at most 1023 characters")
    different: list[Verdict] = [
        Succeeded("sync-1", "created"),
        Succeeded("sync-2", "created"),
        Failed(REFUSED),
        Failed(SILENCE),
        Indeterminate(REFUSED),
        Indeterminate(SILENCE),
        Rejected((name_missing,)),
        Rejected((name_too_long,)),
        Rejected((prefix_too_long,)),
        Rejected((prefix_too_long, name_too_long)),
        Deferred(REFUSED, 60),
        Deferred(SILENCE, 60),
    ]
    ids = [id_of(verdict) for verdict in different]
    ids += [id_of(CREATED, request_id="REQ-2"), id_of(CREATED, request_id=None, message_id="M-1")]
    assert [pair for pair in itertools.combinations(ids, 2) if pair[0] == pair[1]] == []


@pytest.mark.parametrize("verdict", FINAL)
def test_a_final_verdict_is_the_same_in_whichever_generation_it_is_reached(verdict: Verdict) -> None:
    """Two copies of a request may be under way after a crash: what they say alike is said once."""
    again = {"lineage": Lineage(generation=5)}
    assert id_of(verdict) == id_of(verdict, **again)
    assert data_of(announce(verdict, DOCUMENT, circumstances(**again)))["generation"] == 5


def test_each_generation_is_deferred_on_its_own_and_once() -> None:
    """However long the wait is: that is drawn anew each time."""
    generations = [id_of(PUT_OFF, lineage=Lineage(generation=number)) for number in range(3)]
    assert len(set(generations)) == 3
    assert id_of(Deferred(SILENCE, 30), lineage=Lineage(generation=1)) == generations[1]


@pytest.mark.parametrize("verdict", [verdict for verdict in VERDICTS if verdict is not CREATED])
def test_what_a_replay_is_told_is_new(verdict: Verdict) -> None:
    """Else whoever drops repetitions would wait for its answer for ever; each replay has its own."""
    other = Lineage(replay_id="rp-ba9876543210")
    assert len({id_of(verdict), id_of(verdict, lineage=REPLAY), id_of(verdict, lineage=other)}) == 3


def test_a_success_is_one_however_it_came_about() -> None:
    """A replay of what is there already has nothing new to say."""
    assert id_of(CREATED) == id_of(CREATED, lineage=REPLAY)


def test_a_replay_is_named_and_only_a_replay() -> None:
    """For whoever watches it."""
    outcome = announce(CREATED, DOCUMENT, circumstances(lineage=REPLAY))
    CONTRACT.validate(outcome.event)
    assert data_of(outcome)["replayId"] == "rp-0123456789ab"
    assert "replayId" not in data_of(announce(CREATED, DOCUMENT, circumstances()))


def test_a_deferral_says_when_the_request_is_tried_again() -> None:
    """Its delay after the end of this run; nothing else says so."""
    later = MOMENT + timedelta(seconds=9, milliseconds=120)
    about = circumstances(lineage=Lineage(generation=1), finished_at=later)
    data = data_of(announce(PUT_OFF, DOCUMENT, about))
    assert (data["nextAttemptAt"], data["generation"]) == ("2026-11-23T08:01:39.120Z", 1)
    assert [each for each in FINAL if "nextAttemptAt" in data_of(announce(each, DOCUMENT, about))] == []


@pytest.mark.parametrize("verdict", VERDICTS)
def test_no_outcome_is_taken_for_a_request_that_is_sent_again(verdict: Verdict) -> None:
    """Its type is another, so that nothing of a generation is read from it."""
    event = announce(verdict, DOCUMENT, circumstances(lineage=Lineage({}, 3, "rp-0123456789ab"))).event
    assert of_event(event).generation == 0


def test_the_text_is_one_line_of_ascii_json() -> None:
    """Neither XML's line ends nor a log's encoding can change it."""
    document = {**DOCUMENT, "description": '组\r\n\t\u2028\U0001f600 <&>"'}
    text = announce(Failed(REFUSED), document, circumstances()).text()
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["data"]["request"] == document


def largest(limit_characters: int, limit_bytes: int | None = None) -> st.SearchStrategy[str]:
    """Texts as long as allowed, of characters that grow most when escaped."""
    characters = st.sampled_from('\U0001f600中é"\\a')
    texts = st.lists(characters, min_size=1, max_size=3).map(lambda some: "".join(some) * limit_characters)
    cut = texts.map(lambda text: text[:limit_characters])
    return cut if limit_bytes is None else cut.map(lambda text: text.encode()[:limit_bytes].decode(errors="ignore"))


@given(
    request_id=largest(128),
    prefix=largest(1023, 1023),
    description=largest(255),
    requester=largest(128),
    attribute=largest(LONGEST_ATTRIBUTE),
    message_id=largest(LONGEST_ID),
    code=st.sampled_from([*DOCUMENTED, *GATEWAY, *OWN, "C" * 128]),
)
def test_the_largest_valid_request_fits_a_message_with_any_reason(
    request_id: str, prefix: str, description: str, requester: str, attribute: str, message_id: str, code: str
) -> None:
    """Every field at its limit, escaped as badly as can be, every attribute carried on: below 64 KiB."""
    document = {
        "requestId": request_id,
        "name": "n" * 128,
        "bucketName": "b" * 63,
        "bucketRegion": "cn-" + "r" * 61,
        "bucketPrefix": prefix,
        "description": description,
        "requester": requester,
    }
    assert [each for each in violations(document) if each.path != "$.bucketPrefix"] == []
    about = circumstances(
        request_id=request_id,
        message_id=message_id,
        lineage=Lineage(dict.fromkeys(TRAVELLERS, attribute), MOST_GENERATIONS, "\U0001f600" * 64),
    )
    reason = answers.reason(Refused(code, 599, "A" * 64))
    for verdict in (Failed(reason), Deferred(reason, 604_800)):
        outcome = announce(verdict, document, about)
        CONTRACT.validate(outcome.event)
        assert len(outcome.text().encode()) <= MOST_BYTES
    assert len(sent_again(document, about.lineage, "s" * 256, outcome.event["id"])) <= MOST_BYTES


def test_the_most_violations_fit_a_message() -> None:
    """However wrong the document is, with attributes that escape as badly as can be."""
    worst = "\U0001f600"
    document = {f"{'x' * 58}_{number:05}": number for number in range(MOST_REPORTED * 3)}
    found = violations({**document, "name": 1, "requestId": 2, "bucketPrefix": worst * 1024})
    assert len(found) == MOST_REPORTED + 1
    lineage = Lineage(dict.fromkeys(TRAVELLERS, worst * LONGEST_ATTRIBUTE), MOST_GENERATIONS, worst * 64)
    about = circumstances(request_id=None, message_id=worst * LONGEST_ID, lineage=lineage)
    outcome = announce(Rejected(found), None, about)
    CONTRACT.validate(outcome.event)
    assert len(outcome.text().encode()) <= MOST_BYTES
