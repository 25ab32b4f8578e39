"""Discards failures that need no replay: they leave the failures, and stay in the history of their requests."""

from sqlalchemy import Connection, RowMapping, insert

from express_sync.portal.store import feed
from express_sync.portal.store.documents import canonical
from express_sync.portal.store.projection import DISCARDED, discard
from express_sync.portal.store.submitting import SOURCE
from express_sync.portal.store.tables import events


def record(connection: Connection, row: RowMapping, by: str, at_ms: int) -> None:
    """Record that an operator discards the failure of a request; one that is discarded already stays so.

    The event names the operator, so only operators see it.
    """
    if row["discarded"]:
        return
    position = feed.advance(connection, 1)
    event = {
        "position": position,
        "kind": DISCARDED,
        "source": SOURCE,
        "event_id": f"discard-{position}",
        "sequence": "",
        "request_id": row["request_id"],
        "submission_id": f"discard-{position}",
        "status": row["status"],
        "code": row["code"],
        "requester": by,
        "owner": row["requester"],
        "occurred_at": at_ms,
        "received_at": at_ms,
        "body": canonical({"by": by}),
    }
    connection.execute(insert(events).values(**event))
    discard(connection, row, position, at_ms)
