"""Repeats one operation on a queue or topic as long as the time lasts. It must not know which one, or why.

Doing it again after an ambiguous failure is safe for both of its users: an outcome keeps its event id, and a request
that is in the queue twice leads to one verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass

from handler.provisioning.backoff import Backoff
from handler.provisioning.retry import Clock
from handler.smq.client import Smq, SmqError

LONGEST_CALL_SECONDS = 5.0
SHORTEST_CALL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Persistence:
    """An SMQ and the patience to use it; threads may share it."""

    smq: Smq
    backoff: Backoff
    clock: Clock

    def do(self, operation: Callable[[Smq], object], until: float) -> None:
        """Return once the operation is done; SmqError when it is not by `until` (monotonic).

        It is tried at least once, however late it is.
        """
        failures = 0
        while not self._is_done(operation, until, failures):
            failures += 1

    def _is_done(self, operation: Callable[[Smq], object], until: float, failures: int) -> bool:
        room = max(SHORTEST_CALL_SECONDS, until - self.clock.now())
        try:
            operation(self.smq.within(min(LONGEST_CALL_SECONDS, room)))
        except SmqError as error:
            wait = self.backoff.wait(failures + 1, self.clock.uniform)
            if not error.transient or wait is None or self.clock.now() + wait >= until:
                raise
            self.clock.sleep(wait)
            return False
        return True
