"""The ladder 报名 → 登记 → 到课 → 有效 → 结业 → 取证: who stands on which rung, and in which days.

Each rung is one subquery: a row for each human being and offering, at the
earliest day. A table, its file and the list behind a cell all read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)

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


def standing(
    span: Span, ruling: Ruling, training: bool = True, gone: Sequence[int] | None = None, *, walk: bool = False
) -> Subquery:
    """Who stands on the rung in these days: each human being once in an offering (R3), at the earliest day.

    The day is that of the application (applied), of the place (registered),
    of the first lesson attended (attended and effective, R7), of the
    completion, of the first certificate (R9). Left out are R2's, and on the
    rung registered who left before attending and who never came to an
    offering that was cancelled (R10). Certificates count wherever they were
    earned (R15).

    ``gone``: the ids of `left_out`, where somebody has them: finding them takes longer than the first page
    of a list. ``walk``: read by people and not by days.

    Columns: ``enrolment_id``, ``offering_id``, ``person_id`` (the record),
    ``identity`` (the human being), ``day``.
    """
    return _RUNGS[ruling.rung](_Asked(span.start, span.end, ruling, training, gone, walk)).subquery(ruling.rung)


def left_out(span: Span, rung: str) -> Select[Any]:
    """The few sign-ups that do not stand on a rung although their dates say so: ``id``; some twice."""
    same = rows.twins()
    if rung in _DAYS:
        return _later(_DAYS[rung], _stands(rung), same)
    if rung == "certified":
        return select(rows.outside(same).c.id)
    return rows.left_out("completed_on" if rung == "completed" else "first_attended_on", span.start, span.end, same)


def among(ids: Sequence[int]) -> Any:
    """These ids, for ``in_``; written into the statement, as a database takes few variables."""
    return bindparam("gone", [*ids], expanding=True, literal_execute=True)


@dataclass(frozen=True)
class _Asked:
    start: date
    end: date
    ruling: Ruling
    training: bool
    gone: Sequence[int] | None
    walk: bool

    def stays(self, left_out: Any) -> Any:
        """The conditions of every rung: of such an offering, and not left out."""
        enough = self.ruling.is_training() if self.training else ~self.ruling.is_training()
        return and_(enough, Enrolment.id.not_in(left_out if self.gone is None else among(self.gone)))

    def in_time(self, day: Any) -> Any:
        """The condition on the rung's day."""
        # Walking, the same value unknown to the date's index: so people come in the order of their own.
        return (func.coalesce(day, day) if self.walk else day).between(self.start, self.end)


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


def _dated(column: str, asked: _Asked) -> Select[Any]:
    same, day = rows.twins(), getattr(Enrolment, column)
    gone = rows.left_out(column, asked.start, asked.end, same)
    return _rows(day, same).where(asked.in_time(day), asked.stays(gone))


def _attended(asked: _Asked) -> Select[Any]:
    return _dated("first_attended_on", asked)


def _completed(asked: _Asked) -> Select[Any]:
    return _dated("completed_on", asked)


def _effective(asked: _Asked) -> Select[Any]:
    """Attended for at least the threshold of the planned hours, in all sign-ups to that offering together."""
    same, day = rows.twins(), Enrolment.first_attended_on
    never = rows.outside(same)
    several = rows.shared(asked.start, date.max, same, never)
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
    gone = union_all(select(never.c.id), select(later.c.id)).subquery("gone")
    return (
        _rows(day, same)
        .outerjoin(elsewhere, elsewhere.c.id == Enrolment.id)
        .where(
            asked.in_time(day),
            asked.stays(select(gone.c.id)),
            100 * together >= asked.ruling.percent * type_coerce(Offering.planned_hours, Integer),
        )
    )


_DAYS = {"applied": Enrolment.applied_on, "registered": Enrolment.registered_on}


def _stands(rung: str) -> Any:
    """Registered: neither gone before attending nor of an offering that was cancelled before they came (R10)."""
    if rung == "applied":
        return true()
    came = Enrolment.first_attended_on.is_not(None)
    return or_(came, and_(Enrolment.withdrawn_on.is_(None), Offering.cancelled_at.is_(None)))


def _applied(asked: _Asked) -> Select[Any]:
    return _earliest("applied", asked)


def _registered(asked: _Asked) -> Select[Any]:
    return _earliest("registered", asked)


def _earliest(rung: str, asked: _Asked) -> Select[Any]:
    """Of several sign-ups of one human being to one offering the first that stands, in whichever year."""
    same, day, stands = rows.twins(), _DAYS[rung], _stands(rung)
    return _rows(day, same).where(asked.in_time(day), stands, asked.stays(_later(day, stands, same)))


def _later(day: Any, stands: Any, same: CTE) -> Select[Any]:
    """Who never counts, and of those who signed up more than once to one offering all but the first: ``id``."""
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
        .where(
            Enrolment.id.in_(select(several.c.id)), day.is_not(None), stands, Enrolment.id.not_in(select(never.c.id))
        )
        .subquery("ranked")
    )
    gone = union_all(select(never.c.id), select(ranked.c.id).where(ranked.c.place > 1)).subquery("gone")
    return select(gone.c.id)


def _certified(asked: _Asked) -> Select[Any]:
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
    return select(*columns).where(every.c.place == 1, asked.in_time(every.c.day))


_RUNGS = {
    "applied": _applied,
    "registered": _registered,
    "attended": _attended,
    "effective": _effective,
    "completed": _completed,
    "certified": _certified,
}
