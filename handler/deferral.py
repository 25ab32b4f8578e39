"""Which verdicts are put off, and for how long: the second tier of retries. Arithmetic; it must not know queues.

The first tier ends with the invocation; this one begins where it ends, so that the two never multiply.
"""

import math
from dataclasses import dataclass
from typing import TypeGuard

from handler.backoff import Backoff, Uniform
from handler.model import Deferred, Failed, Indeterminate, Verdict


@dataclass(frozen=True, slots=True)
class Deferral:
    """The waits between generations; `waits.attempts` counts the generations there may be in all."""

    waits: Backoff

    def of(self, verdict: Verdict, generation: int, uniform: Uniform) -> Verdict:
        """The verdict itself if it is final, else Deferred: what may pass is tried again in the next generation.

        `generation` counts from 0. The delay is at least half of its ceiling, which doubles with every generation:
        a wait without a floor would spend the generations before an outage has ended.
        """
        if not _may_pass(verdict) or generation + 1 >= self.waits.attempts:
            return verdict
        ceiling = self.waits.ceiling(generation + 1)
        return Deferred(verdict.reason, math.ceil(uniform(ceiling / 2, ceiling)))


def _may_pass(verdict: Verdict) -> TypeGuard[Failed | Indeterminate]:
    if isinstance(verdict, Failed):
        return verdict.reason.retryable
    return isinstance(verdict, Indeterminate) and verdict.may_settle
