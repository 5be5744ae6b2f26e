"""What was said of one person at one lesson. Marks are never altered: a newer one stands on top."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import sealing
from app.clock import civil
from app.database import Base, Stamp, db
from app.models.account import Account
from app.models.enrolment import Enrolment
from app.models.person import Person
from app.refusal import N_, Refusal

STATUSES: dict[str, str] = {
    "present": N_("出勤"),
    "late": N_("迟到"),
    "left_early": N_("早退"),
    "leave": N_("请假"),
    "absent": N_("缺勤"),
    "unmarked": N_("未点"),  # takes a wrong mark back; is not present
}
PRESENT = ("present", "late", "left_early")


class Mark(Base):
    __tablename__ = "mark"
    __table_args__ = (
        # One current mark per lesson and sign-up, whatever the code above does.
        Index(
            "uq_mark_current",
            "lesson_id",
            "enrolment_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index(None, "enrolment_id", "lesson_id"),
        CheckConstraint(
            "status IN ('present', 'late', 'left_early', 'leave', 'absent', 'unmarked')", name="status_known"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"))
    status: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(200), default="")
    marked_at: Mapped[datetime] = mapped_column(Stamp)
    marked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    superseded_at: Mapped[datetime | None] = mapped_column(Stamp)

    lesson: Mapped[Any] = relationship("Lesson")
    enrolment: Mapped[Enrolment] = relationship()
    marked_by: Mapped[Account | None] = relationship()

    @property
    def days_late(self) -> int:
        """Days between the lesson and this entry (R23 flags more than seven)."""
        return (civil(self.marked_at).date() - self.lesson.held_on).days


class Observation(Base):
    """Somebody sat in a lesson without a place: kept for the clerk, counted nowhere until decided."""

    __tablename__ = "observation"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    name: Mapped[str] = mapped_column(String(30))
    mobile_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    birth_on: Mapped[date | None]
    seen_at: Mapped[datetime] = mapped_column(Stamp)
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settled_at: Mapped[datetime | None] = mapped_column(Stamp)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    outcome: Mapped[str] = mapped_column(String(200), default="")

    lesson: Mapped[Any] = relationship("Lesson")
    seen_by: Mapped[Account | None] = relationship(foreign_keys=[seen_by_id])

    def __init__(self, **facts: Any) -> None:
        mobile = facts.pop("mobile", None)
        super().__init__(uid=uuid.uuid4().hex, **facts)
        if mobile:
            self.mobile_sealed = sealing.sealer().seal(mobile, "observation", "mobile", self.uid)

    @property
    def mobile(self) -> str | None:
        if self.mobile_sealed is None:
            return None
        return sealing.sealer().open(self.mobile_sealed, "observation", "mobile", self.uid)

    def enrol(self, person: Person, *, by: Account, at: datetime) -> Any:
        """Give them a sign-up dated that lesson (R12), which settles this; returns the Enrolment.

        Raises ``already-settled``, ``no-free-place`` and what ``Offering.enrol_at_lesson`` raises.
        """
        offering = self.lesson.offering
        offering.lock()
        self._refuse_if_settled()
        try:
            enrolment = offering.enrol_at_lesson(person, self.lesson, by=by, at=at)
        except Refusal as no:
            if no.code != "no-free-place":
                raise
            raise Refusal(
                "no-free-place", N_("没有空余名额，或有人在候补。请先增加名额，或写明处理结果后结案。")
            ) from no
        self._settle(N_("已登记进班"), by, at)
        return enrolment

    def close(self, outcome: str, *, by: Account, at: datetime) -> None:
        """Decided without a sign-up; counted nowhere. Raises ``already-settled`` or ``outcome-needed``."""
        self.lesson.offering.lock()
        self._refuse_if_settled()
        if not outcome.strip():
            raise Refusal("outcome-needed", N_("请写明怎么处理的，例如“旁听一次，不报名”。"))
        self._settle(outcome.strip(), by, at)

    def _refuse_if_settled(self) -> None:
        db.session.refresh(self)
        if self.settled_at is not None:
            raise Refusal("already-settled", N_("这一条已经处理过了。"))

    def _settle(self, outcome: str, by: Account, at: datetime) -> None:
        self.outcome, self.settled_by_id, self.settled_at = outcome, by.id, at
        db.session.flush()
