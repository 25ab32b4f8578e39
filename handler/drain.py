"""Drains a queue: the intake without a trigger, and the sweep of dead letters.

A message is deleted only after it is settled; until then it is hidden for as long as the invocation
can last, and becomes visible again by itself.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handler.inbound import envelope
from handler.inbound.envelope import Delivery
from handler.outcome import Outcome
from handler.provisioning.retry import OUT_OF_TIME, Clock, Deadlines
from handler.smq.client import Received, Smq, SmqError

MAX_POLL_SECONDS = 2
MIN_PROCESSING_SECONDS = 10  # with less than this left, no message is received
SPARE_SECONDS = 5  # after the invocation's end, so that no message becomes visible while it is still being processed

Process = Callable[[Sequence[Delivery], Deadlines], Sequence[Outcome | None]]


@dataclass(frozen=True, slots=True)
class DrainSummary:
    """How many messages are settled and deleted, how many remain, and the code of what ended the drain early."""

    finished: int
    left: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Ended:
    """Why no batch was received: `code` is empty if the queue is."""

    code: str = ""


@dataclass(frozen=True, slots=True)
class QueueDrain:
    """The drain of `queue`; `process` returns the outcome of each settled delivery, else None."""

    smq: Smq
    queue: str
    process: Process
    clock: Clock

    def run(self, deadlines: Deadlines) -> DrainSummary:
        """Process messages until the queue shows none, cannot be read, or the time is up.

        Stops also after a batch with no progress; the next one would fail the same way.
        """
        finished = left = 0
        while True:
            received = self._receive(deadlines)
            if isinstance(received, _Ended):
                return DrainSummary(finished, left, received.code)
            done = self._finish(received, deadlines)
            finished, left = finished + done, left + len(received) - done
            if not done:
                return DrainSummary(finished, left)

    def _receive(self, deadlines: Deadlines) -> Sequence[Received] | _Ended:
        if deadlines.create - self.clock.now() <= MAX_POLL_SECONDS + MIN_PROCESSING_SECONDS:
            return _Ended(OUT_OF_TIME.code)
        try:
            return self.smq.receive(self.queue, wait_seconds=MAX_POLL_SECONDS) or _Ended()
        except SmqError as error:
            return _Ended(error.code)

    def _finish(self, received: Sequence[Received], deadlines: Deadlines) -> int:
        """Process a batch, delete what is settled, and return the number of deleted messages."""
        hidden = [(message, handle) for message in received if (handle := self._hide(message, deadlines))]
        parts = [envelope.parse_message(message.message_id, message.body) for message, _ in hidden]
        outcomes = self.process([delivery for part in parts for delivery in part], deadlines)
        done = []
        for (_, handle), part in zip(hidden, parts, strict=True):
            if None not in outcomes[: len(part)]:
                done.append(handle)
            outcomes = outcomes[len(part) :]
        return len(done) if done and self._delete(done) else 0

    def _hide(self, message: Received, deadlines: Deadlines) -> str | None:
        """Hide a message until after the invocation; return its new receipt handle, None if it could not be hidden."""
        seconds = math.ceil(deadlines.publish - self.clock.now()) + SPARE_SECONDS
        try:
            return self.smq.change_visibility(self.queue, message.receipt_handle, seconds)
        except SmqError:
            return None  # it becomes visible again by itself

    def _delete(self, handles: Sequence[str]) -> bool:
        try:
            self.smq.delete(self.queue, handles)
        except SmqError:
            return False  # the messages come back, and their outcomes keep their ids
        return True
