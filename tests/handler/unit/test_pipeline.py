"""Deliveries to settled outcomes: in order, each isolated from its neighbours, copies of one request as one case."""

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.envelope import parse
from handler.inbound.request_event import Lineage
from handler.model import Adoption, Answer, Created, GroupList, LookupResult, ProvisionRequest, Refused, Violation
from handler.outcome import Outcome
from handler.provisioning.ownership import marked_description
from handler.provisioning.retry import MIN_CALL_SECONDS, Deadlines
from tests.handler.unit import fakes
from tests.handler.unit.fakes import (
    CREATED,
    DOCUMENT,
    DUPLICATE,
    INTERNAL_ERROR,
    NO_GROUPS,
    NO_PERMISSION,
    READ_TIMEOUT,
    THROTTLED,
    FakeClock,
    delivery,
    group_of,
    scripted,
)
from tests.handler.unit.pipeline_harness import DEADLINES, SOURCE, EveryName, Harness, asking, data_of, statuses
from tests.support.patience import PATIENCE_SECONDS


@pytest.fixture
def harness(clock: FakeClock) -> Harness:
    """A pipeline whose API creates one group."""
    return Harness(clock, scripted(clock, [CREATED]))


def test_an_outcome_is_published_then_logged(harness: Harness) -> None:
    """The topic has the outcome before the journal says so; the outcome is what is returned."""
    (outcome,) = harness.work(delivery())
    assert harness.published == [(outcome, DEADLINES.publish)]
    assert harness.logs["M-1"].events == ["bound", "attempted", "decided"]
    assert harness.logs["M-1"].told[-1] == ("decided", outcome)
    assert outcome is not None
    assert outcome.status == "succeeded"
    assert outcome.event["source"] == SOURCE


def test_no_deliveries_have_no_outcomes(harness: Harness) -> None:
    """An empty batch asks nothing of anybody."""
    assert harness.work() == []


def test_outcomes_come_in_the_order_of_their_deliveries(clock: FakeClock) -> None:
    """Whoever is done first."""
    ids = [f"REQ-{number}" for number in range(20)]
    outcomes = Harness(clock, EveryName()).work(*map(asking, ids))
    assert [data_of(outcome)["requestId"] for outcome in outcomes] == ids
    assert [data_of(outcome)["expressSyncId"] for outcome in outcomes] == [f"sync-{each}" for each in ids]


def test_the_outcome_tells_the_effort(clock: FakeClock) -> None:
    """Create calls and not looks are attempts; waits of both are waited; time passes between start and end."""
    service = scripted(clock, [THROTTLED, DUPLICATE], [INTERNAL_ERROR, NO_GROUPS, *[NO_GROUPS] * 3], call_seconds=0.5)
    data = data_of(Harness(clock, service).work(delivery())[0])
    assert data["status"] == "indeterminate"
    assert data["attempts"] == 2
    assert data["timings"]["waitedMs"] == 2000
    assert data["timings"]["elapsedMs"] == round((clock.now() - 1000.0) * 1000)


def test_attributes_and_message_id_are_passed_on(harness: Harness) -> None:
    """As the envelope gave them."""
    (outcome,) = harness.work(delivery(message_id="M-9", lineage=Lineage({"traceparent": "00-1"})))
    assert data_of(outcome)["messageId"] == "M-9"
    assert outcome is not None
    assert outcome.event["traceparent"] == "00-1"


@pytest.mark.parametrize(
    "document",
    [None, {}, [], "text", {"requestId": "REQ-7"}, {**DOCUMENT, "name": "1"}],
    ids=lambda document: repr(document)[:20],
)
def test_what_breaks_the_contract_is_rejected_without_a_call(clock: FakeClock, document: object) -> None:
    """The API is not asked, and the journal knows the request as far as it has a usable id."""
    harness = Harness(clock, scripted(clock))
    (outcome,) = harness.work(delivery(document))
    data = data_of(outcome)
    assert (data["status"], data["attempts"]) == ("rejected", 0)
    request_id = document.get("requestId") if isinstance(document, dict) else None
    assert harness.logs["M-1"].told[0] == ("bound", request_id)
    assert data["requestId"] == request_id


def test_the_flaws_of_a_text_are_its_violations(clock: FakeClock) -> None:
    """They alone: what cannot be read breaks no other rule."""
    flaw = Violation("$", "json", "must be JSON")
    (outcome,) = Harness(clock, scripted(clock)).work(delivery(None, flaws=(flaw,)))
    assert [violation["rule"] for violation in data_of(outcome)["violations"]] == ["json"]


def test_a_flawed_body_that_can_be_parsed_names_all_its_faults(clock: FakeClock) -> None:
    """Under the id of its request, for whoever waits for that."""
    text = '{"requestId": "REQ-9", "name": "1bad", "name": "1bad", "bucketName": "X"}'
    (outcome,) = Harness(clock, scripted(clock)).work(*parse(text.encode()).deliveries)
    data = data_of(outcome)
    assert data["requestId"] == "REQ-9"
    told = {(violation["path"], violation["rule"]) for violation in data["violations"]}
    assert told >= {("$", "uniqueKeys"), ("$.name", "pattern"), ("$.bucketRegion", "required")}


@pytest.mark.parametrize(
    ("adoption", "status"), [("identical", "succeeded"), ("never", "succeeded"), ("owned", "rejected")]
)
def test_a_description_without_room_is_rejected_under_owned(clock: FakeClock, adoption: Adoption, status: str) -> None:
    """255 characters are allowed where nothing is added to them."""
    harness = Harness(clock, EveryName(), adoption)
    (outcome,) = harness.work(asking("REQ-1", description="d" * 255))
    assert data_of(outcome)["status"] == status


def test_a_short_description_is_fine_under_owned(clock: FakeClock) -> None:
    """There is room for the mark."""
    assert data_of(Harness(clock, EveryName(), "owned").work(delivery())[0])["status"] == "succeeded"


def test_a_delivery_with_just_enough_time_is_begun(harness: Harness) -> None:
    """One shortest call fits."""
    deadlines = replace(DEADLINES, create=harness.clock.now() + MIN_CALL_SECONDS)
    assert data_of(harness.work(delivery(), deadlines=deadlines)[0])["status"] == "succeeded"


def test_a_fault_of_ours_is_indeterminate_and_harms_nobody(clock: FakeClock) -> None:
    """It is announced as what it is, with the request; the journal has the fault, the outcome not its text."""

    def trouble(request: ProvisionRequest) -> Answer | None:
        if request.request_id == "REQ-1":
            raise RuntimeError("SECRET")
        return None

    harness = Harness(clock, EveryName(trouble))
    outcomes = harness.work(asking("REQ-0"), asking("REQ-1"), asking("REQ-2"))
    assert [data_of(outcome)["status"] for outcome in outcomes] == ["succeeded", "indeterminate", "succeeded"]
    data = data_of(outcomes[1])
    assert (data["error"]["code"], data["error"]["retryable"]) == ("HandlerFault", True)
    assert data["request"]["requestId"] == "REQ-1"
    assert ("failed", "RuntimeError") in harness.logs["M-REQ-1"].told
    assert len(harness.published) == 3
    assert "SECRET" not in str(outcomes)


def test_a_refusal_of_one_does_not_touch_another(clock: FakeClock) -> None:
    """Each has its own attempts, waits and verdict."""

    def trouble(request: ProvisionRequest) -> Answer | None:
        return Refused("RoleNotExist", 404) if request.request_id == "REQ-0" else None

    outcomes = Harness(clock, EveryName(trouble)).work(asking("REQ-0"), asking("REQ-1"))
    assert [data_of(outcome)["status"] for outcome in outcomes] == ["failed", "succeeded"]


@pytest.mark.parametrize("deliveries", [2, 16])
def test_deliveries_are_processed_side_by_side(clock: FakeClock, deliveries: int) -> None:
    """All of a batch are under way together: each waits for the others at a barrier that only all can pass."""
    barrier = threading.Barrier(deliveries)

    def trouble(request: ProvisionRequest) -> Answer | None:
        barrier.wait(PATIENCE_SECONDS)
        return None

    outcomes = Harness(clock, EveryName(trouble)).work(*(asking(f"REQ-{number}") for number in range(deliveries)))
    assert {data_of(outcome)["status"] for outcome in outcomes} == {"succeeded"}


def test_no_more_are_processed_at_a_time_than_allowed(clock: FakeClock) -> None:
    """Two at once, however many there are; a pair meets at the barrier, a third would be counted."""
    barrier, lock = threading.Barrier(2), threading.Lock()
    under_way, most = 0, 0

    def trouble(request: ProvisionRequest) -> Answer | None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        barrier.wait(PATIENCE_SECONDS)
        with lock:
            under_way -= 1
        return None

    outcomes = Harness(clock, EveryName(trouble), concurrency=2).work(*(asking(f"REQ-{n}") for n in range(8)))
    assert {data_of(outcome)["status"] for outcome in outcomes} == {"succeeded"}
    assert most == 2


def test_bodies_without_a_usable_id_do_not_wait_for_each_other(clock: FakeClock) -> None:
    """Each stands for itself: two of them are under way together."""
    barrier = threading.Barrier(2)
    harness = Harness(clock, EveryName())

    def meet(outcome: Outcome) -> None:
        barrier.wait(PATIENCE_SECONDS)

    harness.refused_by_topic = meet
    outcomes = harness.work(delivery(None, "M-1"), delivery(None, "M-2"))
    assert [data_of(outcome)["messageId"] for outcome in outcomes] == ["M-1", "M-2"]


def test_a_single_delivery_needs_no_thread(clock: FakeClock) -> None:
    """It is worked where it was handed over."""
    threads: list[threading.Thread] = []

    def trouble(request: ProvisionRequest) -> Answer | None:
        threads.append(threading.current_thread())
        return None

    Harness(clock, EveryName(trouble)).work(delivery())
    assert threads == [threading.current_thread()]


def test_the_same_delivery_again_gives_the_same_event_id(clock: FakeClock) -> None:
    """Whatever happened on the way, and whether the group was made now or then."""
    (first,) = Harness(clock, scripted(clock, [THROTTLED, Created("sync-there", "API-1")])).work(delivery())
    there = GroupList((group_of(),))
    (again,) = Harness(clock, scripted(clock, [DUPLICATE], [there])).work(delivery())
    assert first is not None
    assert again is not None
    assert (data_of(first)["disposition"], data_of(again)["disposition"]) == ("created", "existing")
    assert first.event["id"] == again.event["id"]


def test_the_calls_of_a_case_are_in_its_outcome(clock: FakeClock) -> None:
    """Each with its operation, code, start, duration and the wait after it, in the order in which they were made."""
    service = scripted(clock, [THROTTLED, DUPLICATE], [GroupList((group_of(),))], call_seconds=0.5)
    (outcome,) = Harness(clock, service).work(delivery())
    shown = [tuple(call.values()) for call in data_of(outcome)["calls"]]
    assert shown == [
        ("CreateExpressSync", "Throttling.User", "2026-11-23T08:00:00.000Z", 500, 1000),
        ("CreateExpressSync", "DuplicateExpressSyncName", "2026-11-23T08:00:01.500Z", 500, 0),
        ("DescribeExpressSyncs", "OK", "2026-11-23T08:00:02.000Z", 500, 0),
    ]


def test_copies_of_one_submission_are_one_event(clock: FakeClock) -> None:
    """The API is asked once, one event is published, and every copy is settled by it."""
    service = scripted(clock, [CREATED])
    harness = Harness(clock, service)
    copies = [delivery(message_id=f"M-{n}", lineage=Lineage(submission_id="S-1")) for n in range(3)]
    outcomes = harness.work(*copies)
    assert (len(service.created), len(harness.published)) == (1, 1)
    assert [outcome.event for outcome in outcomes if outcome] == harness.events * 3
    assert harness.events[0]["data"]["messageId"] == "M-0"
    assert [harness.logs[f"M-{n}"].events[-1] for n in range(3)] == ["decided"] * 3
    assert [harness.logs[f"M-{n}"].events.count("attempted") for n in range(3)] == [1, 0, 0]


def test_two_submissions_of_one_body_are_two_events(clock: FakeClock) -> None:
    """The API is asked once; each submitter gets an event of its own, with its own id and attributes."""
    service = scripted(clock, [CREATED])
    harness = Harness(clock, service)
    first = delivery(message_id="M-1", lineage=Lineage({"traceparent": "00-1"}))
    second = delivery(message_id="M-2", lineage=Lineage({"correlationid": "c-2"}))
    outcomes = harness.work(first, second)
    assert len(service.created) == 1
    assert [outcome.event for outcome in outcomes if outcome] == harness.events
    one, two = harness.events
    assert one["id"] != two["id"]
    assert (one["traceparent"], "correlationid" in one) == ("00-1", False)
    assert (two["correlationid"], "traceparent" in two) == ("c-2", False)
    assert [event["data"]["submissionId"] for event in (one, two)] == ["M-1", "M-2"]


def test_key_order_and_whitespace_make_no_other_request(clock: FakeClock) -> None:
    """Two texts of one document are copies."""
    service = scripted(clock, [CREATED])
    Harness(clock, service).work(delivery(DOCUMENT), delivery(dict(reversed(DOCUMENT.items())), "M-2"))
    assert len(service.created) == 1


def test_bodies_of_one_id_are_judged_one_after_the_other(clock: FakeClock) -> None:
    """In their order, while other requests go on: else one could report a refusal after the other's success."""
    both_sides, under_way, order = threading.Barrier(2), threading.Lock(), list[str]()

    def trouble(request: ProvisionRequest) -> Answer | None:
        if request.request_id == "REQ-1":
            assert under_way.acquire(blocking=False)
            order.append(request.description)
        if request.description in ("first", "beside"):
            both_sides.wait(PATIENCE_SECONDS)
        if request.request_id == "REQ-1":
            under_way.release()
        return None

    same = [delivery({**DOCUMENT, "description": each}, f"M-{each}") for each in ("first", "second", "third")]
    beside = asking("REQ-2", description="beside")
    outcomes = Harness(clock, EveryName(trouble)).work(same[0], same[1], beside, same[2])
    assert order == ["first", "second", "third"]
    assert [data_of(outcome)["messageId"] for outcome in outcomes] == ["M-first", "M-second", "M-REQ-2", "M-third"]
    assert set(statuses(outcomes)) == {"succeeded"}


def test_the_doubt_of_one_request_is_not_anothers(clock: FakeClock) -> None:
    """Another requestId is judged as if it were alone, though it asks for the same group."""
    asked: list[str] = []

    def trouble(request: ProvisionRequest) -> Answer | None:
        asked.append(request.request_id)
        return READ_TIMEOUT if request.request_id == "REQ-1" else NO_PERMISSION

    outcomes = Harness(clock, EveryName(trouble), concurrency=1).work(asking("REQ-1"), asking("REQ-2"))
    assert statuses(outcomes) == ["indeterminate", "failed"]
    assert asked == ["REQ-1"] * 3 + ["REQ-2"]


# Two bodies under one requestId in one batch. The first one stays open: silence, and no group to be seen.
OTHER_NAME = {**DOCUMENT, "name": "videos"}
OTHER_WORDS = {**DOCUMENT, "description": "of winter"}
OTHER_PREFIX = {**DOCUMENT, "bucketPrefix": "teams/b"}


@pytest.mark.parametrize("adoption", ["identical", "never", "owned"])
@pytest.mark.parametrize("second", [OTHER_NAME, OTHER_WORDS, OTHER_PREFIX], ids=["name", "description", "prefix"])
def test_every_body_of_an_id_is_asked_for_itself(
    clock: FakeClock, adoption: Adoption, second: dict[str, object]
) -> None:
    """The doubt about the first body does not answer for the second one, under no policy."""
    service = scripted(clock, [READ_TIMEOUT] * 3 + [CREATED], [NO_GROUPS] * 4)
    outcomes = Harness(clock, service, adoption).work(delivery(), delivery(second, "M-2"))
    assert statuses(outcomes) == ["indeterminate", "succeeded"]
    assert [data_of(outcome)["attempts"] for outcome in outcomes] == [3, 1]


@pytest.mark.parametrize("adoption", ["identical", "never", "owned"])
@pytest.mark.parametrize(
    ("second", "status", "lookups"),
    [(OTHER_NAME, "failed", 2), (OTHER_PREFIX, "failed", 2), (OTHER_WORDS, "indeterminate", 4)],
    ids=["name", "prefix", "description"],
)
def test_only_the_same_configuration_may_still_land(
    clock: FakeClock, adoption: Adoption, second: dict[str, object], status: str, lookups: int
) -> None:
    """A refusal of the second body is no verdict while the first may still make the very group that both ask for."""
    service = scripted(clock, [READ_TIMEOUT] * 3 + [NO_PERMISSION], [NO_GROUPS] * (4 + lookups))
    outcomes = Harness(clock, service, adoption).work(delivery(), delivery(second, "M-2"))
    assert statuses(outcomes) == ["indeterminate", status]
    assert len(service.looked) == 4 + lookups
    assert data_of(outcomes[1])["error"]["code"] == "NoPermission"


@pytest.mark.parametrize(
    ("adoption", "expected"),
    [("identical", "succeeded"), ("never", "indeterminate"), ("owned", "succeeded")],
)
def test_a_group_that_landed_late_is_the_second_bodys_too(clock: FakeClock, adoption: Adoption, expected: str) -> None:
    """It asks for the same configuration; under `never` nobody can say whose the group is."""
    request = ProvisionRequest.of(DOCUMENT)
    words = marked_description(request) if adoption == "owned" else request.description
    landed = GroupList((group_of(description=words),))
    service = scripted(clock, [READ_TIMEOUT] * 3 + [DUPLICATE], [NO_GROUPS] * 4 + [landed])
    outcomes = Harness(clock, service, adoption).work(delivery(), delivery(OTHER_WORDS, "M-2"))
    assert statuses(outcomes) == ["indeterminate", expected]


@pytest.mark.parametrize("first", [CREATED, NO_PERMISSION])
def test_what_is_settled_leaves_nothing_in_flight(clock: FakeClock, first: Answer) -> None:
    """After a verdict on the first body the second one is judged at once, without a pause."""
    service = scripted(clock, [first, NO_PERMISSION], [NO_GROUPS] * 4)
    outcomes = Harness(clock, service).work(delivery(), delivery(OTHER_WORDS, "M-2"))
    assert statuses(outcomes)[1] == "failed"
    assert clock.slept.count(10.0) == 0


def test_a_third_body_still_sees_what_the_first_left_open(clock: FakeClock) -> None:
    """A settled body between them, equal to the first in all that is sent, does not take the doubt away."""
    answers: list[Answer] = [READ_TIMEOUT, READ_TIMEOUT, READ_TIMEOUT, CREATED, NO_PERMISSION]
    service = scripted(clock, answers, [NO_GROUPS] * 8)
    bodies = [DOCUMENT, {**DOCUMENT, "requester": "another"}, OTHER_WORDS]
    outcomes = Harness(clock, service).work(*(delivery(body, f"M-{n}") for n, body in enumerate(bodies)))
    assert statuses(outcomes) == ["indeterminate", "succeeded", "indeterminate"]


def test_a_fault_of_ours_leaves_its_request_in_doubt(clock: FakeClock) -> None:
    """Nobody knows what was sent before it, so a refusal of the next body of the same configuration is no verdict."""
    calls: list[str] = []

    def trouble(request: ProvisionRequest) -> Answer | None:
        calls.append(request.description)
        if len(calls) == 1:
            raise RuntimeError
        return NO_PERMISSION

    outcomes = Harness(clock, EveryName(trouble)).work(delivery(), delivery(OTHER_WORDS, "M-2"))
    assert statuses(outcomes) == ["indeterminate", "indeterminate"]
    assert [data_of(outcome)["error"]["code"] for outcome in outcomes] == ["HandlerFault", "NoPermission"]
    assert calls == ["of summer", "of winter"]


def test_a_fault_of_ours_is_not_deferred(clock: FakeClock) -> None:
    """It would only be met again."""

    def trouble(request: ProvisionRequest) -> Answer | None:
        raise RuntimeError

    harness = Harness(clock, EveryName(trouble), deferrals=2)
    assert statuses(harness.work(delivery())) == ["indeterminate"]
    assert harness.sent_back == []


def test_a_fault_on_a_huge_document_is_announced(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 KB that nobody validated would make an outcome that no topic accepts: it is shortened and says so."""

    def broken(document: object) -> tuple[Violation, ...]:
        raise RuntimeError

    monkeypatch.setattr("handler.inbound.validation.violations", broken)
    huge = {"requestId": "REQ-1", "note": "\u4e2d" * 20_000}
    (outcome,) = Harness(clock, scripted(clock)).work(delivery(huge))
    data = data_of(outcome)
    assert (data["status"], data["error"]["code"]) == ("indeterminate", "HandlerFault")
    assert (data["request"], data["omitted"]) == ({"requestId": "REQ-1"}, ["calls", "request"])
    assert outcome is not None
    assert len(outcome.text()) <= 65536


LATE = Deadlines(create=1000.0 + MIN_CALL_SECONDS - 0.001, lookup=1103.0, publish=1118.0)
TOO_LATE = Deadlines(create=1000.0, lookup=1000.0, publish=1001.0)


@pytest.mark.parametrize(
    ("deadlines", "findings", "lookups", "last"),
    [
        (LATE, [NO_GROUPS] * 2, 2, "failed"),
        (LATE, [NO_PERMISSION], 1, "indeterminate"),
        (TOO_LATE, [], 0, "indeterminate"),
        (replace(TOO_LATE, create=900.0, lookup=900.0, publish=900.0), [], 0, "indeterminate"),
    ],
)
def test_a_delivery_without_time_is_deferred_like_any_other(
    clock: FakeClock, deadlines: Deadlines, findings: list[LookupResult], lookups: int, last: str
) -> None:
    """No create call is made, nor a lookup that does not fit; the last generation ends as the lookup says."""
    for generation, status in ((0, "deferred"), (2, last)):
        service = scripted(clock, [], findings)
        harness = Harness(clock, service, deferrals=2)
        lineage = Lineage(generation=generation)
        (outcome,) = harness.work(delivery(lineage=lineage), deadlines=deadlines)
        data = data_of(outcome)
        assert (data["status"], data["error"]["code"], data["attempts"]) == (status, "OutOfTime", 0)
        assert (len(service.created), len(service.looked)) == (0, lookups)
        assert len(harness.sent_back) == (1 if status == "deferred" else 0)


def test_a_group_that_is_there_is_found_though_time_is_up(clock: FakeClock) -> None:
    """The lookup has a reserve of its own."""
    service = scripted(clock, [], [GroupList((group_of(),))])
    (outcome,) = Harness(clock, service, deferrals=2).work(delivery(), deadlines=LATE)
    assert (data_of(outcome)["status"], data_of(outcome)["disposition"]) == ("succeeded", "existing")


def test_a_slow_neighbour_takes_the_time_of_its_own_lane_only(clock: FakeClock) -> None:
    """What comes after it in the lane is deferred, with nothing asked in vain, and other lanes are finished."""
    service = scripted(clock, [READ_TIMEOUT] * 9, [READ_TIMEOUT] * 99, call_seconds=10.0)
    harness = Harness(clock, service, deferrals=2)
    outcomes = harness.work(delivery(), delivery(OTHER_NAME, "M-2"), deadlines=replace(DEADLINES, create=1035.0))
    assert statuses(outcomes) == ["deferred", "deferred"]
    assert data_of(outcomes[1])["error"]["code"] == "OutOfTime"
    assert [each.generation for each in harness.back] == [1, 1]
    assert clock.now() <= DEADLINES.lookup


outages = st.lists(st.sampled_from([CREATED, THROTTLED, READ_TIMEOUT, INTERNAL_ERROR, NO_PERMISSION]), min_size=1)


@given(
    batch=st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xy"), st.integers(0, 3)), max_size=8),
    answers=outages,
    refused=st.sets(st.integers(0, 9)),
    deferrals=st.integers(0, 3),
)
def test_every_delivery_is_settled_or_comes_back(
    batch: list[tuple[str, str, int]], answers: list[Answer], refused: set[int], deferrals: int
) -> None:
    """Whatever the batch and the outage: each submission has one event or is back in the queue, none is lost."""
    clock, calls, publications = FakeClock(), iter(range(10**6)), iter(range(10**6))

    def trouble(request: ProvisionRequest) -> Answer | None:
        answer = answers[next(calls) % len(answers)]
        return None if isinstance(answer, Created) else answer

    harness = Harness(clock, EveryName(trouble), deferrals=deferrals, concurrency=1)
    harness.refused_by_topic = lambda outcome: fakes.TOPIC_GONE if next(publications) in refused else None
    deliveries = [
        delivery({**DOCUMENT, "requestId": name, "description": words}, f"M-{n}", lineage=Lineage(generation=number))
        for n, (name, words, number) in enumerate(batch)
    ]
    outcomes = harness.work(*deliveries)
    told = {event["data"]["submissionId"]: event for event in harness.events}
    assert len(told) == len(harness.events)
    back = [each.submission_id for lineage in harness.back for each in lineage.submissions]
    assert len(back) == len(set(back))
    for each, outcome in zip(deliveries, outcomes, strict=True):
        submission = each.lineage.submission_id
        is_deferred = submission in told and told[submission]["data"]["status"] == "deferred"
        assert (submission in back) is (outcome is not None and (submission not in told or is_deferred))
        assert outcome is not None or submission not in told
        ends = [event for event in harness.logs[each.message_id].events if event not in ("bound", "attempted")]
        assert len(ends) == 1
        assert (ends[0] == "unfinished") is (outcome is None)
    assert all(lineage.generation <= deferrals for lineage in harness.back)
