"""One invocation of the shipped pipeline on a batch, its threads on virtual time, its effects as planned beforehand.

Real: all of the function's core and its thread pool. Put in their place: API, topic, queue, clock, log. One process
processes the batch, so a kill ends every message of it, and one loss redelivers the whole batch.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from handler.inbound.envelope import Delivery
from handler.inbound.request_event import of_event
from handler.model import Adoption, Answer, LookupResult, ProvisionRequest, Unanswered
from handler.outcome import Outcome
from handler.provisioning.retry import ApiCall
from handler.smq.client import SmqError
from tests.system.model.account import Account, is_complete, is_shown
from tests.system.model.composition import Shape, composed
from tests.system.model.delivery import Timing
from tests.system.model.faults import CreateFault, Killed, Landing, LookupFault, SmqFault
from tests.system.model.invariants import DEFERRED, Circumstance, Kind, Statement, Story
from tests.system.model.plan import Message, Plan, Step, then_well
from tests.system.model.timeline import Timeline

Result = TypeVar("Result", Answer, LookupResult)
UNHEARD = Unanswered("ReadTimeout", sent=True)


class _Course(threading.local):
    """The case that the current thread processes: its messages, findings and events."""

    rank = -1
    messages: list[Message]
    told: set[str]
    refused: set[str]
    is_topic_away = False
    asked = False
    unsettled = False
    looked = False
    shown = False
    creates: Iterator[Step[CreateFault]]
    lookups: Iterator[Step[LookupFault]]
    publications: Iterator[Step[SmqFault]]
    sendings: Iterator[Step[SmqFault]]

    @property
    def request_id(self) -> str:
        return str(self.messages[0].document["requestId"]) if self.rank >= 0 else ""

    def begin(self, rank: int, message: Message, plan: Plan) -> None:
        """Begin with a message: another of the same case, or the first of the next, whose plan then holds."""
        if message.document["requestId"] == self.request_id:
            self.messages.append(message)
            return
        self.rank, self.messages, self.told, self.refused = rank, [message], set(), set()
        self.is_topic_away = self.asked = self.unsettled = self.looked = self.shown = False
        self.creates, self.lookups = then_well(plan.creates), then_well(plan.lookups)
        self.publications, self.sendings = then_well(plan.publications), then_well(plan.sendings)


@dataclass(slots=True)
class Cloud:
    """The state that all invocations share: the account, the story of each requestId, and the creates in flight.

    And the messages that were requeued and are not yet among the others of the queue; how many there have been, and
    how many create calls.
    """

    account: Account = field(default_factory=Account)
    requeued: list[Message] = field(default_factory=list)
    deferrals: int = 0
    creates: int = 0
    stories: dict[str, Story] = field(default_factory=dict)
    in_flight: list[tuple[float, ProvisionRequest]] = field(default_factory=list)

    def land(self, until: float) -> None:
        """Let what was in flight take effect, in order, as far as its time has come."""
        for instant, request in sorted(self.in_flight, key=lambda each: (each[0], each[1].request_id)):
            if instant <= until:
                self.account.create(request)
                self.in_flight.remove((instant, request))


class Invocation:
    """A `Service`, a `Clock`, what topic and queue need of an `Smq`, and the log, for a batch of messages.

    After `deferrals` deferrals a verdict is final.
    """

    def __init__(
        self, cloud: Cloud, began: float, batch: Sequence[tuple[Message, Plan]], concurrency: int, deferrals: int = 0
    ) -> None:
        self._cloud = cloud
        self._began = began
        self._deliveries = [Delivery(each.message_id, each.document, lineage=each.origin) for each, _ in batch]
        self._plans = {message.message_id: (rank, message, plan) for rank, (message, plan) in enumerate(batch)}
        self._left = Counter(message.document["requestId"] for message, _ in batch)
        self._concurrency = concurrency
        self._max_deferrals = deferrals
        self._adoption: Adoption = "identical"
        self._timeline = Timeline(began, concurrency, len(self._left))
        self._course = _Course()

    def is_acknowledged(self, adoption: Adoption, timing: Timing, shape: Shape) -> bool:
        """Process the batch; return False if it has to be redelivered."""
        self._adoption = adoption
        policy = timing.policy(adoption)
        pipeline = composed(self, policy, self._max_deferrals, self._log_of, self._concurrency)
        try:
            return None not in shape(pipeline).process(self._deliveries, timing.deadlines(self._began))
        except Killed:
            return False

    def now(self) -> float:
        return self._timeline.now

    def sleep(self, seconds: float) -> None:
        self._timeline.wait(seconds, self._course.rank)

    def uniform(self, _low: float, high: float) -> float:
        return high

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        self._course.asked = True
        self._cloud.creates += 1
        step = next(self._course.creates)
        lands = step.fault is None or step.fault.landing is Landing.AT_ONCE
        if lands and step.there_seconds > timeout_seconds:
            self._cloud.in_flight.append((self.now() + step.there_seconds, request))
        answer = self._heard(step, timeout_seconds, lambda: self._effect(step.fault, request))
        self._course.unsettled |= answer is UNHEARD or (step.fault is not None and not step.fault.is_settling)
        return answer

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        step = next(self._course.lookups)
        finding = self._heard(step, timeout_seconds, lambda: self._look_up(step.fault, bucket_name))
        name = self._course.messages[0].document["name"]
        self._course.looked, self._course.shown = is_complete(finding, bucket_name, name), is_shown(finding, name)
        return finding

    def with_timeout(self, _seconds: float) -> "Invocation":
        return self

    def note_refusal(self, submission: str) -> None:
        self._course.refused.add(submission)

    def publish(self, _topic: str, body: str, _tag: str) -> str:
        event = json.loads(body)
        submission = event["data"]["submissionId"]
        self.note_refusal(submission)  # until the topic has answered otherwise
        step = next(self._course.publications)
        self._course.is_topic_away = step.fault is not None and step.fault.transient
        message_id = self._hand_over(step, lambda: self._publish(event))
        self._course.refused.discard(submission)
        if event["data"]["status"] == DEFERRED:
            self._course.told.add(submission)
        return message_id

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

    def call(self, call: ApiCall) -> None: ...

    def published(self, outcome: Outcome) -> None:
        self._finish()

    def not_settled(self, outcome: Outcome, code: str) -> None:
        self._finish()

    def not_published(self, outcome: Outcome, code: str) -> None:
        self._finish()

    def crashed(self, fault: Exception) -> None:
        self._timeline.kill()
        raise AssertionError from fault

    def _log_of(self, delivery: Delivery, _request_id: str | None) -> "Invocation":
        """Return the log of a delivery, for the thread that begins it."""
        self._course.begin(*self._plans[delivery.message_id])
        return self

    def _finish(self) -> None:
        """Count a delivery as done; the thread is done with the request after its last one."""
        request_id = self._course.request_id
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

    def _look_up(self, fault: LookupFault | None, bucket_name: str | None) -> LookupResult:
        if fault is None:
            return self._cloud.account.describe(bucket_name)
        return fault.answer or self._die()

    def _publish(self, event: dict[str, Any]) -> None:
        self._cloud.land(self.now())
        story = self._cloud.stories[event["subject"]]
        document = self._course.messages[0].document
        now = Circumstance(
            standing=self._cloud.account.named(document["name"]),
            may_land=any(late.request_id == document["requestId"] for _, late in self._cloud.in_flight),
            asked=self._course.asked or event["data"].get("error", {}).get("code") == "OutOfTime",
            unsettled=self._course.unsettled,
            looked=self._course.looked,
            shown=self._course.shown,
            excuses=frozenset({"OwnerUnknown"} if self._adoption == "never" else ()),
        )
        self._cloud.stories[event["subject"]] = story.with_statement(Statement.by(event), now)

    def _arrives(self, event: dict[str, Any]) -> None:
        """Add a requeued request to the queue."""
        course, request_id = self._course, event["data"]["requestId"]
        deferrals = max(each.deferrals for each in course.messages) + 1
        self._cloud.deferrals += 1
        message = Message(f"deferred-{self._cloud.deferrals}", event["data"], of_event(event, ""), deferrals)
        self._cloud.requeued.append(message)
        submissions, known = set(message.submissions), {each for one in course.messages for each in one.submissions}
        published = course.told | course.refused | (known if course.is_topic_away else set())
        found = {
            Kind.UNPUBLISHED: not submissions <= published,
            Kind.ALTERED: event["data"] != course.messages[0].document or not submissions <= known,
            Kind.ENDLESS: deferrals > self._max_deferrals,
        }
        story = self._cloud.stories[request_id]
        self._cloud.stories[request_id] = story.with_findings(*(kind for kind, is_found in found.items() if is_found))

    def _die(self) -> NoReturn:
        self._timeline.kill()
        raise Killed
