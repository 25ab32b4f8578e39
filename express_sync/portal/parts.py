"""What the HTTP API works with: the database, the log, and signals between threads."""

from collections.abc import Sequence
from dataclasses import dataclass

from express_sync.portal.clock import Clock
from express_sync.portal.notification import Changed
from express_sync.portal.receiving import Receiver
from express_sync.portal.sending import Sender
from express_sync.portal.store.database import Database
from express_sync.portal.tail import Tail
from express_sync.portal.webhooks.dispatcher import Dispatcher


@dataclass(frozen=True, slots=True)
class Portal:
    """The parts of a running portal."""

    database: Database
    sender: Sender
    receiver: Receiver
    changed: Changed
    tail: Tail
    webhooks: Sequence[Dispatcher]
    cursor_key: bytes
    clock: Clock
