"""Repeats one call of the API until it is settled, its attempts are spent or its time is up.

It must not know which call it repeats, what an answer means for a request, or what real time is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from handler.model import Answer, Finding, Refused, Unanswered
from handler.provisioning import answers
from handler.provisioning.backoff import Backoff

SHORTEST_CALL_SECONDS = 1.0  # a call cut shorter than this would mostly turn answers into silence
OUT_OF_TIME = Unanswered("OutOfTime", sent=False)

Result = TypeVar("Result", Answer, Finding)


class Clock(Protocol):
    """Time and chance: monotonic seconds, a sleep, a uniform random number."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    def uniform(self, low: float, high: float) -> float: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the API: which, how many so far, its result, its duration, and the wait that follows if any."""

    operation: str
    number: int
    result: Answer | Finding
    took_seconds: float
    wait_seconds: float | None

    @property
    def code(self) -> str:
        """The code of the answer, `OK` for a success."""
        return self.result.code if isinstance(self.result, Refused | Unanswered) else "OK"


@dataclass(frozen=True, slots=True)
class Insistence:
    """How to repeat: the waits, the longest single call in seconds, the clock, and who watches."""

    backoff: Backoff
    call_timeout_seconds: float
    clock: Clock
    observe: Callable[[Attempt], None]

    def on(self, operation: str, call: Callable[[float], Result], until: float) -> tuple[Result, ...]:
        """Every result of `call(timeout_seconds)`, the last one being what stands; never empty.

        Nothing begins that cannot end by `until` (monotonic); if not even one call fits, the result is OUT_OF_TIME.
        """
        results: list[Result] = []
        wait: float | None = 0.0
        while wait is not None and self._fits(wait, until):
            self.clock.sleep(wait)
            began = self.clock.now()
            results.append(call(min(self.call_timeout_seconds, until - began)))
            took = self.clock.now() - began
            wait = self._wait_after(results[-1], len(results), until)
            self.observe(Attempt(operation, len(results), results[-1], took, wait))
        return tuple(results) or (OUT_OF_TIME,)

    def _fits(self, wait: float, until: float) -> bool:
        return self.clock.now() + wait + SHORTEST_CALL_SECONDS <= until

    def _wait_after(self, result: Answer | Finding, failures: int, until: float) -> float | None:
        if not answers.is_retryable(result):
            return None
        wait = self.backoff.wait(failures, self.clock.uniform, answers.retry_after_seconds(result))
        return wait if wait is not None and self._fits(wait, until) else None
