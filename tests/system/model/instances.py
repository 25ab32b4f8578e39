"""Two instances at once: every interleaving of the calls of two deliveries, each call with every fault.

A delivery depends on nothing but the replies that its calls were given. So a step of an instance is the shipped
pipeline run again from its beginning, with the replies it had before, and one call more; before the next call it
pauses. What can follow depends on the state, on the replies of both, and on the remaining faults, and is computed
once. Effect and answer of a call are one instant; an effect that comes later is one of the faults.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import permutations

from tests.system.model.choices import Choices
from tests.system.model.cloud import Reply, Rules, ScheduledCloud
from tests.system.model.delivery import Deliverer
from tests.system.model.faults import ACK_LOST, Killed
from tests.system.model.invariants import Circumstance
from tests.system.model.schedules import Schedules, Tally, Ways
from tests.system.model.state import Copy, Effect, Environment, State


class Paused(BaseException):
    """The instance waits before its next call."""


@dataclass(frozen=True, slots=True)
class Running:
    """An instance in the middle of a delivery: the messages it was given, and the replies it has had."""

    batch: tuple[Copy, ...]
    replies: tuple[Reply, ...] = ()


class SteppedCloud(ScheduledCloud):
    """A cloud that repeats replies, lets one call through, and pauses before the next one."""

    def __init__(
        self, environment: Environment, choices: Choices, rules: Rules, instance: Running, *, rival_runs: bool
    ) -> None:
        super().__init__(environment, choices, rules)
        self.replies = list(instance.replies)
        self._repeated = 0
        self._allowed = len(self.replies) + 1
        self._rival_runs = rival_runs

    def _call(self, effect: Callable[[], Reply]) -> Reply:
        if self._repeated == self._allowed:
            raise Paused
        if self._repeated == len(self.replies):
            self.replies.append(effect())
        self._repeated += 1
        return super()._call(lambda: self.replies[self._repeated - 1])

    def _circumstance(self, code: str) -> Circumstance:
        now = super()._circumstance(code)
        return replace(now, may_land=now.may_land or self._rival_runs, rival=True)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of an instance has done, and the instance as it goes on; None once it has ended."""

    effect: Effect
    instance: Running | None


class Interleavings:
    """The schedules in which instances process batches at the same time; once all have ended, one follows another."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._after = Schedules(deliverer)
        self._known: dict[tuple[State, tuple[Running, ...], int], Tally] = {}
        self._ways: Ways[Step] = Ways()

    def tally(self, state: State, instances: Sequence[Running], budget: int) -> Tally:
        """Return what is found in every schedule of at most `budget` faults."""
        key = (state, tuple(instances), budget)
        if key not in self._known:
            self._known[key] = self._counted(*key) if instances else self._alone(state, budget)
        return self._known[key]

    def _counted(self, state: State, instances: tuple[Running, ...], budget: int) -> Tally:
        total = Tally()
        for place, instance in enumerate(instances):
            before, behind = instances[:place], instances[place + 1 :]
            beginning = (state.environment, instance, len(instances))
            ways = self._ways.of(beginning, partial(self._step, *beginning), budget)
            for (step, used), times in ways.items():
                going_on = (*before, *([step.instance] if step.instance else []), *behind)
                rest = self.tally(state.after(step.effect), going_on, budget - used)
                total.add(rest, self._after.surplus(step.effect.requeued, used), times)
        return total

    def _step(self, environment: Environment, instance: Running, running: int, choices: Choices) -> Step:
        cloud = SteppedCloud(environment, choices, self._deliverer.rules, instance, rival_runs=running > 1)
        going_on = None
        try:
            if self._deliverer.begin(instance.batch, cloud) and choices.fault(ACK_LOST) is None:
                cloud.delete(instance.batch)
        except Paused:
            going_on = Running(instance.batch, tuple(cloud.replies))
        except Killed:
            pass
        return Step(cloud.effect(), going_on)

    def _alone(self, state: State, budget: int) -> Tally:
        total = Tally()
        for order in permutations(state.environment.in_flight):
            landed = replace(state, environment=state.environment.landed(order))
            total.add(self._after.tally(landed, budget) if landed.environment.copies else self._after.last(landed))
        return total
