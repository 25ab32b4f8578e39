"""What every unit test shares."""

import pytest

from tests.support.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Time of the test's own."""
    return ManualClock()
