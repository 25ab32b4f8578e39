"""Failures out of a source into a destination. What is sent is settled in the source only once it is confirmed.

Whenever this ends, however it ends, every failure is in its source, or its replay is in the destination, or both; if
both, the next run sends the same replay again, whose verdict has the same id. It must not know queues or functions.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from express_sync.ops.queues.batching import batches
from express_sync.ops.queues.destinations import Destination
from express_sync.ops.queues.sources import Found, Source
from express_sync.ops.terminal.signals import defer_interrupt
from handler.failures import Failure, Filter, Stranger
from handler.model import Violation
from handler.replay import Refusal, Replay, replay


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be replayed, with which new values of request properties; `force` takes terminal errors along.

    A failure that came about after `before` stays: it may be a replay's of this run, which would then never end.
    """

    filter: Filter
    edits: Mapping[str, str]
    force: bool
    before: datetime | None


@dataclass(slots=True)
class Tally:
    """What became of the failures so far, each counted once.

    `refused` counts terminal errors by code, `broken` what cannot be read, `others` outcomes that are no failures.
    """

    replayed: int = 0
    duplicates: int = 0
    unmatched: int = 0
    invalid: int = 0
    broken: int = 0
    others: int = 0
    newer: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def matched(self) -> int:
        """How many were meant."""
        return self.replayed + self.duplicates + self.invalid + self.refused.total()


class Witness(Protocol):
    """Who is told of each failure as it is worked."""

    def replayed(self, failure: Failure, order: Replay, message_id: str) -> None:
        """It was sent; without a message id it only would be."""

    def invalid(self, place: str, violations: Sequence[Violation]) -> None:
        """Its request breaks rules."""

    def broken(self, place: str, why: str) -> None:
        """It cannot be read as a failure."""


class Pace:
    """No more than `rate` per second over any stretch of time, in bursts of at most one second's worth."""

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.burst = int(min(max(rate, 1.0), 1e6))
        self._seconds_each = 1.0 / rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def wait(self) -> None:
        """Return when the next burst may go."""
        self._sleep(max(0.0, self._free_at - self._clock()))

    def used(self, count: int) -> None:
        """So many have gone just now."""
        self._free_at = max(self._free_at, self._clock()) + count * self._seconds_each


@dataclass(slots=True)
class _Pending:
    """A message of the source; `is_whole` if nothing of it is left once its replays are sent."""

    found: Found
    replays: list[tuple[Failure, Replay]] = field(default_factory=list)
    is_whole: bool = True


class Replayer:
    """One run. Without a destination nothing is sent or settled, all else is the same."""

    def __init__(
        self, source: Source, destination: Destination | None, plan: Plan, now: datetime, witness: Witness
    ) -> None:
        self.tally = Tally()
        self.submission_ids: list[str] = []
        self._source = source
        self._destination = destination
        self._plan = plan
        self._now = now
        self._witness = witness
        self._sent: set[str] = set()

    def run(self, pace: Pace) -> None:
        """Work until the source has no more."""
        most = min(self._destination.at_once, pace.burst) if self._destination else 16
        pace.wait()
        while found := self._source.take(most):
            pace.used(self._work([self._judge(each) for each in found]))
            pace.wait()

    def _judge(self, found: Found) -> _Pending:
        pending = _Pending(found)
        for each in found.contents:
            order = self._order(found.place, each)
            if order is None:
                pending.is_whole = False
            elif isinstance(each, Failure):
                pending.replays.append((each, order))
        return pending

    def _order(self, place: str, each: Failure | Stranger) -> Replay | None:
        """What to send for a failure; None if it stays, which is then counted."""
        if isinstance(each, Stranger):
            self._pass_by(place, each)
            return None
        if self._is_new(each):
            self.tally.newer += 1
            return None
        if not self._plan.filter.matches(each, self._now):
            self.tally.unmatched += 1
            return None
        order = replay(each, self._plan.edits, force=self._plan.force)
        if isinstance(order, Refusal):
            self._refuse(place, each, order)
            return None
        return order

    def _is_new(self, failure: Failure) -> bool:
        before = self._plan.before
        return failure.replay_id in self._sent or (before is not None and failure.occurred_at > before)

    def _pass_by(self, place: str, stranger: Stranger) -> None:
        if stranger.is_broken:
            self.tally.broken += 1
            self._witness.broken(place, stranger.why)
        else:
            self.tally.others += 1

    def _refuse(self, place: str, failure: Failure, refusal: Refusal) -> None:
        if refusal.violations:
            self.tally.invalid += 1
            self._witness.invalid(place, refusal.violations)
        else:
            self.tally.refused[failure.code] += 1

    def _work(self, pending: Sequence[_Pending]) -> int:
        """Send what was not sent before and settle what is done with; how many were sent."""
        new = self._new(pending)
        waiting = [each for each in pending if each.is_whole]
        for batch in batches((item, item[1].body) for item in new):
            with defer_interrupt():
                message_ids = self._send([order for (_, order), _ in batch])
                waiting = self._settled(waiting)
            for ((failure, order), _), message_id in zip(batch, message_ids, strict=True):
                self._witness.replayed(failure, order, message_id)
        self._settled(waiting)
        return len(new)

    def _new(self, pending: Sequence[_Pending]) -> list[tuple[Failure, Replay]]:
        """Each replay once, however often its failure lies there."""
        new: dict[str, tuple[Failure, Replay]] = {}
        for failure, order in (item for each in pending for item in each.replays):
            if order.replay_id in new or order.replay_id in self._sent:
                self.tally.duplicates += 1
            else:
                new[order.replay_id] = failure, order
        return list(new.values())

    def _send(self, orders: Sequence[Replay]) -> Sequence[str]:
        message_ids = self._destination.send(orders) if self._destination else [""] * len(orders)
        self._sent.update(order.replay_id for order in orders)
        self.tally.replayed += len(orders)
        self.submission_ids.extend(order.replay_id for order in orders)
        return message_ids

    def _settled(self, waiting: Sequence[_Pending]) -> list[_Pending]:
        """Settle what was wholly sent; the rest."""
        done = [each for each in waiting if self._sent.issuperset(order.replay_id for _, order in each.replays)]
        if self._destination:
            self._source.settle([each.found for each in done])
        return [each for each in waiting if each not in done]
