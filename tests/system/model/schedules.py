"""All schedules of a story: from its first delivery until no message is left, with every fault the budget allows.

The function keeps nothing between deliveries and hears nothing of what was said, so what a delivery can do depends on
the world it meets alone: each world is run once, in every way it can go, and the ways with the same effect are counted
together. What can follow a delivery depends on the state it left and on the remaining faults; that is computed once,
too.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from tests.system.model.choices import Choices, all_ways
from tests.system.model.delivery import Deliverer
from tests.system.model.invariants import Kind
from tests.system.model.state import Effect, State

T = TypeVar("T", bound=Hashable)


class Ways(Generic[T]):
    """The paths from each beginning, computed once."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[int, Counter[tuple[T, int]]]] = {}

    def of(self, beginning: Hashable, run: Callable[[Choices], T], budget: int) -> Counter[tuple[T, int]]:
        """Return the results of `run` with the faults that each has used, and in how many ways each comes about."""
        most, ways = self._known.get(beginning, (-1, Counter()))
        if most < budget:
            ways = Counter(all_ways(lambda choices: (run(choices), budget - choices.budget), budget))
            self._known[beginning] = (budget, ways)
        return Counter({way: count for way, count in ways.items() if way[1] <= budget})


@dataclass(slots=True)
class Tally:
    """How many schedules there are, and in how many of them each kind is found.

    `surplus`: in how many schedules so many messages are put into the queue beyond those that their faults allow.
    """

    schedules: int = 0
    found: Counter[Kind] = field(default_factory=Counter)
    surplus: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Tally", more: int = 0, times: int = 1) -> None:
        """Count the schedules of another tally in so many times, each with `more` messages before it."""
        self.schedules += other.schedules * times
        for kind, schedules in other.found.items():
            self.found[kind] += schedules * times
        for messages, schedules in other.surplus.items():
            self.surplus[messages + more] += schedules * times

    def bounded(self, most: int) -> "Tally":
        """Return the same with every schedule found that has a surplus of more than `most` messages."""
        excess = sum(schedules for messages, schedules in self.surplus.items() if messages > most)
        return Tally(self.schedules, self.found + Counter({Kind.MULTIPLIED: excess}), self.surplus)


class Schedules:
    """The schedules of what `deliverer` delivers, with what is known of them so far."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._known: dict[tuple[State, int], Tally] = {}
        self._ways: Ways[Effect] = Ways()

    def tally(self, state: State, budget: int) -> Tally:
        """Return what is found in every schedule of at most `budget` faults that begins in this state."""
        known = self._known.get((state, budget))
        if known is None:
            known = self._known[state, budget] = self._counted(state, budget)
        return known

    def last(self, state: State) -> Tally:
        """Return the tally of the one schedule that ends in this state."""
        return Tally(1, Counter(state.closed().found), Counter({0: 1}))

    def surplus(self, messages: int, faults: int) -> int:
        """Return by how much these messages exceed what these faults allow.

        A fault brings back at most one batch, and with it every request in it once through all of its deferrals.
        """
        return messages - faults * self._deliverer.deferrals * len(self._deliverer.documents)

    def _counted(self, state: State, budget: int) -> Tally:
        total = Tally()
        ways = self._ways.of(state.environment, partial(self._deliverer.deliver, state.environment), budget)
        for (effect, used), times in ways.items():
            after = state.after(effect)
            is_last = ended(state, budget, after, budget - used)
            rest = self.last(after) if is_last else self.tally(after, budget - used)
            total.add(rest, self.surplus(effect.requeued, used), times)
        return total


_ENDLESS = {Kind.REPEATED, Kind.NEIGHBOUR}


def ended(before: State, budget: int, after: State, left: int) -> bool:
    """Return whether no delivery follows the one that led from `before` to `after`."""
    if not after.environment.copies or Kind.ENDLESS in after.story.found:
        return True
    # A message that is redelivered although nothing failed is redelivered until it is abandoned.
    is_repeated = after.environment.copies == before.environment.copies or bool(_ENDLESS & after.story.found)
    return left == budget and is_repeated
