"""The fixtures of all unit tests, and what lets mutation tests run them in forked processes."""

import os

import pytest

from handler import pipeline
from tests.support.clock import ManualClock

# A child has the executor of its parent without the threads, and would wait for ever: each mutant would be a timeout.
os.register_at_fork(after_in_child=pipeline._threads.cache_clear)


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock for one test."""
    return ManualClock()
