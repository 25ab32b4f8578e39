"""Lineage: read from a CloudEvent, written into the message that sends the request again, and read from that."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.request_event import (
    MAX_ATTRIBUTE_LENGTH,
    MAX_GENERATIONS,
    MAX_ID_LENGTH,
    MAX_SUBMISSIONS,
    TYPE,
    Lineage,
    distinct,
    encode,
    messages,
    of_event,
)
from handler.model import MAX_MESSAGE_BYTES
from tests.support.samples import DOCUMENT, TRAVELLERS

REPLAY_ID = "rp-0123456789ab"
ATTRIBUTES = ("id", "source", "generation", "replayid", "submissionid", "othersubmissions")
OF_THE_REQUESTER = {
    "specversion": "1.0",
    "id": "evt-9",
    "source": "/portal",
    "type": "com.example.request",
    "correlationid": "order-4711",
    "traceparent": "00-1",
    "tracestate": "vendor=1",
}
CARRIED = {
    "requestsource": "/portal",
    "causationid": "evt-9",
    "correlationid": "order-4711",
    "traceparent": "00-1",
    "tracestate": "vendor=1",
}

attributes = st.dictionaries(
    st.sampled_from(TRAVELLERS),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=MAX_ATTRIBUTE_LENGTH),
)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9@:._-]{0,127}", fullmatch=True)
replays = st.sampled_from(["", REPLAY_ID])
submissions = st.builds(Lineage, attributes, st.just(0), replays, ids)
lineages = st.builds(
    lambda first, generation, others: replace(
        first, generation=generation, others=tuple(each for each in others if each.submission_id != first.submission_id)
    ),
    submissions,
    st.integers(0, MAX_GENERATIONS),
    st.lists(submissions, max_size=3, unique_by=lambda each: each.submission_id),
)
nonsense = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def sent(lineage: Lineage, request: dict[str, Any] = DOCUMENT) -> dict[str, Any]:
    """Return the event that sends a request again."""
    event: dict[str, Any] = json.loads(encode(request, lineage, "function", "event-1"))
    return event


def read(event: Mapping[str, Any], message_id: str = "M-1") -> Lineage:
    """Return the lineage in an event that came in a message of that id."""
    return of_event(event, message_id)


def event_of(**changes: object) -> dict[str, Any]:
    """Return an event of the type that sends requests again, with `changes`."""
    return {"specversion": "1.0", "type": TYPE, "data": DOCUMENT, **changes}


def test_source_and_id_of_the_requesters_event_become_extensions() -> None:
    """The event that carries the request further has its own source and id."""
    assert read(OF_THE_REQUESTER) == Lineage(CARRIED, generation=0, replay_id="", submission_id="M-1")


def test_extensions_of_a_requeued_event_are_kept() -> None:
    """Otherwise the second generation would name the function as the source of the request."""
    again = sent(Lineage(CARRIED, generation=3, submission_id="S-1"))
    assert (again["source"], again["id"]) == ("function", "event-1")
    assert read(again) == Lineage(CARRIED, generation=3, submission_id="S-1")


def test_requeued_event_follows_the_contract_and_has_the_request() -> None:
    assert sent(Lineage(CARRIED, generation=1, replay_id=REPLAY_ID, submission_id="S-1")) == {
        "specversion": "1.0",
        "id": "event-1",
        "source": "function",
        "type": "expresssync.provision.requested.v1",
        "datacontenttype": "application/json",
        **CARRIED,
        "generation": 1,
        "submissionid": "S-1",
        "replayid": REPLAY_ID,
        "data": DOCUMENT,
    }


def test_further_submissions_are_one_text_attribute() -> None:
    """CloudEvents extensions cannot be lists; each submission keeps its own attributes and ids."""
    others = (Lineage({"traceparent": "00-2"}, 0, "", "S-2"), Lineage({}, 0, REPLAY_ID, REPLAY_ID))
    event = sent(Lineage({"traceparent": "00-1"}, 1, "", "S-1", others))
    assert event["traceparent"] == "00-1"
    assert json.loads(event["othersubmissions"]) == [
        {"traceparent": "00-2", "submissionid": "S-2"},
        {"submissionid": REPLAY_ID, "replayid": REPLAY_ID},
    ]


def test_requeued_event_leaves_out_empty_attributes() -> None:
    """An empty replay id would be an id."""
    assert not {"replayid", "othersubmissions"} & sent(Lineage(generation=1, submission_id="S-1")).keys()


@given(lineage=lineages, texts=st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4))
def test_lineage_and_request_survive_any_number_of_generations(lineage: Lineage, texts: dict[str, Any]) -> None:
    """Each generation reads what the one before it wrote."""
    for _ in range(3):
        text = encode(texts, lineage, "function", "event-1")
        assert text.isascii()
        assert text.isprintable()
        event = json.loads(text)
        assert (read(event), event["data"]) == (lineage, texts)
        lineage = read(event)


@pytest.mark.parametrize("generation", [-1, MAX_GENERATIONS + 1, 10**30, True, 1.0, "1", None, [1], {}])
def test_invalid_generation_counts_as_the_first(generation: object) -> None:
    """The sender of such an event gets the usual retries."""
    assert read(event_of(generation=generation)).generation == 0


@pytest.mark.parametrize("generation", [0, 1, MAX_GENERATIONS])
def test_generation_is_accepted_up_to_its_limit(generation: int) -> None:
    assert read(event_of(generation=generation)).generation == generation


@pytest.mark.parametrize("replay_id", ["", "r" * 65, "has\nline", "\ud800", 17, None, True, ["rp-1"], {}])
def test_replay_id_that_is_not_safe_to_log_is_dropped(replay_id: object) -> None:
    """It would be in every outcome."""
    assert read(event_of(replayid=replay_id)).replay_id == ""


def test_replay_id_is_accepted_up_to_64_characters() -> None:
    assert read(event_of(replayid="r" * 64)).replay_id == "r" * 64


@pytest.mark.parametrize("type_", ["com.example.request", "expresssync.provision.requested.v2", None, 7, [TYPE]])
def test_only_events_of_its_own_type_have_a_generation(type_: object) -> None:
    """Extensions of the same names in another event are not the function's."""
    forged = {"generation": 5, "replayid": REPLAY_ID, "submissionid": "S-9", "requestsource": "/forged"}
    event = {**OF_THE_REQUESTER, "type": type_, "othersubmissions": '[{"submissionid": "S-8"}]', **forged}
    assert read(event) == Lineage(CARRIED, submission_id="M-1")


@given(event=st.dictionaries(st.sampled_from([*TRAVELLERS, *ATTRIBUTES]), nonsense))
@pytest.mark.parametrize("type_", ["com.example.request", TYPE])
def test_reading_any_attributes_never_raises(type_: str, event: dict[str, Any]) -> None:
    """The result can be logged and sent again."""
    lineage = read({**event, "type": type_})
    assert lineage.attributes.keys() <= set(TRAVELLERS)
    assert all(0 < len(text) <= MAX_ATTRIBUTE_LENGTH and text.isprintable() for text in lineage.attributes.values())
    assert lineage.submission_id
    assert read(sent(lineage), "M-2") == lineage


@pytest.mark.parametrize(
    ("attributes", "submission_id"),
    [
        ({}, "M-1"),
        ({"submissionid": "S-1"}, "S-1"),
        ({"submissionid": "S" * MAX_ID_LENGTH}, "S" * MAX_ID_LENGTH),
        ({"submissionid": "S" * (MAX_ID_LENGTH + 1)}, "M-1"),
        ({"replayid": REPLAY_ID}, REPLAY_ID),
        ({"submissionid": "S-1", "replayid": REPLAY_ID}, "S-1"),
        ({"submissionid": "some words", "replayid": REPLAY_ID}, REPLAY_ID),
        ({"replayid": "some words"}, "M-1"),
        ({"submissionid": "some words"}, "M-1"),
        ({"submissionid": "编号"}, "M-1"),
        ({"submissionid": "S-1\n"}, "M-1"),
        ({"submissionid": "-"}, "M-1"),
        ({"submissionid": ""}, "M-1"),
        ({"submissionid": 17}, "M-1"),
        ({"submissionid": None}, "M-1"),
        ({"submissionid": ["S-1"]}, "M-1"),
    ],
)
def test_submission_id_must_be_an_id_and_not_a_text(attributes: dict[str, object], submission_id: str) -> None:
    """It is logged. Without it, the id of the replay is used, then that of the message."""
    assert read(event_of(**attributes)).submission_id == submission_id


@pytest.mark.parametrize(
    "others",
    [
        None,
        17,
        [],
        [{"submissionid": "S-2"}],
        "",
        "{",
        "[" * 100_000,
        "null",
        "{}",
        "17",
        '["S-2", 17, null, []]',
        "1" * 5000,
        "\ud800",
    ],
    ids=lambda value: repr(value)[:12],
)
def test_invalid_other_submissions_are_dropped(others: object) -> None:
    """The first submission is still the one that the message names."""
    assert read(event_of(submissionid="S-1", othersubmissions=others)) == Lineage(submission_id="S-1")


def test_submission_is_never_carried_twice() -> None:
    """A submission without an id gets that of the message."""
    others = [{"submissionid": each} for each in ("S-2", "S-1", "S-2", "S-3")]
    lineage = read(event_of(submissionid="S-1", othersubmissions=json.dumps([*others, {}])))
    assert [each.submission_id for each in lineage.submissions] == ["S-1", "S-2", "S-3", "M-1"]


def test_number_of_submissions_in_a_message_is_bounded() -> None:
    """A message has at most 32 submissions."""
    others = json.dumps([{"submissionid": f"S-{number}"} for number in range(1, 100)])
    lineage = read(event_of(submissionid="S-0", othersubmissions=others))
    assert [each.submission_id for each in lineage.submissions] == [f"S-{n}" for n in range(MAX_SUBMISSIONS)]


def test_every_submission_has_the_generation_of_its_message() -> None:
    """The message is what is sent again, with all its submissions."""
    lineage = Lineage({}, 4, "", "S-1", (Lineage({"traceparent": "00-2"}, 0, REPLAY_ID, "S-2"),))
    assert lineage.submissions == (Lineage({}, 4, "", "S-1"), Lineage({"traceparent": "00-2"}, 4, REPLAY_ID, "S-2"))


def test_distinct_submissions_have_their_highest_generation() -> None:
    """Each is there once, in order, with the attributes of its first copy."""
    first = Lineage({"traceparent": "00-1"}, 1, "", "S-1", (Lineage({}, 0, "", "S-2"),))
    second = Lineage({"traceparent": "00-9"}, 3, "", "S-2", (Lineage({}, 0, "", "S-1"), Lineage({}, 0, "", "S-3")))
    assert distinct([first, second]) == [
        Lineage({"traceparent": "00-1"}, 3, "", "S-1"),
        Lineage({}, 3, "", "S-2"),
        Lineage({}, 3, "", "S-3"),
    ]


def many(count: int, **attributes: str) -> list[Lineage]:
    """Return submissions in their second generation."""
    return [Lineage(attributes, 1, "", f"S-{number}") for number in range(count)]


def carried(bodies: list[str]) -> list[Lineage]:
    """Return every submission in these messages."""
    return [each for body in bodies for each in read(json.loads(body)).submissions]


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 1), (32, 1), (33, 2), (64, 2), (65, 3)])
def test_submissions_are_requeued_in_as_few_messages_as_allowed(count: int, expected: int) -> None:
    """One message has up to 32; more are split into halves. None is lost, and the order stays."""
    bodies = messages(DOCUMENT, many(count), "function", "event-1")
    assert len(bodies) == expected
    assert carried(bodies) == many(count)
    assert {json.dumps(json.loads(body)["data"]) for body in bodies} == {json.dumps(DOCUMENT)}


def test_messages_that_would_exceed_64_kib_are_split() -> None:
    """The attributes escape as badly as possible."""
    submissions = many(8, **dict.fromkeys(TRAVELLERS, "\U0001f600" * MAX_ATTRIBUTE_LENGTH))
    bodies = messages(DOCUMENT, submissions, "function", "event-1")
    assert len(bodies) > 1
    assert max(map(len, bodies)) <= MAX_MESSAGE_BYTES
    assert carried(bodies) == submissions


@pytest.mark.parametrize(("spare", "expected"), [(0, 1), (-1, 2)])
def test_message_of_exactly_64_kib_is_not_split(spare: int, expected: int) -> None:
    size = len(messages({"padding": ""}, many(2), "function", "event-1")[0])
    request = {"padding": "x" * (MAX_MESSAGE_BYTES - size - spare)}
    assert len(messages(request, many(2), "function", "event-1")) == expected


def test_single_submission_is_never_split() -> None:
    """The caller's send then fails."""
    (body,) = messages({"padding": "x" * MAX_MESSAGE_BYTES}, many(1), "function", "event-1")
    assert len(body) > MAX_MESSAGE_BYTES
