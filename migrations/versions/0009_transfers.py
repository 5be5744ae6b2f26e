"""Learners who go on in another offering of the same course."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.database

revision, down_revision, branch_labels, depends_on = "0009", "0008", None, None


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("left_id", sa.Integer(), nullable=False),
        sa.Column("joined_id", sa.Integer(), nullable=False),
        sa.Column("moved_at", app.database.Stamp(timezone=True), nullable=False),
        sa.Column("moved_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["left_id"], ["enrolment.id"], name=op.f("fk_transfer_left_id")),
        sa.ForeignKeyConstraint(["joined_id"], ["enrolment.id"], name=op.f("fk_transfer_joined_id")),
        sa.ForeignKeyConstraint(["moved_by_id"], ["account.id"], name=op.f("fk_transfer_moved_by_id")),
        sa.PrimaryKeyConstraint("left_id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("joined_id", name=op.f("uq_transfer_joined_id")),
    )


def downgrade() -> None:
    op.drop_table("transfer")
