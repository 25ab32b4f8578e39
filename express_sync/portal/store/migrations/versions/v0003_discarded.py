"""Failures that were discarded: they need no replay."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INDEX = "ix_requests_status_code_discarded_ordinal"


def upgrade() -> None:
    """Apply the migration."""
    op.add_column("requests", sa.Column("discarded", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(_INDEX, "requests", ["status", "code", "discarded", "ordinal"], unique=False)


def downgrade() -> None:
    """Revert the migration."""
    op.drop_index(_INDEX, "requests")
    op.drop_column("requests", "discarded")
