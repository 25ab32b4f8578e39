"""A verdict as an event: by the contract, with an id that depends on the verdict alone, and never too large."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from handler.inbound.request_event import (
    MAX_ATTRIBUTE_LENGTH,
    MAX_GENERATIONS,
    MAX_ID_LENGTH,
    Lineage,
    encode,
    of_event,
)
from handler.inbound.validation import MAX_REPORTED, SCHEMAS, violations
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
from tests.handler.unit.fakes import DOCUMENT, MOMENT, circumstances

CONTRACT = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))

CREATED = Succeeded("sync-1", "created")
MISSING_NAME = Rejected((Violation("$.name", "required", "is required"),))
REFUSED = errors.reason_of(Refused("RoleNotExist", 404, "API-1"))
SILENCE = errors.reason_of(Unanswered("ReadTimeout", sent=True))
PUT_OFF = Deferred(SILENCE, 90)
VERDICTS: list[Verdict] = [CREATED, MISSING_NAME, Failed(REFUSED), Indeterminate(SILENCE), PUT_OFF]
FINAL = VERDICTS[:-1]
REPLAY = Lineage(replay_id="rp-0123456789ab", submission_id="rp-0123456789ab")
CALLS = tuple(Call("DescribeExpressSyncs", "C" * 128, MOMENT, 123.0, 123.0) for _ in range(MAX_CALLS))
TRAVELLERS = ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")


def data_of(outcome: Outcome) -> dict[str, Any]:
    """The data of the event."""
    data: dict[str, Any] = outcome.event["data"]
    return data


def id_of(verdict: Verdict, **changes: Any) -> str:
    """The id of the event that announces a verdict."""
    event_id: str = outcome_of(verdict, DOCUMENT, circumstances(**changes)).event["id"]
    return event_id


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_announced_by_the_contract(verdict: Verdict) -> None:
    """The published schema is kept, and status, type and tag say the same."""
    outcome = outcome_of(verdict, DOCUMENT, circumstances(attempts=3, waited_seconds=1.5))
    CONTRACT.validate(outcome.event)
    status = type(verdict).__name__.lower()
    assert outcome.status == data_of(outcome)["status"] == status
    assert outcome.event["type"] == f"expresssync.provision.{status}.v1"


def test_a_success_names_the_group_and_how_it_came_about() -> None:
    """And nothing of an error, nor the request."""
    data = data_of(outcome_of(Succeeded("sync-1", "existing"), DOCUMENT, circumstances()))
    assert (data["expressSyncId"], data["disposition"]) == ("sync-1", "existing")
    assert not {"error", "violations", "request"} & data.keys()


def test_a_rejection_lists_every_violation_but_not_the_request() -> None:
    """Path, rule and message of each; the document broke the contract and stays out."""
    found = (Violation("$.name", "required", "is required"), Violation("$.x", "additionalProperties", "is unknown"))
    data = data_of(outcome_of(Rejected(found), DOCUMENT, circumstances()))
    assert data["violations"] == [
        {"path": "$.name", "rule": "required", "message": "is required"},
        {"path": "$.x", "rule": "additionalProperties", "message": "is unknown"},
    ]
    assert not {"error", "request", "expressSyncId"} & data.keys()


@pytest.mark.parametrize("verdict", [Failed(REFUSED), Indeterminate(REFUSED), Deferred(REFUSED, 60)])
def test_what_may_be_worked_again_carries_reason_and_the_complete_request(verdict: Verdict) -> None:
    """The error as far as it may be shown, and the request to the letter."""
    data = data_of(outcome_of(verdict, DOCUMENT, circumstances()))
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
    error = data_of(outcome_of(Indeterminate(SILENCE), DOCUMENT, circumstances()))["error"]
    assert error.keys() == {"code", "message", "retryable", "hint"}
    assert error["retryable"] is True


def test_without_a_usable_request_id_the_submission_is_subject() -> None:
    """The requestId is then null; the message that brought it has another id each time it is sent again."""
    outcome = outcome_of(MISSING_NAME, None, circumstances(request_id=None, message_id="M-9"))
    CONTRACT.validate(outcome.event)
    assert (outcome.event["subject"], data_of(outcome)["requestId"]) == ("M-1", None)
    assert (data_of(outcome)["messageId"], data_of(outcome)["submissionId"]) == ("M-9", "M-1")
    assert outcome_of(CREATED, DOCUMENT, circumstances(message_id="M-9")).event["subject"] == "REQ-1"


def test_the_event_says_when_and_after_what() -> None:
    """UTC to the millisecond; attempts, elapsed and waited times as they were."""
    later = MOMENT + timedelta(seconds=1, microseconds=240_400)
    about = circumstances(attempts=4, waited_seconds=0.9304, finished_at=later)
    outcome = outcome_of(CREATED, DOCUMENT, about)
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
    outcome = outcome_of(CREATED, DOCUMENT, circumstances(finished_at=MOMENT - timedelta(seconds=9)))
    CONTRACT.validate(outcome.event)
    assert data_of(outcome)["timings"]["elapsedMs"] == 0


def test_attributes_of_the_requests_event_travel_on() -> None:
    """At the top level of the event, where CloudEvents has its extensions."""
    attributes = {"correlationid": "order-4711", "traceparent": "00-0af7-b7ad-01", "requestsource": "/portal"}
    outcome = outcome_of(CREATED, DOCUMENT, circumstances(lineage=Lineage(attributes, submission_id="S-1")))
    CONTRACT.validate(outcome.event)
    assert attributes.items() <= outcome.event.items()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_same_verdict_has_the_same_id_whenever_and_however_often(verdict: Verdict) -> None:
    """Neither time nor effort, neither message nor function version make it another verdict."""
    again = {
        "message_id": "M-2",
        "attempts": 5,
        "waited_seconds": 9.0,
        "lineage": Lineage({"correlationid": "c"}, submission_id="M-1"),
        "started_at": MOMENT + timedelta(hours=1),
        "finished_at": MOMENT + timedelta(hours=2),
    }
    assert id_of(verdict) == id_of(verdict, **again)


def test_how_a_group_came_about_does_not_make_another_success() -> None:
    """A redelivery after a crash finds `existing` what its first run `created`: one verdict."""
    assert id_of(Succeeded("sync-1", "created")) == id_of(Succeeded("sync-1", "existing"))


def test_different_verdicts_have_different_ids() -> None:
    """Another group, code, set of broken rules, status, request or submission is another event."""
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
def test_a_final_verdict_is_the_same_in_whichever_generation_it_is_reached(verdict: Verdict) -> None:
    """Two copies of a request may be under way after a crash: what they say alike is said once."""
    again = {"lineage": Lineage(generation=5, submission_id="M-1")}
    assert id_of(verdict) == id_of(verdict, **again)
    assert data_of(outcome_of(verdict, DOCUMENT, circumstances(**again)))["generation"] == 5


def test_each_generation_is_deferred_on_its_own_and_once() -> None:
    """However long the wait is: that is drawn anew each time."""
    generations = [id_of(PUT_OFF, lineage=Lineage(generation=number, submission_id="M-1")) for number in range(3)]
    assert len(set(generations)) == 3
    assert id_of(Deferred(SILENCE, 30), lineage=Lineage(generation=1, submission_id="M-1")) == generations[1]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_submission_gets_an_event_of_its_own(verdict: Verdict) -> None:
    """A second submission and a replay are answered too, with an id that nobody has seen before."""
    others = [REPLAY, Lineage(submission_id="S-2"), Lineage(submission_id="S-3")]
    assert len({id_of(verdict), *(id_of(verdict, lineage=each) for each in others)}) == 4


@pytest.mark.parametrize("verdict", VERDICTS)
def test_which_replay_it_was_does_not_change_the_event_id(verdict: Verdict) -> None:
    """The submission is in the id, and that says it all."""
    assert id_of(verdict, lineage=REPLAY) == id_of(verdict, lineage=replace(REPLAY, replay_id=""))


def test_a_replay_is_named_and_only_a_replay() -> None:
    """For whoever watches it."""
    outcome = outcome_of(CREATED, DOCUMENT, circumstances(lineage=REPLAY))
    CONTRACT.validate(outcome.event)
    assert data_of(outcome)["replayId"] == "rp-0123456789ab"
    assert "replayId" not in data_of(outcome_of(CREATED, DOCUMENT, circumstances()))


def test_a_deferral_says_when_the_request_is_tried_again() -> None:
    """Its delay after the end of this run; nothing else says so."""
    later = MOMENT + timedelta(seconds=9, milliseconds=120)
    about = circumstances(lineage=Lineage(generation=1, submission_id="M-1"), finished_at=later)
    data = data_of(outcome_of(PUT_OFF, DOCUMENT, about))
    assert (data["nextAttemptAt"], data["generation"]) == ("2026-11-23T08:01:39.120Z", 1)
    assert [each for each in FINAL if "nextAttemptAt" in data_of(outcome_of(each, DOCUMENT, about))] == []


@pytest.mark.parametrize("verdict", VERDICTS)
def test_no_outcome_is_taken_for_a_request_that_is_sent_again(verdict: Verdict) -> None:
    """Its type is another, so that nothing of a generation is read from it."""
    event = outcome_of(verdict, DOCUMENT, circumstances(lineage=Lineage({}, 3, "rp-0123456789ab", "S-1"))).event
    assert of_event(event, "M-1").generation == 0


def test_the_text_is_one_line_of_ascii_json() -> None:
    """Neither XML's line ends nor a log's encoding can change it."""
    document = {**DOCUMENT, "description": '组\r\n\t\u2028\U0001f600 <&>"'}
    text = outcome_of(Failed(REFUSED), document, circumstances()).text()
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
    attribute=largest(MAX_ATTRIBUTE_LENGTH),
    message_id=largest(MAX_ID_LENGTH),
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
        lineage=Lineage(dict.fromkeys(TRAVELLERS, attribute), MAX_GENERATIONS, "\U0001f600" * 64, "S" * MAX_ID_LENGTH),
        calls=CALLS,
    )
    reason = errors.reason_of(Refused(code, 599, "A" * 64))
    for verdict in (Failed(reason), Deferred(reason, 604_800)):
        outcome = outcome_of(verdict, document, about)
        CONTRACT.validate(outcome.event)
        assert len(outcome.text().encode()) <= MAX_MESSAGE_BYTES
        assert "omitted" not in data_of(outcome)
    assert len(encode(document, about.lineage, "s" * 256, outcome.event["id"])) <= MAX_MESSAGE_BYTES


def test_the_most_violations_fit_a_message() -> None:
    """However wrong the document is, with attributes that escape as badly as can be."""
    worst = "\U0001f600"
    document = {f"{'x' * 58}_{number:05}": number for number in range(MAX_REPORTED * 3)}
    found = violations({**document, "name": 1, "requestId": 2, "bucketPrefix": worst * 1024})
    assert len(found) == MAX_REPORTED + 1
    attributes = dict.fromkeys(TRAVELLERS, worst * MAX_ATTRIBUTE_LENGTH)
    lineage = Lineage(attributes, MAX_GENERATIONS, worst * 64, "S" * MAX_ID_LENGTH)
    about = circumstances(request_id=None, message_id=worst * MAX_ID_LENGTH, lineage=lineage)
    outcome = outcome_of(Rejected(found), None, about)
    CONTRACT.validate(outcome.event)
    assert len(outcome.text().encode()) <= MAX_MESSAGE_BYTES


def test_the_calls_say_what_was_asked_when_and_how_long() -> None:
    """Operation, code, start, duration and the wait after it, in whole milliseconds; no wait after the last one."""
    calls = (
        Call("CreateExpressSync", "Throttling.User", MOMENT, 0.0482, 0.4204),
        Call("CreateExpressSync", "OK", MOMENT + timedelta(seconds=1), 1.5, None),
    )
    outcome = outcome_of(CREATED, DOCUMENT, circumstances(calls=calls))
    CONTRACT.validate(outcome.event)
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
def test_the_last_twenty_calls_are_shown(made: int, shown: list[int]) -> None:
    """An outage may need hundreds; the end of them tells how it went."""
    calls = tuple(Call("CreateExpressSync", f"Code{number}", MOMENT, 0.0, 0.0) for number in range(made))
    outcome = outcome_of(CREATED, DOCUMENT, circumstances(calls=calls))
    CONTRACT.validate(outcome.event)
    assert [call["code"] for call in data_of(outcome)["calls"]] == [f"Code{number}" for number in shown]


def padded(size: int, **changes: Any) -> Outcome:
    """A fault of ours on a document so large that the outcome has that many bytes if nothing is left out."""
    about = circumstances(calls=CALLS, **changes)
    fault = Indeterminate(SILENCE, may_settle=False)
    bare = len(outcome_of(fault, {"requestId": "REQ-1", "x": ""}, replace(about, calls=())).text())
    with_calls = bare + sum(len(json.dumps(each, separators=(",", ":"))) + 1 for each in _calls(about)) - 1
    return outcome_of(fault, {"requestId": "REQ-1", "x": "x" * (size - with_calls)}, about)


def _calls(about: Any) -> list[dict[str, Any]]:
    return list(data_of(outcome_of(CREATED, DOCUMENT, about))["calls"])


@pytest.mark.parametrize(
    ("size", "omitted"),
    [
        (MAX_MESSAGE_BYTES, None),
        (MAX_MESSAGE_BYTES + 1, ["calls"]),
        (MAX_MESSAGE_BYTES + 8_000, ["calls", "request"]),
        (MAX_MESSAGE_BYTES * 2, ["calls", "request"]),
    ],
)
def test_an_outcome_that_is_too_large_is_shortened(size: int, omitted: list[str] | None) -> None:
    """First the calls go, then the request but for its id; what is left out is named, and the rest is unchanged."""
    outcome = padded(size)
    CONTRACT.validate(outcome.event)
    assert len(outcome.text()) <= MAX_MESSAGE_BYTES
    data = data_of(outcome)
    assert data.get("omitted") == omitted
    assert (data["calls"] == []) is bool(omitted)
    assert (data["request"] == {"requestId": "REQ-1"}) is (omitted == ["calls", "request"])
    assert outcome.event["id"] == padded(1000).event["id"]
    assert data["error"]["code"] == "ReadTimeout"


def test_a_huge_document_without_an_id_leaves_nothing_behind() -> None:
    """The request is then an empty object."""
    outcome = padded(MAX_MESSAGE_BYTES * 2, request_id=None)
    CONTRACT.validate(outcome.event)
    assert data_of(outcome)["request"] == {}


@pytest.mark.parametrize("document", [None, [], "text", 17, True, [DOCUMENT]])
def test_what_is_not_an_object_is_not_a_request(document: object) -> None:
    """A fault of ours may strike before a body was validated; its outcome keeps the contract all the same."""
    outcome = outcome_of(Indeterminate(SILENCE, may_settle=False), document, circumstances(request_id=None))
    CONTRACT.validate(outcome.event)
    assert data_of(outcome)["request"] == {}


verdicts = st.sampled_from(VERDICTS)
generations = st.integers(0, MAX_GENERATIONS)


def sequence_of(verdict: Verdict, generation: int) -> str:
    """The sequence of the event that announces a verdict."""
    about = circumstances(lineage=Lineage(generation=generation, submission_id="M-1"))
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
def test_the_sequence_is_generation_and_rank(verdict: Verdict, generation: int, expected: str) -> None:
    """A success stands above everything, and doubt above every failure, in whichever generation they were reached."""
    assert sequence_of(verdict, generation) == expected


@given(first=st.tuples(generations, verdicts), second=st.tuples(generations, verdicts))
def test_text_order_is_the_order_of_generation_and_rank(
    first: tuple[int, Verdict], second: tuple[int, Verdict]
) -> None:
    """Whoever compares the texts compares the numbers, in every generation there may be."""
    ranks = {Deferred: 0, Rejected: 1, Failed: 1, Indeterminate: 2, Succeeded: 3}

    def place(generation: int, verdict: Verdict) -> tuple[int, int]:
        above = {Succeeded: 9999, Indeterminate: 9998}
        return (above.get(type(verdict), generation), ranks[type(verdict)])

    texts = [sequence_of(verdict, generation) for generation, verdict in (first, second)]
    assert all(len(text) == 6 for text in texts)
    assert (texts[0] < texts[1]) is (place(*first) < place(*second))
    assert (texts[0] == texts[1]) is (place(*first) == place(*second))


@given(told=st.lists(st.tuples(generations, verdicts), min_size=1, max_size=6), order=st.randoms())
def test_the_greatest_sequence_holds_in_any_order_of_arrival(told: list[tuple[int, Verdict]], order: Any) -> None:
    """Whatever the order and however often each event comes, listeners end with the same status.

    A submission is either rejected or worked, so that of these two only one is among its events.
    """
    told = [each for each in told if not isinstance(each[1], Rejected)] or [(0, MISSING_NAME)]
    events = [
        outcome_of(verdict, DOCUMENT, circumstances(lineage=Lineage(generation=generation, submission_id="M-1"))).event
        for generation, verdict in told
    ]
    shuffled = [*events, *events]
    order.shuffle(shuffled)
    greatest = max(event["sequence"] for event in events)
    assert len({event["type"] for event in events if event["sequence"] == greatest}) == 1
    assert (
        max(shuffled, key=lambda event: str(event["sequence"]))["type"]
        == max(events, key=lambda event: str(event["sequence"]))["type"]
    )


@given(told=st.lists(st.tuples(generations, verdicts), max_size=5))
def test_a_success_is_never_taken_back(told: list[tuple[int, Verdict]]) -> None:
    """No other verdict of any generation has a sequence as great."""
    others = [sequence_of(verdict, number) for number, verdict in told if not isinstance(verdict, Succeeded)]
    assert all(other < sequence_of(CREATED, 0) for other in others)
