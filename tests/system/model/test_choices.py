"""The enumeration of the model runs each path once, and none above the budget."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.system.model.choices import Choices, all_ways

FAULTS = ("one", "two", "three")


def three_steps(choices: Choices) -> tuple[str | None, ...]:
    return tuple(choices.fault(FAULTS) for _ in range(3))


@pytest.mark.parametrize("budget", range(5))
def test_each_path_within_the_budget_is_run_once(budget: int) -> None:
    """Of three steps with three faults each, those with at most `budget` faults: a sum of binomials."""
    ways = list(all_ways(three_steps, budget))
    assert len(ways) == sum(comb(3, faults) * 3**faults for faults in range(min(budget, 3) + 1))
    assert len(set(ways)) == len(ways)
    assert max(len(way) - way.count(None) for way in ways) == min(budget, 3)


def test_turn_is_free() -> None:
    """Turns are taken both ways even where no fault is left."""
    assert list(all_ways(lambda choices: (choices.turn(), choices.turn()), 0)) == [
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    ]


@pytest.mark.parametrize("options", [("one",), ("one", "two"), ("one", "two", "three")])
def test_each_option_is_picked_once_and_is_free(options: tuple[str, ...]) -> None:
    """The options come in their order; a single option is not a choice."""
    assert list(all_ways(lambda choices: choices.pick(options), 0)) == list(options)


@given(st.lists(st.integers(1, 4), max_size=5), st.integers(0, 3))
def test_choices_may_depend_on_earlier_choices(widths: list[int], budget: int) -> None:
    """A fault may open or close later choices; the ways are still all different and begin with the faultless one."""

    def run(choices: Choices) -> tuple[int | None, ...]:
        way: list[int | None] = []
        for width in widths:
            way.append(choices.fault(range(width + (way[-1] or 0) if way else width)))
        return tuple(way)

    ways = list(all_ways(run, budget))
    assert ways[0] == (None,) * len(widths)
    assert len(set(ways)) == len(ways)
