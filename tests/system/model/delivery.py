"""One delivery of a message, or of a batch of them: the shipped pipeline with its effects decided by a schedule.

Real: the drain in pull intake, the reading of bodies, pipeline, validation, provisioner, decision,
backoff, settlement, deferral, lineage, outcome, the persistence of topic and queue. Replaced: the two calls of the API,
the one of the topic, the one of the queue, the clock, the log (`cloud`), and the queue that is drained (`drained`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import permutations
from json import dumps, loads
from typing import Any, cast

from handler.drain import QueueDrain
from handler.inbound.envelope import Delivery, parse_message
from handler.inbound.request_event import Lineage, messages
from handler.model import Adoption, ProvisionRequest
from handler.pipeline import Pipeline
from handler.provisioning.provisioner import Policy
from handler.provisioning.retry import Backoff, Deadlines
from handler.smq.client import Smq
from tests.system.model.account import AS_ASKED, Form
from tests.system.model.choices import Choices
from tests.system.model.cloud import Jitter, Rules, ScheduledCloud
from tests.system.model.composition import Shape, SilentLog, as_shipped, composed
from tests.system.model.drained import DrainedQueue
from tests.system.model.faults import ACK_LOST, EVERY_FAULT, Alphabet, Killed
from tests.system.model.invariants import Kind
from tests.system.model.recording import Recorder, Recordings
from tests.system.model.state import Copy, Effect, Environment


@dataclass(frozen=True, slots=True)
class Timing:
    """How long an invocation may last, and how many create calls it may make."""

    name: str
    function_seconds: float
    attempts: int

    def deadlines(self, began: float) -> Deadlines:
        """Return the deadlines of an invocation that begins then, with the reserves of the shipped settings."""
        return Deadlines.of(began, self.function_seconds, lookup_reserve=25.0, publish_reserve=15.0)

    def policy(self, adoption: Adoption) -> Policy:
        """Return the shipped settings, except for the number of attempts."""
        return Policy(Backoff(self.attempts, 0.5, 8.0), 10.0, 10.0, adoption)


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of the function: the error of its wall clock, and its random numbers."""

    clock_seconds: int = 0
    jitter: Jitter = Jitter.HIGH


ORDINARY = (Instance(),)
PipelineEffects = ScheduledCloud | Recorder


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Delivers the messages of a queue, `batch` of them at a time, in any order, again and again.

    `is_pulled`: the function takes them from the queue itself, instead of being handed them by a trigger.
    After `deferrals` deferrals a verdict is final. `instances`: those of which each delivery meets one. `shape` puts a
    broken part into each new pipeline where a test wants one. `stragglers`: what is in flight at the end of a delivery
    may still be when the next one begins; without, it has landed, because the trigger and the delay wait longer than
    the service works on a request. The pipeline of
    pull intake is not recorded.
    """

    documents: Sequence[dict[str, Any]]
    adoption: Adoption
    timing: Timing
    batch: int = 1
    deferrals: int = 0
    alphabet: Alphabet = EVERY_FAULT
    form: Form = AS_ASKED
    instances: tuple[Instance, ...] = ORDINARY
    shape: Shape = as_shipped
    stragglers: bool = False
    is_pulled: bool = False
    recordings: Recordings = field(init=False, compare=False)
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        bodies = tuple(ProvisionRequest.of(document) for document in self.documents)
        excuses = _excuses(self.adoption, self.form)
        rules = Rules(bodies, self.alphabet, self.deferrals, self.timing.attempts, self.form, excuses)
        object.__setattr__(self, "rules", rules)
        object.__setattr__(self, "recordings", Recordings())

    def deliver(self, environment: Environment, choices: Choices) -> Effect:
        """Return the effect of a delivery that goes as chosen."""
        instance = choices.pick(self.instances)
        cloud = ScheduledCloud(environment, choices, self.rules, instance.jitter)
        batch = _taken(environment.copies, self.batch, choices)
        intake = self._drain if self.is_pulled else self._push
        for kind in _repetitions(intake(batch, cloud, choices, instance), cloud, self.rules):
            cloud.finds(kind)
        effect = cloud.effect()
        if self.stragglers:
            return effect
        order = choices.pick(tuple(permutations(effect.environment.in_flight)))
        return replace(effect, environment=effect.environment.landed(order))

    def begin(self, batch: Sequence[Copy], cloud: ScheduledCloud, instance: Instance = ORDINARY[0]) -> bool:
        """Process a batch; return whether the trigger may acknowledge it."""
        names = names_of(batch)

        def run(effects: PipelineEffects) -> bool:
            texts = {name: self.text(copy) for name, copy in names.items()}
            deliveries = [delivery for name, text in texts.items() for delivery in parsed(name, text)]
            pipeline = self.pipeline(names, effects, instance)
            return None not in pipeline.process(deliveries, self.timing.deadlines(effects.now()))

        return self.recordings.play((*names.items(), instance), cloud, run)

    def text(self, copy: Copy) -> str:
        """Return the body of a message."""
        return message_text(dumps(self.documents[copy.body]), copy)

    def pipeline(self, names: Mapping[str, Copy], effects: PipelineEffects, instance: Instance) -> Pipeline:
        """Return the pipeline of one delivery of these messages."""

        def log_of(delivery: Delivery, _request_id: str | None) -> SilentLog:
            effects.begin(names[delivery.message_id])
            return SilentLog()

        policy, clock_seconds = self.timing.policy(self.adoption), instance.clock_seconds
        return self.shape(composed(effects, policy, self.deferrals, log_of, clock_seconds=clock_seconds))

    def _push(self, batch: Sequence[Copy], cloud: ScheduledCloud, choices: Choices, instance: Instance) -> list[Copy]:
        """Process a batch of the trigger; return the messages that are redelivered without a cause."""
        with suppress(Killed):
            if not self.begin(batch, cloud, instance):
                return [] if any(case.is_excused for case in cloud.cases.values()) else list(batch)
            if choices.fault(ACK_LOST) is None:
                cloud.delete(batch)
        return []

    def _drain(self, batch: Sequence[Copy], cloud: ScheduledCloud, choices: Choices, instance: Instance) -> list[Copy]:
        """Process a batch in pull intake; return the messages that are redelivered without a cause."""
        names = names_of(batch)
        queue = DrainedQueue(names, {name: self.text(copy) for name, copy in names.items()}, cloud, choices)
        work = self.pipeline(names, cloud, instance).process
        with suppress(Killed):
            QueueDrain(cast("Smq", queue), "requests", work, cloud).run(self.timing.deadlines(cloud.now()))
        if cloud.is_killed or queue.is_disturbed:
            return []
        left = Counter(batch) - Counter(cloud.deleted)
        return [copy for copy in left if not cloud.cases[copy.body].is_excused]


# What may be said of a group that is shown, where its maker or its configuration cannot be known.
_EXCUSES: Mapping[Adoption, frozenset[str]] = {
    "identical": frozenset({"ConfigurationUnclear"}),
    "never": frozenset({"OwnerUnknown"}),
    "owned": frozenset(),
}


def _excuses(adoption: Adoption, form: Form) -> frozenset[str]:
    return frozenset() if adoption == "identical" and form == AS_ASKED else _EXCUSES[adoption]


def _taken(copies: Sequence[Copy], batch: int, choices: Choices) -> list[Copy]:
    first = choices.pick(sorted(set(copies)))
    others = list(copies)
    others.remove(first)
    return [first, *others][:batch]


def names_of(batch: Sequence[Copy]) -> dict[str, Copy]:
    """Return the messages by their ids: the submission id for the first message, the place for later ones."""
    first = {copy.submissions[0]: copy for copy in batch if not copy.deferrals}
    return {**first, **{f"message-{place}": copy for place, copy in enumerate(batch) if copy.deferrals}}


@cache
def message_text(document: str, copy: Copy) -> str:
    """Return the body of the message: the submitted document, or the event that requeues it."""
    if not copy.deferrals:
        return document
    lineages = [Lineage(generation=copy.generation, submission_id=each) for each in copy.submissions]
    (text,) = messages(loads(document), lineages, "model", "deferral")
    return text


@cache
def parsed(message_id: str, text: str) -> tuple[Delivery, ...]:
    """Return the deliveries that the function reads in a message."""
    return parse_message(message_id, text)


def _repetitions(left: Sequence[Copy], cloud: ScheduledCloud, rules: Rules) -> set[Kind]:
    """Return the findings about redelivered and requeued messages."""
    disturbed = {rules.bodies[body].request_id for body, case in cloud.cases.items() if case.faults}
    found = {Kind.REPEATED if rules.bodies[copy.body].request_id in disturbed else Kind.NEIGHBOUR for copy in left}
    is_crossed = any(
        case.requeued and rules.bodies[body].request_id not in disturbed for body, case in cloud.cases.items()
    )
    is_alone = len({rules.bodies[body].request_id for body in cloud.cases}) == 1
    return (found | ({Kind.NEIGHBOUR} if is_crossed else set())) if not is_alone else {Kind.REPEATED for _ in left}
