"""All schedules of a story: from its first delivery until no copy is left, with every fault the budget allows.

The function keeps nothing between deliveries, so what can follow one depends on the state it left and on the faults
that are left: each such pair is worked out once, and its schedules are counted, not run again.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.model.choices import Choices, all_ways
from tests.model.delivery import Deliverer
from tests.model.state import State
from tests.model.truth import Kind


@dataclass(slots=True)
class Tally:
    """How many schedules there are, and in how many of them each kind is found."""

    schedules: int = 0
    found: Counter[Kind] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count the schedules of another tally in."""
        self.schedules += other.schedules
        self.found.update(other.found)


class Schedules:
    """The schedules of what `deliverer` delivers, with what is known of them so far."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._known: dict[tuple[State, int], Tally] = {}
        self.deliveries = 0
        self.most_copies = 0

    def tally(self, state: State, budget: int) -> Tally:
        """Every schedule of at most `budget` faults that begins with a delivery in this state."""
        known = self._known.get((state, budget))
        if known is None:
            known = self._known[state, budget] = self._counted(state, budget)
        return known

    def _counted(self, state: State, budget: int) -> Tally:
        total = Tally()
        for after, left in all_ways(lambda choices: self._delivered(state, choices), budget):
            is_last = ended(state, budget, after, left)
            total.add(Tally(1, Counter(after.ends().found)) if is_last else self.tally(after, left))
        return total

    def _delivered(self, state: State, choices: Choices) -> tuple[State, int]:
        self.deliveries += 1
        after = self._deliverer.deliver(state, choices)
        self.most_copies = max(self.most_copies, len(after.copies))
        return after, choices.budget


def ended(before: State, budget: int, after: State, left: int) -> bool:
    """Whether no delivery follows the one that led from `before` to `after`."""
    if not after.copies or Kind.ENDLESS in after.story.found:
        return True
    # A delivery that comes back although nothing failed does so until it is given up.
    return left == budget and after.copies == before.copies
