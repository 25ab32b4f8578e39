"""Webhooks: the deliveries that no endpoint has accepted yet, and the endpoints that want no more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the migration."""
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint", _text(64), nullable=False),
        sa.Column("webhook_id", _text(64), nullable=False),
        sa.Column("request_id", _text(128), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", _text(64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("endpoint", "webhook_id", name="uq_webhook_deliveries_endpoint_webhook_id"),
    )
    columns = ["endpoint", "state", "due_at"]
    op.create_index("ix_webhook_deliveries_endpoint_state_due_at", "webhook_deliveries", columns, unique=False)
    op.create_table(
        "webhooks_disabled",
        sa.Column("name", _text(64), nullable=False),
        sa.Column("digest", _text(64), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_webhooks_disabled"),
    )


def downgrade() -> None:
    """Revert the migration."""
    op.drop_table("webhooks_disabled")
    op.drop_table("webhook_deliveries")


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")
