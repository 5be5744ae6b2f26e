"""Class hours by offering and month, added up from those of the sign-ups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.database

revision, down_revision, branch_labels, depends_on = "0008", "0007", None, None


def upgrade() -> None:
    op.create_table(
        "offering_hours",
        sa.Column("offering_id", sa.Integer(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("class_hours", app.database.Hours(), nullable=False),
        sa.CheckConstraint("class_hours > 0", name=op.f("ck_offering_hours_hours_positive")),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.id"], name=op.f("fk_offering_hours_offering_id")),
        sa.PrimaryKeyConstraint("offering_id", "month_on", name=op.f("pk_offering_hours")),
    )
    op.create_index(
        op.f("ix_offering_hours_month_on_offering_id_class_hours"),
        "offering_hours",
        ["month_on", "offering_id", "class_hours"],
    )
    op.execute(
        "INSERT INTO offering_hours (offering_id, month_on, class_hours) "
        "SELECT offering_id, month_on, sum(class_hours) FROM attended_hours GROUP BY offering_id, month_on"
    )


def downgrade() -> None:
    op.drop_table("offering_hours")
