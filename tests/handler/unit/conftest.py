"""The fixtures of all unit tests."""

import pytest

from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock for one test."""
    return ManualClock()
