"""What every unit test shares."""

import pytest

from tests.handler.unit.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """Time of the test's own."""
    return FakeClock()
