"""Announces outcomes on the result topic, insisting as long as the time lasts. It must not know why a request failed.

Publishing again after an ambiguous failure is safe: the event keeps its id, and consumers drop repetitions by it.
"""

from dataclasses import dataclass

from handler.backoff import Backoff
from handler.insist import Clock
from handler.outcome import Outcome
from handler.smq import Smq, SmqError

LONGEST_CALL_SECONDS = 5.0
SHORTEST_CALL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ResultTopic:
    """The topic `name`; threads may share it."""

    smq: Smq
    name: str
    backoff: Backoff
    clock: Clock

    def publish(self, outcome: Outcome, until: float) -> None:
        """Return once the topic has accepted the outcome; SmqError when it has not by `until` (monotonic).

        A verdict in hand is tried at least once, however late it is.
        """
        body = outcome.text()
        failures = 0
        while not self._accepts(body, outcome.status, until, failures):
            failures += 1

    def _accepts(self, body: str, tag: str, until: float, failures: int) -> bool:
        room = max(SHORTEST_CALL_SECONDS, until - self.clock.now())
        try:
            self.smq.within(min(LONGEST_CALL_SECONDS, room)).publish(self.name, body, tag)
        except SmqError as error:
            wait = self.backoff.wait(failures + 1, self.clock.uniform)
            if not error.transient or wait is None or self.clock.now() + wait >= until:
                raise
            self.clock.sleep(wait)
            return False
        return True
