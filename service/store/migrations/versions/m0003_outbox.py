"""Migration 3: the outbox of webhooks."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, primary_key=True, comment="the webhook-id: the same, however often it is sent"),
        sa.Column("shop_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, comment="null where it is about the shop"),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="the bytes that are sent, UTF-8"),
        sa.Column("next_at", sa.Double, nullable=False, comment="not tried before"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ended_at", sa.Double, comment="when it was delivered or given up; null while it waits"),
        sa.Column("ending", sa.Text, comment="delivered, outdated or given_up"),
    )
    op.create_index("outbox_waiting", "outbox", ["ended_at", "next_at"])


def downgrade() -> None:
    """Take it away, with all that is in it."""
    op.drop_table("outbox")
