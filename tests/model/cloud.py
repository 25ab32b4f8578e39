"""The API, the topic, the queue and the clock during one delivery, all of them following one schedule of faults.

Reproduces what the function can hear and what then is true; not how long things really take: an answer is quick, and a
fault lasts as long as the call may. A late commit lands before any later call of the API, or after the last.
"""

import json
from collections.abc import Callable, Sequence

from handler.lineage import of_event
from handler.model import Answer, Finding, ProvisionRequest, Unanswered
from handler.smq import SmqError
from tests.model.account import Account, is_complete
from tests.model.choices import Choices
from tests.model.faults import SMQ_FAULTS, Alphabet, CreateFault, Killed, Landing, LookFault
from tests.model.state import Copy, State
from tests.model.truth import Circumstance, Event, Made

ANSWER_SECONDS = 0.1


class ScheduledCloud:
    """A `Service`, a `Clock` and what a topic and a queue need of an `Smq`, for one delivery of one request."""

    def __init__(self, state: State, choices: Choices, alphabet: Alphabet, most_deferrals: int) -> None:
        self._alphabet = alphabet
        self._most_deferrals = most_deferrals
        self._at_hand = Copy()
        self._copies = list(state.copies)
        self._story = state.story
        self._account = Account([state.standing] if state.standing else [])
        self._choices = choices
        self._now = 0.0
        self._patience_seconds = 0.0
        self._in_flight = state.in_flight
        self._unanswered = False
        self._looked = False

    def begin(self, copy: Copy) -> None:
        """Another message is taken in hand: what was heard until now, nobody remembers."""
        self._at_hand = copy
        self._unanswered = self._looked = False

    def delete(self, copies: Sequence[Copy]) -> None:
        """Take acknowledged messages from the queue."""
        for copy in copies:
            self._copies.remove(copy)

    def state(self) -> State:
        """What there is and what was said, as it stands."""
        return State(self._standing(), self._story, tuple(sorted(self._copies)), self._in_flight)

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def uniform(self, _low: float, high: float) -> float:
        return high

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        self._let_land()
        faults = self._alphabet.without_effect() if self._standing() else self._alphabet.creates
        fault = self._choices.fault(faults)
        if fault is None:
            self._now += ANSWER_SECONDS
            return self._alphabet.usual or self._account.create(request)
        self._now += timeout_seconds
        self._take_effect(fault.landing, request)
        return self._answer(fault)

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding:
        self._let_land()
        finding = self._look(self._choices.fault(self._alphabet.looks), bucket_name, timeout_seconds)
        self._looked = is_complete(finding, bucket_name, self._story.request.name)
        return finding

    def within(self, seconds: float) -> "ScheduledCloud":
        self._patience_seconds = seconds
        return self

    def publish(self, _topic: str, body: str, _tag: str) -> str:
        def hear() -> None:
            self._story = self._story.hears(json.loads(body), self._circumstance())

        return self._hand_over(hear)

    def send(self, _queue: str, bodies: Sequence[str], _delay_seconds: int = 0) -> tuple[str, ...]:
        (body,) = bodies
        return (self._hand_over(lambda: self._arrives(json.loads(body))),)

    def _hand_over(self, accept: Callable[[], None]) -> str:
        fault = self._choices.fault(SMQ_FAULTS)
        if fault is None or fault.accepted:
            accept()
        if fault is None:
            return "message"
        self._now += self._patience_seconds
        if fault.code is None:
            raise Killed
        raise SmqError(fault.code, transient=fault.transient)

    def _arrives(self, event: Event) -> None:
        deferrals = self._at_hand.deferrals + 1
        self._story = self._story.is_sent_back(event, deferrals, self._most_deferrals)
        self._copies.append(Copy(of_event(event).generation, deferrals))

    def _standing(self) -> Made | None:
        return self._account.named(self._story.request.name)

    def _let_land(self) -> None:
        if self._in_flight is not None and self._choices.turn():
            self._account.create(self._in_flight)
            self._in_flight = None

    def _take_effect(self, landing: Landing, request: ProvisionRequest) -> None:
        if landing is Landing.AT_ONCE:
            self._account.create(request)
        elif landing is Landing.LATER:
            self._in_flight = request

    def _answer(self, fault: CreateFault) -> Answer:
        if fault.answer is None:
            raise Killed
        self._unanswered |= isinstance(fault.answer, Unanswered)
        return fault.answer

    def _look(self, fault: LookFault | None, bucket_name: str | None, timeout_seconds: float) -> Finding:
        if fault is None:
            self._now += ANSWER_SECONDS
            return self._account.describe(bucket_name)
        self._now += timeout_seconds
        if fault.answer is None:
            raise Killed
        return fault.answer

    def _circumstance(self) -> Circumstance:
        return Circumstance(
            standing=self._standing(),
            may_land=self._in_flight is not None,
            doubtful=self._unanswered or not self._looked,
        )
