"""A nameless group at one visit: people without a row of their own, and who answers for them (R13)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.models.offering import Offering


class GroupVisit(Base):
    __tablename__ = "group_visit"
    __table_args__ = (
        CheckConstraint("headcount > 0", name="headcount_positive"),
        Index(None, "offering_id", "visited_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"))
    group_name: Mapped[str] = mapped_column(String(100))
    group_key: Mapped[str] = mapped_column(String(100))
    visited_on: Mapped[date]
    headcount: Mapped[int]  # nameless people only: nothing is subtracted on reading
    state: Mapped[str] = mapped_column(String(20))  # 状态 as the ledger row had it
    basis: Mapped[str] = mapped_column(String(10), default="reported")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_batch.id"), index=True)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("group_booking.id"), index=True)  # kept by `nameless`

    offering: Mapped[Offering] = relationship()
