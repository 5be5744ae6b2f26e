"""One person's sign-up to one offering: dated facts, from which its state is read, never stored."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, and_, text
from sqlalchemy.orm import Mapped, make_transient_to_detached, mapped_column, relationship

from app.clock import civil, today
from app.database import Base, Hours, Stamp, db
from app.models.account import Account
from app.models.person import Person
from app.refusal import N_, Refusal

if TYPE_CHECKING:
    from app.models.offering import Offering

# In the order of the ledger: the furthest one wins when rows repeat.
STATES: dict[str, str] = {
    "applied": N_("报名"),
    "waiting": N_("候补"),
    "registered": N_("已登记"),
    "cancelled": N_("已取消"),
    "attending": N_("在读"),
    "left": N_("已退班"),
    "not_completed": N_("未结业"),
    "completed": N_("已结业"),
}


class Enrolment(Base):
    __tablename__ = "enrolment"
    __table_args__ = (
        # Sign up, withdraw, sign up again is allowed; two living ones are not.
        Index(
            "uq_enrolment_living",
            "offering_id",
            "person_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        # The partial index above does not serve who has left: the roster and the learners' page ask for them too.
        # With the other columns 在册人数 is read without the table.
        Index(
            "ix_enrolment_of_offering",
            "offering_id",
            "place_number",
            "person_id",
            "registered_on",
            "withdrawn_on",
            "first_attended_on",
        ),
        Index(
            "ix_enrolment_waiting",  # its length and its end are read from it alone, under the lock
            "offering_id",
            "waitlisted_at",
            "registered_on",
            "withdrawn_at",
            sqlite_where=text("waitlisted_at IS NOT NULL AND registered_on IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("waitlisted_at IS NOT NULL AND registered_on IS NULL AND withdrawn_at IS NULL"),
        ),
        # A person's sign-ups; with the last three columns a year's doubles are found without reading the table.
        Index("ix_enrolment_of_person", "person_id", "offering_id", "first_attended_on", "completed_on"),
        # In the order of uq_enrolment_living: whether who left is back is asked of few pages.
        Index(
            "ix_enrolment_left",
            "offering_id",
            "person_id",
            "first_attended_on",
            "completed_on",
            "withdrawn_at",
            sqlite_where=text("withdrawn_at IS NOT NULL AND first_attended_on IS NOT NULL"),
            postgresql_where=text("withdrawn_at IS NOT NULL AND first_attended_on IS NOT NULL"),
        ),
        Index(
            "ix_enrolment_staff",
            "part",
            sqlite_where=text("part != 'learner'"),
            postgresql_where=text("part != 'learner'"),
        ),
        Index(None, "first_attended_on", "offering_id", "person_id"),
        # The rungs below attendance, a year at a time; both grow at their end, so a sign-up pays little for them.
        Index(None, "applied_on", "offering_id", "person_id"),
        Index(
            "ix_enrolment_registered", "registered_on", "offering_id", "person_id", "withdrawn_on", "first_attended_on"
        ),
        Index(None, "completed_on", "offering_id", "person_id"),
        CheckConstraint("(registered_on IS NULL) = (place_number IS NULL)", name="place_numbered"),
        CheckConstraint("first_attended_on IS NULL OR registered_on IS NOT NULL", name="attended_registered"),
        CheckConstraint("completed_on IS NULL OR first_attended_on IS NOT NULL", name="completed_attended"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_on IS NULL)", name="withdrawn_dated"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    part: Mapped[str] = mapped_column(String(10), default="learner")  # learner, or staff on duty (R2)
    source: Mapped[str] = mapped_column(String(10))
    applied_at: Mapped[datetime] = mapped_column(Stamp)
    applied_on: Mapped[date]
    waitlisted_at: Mapped[datetime | None] = mapped_column(Stamp)  # joined the queue
    registered_at: Mapped[datetime | None] = mapped_column(Stamp)
    registered_on: Mapped[date | None]
    place_number: Mapped[int | None]  # the place taken at confirmation: 第 18 名
    withdrawn_at: Mapped[datetime | None] = mapped_column(Stamp)
    withdrawn_on: Mapped[date | None]
    first_attended_on: Mapped[date | None]  # decides the year of the person-time (R7)
    completed_on: Mapped[date | None]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    completed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_batch.id"), index=True)  # made by this ledger

    offering: Mapped[Offering] = relationship()
    person: Mapped[Person] = relationship()
    made_by: Mapped[Account | None] = relationship(foreign_keys=[made_by_id])
    withdrawn_by: Mapped[Account | None] = relationship(foreign_keys=[withdrawn_by_id])
    hours: Mapped[list[AttendedHours]] = relationship(back_populates="enrolment", order_by="AttendedHours.month_on")

    # -- questions ---------------------------------------------------------

    @classmethod
    def is_waiting(cls) -> Any:
        """In the queue, as a condition for queries."""
        return and_(cls.waitlisted_at.is_not(None), cls.registered_on.is_(None), cls.withdrawn_at.is_(None))

    @property
    def waits(self) -> bool:
        return self.waitlisted_at is not None and self.registered_on is None and self.withdrawn_at is None

    def rank(self) -> int:
        """候补第 n 位, from 1."""
        ahead = db.session.scalar(
            db.select(db.func.count())
            .select_from(Enrolment)
            .where(
                Enrolment.offering_id == self.offering_id,
                Enrolment.is_waiting(),
                db.tuple_(Enrolment.waitlisted_at, Enrolment.id)
                < db.tuple_(db.literal(self.waitlisted_at, Stamp), db.literal(self.id)),
            )
        )
        return (ahead or 0) + 1

    @property
    def class_hours(self) -> Decimal:
        """All class hours attended."""
        return sum((row.class_hours for row in self.hours), Decimal(0))

    def state(self, on: date | None = None) -> str:
        """A key of STATES on a civil day (today when not given)."""
        if self.completed_on is not None:
            return "completed"
        if self.withdrawn_at is not None:
            return "left" if self.first_attended_on is not None else "cancelled"
        if self.first_attended_on is not None:
            return "not_completed" if self.offering.ends_on < (on or today()) else "attending"
        if self.registered_on is not None:
            return "registered"
        return "waiting" if self.waitlisted_at is not None else "applied"

    def when(self, at: datetime) -> str:
        """``waiting``, ``coming`` or ``past``, as its learner sees it."""
        offering = self.offering
        if self.withdrawn_at is not None or self.completed_on is not None or offering.cancelled_at is not None:
            return "past"
        if offering.ends_on < civil(at).date():
            return "past"
        return "waiting" if self.waits else "coming"

    def may_leave(self, at: datetime) -> bool:
        """May its learner still withdraw? Until the last lesson begins."""
        return self.when(at) != "past" and at < self.offering.last_begins_at

    # -- verbs -------------------------------------------------------------

    def leave(self, *, by: Account, at: datetime) -> None:
        """The learner's own withdrawal; twice is once. Raises ``too-late-to-leave``."""
        self.offering.lock()
        db.session.refresh(self)
        if self.withdrawn_at is None and not self.may_leave(at):
            raise Refusal("too-late-to-leave", N_("这个班已经上完、结业或取消，不用再退了。有疑问请打电话问机构。"))
        self.offering.withdraw(self, by=by, at=at)

    @classmethod
    def note(cls, **facts: Any) -> Enrolment:
        """A new row by its columns; only the offering calls this, under its lock.

        Written at once and past the unit of work, which takes longer for a
        single row: the lock is everybody's.
        """
        noted: Any = db.session.connection().execute(_NOTE, facts)
        made = cls(id=noted.inserted_primary_key[0], **facts)
        make_transient_to_detached(made)
        db.session.add(made)
        return made

    @staticmethod
    def place(at: datetime, number: int, on: date | None = None) -> dict[str, Any]:
        """The columns of a place that was taken."""
        return {"registered_at": at, "registered_on": on or civil(at).date(), "place_number": number}

    def register(self, at: datetime, number: int) -> None:
        """Leave the queue for a place; only the offering calls this, under its lock."""
        for name, value in self.place(at, number).items():
            setattr(self, name, value)

    def complete(self, on: date, *, by: Account | None, day: date) -> None:
        """Completed on a date that the clerk enters; never inferred (R9).

        Raises ``not-attended``, ``completion-date`` or ``already-withdrawn``.
        ``day`` is today.
        """
        self._refresh_under_lock()
        if self.withdrawn_at is not None:
            raise Refusal("already-withdrawn", N_("%(name)s已经退班，不能登记结业。"), name=self.person.name)
        if self.first_attended_on is None:
            raise Refusal("not-attended", N_("%(name)s没有到课记录，不能登记结业。请先补点名。"), name=self.person.name)
        if not self.first_attended_on <= on <= min(day, self.offering.ends_on):
            raise Refusal(
                "completion-date",
                N_("%(name)s的结业日期要在首次到课（%(first)s）和结班日期（%(end)s）之间，也不能晚于今天。"),
                name=self.person.name,
                first=self.first_attended_on,
                end=self.offering.ends_on,
            )
        self.completed_on, self.completed_by_id = on, by.id if by else None
        db.session.flush()

    def undo_completion(self) -> None:
        self._refresh_under_lock()
        self.completed_on = self.completed_by_id = None
        db.session.flush()

    def _refresh_under_lock(self) -> None:
        # A withdrawal or a corrected roll at the same moment waits for its turn, and is seen.
        self.offering.lock()
        db.session.refresh(self)


_NOTE = db.insert(Enrolment.__table__)


def _offering_of_sign_up(context: Any) -> Any:
    row = context.get_current_parameters()
    return context.connection.scalar(db.select(Enrolment.offering_id).where(Enrolment.id == row["enrolment_id"]))


class AttendedHours(Base):
    """Class hours that one sign-up attended in one month: hours belong to their lesson's date (R9)."""

    __tablename__ = "attended_hours"
    __table_args__ = (
        CheckConstraint("class_hours > 0", name="hours_positive"),
        Index(None, "month_on", "offering_id", "class_hours"),
    )

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), primary_key=True)
    month_on: Mapped[date] = mapped_column(primary_key=True)  # the first day of the month
    # The sign-up's, never another: a year of 800,000 rows by offering took 990 ms over the sign-ups, 120 ms so.
    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"), default=_offering_of_sign_up)
    class_hours: Mapped[Decimal] = mapped_column(Hours)

    enrolment: Mapped[Enrolment] = relationship(back_populates="hours")


class OfferingHours(Base):
    """The class hours of one offering's sign-ups in one month, all together.

    Written by `attended.tally_hours` alone. Added up anew for every page, two
    years of a large registry took a quarter of the page's time.
    """

    __tablename__ = "offering_hours"
    __table_args__ = (
        CheckConstraint("class_hours > 0", name="hours_positive"),
        Index(None, "month_on", "offering_id", "class_hours"),
    )

    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"), primary_key=True)
    month_on: Mapped[date] = mapped_column(primary_key=True)  # the first day of the month
    class_hours: Mapped[Decimal] = mapped_column(Hours)
