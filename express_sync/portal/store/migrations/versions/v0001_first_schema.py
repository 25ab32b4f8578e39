"""The first schema: the log of events, what is derived from it, the outbox, and the quarantine."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = ("counters", "events", "feed", "outbox", "quarantine", "requests", "secrets", "submissions")


def upgrade() -> None:
    """Apply the migration."""
    _create_counters()
    _create_events()
    _create_feed()
    _create_outbox()
    _create_quarantine()
    _create_requests()
    _create_secrets()
    _create_submissions()


def downgrade() -> None:
    """Revert the migration."""
    for table in _TABLES:
        op.drop_table(table)


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("status", _text(16), nullable=False),
        sa.Column("code", _text(128), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("latest_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("status", "code", name="pk_counters"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", _text(16), nullable=False),
        sa.Column("source", _text(256), nullable=False),
        sa.Column("event_id", _text(128), nullable=False),
        sa.Column("sequence", _text(16), nullable=False),
        sa.Column("request_id", _text(128), nullable=False),
        sa.Column("submission_id", _text(128), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("code", _text(128), nullable=True),
        sa.Column("requester", _text(128), nullable=True),
        sa.Column("express_sync_id", _text(128), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("owner", _text(128), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("source", "event_id", "sequence", name="uq_events_source_event_id_sequence"),
    )
    op.create_index("ix_events_owner_position", "events", ["owner", "position"], unique=False)
    op.create_index("ix_events_request_id_position", "events", ["request_id", "position"], unique=False)


def _create_feed() -> None:
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", _text(128), nullable=False),
        sa.Column("submission_id", _text(128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_due_at_id", "outbox", ["due_at", "id"], unique=False)


def _create_quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("digest", _text(64), nullable=False),
        sa.Column("reason", _text(32), nullable=False),
        sa.Column("message_id", _text(128), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("copies", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_quarantine"),
    )
    op.create_index("ix_quarantine_reason_received_at", "quarantine", ["reason", "received_at"], unique=False)


def _create_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", _text(128), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("terminal", sa.Boolean(), nullable=False),
        sa.Column("code", _text(128), nullable=True),
        sa.Column("requester", _text(128), nullable=True),
        sa.Column("name", _text(128), nullable=True),
        sa.Column("id_key", _text(128), nullable=False),
        sa.Column("name_key", _text(128), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("express_sync_id", _text(128), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("event_position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_requests"),
    )
    op.create_index("ix_requests_code_ordinal", "requests", ["code", "ordinal"], unique=False)
    op.create_index("ix_requests_id_key_request_id", "requests", ["id_key", "request_id"], unique=False)
    op.create_index("ix_requests_name_key_request_id", "requests", ["name_key", "request_id"], unique=False)
    op.create_index("ix_requests_ordinal", "requests", ["ordinal"], unique=True)
    op.create_index("ix_requests_requester_code_ordinal", "requests", ["requester", "code", "ordinal"], unique=False)
    op.create_index(
        "ix_requests_requester_id_key_request_id", "requests", ["requester", "id_key", "request_id"], unique=False
    )
    op.create_index(
        "ix_requests_requester_name_key_request_id", "requests", ["requester", "name_key", "request_id"], unique=False
    )
    op.create_index("ix_requests_requester_ordinal", "requests", ["requester", "ordinal"], unique=False)
    op.create_index(
        "ix_requests_requester_status_ordinal", "requests", ["requester", "status", "ordinal"], unique=False
    )
    op.create_index("ix_requests_status_code_ordinal", "requests", ["status", "code", "ordinal"], unique=False)
    op.create_index("ix_requests_status_ordinal", "requests", ["status", "ordinal"], unique=False)


def _create_secrets() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", _text(32), nullable=False),
        sa.Column("value", _text(128), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )


def _create_submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("request_id", _text(128), nullable=False),
        sa.Column("submission_id", _text(128), nullable=False),
        sa.Column("via", _text(16), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("informed", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("status", _text(16), nullable=False),
        sa.Column("sequence", _text(16), nullable=False),
        sa.Column("event_id", _text(128), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "submission_id", name="pk_submissions"),
    )
