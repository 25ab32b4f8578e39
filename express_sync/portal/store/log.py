"""Appends outcome events to the log, and keeps what is derived from them up to date."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from express_sync.portal.clock import parse_ms
from express_sync.portal.derivation import Submission
from express_sync.portal.outcomes import Arrival
from express_sync.portal.store import feed
from express_sync.portal.store.projection import (
    add_request,
    add_submission,
    change_submission,
    complete_request,
    owner_of,
    request_row,
    settle,
    submissions_of,
    upsert,
)
from express_sync.portal.store.tables import events
from express_sync.portal.values import optional

OUTCOME, QUEUE = "outcome", "queue"
# Called with the values of an event, in the transaction that appends it and after its rows are written, so that what it
# writes is kept with the event or not at all. An exception aborts the transaction.
OnAppend = Callable[[Connection, Mapping[str, Any]], None]


def ignore(_connection: Connection, _event: Mapping[str, Any]) -> None:
    """Take no part."""


@dataclass(frozen=True, slots=True)
class Log:
    """The log; `on_append` takes part in each transaction."""

    on_append: OnAppend = ignore

    def append(self, connection: Connection, arrivals: Sequence[Arrival], at_ms: int) -> int:
        """Append outcomes, in order, and return how many; an event that is in the log already changes nothing."""
        first = feed.advance(connection, len(arrivals))
        return sum(self._append(connection, each, first + index, at_ms) for index, each in enumerate(arrivals))

    def _append(self, connection: Connection, arrival: Arrival, position: int, at_ms: int) -> bool:
        request_id = arrival.outcome.subject
        row = request_row(connection, request_id)
        values = _event_values(arrival, position, at_ms)
        owned = {**values, "owner": owner_of(row, arrival.requester)}
        # The number of rows is not asked for: with psycopg it is not known after an INSERT.
        statement = upsert(connection, events).values(**owned).on_conflict_do_nothing().returning(events.c.position)
        if connection.execute(statement).first() is None:
            return False
        document = arrival.outcome.data.get("request", {})
        if row is None:
            add_request(connection, request_id, document, position, at_ms)
        elif row["document"] is None or row["requester"] is None:
            complete_request(connection, row, document)
        _apply(connection, request_id, arrival, values)
        settle(connection, request_id, row, position, at_ms)
        self.on_append(connection, values)
        return True


def _event_values(arrival: Arrival, position: int, at_ms: int) -> dict[str, Any]:
    outcome = arrival.outcome
    return {
        "position": position,
        "kind": OUTCOME,
        "source": outcome.event["source"],
        "event_id": outcome.event["id"],
        "sequence": outcome.event.get("sequence", ""),
        "request_id": outcome.subject,
        "submission_id": outcome.submission_id,
        "status": outcome.status,
        "code": optional(outcome.error_code),
        "requester": arrival.requester,
        "express_sync_id": optional(outcome.data.get("expressSyncId")),
        "next_attempt_at": parse_ms(str(outcome.data.get("nextAttemptAt", ""))),
        "occurred_at": parse_ms(outcome.event["time"]) or at_ms,
        "received_at": at_ms,
        "body": arrival.body,
    }


def _apply(connection: Connection, request_id: str, arrival: Arrival, values: dict[str, Any]) -> None:
    """Write what holds for the submission of an event that was just appended."""
    outcome = arrival.outcome
    began_at = parse_ms(outcome.data["timings"]["startedAt"]) or values["occurred_at"]
    known = {each.submission_id: each for each in submissions_of(connection, request_id)}
    this = Submission(
        outcome.submission_id, began_at, outcome.status, (values["sequence"], values["event_id"]), values["position"]
    )
    before = known.get(outcome.submission_id)
    if before is None:
        add_submission(connection, request_id, this, QUEUE)
        return
    holding = this if this.rank > before.rank else before
    # A submission that came past the portal began with the earliest of its runs, in whichever order they are known.
    began_at = before.began_at_ms if before.informed else min(before.began_at_ms, began_at)
    change_submission(connection, request_id, replace(holding, began_at_ms=began_at, informed=before.informed))
