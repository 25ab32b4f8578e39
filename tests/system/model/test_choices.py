"""The enumeration behind the model: every way once, none left out, none above the budget."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.system.model.choices import Choices, all_ways

FAULTS = ("one", "two", "three")


def three_steps(choices: Choices) -> tuple[str | None, ...]:
    return tuple(choices.fault(FAULTS) for _ in range(3))


@pytest.mark.parametrize("budget", range(5))
def test_every_way_within_the_budget_is_gone_exactly_once(budget: int) -> None:
    """Of three steps with three faults each, those with at most `budget` faults: a sum of binomials."""
    ways = list(all_ways(three_steps, budget))
    assert len(ways) == sum(comb(3, faults) * 3**faults for faults in range(min(budget, 3) + 1))
    assert len(set(ways)) == len(ways)
    assert max(len(way) - way.count(None) for way in ways) == min(budget, 3)


def test_a_turn_costs_nothing() -> None:
    """Turns are taken both ways even where no fault is left."""
    assert list(all_ways(lambda choices: (choices.turn(), choices.turn()), 0)) == [
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    ]


@pytest.mark.parametrize("options", [("one",), ("one", "two"), ("one", "two", "three")])
def test_every_option_is_picked_once_and_costs_nothing(options: tuple[str, ...]) -> None:
    """In their order; where there is only one, there is nothing to choose."""
    assert list(all_ways(lambda choices: choices.pick(options), 0)) == list(options)


@given(st.lists(st.integers(1, 4), max_size=5), st.integers(0, 3))
def test_what_is_chosen_may_depend_on_what_was_chosen_before(widths: list[int], budget: int) -> None:
    """A fault may open or close later choices; the ways are still all different and begin with the faultless one."""

    def run(choices: Choices) -> tuple[int | None, ...]:
        way: list[int | None] = []
        for width in widths:
            way.append(choices.fault(range(width + (way[-1] or 0) if way else width)))
        return tuple(way)

    ways = list(all_ways(run, budget))
    assert ways[0] == (None,) * len(widths)
    assert len(set(ways)) == len(ways)
