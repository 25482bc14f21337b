"""Migration 2: events, and replies by Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "events",
        sa.Column("shop_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False, comment="when it happened"),
        sa.Column("received_at", sa.Double, nullable=False, comment="when we came to know"),
        sa.Column("body", sa.Text, nullable=False, comment="the event as it was sent, JSON"),
        sa.PrimaryKeyConstraint("shop_id", "event_id"),
    )
    op.create_index("events_of_order", "events", ["shop_id", "order_id"])
    op.create_table(
        "replies",
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, comment="the Idempotency-Key"),
        sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of what was asked"),
        sa.Column("work_id", sa.Text, nullable=False, comment="of the request that was answered first"),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False, comment="the bytes that were answered"),
        sa.PrimaryKeyConstraint("caller", "key"),
    )


def downgrade() -> None:
    """Take them away, with all that is in them."""
    op.drop_table("replies")
    op.drop_table("events")
