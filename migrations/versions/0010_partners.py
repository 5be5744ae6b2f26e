"""Institutions that hold an offering together with another one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0010", "0009", None, None


def upgrade() -> None:
    op.create_table(
        "offering_partner",
        sa.Column("offering_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.id"], name=op.f("fk_offering_partner_offering_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_offering_partner_provider_id")),
        sa.PrimaryKeyConstraint("offering_id", "provider_id", name=op.f("pk_offering_partner")),
    )
    op.create_index(op.f("ix_offering_partner_provider_id"), "offering_partner", ["provider_id"])


def downgrade() -> None:
    op.drop_table("offering_partner")
