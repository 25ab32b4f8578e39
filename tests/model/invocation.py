"""One invocation of the shipped pipeline on a batch, its threads on virtual time, its effects as planned beforehand.

Real: all of the function's core and its thread pool. Put in their place: API, topic, queue, clock, journal. One process
works the batch, so whoever is killed takes its neighbours along, and one loss brings the whole batch back.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn, TypeVar, cast

from handler.backoff import Backoff
from handler.deferral import Deferral
from handler.entry import PERSISTING
from handler.envelope import Delivery
from handler.insist import Attempt
from handler.lineage import of_event
from handler.model import Adoption, Answer, Finding, ProvisionRequest, Unanswered
from handler.outcome import Outcome
from handler.persist import Persistence
from handler.pipeline import Pipeline
from handler.provision import Provisioner
from handler.queue import RequestQueue
from handler.smq import Smq, SmqError
from handler.topic import ResultTopic
from tests.model.account import Account, is_complete
from tests.model.delivery import Shape, Timing
from tests.model.faults import CreateFault, Killed, Landing, LookFault, SmqFault
from tests.model.plan import Message, Plan, Step, then_well
from tests.model.timeline import Timeline
from tests.model.truth import Circumstance, Story

Result = TypeVar("Result", Answer, Finding)
UNHEARD = Unanswered("ReadTimeout", sent=True)
_DAWN = datetime(2026, 1, 1, tzinfo=timezone.utc)


class _Course(threading.local):
    """The delivery that the thread at hand works on."""

    rank = 0
    message: Message
    unanswered = False
    looked = False
    creates: Iterator[Step[CreateFault]]
    looks: Iterator[Step[LookFault]]
    publications: Iterator[Step[SmqFault]]
    sendings: Iterator[Step[SmqFault]]

    def begin(self, rank: int, message: Message, plan: Plan) -> None:
        self.rank, self.message = rank, message
        self.unanswered, self.looked = False, False
        self.creates, self.looks = then_well(plan.creates), then_well(plan.looks)
        self.publications, self.sendings = then_well(plan.publications), then_well(plan.sendings)


@dataclass(slots=True)
class Cloud:
    """What all invocations share: the account, what was said of each request, creates in flight with their instants.

    And the messages that were sent back and are not yet among the others of the queue; how many there have been.
    """

    account: Account = field(default_factory=Account)
    sent_back: list[Message] = field(default_factory=list)
    deferrals: int = 0
    stories: dict[str, Story] = field(default_factory=dict)
    in_flight: list[tuple[float, ProvisionRequest]] = field(default_factory=list)

    def land(self, until: float) -> None:
        """Let what was in flight take effect, in order, as far as its time has come."""
        for instant, request in sorted(self.in_flight, key=lambda each: (each[0], each[1].request_id)):
            if instant <= until:
                self.account.create(request)
                self.in_flight.remove((instant, request))


class Invocation:
    """A `Service`, a `Clock`, what topic and queue need of an `Smq`, and the journal, for a batch of messages.

    After `deferrals` deferrals a verdict is final.
    """

    def __init__(
        self, cloud: Cloud, began: float, batch: Sequence[tuple[Message, Plan]], concurrency: int, deferrals: int = 0
    ) -> None:
        self._cloud = cloud
        self._began = began
        self._deliveries = [Delivery(each.message_id, each.document, lineage=each.lineage) for each, _ in batch]
        self._plans = {message.message_id: (rank, message, plan) for rank, (message, plan) in enumerate(batch)}
        self._left = Counter(message.document["requestId"] for message, _ in batch)
        self._concurrency = concurrency
        self._most_deferrals = deferrals
        self._timeline = Timeline(began, concurrency, len(self._left))
        self._course = _Course()

    def is_acknowledged(self, adoption: Adoption, timing: Timing, shape: Shape) -> bool:
        """Work the batch; false if it has to come back."""
        persistence = Persistence(cast("Smq", self), PERSISTING, self)
        pipeline = Pipeline(
            provisioner=Provisioner(timing.policy(adoption), self, self),
            deferral=Deferral(Backoff(self._most_deferrals + 1, 60.0, 3600.0)),
            publish=ResultTopic(persistence, "outcomes").publish,
            send_back=RequestQueue(persistence, "requests").send_back,
            utc_now=lambda: _DAWN + timedelta(seconds=self.now()),
            journal_of=self._journal_of,
            source="model",
            concurrency=self._concurrency,
        )
        try:
            return None not in shape(pipeline).work(self._deliveries, timing.deadlines(self._began))
        except Killed:
            return False

    def now(self) -> float:
        return self._timeline.now

    def sleep(self, seconds: float) -> None:
        self._timeline.wait(seconds, self._course.rank)

    def uniform(self, _low: float, high: float) -> float:
        return high

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        step = next(self._course.creates)
        lands = step.fault is None or step.fault.landing is Landing.AT_ONCE
        if lands and step.there_seconds > timeout_seconds:
            self._cloud.in_flight.append((self.now() + step.there_seconds, request))
        answer = self._heard(step, timeout_seconds, lambda: self._effect(step.fault, request))
        self._course.unanswered |= isinstance(answer, Unanswered)
        return answer

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding:
        step = next(self._course.looks)
        finding = self._heard(step, timeout_seconds, lambda: self._look(step.fault, bucket_name))
        self._course.looked = is_complete(finding, bucket_name, self._course.message.document["name"])
        return finding

    def within(self, _seconds: float) -> "Invocation":
        return self

    def publish(self, _topic: str, body: str, _tag: str) -> str:
        return self._hand_over(next(self._course.publications), lambda: self._announce(json.loads(body)))

    def send(self, _queue: str, bodies: Sequence[str], _delay_seconds: int = 0) -> tuple[str, ...]:
        (body,) = bodies
        return (self._hand_over(next(self._course.sendings), lambda: self._arrives(json.loads(body))),)

    def _hand_over(self, step: Step[SmqFault], accept: Callable[[], None]) -> str:
        self.sleep(step.there_seconds)
        if step.fault is None or step.fault.accepted:
            accept()
        self.sleep(step.back_seconds)
        if step.fault is None:
            return "message"
        raise SmqError(step.fault.code or self._die(), transient=step.fault.transient)

    def attempted(self, attempt: Attempt) -> None: ...

    def decided(self, outcome: Outcome) -> None:
        self._finish()

    def unfinished(self, outcome: Outcome, code: str) -> None:
        self._finish()

    def left(self) -> None:
        self._finish()

    def failed(self, fault: Exception) -> None:
        self._timeline.kill()
        raise AssertionError from fault

    def _journal_of(self, delivery: Delivery, _request_id: str | None) -> "Invocation":
        """The journal of a delivery, asked for by the thread that begins it."""
        self._course.begin(*self._plans[delivery.message_id])
        return self

    def _finish(self) -> None:
        """The thread turns to the next delivery of the same request, or is done with that request."""
        request_id = self._course.message.document["requestId"]
        self._left[request_id] -= 1
        if not self._left[request_id]:
            self._timeline.finish()

    def _heard(self, step: Step[Any], timeout_seconds: float, effect: Callable[[], Result]) -> Result | Unanswered:
        if step.there_seconds > timeout_seconds:
            self.sleep(timeout_seconds)
            return UNHEARD
        self.sleep(step.there_seconds)
        self._cloud.land(self.now())
        result = effect()
        room = timeout_seconds - step.there_seconds
        self.sleep(min(step.back_seconds, room))
        return result if step.back_seconds <= room else UNHEARD

    def _effect(self, fault: CreateFault | None, request: ProvisionRequest) -> Answer:
        if fault is None:
            return self._cloud.account.create(request)
        if fault.landing is Landing.AT_ONCE:
            self._cloud.account.create(request)
        return fault.answer or self._die()

    def _look(self, fault: LookFault | None, bucket_name: str | None) -> Finding:
        if fault is None:
            return self._cloud.account.describe(bucket_name)
        return fault.answer or self._die()

    def _announce(self, event: dict[str, Any]) -> None:
        self._cloud.land(self.now())
        story = self._cloud.stories[event["subject"]]
        request = story.request
        now = Circumstance(
            standing=self._cloud.account.named(request.name),
            may_land=any(late.request_id == request.request_id for _, late in self._cloud.in_flight),
            doubtful=self._course.unanswered or not self._course.looked,
        )
        self._cloud.stories[request.request_id] = story.hears(event, now)

    def _arrives(self, event: dict[str, Any]) -> None:
        """The queue takes a request that is sent back."""
        deferrals = self._course.message.deferrals + 1
        request_id = event["data"]["requestId"]
        story = self._cloud.stories[request_id]
        self._cloud.stories[request_id] = story.is_sent_back(event, deferrals, self._most_deferrals)
        self._cloud.deferrals += 1
        message_id = f"deferred-{self._cloud.deferrals}"
        self._cloud.sent_back.append(Message(message_id, event["data"], of_event(event), deferrals))

    def _die(self) -> NoReturn:
        self._timeline.kill()
        raise Killed
