"""A learner who goes on in another offering of the same course: one person-time, at the receiving offering (R11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp, db
from app.models.account import Account
from app.models.enrolment import Enrolment


class Transfer(Base):
    """From which sign-up to which. The marks stay where they were given; what follows from them goes along."""

    __tablename__ = "transfer"

    left_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), primary_key=True)
    joined_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), unique=True)
    moved_at: Mapped[datetime] = mapped_column(Stamp)
    moved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    left: Mapped[Enrolment] = relationship(foreign_keys=[left_id])
    joined: Mapped[Enrolment] = relationship(foreign_keys=[joined_id])
    moved_by: Mapped[Account | None] = relationship()

    @classmethod
    def heirs(cls, enrolment_ids: Iterable[int]) -> dict[int, int]:
        """For all that these sign-ups were moved from or to: the sign-up at which they count now."""
        next_of: dict[int, int] = {}
        asked = set(enrolment_ids)
        while asked:
            found = db.session.connection().execute(
                db.select(cls.left_id, cls.joined_id).where(or_(cls.left_id.in_(asked), cls.joined_id.in_(asked)))
            )
            new = {left: joined for left, joined in found if left not in next_of}
            next_of |= new
            asked = {*new, *new.values()} - asked
        return {left: _last(left, next_of) for left in next_of}

    @classmethod
    def of(cls, enrolment_id: int) -> list[Transfer]:
        """By which this sign-up came here, and by which it went on; the earlier first."""
        mine = or_(cls.left_id == enrolment_id, cls.joined_id == enrolment_id)
        return list(db.session.scalars(db.select(cls).where(mine).order_by(cls.moved_at, cls.left_id)))

    @classmethod
    def behind(cls, enrolment_id: int) -> list[int]:
        """The sign-up itself and, where it took over others, those too."""
        heirs = cls.heirs([enrolment_id])
        return [enrolment_id, *(left for left, heir in heirs.items() if heir == enrolment_id)]


def _last(left: int, next_of: dict[int, int]) -> int:
    while left in next_of:
        left = next_of[left]
    return left
