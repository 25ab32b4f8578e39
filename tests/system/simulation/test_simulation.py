"""What holds in a simulated day with an outage, and that the simulation finds known defects."""

import pytest

from tests.system.simulation.day import Day, figures_of, settings
from tests.system.simulation.function import Variant
from tests.system.simulation.outages import ARRIVALS, DURATIONS, HOUR, KINDS, Fault, Kind, Scenario
from tests.system.simulation.promises import broken
from tests.system.simulation.variants import defers_seldom, keeps_nothing, raises_without_time, sets_nothing_aside

AT_ONCE, ALL_DAY = ARRIVALS
KIND = {kind.name: kind for kind in KINDS}


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_promise_holds_in_an_outage_of_an_hour(kind: Kind, fault: Fault) -> None:
    scenario = Scenario(AT_ONCE, kind, HOUR, fault)
    assert broken(scenario, figures_of(scenario), settings()) == []


@pytest.mark.parametrize("name", ["AssumeRoleFail", "silence", "late landing"])
def test_every_request_outlasts_an_outage_of_six_hours(name: str) -> None:
    scenario = Scenario(AT_ONCE, KIND[name], DURATIONS["6 h"], Fault.LOST_ACKNOWLEDGEMENT)
    figures = figures_of(scenario)
    assert (figures.outcomes["succeeded"], figures.submissions) == (16, 16)
    assert broken(scenario, figures, settings()) == []


def test_every_promise_holds_if_requests_arrive_all_day() -> None:
    scenario = Scenario(ALL_DAY, KIND["topic refuses"], DURATIONS["6 h"], Fault.KILL)
    assert broken(scenario, figures_of(scenario), settings()) == []


def test_requests_are_announced_after_a_day_without_topic() -> None:
    """They outlast their deferrals as dead letters."""
    scenario = Scenario(AT_ONCE, KIND["topic refuses"], DURATIONS["24 h"], Fault.NONE)
    figures = figures_of(scenario)
    assert figures.outcomes["succeeded"] == figures.dead_letters == 16
    assert broken(scenario, figures, settings()) == []


def test_a_day_without_api_ends_in_no_lie() -> None:
    scenario = Scenario(AT_ONCE, KIND["silence"], DURATIONS["24 h"], Fault.DOUBLE_SUBMISSION)
    figures = figures_of(scenario)
    assert figures.outcomes["indeterminate"] == figures.submissions == 17
    assert broken(scenario, figures, settings()) == []


def test_many_copies_do_not_outlast_the_functions_timeout() -> None:
    """Each copy's outcome is published by itself, which a silent topic makes slow."""
    scenario = Scenario(AT_ONCE, KIND["topic silent"], HOUR, Fault.DOUBLE_SUBMISSION)
    figures = Day(scenario, copies=8).run()
    assert (figures.killed, figures.submissions) == (0, 23)
    assert broken(scenario, figures, settings()) == []


def test_the_same_day_has_the_same_figures() -> None:
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
def test_a_defect_breaks_a_promise(variant: Variant, name: str, lasts: str, problems: set[str]) -> None:
    """The first one is what the function did once: 446 messages in an hour where 113 suffice."""
    scenario = Scenario(AT_ONCE, KIND[name], DURATIONS[lasts], Fault.DOUBLE_SUBMISSION)
    found = broken(scenario, Day(scenario, variant).run(), settings())
    assert {problem.lstrip("0123456789 ") for problem in found} >= problems
