"""Deliveries become settled outcomes: in order, isolated from each other, copies of one request as one case."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.envelope import parse
from handler.inbound.request_event import Lineage
from handler.model import Adoption, Answer, Created, GroupList, LookupResult, ProvisionRequest, Refused, Violation
from handler.outcome import Outcome
from handler.provisioning.ownership import marked_description
from handler.provisioning.retry import MIN_CALL_SECONDS, Deadlines
from tests.handler.unit.pipeline_harness import SOURCE, AcceptAll, Harness, data_of, delivery_of, statuses
from tests.support import samples
from tests.support.clock import ManualClock
from tests.support.fakes import scripted
from tests.support.patience import PATIENCE_SECONDS
from tests.support.samples import (
    CREATED,
    DEADLINES,
    DOCUMENT,
    DUPLICATE,
    INTERNAL_ERROR,
    NO_GROUPS,
    NO_PERMISSION,
    READ_TIMEOUT,
    THROTTLED,
    delivery,
    group_of,
)


@pytest.fixture
def harness(clock: ManualClock) -> Harness:
    """Return a pipeline whose API creates one group."""
    return Harness(clock, scripted(clock, [CREATED]))


def test_outcome_is_published_then_logged(harness: Harness) -> None:
    """The published outcome is also returned."""
    (outcome,) = harness.process(delivery())
    assert harness.published == [(outcome, DEADLINES.publish)]
    assert harness.logs["M-1"].events == ["bound", "call", "published"]
    [(_, call)] = [entry for entry in harness.logs["M-1"].entries if entry[0] == "call"]
    assert (call.operation, call.code) == ("CreateExpressSync", "OK")
    assert harness.logs["M-1"].entries[-1] == ("published", outcome)
    assert outcome is not None
    assert outcome.status == "succeeded"
    assert outcome.event["source"] == SOURCE


def test_empty_batch_has_no_outcomes(harness: Harness) -> None:
    assert harness.process() == []


def test_outcomes_are_in_the_order_of_their_deliveries(clock: ManualClock) -> None:
    """The order in which they finish does not matter."""
    ids = [f"REQ-{number}" for number in range(20)]
    outcomes = Harness(clock, AcceptAll()).process(*map(delivery_of, ids))
    assert [data_of(outcome)["requestId"] for outcome in outcomes] == ids
    assert [data_of(outcome)["expressSyncId"] for outcome in outcomes] == [f"sync-{each}" for each in ids]


def test_outcome_has_attempts_waits_and_elapsed_time(clock: ManualClock) -> None:
    """Create calls are attempts and lookups are not; the waits of both and between lookups are counted."""
    service = scripted(clock, [THROTTLED, DUPLICATE], [INTERNAL_ERROR, NO_GROUPS, *[NO_GROUPS] * 3], call_seconds=0.5)
    data = data_of(Harness(clock, service).process(delivery())[0])
    assert data["status"] == "indeterminate"
    assert data["attempts"] == 2
    assert data["timings"]["waitedMs"] == 12_000
    assert data["timings"]["elapsedMs"] == round((clock.now() - 1000.0) * 1000)


def test_outcome_has_the_attributes_and_the_message_id(harness: Harness) -> None:
    (outcome,) = harness.process(delivery(message_id="M-9", lineage=Lineage({"traceparent": "00-1"})))
    assert data_of(outcome)["messageId"] == "M-9"
    assert outcome is not None
    assert outcome.event["traceparent"] == "00-1"


@pytest.mark.parametrize(
    "document",
    [None, {}, [], "text", {"requestId": "REQ-7"}, {**DOCUMENT, "name": "1"}],
    ids=lambda document: repr(document)[:20],
)
def test_invalid_document_is_rejected_without_a_call(clock: ManualClock, document: object) -> None:
    """The log has the request id, if that is usable."""
    harness = Harness(clock, scripted(clock))
    (outcome,) = harness.process(delivery(document))
    data = data_of(outcome)
    assert (data["status"], data["attempts"]) == ("rejected", 0)
    request_id = document.get("requestId") if isinstance(document, dict) else None
    assert harness.logs["M-1"].entries[0] == ("bound", request_id)
    assert data["requestId"] == request_id


def test_unreadable_text_has_only_its_own_violations(clock: ManualClock) -> None:
    """A text that cannot be parsed breaks no other rule."""
    violation = Violation("$", "json", "must be JSON")
    (outcome,) = Harness(clock, scripted(clock)).process(delivery(None, violations=(violation,)))
    assert [violation["rule"] for violation in data_of(outcome)["violations"]] == ["json"]


def test_invalid_body_that_can_be_parsed_has_all_its_violations(clock: ManualClock) -> None:
    """The outcome has the id of the request."""
    text = '{"requestId": "REQ-9", "name": "1bad", "name": "1bad", "bucketName": "X"}'
    (outcome,) = Harness(clock, scripted(clock)).process(*parse(text.encode()).deliveries)
    data = data_of(outcome)
    assert data["requestId"] == "REQ-9"
    broken = {(violation["path"], violation["rule"]) for violation in data["violations"]}
    assert broken >= {("$", "uniqueKeys"), ("$.name", "pattern"), ("$.bucketRegion", "required")}


@pytest.mark.parametrize(
    ("adoption", "status"), [("identical", "succeeded"), ("never", "succeeded"), ("owned", "rejected")]
)
def test_owned_rejects_a_description_without_room_for_the_mark(
    clock: ManualClock, adoption: Adoption, status: str
) -> None:
    """The other policies accept all 255 characters, because they add nothing."""
    harness = Harness(clock, AcceptAll(), adoption)
    (outcome,) = harness.process(delivery_of("REQ-1", description="d" * 255))
    assert data_of(outcome)["status"] == status


def test_owned_accepts_a_description_with_room_for_the_mark(clock: ManualClock) -> None:
    assert data_of(Harness(clock, AcceptAll(), "owned").process(delivery())[0])["status"] == "succeeded"


def test_delivery_with_time_for_one_call_is_processed(harness: Harness) -> None:
    deadlines = replace(DEADLINES, create=harness.clock.now() + MIN_CALL_SECONDS)
    assert data_of(harness.process(delivery(), deadlines=deadlines)[0])["status"] == "succeeded"


def test_fault_of_the_function_is_isolated_and_indeterminate(clock: ManualClock) -> None:
    """The outcome has the request and the code HandlerFault; the log has the fault, without its text."""

    def answer_for(request: ProvisionRequest) -> Answer | None:
        if request.request_id == "REQ-1":
            raise RuntimeError("SECRET")
        return None

    harness = Harness(clock, AcceptAll(answer_for))
    outcomes = harness.process(delivery_of("REQ-0"), delivery_of("REQ-1"), delivery_of("REQ-2"))
    assert [data_of(outcome)["status"] for outcome in outcomes] == ["succeeded", "indeterminate", "succeeded"]
    data = data_of(outcomes[1])
    assert (data["error"]["code"], data["error"]["retryable"]) == ("HandlerFault", True)
    assert data["request"]["requestId"] == "REQ-1"
    assert ("crashed", "RuntimeError") in harness.logs["M-REQ-1"].entries
    assert len(harness.published) == 3
    assert "SECRET" not in str(outcomes)


def test_refusal_does_not_affect_another_delivery(clock: ManualClock) -> None:
    """Each delivery has its own attempts, waits and verdict."""

    def answer_for(request: ProvisionRequest) -> Answer | None:
        return Refused("RoleNotExist", 404) if request.request_id == "REQ-0" else None

    outcomes = Harness(clock, AcceptAll(answer_for)).process(delivery_of("REQ-0"), delivery_of("REQ-1"))
    assert [data_of(outcome)["status"] for outcome in outcomes] == ["failed", "succeeded"]


@pytest.mark.parametrize("deliveries", [2, 16])
def test_deliveries_are_processed_concurrently(clock: ManualClock, deliveries: int) -> None:
    """Each delivery waits for the others at a barrier that only all of them together can pass."""
    barrier = threading.Barrier(deliveries)

    def answer_for(request: ProvisionRequest) -> Answer | None:
        barrier.wait(PATIENCE_SECONDS)
        return None

    outcomes = Harness(clock, AcceptAll(answer_for)).process(
        *(delivery_of(f"REQ-{number}") for number in range(deliveries))
    )
    assert {data_of(outcome)["status"] for outcome in outcomes} == {"succeeded"}


def test_concurrency_is_bounded(clock: ManualClock) -> None:
    """Pairs meet at the barrier; a third delivery would be counted."""
    barrier, lock = threading.Barrier(2), threading.Lock()
    under_way, most = 0, 0

    def answer_for(request: ProvisionRequest) -> Answer | None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        barrier.wait(PATIENCE_SECONDS)
        with lock:
            under_way -= 1
        return None

    outcomes = Harness(clock, AcceptAll(answer_for), concurrency=2).process(
        *(delivery_of(f"REQ-{n}") for n in range(8))
    )
    assert {data_of(outcome)["status"] for outcome in outcomes} == {"succeeded"}
    assert most == 2


def test_bodies_without_a_usable_id_are_processed_concurrently(clock: ManualClock) -> None:
    """Each of them has a lane of its own."""
    barrier = threading.Barrier(2)
    harness = Harness(clock, AcceptAll())

    def meet(outcome: Outcome) -> None:
        barrier.wait(PATIENCE_SECONDS)

    harness.refused_by_topic = meet
    outcomes = harness.process(delivery(None, "M-1"), delivery(None, "M-2"))
    assert [data_of(outcome)["messageId"] for outcome in outcomes] == ["M-1", "M-2"]


def test_single_delivery_is_processed_in_the_calling_thread(clock: ManualClock) -> None:
    threads: list[threading.Thread] = []

    def answer_for(request: ProvisionRequest) -> Answer | None:
        threads.append(threading.current_thread())
        return None

    Harness(clock, AcceptAll(answer_for)).process(delivery())
    assert threads == [threading.current_thread()]


def test_redelivery_publishes_the_same_event_id(clock: ManualClock) -> None:
    """The event id does not depend on the attempts, nor on when the group was made."""
    (first,) = Harness(clock, scripted(clock, [THROTTLED, Created("sync-there", "API-1")])).process(delivery())
    there = GroupList((group_of(),))
    (again,) = Harness(clock, scripted(clock, [DUPLICATE], [there])).process(delivery())
    assert first is not None
    assert again is not None
    assert (data_of(first)["disposition"], data_of(again)["disposition"]) == ("created", "existing")
    assert first.event["id"] == again.event["id"]


def test_outcome_lists_the_calls_of_its_case(clock: ManualClock) -> None:
    """Each call has its operation, code, start, duration and the wait after it, in order."""
    service = scripted(clock, [THROTTLED, DUPLICATE], [GroupList((group_of(),))], call_seconds=0.5)
    (outcome,) = Harness(clock, service).process(delivery())
    shown = [tuple(call.values()) for call in data_of(outcome)["calls"]]
    assert shown == [
        ("CreateExpressSync", "Throttling.User", "2026-11-23T08:00:00.000Z", 500, 1000),
        ("CreateExpressSync", "DuplicateExpressSyncName", "2026-11-23T08:00:01.500Z", 500, 0),
        ("DescribeExpressSyncs", "OK", "2026-11-23T08:00:02.000Z", 500, 0),
    ]


def test_calls_show_the_pause_between_two_lookups(clock: ManualClock) -> None:
    """A picture of the calls has no gaps: each begins where the wait after the one before it ends."""
    service = scripted(clock, [READ_TIMEOUT, DUPLICATE], [NO_GROUPS] * 4, call_seconds=0.5)
    (outcome,) = Harness(clock, service).process(delivery())
    calls = data_of(outcome)["calls"]
    assert [(call["operation"][:6], call["waitMs"]) for call in calls] == [
        *(("Create", 1000), ("Create", 0)),
        *(("Descri", 0), ("Descri", 10_000), ("Descri", 0), ("Descri", 0)),
    ]
    begins = [datetime.fromisoformat(call["at"].replace("Z", "+00:00")) for call in calls]
    lasts = [timedelta(milliseconds=call["tookMs"] + call["waitMs"]) for call in calls]
    assert begins[1:] == [began + lasted for began, lasted in zip(begins, lasts, strict=True)][:-1]


def test_copies_of_one_submission_are_one_event(clock: ManualClock) -> None:
    """The API is called once, one event is published, and it settles every copy."""
    service = scripted(clock, [CREATED])
    harness = Harness(clock, service)
    copies = [delivery(message_id=f"M-{n}", lineage=Lineage(submission_id="S-1")) for n in range(3)]
    outcomes = harness.process(*copies)
    assert (len(service.created), len(harness.published)) == (1, 1)
    assert [outcome.event for outcome in outcomes if outcome] == harness.events * 3
    assert harness.events[0]["data"]["messageId"] == "M-0"
    assert [harness.logs[f"M-{n}"].events[-1] for n in range(3)] == ["published"] * 3
    assert [harness.logs[f"M-{n}"].events.count("call") for n in range(3)] == [1, 0, 0]


def test_two_submissions_of_one_body_are_two_events(clock: ManualClock) -> None:
    """The API is called once; each event has the id and the attributes of its own submission."""
    service = scripted(clock, [CREATED])
    harness = Harness(clock, service)
    first = delivery(message_id="M-1", lineage=Lineage({"traceparent": "00-1"}))
    second = delivery(message_id="M-2", lineage=Lineage({"correlationid": "c-2"}))
    outcomes = harness.process(first, second)
    assert len(service.created) == 1
    assert [outcome.event for outcome in outcomes if outcome] == harness.events
    one, two = harness.events
    assert one["id"] != two["id"]
    assert (one["traceparent"], "correlationid" in one) == ("00-1", False)
    assert (two["correlationid"], "traceparent" in two) == ("c-2", False)
    assert [event["data"]["submissionId"] for event in (one, two)] == ["M-1", "M-2"]


def test_key_order_does_not_make_another_request(clock: ManualClock) -> None:
    """Two texts of one document are copies."""
    service = scripted(clock, [CREATED])
    Harness(clock, service).process(delivery(DOCUMENT), delivery(dict(reversed(DOCUMENT.items())), "M-2"))
    assert len(service.created) == 1


def test_bodies_of_one_request_id_are_processed_in_order(clock: ManualClock) -> None:
    """Otherwise one could report a refusal after the success of the other. Other requests go on meanwhile."""
    both_sides, under_way, order = threading.Barrier(2), threading.Lock(), list[str]()

    def answer_for(request: ProvisionRequest) -> Answer | None:
        if request.request_id == "REQ-1":
            assert under_way.acquire(blocking=False)
            order.append(request.description)
        if request.description in ("first", "beside"):
            both_sides.wait(PATIENCE_SECONDS)
        if request.request_id == "REQ-1":
            under_way.release()
        return None

    same = [delivery({**DOCUMENT, "description": each}, f"M-{each}") for each in ("first", "second", "third")]
    beside = delivery_of("REQ-2", description="beside")
    outcomes = Harness(clock, AcceptAll(answer_for)).process(same[0], same[1], beside, same[2])
    assert order == ["first", "second", "third"]
    assert [data_of(outcome)["messageId"] for outcome in outcomes] == ["M-first", "M-second", "M-REQ-2", "M-third"]
    assert set(statuses(outcomes)) == {"succeeded"}


def test_doubt_about_a_request_does_not_affect_another_request(clock: ManualClock) -> None:
    """The two requests differ only in their requestId and ask for the same group."""
    asked: list[str] = []

    def answer_for(request: ProvisionRequest) -> Answer | None:
        asked.append(request.request_id)
        return READ_TIMEOUT if request.request_id == "REQ-1" else NO_PERMISSION

    outcomes = Harness(clock, AcceptAll(answer_for), concurrency=1).process(delivery_of("REQ-1"), delivery_of("REQ-2"))
    assert statuses(outcomes) == ["indeterminate", "failed"]
    assert asked == ["REQ-1"] * 3 + ["REQ-2"]


# Two bodies under one requestId in one batch. The first one stays open: no answer, and no group is found.
OTHER_NAME = {**DOCUMENT, "name": "videos"}
OTHER_WORDS = {**DOCUMENT, "description": "of winter"}
OTHER_PREFIX = {**DOCUMENT, "bucketPrefix": "teams/b"}


@pytest.mark.parametrize("adoption", ["identical", "never", "owned"])
@pytest.mark.parametrize("second", [OTHER_NAME, OTHER_WORDS, OTHER_PREFIX], ids=["name", "description", "prefix"])
def test_every_body_of_a_request_id_gets_its_own_calls(
    clock: ManualClock, adoption: Adoption, second: dict[str, object]
) -> None:
    """Doubt about the first body does not answer for the second one, under any policy."""
    service = scripted(clock, [READ_TIMEOUT] * 3 + [CREATED], [NO_GROUPS] * 4)
    outcomes = Harness(clock, service, adoption).process(delivery(), delivery(second, "M-2"))
    assert statuses(outcomes) == ["indeterminate", "succeeded"]
    assert [data_of(outcome)["attempts"] for outcome in outcomes] == [3, 1]


@pytest.mark.parametrize("adoption", ["identical", "never", "owned"])
@pytest.mark.parametrize(
    ("second", "status", "lookup_count"),
    [(OTHER_NAME, "failed", 2), (OTHER_PREFIX, "failed", 2), (OTHER_WORDS, "indeterminate", 4)],
    ids=["name", "prefix", "description"],
)
def test_refusal_is_final_unless_the_same_group_may_still_land(
    clock: ManualClock, adoption: Adoption, second: dict[str, object], status: str, lookup_count: int
) -> None:
    """While a call for the first body may land, a refusal of the second is final only for another group."""
    service = scripted(clock, [READ_TIMEOUT] * 3 + [NO_PERMISSION], [NO_GROUPS] * (4 + lookup_count))
    outcomes = Harness(clock, service, adoption).process(delivery(), delivery(second, "M-2"))
    assert statuses(outcomes) == ["indeterminate", status]
    assert len(service.looked_up) == 4 + lookup_count
    assert data_of(outcomes[1])["error"]["code"] == "NoPermission"


@pytest.mark.parametrize(
    ("adoption", "expected"),
    [("identical", "succeeded"), ("never", "indeterminate"), ("owned", "succeeded")],
)
def test_late_group_answers_a_second_body_of_its_configuration(
    clock: ManualClock, adoption: Adoption, expected: str
) -> None:
    """Under `never` it is unknown who made the group."""
    request = ProvisionRequest.of(DOCUMENT)
    words = marked_description(request) if adoption == "owned" else request.description
    landed = GroupList((group_of(description=words),))
    service = scripted(clock, [READ_TIMEOUT] * 3 + [DUPLICATE], [NO_GROUPS] * 4 + [landed])
    outcomes = Harness(clock, service, adoption).process(delivery(), delivery(OTHER_WORDS, "M-2"))
    assert statuses(outcomes) == ["indeterminate", expected]


@pytest.mark.parametrize("first", [CREATED, NO_PERMISSION])
def test_settled_body_leaves_no_call_in_flight(clock: ManualClock, first: Answer) -> None:
    """The second body gets its verdict at once, without a pause."""
    service = scripted(clock, [first, NO_PERMISSION], [NO_GROUPS] * 4)
    outcomes = Harness(clock, service).process(delivery(), delivery(OTHER_WORDS, "M-2"))
    assert statuses(outcomes)[1] == "failed"
    assert clock.slept.count(10.0) == 0


def test_call_in_flight_outlives_a_settled_body_after_it(clock: ManualClock) -> None:
    """The second body, equal to the first in all that is sent, does not remove the doubt for the third."""
    answers: list[Answer] = [READ_TIMEOUT, READ_TIMEOUT, READ_TIMEOUT, CREATED, NO_PERMISSION]
    service = scripted(clock, answers, [NO_GROUPS] * 8)
    bodies = [DOCUMENT, {**DOCUMENT, "requester": "another"}, OTHER_WORDS]
    outcomes = Harness(clock, service).process(*(delivery(body, f"M-{n}") for n, body in enumerate(bodies)))
    assert statuses(outcomes) == ["indeterminate", "succeeded", "indeterminate"]


def test_fault_of_the_function_leaves_its_request_in_doubt(clock: ManualClock) -> None:
    """It is unknown what was sent before the fault, so a refusal of the next body of the same group is not final."""
    calls: list[str] = []

    def answer_for(request: ProvisionRequest) -> Answer | None:
        calls.append(request.description)
        if len(calls) == 1:
            raise RuntimeError
        return NO_PERMISSION

    outcomes = Harness(clock, AcceptAll(answer_for)).process(delivery(), delivery(OTHER_WORDS, "M-2"))
    assert statuses(outcomes) == ["indeterminate", "indeterminate"]
    assert [data_of(outcome)["error"]["code"] for outcome in outcomes] == ["HandlerFault", "NoPermission"]
    assert calls == ["of summer", "of winter"]


def test_fault_of_the_function_is_not_deferred(clock: ManualClock) -> None:
    """The next generation would fail in the same way."""

    def answer_for(request: ProvisionRequest) -> Answer | None:
        raise RuntimeError

    harness = Harness(clock, AcceptAll(answer_for), deferrals=2)
    assert statuses(harness.process(delivery())) == ["indeterminate"]
    assert harness.requeued == []


def test_fault_on_a_huge_document_is_published_shortened(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document of 60 KB, not validated, would make an outcome that is too large for the topic."""

    def broken(document: object) -> tuple[Violation, ...]:
        raise RuntimeError

    monkeypatch.setattr("handler.inbound.validation.violations", broken)
    huge = {"requestId": "REQ-1", "note": "\u4e2d" * 20_000}
    (outcome,) = Harness(clock, scripted(clock)).process(delivery(huge))
    data = data_of(outcome)
    assert (data["status"], data["error"]["code"]) == ("indeterminate", "HandlerFault")
    assert (data["request"], data["omitted"]) == ({"requestId": "REQ-1"}, ["calls", "request"])
    assert outcome is not None
    assert len(outcome.text) <= 65536


LATE = Deadlines(create=1000.0 + MIN_CALL_SECONDS - 0.001, lookup=1103.0, publish=1118.0)
TOO_LATE = Deadlines(create=1000.0, lookup=1000.0, publish=1001.0)


@pytest.mark.parametrize(
    ("deadlines", "lookups", "lookup_count", "last"),
    [
        (LATE, [NO_GROUPS] * 2, 2, "failed"),
        (LATE, [NO_PERMISSION], 1, "indeterminate"),
        (TOO_LATE, [], 0, "indeterminate"),
        (replace(TOO_LATE, create=900.0, lookup=900.0, publish=900.0), [], 0, "indeterminate"),
    ],
)
def test_delivery_without_time_is_deferred(
    clock: ManualClock, deadlines: Deadlines, lookups: list[LookupResult], lookup_count: int, last: str
) -> None:
    """Nothing is created; a lookup is made only if it fits, and it decides in the last generation."""
    for generation, status in ((0, "deferred"), (2, last)):
        service = scripted(clock, [], lookups)
        harness = Harness(clock, service, deferrals=2)
        lineage = Lineage(generation=generation)
        (outcome,) = harness.process(delivery(lineage=lineage), deadlines=deadlines)
        data = data_of(outcome)
        assert (data["status"], data["error"]["code"], data["attempts"]) == (status, "OutOfTime", 0)
        assert (len(service.created), len(service.looked_up)) == (0, lookup_count)
        assert len(harness.requeued) == (1 if status == "deferred" else 0)


@pytest.mark.parametrize(("generation", "lookup_count"), [(1, 3), (2, 6)])
def test_lookups_are_bounded_but_in_the_last_generation(clock: ManualClock, generation: int, lookup_count: int) -> None:
    """A later generation looks up again."""
    service = scripted(clock, [DUPLICATE], [*[INTERNAL_ERROR] * 5, GroupList((group_of(),))])
    Harness(clock, service, deferrals=2).process(delivery(lineage=Lineage(generation=generation)))
    assert len(service.looked_up) == lookup_count


def test_existing_group_is_found_without_time_to_create(clock: ManualClock) -> None:
    """Lookups have a reserve of time."""
    service = scripted(clock, [], [GroupList((group_of(),))])
    (outcome,) = Harness(clock, service, deferrals=2).process(delivery(), deadlines=LATE)
    assert (data_of(outcome)["status"], data_of(outcome)["disposition"]) == ("succeeded", "existing")


def test_slow_deliveries_defer_the_rest_of_the_batch(clock: ManualClock) -> None:
    """A delivery without time left is deferred without a call, and the deadline is kept."""
    service = scripted(clock, [READ_TIMEOUT] * 9, [READ_TIMEOUT] * 99, call_seconds=10.0)
    harness = Harness(clock, service, deferrals=2)
    outcomes = harness.process(delivery(), delivery(OTHER_NAME, "M-2"), deadlines=replace(DEADLINES, create=1035.0))
    assert statuses(outcomes) == ["deferred", "deferred"]
    assert data_of(outcomes[1])["error"]["code"] == "OutOfTime"
    assert [each.generation for each in harness.lineages] == [1, 1]
    assert clock.now() <= DEADLINES.lookup


outages = st.lists(st.sampled_from([CREATED, THROTTLED, READ_TIMEOUT, INTERNAL_ERROR, NO_PERMISSION]), min_size=1)


@given(
    batch=st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xy"), st.integers(0, 3)), max_size=8),
    answers=outages,
    refused=st.sets(st.integers(0, 9)),
    deferrals=st.integers(0, 3),
)
def test_every_submission_is_published_or_requeued(
    batch: list[tuple[str, str, int]], answers: list[Answer], refused: set[int], deferrals: int
) -> None:
    """This holds for any batch and any outage; a delivery that is neither has to come back."""
    clock, calls, publications = ManualClock(), iter(range(10**6)), iter(range(10**6))

    def answer_for(request: ProvisionRequest) -> Answer | None:
        answer = answers[next(calls) % len(answers)]
        return None if isinstance(answer, Created) else answer

    harness = Harness(clock, AcceptAll(answer_for), deferrals=deferrals, concurrency=1)
    harness.refused_by_topic = lambda outcome: samples.TOPIC_GONE if next(publications) in refused else None
    deliveries = [
        delivery({**DOCUMENT, "requestId": name, "description": words}, f"M-{n}", lineage=Lineage(generation=number))
        for n, (name, words, number) in enumerate(batch)
    ]
    outcomes = harness.process(*deliveries)
    published_by_id = {event["data"]["submissionId"]: event for event in harness.events}
    assert len(published_by_id) == len(harness.events)
    back = [each.submission_id for lineage in harness.lineages for each in lineage.submissions]
    assert len(back) == len(set(back))
    for each, outcome in zip(deliveries, outcomes, strict=True):
        submission = each.lineage.submission_id
        is_deferred = submission in published_by_id and published_by_id[submission]["data"]["status"] == "deferred"
        assert (submission in back) is (outcome is not None and (submission not in published_by_id or is_deferred))
        assert outcome is not None or submission not in published_by_id
        ends = [event for event in harness.logs[each.message_id].events if event not in ("bound", "call")]
        assert len(ends) == 1
        assert (ends[0] == "not_settled") is (outcome is None)
    assert all(lineage.generation <= deferrals for lineage in harness.lineages)
