"""Publications of a year's open data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0011", "0010", None, None


def upgrade() -> None:
    op.create_table(
        "open_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("rule_set", sa.String(20), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["account.id"], name="fk_open_release_made_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_open_release"),
    )
    op.create_index("ix_open_release_year", "open_release", ["year"])


def downgrade() -> None:
    op.drop_table("open_release")
