"""Migration 5: orders and events of a shop are found by when they were."""

from alembic import op

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("decisions_of_shop", "decisions", ["shop_id", "as_of"])
    op.create_index("events_of_shop", "events", ["shop_id", "at"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("events_of_shop", "events")
    op.drop_index("decisions_of_shop", "decisions")
