"""Keeps what is derived from the log: submissions, requests and counters, in the transaction that appends an event."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from express_sync.portal.derivation import ACCEPTED, Submission, state
from express_sync.portal.store.documents import canonical
from express_sync.portal.store.tables import counters, events, requests, submissions
from express_sync.portal.values import folded, optional

DISCARDED = "discarded"
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(connection: Connection, table: Any) -> Any:
    """Return an insert of this database that can say what to do on a conflict."""
    return _INSERTS[connection.dialect.name](table)


def request_row(connection: Connection, request_id: str) -> RowMapping | None:
    """Return the row of a request."""
    return connection.execute(select(requests).where(requests.c.request_id == request_id)).mappings().one_or_none()


def content_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a request that its document fills; the document may be empty, or that of a stranger."""
    name = optional(document.get("name"))
    return {
        "requester": optional(document.get("requester")),
        "name": name,
        "name_key": folded(name or ""),
        "document": canonical(document) if document else None,
    }


def add_request(
    connection: Connection, request_id: str, document: Mapping[str, Any], position: int, at_ms: int
) -> None:
    """Insert a request, which `settle` completes with its state."""
    values = {
        "request_id": request_id,
        "ordinal": position,
        "position": position,
        "status": ACCEPTED,
        "terminal": False,
        "id_key": folded(request_id),
        "created_at": at_ms,
        "updated_at": at_ms,
        "event_position": 0,
        **content_of(document),
    }
    connection.execute(insert(requests).values(**values))


def complete_request(connection: Connection, row: RowMapping, document: Mapping[str, Any]) -> None:
    """Fill what the first events of a request did not tell: a success does not contain the request."""
    content = {name: value for name, value in content_of(document).items() if value and not row[name]}
    change_content(connection, row["request_id"], content)


def change_content(connection: Connection, request_id: str, content: Mapping[str, Any]) -> None:
    """Write columns of a request."""
    if content:
        connection.execute(update(requests).where(requests.c.request_id == request_id).values(**content))


def owner_of(row: RowMapping | None, requester: str | None) -> str | None:
    """Return whose request an event is about: that of the row, else that of the event."""
    return row["requester"] if row and row["requester"] else requester


def submissions_of(connection: Connection, request_id: str) -> list[Submission]:
    """Return what holds for each submission of a request."""
    rows = connection.execute(select(submissions).where(submissions.c.request_id == request_id)).mappings()
    return [_submission(row) for row in rows]


def add_submission(connection: Connection, request_id: str, submission: Submission, via: str) -> None:
    """Insert a submission."""
    connection.execute(
        insert(submissions).values(
            request_id=request_id,
            submission_id=submission.submission_id,
            via=via,
            began_at=submission.began_at_ms,
            informed=submission.informed,
            **_holding(submission),
        )
    )


def change_submission(connection: Connection, request_id: str, submission: Submission) -> None:
    """Write what holds for a submission."""
    connection.execute(
        update(submissions)
        .where(submissions.c.request_id == request_id, submissions.c.submission_id == submission.submission_id)
        .values(began_at=submission.began_at_ms, **_holding(submission))
    )


def settle(connection: Connection, request_id: str, before: RowMapping | None, position: int, at_ms: int) -> None:
    """Derive the state of a request again, write it, and adjust the counters; `before` is its row until now.

    A discarded failure stays discarded until another event holds.
    """
    found = state(submissions_of(connection, request_id))
    facts = _facts(connection, found.deciding.position)
    values = {
        **facts,
        "position": position,
        "status": found.status,
        "terminal": found.terminal,
        "event_position": found.deciding.position,
        "discarded": _is_still_discarded(before, found.deciding.position),
        "updated_at": at_ms,
    }
    if before is not None:
        _count(connection, before, -1, at_ms)
    _count(connection, values, 1, at_ms)
    connection.execute(update(requests).where(requests.c.request_id == request_id).values(**values))


def _is_still_discarded(before: RowMapping | None, position: int) -> bool:
    return before is not None and before["discarded"] and before["event_position"] == position


def _facts(connection: Connection, position: int) -> dict[str, Any]:
    """Return the columns of a request that the event at this position fills; empty ones without an event."""
    names = ("code", "express_sync_id", "next_attempt_at")
    if not position:
        return dict.fromkeys(names)
    columns = (events.c.code, events.c.express_sync_id, events.c.next_attempt_at)
    row = connection.execute(select(*columns).where(events.c.position == position)).mappings().one()
    return {name: row[name] for name in names}


def discard(connection: Connection, row: RowMapping, position: int, at_ms: int) -> None:
    """Mark the failure of a request as discarded, and adjust the counters."""
    values = {"discarded": True, "position": position, "updated_at": at_ms}
    _count(connection, row, -1, at_ms)
    _count(connection, {**row, **values}, 1, at_ms)
    change_content(connection, row["request_id"], values)


def _count(connection: Connection, row: Mapping[Any, Any], by: int, at_ms: int) -> None:
    key = {"status": DISCARDED if row["discarded"] else row["status"], "code": row["code"] or ""}
    statement = upsert(connection, counters).values(**key, count=by, latest_at=at_ms)
    changed: dict[str, Any] = {"count": counters.c.count + by}
    if by > 0:
        changed["latest_at"] = at_ms
    connection.execute(statement.on_conflict_do_update(index_elements=["status", "code"], set_=changed))


def _submission(row: RowMapping) -> Submission:
    return Submission(
        submission_id=row["submission_id"],
        began_at_ms=row["began_at"],
        status=row["status"],
        rank=(row["sequence"], row["event_id"]),
        position=row["position"],
        informed=row["informed"],
    )


def _holding(submission: Submission) -> dict[str, Any]:
    sequence, event_id = submission.rank
    return {
        "status": submission.status,
        "sequence": sequence,
        "event_id": event_id,
        "position": submission.position,
    }
