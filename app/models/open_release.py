"""One publication of a year's open data: what left, when, and by whose hand. None is ever taken back or changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp, db
from app.models.account import Account


class OpenRelease(Base):
    """``cells``: JSON of [category, division, counted, least ever]; the next release is held against it (R25)."""

    __tablename__ = "open_release"
    __table_args__ = (Index(None, "year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    rule_set: Mapped[str] = mapped_column(String(20))
    cells: Mapped[str] = mapped_column(Text)
    hidden: Mapped[str] = mapped_column(Text)  # JSON of the cells and totals that are not told
    made_at: Mapped[datetime] = mapped_column(Stamp)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))

    made_by: Mapped[Account] = relationship()

    @classmethod
    def latest(cls, year: int) -> OpenRelease | None:
        """The one that stands."""
        return db.session.scalar(select(cls).where(cls.year == year).order_by(cls.id.desc()).limit(1))

    @classmethod
    def years(cls) -> list[int]:
        """The years of which there is one, the latest first."""
        return list(db.session.scalars(select(cls.year).distinct().order_by(cls.year.desc())))
