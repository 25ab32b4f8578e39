"""A verdict as an event: valid by its contract, with an id that depends on the verdict alone, and never too large."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.request_event import (
    MAX_ATTRIBUTE_LENGTH,
    MAX_GENERATIONS,
    MAX_ID_LENGTH,
    Lineage,
    encode,
    of_event,
)
from handler.inbound.validation import MAX_REPORTED, violations
from handler.model import (
    MAX_MESSAGE_BYTES,
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
from handler.outcome import MAX_CALLS, Call, Outcome, outcome_of
from handler.provisioning import errors
from handler.provisioning.error_table import DOCUMENTED, GATEWAY, OWN
from tests.support.contract import OUTCOME_VALIDATOR
from tests.support.samples import DOCUMENT, MOMENT, TRAVELLERS, outcome_context

CREATED = Succeeded("sync-1", "created")
MISSING_NAME = Rejected((Violation("$.name", "required", "is required"),))
REFUSED = errors.reason_of(Refused("RoleNotExist", 404, "API-1"))
SILENCE = errors.reason_of(Unanswered("ReadTimeout", sent=True))
PUT_OFF = Deferred(SILENCE, 90)
VERDICTS: list[Verdict] = [CREATED, MISSING_NAME, Failed(REFUSED), Indeterminate(SILENCE), PUT_OFF]
FINAL = VERDICTS[:-1]
REPLAY = Lineage(replay_id="rp-0123456789ab", submission_id="rp-0123456789ab")
CALLS = tuple(Call("DescribeExpressSyncs", "C" * 128, MOMENT, 123.0, 123.0) for _ in range(MAX_CALLS))


def data_of(outcome: Outcome) -> dict[str, Any]:
    """Return the data of the event."""
    data: dict[str, Any] = outcome.event["data"]
    return data


def id_of(verdict: Verdict, **changes: Any) -> str:
    """Return the id of the event that publishes a verdict."""
    event_id: str = outcome_of(verdict, DOCUMENT, outcome_context(**changes)).event["id"]
    return event_id


@pytest.mark.parametrize("verdict", VERDICTS)
def test_event_of_every_verdict_is_valid_by_the_contract(verdict: Verdict) -> None:
    """Status, type and tag agree."""
    outcome = outcome_of(verdict, DOCUMENT, outcome_context(calls=CALLS))
    OUTCOME_VALIDATOR.validate(outcome.event)
    status = type(verdict).__name__.lower()
    assert outcome.status == data_of(outcome)["status"] == status
    assert outcome.event["type"] == f"expresssync.provision.{status}.v1"


def test_success_has_the_group_and_its_disposition() -> None:
    """It has neither an error nor the request."""
    data = data_of(outcome_of(Succeeded("sync-1", "existing"), DOCUMENT, outcome_context()))
    assert (data["expressSyncId"], data["disposition"]) == ("sync-1", "existing")
    assert not {"error", "violations", "request"} & data.keys()


def test_rejection_has_every_violation_and_not_the_request() -> None:
    """Each violation has its path, rule and message."""
    found = (Violation("$.name", "required", "is required"), Violation("$.x", "additionalProperties", "is unknown"))
    data = data_of(outcome_of(Rejected(found), DOCUMENT, outcome_context()))
    assert data["violations"] == [
        {"path": "$.name", "rule": "required", "message": "is required"},
        {"path": "$.x", "rule": "additionalProperties", "message": "is unknown"},
    ]
    assert not {"error", "request", "expressSyncId"} & data.keys()


@pytest.mark.parametrize("verdict", [Failed(REFUSED), Indeterminate(REFUSED), Deferred(REFUSED, 60)])
def test_unsuccessful_outcome_has_its_reason_and_the_request(verdict: Verdict) -> None:
    data = data_of(outcome_of(verdict, DOCUMENT, outcome_context()))
    assert data["error"] == {
        "code": "RoleNotExist",
        "message": "The role that Cloud Storage Gateway assumes does not exist.",
        "httpStatus": 404,
        "apiRequestId": "API-1",
        "retryable": False,
        "hint": "Authorize Cloud Storage Gateway once in its console (role AliyunServiceRoleForHCSSGW), then replay.",
    }
    assert data["request"] == DOCUMENT


def test_error_without_an_answer_has_no_status_and_no_api_id() -> None:
    """Unknown values are left out and not null."""
    error = data_of(outcome_of(Indeterminate(SILENCE), DOCUMENT, outcome_context()))["error"]
    assert error.keys() == {"code", "message", "retryable", "hint"}
    assert error["retryable"] is True


def test_subject_is_the_submission_without_a_usable_request_id() -> None:
    """The requestId is null; the id of the message differs each time it is sent again."""
    outcome = outcome_of(MISSING_NAME, None, outcome_context(request_id=None, message_id="M-9"))
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert (outcome.event["subject"], data_of(outcome)["requestId"]) == ("M-1", None)
    assert (data_of(outcome)["messageId"], data_of(outcome)["submissionId"]) == ("M-9", "M-1")
    assert outcome_of(CREATED, DOCUMENT, outcome_context(message_id="M-9")).event["subject"] == "REQ-1"


def test_event_has_its_times_and_its_attempts() -> None:
    """Times are UTC in milliseconds; lookups are not attempts."""
    waits = [("CreateExpressSync", 0.4204), ("DescribeExpressSyncs", 0.51), ("CreateExpressSync", 0.0)]
    calls = tuple(Call(operation, "OK", MOMENT, 0.0, wait) for operation, wait in waits)
    later = MOMENT + timedelta(seconds=1, microseconds=240_400)
    about = outcome_context(calls=calls, finished_at=later)
    outcome = outcome_of(CREATED, DOCUMENT, about)
    assert outcome.event["time"] == "2026-11-23T08:00:01.240Z"
    assert data_of(outcome)["attempts"] == 2
    assert data_of(outcome)["timings"] == {
        "startedAt": "2026-11-23T08:00:00.000Z",
        "finishedAt": "2026-11-23T08:00:01.240Z",
        "elapsedMs": 1240,
        "waitedMs": 930,
    }


def test_elapsed_time_is_not_negative_if_the_clock_is_set_back() -> None:
    outcome = outcome_of(CREATED, DOCUMENT, outcome_context(finished_at=MOMENT - timedelta(seconds=9)))
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert data_of(outcome)["timings"]["elapsedMs"] == 0


def test_carried_attributes_are_extensions_of_the_event() -> None:
    attributes = {"correlationid": "order-4711", "traceparent": "00-0af7-b7ad-01", "requestsource": "/portal"}
    outcome = outcome_of(CREATED, DOCUMENT, outcome_context(lineage=Lineage(attributes, submission_id="S-1")))
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert attributes.items() <= outcome.event.items()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_event_id_does_not_depend_on_time_effort_or_message(verdict: Verdict) -> None:
    """The version of the function does not matter either."""
    again = {
        "message_id": "M-2",
        "calls": CALLS,
        "lineage": Lineage({"correlationid": "c"}, submission_id="M-1"),
        "started_at": MOMENT + timedelta(hours=1),
        "finished_at": MOMENT + timedelta(hours=2),
    }
    assert id_of(verdict) == id_of(verdict, **again)


def test_event_id_does_not_depend_on_the_disposition() -> None:
    """A redelivery after a crash finds `existing` what its first run `created`."""
    assert id_of(Succeeded("sync-1", "created")) == id_of(Succeeded("sync-1", "existing"))


def test_different_verdicts_have_different_event_ids() -> None:
    """Another group, code, set of broken rules, status, request or submission makes another event."""
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
    ids += [id_of(CREATED, request_id="REQ-2"), id_of(CREATED, request_id=None)]
    ids += [id_of(CREATED, lineage=Lineage(submission_id="S-2"))]
    assert [pair for pair in itertools.combinations(ids, 2) if pair[0] == pair[1]] == []


@pytest.mark.parametrize("verdict", FINAL)
def test_event_id_of_a_final_verdict_ignores_the_generation(verdict: Verdict) -> None:
    """Two copies of a request may be processed after a crash."""
    again = {"lineage": Lineage(generation=5, submission_id="M-1")}
    assert id_of(verdict) == id_of(verdict, **again)
    assert data_of(outcome_of(verdict, DOCUMENT, outcome_context(**again)))["generation"] == 5


def test_deferral_has_one_event_id_for_each_generation() -> None:
    """The delay, which is random, does not change it."""
    generations = [id_of(PUT_OFF, lineage=Lineage(generation=number, submission_id="M-1")) for number in range(3)]
    assert len(set(generations)) == 3
    assert id_of(Deferred(SILENCE, 30), lineage=Lineage(generation=1, submission_id="M-1")) == generations[1]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_submission_has_its_own_event_id(verdict: Verdict) -> None:
    """A second submission and a replay are answered under new ids."""
    others = [REPLAY, Lineage(submission_id="S-2"), Lineage(submission_id="S-3")]
    assert len({id_of(verdict), *(id_of(verdict, lineage=each) for each in others)}) == 4


@pytest.mark.parametrize("verdict", VERDICTS)
def test_event_id_does_not_depend_on_the_replay_id(verdict: Verdict) -> None:
    """It depends on the submission already."""
    assert id_of(verdict, lineage=REPLAY) == id_of(verdict, lineage=replace(REPLAY, replay_id=""))


def test_only_the_outcome_of_a_replay_has_a_replay_id() -> None:
    outcome = outcome_of(CREATED, DOCUMENT, outcome_context(lineage=REPLAY))
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert data_of(outcome)["replayId"] == "rp-0123456789ab"
    assert "replayId" not in data_of(outcome_of(CREATED, DOCUMENT, outcome_context()))


def test_only_a_deferral_has_the_time_of_the_next_attempt() -> None:
    """It is the delay after the end of this run."""
    later = MOMENT + timedelta(seconds=9, milliseconds=120)
    about = outcome_context(lineage=Lineage(generation=1, submission_id="M-1"), finished_at=later)
    data = data_of(outcome_of(PUT_OFF, DOCUMENT, about))
    assert (data["nextAttemptAt"], data["generation"]) == ("2026-11-23T08:01:39.120Z", 1)
    assert [each for each in FINAL if "nextAttemptAt" in data_of(outcome_of(each, DOCUMENT, about))] == []


@pytest.mark.parametrize("verdict", VERDICTS)
def test_outcome_is_not_read_as_a_requeued_request(verdict: Verdict) -> None:
    """Its type differs, so that no generation is read from it."""
    event = outcome_of(verdict, DOCUMENT, outcome_context(lineage=Lineage({}, 3, "rp-0123456789ab", "S-1"))).event
    assert of_event(event, "M-1").generation == 0


def test_text_of_an_event_is_one_line_of_ascii_json() -> None:
    """Neither XML's line ends nor the encoding of a log can change it."""
    document = {**DOCUMENT, "description": '组\r\n\t\u2028\U0001f600 <&>"'}
    text = outcome_of(Failed(REFUSED), document, outcome_context()).text
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["data"]["request"] == document


def largest(limit_characters: int, limit_bytes: int | None = None) -> st.SearchStrategy[str]:
    """Return texts of the maximum length, of characters that grow most when escaped."""
    characters = st.sampled_from('\U0001f600中é"\\a')
    texts = st.lists(characters, min_size=1, max_size=3).map(lambda some: "".join(some) * limit_characters)
    cut = texts.map(lambda text: text[:limit_characters])
    return cut if limit_bytes is None else cut.map(lambda text: text.encode()[:limit_bytes].decode(errors="ignore"))


@given(
    request_id=largest(128),
    prefix=largest(1023, 1023),
    description=largest(255),
    requester=largest(128),
    attribute=largest(MAX_ATTRIBUTE_LENGTH),
    message_id=largest(MAX_ID_LENGTH),
    code=st.sampled_from([*DOCUMENTED, *GATEWAY, *OWN, "C" * 128]),
)
def test_largest_valid_request_fits_a_message_with_any_reason(
    request_id: str, prefix: str, description: str, requester: str, attribute: str, message_id: str, code: str
) -> None:
    """Every field is at its limit and escapes as badly as possible, with every attribute."""
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
    about = outcome_context(
        request_id=request_id,
        message_id=message_id,
        lineage=Lineage(dict.fromkeys(TRAVELLERS, attribute), MAX_GENERATIONS, "\U0001f600" * 64, "S" * MAX_ID_LENGTH),
        calls=CALLS,
    )
    reason = errors.reason_of(Refused(code, 599, "A" * 64))
    for verdict in (Failed(reason), Deferred(reason, 604_800)):
        outcome = outcome_of(verdict, document, about)
        OUTCOME_VALIDATOR.validate(outcome.event)
        assert len(outcome.text.encode()) <= MAX_MESSAGE_BYTES
        assert "omitted" not in data_of(outcome)
    assert len(encode(document, about.lineage, "s" * 256, outcome.event["id"])) <= MAX_MESSAGE_BYTES


def test_largest_number_of_violations_fits_a_message() -> None:
    """The attributes escape as badly as possible."""
    worst = "\U0001f600"
    document = {f"{'x' * 58}_{number:05}": number for number in range(MAX_REPORTED * 3)}
    found = violations({**document, "name": 1, "requestId": 2, "bucketPrefix": worst * 1024})
    assert len(found) == MAX_REPORTED + 1
    attributes = dict.fromkeys(TRAVELLERS, worst * MAX_ATTRIBUTE_LENGTH)
    lineage = Lineage(attributes, MAX_GENERATIONS, worst * 64, "S" * MAX_ID_LENGTH)
    about = outcome_context(request_id=None, message_id=worst * MAX_ID_LENGTH, lineage=lineage)
    outcome = outcome_of(Rejected(found), None, about)
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert len(outcome.text.encode()) <= MAX_MESSAGE_BYTES


def test_calls_have_operation_code_start_duration_and_wait() -> None:
    """Times are in whole milliseconds; the last call has no wait after it."""
    calls = (
        Call("CreateExpressSync", "Throttling.User", MOMENT, 0.0482, 0.4204),
        Call("CreateExpressSync", "OK", MOMENT + timedelta(seconds=1), 1.5),
    )
    outcome = outcome_of(CREATED, DOCUMENT, outcome_context(calls=calls))
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert data_of(outcome)["calls"] == [
        {
            "operation": "CreateExpressSync",
            "code": "Throttling.User",
            "at": "2026-11-23T08:00:00.000Z",
            "tookMs": 48,
            "waitMs": 420,
        },
        {
            "operation": "CreateExpressSync",
            "code": "OK",
            "at": "2026-11-23T08:00:01.000Z",
            "tookMs": 1500,
            "waitMs": 0,
        },
    ]


@pytest.mark.parametrize(("made", "shown"), [(0, []), (1, [0]), (20, list(range(20))), (33, list(range(13, 33)))])
def test_outcome_lists_the_last_twenty_calls(made: int, shown: list[int]) -> None:
    """An outage may need hundreds; the last ones show how it ended."""
    calls = tuple(Call("CreateExpressSync", f"Code{number}", MOMENT, 0.0, 0.0) for number in range(made))
    outcome = outcome_of(CREATED, DOCUMENT, outcome_context(calls=calls))
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert [call["code"] for call in data_of(outcome)["calls"]] == [f"Code{number}" for number in shown]


def padded(size: int, **changes: Any) -> Outcome:
    """Return a fault on a document so large that the complete outcome has that many bytes."""
    about = outcome_context(calls=CALLS, **changes)
    fault = Indeterminate(SILENCE, may_become_known=False)
    with_calls = len(outcome_of(fault, {"requestId": "REQ-1", "x": ""}, about).text)
    return outcome_of(fault, {"requestId": "REQ-1", "x": "x" * (size - with_calls)}, about)


@pytest.mark.parametrize(
    ("size", "omitted"),
    [
        (MAX_MESSAGE_BYTES, None),
        (MAX_MESSAGE_BYTES + 1, ["calls"]),
        (MAX_MESSAGE_BYTES + 8_000, ["calls", "request"]),
        (MAX_MESSAGE_BYTES * 2, ["calls", "request"]),
    ],
)
def test_outcome_that_is_too_large_is_shortened(size: int, omitted: list[str] | None) -> None:
    """First the calls are left out, then the request except for its id; `omitted` names them, the rest is unchanged."""
    outcome = padded(size)
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert len(outcome.text) <= MAX_MESSAGE_BYTES
    data = data_of(outcome)
    assert data.get("omitted") == omitted
    assert (data["calls"] == []) is bool(omitted)
    assert (data["request"] == {"requestId": "REQ-1"}) is (omitted == ["calls", "request"])
    assert outcome.event["id"] == padded(1000).event["id"]
    assert data["error"]["code"] == "ReadTimeout"


def test_huge_document_without_an_id_becomes_an_empty_object() -> None:
    outcome = padded(MAX_MESSAGE_BYTES * 2, request_id=None)
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert data_of(outcome)["request"] == {}


@pytest.mark.parametrize("document", [None, [], "text", 17, True, [DOCUMENT]])
def test_document_that_is_not_an_object_is_left_out(document: object) -> None:
    """A fault may happen before validation. The outcome is valid by the contract nevertheless."""
    outcome = outcome_of(Indeterminate(SILENCE, may_become_known=False), document, outcome_context(request_id=None))
    OUTCOME_VALIDATOR.validate(outcome.event)
    assert data_of(outcome)["request"] == {}


verdicts = st.sampled_from(VERDICTS)
generations = st.integers(0, MAX_GENERATIONS)


def sequence_of(verdict: Verdict, generation: int) -> str:
    """Return the sequence of the event that publishes a verdict."""
    about = outcome_context(lineage=Lineage(generation=generation, submission_id="M-1"))
    return str(outcome_of(verdict, DOCUMENT, about).event["sequence"])


@pytest.mark.parametrize(
    ("verdict", "generation", "expected"),
    [
        (PUT_OFF, 0, "0000-0"),
        (MISSING_NAME, 0, "0000-1"),
        (Failed(REFUSED), 7, "0007-1"),
        (Indeterminate(SILENCE), 0, "9998-2"),
        (Indeterminate(SILENCE), 1000, "9998-2"),
        (CREATED, 0, "9999-3"),
        (CREATED, 1000, "9999-3"),
    ],
)
def test_sequence_is_generation_and_rank(verdict: Verdict, generation: int, expected: str) -> None:
    """A success is above everything, and doubt above every failure, in all generations."""
    assert sequence_of(verdict, generation) == expected


@given(first=st.tuples(generations, verdicts), second=st.tuples(generations, verdicts))
def test_sequences_compare_as_texts_and_as_numbers_alike(
    first: tuple[int, Verdict], second: tuple[int, Verdict]
) -> None:
    """This holds for every generation."""
    ranks = {Deferred: 0, Rejected: 1, Failed: 1, Indeterminate: 2, Succeeded: 3}

    def place(generation: int, verdict: Verdict) -> tuple[int, int]:
        above = {Succeeded: 9999, Indeterminate: 9998}
        return (above.get(type(verdict), generation), ranks[type(verdict)])

    texts = [sequence_of(verdict, generation) for generation, verdict in (first, second)]
    assert all(len(text) == 6 for text in texts)
    assert (texts[0] < texts[1]) is (place(*first) < place(*second))
    assert (texts[0] == texts[1]) is (place(*first) == place(*second))


@given(reached=st.lists(st.tuples(generations, verdicts), min_size=1, max_size=6), order=st.randoms())
def test_greatest_sequence_is_the_same_in_any_order_of_arrival(reached: list[tuple[int, Verdict]], order: Any) -> None:
    """Repetitions do not matter either. A submission is either rejected or processed, never both."""
    reached = [each for each in reached if not isinstance(each[1], Rejected)] or [(0, MISSING_NAME)]
    events = [
        outcome_of(
            verdict, DOCUMENT, outcome_context(lineage=Lineage(generation=generation, submission_id="M-1"))
        ).event
        for generation, verdict in reached
    ]
    shuffled = [*events, *events]
    order.shuffle(shuffled)
    greatest = max(event["sequence"] for event in events)
    assert len({event["type"] for event in events if event["sequence"] == greatest}) == 1
    assert (
        max(shuffled, key=lambda event: str(event["sequence"]))["type"]
        == max(events, key=lambda event: str(event["sequence"]))["type"]
    )


@given(reached=st.lists(st.tuples(generations, verdicts), max_size=5))
def test_success_has_the_greatest_sequence(reached: list[tuple[int, Verdict]]) -> None:
    """No other verdict of any generation has a sequence as great."""
    others = [sequence_of(verdict, number) for number, verdict in reached if not isinstance(verdict, Succeeded)]
    assert all(other < sequence_of(CREATED, 0) for other in others)
