"""`python -m tests.model` prints every setting, what was found there, and the sum."""

import pytest

from tests.model.__main__ import main
from tests.model.truth import Kind
from tests.model.worlds import DEFERRING, OUTAGES, PULLED, SETTINGS


def test_prints_the_schedules_of_every_setting_and_their_sum(capsys: pytest.CaptureFixture[str]) -> None:
    """And exits with 0, as no promise is broken."""
    assert main(["--faults", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    settings = len((*SETTINGS, *DEFERRING, *OUTAGES, *PULLED))
    rows = [line.split() for line in lines[1 : 1 + settings]]
    assert sum(int(row[-1 - len(Kind)]) for row in rows) == int(lines[1 + settings].split()[1])
    assert lines[-1].startswith("0 violations")
