"""One delivery of a request, or of a batch of its copies: the shipped pipeline with its effects in a schedule's hands.

Real: the drain where there is no trigger, pipeline, validation, provisioner, judgement, backoff, deferral, lineage,
outcome, the insistence of topic and queue. Put in their place: the two calls of the API, the one of the topic, the one
of the queue, the clock, the journal (`cloud`), and the queue that is drained (`drained`).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from handler.backoff import Backoff
from handler.deferral import Deferral
from handler.entry import PERSISTING
from handler.envelope import Delivery
from handler.insist import Attempt
from handler.lineage import Lineage
from handler.model import Adoption
from handler.outcome import Outcome
from handler.persist import Persistence
from handler.pipeline import Pipeline
from handler.provision import Deadlines, Policy, Provisioner
from handler.pull import Drain
from handler.queue import RequestQueue
from handler.smq import Smq
from handler.topic import ResultTopic
from tests.model.choices import Choices
from tests.model.cloud import ScheduledCloud
from tests.model.drained import DrainedQueue
from tests.model.faults import ACK_LOST, EVERY_FAULT, Alphabet, Killed
from tests.model.state import Copy, State
from tests.model.truth import Kind

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

    def unfinished(self, outcome: Outcome, code: str) -> None: ...

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
    """Delivers messages of the request in `document`, `batch` of them at a time, in any order, again and again.

    `is_pulled`: the function takes them from the queue itself, instead of being handed them by a trigger.
    After `deferrals` deferrals a verdict is final. `shape` puts a broken part into each new pipeline where a test wants
    one. `stragglers`: what is in flight at the end of a delivery may still be when the next one begins; without, it has
    landed, because the trigger and the delay wait longer than the service works on a request.
    """

    document: dict[str, Any]
    adoption: Adoption
    timing: Timing
    batch: int = 1
    deferrals: int = 0
    alphabet: Alphabet = EVERY_FAULT
    shape: Shape = as_shipped
    stragglers: bool = False
    is_pulled: bool = False

    def deliver(self, state: State, choices: Choices) -> State:
        """The state after a delivery of some of its copies that goes as chosen."""
        budget = choices.budget
        cloud = ScheduledCloud(state, choices, self.alphabet, self.deferrals)
        batch = self._taken(state.copies, choices)
        if self.is_pulled:
            self._drain(batch, cloud, choices)
        elif self._is_worked(batch, cloud) and choices.fault(ACK_LOST) is None:
            cloud.delete(batch)
        after = cloud.state()
        # A fault may leave a copy beside each that was sent back before it, and alike ones are sent back as one.
        if len(after.copies) - len(state.copies) > len(set(batch)) * (budget - choices.budget):
            after = replace(after, story=after.story.shows(Kind.MULTIPLIED))
        return after if self.stragglers else after.landed()

    def _taken(self, copies: tuple[Copy, ...], choices: Choices) -> list[Copy]:
        first = choices.pick(sorted(set(copies)))
        others = list(copies)
        others.remove(first)
        return [first, *others][: self.batch]

    def _is_worked(self, copies: list[Copy], cloud: ScheduledCloud) -> bool:
        batch = [
            Delivery(f"message-{place}", self.document, lineage=Lineage(generation=copy.generation))
            for place, copy in enumerate(copies)
        ]
        pipeline = self._pipeline({each.message_id: copy for each, copy in zip(batch, copies, strict=True)}, cloud)
        try:
            outcomes = pipeline.work(batch, self.timing.deadlines(cloud.now()))
        except Killed:
            return False
        return None not in outcomes

    def _drain(self, copies: list[Copy], cloud: ScheduledCloud, choices: Choices) -> None:
        queue = DrainedQueue(self.document, copies, cloud, choices)
        pipeline = self._pipeline(queue.copies, cloud)
        with suppress(Killed):
            Drain(cast("Smq", queue), "requests", pipeline.work, cloud).run(self.timing.deadlines(cloud.now()))

    def _pipeline(self, copies: Mapping[str, Copy], cloud: ScheduledCloud) -> Pipeline:
        def journal_of(delivery: Delivery, _request_id: str | None) -> Unheard:
            cloud.begin(copies[delivery.message_id])
            return Unheard()

        persistence = Persistence(cast("Smq", cloud), PERSISTING, cloud)
        shipped = Pipeline(
            provisioner=Provisioner(self.timing.policy(self.adoption), cloud, cloud),
            deferral=Deferral(Backoff(self.deferrals + 1, 60.0, 3600.0)),
            publish=ResultTopic(persistence, "outcomes").publish,
            send_back=RequestQueue(persistence, "requests").send_back,
            utc_now=lambda: _DAWN + timedelta(seconds=cloud.now()),
            journal_of=journal_of,
            source="model",
            concurrency=1,
        )
        return self.shape(shipped)
