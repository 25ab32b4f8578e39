"""Replays failed requests from inside the function, on an order: out of the failure queue into the request queue.

A failure is deleted only once the request queue holds its replay, and a replay cut short is simply repeated, because
the same failure always gives the same message. Looking at a failure means receiving it, so a dry run hides each for
a while too, and gives it back. This module must not know what a failure is, or what its replay says.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime

from handler.failures import Failure, Stranger, read
from handler.orders import ReplayOrder
from handler.provisioning.provisioner import Deadlines
from handler.provisioning.retry import OUT_OF_TIME, Clock
from handler.queue import RequestQueue
from handler.replay import Refusal, Replay, replay
from handler.smq.client import Received, Smq, SmqError

LONGEST_POLL_SECONDS = 2
AT_ONCE_SECONDS = 1  # the shortest time to hide a message that MNS takes


@dataclass(slots=True)
class Redriven:
    """Of the failures that were meant: how many were found, replayed, refused; and why it ended early, if it did.

    Beside them lay so many messages that cannot be read, and outcomes that are no failures.
    """

    found: int = 0
    replayed: int = 0
    refused: int = 0
    unreadable: int = 0
    no_failures: int = 0
    code: str = ""

    @property
    def left(self) -> int:
        """How many may be replayed and were not: in a dry run all of them."""
        return self.found - self.replayed - self.refused


@dataclass(slots=True)
class _Run:
    """One order under way at `now`, whose next replay may go at `free_at` (monotonic).

    `held` are the receipt handles of the messages to be given back, by their id.
    """

    order: ReplayOrder
    now: datetime
    deadlines: Deadlines
    free_at: float
    done: Redriven = field(default_factory=Redriven)
    held: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redrive:
    """From the queue `failures` into `requests`."""

    smq: Smq
    failures: str
    requests: RequestQueue
    clock: Clock

    def run(self, order: ReplayOrder, now: datetime, deadlines: Deadlines) -> Redriven:
        """Carry the order out until the queue shows nothing new, `order.most` are replayed or the time is up.

        What has failed after `now` is not looked at: it may be the verdict on one of these very replays.
        """
        run = _Run(order, now, deadlines, self.clock.now())
        try:
            while run.done.replayed < order.most and self._work_a_batch(run):
                pass
        except SmqError as error:
            run.done.code = error.code
        self._give_back(run)
        return run.done

    def _work_a_batch(self, run: _Run) -> bool:
        """Whether there may be more."""
        if self._is_late(run):
            run.done.code = OUT_OF_TIME.code
            return False
        received = self.smq.receive(self.failures, wait_seconds=LONGEST_POLL_SECONDS)
        known = [message for message in received if message.message_id in run.held]
        new = [message for message in received if message.message_id not in run.held]
        run.held.update((message.message_id, message.receipt_handle) for message in received)
        for message in known:
            self._put_away(message, run)
        for message in new:
            self._look_at(message, run)
        return bool(received)

    def _put_away(self, message: Received, run: _Run) -> None:
        """Hide what has shown up again, because the run takes longer than the queue hides it, until the run ends."""
        seconds = math.ceil(run.deadlines.look - self.clock.now())
        run.held[message.message_id] = self.smq.change_visibility(self.failures, message.receipt_handle, seconds)

    def _look_at(self, message: Received, run: _Run) -> None:
        failure = read(message.body)
        if isinstance(failure, Stranger):
            run.done.unreadable += failure.is_broken
            run.done.no_failures += not failure.is_broken
        elif failure.occurred_at <= run.now and run.order.filter.matches(failure, run.now):
            self._work_one(failure, message, run)

    def _work_one(self, failure: Failure, message: Received, run: _Run) -> None:
        run.done.found += 1
        answer = replay(failure, run.order.edits, force=run.order.force)
        if isinstance(answer, Refusal):
            run.done.refused += 1
        elif not run.order.dry_run and run.done.replayed < run.order.most and not self._is_late(run):
            self._replay(answer, message, run)

    def _replay(self, answer: Replay, message: Received, run: _Run) -> None:
        self.clock.sleep(max(0.0, run.free_at - self.clock.now()))
        run.free_at = self.clock.now() + 1 / run.order.per_second
        self.requests.send_back(answer.body, 0, run.deadlines.create)
        run.done.replayed += 1
        self.smq.delete(self.failures, [message.receipt_handle])
        del run.held[message.message_id]

    def _is_late(self, run: _Run) -> bool:
        return max(self.clock.now(), run.free_at) + LONGEST_POLL_SECONDS >= run.deadlines.create

    def _give_back(self, run: _Run) -> None:
        """Show what was not replayed to others again; what there is no time for shows up by itself a little later."""
        for handle in run.held.values():
            if self.clock.now() >= run.deadlines.look:
                return
            try:
                self.smq.change_visibility(self.failures, handle, AT_ONCE_SECONDS)
            except SmqError:
                continue  # it is visible already, or will be
