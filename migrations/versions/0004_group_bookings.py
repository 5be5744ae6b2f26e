"""Nameless groups: booked by an organisation, counted by the trainer, confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0004", "0003", None, None

STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "group_booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("offering_id", sa.Integer(), nullable=False),
        sa.Column("group_name", sa.String(100), nullable=False),
        sa.Column("group_key", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(30), nullable=False),
        sa.Column("telephone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("evidence", sa.String(160), nullable=False),
        sa.Column("booked_by_id", sa.Integer(), nullable=True),
        sa.Column("booked_at", STAMP, nullable=False),
        sa.Column("cancelled_at", STAMP, nullable=True),
        sa.Column("cancel_reason", sa.String(200), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_group_booking_size_positive")),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancel_reason IS NULL)", name=op.f("ck_group_booking_cancelled_with_reason")
        ),
        sa.ForeignKeyConstraint(["offering_id"], ["offering.id"], name=op.f("fk_group_booking_offering_id")),
        sa.ForeignKeyConstraint(["booked_by_id"], ["account.id"], name=op.f("fk_group_booking_booked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_booking")),
        sa.UniqueConstraint("uid", name=op.f("uq_group_booking_uid")),
    )
    op.create_index(op.f("ix_group_booking_offering_id"), "group_booking", ["offering_id"])
    living = sa.text("cancelled_at IS NULL")
    op.create_index(
        "uq_group_booking_living", "group_booking", ["offering_id", "group_key"], unique=True, sqlite_where=living,
        postgresql_where=living,
    )  # fmt: skip
    op.create_table(
        "group_count",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("headcount", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("counted_by_id", sa.Integer(), nullable=True),
        sa.Column("counted_at", STAMP, nullable=False),
        sa.Column("superseded_at", STAMP, nullable=True),
        sa.CheckConstraint("headcount >= 0", name=op.f("ck_group_count_headcount_not_negative")),
        sa.ForeignKeyConstraint(["booking_id"], ["group_booking.id"], name=op.f("fk_group_count_booking_id")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_group_count_lesson_id")),
        sa.ForeignKeyConstraint(["counted_by_id"], ["account.id"], name=op.f("fk_group_count_counted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_count")),
    )
    op.create_index(op.f("ix_group_count_lesson_id"), "group_count", ["lesson_id"])
    current = sa.text("superseded_at IS NULL")
    op.create_index(
        "uq_group_count_current", "group_count", ["booking_id", "lesson_id"], unique=True, sqlite_where=current,
        postgresql_where=current,
    )  # fmt: skip
    op.create_table(
        "group_confirmation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(12), nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=False),
        sa.Column("confirmed_by", sa.String(30), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("sheet_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("entered_by_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", STAMP, nullable=False),
        sa.Column("revoked_at", STAMP, nullable=True),
        sa.Column("revoke_reason", sa.String(200), nullable=True),
        sa.CheckConstraint("way IN ('organisation', 'sheet')", name=op.f("ck_group_confirmation_way_known")),
        sa.CheckConstraint(
            "(way = 'sheet') = (sheet_sealed IS NOT NULL)", name=op.f("ck_group_confirmation_sheet_attached")
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoke_reason IS NULL)", name=op.f("ck_group_confirmation_revoked_with_reason")
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["group_booking.id"], name=op.f("fk_group_confirmation_booking_id")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["account.id"], name=op.f("fk_group_confirmation_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_confirmation")),
        sa.UniqueConstraint("uid", name=op.f("uq_group_confirmation_uid")),
    )
    op.create_index(op.f("ix_group_confirmation_booking_id"), "group_confirmation", ["booking_id"])
    with op.batch_alter_table("group_visit") as batch:
        batch.add_column(sa.Column("booking_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_group_visit_booking_id"), "group_booking", ["booking_id"], ["id"])
        batch.create_index(op.f("ix_group_visit_booking_id"), ["booking_id"])


def downgrade() -> None:
    # What was read from bookings goes with them; visits of a ledger stay.
    op.execute("DELETE FROM group_visit WHERE booking_id IS NOT NULL")
    with op.batch_alter_table("group_visit") as batch:
        batch.drop_index(op.f("ix_group_visit_booking_id"))
        batch.drop_constraint(op.f("fk_group_visit_booking_id"), type_="foreignkey")
        batch.drop_column("booking_id")
    for name in ("group_confirmation", "group_count", "group_booking"):
        op.drop_table(name)
