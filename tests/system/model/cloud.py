"""The API, the topic, the queue and the clock during one delivery, all of them following one schedule of faults.

Reproduces what the function can hear and what then is true; not how long things really take: an answer is quick, and a
fault lasts as long as the call may. A late commit lands before any later call of the API, or after the last.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

from handler.inbound.request_event import of_event
from handler.model import Answer, LookupResult, ProvisionRequest
from handler.smq.client import SmqError
from tests.system.model.account import AS_ASKED, Account, Form, is_complete, is_shown
from tests.system.model.choices import Choices
from tests.system.model.faults import SMQ_FAULTS, Alphabet, CreateFault, Killed, Landing, LookupFault, SmqFault
from tests.system.model.invariants import Circumstance, Event, Kind, Statement
from tests.system.model.state import Copy, Effect, Environment

ANSWER_SECONDS = 0.1
Fault = TypeVar("Fault", CreateFault, LookupFault, SmqFault)


class Jitter(Enum):
    """Which end of its range every random number takes."""

    HIGH = "high"
    LOW = "low"
    ALTERNATING = "alternating"


@dataclass(frozen=True, slots=True)
class Rules:
    """The constants of all deliveries.

    `attempts`: the create calls that one delivery may make for one request. `excuses`: see `Circumstance`.
    """

    bodies: tuple[ProvisionRequest, ...]
    alphabet: Alphabet
    deferrals: int
    attempts: int
    form: Form = AS_ASKED
    excuses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a call: a value, an error or a kill; and its duration."""

    seconds: float
    value: Any = None
    error: tuple[str, bool] | None = None
    is_fatal: bool = False


@dataclass(slots=True)
class Knowledge:
    """What the function has found out and published about the current case; `copies` are its messages.

    `told` and `refused` are submissions: those to which the topic has accepted a deferral, and those whose outcome it
    has not accepted. `is_topic_away`: its last answer was an error that may pass, so that it need not be tried for the
    other submissions. `is_excused`: something happened after which the messages have to come back.
    """

    copies: list[Copy] = field(default_factory=list)
    looked: bool = False
    shown: bool = False
    creates: int = 0
    faults: int = 0
    requeued: int = 0
    is_topic_away: bool = False
    is_excused: bool = False
    told: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


@lru_cache(maxsize=1000)
def _read(body: str) -> tuple[Statement, str]:
    """Return what an outcome says, and the code of its error."""
    event: Event = json.loads(body)
    return Statement.by(event), event["data"].get("error", {}).get("code", "")


class ScheduledCloud:
    """A `Service`, a `Clock` and what a topic and a queue need of an `Smq`, for one delivery."""

    def __init__(self, environment: Environment, choices: Choices, rules: Rules, jitter: Jitter = Jitter.HIGH) -> None:
        self.is_killed = False
        self.cases: dict[int, Knowledge] = {}
        self.deleted: list[Copy] = []
        self._rules = rules
        self._jitter = jitter
        self._copies = list(environment.copies)
        self._said: list[tuple[Statement, Circumstance]] = []
        self._found: set[Kind] = set()
        self._account = Account(environment.groups, rules.form)
        self._choices = choices
        self._in_flight = list(environment.in_flight)
        self._now = 0.0
        self._patience_seconds = 0.0
        self._case = Knowledge()
        self._unsettled: set[tuple[str, ...]] = set()
        self._numbers = 0

    def begin(self, copy: Copy) -> None:
        """Begin with a message: with the case at hand if it holds the same body, else with a new case.

        Different requests are processed side by side: one after the other here, but each from the same instant on.
        """
        before = self._case.copies[:1]
        self._case = self.cases.setdefault(copy.body, Knowledge())
        self._case.copies.append(copy)
        if before and self._id_of(before[0]) != self._id_of(copy):
            self._now = 0.0

    def delete(self, copies: Sequence[Copy]) -> None:
        """Take acknowledged messages from the queue, as far as it still has them."""
        self.deleted += copies
        for copy in copies:
            if copy in self._copies:
                self._copies.remove(copy)

    def finds(self, kind: Kind) -> None:
        """Record findings about the delivery."""
        self._found.add(kind)

    def effect(self) -> Effect:
        """Return what the delivery has done until now."""
        environment = Environment(self._account.groups, tuple(sorted(self._copies)), tuple(self._in_flight))
        requeued = sum(case.requeued for case in self.cases.values())
        return Effect(environment, tuple(self._said), frozenset(self._found), requeued)

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def uniform(self, low: float, high: float) -> float:
        self._numbers += 1
        is_low = self._jitter is Jitter.LOW or (self._jitter is Jitter.ALTERNATING and self._numbers % 2)
        return low if is_low else high

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        self._case.creates += 1
        if self._case.creates > self._rules.attempts:
            self.finds(Kind.TOO_MANY_CALLS)
        answer: Answer
        answer, is_settling = self._value(self._call(lambda: self._create(request, timeout_seconds)))
        if not is_settling:
            self._unsettled.add(request.configuration)
        return answer

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        finding: LookupResult = self._value(self._call(lambda: self._describe(bucket_name, timeout_seconds)))
        name = self._body.name
        self._case.looked = is_complete(finding, bucket_name, name)
        self._case.shown = is_shown(finding, name)
        return finding

    def with_timeout(self, seconds: float) -> "ScheduledCloud":
        self._patience_seconds = seconds
        return self

    def note_refusal(self, submission: str) -> None:
        self._case.refused.add(submission)
        # In the last generation the request cannot be requeued instead.
        self._case.is_excused |= max(copy.generation for copy in self._case.copies) >= self._rules.deferrals

    def publish(self, _topic: str, body: str, _tag: str) -> str:
        said, code = _read(body)
        submission = said.submission

        def hear() -> None:
            self._said.append((said, self._circumstance(code)))

        reply = self._call(lambda: self._hand_over(hear))
        self._case.refused.discard(submission)
        self._case.is_topic_away = reply.error is not None and reply.error[1]
        if reply.error:
            self.note_refusal(submission)
        elif not said.is_final:
            self._case.told.add(submission)
        return str(self._value(reply))

    def send(self, _queue: str, bodies: Sequence[str], _delay_seconds: int = 0) -> tuple[str, ...]:
        (body,) = bodies
        reply = self._call(lambda: self._hand_over(lambda: self._arrives(json.loads(body))))
        self._case.is_excused |= reply.error is not None
        return (self._value(reply),)

    def _call(self, effect: Callable[[], Reply]) -> Reply:
        """Return what a call gives; the time it takes passes."""
        reply = Reply(0.0, is_fatal=True) if self.is_killed else effect()
        self._now += reply.seconds
        return reply

    def _value(self, reply: Reply) -> Any:
        if reply.is_fatal:
            self.is_killed = True
            raise Killed
        if reply.error:
            code, transient = reply.error
            raise SmqError(code, transient=transient)
        return reply.value

    def _create(self, request: ProvisionRequest, timeout_seconds: float) -> Reply:
        self._let_land()
        alphabet = self._rules.alphabet
        faults = alphabet.without_effect() if self._account.named(request.name) else alphabet.creates
        fault = self._fault(faults, alphabet.usual_create)
        if fault is None:
            return Reply(ANSWER_SECONDS, (self._account.create(request), True))
        self._take_effect(fault.landing, request)
        seconds = ANSWER_SECONDS if fault.is_quick else timeout_seconds
        return Reply(seconds, (fault.answer, fault.is_settling), is_fatal=fault.answer is None)

    def _describe(self, bucket_name: str | None, timeout_seconds: float) -> Reply:
        self._let_land()
        fault = self._fault(self._rules.alphabet.lookups, self._rules.alphabet.usual_lookup)
        if fault is None:
            return Reply(ANSWER_SECONDS, self._account.describe(bucket_name))
        return Reply(timeout_seconds, fault.answer, is_fatal=fault.answer is None)

    def _hand_over(self, accept: Callable[[], None]) -> Reply:
        fault = self._fault(SMQ_FAULTS)
        if fault is None or fault.accepted:
            accept()
        if fault is None:
            return Reply(0.0, "message")
        if fault.code is None:
            return Reply(self._patience_seconds, is_fatal=True)
        return Reply(self._patience_seconds, error=(fault.code, fault.transient))

    def _arrives(self, message: Event) -> None:
        """Add a requeued request to the queue."""
        case = self._case
        case.requeued += 1
        lineage = of_event(message, "")
        submissions = tuple(each.submission_id for each in lineage.submissions)
        deferrals = max(copy.deferrals for copy in case.copies) + 1
        known = {submission for copy in case.copies for submission in copy.submissions}
        if not set(submissions) <= case.told | case.refused | (known if case.is_topic_away else set()):
            self.finds(Kind.UNPUBLISHED)
        if ProvisionRequest.of(message["data"]) != self._body or not set(submissions) <= known:
            self.finds(Kind.ALTERED)
        if deferrals > self._rules.deferrals:
            self.finds(Kind.ENDLESS)
        self._copies.append(Copy(case.copies[0].body, submissions, lineage.generation, deferrals))

    def _fault(self, faults: Sequence[Fault], usual: Fault | None = None) -> Fault | None:
        fault = self._choices.fault(faults) or usual
        self._case.faults += fault is not None
        return fault

    def _id_of(self, copy: Copy) -> str:
        return self._rules.bodies[copy.body].request_id

    @property
    def _body(self) -> ProvisionRequest:
        return self._rules.bodies[self._case.copies[0].body]

    def _let_land(self) -> None:
        while self._in_flight:
            landing = self._choices.pick((None, *self._in_flight))
            if landing is None:
                return
            self._account.create(landing)
            self._in_flight.remove(landing)

    def _take_effect(self, landing: Landing, request: ProvisionRequest) -> None:
        if landing is Landing.AT_ONCE:
            self._account.create(request)
        elif landing is Landing.LATER and request not in self._in_flight:
            self._in_flight.append(request)

    def _circumstance(self, code: str) -> Circumstance:
        body = self._body
        wanted = (body.request_id, *body.configuration)
        return Circumstance(
            standing=self._account.named(body.name),
            may_land=any((each.request_id, *each.configuration) == wanted for each in self._in_flight),
            asked=self._case.creates > 0 or code == "OutOfTime",
            unsettled=body.configuration in self._unsettled,
            looked=self._case.looked,
            shown=self._case.shown,
            excuses=self._rules.excuses,
        )
