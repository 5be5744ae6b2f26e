"""Putting lessons on the calendar, and seeing where two of them want the same trainer or room."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from app.database import db
from app.models.enrolment import Enrolment
from app.models.lesson import Lesson
from app.models.offering import Offering, OfferingTrainer
from app.models.timetable import class_hours_between, note_timetable, refuse_if_cancelled, require_times
from app.refusal import N_, Refusal


def schedule(offering: Offering, meetings: list[tuple[date, time, time]], room: str = "") -> list[Lesson]:
    """Add lessons to the offering; an empty ``room`` is the offering's own.

    Raises ``times-in-order``, ``offering-cancelled``, ``lesson-twice`` or
    ``attendance-reported`` (a ledger said who came: lessons would contradict it).
    """
    offering.lock()
    refuse_if_cancelled(offering)
    _refuse_if_reported(offering)
    taken = {(lesson.held_on, lesson.begins) for lesson in offering.lessons}
    lessons = []
    for held_on, begins, ends in meetings:
        require_times(begins, ends, held_on)
        if (held_on, begins) in taken:
            raise Refusal("lesson-twice", N_("%(day)s 这个时间已经有一次课了，请改日期或时间。"), day=held_on)
        taken.add((held_on, begins))
        lessons.append(
            Lesson(
                offering=offering,
                held_on=held_on,
                begins=begins,
                ends=ends,
                class_hours=class_hours_between(begins, ends, held_on),
                room=room,
            )
        )
    db.session.add_all(lessons)
    db.session.flush()
    note_timetable(offering)
    return lessons


def _refuse_if_reported(offering: Offering) -> None:
    if offering.lessons:
        return
    came = db.select(Enrolment.id).where(Enrolment.offering_id == offering.id, Enrolment.first_attended_on.is_not(None))
    if db.session.scalar(db.select(came.exists())):
        raise Refusal("attendance-reported", N_("这个班的到课来自台账，不能再排课。改动请重新导入台账。"))


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
            .where(db.or_(shared_trainer, other_offering.provider_id == offering.provider_id))
            .options(db.joinedload(other.offering))
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
