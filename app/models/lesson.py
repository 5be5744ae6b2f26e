"""One meeting of an offering: a civil date, from a time to a time, and the roll that was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, and_, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from app.clock import civil, instant, now
from app.database import Base, Hours, Stamp, at_most, db, row_id
from app.models.account import Account
from app.models.attendance import PRESENT, STATUSES, Mark, Observation
from app.models.attended import note_attendance, run_past_objects
from app.models.certificate import Certificate
from app.models.enrolment import Enrolment
from app.models.identity_number import normalise_name
from app.models.nameless import is_counted, settle_after_roll
from app.models.offering import Offering, OfferingTrainer
from app.models.person import Person, settle_identities
from app.models.timetable import class_hours_between, note_timetable, refuse_if_cancelled, require_times
from app.refusal import N_, Refusal


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
        return 1 + sum(_in_order(lesson) < _in_order(self) for lesson in self.offering.lessons)

    @classmethod
    def timetable(cls, trainer: Account, first: date, last: date) -> list[Lesson]:
        """This trainer's published lessons of these days, both included, in their order."""
        return list(
            db.session.scalars(
                cls._announced(trainer)
                .where(cls.held_on.between(first, last))
                .order_by(cls.held_on, cls.begins, cls.id)
            )
        )

    @classmethod
    def uncalled(cls, trainer: Account, before: date, most: int = 30) -> list[Lesson]:
        """Past lessons of this trainer at which somebody is still unmarked, the newest first."""
        missing = (
            db.select(Enrolment.id).where(cls._could_come(), ~db.select(Mark.id).where(cls._said()).exists()).exists()
        )
        found = db.session.scalars(
            cls._announced(trainer)
            .where(cls.held_on < before, missing)
            .order_by(cls.held_on.desc(), cls.begins.desc(), cls.id)
        )
        return [lesson for lesson in found if not lesson.was_cancelled()][:most]

    @classmethod
    def tallies(cls, lessons: Sequence[Lesson]) -> dict[int, tuple[int, int]]:
        """Lesson id → how many are to be called, how many of them are marked."""
        rows = db.session.execute(
            db.select(cls.id, db.func.count(Enrolment.id), db.func.count(Mark.id))
            .join(Enrolment, cls._could_come())
            .outerjoin(Mark, cls._said())
            .where(cls.id.in_([lesson.id for lesson in lessons]))
            .group_by(cls.id)
        )
        return {lesson_id: (called, marked) for lesson_id, called, marked in rows}

    def roster(self) -> list[Enrolment]:
        """Who is to be called, in the order of their places: see ``_is_called``."""
        return list(
            db.session.scalars(
                db.select(Enrolment)
                .where(*self._is_called())
                .options(db.joinedload(Enrolment.person))
                .order_by(Enrolment.place_number, Enrolment.id)
            )
        )

    def now_marked(self) -> dict[int, str]:
        """What the roll says now: enrolment id → key of STATUSES, for each sign-up that was ever marked."""
        rows = run_past_objects(
            db.select(Mark.enrolment_id, Mark.status).where(Mark.lesson_id == self.id, Mark.superseded_at.is_(None))
        )
        return dict(rows.all())

    def named_present(self) -> int:
        """How many people with a name are marked as having been here (R13)."""
        return sum(status in PRESENT for status in self.now_marked().values())

    def marks(self) -> dict[int, Mark]:
        """The current mark of each sign-up that has one."""
        found = db.session.scalars(db.select(Mark).where(Mark.lesson_id == self.id, Mark.superseded_at.is_(None)))
        return {mark.enrolment_id: mark for mark in found}

    def history(self) -> list[Mark]:
        """Every mark ever made at this lesson, person after person, the newest first."""
        return list(
            db.session.scalars(
                db.select(Mark)
                .join(Enrolment, Enrolment.id == Mark.enrolment_id)
                .where(Enrolment.offering_id == self.offering_id, Mark.lesson_id == self.id)
                .options(
                    db.joinedload(Mark.enrolment).joinedload(Enrolment.person),
                    db.joinedload(Mark.marked_by),
                )
                .order_by(Enrolment.place_number, Enrolment.id, Mark.id.desc())
            )
        )

    def last_mark(self) -> Mark | None:
        """The newest mark: who saved this roll last, and when."""
        return db.session.scalar(
            db.select(Mark)
            .where(Mark.lesson_id == self.id, Mark.superseded_at.is_(None))
            .options(db.joinedload(Mark.marked_by))
            .order_by(Mark.marked_at.desc(), Mark.id.desc())
            .limit(at_most(1))
        )

    def observations(self) -> list[Observation]:
        """Who came to this lesson and found no place."""
        return list(
            db.session.scalars(db.select(Observation).where(Observation.lesson_id == self.id).order_by(Observation.id))
        )

    def was_cancelled(self) -> bool:
        """Its offering was cancelled before this lesson began (R10)."""
        return self.offering.cancelled_at is not None and self.begins_at >= self.offering.cancelled_at

    def refuse_unless_held(self, at: datetime) -> None:
        """Raises ``offering-cancelled`` or ``lesson-not-begun`` when there is nothing to call yet, or ever (R10)."""
        if self.was_cancelled():
            raise Refusal("offering-cancelled", N_("这个班在这次课之前已取消，不能点名。"))
        if self.held_on > civil(at).date():
            raise Refusal("lesson-not-begun", N_("还没到上课的日子（%(day)s），不能点名。"), day=self.held_on)

    def wants_reason(self, at: datetime) -> bool:
        """From the next day on, whoever changes a mark says why."""
        return self.held_on < civil(at).date()

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

        What stands already, sent again, changes nothing, from whatever
        version. Anything else sent from an old version is refused whole, even
        where the two touch different people: whoever called a name ought to
        see what the other one said. Raises ``roll-stale`` (``values['theirs']``
        and ``values['version']`` hold what stands), ``lesson-not-begun``, ``reason-needed``,
        ``not-on-roster``, ``status-unknown``, ``offering-cancelled`` or
        ``completed-needs-attendance``.
        """
        self._lock()
        self.refuse_unless_held(at)
        now_marked = self.now_marked()
        changes = self._changes(said, now_marked)
        if not changes:
            return 0
        if base_version != self.roll_version:
            raise Refusal(
                "roll-stale",
                N_("别人刚保存过这次点名，您的还没有保存。下面并排列出两份，请核对后再保存。"),
                theirs=now_marked,
                version=self.roll_version,
            )
        corrects = any(i in now_marked for i in changes)
        if corrects and self.wants_reason(at) and not reason.strip():
            raise Refusal("reason-needed", N_("改动以前的点名要写明原因，例如“补交假条”。"))
        self.roll_taken_at = at
        self._write(changes, by, at, reason.strip())
        return len(changes)

    def walk_in(
        self,
        name: str,
        *,
        by: Account | None,
        at: datetime,
        mobile: str | None = None,
        birth_on: date | None = None,
        namesake: bool = False,
    ) -> Enrolment | Observation:
        """Somebody came without a sign-up: a free place and a mark of presence, else an Observation (R12).

        The roll counts as taken only once somebody saves it. Raises
        ``name-on-roll`` (unless ``namesake`` says it is another one of that
        name), ``lesson-not-begun``, ``offering-cancelled``,
        ``trainer-no-learner`` or ``already-enrolled``.
        """
        self._lock()
        self.refuse_unless_held(at)
        if not namesake:
            self._refuse_if_called(name)
        if not self.offering.has_free_place():
            seen = Observation(lesson=self, name=name.strip(), mobile=mobile, birth_on=birth_on, seen_at=at, seen_by=by)
            db.session.add(seen)
            db.session.flush()
            return seen
        person = Person(
            name=name,
            mobile=mobile,
            birth_on=birth_on,
            keeper_provider_id=self.offering.provider_id,
            made_at=at,
            is_demo=self.offering.is_demo,
        )
        db.session.add(person)
        db.session.flush()
        settle_identities([person.id])
        db.session.refresh(person)
        enrolment = self.offering.enrol_at_lesson(person, self, by=by, at=at)
        self._write({enrolment.id: "present"}, by, at, "")
        return enrolment

    def reschedule(self, held_on: date, begins: time, ends: time, room: str = "") -> None:
        """Move a lesson. Raises ``roll-taken``, ``offering-cancelled``, ``times-in-order`` or ``dates-contradict``."""
        self._lock()
        refuse_if_cancelled(self.offering)
        if self.roll_version or is_counted(self.id):
            raise Refusal("roll-taken", N_("这次课已经点过名，不能改时间。"))
        require_times(begins, ends, held_on)
        self.held_on, self.begins, self.ends, self.room = held_on, begins, ends, room
        self.class_hours = class_hours_between(begins, ends, held_on)
        db.session.flush()
        _move_dates(self.offering)
        self.offering.promote(now())  # the first day decides the age, the last lesson ends the queue

    def remove(self) -> None:
        """Raises ``roll-taken``, ``offering-cancelled``, ``last-lesson`` or ``dates-contradict``."""
        self._lock()
        refuse_if_cancelled(self.offering)
        if self.roll_version or is_counted(self.id):
            raise Refusal("roll-taken", N_("这次课已经点过名，不能删除。"))
        if self.offering.published_at is not None and len(self.offering.lessons) == 1:
            raise Refusal("last-lesson", N_("已发布的班至少要有一次课。要停办请取消这个班，并写明原因。"))
        offering = self.offering
        offering.lessons.remove(self)
        db.session.delete(self)
        db.session.flush()
        _move_dates(offering)
        offering.promote(now())

    # -- steps -------------------------------------------------------------

    def _lock(self) -> None:
        """Under the offering's lock, as sign-ups are: a roll and a withdrawal do not pass each other.

        The lesson is read after the lock is held, by a statement of its own:
        joined to the locking one it could be older than the lock on
        PostgreSQL. Raises ``lesson-gone``.
        """
        db.session.flush()
        mine = db.select(Lesson.offering_id).where(Lesson.id == row_id(self)).scalar_subquery()
        offering = db.session.scalar(
            db.select(Offering).where(Offering.id == mine).with_for_update(),
            execution_options={"populate_existing": True},
        )
        if offering is None:
            raise Refusal("lesson-gone", N_("这次课刚被教务删除了。请回到“今天的课”重新打开。"))
        db.session.refresh(self)
        set_committed_value(self, "offering", offering)

    @classmethod
    def _announced(cls, trainer: Account) -> Any:
        return (
            db.select(cls)
            .join(Offering, Offering.id == cls.offering_id)
            .where(cls.offering_id.in_(OfferingTrainer.taught_by(trainer)), Offering.published_at.is_not(None))
            .options(
                db.contains_eager(cls.offering).selectinload(Offering.lessons),
                db.contains_eager(cls.offering).joinedload(Offering.course),
            )
        )

    @classmethod
    def _could_come(cls) -> Any:
        """``_is_called`` for many lessons at once; whoever left on the very day is not waited for."""
        return and_(
            Enrolment.offering_id == cls.offering_id,
            Enrolment.registered_on <= cls.held_on,
            or_(Enrolment.withdrawn_on.is_(None), Enrolment.withdrawn_on > cls.held_on),
        )

    @classmethod
    def _said(cls) -> Any:
        """The current mark of a sign-up at a lesson, if it says anything."""
        return and_(
            Mark.lesson_id == cls.id,
            Mark.enrolment_id == Enrolment.id,
            Mark.superseded_at.is_(None),
            Mark.status != "unmarked",
        )

    def _is_called(self) -> tuple[Any, ...]:
        """Registered by that day and not gone before it began; or marked already, whatever came after."""
        marked = (
            db.select(Mark.id)
            .where(Mark.lesson_id == self.id, Mark.enrolment_id == Enrolment.id, Mark.superseded_at.is_(None))
            .exists()
        )
        stayed = or_(
            Enrolment.withdrawn_on.is_(None),
            Enrolment.withdrawn_on > self.held_on,
            and_(Enrolment.withdrawn_on == self.held_on, Enrolment.withdrawn_at > self.begins_at),
        )
        return Enrolment.offering_id == self.offering_id, or_(
            and_(Enrolment.registered_on <= self.held_on, stayed), marked
        )

    def _refuse_if_called(self, name: str) -> None:
        same = db.session.scalar(
            db.select(Person.id)
            .join(Enrolment, Enrolment.person_id == Person.id)
            .where(*self._is_called(), Person.name_key == normalise_name(name))
            .limit(at_most(1))
        )
        if same is not None:
            raise Refusal(
                "name-on-roll",
                N_("名单里已有一位%(name)s。是同一人，请回去直接点名；是另一位同名的人，请勾选“是另一位”再交。"),
                name=name.strip(),
            )

    def _changes(self, said: Mapping[int, str], now_marked: Mapping[int, str]) -> dict[int, str]:
        called = set(run_past_objects(db.select(Enrolment.id).where(*self._is_called())).scalars())
        for enrolment_id, status in said.items():
            if enrolment_id not in called:
                raise Refusal("not-on-roster", N_("名单里有一位已不在这个班，请刷新页面后再点名。"))
            if status not in STATUSES:
                raise Refusal("status-unknown", N_("点名只能选：出勤、迟到、早退、请假、缺勤。"))
        return {i: status for i, status in said.items() if now_marked.get(i, "unmarked") != status}

    def _write(self, changes: Mapping[int, str], by: Account | None, at: datetime, reason: str) -> None:
        table = Mark.__table__
        run_past_objects(
            db.update(table)
            .where(table.c.lesson_id == self.id, table.c.superseded_at.is_(None))
            .where(table.c.enrolment_id.in_(list(changes)))
            .values(superseded_at=at)
        )
        said_by = row_id(by) if by else None
        common = {"lesson_id": self.id, "reason": reason, "marked_at": at, "marked_by_id": said_by}
        run_past_objects(
            db.insert(table),
            [{**common, "enrolment_id": i, "status": status} for i, status in changes.items()],
        )
        self.roll_version += 1
        db.session.flush()
        note_attendance(list(changes))
        settle_after_roll(self.id, self.offering_id)


def _move_dates(offering: Offering) -> None:
    """Read its first and last day anew from its lessons.

    Raises ``dates-contradict`` when what is written down of its learners
    would then lie outside: its own ledger would be sent back.
    """
    first, last = offering.starts_on, offering.ends_on
    note_timetable(offering)
    outside = []
    if offering.starts_on > first:
        issued = db.select(db.func.min(Certificate.issued_on)).join(Certificate.enrolment)
        outside.append((issued.where(Enrolment.offering_id == offering.id), offering.starts_on.__gt__))
        outside += [(_day_of(offering, db.func.min, fact), offering.starts_on.__gt__) for fact in _DATED]
    if offering.ends_on < last:  # a certificate may come later
        outside += [(_day_of(offering, db.func.max, fact), offering.ends_on.__lt__) for fact in _DATED]
    for query, contradicts in outside:
        day = db.session.scalar(query)
        if day is not None and contradicts(day):
            raise Refusal(
                "dates-contradict",
                N_(
                    "这样改，这个班就成了 %(first)s 至 %(last)s，而有学员登记的到课、结业或发证日期是 %(day)s。"
                    "请先核对那个日期，或不动这次课。"
                ),
                first=offering.starts_on,
                last=offering.ends_on,
                day=day,
            )


_DATED = (Enrolment.first_attended_on, Enrolment.completed_on)


def _day_of(offering: Offering, edge: Any, fact: Any) -> Any:
    return db.select(edge(fact)).where(Enrolment.offering_id == offering.id)


def _in_order(lesson: Lesson) -> tuple[date, time, int]:
    return lesson.held_on, lesson.begins, lesson.id
