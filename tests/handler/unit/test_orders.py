"""Orders to the function: read strictly, refused in a sentence, and never found in a message of a queue."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.failures import Filter
from handler.inbound.envelope import parse
from handler.orders import DrainOrder, Misunderstood, Order, ReplayOrder, order_in

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)
ARGUMENTS = (
    "statuses",
    "codes",
    "requesters",
    "name",
    "olderThanSeconds",
    "newerThanSeconds",
    "set",
    "dryRun",
    "force",
    "most",
    "perSecond",
)
SECRET = "Sup3r-S3cret"


def control(order: object) -> dict[str, Any]:
    return {"control": order}


def timer(payload: object) -> dict[str, Any]:
    return {"triggerTime": "2026-11-23T08:00:00Z", "triggerName": "sweep", "payload": payload}


def why(event: object) -> str:
    order = order_in(event)
    assert isinstance(order, Misunderstood)
    return order.why


@pytest.mark.parametrize("queue", ["requests", "deadLetters"])
def test_a_queue_can_be_drained(queue: Any) -> None:
    assert order_in(control({"drain": queue})) == DrainOrder(queue)


def test_a_replay_without_arguments_is_a_dry_run_of_everything() -> None:
    """The careless order changes nothing."""
    expected = ReplayOrder(Filter(), edits={}, dry_run=True, force=False, most=100, per_second=50)
    assert order_in(control({"replay": {}})) == expected


def test_every_argument_of_a_replay_arrives() -> None:
    arguments = {
        "statuses": ["failed", "indeterminate"],
        "codes": ["RoleNotExist"],
        "requesters": ["lin.wei", "portal"],
        "name": "photos-*",
        "olderThanSeconds": 60,
        "newerThanSeconds": 0,
        "set": {"bucketRegion": "cn-shanghai"},
        "dryRun": False,
        "force": True,
        "most": 1000,
        "perSecond": 5,
    }
    assert order_in(control({"replay": arguments})) == ReplayOrder(
        Filter(
            statuses=frozenset({"failed", "indeterminate"}),
            codes=frozenset({"RoleNotExist"}),
            requesters=frozenset({"lin.wei", "portal"}),
            name="photos-*",
            older_than=timedelta(seconds=60),
            newer_than=timedelta(0),
        ),
        edits={"bucketRegion": "cn-shanghai"},
        dry_run=False,
        force=True,
        most=1000,
        per_second=5,
    )


def test_a_timer_gives_orders_in_its_payload() -> None:
    """As its text, in base64 too, for a console may encode it."""
    payload = json.dumps(control({"drain": "deadLetters"}))
    assert order_in(timer(payload)) == DrainOrder("deadLetters")


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        "control",
        None,
        [control({"drain": "requests"})],
        {"requestId": "REQ-1"},
        {"control": {"drain": "requests"}, "requestId": "REQ-1"},
        timer("not an order"),
        timer(control({"drain": "requests"})),  # FC's payload is a text
        {"payload": json.dumps(control({"drain": "requests"}))},
    ],
)
def test_anything_else_is_no_order(event: object) -> None:
    """But a request, right or wrong."""
    assert order_in(event) is None


def test_a_message_of_a_queue_holds_no_orders() -> None:
    """Whoever may send requests may not command the function, in whichever envelope the message arrives."""
    body = json.dumps(control({"drain": "requests"}))
    data = {"requestId": "R", "messageId": "M-1", "messageBody": body}
    event = {"specversion": "1.0", "id": "M-1", "source": "acs:mns", "type": "mns:Queue:SendMessage", "data": data}
    timed = {**data, "messageBody": json.dumps(timer(body))}
    for envelope in (event, [event], [json.dumps(event)], data, [data], [timed], timed):
        intake = parse(json.dumps(envelope).encode())
        assert intake.order is None
        assert [delivery.document for delivery in intake.deliveries] == [control({"drain": "requests"})]


@pytest.mark.parametrize(
    "order",
    [
        {},
        None,
        "drain",
        {"drain": "results"},
        {"drain": ["requests"]},
        {"drain": "requests", "replay": {}},
        {"replay": []},
        {"replay": None},
        {SECRET: 1},
    ],
)
def test_an_order_that_is_none_is_answered_with_those_there_are(order: object) -> None:
    assert why(control(order)) == "An order is one of: drain, with requests or deadLetters; replay, with an object."


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("statuses", ["succeeded"], "a list of failed and indeterminate, or one of them"),
        ("statuses", [], "a list of failed and indeterminate, or one of them"),
        ("statuses", ["failed"] * 51, "a list of failed and indeterminate, or one of them"),
        ("statuses", [["failed"]], "a list of failed and indeterminate, or one of them"),
        ("statuses", "failed", "a list of failed and indeterminate, or one of them"),
        ("codes", [], "a list of 1 to 50 texts of 1 to 128 characters"),
        ("codes", ["c"] * 51, "a list of 1 to 50 texts of 1 to 128 characters"),
        ("codes", ["c" * 129], "a list of 1 to 50 texts of 1 to 128 characters"),
        ("codes", [""], "a list of 1 to 50 texts of 1 to 128 characters"),
        ("codes", [1], "a list of 1 to 50 texts of 1 to 128 characters"),
        ("codes", "RoleNotExist", "a list of 1 to 50 texts of 1 to 128 characters"),
        ("requesters", {"lin": 1}, "a list of 1 to 50 texts of 1 to 128 characters"),
        ("name", "", "a pattern of 1 to 128 characters"),
        ("name", "n" * 129, "a pattern of 1 to 128 characters"),
        ("name", ["*"], "a pattern of 1 to 128 characters"),
        ("olderThanSeconds", -1, "a whole number from 0 to 31536000"),
        ("olderThanSeconds", 31_536_001, "a whole number from 0 to 31536000"),
        ("olderThanSeconds", 1.5, "a whole number from 0 to 31536000"),
        ("newerThanSeconds", "60", "a whole number from 0 to 31536000"),
        ("newerThanSeconds", None, "a whole number from 0 to 31536000"),
        ("set", ["bucketRegion=cn-shanghai"], "an object of request properties with texts as their new values"),
        ("set", {"name": "a", "bucketName": None}, "an object of request properties with texts as their new values"),
        ("dryRun", "false", "true or false"),
        ("dryRun", 0, "true or false"),
        ("force", None, "true or false"),
        ("most", 0, "a whole number from 1 to 1000"),
        ("most", 1001, "a whole number from 1 to 1000"),
        ("most", True, "a whole number from 1 to 1000"),
        ("perSecond", 0, "a whole number from 1 to 1000"),
        ("perSecond", 0.5, "a whole number from 1 to 1000"),
        ("perSecond", 1001, "a whole number from 1 to 1000"),
    ],
)
def test_a_wrong_argument_is_named_with_what_it_must_be(name: str, value: object, expected: str) -> None:
    assert why(control({"replay": {name: value}})) == f"The replay cannot be understood: {name} must be {expected}."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statuses", ["failed"]),
        ("statuses", ["failed"] * 50),
        ("codes", ["c"]),
        ("codes", ["c" * 128] * 50),
        ("name", "n" * 128),
        ("olderThanSeconds", 31_536_000),
        ("most", 1),
        ("most", 1000),
        ("set", {}),
        ("perSecond", 1),
        ("perSecond", 1000),
    ],
)
def test_an_argument_is_taken_up_to_its_bounds(name: str, value: object) -> None:
    assert isinstance(order_in(control({"replay": {name: value}})), ReplayOrder)


def test_every_problem_is_named_at_once_and_nothing_is_quoted() -> None:
    """A property that nobody knows is a stranger's text as much as a value is."""
    said = why(control({"replay": {"codes": SECRET, "dryRun": SECRET, SECRET: 1, "most": 0}}))
    for problem in (": codes must be", "; dryRun must be", "; most must be", "; it takes nothing but statuses, codes"):
        assert problem in said
    assert SECRET not in said


def test_an_order_that_says_a_thing_twice_is_refused() -> None:
    """Which of the two is meant, nobody can know."""
    event = b'{"control":{"replay":{"dryRun":true,"dryRun":false}}}'
    assert parse(event).order == Misunderstood("The order must not name a property twice.")
    payload = timer(event.decode())
    assert why(payload) == "The order must not name a property twice."


@given(st.dictionaries(st.sampled_from((*ARGUMENTS, "other")), JSON_VALUES, max_size=4))
def test_a_replay_is_understood_or_refused_in_a_sentence_whatever_it_holds(arguments: dict[str, Any]) -> None:
    order = order_in(control({"replay": arguments}))
    assert isinstance(order, ReplayOrder | Misunderstood)
    if isinstance(order, ReplayOrder):
        assert arguments.keys() <= set(ARGUMENTS)
        assert (order.dry_run, order.most) == (arguments.get("dryRun", True), arguments.get("most", 100))
    else:
        assert order.why.startswith("The ")


@given(JSON_VALUES)
def test_reading_an_order_never_raises(value: Any) -> None:
    assert order_in(value) is None
    order: Order | None = order_in(control(value))
    assert order is not None
