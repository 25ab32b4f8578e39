"""Drains a queue itself: for those who want acknowledgements in their own hands, and to work dead letters.

A message is deleted only after every outcome of it is announced; until then it is merely hidden, for as long as the
invocation can last, and comes back by itself. It must not know what a message means.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handler.inbound import envelope
from handler.inbound.envelope import Delivery
from handler.outcome import Outcome
from handler.provisioning.provisioner import Deadlines
from handler.provisioning.retry import OUT_OF_TIME, Clock
from handler.smq.client import Received, Smq, SmqError

LONGEST_POLL_SECONDS = 2
SHORTEST_WORK_SECONDS = 10  # less than this is not worth taking messages for
SPARE_SECONDS = 5  # beyond the invocation's end, so that a message never shows up beside its own worker

Work = Callable[[Sequence[Delivery], Deadlines], Sequence[Outcome | None]]


@dataclass(frozen=True, slots=True)
class Drained:
    """How many messages are announced and gone, how many will come back, and why it ended before the queue did."""

    finished: int
    left: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class Drain:
    """The drain of `queue`; `work` announces the outcomes of deliveries, None where it could not."""

    smq: Smq
    queue: str
    work: Work
    clock: Clock

    def run(self, deadlines: Deadlines) -> Drained:
        """Work messages until the queue shows none, cannot be read, or the time is up.

        A batch of which nothing could be finished ends it too: the next would fare alike.
        """
        finished = left = 0
        while isinstance(received := self._received(deadlines), tuple):
            done = self._finish(received, deadlines)
            finished, left = finished + done, left + len(received) - done
            if not done:
                return Drained(finished, left)
        return Drained(finished, left, received)

    def _received(self, deadlines: Deadlines) -> tuple[Received, ...] | str:
        """A batch, or the code of what keeps it away, which is empty for an empty queue."""
        if deadlines.create - self.clock.now() <= LONGEST_POLL_SECONDS + SHORTEST_WORK_SECONDS:
            return OUT_OF_TIME.code
        try:
            return self.smq.receive(self.queue, wait_seconds=LONGEST_POLL_SECONDS) or ""
        except SmqError as error:
            return error.code

    def _finish(self, received: Sequence[Received], deadlines: Deadlines) -> int:
        """Work a batch and delete what is announced; how many messages that are."""
        held = [(message, handle) for message in received if (handle := self._hold(message, deadlines))]
        parts = [envelope.parse_message(message.message_id, message.body) for message, _ in held]
        outcomes = iter(self.work([delivery for part in parts for delivery in part], deadlines))
        announced = [None not in [next(outcomes) for _ in part] for part in parts]
        done = [handle for (_, handle), is_announced in zip(held, announced, strict=True) if is_announced]
        return len(done) if done and self._deleted(done) else 0

    def _hold(self, message: Received, deadlines: Deadlines) -> str | None:
        """The new receipt handle of a message that is now hidden until nobody works it any more."""
        seconds = math.ceil(deadlines.publish - self.clock.now()) + SPARE_SECONDS
        try:
            return self.smq.change_visibility(self.queue, message.receipt_handle, seconds)
        except SmqError:
            return None  # it comes back as it is

    def _deleted(self, handles: Sequence[str]) -> bool:
        try:
            self.smq.delete(self.queue, handles)
        except SmqError:
            return False  # they come back, and their outcomes keep their ids
        return True
