"""`python -m tests.model` prints every setting, what was found there, and the sum."""

import pytest

from tests.model.__main__ import main
from tests.model.worlds import SETTINGS


def test_prints_the_schedules_of_every_setting_and_their_sum(capsys: pytest.CaptureFixture[str]) -> None:
    """And exits with 0, as no promise is broken."""
    assert main(["--faults", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines[1 : 1 + len(SETTINGS)]]
    # Eleven kinds follow the number of schedules.
    assert sum(int(row[-12]) for row in rows) == int(lines[1 + len(SETTINGS)].split()[1])
    assert lines[-1].startswith("0 violations")
