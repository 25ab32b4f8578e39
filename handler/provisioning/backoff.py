"""How long to wait between attempts: exponential with full jitter. Arithmetic; it must not know what is retried.

Full jitter because it needs the fewest calls under contention (AWS Architecture Blog, "Exponential Backoff And
Jitter"): every wait is uniform between nothing and a ceiling that doubles up to a cap.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

Uniform = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Backoff:
    """A retry policy: at most `attempts` calls, ceilings of `base_seconds` x 2^n up to `cap_seconds`."""

    attempts: int
    base_seconds: float
    cap_seconds: float

    def unlimited(self) -> "Backoff":
        """The same waits without an end to the attempts, for where only a deadline ends them."""
        return replace(self, attempts=sys.maxsize)

    def ceiling(self, failures: int) -> float:
        """The longest wait, in seconds, after this many failed attempts (1 or more)."""
        doublings = min(failures - 1, 62)
        return min(self.cap_seconds, self.base_seconds * 2.0**doublings)

    def wait(self, failures: int, uniform: Uniform, at_least_seconds: float = 0.0) -> float | None:
        """Seconds to wait after `failures` failed attempts, or None when no attempt is left.

        `at_least_seconds` is what the other side asked for (`x-acs-retry-after`); it is honoured over the cap.
        """
        if failures >= self.attempts:
            return None
        return max(at_least_seconds, uniform(0.0, self.ceiling(failures)))
