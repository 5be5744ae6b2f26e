"""What is still open in a year when it is signed; all of it is printed on the statement (R20, R23, R24)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from sqlalchemy import and_, cast, exists, func, literal_column, or_, select, text

from app.counts import rows
from app.database import db
from app.models import Course, Enrolment, LedgerBatch, Lesson, Mark, Offering, Provider, ReportedFigure
from app.refusal import N_

LATE_AFTER = 7  # days after the lesson (R23)
KINDS: dict[str, str] = {
    "roll": N_("没有点名的课"),
    "pair": N_("没有判定的疑似同一人"),
    "enrolment": N_("没有在校生数或没有依据的学校"),
    "late": N_("晚录的点名"),
    "ledger": N_("晚录的台账"),
    "unsigned": N_("没有签认的机构"),
    "moved": N_("签认后又有变动的机构"),
}


class Question(NamedTuple):
    """One open question: a key of KINDS, whom or what it is about, the days or reasons, how many."""

    kind: str
    subject: str
    words: str
    amount: int


def open_questions(year: int, provider_id: int | None, pairs: int) -> list[Question]:
    """All that the registry can tell; ``pairs`` undecided pairs stand in the year's rows."""
    found = [*_missing_rolls(year, provider_id)]
    if pairs:
        found.append(Question("pair", "", "人数因此写成少–多（规则 R20）", pairs))
    return [
        *found,
        *_unsourced_enrolment(year, provider_id),
        *_late_marks(year, provider_id),
        *_late_ledgers(year, provider_id),
    ]


def _of_offering(provider_id: int | None) -> Any:
    """The names of an offering, and which ones."""
    names = (
        select(Offering.id, Provider.name, Offering.number, Course.title)
        .join(Provider, Provider.id == Offering.provider_id)
        .join(Course, Course.id == Offering.course_id)
    )
    return names if provider_id is None else names.where(Offering.provider_id == provider_id)


def _missing_rolls(year: int, provider_id: int | None) -> list[Question]:
    """Lessons of the year at which nobody was called although somebody had a place."""
    had_a_place = exists().where(
        Enrolment.offering_id == Lesson.offering_id,
        Enrolment.registered_on.is_not(None),
        Enrolment.registered_on <= Lesson.held_on,
        or_(Enrolment.withdrawn_on.is_(None), Enrolment.withdrawn_on > Lesson.held_on),
    )
    uncalled = (
        _of_offering(provider_id)
        .add_columns(Lesson.held_on)
        .join(Lesson, Lesson.offering_id == Offering.id)
        .where(
            Lesson.held_on.between(*rows.bounds(year)),
            Lesson.roll_taken_at.is_(None),
            Offering.published_at.is_not(None),
            Offering.cancelled_at.is_(None),
            had_a_place,
        )
        .order_by(Provider.name, Offering.number, Offering.id, Lesson.held_on, Lesson.id)
    )
    days = defaultdict(list)
    for offering_id, *names, held_on in db.session.connection().execute(uncalled):
        days[offering_id, " ".join(names)].append(held_on.isoformat())
    return [Question("roll", subject, _some(held), len(held)) for (_, subject), held in days.items()]


def _unsourced_enrolment(year: int, provider_id: int | None) -> list[Question]:
    """Vocational schools that held something in the year and whose ratio lacks its denominator or its source (R18)."""
    held = exists().where(
        Offering.provider_id == Provider.id,
        Offering.starts_on <= rows.bounds(year)[1],
        Offering.ends_on >= rows.bounds(year)[0],
    )
    told = and_(
        ReportedFigure.provider_id == Provider.id,
        ReportedFigure.kind == "enrolment",
        ReportedFigure.year == year,
        ReportedFigure.replaced_at.is_(None),
    )
    schools = (
        select(Provider.name, ReportedFigure.id)
        .outerjoin(ReportedFigure, told)
        .where(Provider.kind == "vocational_school", held, func.coalesce(ReportedFigure.document, "") == "")
        .order_by(Provider.name, Provider.id)
    )
    if provider_id is not None:
        schools = schools.where(Provider.id == provider_id)
    return [
        Question("enrolment", name, "9 月 1 日在校生数没有依据" if figure else "没有报 9 月 1 日在校生数", 1)
        for name, figure in db.session.connection().execute(schools)
    ]


def _late_marks(year: int, provider_id: int | None) -> list[Question]:
    """Marks that were written down more than seven days after their lesson (R23)."""
    late = (
        _of_offering(provider_id)
        .add_columns(func.count())
        .join(Lesson, Lesson.offering_id == Offering.id)
        .join(Mark, Mark.lesson_id == Lesson.id)
        .where(
            Lesson.held_on.between(*rows.bounds(year)),
            Mark.superseded_at.is_(None),
            _after_the_seventh_day(Lesson.held_on, Mark.marked_at),
        )
        .group_by(Offering.id, Provider.name, Offering.number, Course.title)
        .order_by(Provider.name, Offering.number, Offering.id)
    )
    return [
        Question("late", " ".join(names), f"课后超过 {LATE_AFTER} 天才录（规则 R23）", amount)
        for _, *names, amount in db.session.connection().execute(late)
    ]


def _late_ledgers(year: int, provider_id: int | None) -> list[Question]:
    """Ledgers that told of attendance more than seven days after the offering's last lesson (R23)."""
    late = (
        select(LedgerBatch.id, LedgerBatch.file_name, func.count())
        .join(Enrolment, Enrolment.batch_id == LedgerBatch.id)
        .join(Offering, Offering.id == Enrolment.offering_id)
        .where(
            Enrolment.first_attended_on.between(*rows.bounds(year)),
            _after_the_seventh_day(Offering.ends_on, LedgerBatch.made_at),
        )
        .group_by(LedgerBatch.id, LedgerBatch.file_name)
        .order_by(LedgerBatch.id)
    )
    if provider_id is not None:
        late = late.where(Offering.provider_id == provider_id)
    return [
        Question("ledger", f"{name}（第 {batch_id} 批）", f"结班后超过 {LATE_AFTER} 天才登记（规则 R23）", amount)
        for batch_id, name, amount in db.session.connection().execute(late)
    ]


def _after_the_seventh_day(day: Any, stamp: Any) -> Any:
    """Did the eighth day in Jilin have begun at that instant? Jilin has been eight hours ahead since 1992."""
    if db.engine.dialect.name == "sqlite":
        begins = func.strftime("%Y-%m-%d %H:%M:%S.000000", day, f"+{LATE_AFTER + 1} days", "-8 hours")
        return cast(stamp, db.String) >= begins
    begins = func.timezone("Asia/Shanghai", day + text(f"interval '{LATE_AFTER + 1} days'"))
    return and_(literal_column("true"), stamp >= begins)


def _some(days: list[str], most: int = 6) -> str:
    return "、".join(days[:most]) + (f" 等 {len(days)} 次" if len(days) > most else "")
