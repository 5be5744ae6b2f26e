"""A year that is signed: the roles that sign it, its statements and their signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0006", "0005", None, None

ROLE, INSTITUTION = "ck_role_grant_role_known", "ck_role_grant_institution"
OLD_ROLES = "role IN ('resident', 'trainer', 'clerk', 'bureau')"
NEW_ROLES = "role IN ('resident', 'trainer', 'clerk', 'reviewer', 'head', 'officer', 'reader')"
OLD_PLACE = "(provider_id IS NOT NULL) = (role IN ('trainer', 'clerk'))"
NEW_PLACE = "(provider_id IS NOT NULL) = (role IN ('trainer', 'clerk', 'reviewer', 'head'))"


def upgrade() -> None:
    _rename_roles({"bureau": "officer"}, NEW_ROLES, NEW_PLACE)


def downgrade() -> None:
    _rename_roles({"officer": "bureau", "reader": "bureau", "reviewer": "clerk", "head": "clerk"}, OLD_ROLES, OLD_PLACE)


def _rename_roles(names: dict[str, str], known: str, place: str) -> None:
    """The old checks go before the rows change, the new ones come after."""
    with op.batch_alter_table("role_grant") as batch:
        batch.drop_constraint(op.f(ROLE), type_="check")
        batch.drop_constraint(op.f(INSTITUTION), type_="check")
    grant = sa.table("role_grant", sa.column("role", sa.String))
    for old, new in names.items():
        op.execute(sa.update(grant).where(grant.c.role == old).values(role=new))
    with op.batch_alter_table("role_grant") as batch:
        batch.create_check_constraint(op.f(ROLE), known)
        batch.create_check_constraint(op.f(INSTITUTION), place)
