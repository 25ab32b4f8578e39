"""Appends outcome events to the log, and keeps what is derived from them up to date."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, insert

from express_sync.portal.clock import parse_ms
from express_sync.portal.derivation import Submission
from express_sync.portal.outcomes import Arrival
from express_sync.portal.store import feed
from express_sync.portal.store.changes import Change, OnChange
from express_sync.portal.store.documents import canonical
from express_sync.portal.store.projection import (
    add_submission,
    change_submission,
    request_row,
    settle,
    submissions_of,
    upsert,
)
from express_sync.portal.store.tables import events, requests
from express_sync.portal.values import folded, optional

OUTCOME, QUEUE = "outcome", "queue"


@dataclass(frozen=True, slots=True)
class Log:
    """The log; `on_change` takes part in each transaction."""

    on_change: OnChange

    def append(self, connection: Connection, arrivals: Sequence[Arrival], at_ms: int) -> list[Change]:
        """Append outcomes, in order, and return the changes; an event that is in the log already changes nothing."""
        first = feed.advance(connection, len(arrivals))
        appended = (self._append(connection, each, first + index, at_ms) for index, each in enumerate(arrivals))
        return [change for change in appended if change is not None]

    def _append(self, connection: Connection, arrival: Arrival, position: int, at_ms: int) -> Change | None:
        request_id = arrival.outcome.subject
        row = request_row(connection, request_id)
        requester = row["requester"] if row and row["requester"] else arrival.requester
        values = _event_values(arrival, position, at_ms)
        statement = upsert(connection, events).values(**values, owner=requester).on_conflict_do_nothing()
        if connection.execute(statement).rowcount == 0:
            return None
        if row is None:
            connection.execute(insert(requests).values(**_new_request(arrival, position, at_ms)))
        elif row["document"] is None or row["requester"] is None:
            _complete(connection, row, arrival)
        _apply(connection, request_id, arrival, values)
        before = {"status": None, "code": None} if row is None else row
        found = settle(connection, request_id, before, position, at_ms)
        change = Change(position, request_id, requester, before["status"], found.status, found.terminal)
        self.on_change(connection, change)
        return change


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


def _new_request(arrival: Arrival, position: int, at_ms: int) -> dict[str, Any]:
    request = arrival.outcome.data.get("request", {})
    name = optional(request.get("name"))
    return {
        "request_id": arrival.outcome.subject,
        "ordinal": position,
        "position": position,
        "status": arrival.outcome.status,
        "terminal": False,
        "requester": arrival.requester,
        "name": name,
        "id_key": folded(arrival.outcome.subject),
        "name_key": folded(name or ""),
        "document": canonical(request) if request else None,
        "created_at": at_ms,
        "updated_at": at_ms,
        "event_position": 0,
    }


def _complete(connection: Connection, row: RowMapping, arrival: Arrival) -> None:
    """Fill what the first events of a request did not tell: a success does not contain the request."""
    known = _new_request(arrival, 0, 0)
    names = ("requester", "name", "name_key", "document")
    values = {name: known[name] for name in names if not row[name] and known[name]}
    if values:
        connection.execute(requests.update().where(requests.c.request_id == row["request_id"]).values(**values))
