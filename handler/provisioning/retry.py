"""Retries one call of the API until its result is final, its attempts are spent or its time is up.

The waits have full jitter because it needs the fewest calls under contention (AWS Architecture Blog, "Exponential
Backoff And Jitter"): each wait is uniform between zero and a ceiling that doubles up to a cap.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from handler.model import Answer, LookupResult, Refused, Unanswered
from handler.provisioning import errors

MIN_CALL_SECONDS = 1.0  # a call cut shorter than this would mostly turn answers into timeouts
COLD_START_SECONDS = 5.0  # the timeout runs from before the function is imported, the clock only from after it
OUT_OF_TIME = Unanswered("OutOfTime", sent=False)

Result = TypeVar("Result", Answer, LookupResult)
Uniform = Callable[[float, float], float]


class Clock(Protocol):
    """Time and chance: monotonic seconds, a sleep, a uniform random number."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    def uniform(self, low: float, high: float) -> float: ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """A retry policy: at most `attempts` calls, ceilings of `base_seconds` x 2^n up to `cap_seconds`."""

    attempts: int
    base_seconds: float
    cap_seconds: float

    def unlimited(self) -> "Backoff":
        """Return the same policy without a limit of attempts, for where only a deadline ends them."""
        return replace(self, attempts=sys.maxsize)

    def ceiling(self, failures: int) -> float:
        """Return the longest wait in seconds after this many failed attempts (1 or more)."""
        doublings = min(failures - 1, 62)
        return min(self.cap_seconds, self.base_seconds * 2.0**doublings)

    def wait(self, failures: int, uniform: Uniform, at_least_seconds: float = 0.0) -> float | None:
        """Return the seconds to wait after `failures` failed attempts, or None when no attempt is left.

        `at_least_seconds` is what the other side asked for (`x-acs-retry-after`); it takes precedence over the cap.
        """
        if failures >= self.attempts:
            return None
        return max(at_least_seconds, uniform(0.0, self.ceiling(failures)))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Monotonic instants of one invocation: the latest end of a create call, of a lookup, and of publishing."""

    create: float
    lookup: float
    publish: float

    @staticmethod
    def of(began: float, timeout_seconds: float, lookup_reserve: float, publish_reserve: float) -> "Deadlines":
        """Return the deadlines within a function's timeout. A short one cuts the reserves: 40 % is left to create."""
        publish = began + timeout_seconds - min(COLD_START_SECONDS, timeout_seconds * 0.1)
        lookup = publish - min(publish_reserve, timeout_seconds * 0.2)
        return Deadlines(create=lookup - min(lookup_reserve, timeout_seconds * 0.3), lookup=lookup, publish=publish)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of the API: its operation, its number, its result, its duration, and the wait after it, if any.

    `paused_seconds` is the fixed pause before the second lookup.
    """

    operation: str
    number: int
    result: Answer | LookupResult
    took_seconds: float
    wait_seconds: float | None
    paused_seconds: float = 0.0

    @property
    def code(self) -> str:
        """Return the code of the result, `OK` for a success."""
        return self.result.code if isinstance(self.result, Refused | Unanswered) else "OK"


@dataclass(frozen=True, slots=True)
class Retry:
    """The policy of a call: the backoff, the longest single call in seconds, the clock, and an observer."""

    backoff: Backoff
    call_timeout_seconds: float
    clock: Clock
    observe: Callable[[ApiCall], None]

    def call(self, operation: str, send: Callable[[float], Result], until: float) -> tuple[Result, ...]:
        """Return every result of `send(timeout_seconds)`; the last one holds. The tuple is never empty.

        A call starts only if it can end by `until` (monotonic); if not even one fits, the result is OUT_OF_TIME.
        """
        results: list[Result] = []
        wait: float | None = 0.0
        while wait is not None and self._fits(wait, until):
            self.clock.sleep(wait)
            began = self.clock.now()
            results.append(send(min(self.call_timeout_seconds, until - began)))
            took = self.clock.now() - began
            wait = self._wait_after(results[-1], len(results), until)
            self.observe(ApiCall(operation, len(results), results[-1], took, wait))
        return tuple(results) or (OUT_OF_TIME,)

    def _fits(self, wait: float, until: float) -> bool:
        return self.clock.now() + wait + MIN_CALL_SECONDS <= until

    def _wait_after(self, result: Answer | LookupResult, failures: int, until: float) -> float | None:
        if not errors.is_retryable(result):
            return None
        wait = self.backoff.wait(failures, self.clock.uniform, errors.retry_after_seconds(result))
        return wait if wait is not None and self._fits(wait, until) else None
