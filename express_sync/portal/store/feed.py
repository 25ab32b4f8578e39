"""Positions in the log. Taking one locks the log until the end of the transaction, so positions appear in order."""

from sqlalchemy import Connection, select, update

from express_sync.portal.store.tables import feed

_ROW = 1


def advance(connection: Connection, count: int) -> int:
    """Reserve `count` positions and return the first; other writers wait until the transaction ends."""
    taken = update(feed).where(feed.c.id == _ROW).values(position=feed.c.position + count)
    last: int = connection.execute(taken.returning(feed.c.position)).scalar_one()
    return last - count + 1


def position(connection: Connection) -> int:
    """Return the last position that was taken."""
    found: int = connection.execute(select(feed.c.position).where(feed.c.id == _ROW)).scalar_one()
    return found
