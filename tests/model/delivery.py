"""One delivery of a request, or of a batch of its copies: the shipped pipeline with its effects in a schedule's hands.

Real: pipeline, validation, provisioner, judgement, backoff, outcome, the result topic's insistence. Put in their place:
the two calls of the API, the one call of the topic, the clock, the journal (`cloud`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from handler.backoff import Backoff
from handler.entry import PUBLISHING
from handler.envelope import Delivery
from handler.insist import Attempt
from handler.model import Adoption
from handler.outcome import Outcome
from handler.pipeline import Pipeline
from handler.provision import Deadlines, Policy, Provisioner
from handler.smq import Smq
from handler.topic import ResultTopic
from tests.model.choices import Choices
from tests.model.cloud import ScheduledCloud
from tests.model.faults import ACK_LOST, Killed
from tests.model.state import State

_DAWN = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long an invocation may last, and how many create calls it may make."""

    name: str
    function_seconds: float
    attempts: int

    def deadlines(self, began: float) -> Deadlines:
        """The deadlines of an invocation that begins at that instant, with the reserves of the shipped settings."""
        return Deadlines.of(began, self.function_seconds, look_reserve=25.0, publish_reserve=15.0)

    def policy(self, adoption: Adoption) -> Policy:
        """The shipped settings, but for the number of attempts."""
        return Policy(Backoff(self.attempts, 0.5, 8.0), 10.0, 10.0, adoption)


class Unheard:
    """A journal that nobody reads."""

    def attempted(self, attempt: Attempt) -> None: ...

    def decided(self, outcome: Outcome) -> None: ...

    def not_announced(self, outcome: Outcome, code: str) -> None: ...

    def left(self) -> None: ...

    def failed(self, fault: Exception) -> None:
        """A fault of the function is none of the schedule's: it must not hide in an indeterminate."""
        raise AssertionError from fault


Shape = Callable[[Pipeline], Pipeline]


def as_shipped(pipeline: Pipeline) -> Pipeline:
    """The shape of a pipeline that nothing was done to."""
    return pipeline


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Delivers a batch of `copies` messages, all with the same `document`, again and again.

    `shape` puts a broken part into each new pipeline where a test wants one. `stragglers`: what is in flight at the
    end of a delivery may still be when it comes back; without, it has landed, because the trigger waits longer than
    the service works on a request.
    """

    document: dict[str, Any]
    adoption: Adoption
    timing: Timing
    copies: int = 1
    shape: Shape = as_shipped
    stragglers: bool = False

    def deliver(self, state: State, choices: Choices) -> tuple[State, bool]:
        """The state after a delivery of the batch that goes as chosen, and whether it was acknowledged."""
        cloud = ScheduledCloud(state, choices)
        acknowledged = self._is_worked(cloud) and choices.fault(ACK_LOST) is None
        after = cloud.state()
        return after if self.stragglers else after.landed(), acknowledged

    def _is_worked(self, cloud: ScheduledCloud) -> bool:
        batch = [Delivery(f"message-{number}", self.document) for number in range(self.copies)]
        try:
            outcomes = self._pipeline(cloud).work(batch, self.timing.deadlines(cloud.now()))
        except Killed:
            return False
        return None not in outcomes

    def _pipeline(self, cloud: ScheduledCloud) -> Pipeline:
        def journal_of(_delivery: Delivery, _request_id: str | None) -> Unheard:
            cloud.begin()
            return Unheard()

        topic = ResultTopic(cast("Smq", cloud), "outcomes", PUBLISHING, cloud)
        shipped = Pipeline(
            provisioner=Provisioner(self.timing.policy(self.adoption), cloud, cloud),
            publish=topic.publish,
            utc_now=lambda: _DAWN + timedelta(seconds=cloud.now()),
            journal_of=journal_of,
            source="model",
            concurrency=1,
        )
        return self.shape(shipped)
