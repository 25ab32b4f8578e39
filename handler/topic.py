"""Announces outcomes on the result topic. It must not know why a request failed."""

from dataclasses import dataclass

from handler.outcome import Outcome
from handler.smq.client import SmqError
from handler.smq.senders import Persistence


@dataclass(frozen=True, slots=True)
class ResultTopic:
    """The topic `name`; threads may share it."""

    persistence: Persistence
    name: str

    def publish(self, outcome: Outcome, until: float) -> None:
        """Return once the topic has accepted the outcome; SmqError when it has not by `until` (monotonic).

        After `until` it is not even tried: what time is left is needed to send the request back.
        """
        if self.persistence.clock.now() >= until:
            raise SmqError("OutOfTime", transient=True)
        body = outcome.text()
        self.persistence.do(lambda smq: smq.publish(self.name, body, outcome.status), until)
