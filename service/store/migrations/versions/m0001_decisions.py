"""Migration 1: decisions as they were told."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("shop_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("as_of", sa.Double, nullable=False),
        sa.Column("decided_at", sa.Double, nullable=False),
        sa.Column("cause", sa.Text, nullable=False, comment="score: sent by the shop; event: computed after one"),
        sa.Column(
            "model", sa.Text, nullable=False, comment="version of the bundle; the other versions are in the answer"
        ),
        sa.Column("probability", sa.Double, comment="null where none is told"),
        sa.Column("band", sa.Text, comment="null where none is told"),
        sa.Column(
            "features", sa.LargeBinary, nullable=False, comment="little-endian float64, in the order of the bundle"
        ),
        sa.Column("seen", sa.Text, nullable=False, comment="the order as it was seen, JSON"),
        sa.Column("answer", sa.Text, nullable=False, comment="the bytes that were answered, UTF-8"),
    )
    op.create_index("decisions_of_order", "decisions", ["shop_id", "order_id", "id"])


def downgrade() -> None:
    """Take it away, with all that is in it."""
    op.drop_table("decisions")
