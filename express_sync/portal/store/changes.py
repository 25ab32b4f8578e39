"""The changes of requests that a transaction makes, and who else takes part in that transaction."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Change:
    """An event that was appended for a request, and the status of the request before and after it.

    `before` is None for a new request. `position` is that of the event in the log.
    """

    position: int
    request_id: str
    owner: str | None
    before: str | None
    after: str
    terminal: bool


# Called in the transaction that appends, after the rows are written, so that what it writes is kept with the event or
# not at all. An exception aborts the transaction.
OnChange = Callable[[Connection, Change], None]


def ignore(_connection: Connection, _change: Change) -> None:
    """Take no part."""
