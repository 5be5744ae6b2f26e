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


KEPT = (
    "year", "scope", "sequence", "reason", "rule_set", "digest", "file_name", "rows", "persons", "persons_max",
    "person_times", "group_headcount", "class_hundredths", "completions", "certificates", "open_questions",
)
SETTLED = "OLD.attested_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL"
GUARDS = (
    ("statement", "kept_statement", "UPDATE", " OR ".join((SETTLED, *(f"OLD.{n} <> NEW.{n}" for n in KEPT)))),
    ("statement", "whole_statement", "DELETE", ""),
    ("signature", "kept_signature", "UPDATE", ""),
    ("signature", "whole_signature", "DELETE", ""),
)
REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': signed rows are not changed in place'; END $$"
)


def upgrade() -> None:
    _rename_roles({"bureau": "officer"}, NEW_ROLES, NEW_PLACE)
    op.create_table(
        "statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=True),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("rule_set", sa.String(20), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("file_name", sa.String(100), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("persons_max", sa.Integer(), nullable=False),
        sa.Column("person_times", sa.Integer(), nullable=False),
        sa.Column("group_headcount", sa.Integer(), nullable=False),
        sa.Column("class_hundredths", sa.Integer(), nullable=False),
        sa.Column("completions", sa.Integer(), nullable=False),
        sa.Column("certificates", sa.Integer(), nullable=False),
        sa.Column("open_questions", sa.Integer(), nullable=False),
        sa.Column("drawn_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope = COALESCE(provider_id, 0)", name=op.f("ck_statement_scope_told")),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_statement_sequence_counts")),
        sa.CheckConstraint("(sequence = 0) = (reason = '')", name=op.f("ck_statement_amendment_reasoned")),
        sa.CheckConstraint(
            "attested_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_statement_attested_or_withdrawn")
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_statement_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
    )
    op.create_index(op.f("ix_statement_provider_id"), "statement", ["provider_id"])
    standing = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_statement_standing", "statement", ["year", "scope", "sequence"],
        unique=True, sqlite_where=standing, postgresql_where=standing,
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(10), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "part IN ('preparer', 'reviewer', 'head', 'officer', 'second')", name=op.f("ck_signature_part_known")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_signature_account_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name=op.f("fk_signature_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("statement_id", "part", name=op.f("uq_signature_statement_id_part")),
        sa.UniqueConstraint("statement_id", "account_id", name=op.f("uq_signature_statement_id_account_id")),
    )
    op.create_index(op.f("ix_signature_account_id"), "signature", ["account_id"])
    _guard()


def _guard() -> None:
    """Whoever asks: signed rows are neither altered nor deleted."""
    run = op.get_bind().exec_driver_sql
    if op.get_bind().dialect.name == "sqlite":
        for table, name, verb, when in GUARDS:
            run(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {f'WHEN {when} ' if when else ''}"
                f"BEGIN SELECT RAISE(ABORT, '{table}: signed rows are not changed in place'); END"
            )
        return
    run(REFUSE)
    for table, name, verb, when in GUARDS:
        run(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {f'WHEN ({when}) ' if when else ''}"
            "EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_table("signature")
    op.drop_table("statement")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
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
