"""What every report asks about itself, and whether its tables add up (R6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import func, or_, select

from app.counts import rows
from app.counts.fold import DIMENSIONS
from app.counts.year import Figures, Year, count_city
from app.database import db
from app.models import Certificate, Enrolment, Offering
from app.refusal import N_

ADDITIVE = ("person_times", "group_headcount", "person_times_total", "completions", "certificates")


@dataclass(frozen=True)
class Check:
    """One question and its answer; ``sentence`` is marked for translation, ``values`` fill it."""

    name: str
    holds: bool
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sums:
    """Does a table add up to the city? ``differs`` names additive measures that don't; persons never need to."""

    differs: tuple[str, ...]
    persons: int  # the rows' persons together, less the city's: who stands in more than one row
    persons_add_up: bool


def sums(year: Year, by: str) -> Sums:
    """Lines beneath a table: 相加 or 不相加, and by how many people (R6)."""
    lines = [row.figures for row in year.tables[by]]
    differs = tuple(m for m in ADDITIVE if sum(getattr(f, m) for f in lines) != getattr(year.total, m))
    over = sum(f.persons_max for f in lines) - year.total.persons_max
    return Sums(differs, over, over == 0)


def checks(year: Year) -> list[Check]:
    """All questions about one year. Rows and city are read by different queries."""
    cells: list[Figures] = [year.total, *(row.figures for lines in year.tables.values() for row in lines)]
    own_times, own_groups = _own_query(year.year)
    own_hours = _own_hours(year.year)
    certified = _certified_but_absent(year.year)
    return [
        Check(
            "persons-below-person-times",
            all(f.persons <= f.persons_max <= f.person_times for f in cells),
            N_("每一格的人数不超过人次（实名）"),
        ),
        Check(
            "named-below-total",
            all(f.person_times <= f.person_times_total and f.group_headcount >= 0 for f in cells),
            N_("每一格的人次（实名）不超过人次合计"),
        ),
        Check(
            "ladder",
            certified == 0 and not _out_of_order(year.year),
            N_("每个班：取证、结业不超过到课，到课不超过登记，登记不超过报名（有证无到课 %(absent)s 人）"),
            {"absent": certified},
        ),
        Check(
            "rows-add-up",
            all(not sums(year, by).differs for by in DIMENSIONS)
            and (own_times, own_groups) == (year.total.person_times, year.total.group_headcount),
            N_("各类别、区县、机构、月份的人次、集体人数、人次合计相加，等于全市单独查询的 %(times)s + %(groups)s"),
            {"times": own_times, "groups": own_groups},
        ),
        Check(
            "hours-add-up",
            own_hours == year.total.class_hours,
            N_("全市学时等于逐个报名的学时相加（%(hours)s）"),
            {"hours": own_hours},
        ),
    ]


def every_year_adds_up() -> Check:
    """Person-times of all years together are all attended sign-ups, each human being once in an offering."""
    first, last = db.session.execute(
        select(func.min(Enrolment.first_attended_on), func.max(Enrolment.first_attended_on))
    ).one()
    years = range(first.year, last.year + 1) if first and last else range(0)
    together = sum(count_city(year).person_times for year in years)
    same = rows.twins()
    human_being = func.coalesce(same.c.identity, Enrolment.person_id)
    attended = (
        select(human_being, Enrolment.offering_id)
        .distinct()
        .join(Offering, Offering.id == Enrolment.offering_id)
        .outerjoin(same, same.c.person_id == Enrolment.person_id)
        .where(
            Enrolment.first_attended_on.is_not(None),
            rows.is_training(),
            Enrolment.id.not_in(select(rows.outside(same).c.id)),
        )
        .subquery()
    )
    all_attended = db.session.scalar(select(func.count()).select_from(attended)) or 0
    return Check(
        "years-add-up",
        together == all_attended,
        N_("各年人次（实名）相加是 %(together)s，全部到过课的报名是 %(attended)s"),
        {"together": together, "attended": all_attended},
    )


def _own_query(year: int) -> tuple[int, int]:
    """The city's person-times and groups, asked of the list itself and not folded from offerings."""
    start, end = rows.bounds(year)
    attended, came = rows.counted("first_attended_on", start, end), rows.groups(start, end)
    times = db.session.scalar(select(func.count()).select_from(attended)) or 0
    groups = db.session.scalar(select(func.coalesce(func.sum(came.c.headcount), 0))) or 0
    return times, int(groups)


def _own_hours(year: int) -> Decimal:
    """Class hours, added up from each sign-up's and not from its offering's."""
    told = rows.hours(*rows.bounds(year))
    return Decimal(db.session.scalar(select(func.sum(told.c.hours))) or 0).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _certified_but_absent(year: int) -> int:
    """Sign-ups with a certificate of this year that never attended."""
    issued = rows.certificates(*rows.bounds(year))
    return (
        db.session.scalar(
            select(func.count(Enrolment.id.distinct()))
            .join(Certificate, Certificate.enrolment_id == Enrolment.id)
            .join(issued, issued.c.certificate_id == Certificate.id)
            .where(Enrolment.first_attended_on.is_(None))
        )
        or 0
    )


def _out_of_order(year: int) -> bool:
    """Completed before attending, or attended without a place: refused by the table, asked all the same."""
    start, end = rows.bounds(year)
    found = db.session.scalar(
        select(Enrolment.id)
        .where(
            Enrolment.completed_on.between(start, end),
            or_(Enrolment.first_attended_on.is_(None), Enrolment.registered_on.is_(None)),
        )
        .limit(1)
    )
    return found is not None
