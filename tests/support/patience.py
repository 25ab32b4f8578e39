"""How long a test waits, the same for all of them."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# For what has to come: far longer than any machine takes, so that only a hang ends the wait.
PATIENCE_SECONDS = 600

# For what never comes: each such test takes so long, and a call must have gone out by then.
SILENCE_SECONDS = 2


def wait_for(condition: Callable[[], T]) -> T:
    """Return what `condition` gives once that is true; AssertionError if it hangs."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, "what has to come does not come"
        time.sleep(0.01)
    return found
