"""Decides which verdicts are deferred, and for how long: the second tier of retries.

The first tier ends with the invocation; the second starts only after the first has ended.
"""

import math
from dataclasses import dataclass
from typing import TypeGuard

from handler.model import Deferred, Failed, Indeterminate, Verdict
from handler.provisioning.retry import Backoff, Uniform


@dataclass(frozen=True, slots=True)
class Deferral:
    """The waits between generations; `waits.attempts` is the maximum number of generations.

    `max_seconds` bounds every wait, so that the queue still has the message afterwards: a message can expire while it
    is delayed.
    """

    waits: Backoff
    max_seconds: float

    def of(self, verdict: Verdict, generation: int, uniform: Uniform) -> Verdict:
        """Return the verdict itself if it is final, else Deferred, to retry in the next generation.

        `generation` counts from 0.
        """
        if not _is_temporary(verdict) or not self.is_left(generation):
            return verdict
        # Long enough for what was sent to land, so that the next generation does not meet it in flight.
        landing = self.waits.ceiling(generation + 1) if isinstance(verdict, Indeterminate) else 0.0
        return Deferred(
            verdict.reason, self.delay_seconds(generation, uniform, max(landing, verdict.reason.retry_after_seconds))
        )

    def is_left(self, generation: int) -> bool:
        """Return whether another generation may follow this one."""
        return generation + 1 < self.waits.attempts

    def delay_seconds(self, generation: int, uniform: Uniform, at_least_seconds: float = 0.0) -> int:
        """Return how long to wait before the next generation.

        The wait is at least half of its ceiling, which doubles with every generation: a wait without a floor would
        spend the generations before an outage has ended. Jitter also spreads requests that were asked to wait equally
        long.
        """
        half = self.waits.ceiling(generation + 1) / 2
        wanted = max(half, at_least_seconds) + uniform(0.0, half)
        return math.ceil(min(wanted, self.max_seconds))


def _is_temporary(verdict: Verdict) -> TypeGuard[Failed | Indeterminate]:
    if isinstance(verdict, Failed):
        return verdict.reason.retryable
    return isinstance(verdict, Indeterminate) and verdict.may_become_known
