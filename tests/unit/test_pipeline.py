"""Deliveries to announced outcomes: in order, each isolated from its neighbours, none begun that cannot be ended."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from handler.backoff import Backoff
from handler.deferral import Deferral
from handler.envelope import Delivery, parse
from handler.insist import SHORTEST_CALL_SECONDS
from handler.lineage import Lineage, of_event
from handler.model import Adoption, Answer, Created, Finding, ProvisionRequest, Refused, Seen, Violation
from handler.outcome import Outcome
from handler.pipeline import Pipeline
from handler.provision import Deadlines, Policy, Provisioner, Service
from handler.smq import SmqError
from tests.patience import PATIENCE_SECONDS
from tests.unit import fakes
from tests.unit.fakes import (
    CREATED,
    DOCUMENT,
    DUPLICATE,
    INTERNAL_ERROR,
    MOMENT,
    NO_GROUPS,
    THROTTLED,
    FakeClock,
    RecordingJournal,
    delivery,
    scripted,
)

DEADLINES = Deadlines(create=1078.0, look=1103.0, publish=1118.0)


@dataclass
class Harness:
    """A pipeline over fakes, and what came out of it."""

    clock: FakeClock
    service: Service
    adoption: Adoption = "identical"
    concurrency: int = 16
    deferrals: int = 0
    refused_by_topic: Callable[[Outcome], SmqError | None] = lambda outcome: None
    refused_by_queue: SmqError | None = None
    published: list[tuple[Outcome, float]] = field(default_factory=list)
    sent_back: list[tuple[str, int, float]] = field(default_factory=list)
    journals: dict[str, RecordingJournal] = field(default_factory=dict)

    def work(self, *deliveries: Delivery, deadlines: Deadlines = DEADLINES) -> list[Outcome | None]:
        """The outcomes of `deliveries`."""
        policy = Policy(Backoff(3, 1.0, 8.0), 10.0, 10.0, self.adoption)
        pipeline = Pipeline(
            provisioner=Provisioner(policy, self.service, self.clock),
            deferral=Deferral(Backoff(self.deferrals + 1, 60.0, 3600.0)),
            publish=self._publish,
            send_back=self._send_back,
            utc_now=self._utc_now,
            journal_of=self._journal_of,
            source="acs:fc:cn-hangzhou:1:functions/provision",
            concurrency=self.concurrency,
        )
        return pipeline.work(deliveries, deadlines)

    def _publish(self, outcome: Outcome, until: float) -> None:
        refusal = self.refused_by_topic(outcome)
        if refusal is not None:
            raise refusal
        self.published.append((outcome, until))

    def _send_back(self, body: str, delay_seconds: int, until: float) -> None:
        if self.refused_by_queue is not None:
            raise self.refused_by_queue
        self.sent_back.append((body, delay_seconds, until))

    def _utc_now(self) -> datetime:
        return MOMENT + timedelta(seconds=self.clock.now() - 1000.0)

    def _journal_of(self, each: Delivery, request_id: str | None) -> RecordingJournal:
        journal = RecordingJournal()
        self.journals[each.message_id] = journal
        journal.told.append(("bound", request_id))
        return journal


@pytest.fixture
def harness(clock: FakeClock) -> Harness:
    """A pipeline whose API creates one group."""
    return Harness(clock, scripted(clock, [CREATED]))


def done(outcome: Outcome | None) -> dict[str, Any]:
    """The data of an outcome that was announced."""
    assert outcome is not None
    data: dict[str, Any] = outcome.event["data"]
    return data


def asking(request_id: str, **changes: object) -> Delivery:
    """A delivery of a request of that id, in a message of the same name."""
    return delivery({**DOCUMENT, "requestId": request_id, **changes}, f"M-{request_id}")


class EveryName:
    """An API that creates any group, but for the names that `trouble` answers."""

    def __init__(self, trouble: Callable[[ProvisionRequest], Answer | None] = lambda request: None) -> None:
        self._trouble = trouble

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        return self._trouble(request) or Created(f"sync-{request.request_id}", "")

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding:
        return NO_GROUPS


def test_a_request_is_created_then_announced_then_told(harness: Harness) -> None:
    """The topic has the outcome before the journal says so; the outcome is what is returned."""
    (outcome,) = harness.work(delivery())
    assert harness.published == [(outcome, DEADLINES.publish)]
    assert harness.journals["M-1"].events == ["bound", "attempted", "decided"]
    assert harness.journals["M-1"].told[-1] == ("decided", outcome)
    assert outcome is not None
    assert outcome.status == "succeeded"
    assert outcome.event["source"] == "acs:fc:cn-hangzhou:1:functions/provision"


def test_no_deliveries_have_no_outcomes(harness: Harness) -> None:
    """An empty batch asks nothing of anybody."""
    assert harness.work() == []


def test_outcomes_come_in_the_order_of_their_deliveries(clock: FakeClock) -> None:
    """Whoever is done first."""
    ids = [f"REQ-{number}" for number in range(20)]
    outcomes = Harness(clock, EveryName()).work(*map(asking, ids))
    assert [done(outcome)["requestId"] for outcome in outcomes] == ids
    assert [done(outcome)["expressSyncId"] for outcome in outcomes] == [f"sync-{each}" for each in ids]


def test_the_outcome_tells_the_effort(clock: FakeClock) -> None:
    """Create calls and not looks are attempts; waits of both are waited; time passes between start and end."""
    service = scripted(clock, [THROTTLED, DUPLICATE], [INTERNAL_ERROR, NO_GROUPS, *[NO_GROUPS] * 3], call_seconds=0.5)
    data = done(Harness(clock, service).work(delivery())[0])
    assert data["status"] == "indeterminate"
    assert data["attempts"] == 2
    assert data["timings"]["waitedMs"] == 2000
    assert data["timings"]["elapsedMs"] == round((clock.now() - 1000.0) * 1000)


def test_attributes_and_message_id_are_passed_on(harness: Harness) -> None:
    """As the envelope gave them."""
    (outcome,) = harness.work(delivery(message_id="M-9", lineage=Lineage({"traceparent": "00-1"})))
    assert done(outcome)["messageId"] == "M-9"
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
    data = done(outcome)
    assert (data["status"], data["attempts"]) == ("rejected", 0)
    request_id = document.get("requestId") if isinstance(document, dict) else None
    assert harness.journals["M-1"].told[0] == ("bound", request_id)
    assert data["requestId"] == request_id


def test_the_flaws_of_a_text_are_its_violations(clock: FakeClock) -> None:
    """They alone: what cannot be read breaks no other rule."""
    flaw = Violation("$", "json", "must be JSON")
    (outcome,) = Harness(clock, scripted(clock)).work(delivery(None, flaws=(flaw,)))
    assert [violation["rule"] for violation in done(outcome)["violations"]] == ["json"]


def test_a_flawed_text_that_can_be_read_is_told_all_that_is_wrong_with_it(clock: FakeClock) -> None:
    """Under the id of its request, for whoever waits for that."""
    text = '{"requestId": "REQ-9", "name": "1bad", "name": "1bad", "bucketName": "X"}'
    (outcome,) = Harness(clock, scripted(clock)).work(*parse(text.encode()).deliveries)
    data = done(outcome)
    assert data["requestId"] == "REQ-9"
    told = {(violation["path"], violation["rule"]) for violation in data["violations"]}
    assert told >= {("$", "uniqueKeys"), ("$.name", "pattern"), ("$.bucketRegion", "required")}


@pytest.mark.parametrize(
    ("adoption", "status"), [("identical", "succeeded"), ("never", "succeeded"), ("owned", "rejected")]
)
def test_a_description_without_room_for_the_mark_is_rejected_under_owned_alone(
    clock: FakeClock, adoption: Adoption, status: str
) -> None:
    """255 characters are allowed where nothing is added to them."""
    harness = Harness(clock, EveryName(), adoption)
    (outcome,) = harness.work(asking("REQ-1", description="d" * 255))
    assert done(outcome)["status"] == status


def test_a_short_description_is_fine_under_owned(clock: FakeClock) -> None:
    """There is room for the mark."""
    assert done(Harness(clock, EveryName(), "owned").work(delivery())[0])["status"] == "succeeded"


@pytest.mark.parametrize("room", [SHORTEST_CALL_SECONDS - 0.001, 0.0, -10.0])
def test_a_delivery_without_time_to_end_it_is_left(harness: Harness, room: float) -> None:
    """Not begun, not announced: it comes back."""
    deadlines = replace(DEADLINES, create=harness.clock.now() + room)
    assert harness.work(delivery(), deadlines=deadlines) == [None]
    assert harness.published == []
    assert harness.journals["M-1"].events == ["bound", "left"]


def test_a_delivery_with_just_enough_time_is_begun(harness: Harness) -> None:
    """One shortest call fits."""
    deadlines = replace(DEADLINES, create=harness.clock.now() + SHORTEST_CALL_SECONDS)
    assert done(harness.work(delivery(), deadlines=deadlines)[0])["status"] == "succeeded"


def test_an_outcome_that_the_topic_refuses_is_not_told_as_announced(harness: Harness) -> None:
    """The delivery comes back; the journal has the topic's code."""
    harness.refused_by_topic = lambda outcome: SmqError("TopicNotExist", transient=False)
    assert harness.work(delivery()) == [None]
    assert harness.journals["M-1"].events == ["bound", "attempted", "unfinished"]
    assert harness.journals["M-1"].told[-1] == ("unfinished", "TopicNotExist")


def test_one_outcome_that_cannot_be_published_does_not_hold_up_the_others(clock: FakeClock) -> None:
    """Only its own delivery comes back."""
    harness = Harness(clock, EveryName())
    harness.refused_by_topic = lambda outcome: (
        SmqError("InternalError", transient=True) if outcome.event["subject"] == "REQ-1" else None
    )
    outcomes = harness.work(asking("REQ-0"), asking("REQ-1"), asking("REQ-2"))
    assert [outcome is None for outcome in outcomes] == [False, True, False]
    assert len(harness.published) == 2


def test_a_fault_of_ours_is_indeterminate_and_harms_no_neighbour(clock: FakeClock) -> None:
    """It is announced as what it is, with the request; the journal has the fault, the outcome not its text."""

    def trouble(request: ProvisionRequest) -> Answer | None:
        if request.request_id == "REQ-1":
            raise RuntimeError("SECRET")
        return None

    harness = Harness(clock, EveryName(trouble))
    outcomes = harness.work(asking("REQ-0"), asking("REQ-1"), asking("REQ-2"))
    assert [done(outcome)["status"] for outcome in outcomes] == ["succeeded", "indeterminate", "succeeded"]
    data = done(outcomes[1])
    assert (data["error"]["code"], data["error"]["retryable"]) == ("HandlerFault", True)
    assert data["request"]["requestId"] == "REQ-1"
    assert ("failed", "RuntimeError") in harness.journals["M-REQ-1"].told
    assert len(harness.published) == 3
    assert "SECRET" not in str(outcomes)


def test_a_refusal_of_one_does_not_touch_another(clock: FakeClock) -> None:
    """Each has its own attempts, waits and verdict."""

    def trouble(request: ProvisionRequest) -> Answer | None:
        return Refused("RoleNotExist", 404) if request.request_id == "REQ-0" else None

    outcomes = Harness(clock, EveryName(trouble)).work(asking("REQ-0"), asking("REQ-1"))
    assert [done(outcome)["status"] for outcome in outcomes] == ["failed", "succeeded"]


@pytest.mark.parametrize("deliveries", [2, 16])
def test_deliveries_are_worked_at_the_same_time(clock: FakeClock, deliveries: int) -> None:
    """All of a batch are under way together: each waits for the others at a barrier that only all can pass."""
    barrier = threading.Barrier(deliveries)

    def trouble(request: ProvisionRequest) -> Answer | None:
        barrier.wait(PATIENCE_SECONDS)
        return None

    outcomes = Harness(clock, EveryName(trouble)).work(*(asking(f"REQ-{number}") for number in range(deliveries)))
    assert {done(outcome)["status"] for outcome in outcomes} == {"succeeded"}


def test_no_more_are_worked_at_the_same_time_than_allowed(clock: FakeClock) -> None:
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
    assert {done(outcome)["status"] for outcome in outcomes} == {"succeeded"}
    assert most == 2


def test_deliveries_of_one_request_are_worked_one_after_the_other(clock: FakeClock) -> None:
    """In their order, while other requests go on: else one could announce a refusal after the other's success."""
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
    assert [done(outcome)["messageId"] for outcome in outcomes] == ["M-first", "M-second", "M-REQ-2", "M-third"]
    assert {done(outcome)["status"] for outcome in outcomes} == {"succeeded"}


def test_a_request_in_doubt_is_not_tried_again_in_the_same_batch(clock: FakeClock) -> None:
    """What its first delivery sent may still land: the second shares the doubt, a wrong third is still rejected."""
    service = scripted(clock, [fakes.READ_TIMEOUT] * 3, [NO_GROUPS] * 4)
    wrong = {**DOCUMENT, "name": "1"}
    first, second, third = Harness(clock, service).work(delivery(), delivery(), delivery(wrong))
    assert [done(outcome)["status"] for outcome in (first, second, third)] == ["indeterminate"] * 2 + ["rejected"]
    assert [done(outcome)["attempts"] for outcome in (first, second, third)] == [3, 0, 0]
    assert first is not None
    assert second is not None
    assert first.event["id"] == second.event["id"]


def test_a_fault_of_ours_leaves_its_request_in_doubt(clock: FakeClock) -> None:
    """Nobody knows what was sent before it."""
    calls: list[str] = []

    def trouble(request: ProvisionRequest) -> Answer | None:
        calls.append(request.request_id)
        raise RuntimeError

    outcomes = Harness(clock, EveryName(trouble)).work(asking("REQ-1"), asking("REQ-1"))
    assert [done(outcome)["error"]["code"] for outcome in outcomes] == ["HandlerFault"] * 2
    assert calls == ["REQ-1"]


@pytest.mark.parametrize("answer", [CREATED, fakes.NO_PERMISSION])
def test_a_request_that_is_settled_is_asked_for_again(clock: FakeClock, answer: Answer) -> None:
    """Only doubt is shared; of what is settled the API knows best."""
    service = scripted(clock, [answer, answer], [NO_GROUPS] * 4)
    outcomes = Harness(clock, service).work(delivery(), delivery())
    assert len(service.created) == 2
    assert len({str(done(outcome)["status"]) for outcome in outcomes}) == 1


def test_the_doubt_of_one_request_is_not_anothers(clock: FakeClock) -> None:
    """Each request has its own."""

    def trouble(request: ProvisionRequest) -> Answer | None:
        return fakes.READ_TIMEOUT if request.request_id == "REQ-1" else None

    outcomes = Harness(clock, EveryName(trouble)).work(asking("REQ-1"), asking("REQ-2"), asking("REQ-1"))
    assert [done(outcome)["status"] for outcome in outcomes] == ["indeterminate", "succeeded", "indeterminate"]


def test_messages_without_a_usable_request_id_are_nobodys_lane(clock: FakeClock) -> None:
    """Each stands for itself: two of them are under way together."""
    barrier = threading.Barrier(2)
    harness = Harness(clock, EveryName())

    def meet(outcome: Outcome) -> None:
        barrier.wait(PATIENCE_SECONDS)

    harness.refused_by_topic = meet
    outcomes = harness.work(delivery(None, "M-1"), delivery(None, "M-2"))
    assert [done(outcome)["messageId"] for outcome in outcomes] == ["M-1", "M-2"]


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
    there = Seen((fakes.group_of(),))
    (again,) = Harness(clock, scripted(clock, [DUPLICATE], [there])).work(delivery())
    assert first is not None
    assert again is not None
    assert (done(first)["disposition"], done(again)["disposition"]) == ("created", "existing")
    assert first.event["id"] == again.event["id"]


ASSUME_ROLE_FAILS = (fakes.ASSUME_ROLE_FAIL,) * 3


def in_trouble(clock: FakeClock, **settings: Any) -> Harness:
    """A pipeline with two deferrals whose API cannot assume its role, in any of three attempts."""
    return Harness(clock, scripted(clock, ASSUME_ROLE_FAILS, [NO_GROUPS] * 2), deferrals=2, **settings)


def test_what_may_pass_is_announced_as_deferred_and_sent_back(clock: FakeClock) -> None:
    """To the request queue, hidden until the announced time, and only then told as decided."""
    harness = in_trouble(clock)
    (outcome,) = harness.work(delivery())
    data = done(outcome)
    assert (data["status"], data["generation"], data["error"]["code"]) == ("deferred", 0, "AssumeRoleFail")
    assert [(delay, until) for _, delay, until in harness.sent_back] == [(60, DEADLINES.publish)]
    finished_at = datetime.fromisoformat(data["timings"]["finishedAt"].replace("Z", "+00:00"))
    next_attempt_at = datetime.fromisoformat(data["nextAttemptAt"].replace("Z", "+00:00"))
    assert next_attempt_at - finished_at == timedelta(seconds=60)
    assert harness.journals["M-1"].events[-1] == "decided"


def test_what_is_sent_back_is_the_request_in_its_next_generation(clock: FakeClock) -> None:
    """With all that travels, under the id of the event that announced it, from the function itself."""
    lineage = Lineage({"correlationid": "order-4711", "requestsource": "/portal"}, 1, "rp-0123456789ab")
    harness = in_trouble(clock)
    (outcome,) = harness.work(delivery(lineage=lineage))
    assert outcome is not None
    event = json.loads(harness.sent_back[0][0])
    assert (event["data"], event["id"]) == (DOCUMENT, outcome.event["id"])
    assert event["source"] == "acs:fc:cn-hangzhou:1:functions/provision"
    assert of_event(event) == replace(lineage, generation=2)


def test_in_the_last_generation_the_verdict_is_final(clock: FakeClock) -> None:
    """And nothing is sent back."""
    harness = in_trouble(clock)
    (outcome,) = harness.work(delivery(lineage=Lineage(generation=2)))
    data = done(outcome)
    assert (data["status"], data["generation"], data["error"]["retryable"]) == ("failed", 2, True)
    assert harness.sent_back == []


@pytest.mark.parametrize(
    ("answer", "finding", "status"),
    [
        (CREATED, NO_GROUPS, "succeeded"),
        (fakes.NO_PERMISSION, NO_GROUPS, "failed"),
        (DUPLICATE, Seen((fakes.group_of(bucket_name="another"),)), "failed"),
    ],
)
def test_what_is_settled_is_not_sent_back(clock: FakeClock, answer: Answer, finding: Finding, status: str) -> None:
    """However many deferrals there are."""
    harness = Harness(clock, scripted(clock, [answer], [finding] * 2), deferrals=2)
    assert done(harness.work(delivery())[0])["status"] == status
    assert harness.sent_back == []


def test_nothing_is_sent_back_of_which_nobody_was_told(clock: FakeClock) -> None:
    """While the topic refuses, redeliveries must not fill the queue with copies."""
    harness = in_trouble(clock)
    harness.refused_by_topic = lambda outcome: SmqError("TopicNotExist", transient=False)
    assert harness.work(delivery()) == [None]
    assert harness.sent_back == []


def test_what_cannot_be_sent_back_comes_back(clock: FakeClock) -> None:
    """Its deferral is announced; the delivery itself is then the copy that is tried again."""
    harness = in_trouble(clock, refused_by_queue=SmqError("AccessDenied", transient=False))
    assert harness.work(delivery()) == [None]
    assert [outcome.status for outcome, _ in harness.published] == ["deferred"]
    assert harness.journals["M-1"].told[-1] == ("unfinished", "AccessDenied")


def test_a_request_in_doubt_is_put_off_in_every_copy(clock: FakeClock) -> None:
    """Each in its own generation; the doubt that they share is final where the generations are spent."""
    service = scripted(clock, [fakes.READ_TIMEOUT] * 3, [NO_GROUPS] * 4)
    harness = Harness(clock, service, deferrals=1)
    outcomes = harness.work(delivery(), delivery(lineage=Lineage(generation=1)))
    assert [done(outcome)["status"] for outcome in outcomes] == ["deferred", "indeterminate"]
    assert [of_event(json.loads(body)).generation for body, _, _ in harness.sent_back] == [1]


def test_copies_that_meet_in_a_batch_go_back_as_one(clock: FakeClock) -> None:
    """Both are announced as deferred, under the same id."""
    service = scripted(clock, [fakes.READ_TIMEOUT] * 3, [NO_GROUPS] * 4)
    harness = Harness(clock, service, deferrals=2)
    outcomes = harness.work(delivery(), delivery())
    assert [done(outcome)["status"] for outcome in outcomes] == ["deferred", "deferred"]
    assert len({outcome.event["id"] for outcome, _ in harness.published}) == 1
    assert len(harness.sent_back) == 1


def test_a_fault_of_ours_is_not_put_off(clock: FakeClock) -> None:
    """It would only be met again."""

    def trouble(request: ProvisionRequest) -> Answer | None:
        raise RuntimeError

    harness = Harness(clock, EveryName(trouble), deferrals=2)
    assert done(harness.work(delivery())[0])["status"] == "indeterminate"
    assert harness.sent_back == []


def test_the_same_final_verdict_of_two_generations_is_one_event(clock: FakeClock) -> None:
    """As a crash may leave two copies of a request."""
    events = []
    for generation in (0, 1):
        harness = Harness(clock, scripted(clock, [fakes.NO_PERMISSION], [NO_GROUPS] * 2), deferrals=2)
        (outcome,) = harness.work(delivery(lineage=Lineage(generation=generation)))
        assert outcome is not None
        events.append(outcome.event["id"])
    assert len(set(events)) == 1
