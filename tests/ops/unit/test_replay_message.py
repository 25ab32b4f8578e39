"""Failures, the filter for them, and the messages that replay them."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from express_sync.ops.replay.failures import UNDECIDED, Failure, Filter, NotAFailure, dead_letter, read
from express_sync.ops.replay.message import Refusal, Replay, replay, wrong_edits
from handler.inbound.envelope import parse
from handler.inbound.request_event import MAX_ATTRIBUTE_LENGTH
from handler.model import MAX_MESSAGE_BYTES, Violation
from tests.support.checkout import OUTCOMES

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=timezone.utc)
REQUEST = {
    "requestId": "R-1",
    "name": "design",
    "bucketName": "assets",
    "bucketRegion": "cn-hangzhou",
    "requester": "lin",
}
SAMPLE = json.loads((OUTCOMES / "failed.json").read_bytes())


def outcome(
    status: str = "failed", retryable: object = True, request: object = REQUEST, **event: object
) -> dict[str, Any]:
    error = {"code": "AssumeRoleFail", "message": "m", "retryable": retryable, "hint": "h"}
    data = {"requestId": "R-1", "status": status, "error": error, "request": request}
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "function",
        "type": f"expresssync.provision.{status}.v1",
        "time": "2026-11-23T08:00:00.540Z",
        "data": data,
        **event,
    }


def failure(**changes: Any) -> Failure:
    found = read(json.dumps(outcome(**changes)))
    assert isinstance(found, Failure)
    return found


def sent(message: Replay | Refusal) -> dict[str, Any]:
    assert isinstance(message, Replay)
    event: dict[str, Any] = json.loads(message.body)
    return event


@pytest.mark.parametrize("name", ["failed", "indeterminate"])
def test_sample_of_a_failure_is_read_completely(name: str) -> None:
    """It has everything that filters and replays need."""
    event = json.loads((OUTCOMES / f"{name}.json").read_bytes())
    found = read(json.dumps(event))
    assert isinstance(found, Failure)
    assert (found.status, found.code) == (name, event["data"]["error"]["code"])
    assert found.retryable is event["data"]["error"]["retryable"]
    assert (found.request, found.request_id) == (event["data"]["request"], event["subject"])
    assert found.occurred_at == datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    assert found.event == event
    assert found.identity == f"{event['source']} {event['id']}"


@pytest.mark.parametrize("digits", range(1, 10))
def test_failure_written_by_another_library_is_read(digits: int) -> None:
    """Its time may have up to nine fraction digits, on every Python, and its absent members may be null."""
    time = f"2026-11-23T08:00:00.{'123456789'[:digits]}Z"
    found = failure(time=time, data_base64=None, correlationid=None)
    assert found.occurred_at == NOW - timedelta(hours=1) + timedelta(microseconds=int(f"{'123456'[:digits]:0<6}"))
    assert found.attributes == {}


@pytest.mark.parametrize("name", ["succeeded", "rejected", "deferred"])
def test_other_sample_outcome_is_not_a_failure(name: str) -> None:
    """The reason names its status, and it is not unreadable."""
    found = read((OUTCOMES / f"{name}.json").read_text())
    assert isinstance(found, NotAFailure)
    assert (name in found.why, found.is_unreadable) == (True, False)


NO_OUTCOME = "is not an outcome"
UNREADABLE: list[tuple[str, str, str]] = [
    ("not JSON", "nonsense", NO_OUTCOME),
    ("no object", "[1]", NO_OUTCOME),
    ("a request", json.dumps(REQUEST), NO_OUTCOME),
    ("another event", json.dumps(outcome(type="com.example.failed.v1")), NO_OUTCOME),
    (
        "another status than its type",
        json.dumps(outcome(type="expresssync.provision.succeeded.v1")),
        NO_OUTCOME,
    ),
    ("an unknown status", json.dumps(outcome(status="exploded")), NO_OUTCOME),
    (
        "a status that is a list",
        json.dumps(outcome(type="expresssync.provision.[].v1", data={"status": []})),
        NO_OUTCOME,
    ),
    ("data that is text", json.dumps(outcome(data="x")), NO_OUTCOME),
    ("no data", json.dumps({"type": "expresssync.provision.None.v1"}), NO_OUTCOME),
    ("no id", json.dumps(outcome(id=None)), NO_OUTCOME),
    ("no source", json.dumps(outcome(source=7)), NO_OUTCOME),
    ("no time", json.dumps(outcome(time="yesterday")), NO_OUTCOME),
    ("too deep", "[" * 5000 + "]" * 5000, NO_OUTCOME),
    ("a key twice", '{"id":"1",' + json.dumps(outcome())[1:], NO_OUTCOME),
    ("too large", json.dumps(outcome(padding="x" * MAX_MESSAGE_BYTES)), NO_OUTCOME),
    ("no request", json.dumps(outcome(request=None)), "contains no request"),
    ("a request that is text", json.dumps(outcome(request="x")), "contains no request"),
]


@pytest.mark.parametrize(("text", "why"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_invalid_outcome_is_unreadable(text: str, why: str) -> None:
    """The reason continues a sentence that begins with its place."""
    assert read(text) == NotAFailure(why, is_unreadable=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_reader_accepts_any_json(value: object) -> None:
    """Any value may be anywhere in an outcome."""
    assert isinstance(read(json.dumps(value)), NotAFailure)
    for key in ("data", "time", "id", "source", "type", "correlationid"):
        assert isinstance(read(json.dumps({**outcome(), key: value})), Failure | NotAFailure)
    for key in ("error", "request", "status"):
        broken = {**outcome()["data"], key: value}
        assert isinstance(read(json.dumps(outcome(data=broken))), Failure | NotAFailure)


@pytest.mark.parametrize("error", [None, "x", {}, {"retryable": "yes"}, {"retryable": 1}])
def test_error_is_terminal_unless_marked_as_retryable(error: object) -> None:
    """In doubt a request is not sent again."""
    assert failure(data={**outcome()["data"], "error": error}).is_terminal


@pytest.mark.parametrize(
    ("status", "retryable", "is_terminal"),
    [("failed", False, True), ("failed", True, False), ("indeterminate", False, False), ("indeterminate", True, False)],
)
def test_indeterminate_outcome_is_never_terminal(status: str, retryable: bool, is_terminal: bool) -> None:
    """Only another attempt can tell whether the group exists."""
    assert failure(status=status, retryable=retryable).is_terminal is is_terminal


def test_time_without_zone_is_read_as_utc() -> None:
    """The age of every failure can be computed."""
    eight = datetime(2026, 11, 23, 8, tzinfo=timezone.utc)
    for time in ("2026-11-23T08:00:00", "2026-11-23T08:00:00Z", "2026-11-23T10:00:00+02:00"):
        assert failure(time=time).occurred_at == eight


def test_error_without_a_code_has_an_empty_code() -> None:
    """No code is made up."""
    assert failure(data={**outcome()["data"], "error": {"retryable": True}}).code == ""


def test_failed_replay_has_its_replay_id() -> None:
    """A first failure and a dead letter have none."""
    again = failure(data={**outcome()["data"], "replayId": "rp-0123456789ab"})
    assert (again.replay_id, failure().replay_id) == ("rp-0123456789ab", "")
    assert letter().replay_id == ""


def letter(document: object = REQUEST, attributes: Mapping[str, str] | None = None) -> Failure:
    found = dead_letter("M-1 M-1", document, attributes or {}, NOW)
    assert isinstance(found, Failure)
    return found


def test_dead_letter_is_an_undecided_failure() -> None:
    """It may always be replayed, and keeps the attributes of its delivery."""
    found = letter(attributes={"correlationid": "order-1"})
    assert (found.status, found.code, found.is_terminal, found.occurred_at) == (UNDECIDED, "", False, NOW)
    assert (found.identity, found.retryable) == ("M-1 M-1", True)
    assert (found.request, found.attributes, found.event) == (REQUEST, {"correlationid": "order-1"}, {})


@pytest.mark.parametrize("document", [None, "x", [REQUEST], 7])
def test_dead_letter_without_an_object_is_unreadable(document: object) -> None:
    """The message has no request that could be edited."""
    assert dead_letter("M-1 M-1", document, {}, NOW) == NotAFailure("contains no request")


OLD = timedelta(minutes=60)
MATCHES: list[tuple[Filter, bool]] = [
    (Filter(), True),
    (Filter(statuses=frozenset({"failed"})), True),
    (Filter(statuses=frozenset({"indeterminate"})), False),
    (Filter(statuses=frozenset({"indeterminate", "failed"})), True),
    (Filter(codes=frozenset({"AssumeRoleFail"})), True),
    (Filter(codes=frozenset({"AssumeRole"})), False),
    (Filter(requesters=frozenset({"lin"})), True),
    (Filter(requesters=frozenset({"Lin"})), False),
    (Filter(name="des*"), True),
    (Filter(name="DES*"), False),
    (Filter(name="sign"), False),
    (Filter(older_than=timedelta(minutes=59)), True),
    (Filter(older_than=OLD), False),
    (Filter(newer_than=timedelta(minutes=61)), True),
    (Filter(newer_than=OLD), False),
    (Filter(codes=frozenset({"AssumeRoleFail"}), name="x*"), False),
]


@pytest.mark.parametrize(("chosen", "is_meant"), MATCHES)
def test_filter_requires_all_its_conditions(chosen: Filter, is_meant: bool) -> None:
    """An hour is neither older nor newer than an hour."""
    assert chosen.matches(failure(time="2026-11-23T08:00:00Z"), NOW) is is_meant


@pytest.mark.parametrize("request_", [{}, {"requester": ["lin"], "name": None}, {"requester": {}, "name": 7}], ids=str)
def test_filter_accepts_requests_with_any_values(request_: dict[str, Any]) -> None:
    """Values of a wrong type match no name and no requester."""
    strange = failure(request=request_)
    assert not Filter(requesters=frozenset({"lin"})).matches(strange, NOW)
    assert not Filter(name="design").matches(strange, NOW)
    assert Filter().matches(strange, NOW)


def test_missing_name_does_not_match_a_pattern() -> None:
    """A missing name is treated as empty."""
    assert not Filter(name="?*").matches(failure(request={}), NOW)


def test_replay_keeps_request_identity_and_correlation() -> None:
    """The event starts at generation 0 and carries the attributes of the outcome."""
    carried = {
        name: f"{name} 1" for name in ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")
    }
    message = replay(failure(**carried, other="x"), {}, force=False)
    event = sent(message)
    assert isinstance(message, Replay)
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "/express-sync/replay",
        "type": "expresssync.provision.requested.v1",
        "datacontenttype": "application/json",
        "generation": 0,
        "replayid": message.replay_id,
        **carried,
        "data": REQUEST,
    }
    assert message.request_id == "R-1"
    assert message.replay_id == f"rp-{event['id'][:12]}"
    assert len(event["id"]) == 32
    assert message.body.isascii()
    assert ": " not in message.body


def test_function_reads_the_same_request_from_a_replay() -> None:
    """Characters of any script are preserved."""
    request = {**REQUEST, "description": "组 \U0001f600 <&>\n"}
    message = replay(failure(request=request), {}, force=False)
    (delivery,) = parse(json.dumps({"messageId": "M-1", "messageBody": json.dumps(sent(message))}).encode()).deliveries
    assert (delivery.document, delivery.violations) == (request, ())


@pytest.mark.parametrize(
    "value",
    ["x" * (MAX_ATTRIBUTE_LENGTH + 1), 7, "", "line\nbreak", "escape\x1b[31m", "\u202eleft"],
    ids=["too long", "a number", "empty", "a line break", "an escape sequence", "a text direction"],
)
def test_unusable_attribute_is_not_carried(value: object) -> None:
    """The function would not read it either, so the replay and its outcome agree."""
    found = failure(correlationid=value)
    assert found.attributes == {}
    assert "correlationid" not in sent(replay(found, {}, force=False))


def test_longest_attribute_is_carried() -> None:
    """The limit is the same as for a deferred request."""
    longest = "x" * MAX_ATTRIBUTE_LENGTH
    assert sent(replay(failure(correlationid=longest), {}, force=False))["correlationid"] == longest


def test_replay_id_depends_on_failure_and_edits() -> None:
    """A second run after a crash repeats the same messages."""
    first = replay(failure(), {}, force=False)
    assert replay(failure(), {}, force=True) == first
    others = [
        replay(failure(id="e-2"), {}, force=False),
        replay(failure(source="other"), {}, force=False),
        replay(failure(), {"bucketRegion": "cn-shanghai"}, force=False),
        replay(letter(), {}, force=False),
    ]
    ids = {message.replay_id for message in (first, *others) if isinstance(message, Replay)}
    assert len(ids) == 5


def test_replay_id_ignores_the_order_of_properties() -> None:
    """A queue may return the same outcome with another order of keys."""
    backwards = dict(reversed(REQUEST.items()))
    messages = [replay(failure(request=each), {}, force=False) for each in (REQUEST, backwards)]
    assert len({message.replay_id for message in messages if isinstance(message, Replay)}) == 1


def test_terminal_error_is_refused_unless_forced() -> None:
    """An edit alone does not change that."""
    terminal = failure(retryable=False)
    assert replay(terminal, {}, force=False) == Refusal()
    assert replay(terminal, {"bucketRegion": "cn-shanghai"}, force=False) == Refusal()
    assert sent(replay(terminal, {}, force=True))["data"] == REQUEST


def test_edit_replaces_and_adds_properties() -> None:
    """Other properties stay as they are."""
    event = sent(replay(failure(), {"bucketRegion": "cn-shanghai", "description": ""}, force=False))
    assert event["data"] == {**REQUEST, "bucketRegion": "cn-shanghai", "description": ""}


def test_invalid_request_is_refused_with_all_violations() -> None:
    """An edit may correct it; --force does not."""
    broken = letter({**REQUEST, "name": "1st", "extra": 1})
    message = replay(broken, {}, force=True)
    assert isinstance(message, Refusal)
    assert [violation.path for violation in message.violations] == ["$.extra", "$.name"]
    incomplete = letter({key: value for key, value in REQUEST.items() if key != "bucketRegion"})
    assert sent(replay(incomplete, {"bucketRegion": "cn-beijing"}, force=False))["data"]["bucketRegion"] == "cn-beijing"


def test_invalid_edit_is_detected_without_a_request() -> None:
    """Properties that are missing in the edits alone are not violations."""
    assert wrong_edits({}) == ()
    assert wrong_edits({"bucketRegion": "cn-hangzhou"}) == ()
    assert [(each.path, each.rule) for each in wrong_edits({"bucketRegion": "China", "nmae": "x"})] == [
        ("$.bucketRegion", "pattern"),
        ("$.nmae", "additionalProperties"),
    ]


def test_request_id_cannot_be_edited() -> None:
    """Another requestId would be another request."""
    only = Violation("$.requestId", "identity", "identifies the request and cannot be changed")
    assert wrong_edits({"requestId": "R-2", "name": "1st"}) == (only,)


@given(st.text(max_size=255), st.text(max_size=128), st.text(max_size=1023))
def test_replay_message_is_far_below_the_size_limit(description: str, requester: str, prefix: str) -> None:
    """This holds for every valid request."""
    request = {**REQUEST, "description": description, "requester": requester, "bucketPrefix": prefix}
    message = replay(failure(request=request, correlationid="x" * MAX_ATTRIBUTE_LENGTH), {}, force=False)
    if isinstance(message, Replay):
        assert len(message.body) < MAX_MESSAGE_BYTES / 2
