"""One run of a course: who may come in, who is in, who waits. Every way in goes through `enrol`.

One lock per offering: the writer's `BEGIN IMMEDIATE` on SQLite, `FOR
UPDATE` on PostgreSQL. Under it `places_taken` moves by one statement that
looks and takes at once, bounded by a CHECK.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, and_, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates
from sqlalchemy.orm.attributes import set_committed_value

from app.clock import civil, now
from app.database import Base, Hours, Stamp, db, first_lock_of, row_id
from app.models import describing, recording
from app.models.account import Account, AccountPerson
from app.models.attended import note_attendance
from app.models.certificate import Certificate
from app.models.course import Course
from app.models.enrolment import Enrolment
from app.models.identity_number import normalise_name
from app.models.person import Person, Somebody
from app.models.provider import Provider
from app.models.recording import Report, Terms
from app.models.timetable import note_timetable
from app.models.transfer import Transfer
from app.refusal import N_, Refusal

if TYPE_CHECKING:
    from app.models.lesson import Lesson

MODES: dict[str, str] = {"on_site": N_("线下"), "online": N_("线上")}
STANDINGS: dict[str, str] = {
    "draft": N_("草稿"),
    "published": N_("已发布"),
    "cancelled": N_("已取消"),
    "over": N_("已结束"),
}


class Offering(Base):
    __tablename__ = "offering"
    __table_args__ = (
        UniqueConstraint("provider_id", "number_key"),
        CheckConstraint("0 <= places_taken", name="places_not_negative"),
        CheckConstraint("capacity IS NULL OR places_taken <= capacity", name="places_within_capacity"),
        CheckConstraint("starts_on <= ends_on", name="dates_in_order"),
        CheckConstraint(
            "category IN ('community', 'elderly', 'rural', 'certificate', 'youth', 'workforce', 'teacher')",
            name="category_known",
        ),
        CheckConstraint("(cancelled_at IS NULL) = (cancel_reason IS NULL)", name="cancelled_with_reason"),
        Index(None, "starts_on", "id"),
        Index(None, "course_id"),
        Index(None, "ends_on", "starts_on"),
        Index("ix_offering_counted", "planned_hours", "category", "division_code", "provider_id"),
        Index(None, "signup_closes_at", "starts_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    number: Mapped[str] = mapped_column(String(40))
    number_key: Mapped[str] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(20))  # exactly one (R5)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    planned_hours: Mapped[Decimal] = mapped_column(Hours)  # class hours of 45 minutes
    division_code: Mapped[str] = mapped_column(String(6))
    mode: Mapped[str] = mapped_column(String(10), default="on_site")
    address: Mapped[str] = mapped_column(String(200), default="")
    room: Mapped[str] = mapped_column(String(60), default="")
    fee_cents: Mapped[int] = mapped_column(default=0)  # paid at the institution; nothing is paid here
    telephone: Mapped[str] = mapped_column(String(30), default="")
    bring: Mapped[str] = mapped_column(Text, default="")  # what to bring, and whatever else a learner should know
    capacity: Mapped[int | None]  # empty: no limit; 0 is 0
    places_taken: Mapped[int] = mapped_column(default=0)
    min_age: Mapped[int | None]
    max_age: Mapped[int | None]
    signup_opens_at: Mapped[datetime | None] = mapped_column(Stamp)  # empty: from publication
    signup_closes_at: Mapped[datetime | None] = mapped_column(Stamp)  # empty: until the first lesson begins
    published_at: Mapped[datetime | None] = mapped_column(Stamp)
    cancelled_at: Mapped[datetime | None] = mapped_column(Stamp)
    cancel_reason: Mapped[str | None] = mapped_column(String(200))
    # Kept by `note_timetable` from the lessons, so that lists need not read them.
    first_begins_at: Mapped[datetime] = mapped_column(Stamp)
    last_begins_at: Mapped[datetime] = mapped_column(Stamp)
    weekdays: Mapped[int] = mapped_column(default=0)  # bit 0 Monday … bit 6 Sunday
    times_of_day: Mapped[int] = mapped_column(default=0)  # 1 morning, 2 afternoon, 4 evening
    timetable: Mapped[str] = mapped_column(String(120), default="")  # 每周二 9:00–10:30，共 16 次
    search_text: Mapped[str] = mapped_column(Text, default="")  # words, pinyin and initials (app/search_words.py)
    is_demo: Mapped[bool] = mapped_column(default=False)

    course: Mapped[Course] = relationship()
    provider: Mapped[Provider] = relationship()
    lessons: Mapped[list[Lesson]] = relationship(back_populates="offering", order_by="Lesson.held_on, Lesson.begins")
    trainers: Mapped[list[OfferingTrainer]] = relationship(back_populates="offering")

    @validates("number")
    def _keep_key(self, _: str, number: str) -> str:
        self.number_key = normalise_name(number)
        return number

    # -- questions ---------------------------------------------------------

    @property
    def has_timetable(self) -> bool:
        """Are its lessons in the registry? Then their marks win over any ledger."""
        return self.timetable != ""

    @property
    def is_published(self) -> bool:
        return self.published_at is not None and self.cancelled_at is None

    def is_open(self, at: datetime) -> bool:
        """May people sign up now? The same as ``open_at`` for many."""
        opens, closes = self.signup_opens_at, self.signup_closes_at or self.first_begins_at
        return self.is_published and (opens is None or opens <= at) and at < closes

    def is_open_at_desk(self, at: datetime) -> bool:
        """The window is for the web; the desk may sign people up until the last lesson begins."""
        return self.is_published and at < self.last_begins_at

    @classmethod
    def open_at(cls, at: Any) -> Any:
        """``is_open`` as a condition for queries."""
        return and_(
            cls.published_at.is_not(None),
            cls.cancelled_at.is_(None),
            or_(cls.signup_opens_at.is_(None), cls.signup_opens_at <= at),
            db.func.coalesce(cls.signup_closes_at, cls.first_begins_at) > at,
        )

    def why_closed(self, at: datetime) -> Refusal | None:
        """What keeps people from signing up now, whoever they are; None when it is open."""
        if self.is_open(at):
            return None
        if self.cancelled_at is not None:
            return Refusal("offering-not-open", N_("这个班已取消，不能报名。可以看看同类的其他班。"))
        if self.published_at is None:
            return Refusal("offering-not-open", N_("这个班还没有发布，不能报名。"))
        if self.signup_opens_at is not None and at < self.signup_opens_at:
            return Refusal(
                "offering-not-open",
                N_("还没到报名时间，%(opens)s 开始报名。"),
                opens=f"{civil(self.signup_opens_at):%Y-%m-%d %H:%M}",
            )
        return Refusal("offering-not-open", N_("报名已经截止。想参加请打电话问机构，或看看同类的其他班。"))

    def standing(self, on: date) -> str:
        """A key of STANDINGS on a civil day. The same as ``stands`` for many."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.published_at is None:
            return "draft"
        return "over" if self.ends_on < on else "published"

    @classmethod
    def stands(cls, standing: str, on: date) -> Any:
        """``standing`` as a condition for queries."""
        if standing == "cancelled":
            return cls.cancelled_at.is_not(None)
        if standing == "draft":
            return and_(cls.published_at.is_(None), cls.cancelled_at.is_(None))
        ended = cls.ends_on < on if standing == "over" else cls.ends_on >= on
        return and_(cls.published_at.is_not(None), cls.cancelled_at.is_(None), ended)

    @property
    def lesson_hours(self) -> Decimal:
        """Class hours of all its lessons together; the plan may say otherwise, and the desk is told."""
        return sum((lesson.class_hours for lesson in self.lessons), Decimal(0))

    @property
    def places_left(self) -> int | None:
        """None when there is no limit."""
        return None if self.capacity is None else self.capacity - self.places_taken

    def has_free_place(self) -> bool:
        """A place that nobody in the queue has a better claim to. The same as ``with_free_place`` for many."""
        return self.places_left != 0 and self.queue_length() == 0

    @classmethod
    def with_free_place(cls) -> Any:
        """``has_free_place`` as a condition for queries."""
        waits = db.exists().where(Enrolment.offering_id == cls.id, Enrolment.is_waiting())
        return and_(or_(cls.capacity.is_(None), cls.places_taken < cls.capacity), ~waits)

    def suits_age(self, person: Somebody) -> bool:
        """Age on the first lesson's day (R16). An unknown birth date is let in; the desk asks."""
        age = person.age_on(self.starts_on)
        return age is None or not (
            (self.min_age is not None and age < self.min_age) or (self.max_age is not None and age > self.max_age)
        )

    def teaches(self, person: Person) -> bool:
        """Is this person one of the trainers? A trainer is no learner in their own offering (R2)."""
        return bool(db.session.scalar(_TEACHES, {"offering": self.id, "identity": person.identity}))

    def queue(self) -> list[Enrolment]:
        """Who waits, first come first."""
        return list(
            db.session.scalars(
                db.select(Enrolment).where(Enrolment.offering_id == self.id, Enrolment.is_waiting()).order_by(*_ORDER)
            )
        )

    def queue_length(self) -> int:
        return db.session.scalar(_QUEUE_LENGTH, {"offering": self.id}) or 0

    # -- verbs -------------------------------------------------------------

    @classmethod
    def draft(cls, course: Course, **facts: Any) -> Offering:
        """A new run of a course, not yet public; raises what ``describe`` raises."""
        offering = cls(provider_id=course.provider_id)
        offering.describe(**facts | {"course_id": course.id})
        db.session.add(offering)
        db.session.flush()
        return offering

    def describe(self, **facts: Any) -> None:
        """Set what the offering is; columns by their names, places apart (``change_capacity``).

        What already happened is not rewritten: raises ``offering-cancelled``,
        ``number-taken``, ``ages-in-order``, ``window-in-order``,
        ``dates-in-order``, ``dates-contradict`` (somebody attended outside
        them), ``course-fixed``, ``number-fixed`` or ``category-fixed`` (once
        somebody attended: R5, and the ledger finds an offering by its number)
        or ``hours-below-attended``.
        """
        if self.id is not None:
            self.lock()
        if self.cancelled_at is not None:
            raise Refusal("offering-cancelled", N_("这个班已取消，内容不能再改。"))
        if self.lessons:
            facts.pop("starts_on", None), facts.pop("ends_on", None)  # the lessons' dates are the dates
        describing.refuse(self, facts)
        for name, value in facts.items():
            setattr(self, name, value)
        if not self.lessons:
            note_timetable(self)
        if self.id is not None:
            db.session.flush()
            self.promote(now())  # other age limits: somebody who waits may have become eligible

    def enrol(self, person: Somebody, *, by: Account | None, at: datetime, source: str = "web") -> Enrolment:
        """Sign a person up: a place at once, or a rank in the queue.

        Raises ``offering-not-open``, ``age-unsuitable``, ``trainer-no-learner``
        or ``already-enrolled``.
        """
        self.lock()
        if source != "clerk" or not self.is_open_at_desk(at):
            self._refuse_unless_open(at)
        self._refuse_unsuitable_age(person)
        return self._take_in(person, self._newcomer(person), by, at, source)

    def enrol_at_lesson(self, person: Person, lesson: Lesson, *, by: Account | None, at: datetime) -> Enrolment:
        """A walk-in: a sign-up dated that lesson, if a place is free and nobody waits (R12).

        Raises ``offering-cancelled``, ``trainer-no-learner``,
        ``already-enrolled`` or ``no-free-place`` (keep an Observation then).
        """
        self.lock()
        if not self.is_published:
            raise Refusal("offering-cancelled", N_("这个班没有发布或已取消，不能加人。"))
        queue = self._newcomer(person)
        if self.places_left == 0 or queue.length > 0:
            raise Refusal("no-free-place", N_("没有空余名额，或有人在候补。已记下来，请教务处理。"))
        return self._take_in(person, queue, by, at, "walk_in", on=lesson.held_on)

    def take_over(self, enrolment: Enrolment, *, by: Account | None, at: datetime) -> Enrolment:
        """A learner of another offering of this course goes on here: one person-time, and it is ours now (R11).

        Their first day and their hours go with them, and so do the dates of
        the sign-up. Raises ``offering-cancelled``, ``transfer-other-course``,
        ``transfer-without-place``, ``transfer-from-ledger``,
        ``already-withdrawn``, ``already-completed``, ``already-enrolled``,
        ``trainer-no-learner`` or ``no-free-place``: nobody passes the queue.
        """
        left = next(each for each in Offering.all_under_lock([self.id, enrolment.offering_id]) if each is not self)
        db.session.refresh(enrolment)
        _refuse_transfer(enrolment, left, self)
        queue = self._newcomer(enrolment.person)
        if queue.length or (number := self._take_place()) is None:
            raise Refusal("no-free-place", N_("那个班没有空余名额，或有人在候补，不能转过去。"))
        left.withdraw(enrolment, by=by, at=at)
        joined = Enrolment.note(
            offering_id=self.id,
            person_id=enrolment.person_id,
            applied_at=enrolment.applied_at,
            applied_on=enrolment.applied_on,
            made_by_id=row_id(by) if by else None,
            source="transfer",
            **Enrolment.place(at, number, enrolment.registered_on),
        )
        db.session.add(Transfer(left_id=enrolment.id, joined_id=joined.id, moved_at=at, moved_by=by))
        db.session.flush()
        earned = db.update(Certificate).where(Certificate.enrolment_id == enrolment.id)
        db.session.execute(earned.values(enrolment_id=joined.id))
        note_attendance([enrolment.id, joined.id])
        return joined

    @classmethod
    def record(
        cls, parts: Sequence[tuple[Offering, Sequence[Report]]], *, by_id: int | None, batch_id: int, at: datetime
    ) -> None:
        """Take in what a ledger tells of people in each of these; each report carries away its refusal or its sign-up.

        Where lessons stand in the registry, marks win: see ``recording.weigh``
        for the codes. A full offering answers ``offering-full``.
        """
        for offering, _ in parts:
            offering.lock()
        trainers = cls.trainers_of([offering.id for offering, _ in parts])
        recording.record(
            [(offering, reports, offering.terms(at, trainers)) for offering, reports in parts],
            by_id=by_id,
            batch_id=batch_id,
            at=at,
        )

    def terms(self, at: datetime, trainers: dict[int, set[int]]) -> Terms:
        """What holds for a ledger's rows here, as things stand; ``trainers`` as ``trainers_of`` tells them."""
        today = civil(at).date()
        has_lessons = self.has_timetable
        return Terms(
            marks_win=has_lessons,
            over=self.ends_on < today,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            today=today,
            capacity=self.capacity,
            takes_new=self.cancelled_at is None and (self.published_at is not None or not has_lessons),
            queue=has_lessons and self.queue_length() > 0,
            trainers=frozenset(trainers.get(self.id, ())),
            min_age=self.min_age,
            max_age=self.max_age,
        )

    @classmethod
    def trainers_of(cls, offering_ids: Sequence[int]) -> dict[int, set[int]]:
        """The human beings who teach in each of these."""
        found: dict[int, set[int]] = {}
        for start in range(0, len(offering_ids), _AT_ONCE):
            for offering_id, identity in db.session.execute(
                _TRAINERS_OF, {"offerings": offering_ids[start : start + _AT_ONCE]}
            ):
                found.setdefault(offering_id, set()).add(identity)
        return found

    def move_places(self, by: int) -> None:
        """Places taken or given back by a ledger, many in one statement; only under the lock."""
        db.session.connection().execute(_MOVE_PLACES, {"offering": self.id, "by": by})
        db.session.expire(self, ["places_taken"])

    def withdraw(self, enrolment: Enrolment, *, by: Account | None, at: datetime) -> None:
        """Leave; the freed place goes to the queue in the same transaction. Twice is once."""
        self.lock()
        db.session.refresh(enrolment)
        if enrolment.withdrawn_at is not None:
            return
        if enrolment.completed_on is not None:
            raise Refusal("already-completed", N_("已经结业，不能退班。"))
        enrolment.withdrawn_at, enrolment.withdrawn_on, enrolment.withdrawn_by = at, civil(at).date(), by
        db.session.flush()
        if enrolment.registered_on is not None:
            self._give_back_place()
            self.promote(at)

    def change_capacity(self, capacity: int | None, *, at: datetime) -> None:
        """Added places go to the queue at once. Raises ``capacity-below-taken`` or ``capacity-negative``."""
        self.lock()
        if capacity is not None and capacity < 0:
            raise Refusal("capacity-negative", N_("名额不能是负数；不限名额请留空。"))
        if capacity is not None and capacity < self.places_taken:
            raise Refusal(
                "capacity-below-taken",
                N_("已有 %(taken)s 人占用名额，名额不能改成 %(capacity)s。请先请人退班，或填不小于 %(taken)s 的数。"),
                taken=self.places_taken,
                capacity=capacity,
            )
        self.capacity = capacity
        db.session.flush()
        self.promote(at)

    def promote(self, at: datetime) -> None:
        """Free places go to the first eligible in the queue, until the last lesson begins.

        Every verb here does it by itself; call it also after age limits,
        lessons or a waiting learner's birth date were corrected.
        """
        self.lock()
        if not self.is_published or at >= self.last_begins_at or self.places_left == 0:
            return
        for waiting in self.queue():
            if waiting.person.deleted_at is not None or not self.suits_age(waiting.person):
                continue  # keeps the rank; the next one is asked
            if self.teaches(waiting.person):
                continue
            number = self._take_place()
            if number is None:
                return
            waiting.register(at, number)
            db.session.flush()

    def publish(self, at: datetime) -> None:
        """Raises ``offering-cancelled`` or ``no-lessons``."""
        if self.cancelled_at is not None:
            raise Refusal("offering-cancelled", N_("这个班已取消，不能再发布。请新建一个班。"))
        if not self.lessons:
            raise Refusal("no-lessons", N_("还没有课次。请先排课，再发布。"))
        self.published_at = self.published_at or at

    def cancel(self, reason: str, at: datetime) -> None:
        """With a reason that learners see. Who attended keeps what they attended (R10). Raises ``reason-needed``."""
        self.lock()
        if not reason.strip():
            raise Refusal("reason-needed", N_("请写明取消的原因，学员会看到。"))
        if self.cancelled_at is None:
            self.cancelled_at, self.cancel_reason = at, reason.strip()
            db.session.flush()

    def appoint(self, account: Account) -> None:
        """Let this account teach here. Raises ``trainer-elsewhere`` or ``trainer-is-learner`` (R2)."""
        self.lock()
        if self.provider_id not in account.provider_ids("trainer"):
            raise Refusal("trainer-elsewhere", N_("这位教师不属于本机构，请先在“教师”里添加。"))
        self._refuse_learner(account)
        if all(t.account_id != account.id for t in self.trainers):
            self.trainers.append(OfferingTrainer(account=account))
            db.session.flush()

    def dismiss(self, account: Account) -> None:
        """Somebody else teaches from now on; the rolls they took stay theirs. Twice is once."""
        self.lock()
        for row in [row for row in self.trainers if row.account_id == account.id]:
            self.trainers.remove(row)
            db.session.delete(row)
        db.session.flush()

    # -- steps, in the order they are called -------------------------------

    @classmethod
    def by_id(cls, offering_id: int) -> Offering | None:
        return db.session.get(cls, offering_id)

    @classmethod
    def under_lock(cls, offering_id: int) -> Offering | None:
        """Loaded and locked in one statement; as it is now, and nobody else's until the commit."""
        found = db.session.scalar(_UNDER_LOCK, {"offering": offering_id})
        if found is not None:
            first_lock_of(found)
        return found

    @classmethod
    def all_under_lock(cls, offering_ids: Sequence[int]) -> list[Offering]:
        """The same for many, in the order of their keys, so that no two lock each other out."""
        found: list[Offering] = []
        ordered = sorted(offering_ids)
        for start in range(0, len(ordered), _AT_ONCE):
            found += db.session.scalars(_ALL_UNDER_LOCK, {"offerings": ordered[start : start + _AT_ONCE]})
        for offering in found:
            first_lock_of(offering)
        return found

    def lock(self) -> None:
        """The row as it is now, and nobody else's until the commit."""
        db.session.flush()
        if first_lock_of(self):
            # Of the offering alone: what was loaded beside it by an outer join cannot be locked.
            db.session.refresh(self, with_for_update={"of": Offering})

    def _refuse_learner(self, account: Account) -> None:
        identities = {person.identity for person in account.own_selves()}
        learns = (
            db.select(Enrolment.id)
            .join(Person, Person.id == Enrolment.person_id)
            .where(
                Enrolment.offering_id == self.id,
                Person.identity_of().in_(identities),
                or_(Enrolment.withdrawn_at.is_(None), Enrolment.first_attended_on.is_not(None)),
            )
        )
        if db.session.scalar(db.select(learns.exists())):
            raise Refusal(
                "trainer-is-learner",
                N_("这位教师是这个班的学员，不能同时教这个班。还没到课的，请先退班；到过课的，请换别人教。"),
            )

    def _refuse_unless_open(self, at: datetime) -> None:
        if no := self.why_closed(at):
            raise no

    def _refuse_unsuitable_age(self, person: Somebody) -> None:
        if not self.suits_age(person):
            raise self._age_unsuitable(person)

    def _age_unsuitable(self, person: Somebody) -> Refusal:
        sentence, limit = (
            N_("开班那天不能超过 %(age)s 岁，%(name)s超过了。可以打电话问机构，或看看其他班。"),
            self.max_age,
        )
        if self.min_age is not None and (person.age_on(self.starts_on) or 0) < self.min_age:
            sentence, limit = (
                N_("开班那天要满 %(age)s 岁，%(name)s还不到。可以打电话问机构，或看看其他班。"),
                self.min_age,
            )
        return Refusal("age-unsuitable", sentence, age=limit, name=person.name)

    def _newcomer(self, person: Somebody) -> _Queue:
        """The queue, as somebody finds it who is neither trainer nor learner here, under whichever record (R2, R3).

        All that a sign-up asks of other tables, in one statement: it is asked under the lock.
        """
        facts = {"offering": self.id, "identity": person.identity}
        teaches, is_in, length, latest = db.session.connection().execute(_QUESTIONS, facts).one()
        if teaches:
            raise Refusal("trainer-no-learner", N_("授课教师不能在自己教的班里当学员。"))
        if is_in:
            raise Refusal("already-enrolled", N_("%(name)s已经报过这个班了，不用再报。"), name=person.name)
        return _Queue(length, latest)

    def _take_in(
        self,
        person: Somebody,
        queue: _Queue,
        by: Account | None,
        at: datetime,
        source: str,
        on: date | None = None,
    ) -> Enrolment:
        facts: dict[str, Any] = {
            "offering_id": self.id,
            "person_id": person.id,
            "applied_at": at,
            "applied_on": on or civil(at).date(),
            "made_by_id": row_id(by) if by else None,
            "source": source,
        }
        if queue.length == 0 and (number := self._take_place()) is not None:
            return Enrolment.note(**facts, **Enrolment.place(at, number, on))
        # A newcomer never passes the queue. Its order is that of the commits:
        # who asked the clock first may have come to the lock second.
        enrolment = Enrolment.note(**facts, waitlisted_at=max(at, queue.latest or at))
        self.promote(at)  # a place may be free when all who waited before are not eligible
        return enrolment

    def _take_place(self) -> int | None:
        """Look and take in one statement; the number of the place, or None when there is none."""
        number = db.session.connection().scalar(_TAKE_PLACE, {"offering": self.id})
        if number is not None:
            set_committed_value(self, "places_taken", number)
        return number

    def _give_back_place(self) -> None:
        db.session.execute(_GIVE_BACK_PLACE, {"offering": self.id})
        db.session.expire(self, ["places_taken"])


def _refuse_transfer(enrolment: Enrolment, left: Offering, joined: Offering) -> None:
    if not joined.is_published:
        raise Refusal("offering-cancelled", N_("这个班没有发布或已取消，不能加人。"))
    if (left.course_id, left.provider_id) != (joined.course_id, joined.provider_id):
        raise Refusal("transfer-other-course", N_("只能转到本机构同一门课程的班。换一门课程，请退班后重新报名。"))
    if enrolment.withdrawn_at is not None:
        raise Refusal("already-withdrawn", N_("已经退班，不能再转班。"))
    if enrolment.completed_on is not None:
        raise Refusal("already-completed", N_("已经结业，不用转班。"))
    if enrolment.registered_on is None:
        raise Refusal("transfer-without-place", N_("还在候补，没有名额可转。请直接报那个班。"))
    if enrolment.source == "ledger":
        raise Refusal("transfer-from-ledger", N_("这次报名来自台账，没有点名记录。请在台账里改。"))


class _Queue(NamedTuple):
    """How many wait, and since when the last of them does."""

    length: int
    latest: datetime | None


class OfferingTrainer(Base):
    __tablename__ = "offering_trainer"

    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, index=True)

    offering: Mapped[Offering] = relationship(back_populates="trainers")
    account: Mapped[Account] = relationship()

    @classmethod
    def taught_by(cls, account: Account) -> Any:
        """The ids of the offerings it is appointed to, while it still teaches at their institution."""
        return (
            db.select(cls.offering_id)
            .join(Offering, Offering.id == cls.offering_id)
            .where(cls.account_id == account.id, Offering.provider_id.in_(account.provider_ids("trainer")))
        )


_ORDER = (Enrolment.waitlisted_at, Enrolment.id)

# What every sign-up asks, built once: building a statement costs more than running it.
_HERE, _WHO = db.bindparam("offering"), db.bindparam("identity")
_row = Offering.__table__.c
_TEACHES = db.select(
    db.select(OfferingTrainer.account_id)
    .join(AccountPerson, AccountPerson.account_id == OfferingTrainer.account_id)
    .where(
        OfferingTrainer.offering_id == _HERE,
        AccountPerson.relation == "self",
        AccountPerson.person_id.in_(Person.ids_of(_WHO)),
    )
    .exists()
)
_IS_IN = (
    db.select(Enrolment.id)
    .where(
        Enrolment.offering_id == _HERE,
        Enrolment.withdrawn_at.is_(None),
        Enrolment.person_id.in_(Person.ids_of(_WHO)),
    )
    .exists()
)
_WAITING = Enrolment.offering_id == _HERE, Enrolment.is_waiting()
_LATEST = db.func.max(Enrolment.waitlisted_at)
_QUEUE_LENGTH = db.select(db.func.count()).select_from(Enrolment).where(*_WAITING)
_QUESTIONS = (
    db.select(_TEACHES.scalar_subquery(), db.select(_IS_IN).scalar_subquery(), db.func.count(), _LATEST)
    .select_from(Enrolment)
    .where(*_WAITING)
)
_UNDER_LOCK = (
    db.select(Offering)
    .where(Offering.id == _HERE)
    # Of the offering alone: what is loaded beside it by an outer join cannot be locked.
    .with_for_update(of=Offering)
    .execution_options(populate_existing=True)
)
_MOVE_PLACES = (
    db.update(Offering.__table__)
    .where(Offering.__table__.c.id == _HERE)
    .values(places_taken=Offering.__table__.c.places_taken + db.bindparam("by"))
)
_AT_ONCE = 400
_THESE: Any = db.bindparam("offerings", expanding=True)
_ALL_UNDER_LOCK = (
    db.select(Offering)
    .where(Offering.id.in_(_THESE))
    .order_by(Offering.id)
    .with_for_update(of=Offering)
    .execution_options(populate_existing=True)
)
_TRAINERS_OF = (
    db.select(OfferingTrainer.offering_id, Person.identity_of())
    .join(AccountPerson, AccountPerson.account_id == OfferingTrainer.account_id)
    .join(Person, Person.id == AccountPerson.person_id)
    .where(OfferingTrainer.offering_id.in_(_THESE), AccountPerson.relation == "self")
)
_TAKE_PLACE = (
    db.update(Offering.__table__)
    .where(_row.id == _HERE, or_(_row.capacity.is_(None), _row.places_taken < _row.capacity))
    .values(places_taken=_row.places_taken + 1)
    .returning(_row.places_taken)
)
_GIVE_BACK_PLACE = db.update(Offering.__table__).where(_row.id == _HERE).values(places_taken=_row.places_taken - 1)
