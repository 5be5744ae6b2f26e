"""The rungs below attendance, a year at a time; where learners live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0007", "0006", None, None

APPLIED = "ix_enrolment_applied_on_offering_id_person_id"
REGISTERED = "ix_enrolment_registered"


def upgrade() -> None:
    op.add_column("person", sa.Column("division_code", sa.String(6), nullable=True))
    op.create_index(APPLIED, "enrolment", ["applied_on", "offering_id", "person_id"])
    columns = ["registered_on", "offering_id", "person_id", "withdrawn_on", "first_attended_on"]
    op.create_index(REGISTERED, "enrolment", columns)


def downgrade() -> None:
    op.drop_index(REGISTERED, "enrolment")
    op.drop_index(APPLIED, "enrolment")
    op.drop_column("person", "division_code")
