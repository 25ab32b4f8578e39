"""The API, the topic and the clock during one delivery, all of them following one schedule of faults.

Reproduces what the function can hear and what then is true; not how long things really take: an answer is quick, and a
fault lasts as long as the call may. A late commit lands before any later call of the API, or after the last.
"""

import json

from handler.model import Answer, Finding, ProvisionRequest, Unanswered
from handler.smq import SmqError
from tests.model.account import Account, is_complete
from tests.model.choices import Choices
from tests.model.faults import (
    CREATE_FAULTS,
    LOOK_FAULTS,
    PUBLISH_FAULTS,
    WITHOUT_EFFECT,
    CreateFault,
    Killed,
    Landing,
    LookFault,
)
from tests.model.state import State
from tests.model.truth import Circumstance, Made

ANSWER_SECONDS = 0.1


class ScheduledCloud:
    """A `Service`, a `Clock` and what a `ResultTopic` needs of an `Smq`, for one delivery of one request."""

    def __init__(self, state: State, choices: Choices) -> None:
        self._story = state.story
        self._account = Account([state.standing] if state.standing else [])
        self._choices = choices
        self._now = 0.0
        self._publishing_seconds = 0.0
        self._in_flight = state.in_flight
        self._unanswered = False
        self._looked = False

    def begin(self) -> None:
        """Another message is taken in hand: what was heard until now, nobody remembers."""
        self._unanswered = self._looked = False

    def state(self) -> State:
        """What there is and what was said, as it stands."""
        return State(self._standing(), self._story, self._in_flight)

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def uniform(self, _low: float, high: float) -> float:
        return high

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        self._let_land()
        fault = self._choices.fault(WITHOUT_EFFECT if self._standing() else CREATE_FAULTS)
        if fault is None:
            self._now += ANSWER_SECONDS
            return self._account.create(request)
        self._now += timeout_seconds
        self._take_effect(fault.landing, request)
        return self._answer(fault)

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding:
        self._let_land()
        finding = self._look(self._choices.fault(LOOK_FAULTS), bucket_name, timeout_seconds)
        self._looked = is_complete(finding, bucket_name, self._story.request.name)
        return finding

    def within(self, seconds: float) -> "ScheduledCloud":
        self._publishing_seconds = seconds
        return self

    def publish(self, _topic: str, body: str, _tag: str) -> str:
        fault = self._choices.fault(PUBLISH_FAULTS)
        if fault is None or fault.accepted:
            self._story = self._story.hears(json.loads(body), self._circumstance())
        if fault is None:
            return "message-of-the-topic"
        self._now += self._publishing_seconds
        if fault.code is None:
            raise Killed
        raise SmqError(fault.code, transient=fault.transient)

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
