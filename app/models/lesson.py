"""One meeting of an offering: a civil date, from a time to a time, and the roll that was taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clock import civil, instant
from app.database import Base, Hours, Stamp, db, forget_loaded
from app.models.account import Account
from app.models.attendance import PRESENT, STATUSES, Mark
from app.models.enrolment import AttendedHours, Enrolment
from app.models.offering import Offering, OfferingTrainer
from app.models.rules import CLASS_HOUR_MINUTES
from app.refusal import N_, Refusal

WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
MORNING, AFTERNOON, EVENING = 1, 2, 4


class Lesson(Base):
    __tablename__ = "lesson"
    __table_args__ = (
        CheckConstraint("begins < ends", name="times_in_order"),
        CheckConstraint("class_hours > 0", name="hours_positive"),
        Index(None, "offering_id", "held_on"),
        Index(None, "held_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"))
    held_on: Mapped[date]
    begins: Mapped[time]
    ends: Mapped[time]
    class_hours: Mapped[Decimal] = mapped_column(Hours)
    room: Mapped[str] = mapped_column(String(60), default="")  # empty: the offering's
    roll_version: Mapped[int] = mapped_column(default=0)  # grows with every saved roll
    roll_taken_at: Mapped[datetime | None] = mapped_column(Stamp)

    offering: Mapped[Offering] = relationship(back_populates="lessons")

    # -- questions ---------------------------------------------------------

    @property
    def begins_at(self) -> datetime:
        return instant(self.held_on, self.begins)

    @property
    def number(self) -> int:
        """第 n 次, from 1."""
        return [lesson.id for lesson in self.offering.lessons].index(self.id) + 1

    def roster(self) -> list[Enrolment]:
        """Who is to be called: registered by that day and not gone before it, in the order of their places."""
        return list(
            db.session.scalars(
                db.select(Enrolment)
                .where(
                    Enrolment.offering_id == self.offering_id,
                    Enrolment.registered_on.is_not(None),
                    Enrolment.registered_on <= self.held_on,
                    (Enrolment.withdrawn_on.is_(None)) | (Enrolment.withdrawn_on > self.held_on),
                )
                .options(db.joinedload(Enrolment.person))
                .order_by(Enrolment.place_number, Enrolment.id)
            )
        )

    def marks(self) -> dict[int, Mark]:
        """The current mark of each sign-up that has one."""
        found = db.session.scalars(db.select(Mark).where(Mark.lesson_id == self.id, Mark.superseded_at.is_(None)))
        return {mark.enrolment_id: mark for mark in found}

    # -- verbs -------------------------------------------------------------

    def take_roll(
        self,
        said: Mapping[int, str],
        *,
        by: Account | None,
        at: datetime,
        base_version: int,
        reason: str = "",
    ) -> int:
        """Save what was said of each sign-up (enrolment id → key of STATUSES); returns how many marks changed.

        Sending the same roll twice changes nothing. Raises ``roll-stale``
        (somebody saved another version meanwhile; ``values['theirs']`` holds
        it), ``lesson-not-begun``, ``reason-needed`` (from the next day on),
        ``not-on-roster``, ``status-unknown`` or ``offering-cancelled``.
        """
        self.offering.lock()
        db.session.refresh(self)
        if self.offering.cancelled_at is not None and self.begins_at >= self.offering.cancelled_at:
            raise Refusal("offering-cancelled", N_("这个班在这次课之前已取消，不能点名。"))
        if self.held_on > civil(at).date():
            raise Refusal("lesson-not-begun", N_("还没到上课的日子（%(day)s），不能点名。"), day=self.held_on)
        current = self.marks()
        changes = self._changes(said, current)
        if not changes:
            return 0
        if base_version != self.roll_version:
            raise Refusal(
                "roll-stale",
                N_("别人刚保存过这次点名，您的还没有保存。下面并排列出两份，请核对后再保存。"),
                theirs={i: mark.status for i, mark in current.items()},
            )
        corrects = any(i in current for i in changes)
        if corrects and self.held_on < civil(at).date() and not reason.strip():
            raise Refusal("reason-needed", N_("改动以前的点名要写明原因，例如“补交假条”。"))
        self._write(changes, current, by, at, reason.strip())
        return len(changes)

    def reschedule(self, held_on: date, begins: time, ends: time, room: str = "") -> None:
        """Move a lesson whose roll is not taken. Raises ``roll-taken`` or ``times-in-order``."""
        if self.roll_version:
            raise Refusal("roll-taken", N_("这次课已经点过名，不能改时间。"))
        require_times(begins, ends)
        self.held_on, self.begins, self.ends, self.room = held_on, begins, ends, room
        self.class_hours = class_hours_between(begins, ends)
        db.session.flush()
        note_timetable(self.offering)

    def remove(self) -> None:
        """Raises ``roll-taken`` or ``last-lesson``."""
        if self.roll_version:
            raise Refusal("roll-taken", N_("这次课已经点过名，不能删除。"))
        if self.offering.published_at is not None and len(self.offering.lessons) == 1:
            raise Refusal("last-lesson", N_("已发布的班至少要有一次课。要停办请取消这个班，并写明原因。"))
        offering = self.offering
        offering.lessons.remove(self)
        db.session.delete(self)
        db.session.flush()
        note_timetable(offering)

    # -- steps -------------------------------------------------------------

    def _changes(self, said: Mapping[int, str], current: Mapping[int, Mark]) -> dict[int, str]:
        roster = {enrolment.id for enrolment in self.roster()} | current.keys()
        for enrolment_id, status in said.items():
            if enrolment_id not in roster:
                raise Refusal("not-on-roster", N_("名单里有一位已不在这个班，请刷新页面后再点名。"))
            if status not in STATUSES:
                raise Refusal("status-unknown", N_("点名只能选：出勤、迟到、早退、请假、缺勤。"))
        return {i: status for i, status in said.items() if i not in current or current[i].status != status}

    def _write(
        self, changes: Mapping[int, str], current: Mapping[int, Mark], by: Account | None, at: datetime, reason: str
    ) -> None:
        gone = [current[i].id for i in changes if i in current]
        if gone:
            db.session.execute(db.update(Mark).where(Mark.id.in_(gone)).values(superseded_at=at))
        db.session.execute(
            db.insert(Mark),
            [
                {
                    "lesson_id": self.id,
                    "enrolment_id": i,
                    "status": status,
                    "reason": reason,
                    "marked_at": at,
                    "marked_by_id": by.id if by else None,
                }
                for i, status in changes.items()
            ],
        )
        self.roll_version += 1
        self.roll_taken_at = at
        db.session.flush()
        note_attendance(list(changes))


def note_attendance(enrolment_ids: list[int]) -> None:
    """Read first attendance and hours of these sign-ups anew from their current marks (R7, R9)."""
    attended: dict[int, dict[date, Decimal]] = {i: {} for i in enrolment_ids}
    rows = db.session.execute(
        db.select(Mark.enrolment_id, Lesson.held_on, Lesson.class_hours)
        .join(Lesson, Lesson.id == Mark.lesson_id)
        .where(Mark.enrolment_id.in_(enrolment_ids), Mark.superseded_at.is_(None), Mark.status.in_(PRESENT))
    )
    firsts: dict[int, date] = {}
    for enrolment_id, held_on, hours in rows:
        month = held_on.replace(day=1)
        attended[enrolment_id][month] = attended[enrolment_id].get(month, Decimal(0)) + hours
        firsts[enrolment_id] = min(held_on, firsts.get(enrolment_id, held_on))
    completed = db.session.scalar(
        db.select(db.func.count())
        .select_from(Enrolment)
        .where(Enrolment.id.in_(set(enrolment_ids) - firsts.keys()), Enrolment.completed_on.is_not(None))
    )
    if completed:
        raise Refusal("completed-needs-attendance", N_("有学员已登记结业，不能把他的到课全部改掉。请先撤销结业。"))
    table = Enrolment.__table__
    db.session.execute(
        db.update(table).where(table.c.id == db.bindparam("row")).values(first_attended_on=db.bindparam("first")),
        [{"row": i, "first": firsts.get(i)} for i in enrolment_ids],
    )
    db.session.execute(
        db.delete(AttendedHours).where(AttendedHours.enrolment_id.in_(enrolment_ids)),
        execution_options={"synchronize_session": False},
    )
    fresh = [
        {"enrolment_id": i, "month_on": month, "class_hours": hours}
        for i, months in attended.items()
        for month, hours in months.items()
    ]
    if fresh:
        db.session.execute(db.insert(AttendedHours), fresh)
    forget_loaded(Enrolment, enrolment_ids)


def weekly(first_on: date, weekdays: set[int], begins: time, ends: time, count: int) -> list[tuple[date, time, time]]:
    """``count`` meetings on these weekdays (0 Monday … 6 Sunday), from ``first_on`` on, that day included."""
    require_times(begins, ends)
    if not weekdays or count < 1:
        raise Refusal("schedule-empty", N_("请至少选一个星期几，课次至少 1 次。"))
    days: list[tuple[date, time, time]] = []
    day = first_on
    while len(days) < count:
        if day.weekday() in weekdays:
            days.append((day, begins, ends))
        day += timedelta(1)
    return days


def schedule(offering: Offering, meetings: list[tuple[date, time, time]]) -> list[Lesson]:
    """Add lessons to the offering."""
    lessons = []
    for held_on, begins, ends in meetings:
        require_times(begins, ends)
        lessons.append(
            Lesson(
                offering=offering,
                held_on=held_on,
                begins=begins,
                ends=ends,
                class_hours=class_hours_between(begins, ends),
            )
        )
    db.session.add_all(lessons)
    db.session.flush()
    note_timetable(offering)
    return lessons


def note_timetable(offering: Offering) -> None:
    """Keep on the offering what lists show and filter by, read from its lessons."""
    lessons = sorted(offering.lessons, key=lambda lesson: (lesson.held_on, lesson.begins))
    if not lessons:
        offering.first_begins_at = instant(offering.starts_on, time(0))
        offering.last_begins_at = instant(offering.ends_on, time(23, 59))
        offering.weekdays, offering.times_of_day, offering.timetable = 0, 0, ""
        return
    offering.starts_on, offering.ends_on = lessons[0].held_on, lessons[-1].held_on
    offering.first_begins_at, offering.last_begins_at = lessons[0].begins_at, lessons[-1].begins_at
    offering.weekdays = offering.times_of_day = 0
    for lesson in lessons:
        offering.weekdays |= 1 << lesson.held_on.weekday()
        offering.times_of_day |= time_of_day(lesson.begins)
    offering.timetable = _in_words(lessons)
    db.session.flush()


def _in_words(lessons: list[Lesson]) -> str:
    """每周二、四 9:00–10:30，共 16 次"""
    days = sorted({lesson.held_on.weekday() for lesson in lessons})
    times = {(lesson.begins, lesson.ends) for lesson in lessons}
    if len(lessons) == 1:
        only = lessons[0]
        return f"{only.held_on.month}月{only.held_on.day}日 {clock(only.begins)}–{clock(only.ends)}，共 1 次"
    begins, ends = min(times)
    hours = f"{clock(begins)}–{clock(ends)}" if len(times) == 1 else f"{clock(begins)} 起，时间不一"
    names = WEEKDAYS[days[0]] + "".join(f"、{WEEKDAYS[d][1:]}" for d in days[1:])
    return f"每{names} {hours}，共 {len(lessons)} 次"


def clock(at: time) -> str:
    return f"{at.hour}:{at.minute:02d}"


def time_of_day(at: time) -> int:
    """Morning before 12, afternoon before 17:30, then evening."""
    return MORNING if at < time(12) else AFTERNOON if at < time(17, 30) else EVENING


def class_hours_between(begins: time, ends: time) -> Decimal:
    """Class hours of 45 minutes, to two places."""
    minutes = (ends.hour - begins.hour) * 60 + ends.minute - begins.minute
    return (Decimal(minutes) / CLASS_HOUR_MINUTES).quantize(Decimal("0.01"))


def require_times(begins: time, ends: time) -> None:
    if begins >= ends:
        raise Refusal("times-in-order", N_("下课时间要晚于上课时间。"))


def clashes(offering: Offering) -> list[tuple[Lesson, Lesson, str]]:
    """Lessons of other offerings at the same time with the same trainer (``trainer``) or room (``room``)."""
    other, other_offering = db.aliased(Lesson), db.aliased(Offering)
    shared_trainer = (
        db.select(OfferingTrainer.account_id)
        .where(OfferingTrainer.offering_id == other_offering.id)
        .where(
            OfferingTrainer.account_id.in_(
                db.select(OfferingTrainer.account_id).where(OfferingTrainer.offering_id == offering.id)
            )
        )
        .exists()
    )
    rows: list[Any] = list(
        db.session.execute(
            db.select(Lesson, other, shared_trainer)
            .join(
                other, db.and_(other.held_on == Lesson.held_on, other.begins < Lesson.ends, other.ends > Lesson.begins)
            )
            .join(other_offering, other_offering.id == other.offering_id)
            .where(Lesson.offering_id == offering.id, other.offering_id != offering.id)
            .where(other_offering.cancelled_at.is_(None))
            .order_by(Lesson.held_on, Lesson.begins)
        )
    )
    found = []
    for mine, theirs, same_trainer in rows:
        if same_trainer:
            found.append((mine, theirs, "trainer"))
        elif _room(mine) and _room(mine) == _room(theirs):
            found.append((mine, theirs, "room"))
    return found


def _room(lesson: Lesson) -> tuple[int, str] | None:
    name = lesson.room or lesson.offering.room
    return (lesson.offering.provider_id, name) if name else None
