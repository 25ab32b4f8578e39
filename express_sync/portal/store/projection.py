"""Keeps what is derived from the log: submissions, requests and counters, in the transaction that appends an event."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from express_sync.portal.derivation import RequestState, Submission, state
from express_sync.portal.store.tables import counters, events, requests, submissions

_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(connection: Connection, table: Any) -> Any:
    """Return an insert of this database that can say what to do on a conflict."""
    return _INSERTS[connection.dialect.name](table)


def request_row(connection: Connection, request_id: str) -> RowMapping | None:
    """Return the row of a request."""
    return connection.execute(select(requests).where(requests.c.request_id == request_id)).mappings().one_or_none()


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


def settle(connection: Connection, request_id: str, row: Mapping[Any, Any], position: int, at_ms: int) -> RequestState:
    """Derive the state of a request again, write it with the other new values of its row, and adjust the counters.

    `row` is the row before, with the values to be written in place of the old ones.
    """
    found = state(submissions_of(connection, request_id))
    facts = _facts(connection, found.deciding.position)
    values = {
        **facts,
        "position": position,
        "status": found.status,
        "terminal": found.terminal,
        "event_position": found.deciding.position,
        "updated_at": at_ms,
    }
    _count(connection, (row["status"], row["code"]), -1, at_ms)
    _count(connection, (found.status, facts["code"]), 1, at_ms)
    connection.execute(update(requests).where(requests.c.request_id == request_id).values(**values))
    return found


def _facts(connection: Connection, position: int) -> dict[str, Any]:
    """Return the columns of a request that the event at this position fills; empty ones without an event."""
    names = ("code", "express_sync_id", "next_attempt_at")
    if not position:
        return dict.fromkeys(names)
    columns = (events.c.code, events.c.express_sync_id, events.c.next_attempt_at)
    row = connection.execute(select(*columns).where(events.c.position == position)).mappings().one()
    return {name: row[name] for name in names}


def _count(connection: Connection, group: tuple[str | None, str | None], by: int, at_ms: int) -> None:
    status, code = group
    if status is None:
        return
    statement = upsert(connection, counters).values(status=status, code=code or "", count=by, latest_at=at_ms)
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
