"""The tables of the portal. Alembic creates them; a test compares its result with this module.

`events` is the log, which only grows. `submissions`, `requests` and `counters` are derived from it in the transaction
that appends, so that each list, search and group is an index lookup. Times are milliseconds since 1970 in UTC.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects import postgresql

from express_sync.portal.values import MAX_ID, MAX_KEY, MAX_SOURCE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(length: int) -> String:
    """Return a type for texts that are compared by code point, on which the searches by prefix rest."""
    return String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


feed = Table(
    "feed",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", _text(16), nullable=False),  # outcome, accepted, replayed, discarded
    Column("source", _text(MAX_SOURCE), nullable=False),
    Column("event_id", _text(MAX_ID), nullable=False),
    Column("sequence", _text(16), nullable=False),
    Column("request_id", _text(MAX_ID), nullable=False),
    Column("submission_id", _text(MAX_ID), nullable=False),
    Column("status", _text(16), nullable=False),
    Column("code", _text(MAX_KEY)),
    Column("requester", _text(MAX_KEY)),  # named in the event itself
    Column("express_sync_id", _text(MAX_KEY)),
    Column("next_attempt_at", BigInteger),
    Column("owner", _text(MAX_KEY)),  # the requester of the request when the event was appended
    Column("occurred_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("source", "event_id", "sequence"),
    Index(None, "request_id", "position"),
    Index(None, "owner", "position"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("request_id", _text(MAX_ID), primary_key=True),
    Column("submission_id", _text(MAX_ID), primary_key=True),
    Column("via", _text(16), nullable=False),  # portal, replay, or queue for one that came past the portal
    Column("began_at", BigInteger, nullable=False),
    Column("informed", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("status", _text(16), nullable=False),
    Column("sequence", _text(16), nullable=False),
    Column("event_id", _text(MAX_ID), nullable=False),
    Column("position", BigInteger, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", _text(MAX_ID), primary_key=True),
    Column("ordinal", BigInteger, nullable=False),  # the order of creation
    Column("position", BigInteger, nullable=False),  # of the last change in the log
    Column("status", _text(16), nullable=False),
    Column("terminal", Boolean, nullable=False),
    Column("code", _text(MAX_KEY)),
    Column("requester", _text(MAX_KEY)),
    Column("name", _text(MAX_KEY)),
    Column("id_key", _text(MAX_KEY), nullable=False),  # folded, for the search
    Column("name_key", _text(MAX_KEY), nullable=False),
    Column("document", Text),  # the request, where it is known
    Column("express_sync_id", _text(MAX_KEY)),
    Column("next_attempt_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("event_position", BigInteger, nullable=False),  # of the event that holds, 0 if none does
    Column("discarded", Boolean, nullable=False, server_default=false()),  # a failure that needs no replay
    Index(None, "ordinal", unique=True),
    Index(None, "status", "ordinal"),
    Index(None, "code", "ordinal"),
    Index(None, "status", "code", "ordinal"),
    Index(None, "status", "code", "discarded", "ordinal"),
    Index(None, "requester", "ordinal"),
    Index(None, "requester", "status", "ordinal"),
    Index(None, "requester", "code", "ordinal"),
    Index(None, "id_key", "request_id"),
    Index(None, "requester", "id_key", "request_id"),
    Index(None, "name_key", "request_id"),
    Index(None, "requester", "name_key", "request_id"),
)

counters = Table(
    "counters",
    metadata,
    Column("status", _text(16), primary_key=True),  # or discarded
    Column("code", _text(MAX_KEY), primary_key=True),  # empty without an error
    Column("count", BigInteger, nullable=False),
    Column("latest_at", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("request_id", _text(MAX_ID), nullable=False),
    Column("submission_id", _text(MAX_ID), nullable=False),
    Column("body", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Index(None, "due_at", "id"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("digest", _text(64), primary_key=True),
    Column("reason", _text(32), nullable=False),
    Column("message_id", _text(MAX_ID), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("copies", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "reason", "received_at"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", _text(32), primary_key=True),
    Column("value", _text(128), nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("endpoint", _text(64), nullable=False),
    Column("webhook_id", _text(64), nullable=False),
    Column("request_id", _text(MAX_ID), nullable=False),
    Column("position", BigInteger, nullable=False),  # of the outcome in the log
    Column("state", _text(16), nullable=False),  # pending or exhausted; an accepted delivery is deleted
    Column("due_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("code", _text(64)),  # why the last attempt was not accepted
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("endpoint", "webhook_id"),
    Index(None, "endpoint", "state", "due_at"),
)

webhooks_disabled = Table(
    "webhooks_disabled",
    metadata,
    Column("name", _text(64), primary_key=True),
    Column("digest", _text(64), nullable=False),  # of the URL that answered 410
    Column("disabled_at", BigInteger, nullable=False),
)
