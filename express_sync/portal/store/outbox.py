"""Messages to be sent to the request queue: stored with their submission, deleted once the queue has confirmed them.

A message that is sent twice, after a kill or with a lost answer, carries the same submission id both times.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from express_sync.portal.store.tables import outbox, submissions

LEASE_MS = 30_000  # for how long a replica has a message to itself


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that has to be sent."""

    id: int
    request_id: str
    submission_id: str
    body: str
    tries: int


def put(connection: Connection, request_id: str, submission_id: str, body: str, due_at_ms: int) -> None:
    """Store a message that is to be sent at a time."""
    values = {"request_id": request_id, "submission_id": submission_id, "body": body, "due_at": due_at_ms, "tries": 0}
    connection.execute(insert(outbox).values(**values))


def lease(connection: Connection, limit: int, now_ms: int) -> list[Pending]:
    """Return the messages that are due, at most `limit`, and hide them from other replicas for a while."""
    due = select(outbox).where(outbox.c.due_at <= now_ms).order_by(outbox.c.due_at, outbox.c.id).limit(limit)
    rows = connection.execute(due.with_for_update(skip_locked=True)).mappings().all()
    ids = [row["id"] for row in rows]
    connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(due_at=now_ms + LEASE_MS))
    names = ("id", "request_id", "submission_id", "body", "tries")
    return [Pending(**{name: row[name] for name in names}) for row in rows]


def confirm(connection: Connection, sent: Sequence[Pending], now_ms: int) -> None:
    """Delete messages that the queue has accepted, and record when."""
    connection.execute(delete(outbox).where(outbox.c.id.in_([each.id for each in sent])))
    for each in sent:
        of_message = (submissions.c.request_id == each.request_id) & (submissions.c.submission_id == each.submission_id)
        connection.execute(update(submissions).where(of_message).values(sent_at=now_ms))


def postpone(connection: Connection, failed: Sequence[Pending], due_at_ms: int) -> None:
    """Make messages due again at a later time."""
    ids = [each.id for each in failed]
    connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(due_at=due_at_ms, tries=outbox.c.tries + 1))


def next_due_ms(connection: Connection) -> int | None:
    """Return when the next message is due, None without any."""
    found: int | None = connection.execute(select(func.min(outbox.c.due_at))).scalar_one()
    return found


def last_due_ms(connection: Connection) -> int | None:
    """Return when the last message is due, None without any."""
    found: int | None = connection.execute(select(func.max(outbox.c.due_at))).scalar_one()
    return found


def size(connection: Connection) -> int:
    """Return how many messages are to be sent."""
    found: int = connection.execute(select(func.count()).select_from(outbox)).scalar_one()
    return found
