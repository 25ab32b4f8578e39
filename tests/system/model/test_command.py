"""`python -m tests.system.model` prints every setting, what was found there, and a table of all groups."""

import pytest

from tests.support.checkout import DOCS, ROOT
from tests.system.model.__main__ import main
from tests.system.model.invariants import Kind
from tests.system.model.settings import GROUPS


def test_command_prints_every_setting_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The table adds up, and the command exits with 0, as no promise is broken."""
    assert main(["--faults", "0", "--processes", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    settings = sum(len(group.settings) for group in GROUPS)
    rows = {
        cells[1]: cells[2:-1] for line in lines[settings:] if (cells := [cell.strip() for cell in line.split("|")])[1:]
    }
    schedules = sum(int(line.split()[0].replace(",", "")) for line in lines[:settings])
    assert schedules == int(rows["schedules"][-1].replace(",", ""))
    assert rows["**violations**"] == ["0"] * (len(GROUPS) + 1)
    assert {kind.value for kind in Kind} <= rows.keys()


def test_page_shows_the_settings_of_the_model() -> None:
    page = (DOCS / "model.md").read_text(encoding="utf-8")
    rows = {cells[1]: cells[2:-1] for line in page.splitlines() if (cells := [c.strip() for c in line.split("|")])[1:]}
    sizes = [len(group.settings) for group in GROUPS]
    assert rows["settings"] == [str(size) for size in (*sizes, sum(sizes))]
    assert rows["**violations**"] == ["0"] * (len(GROUPS) + 1)
    assert {kind.value for kind in Kind} <= rows.keys()


@pytest.mark.parametrize("name", ["README.md", "Makefile", "docs/guarantees.md"])
def test_text_names_the_numbers_of_faults(name: str) -> None:
    numbers = ("no", "one", "two", "three", "four", "five", "six")
    faults = [group.faults for group in GROUPS]
    expected = f"of {numbers[min(faults)]} to {numbers[max(faults)]} faults, by setting"
    assert expected in (ROOT / name).read_text(encoding="utf-8")
