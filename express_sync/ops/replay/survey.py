"""Lists and counts the failures of a selection, deferred requests, and what is left out and why."""

from collections import Counter
from datetime import datetime

from express_sync.ops.replay.display import FailureListing
from express_sync.ops.replay.failures import Failure, Filter, NotAFailure
from express_sync.ops.replay.history import History
from express_sync.ops.replay.options import Selection
from express_sync.ops.terminal import output
from express_sync.ops.terminal.suggestions import did_you_mean

_MAX_CODES = 5


class Survey:
    """Passes the selected failures to a listing, and counts everything."""

    def __init__(
        self, selection: Selection, history: History, listing: FailureListing, now: datetime, *, with_stale: bool
    ) -> None:
        self.unreadable = 0
        self._selection = selection
        self._history = history
        self._listing = listing
        self._now = now
        self._with_stale = with_stale
        self._found = self._stale = self._deferred = 0
        self._codes: Counter[str] = Counter()
        self._known: Counter[str] = Counter()

    @property
    def is_none_selected(self) -> bool:
        """Return whether there are failures, but the filter matches none."""
        return bool(self._found) and not (self._codes or self._stale or self._deferred)

    def take(self, place: str, each: Failure | NotAFailure) -> None:
        """Count what was found at a place of the source, and list it if it is selected."""
        if isinstance(each, NotAFailure):
            self.unreadable += each.is_unreadable
            output.notice(self._selection.skipped(place, each.why))
            return
        self._found += 1
        self._known[each.code_or_status] += 1
        if not self._selection.filter.matches(each, self._now):
            return
        if self._history.success_after(each) and not self._with_stale:
            self._stale += 1
        else:
            self._codes[each.code_or_status] += 1
            self._listing.add(each)

    def take_deferred(self) -> None:
        """List the selected ones of the deferred requests."""
        for each in self._history.deferred:
            if self._selection.filter.matches(each, self._now):
                self._deferred += 1
                self._listing.add(each)

    def summary(self, place: str, held: int) -> str:
        """Return the counts by code, or why nothing is listed; other readers hold `held` messages."""
        parts = (
            (self.unreadable, "{} unreadable"),
            (self._deferred, "{} deferred, retried automatically"),
            (self._stale, "{} left out because the request has succeeded since (--all lists them)"),
            (held, "{} held by another reader"),
        )
        return "; ".join((self._listed(place, has_others=bool(held or self._stale)), *_texts(parts))) + "."

    def _listed(self, place: str, *, has_others: bool) -> str:
        if self._codes:
            counts = ", ".join(f"{count} {code}" for code, count in self._codes.most_common())
            return f"{output.counted(self._codes.total(), 'failure')}: {counts}"
        if self._found > self._stale:
            count = output.counted(self._found, "failure")
            return f"The filter matches none of {count} in {place}; {known_codes(self._selection.filter, self._known)}"
        return f"No {'other ' if has_others else ''}failures in {place}"


def known_codes(wanted: Filter, known: Counter[str]) -> str:
    """Return the codes of failures that a filter does not match, and the one that was probably meant."""
    code = next(iter(wanted.codes), "")
    hint = did_you_mean(code, known) if code else ""
    return f"{hint}their codes are {', '.join(each for each, _ in known.most_common(_MAX_CODES))}"


def _texts(parts: tuple[tuple[int, str], ...]) -> list[str]:
    return [text.format(count) for count, text in parts if count]
