"""Discards failures that need no replay: they leave the failures, and stay in the history of their requests."""

from sqlalchemy import Connection, RowMapping, insert

from express_sync.portal.store import feed
from express_sync.portal.store.projection import DISCARDED, discard
from express_sync.portal.store.submitting import own_event
from express_sync.portal.store.tables import events


def record(connection: Connection, row: RowMapping, by: str, at_ms: int) -> None:
    """Record that an operator discards the failure of a request; one that is discarded already stays so.

    The event names the operator, so only operators see it.
    """
    if row["discarded"]:
        return
    position = feed.advance(connection, 1)
    event = own_event(
        position,
        DISCARDED,
        event_id=f"discard-{position}",
        request_id=row["request_id"],
        document={"by": by},
        at_ms=at_ms,
    )
    facts = {"status": row["status"], "code": row["code"], "requester": by, "owner": row["requester"]}
    connection.execute(insert(events).values(**event, **facts))
    discard(connection, row, position, at_ms)
