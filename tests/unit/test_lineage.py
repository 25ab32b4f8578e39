"""What travels with a request: out of a CloudEvent, into the message that sends it again, and out of that unchanged."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.lineage import LONGEST_ATTRIBUTE, MOST_GENERATIONS, SENT_AGAIN, Lineage, of_event, sent_again
from tests.unit.fakes import DOCUMENT

REPLAY_ID = "rp-0123456789ab"
TRAVELLERS = ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")
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
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=LONGEST_ATTRIBUTE),
)
lineages = st.builds(Lineage, attributes, st.integers(0, MOST_GENERATIONS), st.sampled_from(["", REPLAY_ID]))
nonsense = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def sent(lineage: Lineage, request: dict[str, Any] = DOCUMENT) -> dict[str, Any]:
    """The event that sends a request again."""
    event: dict[str, Any] = json.loads(sent_again(request, lineage, "function", "event-1"))
    return event


def event_of(**changes: object) -> dict[str, Any]:
    """An event of the type that sends requests again, but for `changes`."""
    return {"specversion": "1.0", "type": SENT_AGAIN, "data": DOCUMENT, **changes}


def test_the_first_time_source_and_id_of_the_requesters_event_become_where_it_all_began() -> None:
    """Under names of their own, since the event that carries the request on has a source and an id itself."""
    assert of_event(OF_THE_REQUESTER) == Lineage(CARRIED, generation=0, replay_id="")


def test_later_they_are_taken_as_they_are() -> None:
    """Else the second run would name the function as where the request came from."""
    again = sent(Lineage(CARRIED, generation=3))
    assert (again["source"], again["id"]) == ("function", "event-1")
    assert of_event(again) == Lineage(CARRIED, generation=3)


def test_what_is_sent_again_is_an_event_with_the_complete_request() -> None:
    """By the contract, to the letter."""
    assert sent(Lineage(CARRIED, generation=1, replay_id=REPLAY_ID)) == {
        "specversion": "1.0",
        "id": "event-1",
        "source": "function",
        "type": "expresssync.provision.requested.v1",
        "datacontenttype": "application/json",
        **CARRIED,
        "generation": 1,
        "replayid": REPLAY_ID,
        "data": DOCUMENT,
    }


def test_what_is_no_replay_says_nothing_of_one() -> None:
    """An empty id would be one."""
    assert "replayid" not in sent(Lineage(generation=1))


@given(lineage=lineages, texts=st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4))
def test_lineage_and_request_survive_any_number_of_generations(lineage: Lineage, texts: dict[str, Any]) -> None:
    """Each reads from the last what that read from the first; nothing wears off."""
    for _ in range(3):
        text = sent_again(texts, lineage, "function", "event-1")
        assert text.isascii()
        assert text.isprintable()
        event = json.loads(text)
        assert (of_event(event), event["data"]) == (lineage, texts)
        lineage = of_event(event)


@pytest.mark.parametrize("generation", [-1, MOST_GENERATIONS + 1, 10**30, True, 1.0, "1", None, [1], {}])
def test_a_generation_that_makes_no_sense_is_the_first(generation: object) -> None:
    """Whoever sends such an event gets the retries of everybody."""
    assert of_event(event_of(generation=generation)).generation == 0


@pytest.mark.parametrize("generation", [0, 1, MOST_GENERATIONS])
def test_a_generation_within_bounds_is_taken(generation: int) -> None:
    """Up to the limit."""
    assert of_event(event_of(generation=generation)).generation == generation


@pytest.mark.parametrize("replay_id", ["", "r" * 65, "has\nline", "\ud800", 17, None, True, ["rp-1"], {}])
def test_a_replay_id_that_cannot_be_shown_is_none(replay_id: object) -> None:
    """It would stand in every outcome."""
    assert of_event(event_of(replayid=replay_id)).replay_id == ""


def test_a_replay_id_is_taken_up_to_its_limit() -> None:
    """64 characters."""
    assert of_event(event_of(replayid="r" * 64)).replay_id == "r" * 64


@pytest.mark.parametrize("type_", ["com.example.request", "expresssync.provision.requested.v2", None, 7, [SENT_AGAIN]])
def test_only_its_own_type_makes_an_event_one_that_was_sent_again(type_: object) -> None:
    """Extensions of the same name on somebody's event are not ours."""
    event = {**OF_THE_REQUESTER, "type": type_, "generation": 5, "replayid": REPLAY_ID, "requestsource": "/forged"}
    assert of_event(event) == Lineage(CARRIED)


@given(event=st.dictionaries(st.sampled_from([*TRAVELLERS, "id", "source", "generation", "replayid"]), nonsense))
@pytest.mark.parametrize("type_", ["com.example.request", SENT_AGAIN])
def test_no_attributes_whatever_make_it_raise(type_: str, event: dict[str, Any]) -> None:
    """And what is taken of them can be shown and sent again."""
    lineage = of_event({**event, "type": type_})
    assert lineage.attributes.keys() <= set(TRAVELLERS)
    assert all(0 < len(text) <= LONGEST_ATTRIBUTE and text.isprintable() for text in lineage.attributes.values())
    assert of_event(sent(lineage)) == lineage
