"""The command, and docs/outages.md held to what it prints."""

from pathlib import Path

import pytest

from tests.system.simulation import __main__ as command
from tests.system.simulation.day import figures_of, settings
from tests.system.simulation.outages import ARRIVALS, DURATIONS, SCENARIOS, Arrival, Scenario
from tests.system.simulation.table import HEAD, label, line

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "outages.md").read_text(encoding="utf-8")
TABLES = {arrival.name: PAGE.partition(f"\n{arrival.name}\n{HEAD}\n")[2].partition("\n\n")[0] for arrival in ARRIVALS}
LINES = {name: table.splitlines() for name, table in TABLES.items()}
LABELS = list(dict.fromkeys(label(scenario) for scenario in SCENARIOS))
AGAIN = [name for name in LABELS if name.endswith((" 5 min", " 1 h"))]


def days(arrival: Arrival, name: str) -> list[Scenario]:
    """Return the days that a line of the table stands for."""
    return [each for each in SCENARIOS if each.arrival == arrival and label(each) == name]


@pytest.mark.parametrize("arrival", ARRIVALS, ids=lambda arrival: arrival.name)
def test_page_has_a_line_for_each_outage(arrival: Arrival) -> None:
    assert [each[:20].rstrip() for each in LINES[arrival.name]] == LABELS


@pytest.mark.parametrize("name", AGAIN)
def test_page_shows_what_the_command_prints(name: str) -> None:
    """After a change that is wanted, put the output of `make simulation` into docs/outages.md."""
    arrival = ARRIVALS[0]
    assert line([(each, figures_of(each)) for each in days(arrival, name)]) in LINES[arrival.name]


def test_page_names_the_settings_it_was_made_with() -> None:
    shipped = settings()
    named = (shipped.max_deferrals, shipped.max_attempts, shipped.api_timeout_seconds, shipped.defer_cap_seconds)
    assert "{} deferrals, {} attempts, {:g} s for a call, at most {:,g} s between".format(*named) in " ".join(
        PAGE.split()
    )


def test_page_concludes_that_no_promise_is_broken() -> None:
    assert f"{len(SCENARIOS)} days: 0 lost, 0 untrue, 0 raised, 0 broken promises\n" in PAGE


def test_table_fits_into_80_columns() -> None:
    assert all(len(each) <= 80 for lines in LINES.values() for each in (HEAD, *lines))


def test_command_prints_lines_and_a_conclusion(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--kind", "AssumeRoleFail", "--lasts", "5 min", "--every", "--workers", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == ["16 at once, none", HEAD]
    assert printed[-1] == "8 days: 0 lost, 0 untrue, 0 raised, 0 broken promises"


def test_command_fails_if_a_promise_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "broken", lambda *_: ["one broken"])
    assert command.main(["--kind", "AssumeRoleFail", "--lasts", "5 min", "--workers", "1"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert "16 at once, AssumeRoleFail 5 min, none: one broken" in printed
    assert printed[-1].endswith(f"{2 * 4} broken promises")


def test_each_outage_duration_can_be_chosen() -> None:
    assert {each.seconds for each in SCENARIOS} == set(DURATIONS.values())
