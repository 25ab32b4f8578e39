"""Settling a case: publish its outcomes first, then requeue the request if that is needed."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.envelope import Delivery, parse, parse_message
from handler.inbound.request_event import MAX_SUBMISSIONS, Lineage
from handler.model import MAX_MESSAGE_BYTES, Answer, GroupList, LookupResult
from handler.outcome import Outcome
from handler.smq.client import SmqError
from tests.handler.unit.pipeline_harness import (
    SOURCE,
    AcceptAll,
    Harness,
    answering,
    data_of,
    delivery_of,
    statuses,
)
from tests.support import samples
from tests.support.clock import ManualClock
from tests.support.fakes import scripted
from tests.support.samples import (
    CREATED,
    DEADLINES,
    DOCUMENT,
    DUPLICATE,
    NO_GROUPS,
    NO_PERMISSION,
    QUEUE_CLOSED,
    TOPIC_GONE,
    delivery,
    group_of,
)

TEMPORARY = answering(samples.ASSUME_ROLE_FAIL)


def failing_harness(clock: ManualClock, **settings: Any) -> Harness:
    """Return a pipeline with two deferrals whose API can never assume its role."""
    return Harness(clock, TEMPORARY, **{"deferrals": 2, **settings})


def of_generation(generation: int, message_id: str = "M-1", submission_id: str = "") -> Delivery:
    """Return a delivery of the request in that generation."""
    return delivery(message_id=message_id, lineage=Lineage(generation=generation, submission_id=submission_id))


def refusing(*submission_ids: str) -> Callable[[Outcome], SmqError | None]:
    """Return a topic that refuses the outcomes of these submissions."""
    return lambda outcome: TOPIC_GONE if outcome.event["data"]["submissionId"] in submission_ids else None


def gone(_: Outcome) -> SmqError:
    """Refuse every outcome, as a deleted topic does."""
    return TOPIC_GONE


# Deferred: published, then requeued.


def test_deferral_is_published_then_requeued(clock: ManualClock) -> None:
    """The message is hidden until the published time, and then the delivery is settled."""
    harness = failing_harness(clock)
    (outcome,) = harness.process(delivery())
    data = data_of(outcome)
    assert (data["status"], data["generation"], data["error"]["code"]) == ("deferred", 0, "AssumeRoleFail")
    assert [(delay, until) for _, delay, until in harness.requeued] == [(60, DEADLINES.publish)]
    finished_at, next_attempt_at = (
        datetime.fromisoformat(text.replace("Z", "+00:00"))
        for text in (data["timings"]["finishedAt"], data["nextAttemptAt"])
    )
    assert next_attempt_at - finished_at == timedelta(seconds=60)
    assert harness.logs["M-1"].events[-1] == "published"


def test_requeued_request_is_the_next_generation(clock: ManualClock) -> None:
    """It keeps its lineage and has the id of the published deferral; its source is the function."""
    lineage = Lineage({"correlationid": "order-4711", "requestsource": "/portal"}, 1, "rp-0123456789ab", "S-1")
    harness = failing_harness(clock)
    (outcome,) = harness.process(delivery(lineage=lineage))
    assert outcome is not None
    event = json.loads(harness.requeued[0][0])
    assert (event["data"], event["id"], event["source"]) == (DOCUMENT, outcome.event["id"], SOURCE)
    assert harness.lineages == [replace(lineage, generation=2)]


def test_verdict_of_the_last_generation_is_final(clock: ManualClock) -> None:
    """The request is not requeued."""
    harness = failing_harness(clock)
    (outcome,) = harness.process(of_generation(2))
    data = data_of(outcome)
    assert (data["status"], data["generation"], data["error"]["retryable"]) == ("failed", 2, True)
    assert harness.requeued == []


@pytest.mark.parametrize(
    ("answer", "finding", "status"),
    [
        (CREATED, NO_GROUPS, "succeeded"),
        (NO_PERMISSION, NO_GROUPS, "failed"),
        (DUPLICATE, GroupList((group_of(bucket_name="another"),)), "failed"),
    ],
)
def test_final_verdict_is_not_requeued(clock: ManualClock, answer: Answer, finding: LookupResult, status: str) -> None:
    """The number of deferrals left does not matter."""
    harness = Harness(clock, scripted(clock, [answer], [finding] * 2), deferrals=2)
    assert statuses(harness.process(delivery())) == [status]
    assert harness.requeued == []


def test_delivery_of_a_deferral_that_is_not_requeued_comes_back(clock: ManualClock) -> None:
    """The redelivery publishes the deferral again under the same event id."""
    harness = failing_harness(clock, refused_by_queue=QUEUE_CLOSED)
    assert harness.process(delivery()) == [None]
    assert [event["data"]["status"] for event in harness.events] == ["deferred"]
    assert harness.logs["M-1"].entries[-1] == ("not_settled", "AccessDenied")
    [not_settled] = harness.logs["M-1"].not_accepted
    harness.refused_by_queue = None
    (outcome,) = harness.process(delivery())
    assert outcome is not None
    assert outcome.event["id"] == harness.events[0]["id"]
    assert not_settled.event["id"] == harness.events[0]["id"]


def test_final_verdict_has_one_event_id_in_two_generations(clock: ManualClock) -> None:
    """A crash may leave two copies of a submission."""
    events = []
    for generation in (0, 1):
        harness = Harness(clock, answering(NO_PERMISSION), deferrals=2)
        harness.process(of_generation(generation))
        events += harness.events
    assert [event["data"]["generation"] for event in events] == [0, 1]
    assert len({event["id"] for event in events}) == 1


# Not published: the request is requeued instead, and the delivery is settled.


@pytest.mark.parametrize(
    "service", [AcceptAll(), answering(NO_PERMISSION), TEMPORARY], ids=["created", "refused", "open"]
)
def test_unpublished_request_is_requeued_in_the_next_generation(clock: ManualClock, service: AcceptAll) -> None:
    """The delivery is settled, so that other deliveries are not processed again."""
    harness = Harness(clock, service, deferrals=2, refused_by_topic=gone)
    lineage = Lineage({"traceparent": "00-1"}, 1, "", "S-1")
    (outcome,) = harness.process(delivery(lineage=lineage))
    assert outcome is not None
    assert harness.events == []
    assert harness.lineages == [replace(lineage, generation=2)]
    assert json.loads(harness.requeued[0][0])["data"] == DOCUMENT
    assert harness.requeued[0][1:] == (120, DEADLINES.publish)
    assert harness.logs["M-1"].entries[-1] == ("not_published", "TopicNotExist")
    assert harness.logs["M-1"].not_accepted == [outcome]


def test_unpublished_verdict_keeps_its_event_id_when_published(clock: ManualClock) -> None:
    """It is published a generation later, from another message."""
    service = scripted(clock, [CREATED, DUPLICATE], [GroupList((group_of(express_sync_id=CREATED.express_sync_id),))])
    harness = Harness(clock, service, deferrals=2, refused_by_topic=gone)
    (unpublished,) = harness.process(delivery())
    harness.refused_by_topic = lambda outcome: None
    harness.process(*harness.receive_requeued())
    assert unpublished is not None
    assert [event["id"] for event in harness.events] == [unpublished.event["id"]]
    assert (harness.events[0]["data"]["submissionId"], harness.events[0]["data"]["generation"]) == ("M-1", 1)


@pytest.mark.parametrize("service", [AcceptAll(), TEMPORARY], ids=["created", "deferred"])
def test_delivery_comes_back_if_topic_and_queue_refuse(clock: ManualClock, service: AcceptAll) -> None:
    """The logged code is that of the topic."""
    harness = Harness(clock, service, deferrals=2, refused_by_topic=gone, refused_by_queue=QUEUE_CLOSED)
    assert harness.process(delivery()) == [None]
    assert harness.logs["M-1"].entries[-1] == ("not_settled", "TopicNotExist")


@pytest.mark.parametrize(("deferrals", "generation"), [(0, 0), (2, 2), (2, 7)])
def test_unpublished_delivery_of_the_last_generation_comes_back(
    clock: ManualClock, deferrals: int, generation: int
) -> None:
    """It is not requeued, and neither is one without a request queue."""
    harness = Harness(clock, AcceptAll(), deferrals=deferrals, refused_by_topic=gone)
    assert harness.process(of_generation(generation)) == [None]
    assert harness.requeued == []
    assert harness.logs["M-1"].entries[-1] == ("not_settled", "TopicNotExist")


def test_unpublished_outcome_does_not_affect_other_deliveries(clock: ManualClock) -> None:
    """Only its own request is requeued."""
    harness = Harness(clock, AcceptAll(), deferrals=2, refused_by_topic=refusing("M-REQ-1"))
    outcomes = harness.process(delivery_of("REQ-0"), delivery_of("REQ-1"), delivery_of("REQ-2"))
    assert None not in outcomes
    assert {event["subject"] for event in harness.events} == {"REQ-0", "REQ-2"}
    assert [each.submission_id for each in harness.lineages] == ["M-REQ-1"]


def test_delivery_that_comes_back_does_not_affect_the_others(clock: ManualClock) -> None:
    harness = Harness(clock, AcceptAll(), refused_by_topic=refusing("M-REQ-1"))
    outcomes = harness.process(delivery_of("REQ-0"), delivery_of("REQ-1"), delivery_of("REQ-2"))
    assert [outcome is None for outcome in outcomes] == [False, True, False]
    assert [harness.logs[f"M-REQ-{n}"].events[-1] for n in range(3)] == ["published", "not_settled", "published"]


# Several submissions of one request.


def test_two_submissions_are_requeued_in_one_message(clock: ManualClock) -> None:
    """Each deferral is published; in the message each submission has its own attributes."""
    harness = failing_harness(clock)
    first = delivery(message_id="M-1", lineage=Lineage({"traceparent": "00-1", "correlationid": "c-1"}))
    second = delivery(
        message_id="M-2", lineage=Lineage({"traceparent": "00-2"}, replay_id="rp-2", submission_id="rp-2")
    )
    assert statuses(harness.process(first, second)) == ["deferred", "deferred"]
    assert len({event["id"] for event in harness.events}) == 2
    assert [event["data"]["messageId"] for event in harness.events] == ["M-1", "M-2"]
    assert [lineage.submissions for lineage in harness.lineages] == [
        (
            Lineage({"traceparent": "00-1", "correlationid": "c-1"}, 1, "", "M-1"),
            Lineage({"traceparent": "00-2"}, 1, "rp-2", "rp-2"),
        )
    ]


def test_message_with_two_submissions_gets_two_final_events(clock: ManualClock) -> None:
    harness = failing_harness(clock)
    harness.process(delivery(message_id="M-1", lineage=Lineage({"traceparent": "00-1"})), delivery(message_id="M-2"))
    deferred = harness.events
    harness.published.clear()
    harness.service = AcceptAll()
    (outcome,) = harness.process(*harness.receive_requeued())
    assert outcome is not None
    assert [event["data"]["submissionId"] for event in harness.events] == ["M-1", "M-2"]
    assert [event["data"]["messageId"] for event in harness.events] == ["M-again-0"] * 2
    assert [event["data"]["status"] for event in harness.events] == ["succeeded"] * 2
    assert [event.get("traceparent") for event in harness.events] == ["00-1", None]
    assert len({event["id"] for event in [*deferred, *harness.events]}) == 4
    assert harness.requeued == []


def test_only_the_unpublished_submission_is_requeued(clock: ManualClock) -> None:
    harness = Harness(clock, AcceptAll(), deferrals=2, refused_by_topic=refusing("M-2"))
    outcomes = harness.process(delivery(message_id="M-1"), delivery(message_id="M-2"))
    assert None not in outcomes
    assert [lineage.submissions for lineage in harness.lineages] == [(Lineage(generation=1, submission_id="M-2"),)]
    assert [harness.logs[each].events[-1] for each in ("M-1", "M-2")] == ["published", "not_published"]


def test_only_the_delivery_of_a_lost_submission_comes_back(clock: ManualClock) -> None:
    """Its copy is settled, because the submission of the copy was published."""
    harness = Harness(clock, AcceptAll(), refused_by_topic=refusing("M-2"))
    outcomes = harness.process(delivery(message_id="M-1"), delivery(message_id="M-2"))
    assert [outcome is None for outcome in outcomes] == [False, True]


def test_message_comes_back_if_any_of_its_submissions_is_lost(clock: ManualClock) -> None:
    """The last of three submissions is neither published nor requeued."""
    others = (Lineage(submission_id="S-2"), Lineage(submission_id="S-3"))
    harness = Harness(clock, AcceptAll(), refused_by_topic=refusing("S-3"))
    assert harness.process(delivery(lineage=Lineage(submission_id="S-1", others=others))) == [None]
    assert [event["data"]["submissionId"] for event in harness.events] == ["S-1", "S-2"]
    assert harness.logs["M-1"].entries[-1] == ("not_settled", "TopicNotExist")


def test_message_is_unpublished_if_any_submission_is(clock: ManualClock) -> None:
    """The unpublished submission is requeued alone."""
    lineage = Lineage(submission_id="S-1", others=(Lineage(submission_id="S-2"),))
    harness = Harness(clock, AcceptAll(), deferrals=2, refused_by_topic=refusing("S-2"))
    (outcome,) = harness.process(delivery(lineage=lineage))
    assert outcome is not None
    assert outcome.event["data"]["submissionId"] == "S-1"
    assert harness.lineages == [Lineage(generation=1, submission_id="S-2")]
    assert harness.logs["M-1"].entries[-1] == ("not_published", "TopicNotExist")


def test_topic_is_tried_again_for_the_next_outcome(clock: ManualClock) -> None:
    """A permanent error may concern one outcome alone, and costs no time."""
    harness = Harness(clock, AcceptAll(), deferrals=2, refused_by_topic=refusing("S-0"))
    harness.process(delivery(lineage=Lineage(submission_id="S-0", others=(Lineage(submission_id="S-1"),))))
    assert [event["data"]["submissionId"] for event in harness.events] == ["S-1"]
    assert [each.submission_id for each in harness.lineages[0].submissions] == ["S-0"]


def test_copies_are_requeued_from_their_highest_generation(clock: ManualClock) -> None:
    """This bounds deferrals for any number of copies. Each outcome has the generation of its own submission."""
    harness = failing_harness(clock, deferrals=3)
    outcomes = harness.process(of_generation(0, "M-1", "S-1"), of_generation(2, "M-2", "S-1"), of_generation(1, "M-3"))
    assert statuses(outcomes) == ["deferred"] * 3
    assert [event["data"]["generation"] for event in harness.events] == [2, 1]
    assert [event["data"]["submissionId"] for event in harness.events] == ["S-1", "M-3"]
    assert [[each.generation for each in lineage.submissions] for lineage in harness.lineages] == [[3, 3]]


def test_copy_of_the_last_generation_makes_the_verdict_final(clock: ManualClock) -> None:
    """Every submission of the case gets the final verdict."""
    harness = failing_harness(clock)
    outcomes = harness.process(of_generation(0, "M-1"), of_generation(2, "M-2"))
    assert statuses(outcomes) == ["failed", "failed"]
    assert harness.requeued == []


def test_more_than_32_submissions_are_requeued_in_two_messages(clock: ManualClock) -> None:
    """Both have the same delay."""
    others = tuple(Lineage(submission_id=f"S-{number}") for number in range(1, MAX_SUBMISSIONS))
    harness = failing_harness(clock)
    harness.process(delivery(lineage=Lineage(submission_id="S-0", others=others)), delivery(message_id="M-2"))
    assert len(harness.events) == MAX_SUBMISSIONS + 1
    carried = [each.submission_id for lineage in harness.lineages for each in lineage.submissions]
    assert carried == [*(f"S-{number}" for number in range(MAX_SUBMISSIONS)), "M-2"]
    assert [delay for _, delay, _ in harness.requeued] == [60, 60]
    assert max(len(lineage.submissions) for lineage in harness.lineages) <= MAX_SUBMISSIONS
    messages = [json.loads(body) for body, _, _ in harness.requeued]
    assert {(each["source"], each["id"]) for each in messages} == {(SOURCE, harness.events[0]["id"])}


def test_requeued_message_that_is_too_large_is_split(clock: ManualClock) -> None:
    """The attributes have the maximum length and escape as badly as possible."""
    travellers = ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")
    attributes = dict.fromkeys(travellers, "\U0001f600" * 512)
    harness = failing_harness(clock)
    harness.process(*(delivery(message_id=f"M-{n}", lineage=Lineage(attributes)) for n in range(6)))
    assert len(harness.requeued) > 1
    assert max(len(body) for body, _, _ in harness.requeued) <= MAX_MESSAGE_BYTES
    assert [each.submission_id for lineage in harness.lineages for each in lineage.submissions] == [
        f"M-{n}" for n in range(6)
    ]


# Rejected bodies: they are requeued unchanged, and rejected again in the same way.


def requesters_event(data: object, **more: object) -> dict[str, object]:
    """Return a CloudEvent of a requester."""
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/portal",
        "type": "t",
        "correlationid": "c",
        **more,
        "data": data,
    }


TWICE = '{"requestId": "REQ-9", "name": "1bad", "name": "1bad"}'
DEEP = '{"requestId": "REQ-9", "x": ' + "[" * 40 + "]" * 40 + "}"
HALF = r'{"requestId": "REQ-9", "description": "\ud800"}'
BODIES = {
    "garbage": "garbage",
    "empty": "",
    "half of a pair": "\ud800",
    "quotes": '"' * 100,
    "not json in base64": base64.b64encode(b"hello").decode(),
    "twice": TWICE,
    "twice in base64": base64.b64encode(TWICE.encode()).decode(),
    "surrogate": HALF,
    "too deep": DEEP,
    "too deep for the parser": "[" * 30_000,
    "null": "null",
    "number": "17",
    "not a number": "NaN",
    "infinity": '{"requestId": "REQ-9", "name": 1e999}',
    "list": "[1, 2]",
    "text": '"hello"',
    "text of a text": json.dumps(json.dumps("hello")),
    "request in a text": json.dumps(json.dumps(DOCUMENT)),
    "event in a text": json.dumps(json.dumps(requesters_event(DOCUMENT))),
    "invalid": json.dumps({**DOCUMENT, "name": "1", "unknown": True}),
    "event without data": json.dumps({"specversion": "1.0", "id": "e", "source": "s", "type": "t"}),
    "event, twice": json.dumps(requesters_event("DATA")).replace('"DATA"', TWICE),
    "event, surrogate": json.dumps(requesters_event("DATA")).replace('"DATA"', HALF),
    "event, too deep": json.dumps(requesters_event("DATA")).replace('"DATA"', DEEP),
    "event, text": json.dumps(requesters_event(TWICE)),
    "event, base64": json.dumps(requesters_event(base64.b64encode(TWICE.encode()).decode())),
    "event, data_base64": json.dumps(requesters_event(None, data_base64=base64.b64encode(TWICE.encode()).decode())),
    "event, garbage": json.dumps(requesters_event("garbage")),
    "event, json text": json.dumps(requesters_event('"hello"')),
    "event, event": json.dumps(requesters_event(json.dumps(requesters_event("DATA")).replace('"DATA"', TWICE))),
    "event, invalid": json.dumps(requesters_event({"requestId": "REQ-9"})),
    "event, list": json.dumps(requesters_event([1])),
}


def rejected(harness: Harness, *deliveries: Delivery) -> dict[str, Any]:
    """Return the event of the only outcome, which is a rejection."""
    (outcome,) = harness.process(*deliveries)
    assert outcome is not None
    assert outcome.status == "rejected"
    return dict(outcome.event)


def invariant_part(event: dict[str, Any]) -> tuple[object, ...]:
    """Return the part of an event that does not depend on generation and message."""
    data = event["data"]
    kept = ("correlationid", "causationid", "requestsource")
    return (
        *(event[name] for name in ("id", "subject", "source")),
        *(event.get(name) for name in kept),
        *(data[name] for name in ("requestId", "violations", "submissionId")),
    )


def requeue_until_the_last_generation(
    clock: ManualClock, body: str, wrap: Callable[[str, str], tuple[Delivery, ...]]
) -> None:
    """Requeue a body while the topic refuses, then let it be published; check that the rejection stays the same."""
    first = rejected(Harness(clock, scripted(clock)), *wrap("M-0", body))
    harness = Harness(clock, scripted(clock), deferrals=3, refused_by_topic=gone)
    deliveries = list(wrap("M-0", body))
    for generation in range(1, 4):
        assert invariant_part(rejected(harness, *deliveries)) == invariant_part(first)
        ((sent, _, _),) = harness.requeued
        harness.requeued.clear()
        deliveries = list(wrap(f"M-{generation}", sent))
        assert [each.lineage.generation for each in deliveries] == [generation]
    harness.refused_by_topic = lambda outcome: None
    assert invariant_part(rejected(harness, *deliveries)) == invariant_part(first)
    assert [event["data"]["generation"] for event in harness.events] == [3]


def through_the_trigger(message_id: str, body: str) -> tuple[Delivery, ...]:
    """Return the deliveries of a body as the trigger pushes it."""
    event = {"specversion": "1.0", "id": message_id, "data": {"messageId": message_id, "messageBody": body}}
    return parse(json.dumps([event]).encode()).deliveries


@pytest.mark.parametrize("wrap", [parse_message, through_the_trigger])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_rejected_body_is_requeued_unchanged(
    clock: ManualClock, body: str, wrap: Callable[[str, str], tuple[Delivery, ...]]
) -> None:
    """In every generation the violations, the subject and the event id are the same."""
    requeue_until_the_last_generation(clock, body, wrap)


json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
).map(json.dumps)
pieces = st.one_of(
    json_texts,
    st.text(st.characters(), max_size=30),
    st.sampled_from([body for body in BODIES.values() if len(body) < 2000]),
)
doubled = st.tuples(pieces, pieces).map(lambda pair: f'{{"requestId": "REQ-9", "x": {pair[0]}, "x": {pair[1]}}}')
any_body = st.one_of(
    pieces, doubled, doubled.map(lambda text: base64.b64encode(text.encode("utf-8", "replace")).decode())
)
layers = st.lists(st.sampled_from(["object", "text", "base64"]), max_size=2)


@given(body=any_body, wrapped=layers)
def test_any_rejected_body_is_rejected_the_same_way_again(body: str, wrapped: list[str]) -> None:
    """This holds for any text, plain or in base64, in a CloudEvent of the requester or not."""
    for layer in wrapped:
        if layer == "object":
            body = json.dumps(requesters_event("DATA")).replace('"DATA"', body)
        else:
            encoded = base64.b64encode(body.encode("utf-8", "surrogatepass")).decode()
            body = json.dumps(requesters_event(body if layer == "text" else encoded))
    (arrived,) = parse_message("M-0", body)
    clock = ManualClock()
    (outcome,) = Harness(clock, AcceptAll()).process(arrived)
    if data_of(outcome)["status"] == "rejected":
        requeue_until_the_last_generation(clock, body, parse_message)


def test_invalid_object_comes_back_if_it_is_not_published(clock: ManualClock) -> None:
    """It arrived as an object and not as text, so it cannot be sent again."""
    harness = Harness(clock, scripted(clock), deferrals=2, refused_by_topic=gone)
    assert harness.process(*parse(TWICE.encode()).deliveries) == [None]
    assert harness.logs.popitem()[1].entries[-1] == ("not_settled", "TopicNotExist")


def test_invalid_bodies_of_one_id_are_requeued_separately(clock: ManualClock) -> None:
    """They are not copies of each other, nor of a request without violations."""
    harness = Harness(clock, AcceptAll(), deferrals=2, refused_by_topic=gone)
    same_id = TWICE.replace("REQ-9", "REQ-1")
    outcomes = harness.process(
        *parse_message("M-1", same_id), *parse_message("M-2", same_id), delivery(message_id="M-3")
    )
    assert statuses(outcomes) == ["rejected", "rejected", "succeeded"]
    assert [lineage.submission_id for lineage in harness.lineages] == ["M-1", "M-2", "M-3"]
