"""How long a test waits, the same for all of them."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# For what has to come: far longer than any machine takes, so that only a hang ends the wait.
PATIENCE_SECONDS = 600

# For what never comes: each such test takes so long, and a call must have gone out by then.
SILENCE_SECONDS = 2


def wait_for(condition: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Return what `condition` gives once that is true; AssertionError if it is not within `seconds`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} seconds: {condition}"
        time.sleep(0.01)
    return found
