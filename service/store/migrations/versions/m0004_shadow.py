"""Migration 4: what a shadow said of each decision."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "decisions",
        sa.Column("shadow_model", sa.Text, comment="version of the bundle that scored beside; null where none did"),
    )
    op.add_column("decisions", sa.Column("shadow_probability", sa.Double, comment="what it said; told to nobody"))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("decisions", "shadow_probability")
    op.drop_column("decisions", "shadow_model")
