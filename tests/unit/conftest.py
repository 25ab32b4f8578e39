"""What every unit test shares."""

import pytest
from hypothesis import settings

from tests.unit.fakes import FakeClock

settings.register_profile("unit", deadline=None)  # two busy cores make single examples slow, which says nothing
settings.load_profile("unit")


@pytest.fixture
def clock() -> FakeClock:
    """Time of the test's own."""
    return FakeClock()
