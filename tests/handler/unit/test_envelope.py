"""Every envelope of a trigger becomes deliveries, one for each message, also for garbage, and parsing never raises."""

import base64
import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.envelope import MAX_LAYERS, Delivery, Intake, parse, parse_message
from handler.inbound.request_event import (
    MAX_ATTRIBUTE_LENGTH,
    MAX_GENERATIONS,
    MAX_ID_LENGTH,
    TYPE,
    Lineage,
    encode,
)
from handler.inbound.strict_json import Unreadable, read_body
from handler.model import MAX_MESSAGE_BYTES
from tests.support.samples import DOCUMENT

TEXT = json.dumps(DOCUMENT)
BASE64 = base64.b64encode(TEXT.encode()).decode()


def queue_event(body: object, message_id: object = "M-1", event_id: str = "E-1") -> dict[str, Any]:
    """Return a CloudEvent of a queue trigger, as logged by an official sample."""
    return {
        "id": event_id,
        "source": "acs:mns",
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "datacontenttype": "application/json; charset=utf-8",
        "time": "2021-04-08T06:28:17.093Z",
        "subject": "acs:mns:cn-hangzhou:164901546557:queues/zeus",
        "aliyunaccountid": "164901546557",
        "data": {"requestId": "606EA307", "messageId": message_id, "messageBody": body},
    }


def raw(body: object, message_id: object = "M-1") -> dict[str, Any]:
    """Return an event of the schema RawData: the data of a queue event alone."""
    return {"requestId": "606EA307", "messageId": message_id, "messageBody": body}


def topic_json(message: object, **attributes: str) -> dict[str, Any]:
    """Return a topic notification in the format JSON, with attributes beside."""
    return {
        "TopicOwner": "118620210433",
        "Message": message,
        "Subscriber": "118620210433",
        "PublishTime": 1550216480040,
        "SubscriptionName": "test",
        "MessageMD5": "BA4B",
        "TopicName": "test-topic",
        "MessageId": "M-1",
        **attributes,
    }


def timer(payload: object) -> dict[str, Any]:
    """Return a timer trigger's event."""
    return {"triggerTime": "2023-12-26T07:49:00Z", "triggerName": "nightly", "payload": payload}


def record(payload: object) -> dict[str, Any]:
    """Return the record of a failed asynchronous call at its destination."""
    return {
        "timestamp": 1660120276975,
        "requestContext": {"requestId": "FC-1", "condition": "FunctionResourceExhausted", "approximateInvokeCount": 3},
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "functionError": ""},
        "responsePayload": "",
    }


def own_event(data: object, **attributes: object) -> dict[str, Any]:
    """Return the request in a CloudEvent of the requester."""
    return {"specversion": "1.0", "id": "evt-9", "source": "/portal", "type": "request", "data": data, **attributes}


def parsed(event: object) -> Intake:
    """Return the intake of an event, given as a JSON value."""
    return parse(json.dumps(event).encode())


def only(intake: Intake) -> Delivery:
    """Return the only delivery."""
    (delivery,) = intake.deliveries
    return delivery


def rules(delivery: Delivery) -> list[str]:
    """Return the rules that a delivery's text breaks."""
    return [violation.rule for violation in delivery.violations]


SINGLE: list[tuple[str, object, str, bool]] = [
    ("queue event", queue_event(TEXT), "M-1", False),
    ("queue event, base64", queue_event(BASE64), "M-1", False),
    ("queue event, unpadded base64", queue_event(BASE64.rstrip("=")), "M-1", False),
    ("queue event, body as an object", queue_event(DOCUMENT), "M-1", False),
    ("queue event without a message id", queue_event(TEXT, message_id=""), "E-1", False),
    ("queue events", [queue_event(TEXT)], "M-1", False),
    ("queue events as strings, until 2023", [json.dumps(queue_event(TEXT))], "M-1", False),
    ("raw data", raw(TEXT), "M-1", False),
    ("raw data, base64", raw(BASE64), "M-1", False),
    ("raw data in a list", [raw(TEXT)], "M-1", False),
    ("topic, JSON", topic_json(TEXT), "M-1", False),
    ("topic, JSON with attributes", topic_json(TEXT, Extend="{}"), "M-1", False),
    ("timer", timer(TEXT), "nightly@2023-12-26T07:49:00Z", False),
    ("record of a bare call", record(TEXT), "sha256-", False),
    ("record of a queue event", record(json.dumps(queue_event(TEXT))), "M-1", False),
    ("record of a queue event, payload as an object", record(queue_event(TEXT)), "M-1", False),
    ("record of a batch", record(json.dumps([queue_event(TEXT)])), "M-1", False),
    ("record in base64", record(BASE64), "sha256-", False),
    ("topic, STREAM with attributes", {"body": TEXT, "attrs": {"Extend": "{}"}}, "sha256-", False),
    ("dead letter: event in a body", queue_event(json.dumps(queue_event(TEXT)), "M-0"), "M-1", False),
    ("dead letter: batch in a body", queue_event(json.dumps([queue_event(TEXT)]), "M-0"), "M-1", False),
    ("dead letter: record in a body", queue_event(json.dumps(record(TEXT)), "M-0"), "M-0", False),
    (
        "dead letter: record with a batch in a body",
        queue_event(json.dumps(record(json.dumps([queue_event(TEXT)]))), "M-0"),
        "M-1",
        False,
    ),
    ("own event in a body", queue_event(json.dumps(own_event(DOCUMENT))), "M-1", False),
    ("own event, data in base64", own_event(None, data_base64=BASE64), "sha256-", True),
    ("own event, data as text", own_event(TEXT), "sha256-", True),
    ("own event, direct", own_event(DOCUMENT), "sha256-", True),
    ("direct", DOCUMENT, "sha256-", True),
]


@pytest.mark.parametrize(("event", "message_id", "direct"), [row[1:] for row in SINGLE], ids=[row[0] for row in SINGLE])
def test_every_envelope_yields_its_request(event: object, message_id: str, direct: bool) -> None:
    """The delivery has the id of the innermost message, and it is known whether a caller waits for the outcome."""
    intake = parsed(event)
    delivery = only(intake)
    assert (delivery.document, delivery.violations) == (DOCUMENT, ())
    assert delivery.message_id.startswith(message_id)
    assert intake.direct is direct


@pytest.mark.parametrize("event", [BASE64.encode(), BASE64.rstrip("=").encode(), b"  " + BASE64.encode() + b"\n"])
def test_bare_text_in_base64_is_a_request(event: bytes) -> None:
    """A topic's STREAM format and a console test send such a text."""
    assert only(parse(event)).document == DOCUMENT


def test_batch_with_garbage_yields_all_messages_in_order() -> None:
    bodies = [json.dumps({**DOCUMENT, "requestId": f"REQ-{number}"}) for number in range(16)]
    bodies[7] = "garbage"
    deliveries = parsed([queue_event(body, f"M-{number}") for number, body in enumerate(bodies)]).deliveries
    assert [delivery.message_id for delivery in deliveries] == [f"M-{number}" for number in range(16)]
    assert [number for number, delivery in enumerate(deliveries) if delivery.violations] == [7]
    assert deliveries[7].document is None
    assert deliveries[8].document["requestId"] == "REQ-8"


@pytest.mark.parametrize("event", [b"[]", b" [ ] "])
def test_empty_batch_has_no_deliveries(event: bytes) -> None:
    """No caller waits for an outcome."""
    assert parse(event) == Intake((), direct=False)


@pytest.mark.parametrize(
    "element", [None, 17, True, [], {}, "text", "", [1], [[]], {"data": None}, {"specversion": "1.0"}]
)
def test_unknown_element_of_a_batch_is_still_a_delivery(element: object) -> None:
    """Every message gets a verdict."""
    delivery = only(parsed([element]))
    assert delivery.message_id.startswith("sha256-")


def test_dead_lettered_batch_is_split_into_its_messages() -> None:
    """Each message has its own id, or else one derived from the id of the dead letter."""
    batch = [queue_event(TEXT, "M-1"), raw("garbage", ""), queue_event(TEXT, "M-3")]
    deliveries = parsed(queue_event(json.dumps(batch), "M-0")).deliveries
    assert [delivery.message_id for delivery in deliveries] == ["M-1", "M-0", "M-3"]
    assert [rules(delivery) for delivery in deliveries] == [[], ["json"], []]


@pytest.mark.parametrize("body", [[], [DOCUMENT], [queue_event(TEXT), DOCUMENT], [1, 2]])
def test_list_that_is_not_a_batch_is_one_invalid_document(body: list[object]) -> None:
    delivery = only(parsed(queue_event(json.dumps(body))))
    assert (delivery.message_id, delivery.document) == ("M-1", body)


def layered(layers: int) -> object:
    """Return the request in so many nested queue events."""
    content: object = DOCUMENT
    for layer in range(layers, 0, -1):
        content = queue_event(json.dumps(content), f"M-{layer}")
    return content


@pytest.mark.parametrize(
    "event",
    [
        json.dumps(layered(MAX_LAYERS)).encode(),
        json.dumps([layered(MAX_LAYERS)]).encode(),
        base64.b64encode(json.dumps(layered(MAX_LAYERS)).encode()),
    ],
    ids=["alone", "in a batch", "in base64"],
)
def test_nested_envelopes_are_opened_up_to_the_bound(event: bytes) -> None:
    """The delivery has the innermost id."""
    delivery = only(parse(event))
    assert (delivery.document, delivery.message_id) == (DOCUMENT, f"M-{MAX_LAYERS}")


def test_received_message_has_the_same_bound_of_nesting() -> None:
    (delivery,) = parse_message("M-0", json.dumps(layered(MAX_LAYERS)))
    assert (delivery.document, delivery.message_id) == (DOCUMENT, f"M-{MAX_LAYERS}")


def test_envelopes_beyond_the_bound_are_not_opened() -> None:
    """Their content is a document that the contract refuses."""
    delivery = only(parsed(layered(MAX_LAYERS + 1)))
    assert delivery.message_id == f"M-{MAX_LAYERS}"
    assert delivery.document == {"requestId": "606EA307", "messageId": f"M-{MAX_LAYERS + 1}", "messageBody": TEXT}


@pytest.mark.parametrize("wrap", [queue_event, raw, topic_json, timer, record], ids=lambda wrap: wrap.__name__)
def test_request_sent_again_is_not_opened_as_an_envelope(wrap: Callable[[object], Any]) -> None:
    """It was decided on as it is: with other layers it would be another request under another id."""
    envelope, lineage = wrap(TEXT), Lineage(submission_id="S-1")
    (delivery,) = parse_message("M-9", encode(envelope, lineage, "test", "E-9"))
    assert (delivery.document, delivery.content, delivery.lineage) == (envelope, envelope, lineage)


@pytest.mark.parametrize("wrap", [queue_event, raw, topic_json, timer, record], ids=lambda wrap: wrap.__name__)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("garbage", ["json"]),
        ("", ["json"]),
        ("[" * 60_000, ["json"]),
        ("[" * 40 + "]" * 40, ["maxDepth"]),
        ('{"a": 1, "a": 2}', ["uniqueKeys"]),
        ('{"a": "\\ud800"}', ["unicode"]),
        ("1" * 5000, ["json"]),
        (" " * MAX_MESSAGE_BYTES + "1", ["maxBytes"]),
    ],
    ids=lambda value: str(value)[:10],
)
def test_unreadable_body_is_an_invalid_delivery(wrap: Callable[[str], object], body: str, expected: list[str]) -> None:
    """In every envelope it has the broken rule, no document, and an id."""
    if wrap is record and body.strip() == "1":
        expected = []  # the event of a failed call is not a message body: it may be larger
    delivery = only(parsed(wrap(body)))
    assert rules(delivery) == expected
    assert delivery.message_id


@pytest.mark.parametrize(
    "document",
    [
        {"TopicName": "t"},
        {"Message": TEXT},
        {"requestContext": {}},
        {"requestPayload": TEXT},
        {"triggerName": "n"},
        {"triggerTime": "t"},
        {"body": TEXT},
        {"attrs": {}},
        {"body": TEXT, "attrs": {}, "more": 1},
        {"specversion": "1.0", "data": TEXT, "body": TEXT, "attrs": {}},
    ],
    ids="+".join,
)
def test_incomplete_envelope_is_a_document(document: dict[str, object]) -> None:
    """It is a direct call."""
    intake = parsed(document)
    assert intake.direct
    assert only(intake).document == (DOCUMENT if "specversion" in document else document)


def test_lone_surrogate_in_a_recorded_event_is_a_violation() -> None:
    """It has no encoding in UTF-8."""
    assert rules(only(parsed(record('{"a": "\ud800"}')))) == ["json"]


@pytest.mark.parametrize("event", [b"", b"\xff\xfe", b"not json", b"[" * 100_000, b'{"a": "\x00"}', b"[1,"])
def test_garbage_as_an_event_is_one_direct_delivery(event: bytes) -> None:
    """Only a direct caller can send such bytes."""
    intake = parse(event)
    assert rules(only(intake)) == ["maxBytes" if len(event) > MAX_MESSAGE_BYTES else "json"]
    assert intake.direct


@given(event=st.binary())
def test_parsing_any_event_bytes_never_raises(event: bytes) -> None:
    """Each delivery has an id that is safe to log."""
    for delivery in parse(event).deliveries:
        assert 0 < len(delivery.message_id) <= MAX_ID_LENGTH
        assert delivery.message_id.isprintable()


strange = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([TEXT, BASE64, "[]", "{}"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=5), inner, max_size=3),
        inner.map(json.dumps),
        *[inner.map(wrap) for wrap in (queue_event, raw, topic_json, timer, record, own_event)],
        st.fixed_dictionaries({"triggerName": inner, "triggerTime": inner}),
        st.fixed_dictionaries({"messageId": inner, "messageBody": inner}),
        st.fixed_dictionaries({"specversion": inner, "id": inner, "data": inner, "traceparent": inner}),
        st.fixed_dictionaries(
            {"specversion": inner, "type": st.just(TYPE), "generation": inner, "replayid": inner, "data": inner}
        ),
        st.fixed_dictionaries({"body": inner, "attrs": inner}),
    ),
    max_leaves=8,
)


@given(event=strange, ascii_only=st.booleans())
def test_parsing_malformed_envelopes_never_raises(event: object, ascii_only: bool) -> None:
    """Known field names have wrong contents, nested in one another; each delivery has an id that is safe to log."""
    data = json.dumps(event, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    for delivery in parse(data).deliveries:
        assert 0 < len(delivery.message_id) <= MAX_ID_LENGTH
        assert delivery.message_id.isprintable()
        assert all(
            text.isprintable() and len(text) <= MAX_ATTRIBUTE_LENGTH for text in delivery.lineage.attributes.values()
        )
        assert 0 <= delivery.lineage.generation <= MAX_GENERATIONS


@pytest.mark.parametrize(
    "message_id", ["", 17, None, "has\nline", "some text", "\ud800", "编号", "M" * (MAX_ID_LENGTH + 1), ["M-1"], "-"]
)
def test_unusable_message_id_is_replaced_by_a_digest(message_id: object) -> None:
    """It is a digest of the contents, so that a redelivery has the same."""
    first, again = (only(parsed(raw(TEXT, message_id))) for _ in range(2))
    assert first.message_id == again.message_id
    assert first.message_id.startswith("sha256-")
    assert first.document == DOCUMENT


def test_longest_message_id_is_kept() -> None:
    """One character more is replaced by a digest."""
    assert only(parsed(raw(TEXT, "M" * MAX_ID_LENGTH))).message_id == "M" * MAX_ID_LENGTH


def test_digests_of_different_contents_differ() -> None:
    """This includes contents that cannot be read."""
    events = [DOCUMENT, {**DOCUMENT, "requestId": "REQ-2"}, own_event("rubbish"), own_event("other rubbish")]
    ids = {only(parsed(event)).message_id for event in events}
    ids |= {only(parse(event)).message_id for event in (b"garbage", b"other garbage", b"")}
    assert len(ids) == 7


@pytest.mark.parametrize(
    ("event", "message_id"),
    [
        ({"triggerTime": "T", "triggerName": "N", "payload": TEXT}, "N@T"),
        ({"triggerTime": 1, "triggerName": "N", "payload": TEXT}, "N"),
        ({"triggerTime": 1, "triggerName": None, "payload": TEXT}, "sha256-"),
    ],
)
def test_id_of_a_timer_event_is_its_name_and_time(event: object, message_id: str) -> None:
    assert only(parsed(event)).message_id.startswith(message_id)


@pytest.mark.parametrize("event", [{"triggerTime": "T", "triggerName": "N"}, timer(None)])
def test_timer_without_a_payload_is_an_empty_delivery(event: object) -> None:
    assert only(parsed(event)).document is None


ATTRIBUTES = {
    "id": "evt-9",
    "source": "/portal",
    "correlationid": "order-4711",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "vendor=1",
    "partitionkey": "does not travel",
}
TRAVELLED = {
    "causationid": "evt-9",
    "requestsource": "/portal",
    "correlationid": "order-4711",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "vendor=1",
}


@pytest.mark.parametrize("data", [DOCUMENT, TEXT, "garbage"], ids=["object", "text", "garbage"])
@pytest.mark.parametrize("in_a_queue", [False, True])
def test_attributes_of_the_requests_event_are_carried(data: object, in_a_queue: bool) -> None:
    """They are source, id, correlation and trace, also of a request that cannot be read."""
    event = own_event(data, **ATTRIBUTES)
    delivery = only(parsed(queue_event(json.dumps(event)) if in_a_queue else event))
    assert delivery.lineage == Lineage(TRAVELLED, submission_id=delivery.message_id)


@pytest.mark.parametrize("value", ["", "a\nb", 17, None, ["x"], "x" * (MAX_ATTRIBUTE_LENGTH + 1), "\ud800"])
def test_unprintable_attribute_is_not_carried(value: object) -> None:
    """The other attributes are."""
    delivery = only(parsed(own_event(DOCUMENT, traceparent=value, tracestate="t" * MAX_ATTRIBUTE_LENGTH)))
    assert "traceparent" not in delivery.lineage.attributes
    assert delivery.lineage.attributes["tracestate"] == "t" * MAX_ATTRIBUTE_LENGTH


@pytest.mark.parametrize("event", [queue_event(TEXT), DOCUMENT, {**DOCUMENT, "traceparent": "00-1", "source": "/p"}])
def test_attributes_of_the_queues_event_are_not_carried(event: object) -> None:
    """They belong to the platform."""
    delivery = only(parsed(event))
    assert delivery.lineage == Lineage(submission_id=delivery.message_id)


@pytest.mark.parametrize("wrap", [queue_event, raw, topic_json, record, timer], ids=lambda wrap: wrap.__name__)
def test_requeued_request_keeps_its_lineage_in_every_envelope(wrap: Callable[[str], object]) -> None:
    """A dead letter of the second generation stays in the second generation."""
    lineage = Lineage(TRAVELLED, generation=2, replay_id="rp-0123456789ab", submission_id="S-1")
    delivery = only(parsed(wrap(encode(DOCUMENT, lineage, "function", "event"))))
    assert (delivery.document, delivery.lineage) == (DOCUMENT, lineage)


@pytest.mark.parametrize("body", [TEXT, "not JSON", json.dumps({"data": 1})])
@pytest.mark.parametrize("in_a_queue", [True, False])
def test_body_requeued_as_text_is_read_again(body: str, in_a_queue: bool) -> None:
    """Outside a queue its own id is made of the text, so that two texts differ."""
    event = json.loads(encode(body, Lineage(generation=1), "function", "event"))
    delivery = only(parsed(queue_event(json.dumps(event), "M-7") if in_a_queue else event))
    other = only(parsed({**event, "data": body + " "}))
    expected = read_body(body)
    assert (delivery.text, delivery.lineage.generation) == (body, 1)
    assert delivery.violations == (expected.violations if isinstance(expected, Unreadable) else ())
    assert delivery.document == (None if isinstance(expected, Unreadable) else expected)
    assert delivery.lineage.submission_id == delivery.message_id
    assert (delivery.message_id == "M-7") is in_a_queue
    assert other.message_id not in {delivery.message_id, ""}


ENVELOPES = [queue_event(TEXT), raw(TEXT), topic_json(TEXT), timer(TEXT), record(TEXT), own_event(DOCUMENT)]
MEMBERS = (
    "specversion",
    "data",
    "data_base64",
    "messageBody",
    "TopicName",
    "Message",
    "requestContext",
    "requestPayload",
)


@pytest.mark.parametrize("event", ENVELOPES, ids=lambda event: "+".join(event)[:24])
def test_null_members_of_an_envelope_are_absent(event: dict[str, object]) -> None:
    """Libraries that write every member of an event write the unused ones as null."""
    nulls = dict.fromkeys((*MEMBERS, "triggerName", "triggerTime", "body", "attrs", "type", "correlationid"))
    plain, stated = only(parsed(event)), only(parsed({**nulls, **event}))
    assert (stated.document, stated.lineage) == (plain.document, plain.lineage)


def test_null_data_beside_encoded_data_is_absent() -> None:
    """The order of both members does not matter."""
    encoded = base64.b64encode(TEXT.encode()).decode()
    assert only(parsed({**own_event(None), "data_base64": encoded})).document == DOCUMENT
    assert only(parsed({"data_base64": None, **own_event(DOCUMENT)})).document == DOCUMENT


def test_null_body_is_an_empty_delivery_with_its_id() -> None:
    """Nothing else fits, so the members count although they are null."""
    delivery = only(parsed([{"messageId": "M-9", "messageBody": None}]))
    assert (delivery.document, delivery.message_id) == (None, "M-9")


def test_notification_in_xml_is_opened_in_every_envelope() -> None:
    """A queue may subscribe to a topic in the format XML."""
    notification = f"<N><TopicName>t</TopicName><MessageId>M-7</MessageId><Message>{escape(TEXT)}</Message></N>"
    for event in (queue_event(notification), raw(notification), record(raw(notification)), notification):
        delivery = only(parse((event if isinstance(event, str) else json.dumps(event)).encode()))
        assert (delivery.document, delivery.message_id) == (DOCUMENT, "M-7")


def test_cloudevent_without_data_is_an_empty_delivery() -> None:
    assert only(parsed({"specversion": "1.0", "id": "e", "source": "s", "type": "t"})).document is None
