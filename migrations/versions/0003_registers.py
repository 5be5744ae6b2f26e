"""Bureau lists with evidence, honours, programmes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import app.database

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None


def upgrade() -> None:
    op.create_table(
        "register_kind",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("name_key", sa.String(60), nullable=False),
        sa.Column("sort", sa.String(20), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_kind")),
        sa.UniqueConstraint("name_key", name=op.f("uq_register_kind_name_key")),
    )
    op.create_table(
        "register_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("name_key", sa.String(120), nullable=False),
        sa.Column("level", sa.String(12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("division_code", sa.String(6), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=True),
        sa.Column("course_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("entered_by_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", app.database.Stamp(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("year IS NULL OR year BETWEEN 1900 AND 2100", name=op.f("ck_register_entry_year_sensible")),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_register_entry_provider_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_register_entry_course_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_register_entry_person_id")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_register_entry_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entry")),
    )
    op.create_index(op.f("ix_register_entry_kind_year"), "register_entry", ["kind", "year"])
    for column in ("provider_id", "course_id", "person_id"):
        op.create_index(op.f(f"ix_register_entry_{column}"), "register_entry", [column])
    op.create_table(
        "register_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("aspect", sa.String(10), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("document", sa.String(160), nullable=False),
        sa.Column("document_name", sa.String(160), nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("entered_by_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", app.database.Stamp(timezone=True), nullable=False),
        sa.CheckConstraint("aspect IN ('standing', 'consent', 'facts')", name=op.f("ck_register_state_aspect_known")),
        sa.CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name=op.f("ck_register_state_replaces_another")),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entry.id"], name=op.f("fk_register_state_entry_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["register_state.id"], name=op.f("fk_register_state_replaces_id")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_register_state_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_state")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_register_state_replaces_id")),
    )
    op.create_index(
        op.f("ix_register_state_entry_id_aspect_since_on"), "register_state", ["entry_id", "aspect", "since_on"]
    )
    op.create_table(
        "programme",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("name_key", sa.String(60), nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("name_key", name=op.f("uq_programme_name_key")),
    )
    op.create_table(
        "offering_programme",
        sa.Column("offering_id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.id"], name=op.f("fk_offering_programme_offering_id")),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name=op.f("fk_offering_programme_programme_id")),
        sa.PrimaryKeyConstraint("offering_id", "programme_id", name=op.f("pk_offering_programme")),
    )
    op.create_index(op.f("ix_offering_programme_programme_id"), "offering_programme", ["programme_id"])


def downgrade() -> None:
    for name in ("offering_programme", "programme", "register_state", "register_entry", "register_kind"):
        op.drop_table(name)
