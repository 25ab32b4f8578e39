"""Control commands are parsed strictly, refused with a sentence, never found in a queue's message, and run."""

import base64
import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.config import settings
from handler.control import Command, ControlDispatcher, DrainCommand, InvalidCommand, parse
from handler.inbound import envelope
from handler.inbound.strict_json import read_bytes
from handler.outcome import Outcome
from handler.smq.client import Smq, SmqError
from handler.smq.senders import MAX_CALL_SECONDS
from tests.support.clock import ManualClock
from tests.support.fake_smq import FakeSmq
from tests.support.samples import DEADLINES

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)
SECRET = "Sup3r-S3cret"
QUEUES = {
    "EXPRESS_SYNC_RESULT_TOPIC": "outcomes",
    "EXPRESS_SYNC_MNS_ENDPOINT": "https://mns.example",
    "EXPRESS_SYNC_REQUEST_QUEUE": "requests",
    "EXPRESS_SYNC_DEAD_LETTER_QUEUE": "letters",
}


def control(command: object) -> dict[str, Any]:
    return {"control": command}


def timer(payload: object) -> dict[str, Any]:
    return {"triggerTime": "2026-11-23T08:00:00Z", "triggerName": "sweep", "payload": payload}


def why(event: object) -> str:
    command = parse(event)
    assert isinstance(command, InvalidCommand)
    return command.why


@pytest.mark.parametrize("queue", ["requests", "deadLetters"])
def test_drain_command_is_parsed(queue: Any) -> None:
    assert parse(control({"drain": queue})) == DrainCommand(queue)


@pytest.mark.parametrize("encoded", [False, True])
def test_command_of_a_timer_is_parsed(encoded: bool) -> None:
    """Function Compute passes a timer's payload as text, which may be in base64."""
    payload = json.dumps(control({"drain": "deadLetters"}))
    if encoded:
        payload = base64.b64encode(payload.encode()).decode()
    assert parse(timer(payload)) == DrainCommand("deadLetters")


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
        timer("not a command"),
        timer(control({"drain": "requests"})),  # FC's payload is a text
        {"payload": json.dumps(control({"drain": "requests"}))},
    ],
)
def test_other_events_are_not_commands(event: object) -> None:
    assert parse(event) is None


def test_message_of_a_queue_is_never_a_command() -> None:
    """A sender of requests must not control the function, in any envelope."""
    body = json.dumps(control({"drain": "requests"}))
    data = {"requestId": "R", "messageId": "M-1", "messageBody": body}
    event = {"specversion": "1.0", "id": "M-1", "source": "acs:mns", "type": "mns:Queue:SendMessage", "data": data}
    timed = {**data, "messageBody": json.dumps(timer(body))}
    for value in (event, [event], [json.dumps(event)], data, [data], [timed], timed):
        assert parse(value) is None
        deliveries = envelope.parse(json.dumps(value).encode()).deliveries
        assert [delivery.document for delivery in deliveries] == [control({"drain": "requests"})]


@pytest.mark.parametrize(
    "command",
    [{}, None, "drain", {"drain": "results"}, {"drain": ["requests"]}, {"drain": "requests", "x": {}}, {SECRET: 1}],
)
def test_invalid_command_is_answered_with_the_valid_ones(command: object) -> None:
    assert why(control(command)) == "A command is: drain, with requests or deadLetters."


@pytest.mark.parametrize("arguments", [{}, None, {"codes": [SECRET]}])
def test_replay_command_is_refused_with_the_command_to_use(arguments: object) -> None:
    said = "The function does not replay failures. Use the command: express-sync replay."
    assert why(control({"replay": arguments})) == said


def test_all_violations_of_a_command_are_named() -> None:
    event = '{"control":{"drain":"requests","drain":"\\ud800"}}'
    said = "The command must not name a property twice and must not hold half of a surrogate pair."
    assert why(read_bytes(event.encode())) == said


def test_command_with_a_repeated_property_is_refused() -> None:
    event = '{"control":{"drain":"requests","drain":"deadLetters"}}'
    assert why(read_bytes(event.encode())) == "The command must not name a property twice."
    assert why(timer(event)) == "The command must not name a property twice."


@given(JSON_VALUES)
def test_parsing_a_command_never_raises(value: Any) -> None:
    assert parse(value) is None
    command: Command | None = parse(control(value))
    assert command is not None


def dispatcher(smq: FakeSmq, clock: ManualClock, **environment: str) -> ControlDispatcher:
    """Return the dispatcher of a function with these settings, whose pipeline publishes everything."""
    published = Outcome.of("succeeded", {})
    return ControlDispatcher(
        settings({**QUEUES, **environment}), cast(Smq, smq), lambda deliveries, _: [published] * len(deliveries), clock
    )


def test_drain_is_answered_with_counts(clock: ManualClock) -> None:
    smq = FakeSmq(clock)
    smq.put("letters", "garbage")
    smq.put("requests", "garbage", "garbage")
    run = dispatcher(smq, clock).run
    assert run(DrainCommand("deadLetters"), DEADLINES) == {"finished": 1, "left": 0}
    assert run(DrainCommand("requests"), DEADLINES) == {"finished": 2, "left": 0}
    assert (smq.left_in("letters"), smq.left_in("requests")) == ([], [])
    assert smq.calls_of("with_timeout") == [MAX_CALL_SECONDS] * 2


def test_drain_that_ends_early_is_answered_with_the_code(clock: ManualClock) -> None:
    smq = FakeSmq(clock)
    smq.fail("receive", SmqError("AccessDenied", transient=False))
    answer = dispatcher(smq, clock).run(DrainCommand("requests"), DEADLINES)
    assert answer == {"finished": 0, "left": 0, "code": "AccessDenied"}


def test_invalid_command_is_refused_with_its_explanation(clock: ManualClock) -> None:
    smq = FakeSmq(clock)
    assert dispatcher(smq, clock).run(InvalidCommand("It is wrong."), DEADLINES) == {"refused": "It is wrong."}
    assert smq.calls == []


@pytest.mark.parametrize(
    ("command", "setting"),
    [(DrainCommand("requests"), "REQUEST_QUEUE"), (DrainCommand("deadLetters"), "DEAD_LETTER_QUEUE")],
)
def test_drain_without_its_setting_is_refused(command: Command, setting: str, clock: ManualClock) -> None:
    smq = FakeSmq(clock)
    answer = dispatcher(smq, clock, **{f"EXPRESS_SYNC_{setting}": ""}).run(command, DEADLINES)
    assert answer == {"refused": f"The function needs the setting EXPRESS_SYNC_{setting} for that."}
    assert smq.calls == []
