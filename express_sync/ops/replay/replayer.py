"""Replays failures from a source to a destination, and settles each failure only after its replay is confirmed.

Whenever a run ends, every failure is in its source, or its replay is in the destination, or both. If both, the next run
sends the same replay again, whose outcome has the same event id.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from express_sync.ops.queues.batching import MAX_MESSAGES, batches
from express_sync.ops.replay.destinations import Destination
from express_sync.ops.replay.failures import Failure, Filter, NotAFailure
from express_sync.ops.replay.message import Refusal, Replay, replay
from express_sync.ops.replay.rate_limiter import RateLimiter
from express_sync.ops.replay.sources import Found, Source
from express_sync.ops.terminal.signals import defer_interrupt
from handler.model import Violation


@dataclass(frozen=True, slots=True)
class Plan:
    """What to replay: the filter, new values for properties of requests, and whether to include terminal errors.

    Failures after `before` stay: they may come from replays of this run, which would otherwise never end.
    """

    filter: Filter
    edits: Mapping[str, str]
    force: bool
    before: datetime | None


@dataclass(slots=True)
class Counts:
    """How many failures were handled in which way, each counted once.

    `refused` counts terminal errors by code, `unreadable` messages without a valid outcome, `others` outcomes that are
    not failures. `codes` are the codes of those that are not selected.
    """

    replayed: int = 0
    duplicates: int = 0
    unmatched: int = 0
    invalid: int = 0
    unreadable: int = 0
    others: int = 0
    newer: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def matched(self) -> int:
        """Return how many were selected."""
        return self.replayed + self.duplicates + self.invalid + self.refused.total()


class Observer(Protocol):
    """Is informed about each failure."""

    def replayed(self, failure: Failure, message: Replay, message_id: str) -> None:
        """Report a replay that was sent, or without a message id would be sent."""

    def invalid(self, place: str, violations: Sequence[Violation]) -> None:
        """Report a request that violates its schema."""

    def unreadable(self, place: str, why: str) -> None:
        """Report a message that is not a failure."""


@dataclass(slots=True)
class _Prepared:
    """A message of the source with its replays; `is_whole` unless some of its failures are not replayed."""

    found: Found
    replays: list[tuple[Failure, Replay]] = field(default_factory=list)
    is_whole: bool = True


class Replayer:
    """One run. Without a destination nothing is sent or settled, and everything else is the same."""

    def __init__(
        self, source: Source, destination: Destination | None, plan: Plan, now: datetime, observer: Observer
    ) -> None:
        self.counts = Counts()
        self.submission_ids: list[str] = []
        self._source = source
        self._destination = destination
        self._plan = plan
        self._now = now
        self._observer = observer
        self._sent: set[str] = set()

    @property
    def is_sending(self) -> bool:
        """Return whether this run sends anything."""
        return self._destination is not None

    def run(self, limiter: RateLimiter) -> None:
        """Process the source to its end."""
        count = min(self._destination.max_batch, limiter.max_burst) if self._destination else MAX_MESSAGES
        limiter.wait()
        while found := self._source.take(count):
            limiter.used(self._process([self._prepare(each) for each in found]))
            limiter.wait()

    def _prepare(self, found: Found) -> _Prepared:
        prepared = _Prepared(found)
        for each in found.contents:
            message = self._message(found.place, each)
            if message is None:
                prepared.is_whole = False
            elif isinstance(each, Failure):
                prepared.replays.append((each, message))
        return prepared

    def _message(self, place: str, each: Failure | NotAFailure) -> Replay | None:
        """Return the replay of a failure; if it cannot be replayed, count the reason and return None."""
        if isinstance(each, NotAFailure):
            self._skip(place, each)
            return None
        if self._is_new(each):
            self.counts.newer += 1
            return None
        if not self._plan.filter.matches(each, self._now):
            self.counts.unmatched += 1
            self.counts.codes[each.code_or_status] += 1
            return None
        message = replay(each, self._plan.edits, force=self._plan.force)
        if isinstance(message, Refusal):
            self._refuse(place, each, message)
            return None
        return message

    def _is_new(self, failure: Failure) -> bool:
        before = self._plan.before
        return failure.replay_id in self._sent or (before is not None and failure.occurred_at > before)

    def _skip(self, place: str, each: NotAFailure) -> None:
        if each.is_unreadable:
            self.counts.unreadable += 1
            self._observer.unreadable(place, each.why)
        else:
            self.counts.others += 1

    def _refuse(self, place: str, failure: Failure, refusal: Refusal) -> None:
        if refusal.violations:
            self.counts.invalid += 1
            self._observer.invalid(place, refusal.violations)
        else:
            self.counts.refused[failure.code] += 1

    def _process(self, prepared: Sequence[_Prepared]) -> int:
        """Send what is new, settle what is done, and return the number of replays sent."""
        new = self._new(prepared)
        unsettled = [each for each in prepared if each.is_whole]
        for batch in batches((item, item[1].body) for item in new):
            with defer_interrupt():
                message_ids = self._send([message for (_, message), _ in batch])
                unsettled = self._settle(unsettled)
            for ((failure, message), _), message_id in zip(batch, message_ids, strict=True):
                self._observer.replayed(failure, message, message_id)
        self._settle(unsettled)
        return len(new)

    def _new(self, prepared: Sequence[_Prepared]) -> list[tuple[Failure, Replay]]:
        """Return each replay that was not sent before, once."""
        new: dict[str, tuple[Failure, Replay]] = {}
        for failure, message in (item for each in prepared for item in each.replays):
            if message.replay_id in new or message.replay_id in self._sent:
                self.counts.duplicates += 1
            else:
                new[message.replay_id] = failure, message
        return list(new.values())

    def _send(self, messages: Sequence[Replay]) -> Sequence[str]:
        message_ids = self._destination.send(messages) if self._destination else [""] * len(messages)
        self._sent.update(message.replay_id for message in messages)
        self.counts.replayed += len(messages)
        self.submission_ids.extend(message.replay_id for message in messages)
        return message_ids

    def _settle(self, prepared: Sequence[_Prepared]) -> list[_Prepared]:
        """Settle the messages whose replays were all sent, and return the others."""
        done = [each for each in prepared if self._sent.issuperset(message.replay_id for _, message in each.replays)]
        if self._destination:
            self._source.settle([each.found for each in done])
        return [each for each in prepared if each not in done]
