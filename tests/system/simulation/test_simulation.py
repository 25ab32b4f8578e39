"""The promises hold in a simulated day with an outage, and the simulation detects known defects."""

import pytest

from tests.system.model.composition import Shape
from tests.system.simulation.day import Day, figures_of, settings
from tests.system.simulation.outages import ARRIVALS, DURATIONS, HOUR, KINDS, Fault, Kind, Scenario
from tests.system.simulation.promises import broken
from tests.system.simulation.variants import defers_seldom, keeps_nothing, raises_without_time, sets_nothing_aside

AT_ONCE, ALL_DAY = ARRIVALS
KIND = {kind.name: kind for kind in KINDS}


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_promises_hold_in_an_outage_of_one_hour(kind: Kind, fault: Fault) -> None:
    scenario = Scenario(AT_ONCE, kind, HOUR, fault)
    assert broken(scenario, figures_of(scenario), settings()) == []


@pytest.mark.parametrize("name", ["AssumeRoleFail", "silence", "late landing"])
def test_requests_outlast_an_outage_of_six_hours(name: str) -> None:
    scenario = Scenario(AT_ONCE, KIND[name], DURATIONS["6 h"], Fault.LOST_ACKNOWLEDGEMENT)
    figures = figures_of(scenario)
    assert (figures.outcomes["succeeded"], figures.submissions) == (16, 16)
    assert broken(scenario, figures, settings()) == []


def test_promises_hold_if_requests_arrive_all_day() -> None:
    scenario = Scenario(ALL_DAY, KIND["topic refuses"], DURATIONS["6 h"], Fault.KILL)
    assert broken(scenario, figures_of(scenario), settings()) == []


def test_outcomes_are_published_after_a_day_without_topic() -> None:
    """After their last deferral they become dead letters, which the sweep publishes."""
    scenario = Scenario(AT_ONCE, KIND["topic refuses"], DURATIONS["24 h"], Fault.NONE)
    figures = figures_of(scenario)
    assert figures.outcomes["succeeded"] == figures.dead_letters == 16
    assert broken(scenario, figures, settings()) == []


def test_outcomes_are_true_after_a_day_without_api() -> None:
    scenario = Scenario(AT_ONCE, KIND["silence"], DURATIONS["24 h"], Fault.DOUBLE_SUBMISSION)
    figures = figures_of(scenario)
    assert figures.outcomes["indeterminate"] == figures.submissions == 17
    assert broken(scenario, figures, settings()) == []


def test_many_copies_are_published_within_the_timeout() -> None:
    """Each copy's outcome is published by itself, which a silent topic makes slow."""
    scenario = Scenario(AT_ONCE, KIND["topic silent"], HOUR, Fault.DOUBLE_SUBMISSION)
    figures = Day(scenario, copies=8).run()
    assert (figures.killed, figures.submissions) == (0, 23)
    assert broken(scenario, figures, settings()) == []


def test_simulated_day_is_repeatable() -> None:
    scenario = Scenario(AT_ONCE, KIND["late landing"], HOUR, Fault.KILL)
    assert figures_of(scenario) == figures_of(scenario)


@pytest.mark.parametrize(
    ("variant", "name", "lasts", "problems"),
    [
        (raises_without_time, "silence", "1 h", {"messages", "invocations raised"}),
        (sets_nothing_aside, "topic refuses", "24 h", {"invocations raised"}),
        (keeps_nothing, "silence", "5 min", {"messages or submissions lost", "not all succeeded"}),
        (defers_seldom, "AssumeRoleFail", "6 h", {"not all succeeded"}),
    ],
)
def test_defective_variant_breaks_a_promise(variant: Shape, name: str, lasts: str, problems: set[str]) -> None:
    """The first variant sends 446 messages in an hour where 113 suffice."""
    scenario = Scenario(AT_ONCE, KIND[name], DURATIONS[lasts], Fault.DOUBLE_SUBMISSION)
    found = broken(scenario, Day(scenario, variant).run(), settings())
    assert {problem.lstrip("0123456789 ") for problem in found} >= problems
