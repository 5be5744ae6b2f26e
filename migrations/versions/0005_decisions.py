"""Who is the same as whom, decided by the bureau; call-backs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0005", "0004", None, None


def upgrade() -> None:
    op.create_table(
        "pair_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("a_id", sa.Integer(), nullable=False),
        sa.Column("b_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.Integer(), nullable=True),
        sa.Column("undo_reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_pair_decision_ordered")),
        sa.CheckConstraint("verdict IN ('same', 'different')", name=op.f("ck_pair_decision_verdict_known")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by_id IS NULL)", name=op.f("ck_pair_decision_undone_whole")
        ),
        sa.ForeignKeyConstraint(["a_id"], ["person.id"], name=op.f("fk_pair_decision_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["person.id"], name=op.f("fk_pair_decision_b_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_pair_decision_decided_by_id")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["account.id"], name=op.f("fk_pair_decision_undone_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_decision")),
    )
    op.create_index(op.f("ix_pair_decision_a_id_b_id"), "pair_decision", ["a_id", "b_id"])
    op.create_index(op.f("ix_pair_decision_b_id"), "pair_decision", ["b_id"])

    op.create_table(
        "call_back_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=40), nullable=False),
        sa.Column("drawn_from", sa.Integer(), nullable=False),
        sa.Column("rows_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["drawn_by_id"], ["account.id"], name=op.f("fk_call_back_draw_drawn_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_back_draw")),
        sa.UniqueConstraint("year", "seed", name=op.f("uq_call_back_draw_year_seed")),
    )

    op.create_table(
        "call_back",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(["draw_id"], ["call_back_draw.id"], name=op.f("fk_call_back_draw_id")),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name=op.f("fk_call_back_enrolment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_back")),
        sa.UniqueConstraint("draw_id", "enrolment_id", name=op.f("uq_call_back_draw_id_enrolment_id")),
    )
    op.create_index(op.f("ix_call_back_enrolment_id"), "call_back", ["enrolment_id"])

    op.create_table(
        "call_back_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_back_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "answer IN ('confirmed', 'denied', 'unreached')", name=op.f("ck_call_back_answer_answer_known")
        ),
        sa.ForeignKeyConstraint(["call_back_id"], ["call_back.id"], name=op.f("fk_call_back_answer_call_back_id")),
        sa.ForeignKeyConstraint(["by_id"], ["account.id"], name=op.f("fk_call_back_answer_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_back_answer")),
    )
    op.create_index(op.f("ix_call_back_answer_call_back_id"), "call_back_answer", ["call_back_id"])

    op.create_table(
        "mobile_reveal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_back_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_back_id"], ["call_back.id"], name=op.f("fk_mobile_reveal_call_back_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["account.id"], name=op.f("fk_mobile_reveal_seen_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobile_reveal")),
    )
    op.create_index(op.f("ix_mobile_reveal_call_back_id"), "mobile_reveal", ["call_back_id"])
    op.create_index(op.f("ix_mobile_reveal_seen_by_id_call_back_id"), "mobile_reveal", ["seen_by_id", "call_back_id"])


def downgrade() -> None:
    for table in ("mobile_reveal", "call_back_answer", "call_back", "call_back_draw", "pair_decision"):
        op.drop_table(table)
