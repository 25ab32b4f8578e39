"""How a case is settled: outcomes first, then the request back in its queue where that is needed."""

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
from tests.handler.unit import fakes
from tests.handler.unit.fakes import (
    CREATED,
    DOCUMENT,
    DUPLICATE,
    NO_GROUPS,
    NO_PERMISSION,
    QUEUE_CLOSED,
    TOPIC_GONE,
    FakeClock,
    delivery,
    group_of,
    scripted,
)
from tests.handler.unit.pipeline_harness import DEADLINES, SOURCE, EveryName, Harness, always, asking, data_of, statuses

PASSING = always(fakes.ASSUME_ROLE_FAIL)


def in_trouble(clock: FakeClock, **settings: Any) -> Harness:
    """Return a pipeline with two deferrals whose API cannot assume its role, however often it is asked."""
    return Harness(clock, PASSING, **{"deferrals": 2, **settings})


def of_generation(generation: int, message_id: str = "M-1", submission_id: str = "") -> Delivery:
    """Return a delivery of the request in that generation."""
    return delivery(message_id=message_id, lineage=Lineage(generation=generation, submission_id=submission_id))


def refusing(*submission_ids: str) -> Callable[[Outcome], SmqError | None]:
    """Return a topic that refuses the outcomes of these submissions."""
    return lambda outcome: TOPIC_GONE if outcome.event["data"]["submissionId"] in submission_ids else None


def gone(_: Outcome) -> SmqError:
    """Refuse every outcome, as a topic that was deleted does."""
    return TOPIC_GONE


# Deferred: announced, then back in the queue.


def test_a_deferred_request_is_announced_then_sent_back(clock: FakeClock) -> None:
    """It is hidden until the announced time, and the delivery is settled once both are done."""
    harness = in_trouble(clock)
    (outcome,) = harness.work(delivery())
    data = data_of(outcome)
    assert (data["status"], data["generation"], data["error"]["code"]) == ("deferred", 0, "AssumeRoleFail")
    assert [(delay, until) for _, delay, until in harness.sent_back] == [(60, DEADLINES.publish)]
    finished_at, next_attempt_at = (
        datetime.fromisoformat(text.replace("Z", "+00:00"))
        for text in (data["timings"]["finishedAt"], data["nextAttemptAt"])
    )
    assert next_attempt_at - finished_at == timedelta(seconds=60)
    assert harness.logs["M-1"].events[-1] == "decided"


def test_what_is_sent_back_is_the_next_generation(clock: FakeClock) -> None:
    """It keeps all that travels, has the id of the event that announced it and comes from the function itself."""
    lineage = Lineage({"correlationid": "order-4711", "requestsource": "/portal"}, 1, "rp-0123456789ab", "S-1")
    harness = in_trouble(clock)
    (outcome,) = harness.work(delivery(lineage=lineage))
    assert outcome is not None
    event = json.loads(harness.sent_back[0][0])
    assert (event["data"], event["id"], event["source"]) == (DOCUMENT, outcome.event["id"], SOURCE)
    assert harness.back == [replace(lineage, generation=2)]


def test_in_the_last_generation_the_verdict_is_final(clock: FakeClock) -> None:
    """Nothing is sent back."""
    harness = in_trouble(clock)
    (outcome,) = harness.work(of_generation(2))
    data = data_of(outcome)
    assert (data["status"], data["generation"], data["error"]["retryable"]) == ("failed", 2, True)
    assert harness.sent_back == []


@pytest.mark.parametrize(
    ("answer", "finding", "status"),
    [
        (CREATED, NO_GROUPS, "succeeded"),
        (NO_PERMISSION, NO_GROUPS, "failed"),
        (DUPLICATE, GroupList((group_of(bucket_name="another"),)), "failed"),
    ],
)
def test_what_is_settled_is_not_sent_back(clock: FakeClock, answer: Answer, finding: LookupResult, status: str) -> None:
    """However many deferrals there are."""
    harness = Harness(clock, scripted(clock, [answer], [finding] * 2), deferrals=2)
    assert statuses(harness.work(delivery())) == [status]
    assert harness.sent_back == []


def test_a_deferral_that_the_queue_refuses_comes_back(clock: FakeClock) -> None:
    """It is announced; the delivery itself is then the copy that is tried again, under the same event id."""
    harness = in_trouble(clock, refused_by_queue=QUEUE_CLOSED)
    assert harness.work(delivery()) == [None]
    assert [event["data"]["status"] for event in harness.events] == ["deferred"]
    assert harness.logs["M-1"].told[-1] == ("unfinished", "AccessDenied")
    harness.refused_by_queue = None
    (outcome,) = harness.work(delivery())
    assert outcome is not None
    assert outcome.event["id"] == harness.events[0]["id"]


def test_the_same_final_verdict_of_two_generations_is_one_event(clock: FakeClock) -> None:
    """As a crash may leave two copies of a submission."""
    events = []
    for generation in (0, 1):
        harness = Harness(clock, always(NO_PERMISSION), deferrals=2)
        harness.work(of_generation(generation))
        events += harness.events
    assert [event["data"]["generation"] for event in events] == [0, 1]
    assert len({event["id"] for event in events}) == 1


# Not published: the request goes back instead, and the delivery is settled.


@pytest.mark.parametrize("service", [EveryName(), always(NO_PERMISSION), PASSING], ids=["created", "refused", "open"])
def test_an_unpublished_request_goes_back_one_generation_later(clock: FakeClock, service: EveryName) -> None:
    """The delivery is settled, so that no neighbour is processed again; the same submission comes back by itself."""
    harness = Harness(clock, service, deferrals=2, refused_by_topic=gone)
    lineage = Lineage({"traceparent": "00-1"}, 1, "", "S-1")
    (outcome,) = harness.work(delivery(lineage=lineage))
    assert outcome is not None
    assert harness.events == []
    assert harness.back == [replace(lineage, generation=2)]
    assert json.loads(harness.sent_back[0][0])["data"] == DOCUMENT
    assert harness.sent_back[0][1:] == (120, DEADLINES.publish)
    assert harness.logs["M-1"].told[-1] == ("unpublished", "TopicNotExist")


def test_an_unpublished_verdict_is_published_a_generation_later(clock: FakeClock) -> None:
    """It has the event id that it would have had, although the message and the generation are others."""
    service = scripted(clock, [CREATED, DUPLICATE], [GroupList((group_of(express_sync_id=CREATED.express_sync_id),))])
    harness = Harness(clock, service, deferrals=2, refused_by_topic=gone)
    (unpublished,) = harness.work(delivery())
    harness.refused_by_topic = lambda outcome: None
    harness.work(*harness.arrive())
    assert unpublished is not None
    assert [event["id"] for event in harness.events] == [unpublished.event["id"]]
    assert (harness.events[0]["data"]["submissionId"], harness.events[0]["data"]["generation"]) == ("M-1", 1)


@pytest.mark.parametrize("service", [EveryName(), PASSING], ids=["created", "deferred"])
def test_what_topic_and_queue_refuse_comes_back(clock: FakeClock, service: EveryName) -> None:
    """Nobody heard of it and no copy of it is anywhere else; the code is the topic's."""
    harness = Harness(clock, service, deferrals=2, refused_by_topic=gone, refused_by_queue=QUEUE_CLOSED)
    assert harness.work(delivery()) == [None]
    assert harness.logs["M-1"].told[-1] == ("unfinished", "TopicNotExist")


@pytest.mark.parametrize(("deferrals", "generation"), [(0, 0), (2, 2), (2, 7)])
def test_unpublished_without_a_generation_left_comes_back(clock: FakeClock, deferrals: int, generation: int) -> None:
    """In the last generation, or where there is no request queue, nothing is sent back."""
    harness = Harness(clock, EveryName(), deferrals=deferrals, refused_by_topic=gone)
    assert harness.work(of_generation(generation)) == [None]
    assert harness.sent_back == []
    assert harness.logs["M-1"].told[-1] == ("unfinished", "TopicNotExist")


def test_an_unpublished_outcome_touches_no_neighbour(clock: FakeClock) -> None:
    """Only its own request goes back; the others are settled and stay where they are."""
    harness = Harness(clock, EveryName(), deferrals=2, refused_by_topic=refusing("M-REQ-1"))
    outcomes = harness.work(asking("REQ-0"), asking("REQ-1"), asking("REQ-2"))
    assert None not in outcomes
    assert [event["subject"] for event in harness.events] == ["REQ-0", "REQ-2"]
    assert [each.submission_id for each in harness.back] == ["M-REQ-1"]


def test_what_comes_back_touches_no_neighbour(clock: FakeClock) -> None:
    """The neighbours are settled although one delivery can go nowhere."""
    harness = Harness(clock, EveryName(), refused_by_topic=refusing("M-REQ-1"))
    outcomes = harness.work(asking("REQ-0"), asking("REQ-1"), asking("REQ-2"))
    assert [outcome is None for outcome in outcomes] == [False, True, False]
    assert [harness.logs[f"M-REQ-{n}"].events[-1] for n in range(3)] == ["decided", "unfinished", "decided"]


# Several submissions of one request.


def test_two_submissions_go_back_in_one_message(clock: FakeClock) -> None:
    """Each was told of its deferral; one message carries both, each with attributes of its own."""
    harness = in_trouble(clock)
    first = delivery(message_id="M-1", lineage=Lineage({"traceparent": "00-1", "correlationid": "c-1"}))
    second = delivery(
        message_id="M-2", lineage=Lineage({"traceparent": "00-2"}, replay_id="rp-2", submission_id="rp-2")
    )
    assert statuses(harness.work(first, second)) == ["deferred", "deferred"]
    assert len({event["id"] for event in harness.events}) == 2
    assert [lineage.submissions for lineage in harness.back] == [
        (
            Lineage({"traceparent": "00-1", "correlationid": "c-1"}, 1, "", "M-1"),
            Lineage({"traceparent": "00-2"}, 1, "rp-2", "rp-2"),
        )
    ]


def test_both_submissions_get_their_final_verdict(clock: FakeClock) -> None:
    """The message that carries them gives two events in the end, as different as their submissions."""
    harness = in_trouble(clock)
    harness.work(delivery(message_id="M-1", lineage=Lineage({"traceparent": "00-1"})), delivery(message_id="M-2"))
    deferred = harness.events
    harness.published.clear()
    harness.service = EveryName()
    (outcome,) = harness.work(*harness.arrive())
    assert outcome is not None
    assert [event["data"]["submissionId"] for event in harness.events] == ["M-1", "M-2"]
    assert [event["data"]["messageId"] for event in harness.events] == ["M-again-0"] * 2
    assert [event["data"]["status"] for event in harness.events] == ["succeeded"] * 2
    assert [event.get("traceparent") for event in harness.events] == ["00-1", None]
    assert len({event["id"] for event in [*deferred, *harness.events]}) == 4
    assert harness.sent_back == []


def test_only_the_submission_that_was_not_published_goes_back(clock: FakeClock) -> None:
    """Its message carries it alone, under an event id of the case."""
    harness = Harness(clock, EveryName(), deferrals=2, refused_by_topic=refusing("M-2"))
    outcomes = harness.work(delivery(message_id="M-1"), delivery(message_id="M-2"))
    assert None not in outcomes
    assert [lineage.submissions for lineage in harness.back] == [(Lineage(generation=1, submission_id="M-2"),)]
    assert [harness.logs[each].events[-1] for each in ("M-1", "M-2")] == ["decided", "unpublished"]


def test_only_the_delivery_whose_submission_is_lost_comes_back(clock: FakeClock) -> None:
    """Its copy is settled, since that one's submission was published."""
    harness = Harness(clock, EveryName(), refused_by_topic=refusing("M-2"))
    outcomes = harness.work(delivery(message_id="M-1"), delivery(message_id="M-2"))
    assert [outcome is None for outcome in outcomes] == [False, True]


def test_a_message_comes_back_for_any_submission_in_it(clock: FakeClock) -> None:
    """It carries three; the last one was neither published nor sent back."""
    others = (Lineage(submission_id="S-2"), Lineage(submission_id="S-3"))
    harness = Harness(clock, EveryName(), refused_by_topic=refusing("S-3"))
    assert harness.work(delivery(lineage=Lineage(submission_id="S-1", others=others))) == [None]
    assert [event["data"]["submissionId"] for event in harness.events] == ["S-1", "S-2"]
    assert harness.logs["M-1"].told[-1] == ("unfinished", "TopicNotExist")


def test_a_message_is_unpublished_for_any_submission_in_it(clock: FakeClock) -> None:
    """The second one was not published and goes back alone."""
    lineage = Lineage(submission_id="S-1", others=(Lineage(submission_id="S-2"),))
    harness = Harness(clock, EveryName(), deferrals=2, refused_by_topic=refusing("S-2"))
    (outcome,) = harness.work(delivery(lineage=lineage))
    assert outcome is not None
    assert outcome.event["data"]["submissionId"] == "S-1"
    assert harness.back == [Lineage(generation=1, submission_id="S-2")]
    assert harness.logs["M-1"].told[-1] == ("unpublished", "TopicNotExist")


def test_a_topic_that_refuses_one_outcome_is_tried_for_the_next(clock: FakeClock) -> None:
    """An error that does not pass may be about that outcome alone, and takes no time."""
    harness = Harness(clock, EveryName(), deferrals=2, refused_by_topic=refusing("S-0"))
    harness.work(delivery(lineage=Lineage(submission_id="S-0", others=(Lineage(submission_id="S-1"),))))
    assert [event["data"]["submissionId"] for event in harness.events] == ["S-1"]
    assert [each.submission_id for each in harness.back[0].submissions] == ["S-0"]


def test_copies_of_different_generations_go_on_from_the_highest(clock: FakeClock) -> None:
    """Deferrals are bounded however many copies there are; each outcome has the generation of its own submission."""
    harness = in_trouble(clock, deferrals=3)
    outcomes = harness.work(of_generation(0, "M-1", "S-1"), of_generation(2, "M-2", "S-1"), of_generation(1, "M-3"))
    assert statuses(outcomes) == ["deferred"] * 3
    assert [event["data"]["generation"] for event in harness.events] == [2, 1]
    assert [event["data"]["submissionId"] for event in harness.events] == ["S-1", "M-3"]
    assert [[each.generation for each in lineage.submissions] for lineage in harness.back] == [[3, 3]]


def test_a_copy_of_the_last_generation_ends_the_case(clock: FakeClock) -> None:
    """All submissions that meet in it get the final verdict."""
    harness = in_trouble(clock)
    outcomes = harness.work(of_generation(0, "M-1"), of_generation(2, "M-2"))
    assert statuses(outcomes) == ["failed", "failed"]
    assert harness.sent_back == []


def test_more_submissions_than_a_message_carries_are_split(clock: FakeClock) -> None:
    """None is lost: what meets in one batch beyond 32 goes back in two messages with the same delay."""
    others = tuple(Lineage(submission_id=f"S-{number}") for number in range(1, MAX_SUBMISSIONS))
    harness = in_trouble(clock)
    harness.work(delivery(lineage=Lineage(submission_id="S-0", others=others)), delivery(message_id="M-2"))
    assert len(harness.events) == MAX_SUBMISSIONS + 1
    carried = [each.submission_id for lineage in harness.back for each in lineage.submissions]
    assert carried == [*(f"S-{number}" for number in range(MAX_SUBMISSIONS)), "M-2"]
    assert [delay for _, delay, _ in harness.sent_back] == [60, 60]
    assert max(len(lineage.submissions) for lineage in harness.back) <= MAX_SUBMISSIONS


def test_a_message_that_would_be_too_large_is_split(clock: FakeClock) -> None:
    """Attributes as long as allowed that escape as badly as can be: below 64 KiB each."""
    travellers = ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")
    attributes = dict.fromkeys(travellers, "\U0001f600" * 512)
    harness = in_trouble(clock)
    harness.work(*(delivery(message_id=f"M-{n}", lineage=Lineage(attributes)) for n in range(6)))
    assert len(harness.sent_back) > 1
    assert max(len(body) for body, _, _ in harness.sent_back) <= MAX_MESSAGE_BYTES
    assert [each.submission_id for lineage in harness.back for each in lineage.submissions] == [
        f"M-{n}" for n in range(6)
    ]


# Bodies that are rejected: they go back as they came, and are rejected again in the same way.


def broken_event(data: object, **more: object) -> dict[str, object]:
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
    "event in a text": json.dumps(json.dumps(broken_event(DOCUMENT))),
    "invalid": json.dumps({**DOCUMENT, "name": "1", "unknown": True}),
    "event without data": json.dumps({"specversion": "1.0", "id": "e", "source": "s", "type": "t"}),
    "event, twice": json.dumps(broken_event("DATA")).replace('"DATA"', TWICE),
    "event, surrogate": json.dumps(broken_event("DATA")).replace('"DATA"', HALF),
    "event, too deep": json.dumps(broken_event("DATA")).replace('"DATA"', DEEP),
    "event, text": json.dumps(broken_event(TWICE)),
    "event, base64": json.dumps(broken_event(base64.b64encode(TWICE.encode()).decode())),
    "event, data_base64": json.dumps(broken_event(None, data_base64=base64.b64encode(TWICE.encode()).decode())),
    "event, garbage": json.dumps(broken_event("garbage")),
    "event, json text": json.dumps(broken_event('"hello"')),
    "event, event": json.dumps(broken_event(json.dumps(broken_event("DATA")).replace('"DATA"', TWICE))),
    "event, invalid": json.dumps(broken_event({"requestId": "REQ-9"})),
    "event, list": json.dumps(broken_event([1])),
}


def rejected(harness: Harness, *deliveries: Delivery) -> dict[str, Any]:
    """Return the event of the only outcome, which rejects."""
    (outcome,) = harness.work(*deliveries)
    assert outcome is not None
    assert outcome.status == "rejected"
    return dict(outcome.event)


def same(event: dict[str, Any]) -> tuple[object, ...]:
    """Return what stays the same of an event, in whichever generation and message the body comes."""
    data = event["data"]
    kept = ("correlationid", "causationid", "requestsource")
    return (
        *(event[name] for name in ("id", "subject", "source")),
        *(event.get(name) for name in kept),
        *(data[name] for name in ("requestId", "violations", "submissionId")),
    )


def rounds(clock: FakeClock, body: str, wrap: Callable[[str, str], tuple[Delivery, ...]]) -> None:
    """Send a body around while the topic refuses, as often as there are generations, then let it be rejected."""
    first = rejected(Harness(clock, scripted(clock)), *wrap("M-0", body))
    harness = Harness(clock, scripted(clock), deferrals=3, refused_by_topic=gone)
    deliveries = list(wrap("M-0", body))
    for generation in range(1, 4):
        assert same(rejected(harness, *deliveries)) == same(first)
        ((sent, _, _),) = harness.sent_back
        harness.sent_back.clear()
        deliveries = list(wrap(f"M-{generation}", sent))
        assert [each.lineage.generation for each in deliveries] == [generation]
    harness.refused_by_topic = lambda outcome: None
    assert same(rejected(harness, *deliveries)) == same(first)
    assert [event["data"]["generation"] for event in harness.events] == [3]


def through_the_trigger(message_id: str, body: str) -> tuple[Delivery, ...]:
    """Return the deliveries of a body as the trigger pushes it."""
    event = {"specversion": "1.0", "id": message_id, "data": {"messageId": message_id, "messageBody": body}}
    return parse(json.dumps([event]).encode()).deliveries


@pytest.mark.parametrize("wrap", [parse_message, through_the_trigger])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_rejected_body_goes_back_as_it_came(
    clock: FakeClock, body: str, wrap: Callable[[str, str], tuple[Delivery, ...]]
) -> None:
    """After any number of rounds the violations, the subject and the event id are those of the first time."""
    rounds(clock, body, wrap)


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
def test_any_rejected_body_is_rejected_again_in_the_same_way(body: str, wrapped: list[str]) -> None:
    """Whatever the text, in the clear or in base64, in a CloudEvent of the requester or not."""
    for layer in wrapped:
        if layer == "object":
            body = json.dumps(broken_event("DATA")).replace('"DATA"', body)
        else:
            encoded = base64.b64encode(body.encode("utf-8", "surrogatepass")).decode()
            body = json.dumps(broken_event(body if layer == "text" else encoded))
    (arrived,) = parse_message("M-0", body)
    clock = FakeClock()
    (outcome,) = Harness(clock, EveryName()).work(arrived)
    if data_of(outcome)["status"] == "rejected":
        rounds(clock, body, parse_message)


def test_a_flawed_body_that_is_lost_comes_back(clock: FakeClock) -> None:
    """A caller that hands over an object and no text gets the exception: the object cannot be made again."""
    harness = Harness(clock, scripted(clock), deferrals=2, refused_by_topic=gone)
    assert harness.work(*parse(TWICE.encode()).deliveries) == [None]
    assert harness.logs.popitem()[1].told[-1] == ("unfinished", "TopicNotExist")


def test_flawed_bodies_of_one_id_go_back_each_for_itself(clock: FakeClock) -> None:
    """They are taken for no copies of each other, nor of a request that is not flawed."""
    harness = Harness(clock, EveryName(), deferrals=2, refused_by_topic=gone)
    same_id = TWICE.replace("REQ-9", "REQ-1")
    outcomes = harness.work(*parse_message("M-1", same_id), *parse_message("M-2", same_id), delivery(message_id="M-3"))
    assert statuses(outcomes) == ["rejected", "rejected", "succeeded"]
    assert [lineage.submission_id for lineage in harness.back] == ["M-1", "M-2", "M-3"]
