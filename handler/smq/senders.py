"""Publish outcomes and send messages, each retried until a deadline.

To repeat either after an ambiguous failure is safe: an outcome keeps its event id, and a request that is in the queue
twice leads to one verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass

from handler.outcome import Outcome
from handler.provisioning.retry import MIN_CALL_SECONDS, Backoff, Clock
from handler.smq.client import Smq, SmqError

MAX_CALL_SECONDS = 5.0
BACKOFF = Backoff(attempts=1, base_seconds=0.2, cap_seconds=2.0).unlimited()  # only the deadline ends the retries


@dataclass(frozen=True, slots=True)
class _Sender:
    """The topic or queue `name`. Thread-safe."""

    smq: Smq
    name: str
    clock: Clock
    backoff: Backoff = BACKOFF

    def _retrying(self, operation: Callable[[Smq], object], until: float) -> None:
        """Return once the operation is done; raise SmqError if it is not by `until` (monotonic).

        At least one call is made, however late it is.
        """
        failures = 0
        while True:
            time_left = max(MIN_CALL_SECONDS, until - self.clock.now())
            try:
                operation(self.smq.with_timeout(min(MAX_CALL_SECONDS, time_left)))
            except SmqError as error:
                failures += 1
                wait = self.backoff.wait(failures, self.clock.uniform)
                if not error.transient or wait is None or self.clock.now() + wait >= until:
                    raise
                self.clock.sleep(wait)
            else:
                return


class ResultTopic(_Sender):
    """The topic of the outcomes."""

    def publish(self, outcome: Outcome, until: float) -> None:
        """Return once the topic has accepted the outcome; raise SmqError if it has not by `until` (monotonic).

        After `until` no call is made: the time that is left is needed to requeue the request.
        """
        if self.clock.now() >= until:
            raise SmqError("OutOfTime", transient=True)
        self._retrying(lambda smq: smq.publish(self.name, outcome.text, outcome.status), until)


class QueueSender(_Sender):
    """A queue that requests are sent to."""

    def send(self, body: str, delay_seconds: int, until: float) -> None:
        """Return once the queue has the message, delayed; raise SmqError if it has not by `until` (monotonic)."""
        self._retrying(lambda smq: smq.send(self.name, [body], delay_seconds), until)
