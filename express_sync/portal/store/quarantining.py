"""Keeps messages that are not outcomes of the expected function, so that they can be examined after their deletion."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from express_sync.portal.outcomes import MALFORMED, Quarantined
from express_sync.portal.store.projection import upsert
from express_sync.portal.store.tables import quarantine
from express_sync.portal.values import MAX_ID
from handler.model import MAX_MESSAGE_BYTES

MAX_MALFORMED = 1000  # the oldest ones beyond that are dropped; outcomes of another source are kept


def keep(connection: Connection, messages: Sequence[Quarantined], at_ms: int) -> None:
    """Store messages; one that is stored already is counted."""
    for each in messages:
        body = each.body[:MAX_MESSAGE_BYTES]
        values = {
            "digest": hashlib.sha256(f"{each.reason}\n{body}".encode()).hexdigest(),
            "reason": each.reason,
            "message_id": each.message_id[:MAX_ID],
            "received_at": at_ms,
            "copies": 1,
            "body": body,
        }
        again = {"copies": quarantine.c.copies + 1, "received_at": at_ms}
        statement = upsert(connection, quarantine).values(**values)
        connection.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=again))
    if messages:
        _drop_oldest(connection)


def _drop_oldest(connection: Connection) -> None:
    of_kind = select(quarantine.c.received_at).where(quarantine.c.reason == MALFORMED)
    newest_first = of_kind.order_by(quarantine.c.received_at.desc(), quarantine.c.digest)
    limit = connection.execute(newest_first.offset(MAX_MALFORMED).limit(1)).scalar_one_or_none()
    if limit is not None:
        too_old = (quarantine.c.reason == MALFORMED) & (quarantine.c.received_at <= limit)
        connection.execute(delete(quarantine).where(too_old))
