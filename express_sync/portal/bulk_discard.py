"""Discards a selection of failures: a bounded part in each call. What was discarded leaves the selection."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping

from express_sync.portal.clock import Clock
from express_sync.portal.store import discarding, feed
from express_sync.portal.store.database import Database
from express_sync.portal.store.queries import MAX_COUNTED, MAX_SAMPLES, TRANSACTION, Selection, count, selected

LIMIT = 1_000  # requests in one call


@dataclass(frozen=True, slots=True)
class Discarded:
    """How many failures the selection had, how many were or would be discarded, the first of them, and up to where."""

    matched: int
    discarded: int
    samples: list[dict[str, Any]]
    up_to: int


@dataclass(frozen=True, slots=True)
class BulkDiscard:
    """Discards selections in the name of an operator."""

    database: Database
    clock: Clock
    by: str

    def preview(self, selection: Selection) -> Discarded:
        """Return what a run would discard, and the position up to which that is so."""
        with self.database.reading() as connection:
            chosen = replace(selection, up_to=feed.position(connection))
            matched = count(connection, chosen, MAX_COUNTED)
            samples = _samples(selected(connection, chosen, 0, MAX_SAMPLES))
        return Discarded(matched, min(matched, LIMIT), samples, chosen.up_to)

    def run(self, selection: Selection) -> Discarded:
        """Discard LIMIT failures at most, in several transactions."""
        with self.database.reading() as connection:
            matched = count(connection, selection, MAX_COUNTED)
        samples: list[dict[str, Any]] = []
        done = 0
        while done < LIMIT and (rows := self._discard(selection)):
            done += len(rows)
            samples.extend(_samples(rows[: MAX_SAMPLES - len(samples)]))
        return Discarded(matched, done, samples, selection.up_to)

    def _discard(self, selection: Selection) -> list[RowMapping]:
        with self.database.writing() as connection:
            rows = list(selected(connection, selection, 0, TRANSACTION))
            for row in rows:
                discarding.record(connection, row, self.by, self.clock())
        return rows


def _samples(rows: Iterable[RowMapping]) -> list[dict[str, Any]]:
    return [{"requestId": row["request_id"], "code": row["code"]} for row in rows]
