"""The ladder 报名 → 登记 → 到课 → 有效 → 结业 → 取证: who stands on which rung, and in which days.

Each rung is one subquery: a row for each human being and offering, at the
earliest day. A table, its file and the list behind a cell all read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, Select, Subquery, and_, func, or_, select, type_coerce, union_all

from app.counts import rows
from app.counts.spans import Span
from app.models import AttendedHours, Certificate, Enrolment, Offering
from app.models.rules import COUNTED, RULE_SET


@dataclass(frozen=True)
class Ruling:
    """What a count takes as its rule: the rung, and the settings of the rule set unless others are tried.

    ``min_hours``: planned class hours below which an offering is an activity
    (R15); ``percent``: of its planned hours that make attendance effective.
    """

    rung: str = COUNTED
    min_hours: Decimal = RULE_SET.min_planned_hours
    percent: int = RULE_SET.effective_percent

    def is_training(self) -> Any:
        """As a condition on offerings."""
        return Offering.planned_hours >= self.min_hours


def standing(span: Span, ruling: Ruling, training: bool = True) -> Subquery:
    """Who stands on the rung in these days: each human being once in an offering (R3), at the earliest day.

    The day is that of the application (applied), of the place (registered),
    of the first lesson attended (attended and effective, R7), of the
    completion, of the first certificate (R9). Left out are R2's, and on the
    rung registered who left before attending and who never came to an
    offering that was cancelled (R10). Certificates count wherever they were
    earned (R15).

    Columns: ``enrolment_id``, ``offering_id``, ``person_id`` (the record),
    ``identity`` (the human being), ``day``.
    """
    return _RUNGS[ruling.rung](span.start, span.end, ruling, training).subquery(ruling.rung)


def _rows(day: Any, same: Any) -> Select[Any]:
    return (
        select(
            Enrolment.id.label("enrolment_id"),
            Enrolment.offering_id,
            Enrolment.person_id,
            func.coalesce(same.c.identity, Enrolment.person_id).label("identity"),
            day.label("day"),
        )
        .join(Offering, Offering.id == Enrolment.offering_id)
        .outerjoin(same, same.c.person_id == Enrolment.person_id)
    )


def _dated(column: str, start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    same, day = rows.twins(), getattr(Enrolment, column)
    return _rows(day, same).where(
        day.between(start, end),
        ruling.is_training() if training else ~ruling.is_training(),
        Enrolment.id.not_in(rows.left_out(column, start, end, same)),
    )


def _attended(start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    return _dated("first_attended_on", start, end, ruling, training)


def _completed(start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    return _dated("completed_on", start, end, ruling, training)


def _effective(start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    """Attended for at least the threshold of the planned hours, in all sign-ups to that offering together."""
    same, day = rows.twins(), Enrolment.first_attended_on
    never = rows.outside(same)
    several = rows.shared(start, date.max, same, never)
    later = rows.later_ones("first_attended_on", several).subquery("later")
    one, other = several.alias("one"), several.alias("other")
    amount = func.sum(type_coerce(AttendedHours.class_hours, Integer))
    elsewhere = (
        select(one.c.id, amount.label("hundredths"))
        .join(
            other,
            and_(other.c.human == one.c.human, other.c.offering_id == one.c.offering_id, other.c.id != one.c.id),
        )
        .join(AttendedHours, AttendedHours.enrolment_id == other.c.id)
        .group_by(one.c.id)
        .subquery("elsewhere")
    )
    own = select(amount).where(AttendedHours.enrolment_id == Enrolment.id).correlate(Enrolment).scalar_subquery()
    together = func.coalesce(own, 0) + func.coalesce(elsewhere.c.hundredths, 0)
    return (
        _rows(day, same)
        .outerjoin(elsewhere, elsewhere.c.id == Enrolment.id)
        .where(
            day.between(start, end),
            ruling.is_training() if training else ~ruling.is_training(),
            Enrolment.id.not_in(select(never.c.id)),
            Enrolment.id.not_in(select(later.c.id)),
            100 * together >= ruling.percent * type_coerce(Offering.planned_hours, Integer),
        )
    )


def _has_place() -> Any:
    """Registered, and neither gone before attending nor of an offering that was cancelled before they came (R10)."""
    came = Enrolment.first_attended_on.is_not(None)
    return or_(came, and_(Enrolment.withdrawn_on.is_(None), Offering.cancelled_at.is_(None)))


def _applied(start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    return _earliest(Enrolment.applied_on, None, start, end, ruling, training)


def _registered(start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    return _earliest(Enrolment.registered_on, _has_place(), start, end, ruling, training)


def _earliest(day: Any, stands: Any, start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    """Of several sign-ups of one human being to one offering the first that stands, in whichever year."""
    same = rows.twins()
    never = rows.outside(same)
    twice = (
        select(Enrolment.person_id, Enrolment.offering_id)
        .group_by(Enrolment.person_id, Enrolment.offering_id)
        .having(func.count() > 1)
        .subquery("twice")
    )
    several = union_all(
        select(Enrolment.id).join(
            twice,
            and_(twice.c.person_id == Enrolment.person_id, twice.c.offering_id == Enrolment.offering_id),
        ),
        select(Enrolment.id).join(same, same.c.person_id == Enrolment.person_id),
    ).subquery("several")
    human = func.coalesce(same.c.identity, Enrolment.person_id)
    place = func.row_number().over(partition_by=(human, Enrolment.offering_id), order_by=(day, Enrolment.id))
    ranked = (
        select(Enrolment.id, place.label("place"))
        .join(Offering, Offering.id == Enrolment.offering_id)
        .outerjoin(same, same.c.person_id == Enrolment.person_id)
        .where(Enrolment.id.in_(select(several.c.id)), day.is_not(None), Enrolment.id.not_in(select(never.c.id)))
    )
    if stands is not None:
        ranked = ranked.where(stands)
    later = ranked.subquery("ranked")
    gone = union_all(select(never.c.id), select(later.c.id).where(later.c.place > 1)).subquery("gone")
    found = _rows(day, same).where(
        day.between(start, end),
        ruling.is_training() if training else ~ruling.is_training(),
        Enrolment.id.not_in(select(gone.c.id)),
    )
    return found if stands is None else found.where(stands)


def _certified(start: date, end: date, ruling: Ruling, training: bool) -> Select[Any]:
    same = rows.twins()
    human = func.coalesce(same.c.identity, Enrolment.person_id)
    day = Certificate.issued_on
    place = func.row_number().over(partition_by=(human, Enrolment.offering_id), order_by=(day, Certificate.id))
    every = (
        select(
            Enrolment.id.label("enrolment_id"),
            Enrolment.offering_id,
            Enrolment.person_id,
            human.label("identity"),
            day.label("day"),
            place.label("place"),
        )
        .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
        .outerjoin(same, same.c.person_id == Enrolment.person_id)
        .where(Enrolment.id.not_in(select(rows.outside(same).c.id)))
        .subquery("every")
    )
    columns = (every.c[name] for name in ("enrolment_id", "offering_id", "person_id", "identity", "day"))
    return select(*columns).where(every.c.place == 1, every.c.day.between(start, end))


_RUNGS = {
    "applied": _applied,
    "registered": _registered,
    "attended": _attended,
    "effective": _effective,
    "completed": _completed,
    "certified": _certified,
}
