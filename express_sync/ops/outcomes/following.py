"""Shows the outcomes that match a filter as they arrive."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from express_sync.ops.outcomes.moments import moment
from express_sync.ops.outcomes.reader import Arrival, Mailbox, Outcome, arrivals
from express_sync.ops.terminal import output

STATUSES = ("succeeded", "rejected", "deferred", "failed", "indeterminate")


@dataclass(frozen=True, slots=True)
class OutcomeFilter:
    """Conditions that an outcome must all meet; empty ones accept everything."""

    requests: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    def matches(self, outcome: Outcome) -> bool:
        """Return whether an outcome meets the conditions."""
        pairs = ((outcome.subject, self.requests), (outcome.status, self.statuses), (outcome.error_code, self.codes))
        return all(not wanted or value in wanted for value, wanted in pairs)


class Display(Protocol):
    """Displays an outcome; `is_repeated` if an earlier publication of it was displayed before."""

    def __call__(self, outcome: Outcome, *, is_repeated: bool = False) -> None: ...


class Watch:
    """Displays outcomes once each, and again if they are published with a newer time, up to `count` different ones."""

    def __init__(self, display: Display, chosen: OutcomeFilter, count: int | None) -> None:
        self._display = display
        self._chosen = chosen
        self._count = count
        self._seen: dict[tuple[str, str], str] = {}

    @property
    def shown(self) -> int:
        """Return how many different outcomes were displayed."""
        return len(self._seen)

    @property
    def is_complete(self) -> bool:
        """Return whether `count` outcomes were displayed."""
        return self._count is not None and self.shown >= self._count

    def show(self, outcome: Outcome) -> None:
        """Display an outcome if it matches the filter and is new."""
        if self.is_complete or not self._chosen.matches(outcome):
            return
        before, time = self._seen.get(outcome.identity), str(outcome.event["time"])
        if before is None or _is_later(time, before):
            self._seen[outcome.identity] = time
            self._display(outcome, is_repeated=before is not None)

    def follow(self, mailbox: Mailbox, seconds_left: Callable[[], float]) -> None:
        """Display what arrives until `count` outcomes were displayed or no seconds are left."""
        for arrived in arrivals(mailbox, lambda: 0.0 if self.is_complete else seconds_left()):
            done = [arrival.message.receipt_handle for arrival in arrived if self._take(arrival)]
            if done:
                mailbox.delete(done)

    def _take(self, arrival: Arrival) -> bool:
        """Display an outcome; return whether its message is done."""
        if self.is_complete:
            return False
        if arrival.outcome is None:
            output.info(f"Message {arrival.message.message_id} is not an outcome; it stays in the queue.")
            return False
        self.show(arrival.outcome)
        return True


def _is_later(time: str, before: str) -> bool:
    one, other = moment(time), moment(before)
    return one is not None and other is not None and one > other
