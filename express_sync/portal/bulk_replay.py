"""Replays a selection of failures: a bounded part in each call, spread over time by a rate.

What was replayed leaves the selection, and a replay that was recorded before is recognised by its id, so an interrupted
run can be repeated.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from express_sync.portal.clock import Clock
from express_sync.portal.replaying import NotReplayed, edited
from express_sync.portal.store import feed, outbox, submitting
from express_sync.portal.store.database import Database
from express_sync.portal.store.queries import MAX_COUNTED, MAX_SAMPLES, TRANSACTION, Selection, count, selected


@dataclass(frozen=True, slots=True)
class Wish:
    """What to replay: a selection, from above an ordinal on, with edits, at most `limit` in this call."""

    selection: Selection
    edits: Mapping[str, str]
    force: bool
    per_second: float
    limit: int
    after: int


@dataclass(slots=True)
class Progress:
    """What a call has done, or would do; `following` is where the next call continues, None after the last."""

    is_preview: bool
    up_to: int
    matched: int
    is_cut: bool
    replayed: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, Any]] = field(default_factory=list)
    last_due_ms: int | None = None
    following: int | None = None


@dataclass(frozen=True, slots=True)
class BulkReplay:
    """Replays selections."""

    database: Database
    clock: Clock

    def preview(self, wish: Wish) -> Progress:
        """Return what a run would do, without doing it."""
        with self.database.reading() as connection:
            progress, wish = self._start(connection, wish, is_preview=True)
            self._page(connection, wish, progress, wish.limit)
        return progress

    def run(self, wish: Wish) -> Progress:
        """Record the replays, in several transactions."""
        with self.database.reading() as connection:
            progress, wish = self._start(connection, wish, is_preview=False)
        left = wish.limit
        while left > 0:
            size = min(left, TRANSACTION)
            with self.database.writing() as connection:
                self._page(connection, wish, progress, size)
            if progress.following is None:
                break
            wish, left = replace(wish, after=progress.following), left - size
        return progress

    def _start(self, connection: Connection, wish: Wish, *, is_preview: bool) -> tuple[Progress, Wish]:
        up_to = wish.selection.up_to or feed.position(connection)
        wish = replace(wish, selection=replace(wish.selection, up_to=up_to))
        matched = count(connection, wish.selection, MAX_COUNTED + 1)
        return Progress(is_preview, up_to, min(matched, MAX_COUNTED), matched > MAX_COUNTED), wish

    def _page(self, connection: Connection, wish: Wish, progress: Progress, size: int) -> None:
        rows = selected(connection, wish.selection, wish.after, size + 1)
        due_ms = max(self.clock(), (outbox.last_due_ms(connection) or 0) + round(1000 / wish.per_second))
        for row in rows[:size]:
            made = edited(row["body"], wish.edits, due_ms, force=wish.force)
            if isinstance(made, NotReplayed):
                progress.refused[made.reason] += 1
                continue
            if not progress.is_preview:
                if not submitting.replay(connection, made.document, made.envelope, self.clock()):
                    progress.repeated += 1
                    continue
                progress.last_due_ms = due_ms
            progress.replayed += 1
            due_ms += round(1000 / wish.per_second)
            _sample(progress, row, made.envelope.submission_id)
        progress.following = rows[size - 1]["ordinal"] if len(rows) > size else None


def _sample(progress: Progress, row: Mapping[Any, Any], replay_id: str) -> None:
    if len(progress.samples) < MAX_SAMPLES:
        progress.samples.append({"requestId": row["request_id"], "code": row["code"], "replayId": replay_id})
