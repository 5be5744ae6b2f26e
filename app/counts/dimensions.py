"""By what a table has its rows: what, where and when an offering is, and who the learner is.

The same keys stand in an address: `of_offering` and `of_learner` are the
conditions behind a cell's list.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, String, and_, cast, func, select, type_coerce

from app.counts.spans import Span
from app.database import db
from app.models import Course, Offering, Person, Provider
from app.models.person import SEXES
from app.models.place import DIVISIONS
from app.models.rules import AGE_BANDS, CATEGORIES, HOUR_BANDS, NAMELESS, RULE_SET, UNKNOWN
from app.refusal import N_

_LAST = {UNKNOWN: N_("未知"), NAMELESS: N_("集体（没有名字）")}
OF_AGE = 60


@dataclass(frozen=True)
class Dimension:
    """A way to divide a year.

    ``of_offering``: the column of the offering whose value is the key, if it
    is the offering's; ``of_learner``: the column of the person, if it is
    theirs. With neither it is the day's.
    """

    name: str
    heading: str
    rows: Callable[[Span], dict[Any, str]]  # every key with its label, in their order; empty ones are not printed
    of_offering: Any = None
    of_learner: Any = None

    def is_text(self) -> bool:
        """Are its labels sentences of ours, to be translated? Otherwise they are names."""
        return self.name not in ("provider", "course", "year", "month")


def _categories(span: Span) -> dict[Any, str]:
    return {**CATEGORIES}


def _divisions(span: Span) -> dict[Any, str]:
    return {**DIVISIONS}


def _providers(span: Span) -> dict[Any, str]:
    found = db.session.connection().execute(select(Provider.id, Provider.name).order_by(Provider.name, Provider.id))
    return {row.id: row.name for row in found}


def _courses(span: Span) -> dict[Any, str]:
    found = db.session.connection().execute(
        select(Course.id, Course.title, Provider.name)
        .join(Provider, Provider.id == Course.provider_id)
        .order_by(Course.title, Provider.name, Course.id)
    )
    return {row.id: f"{row.title}（{row.name}）" for row in found}


def _months(span: Span) -> dict[Any, str]:
    if span.kind == "calendar":
        return {f"{month:%Y-%m}": f"{month.month}月" for month in span.months()}
    return {f"{month:%Y-%m}": f"{month.year}年{month.month}月" for month in span.months()}


def _years(span: Span) -> dict[Any, str]:
    return {f"{year}": f"{year}年" for year in range(span.start.year, span.end.year + 1)}


def _sexes(span: Span) -> dict[Any, str]:
    return {**SEXES, **_LAST}


def _homes(span: Span) -> dict[Any, str]:
    return {**DIVISIONS, **_LAST}


_AGE_KEYS = tuple(AGE_BANDS)


def age_band(born: int | None, starts: int) -> str:
    """The band of full years on the offering's first lesson (R16); both days as 20260310."""
    if not born:
        return UNKNOWN
    return _AGE_KEYS[bisect_right(RULE_SET.age_bands, (starts - born) // 10_000)]


def hour_band(hundredths: int) -> str:
    """The band of an offering's planned class hours."""
    low, high = RULE_SET.class_hour_bands
    return "-24" if hundredths < 100 * low else "24-80" if hundredths <= 100 * high else "80-"


EVERY: dict[str, Dimension] = {
    each.name: each
    for each in (
        Dimension("category", N_("类别"), _categories, of_offering=Offering.category),
        Dimension("division", N_("区县"), _divisions, of_offering=Offering.division_code),
        Dimension("unit", N_("填报单位"), _divisions, of_offering=Provider.division_code),
        Dimension("provider", N_("机构"), _providers, of_offering=Offering.provider_id),
        Dimension("course", N_("课程"), _courses, of_offering=Offering.course_id),
        Dimension("size", N_("课时档"), lambda span: {**HOUR_BANDS}, of_offering=Offering.planned_hours),
        Dimension("month", N_("月份"), _months),
        Dimension("year", N_("年份"), _years),
        Dimension("sex", N_("性别"), _sexes, of_learner=Person.sex),
        Dimension("age", N_("年龄段"), lambda span: {**AGE_BANDS, **_LAST}, of_learner=Person.birth_on),
        Dimension("home", N_("学员所在区县"), _homes, of_learner=Person.division_code),
    )
}


def condition_of_offering(name: str, key: Any) -> Any:
    """The offerings that stand in a row, as a condition on Offering."""
    if name == "unit":
        return Offering.provider_id.in_(select(Provider.id).where(Provider.division_code == key))
    if name != "size":
        return EVERY[name].of_offering == key
    hundredths = type_coerce(Offering.planned_hours, Integer)
    low, high = (100 * hours for hours in RULE_SET.class_hour_bands)
    return {"-24": hundredths < low, "24-80": hundredths.between(low, high), "80-": hundredths > high}[key]


def condition_of_learner(name: str, key: Any) -> Any:
    """The sign-ups that stand in a row, as a condition on Person and Offering; of nobody for a nameless group."""
    column = EVERY[name].of_learner
    if key == NAMELESS:
        return db.false()
    if key == UNKNOWN:
        return column.is_(None)
    if name != "age":
        return column == key
    place = _AGE_KEYS.index(key)
    bounds = (0, *RULE_SET.age_bands)
    years = as_number(Offering.starts_on) - as_number(Person.birth_on)
    conditions = [Person.birth_on.is_not(None)]
    if place:
        conditions.append(years >= 10_000 * bounds[place])
    if place < len(RULE_SET.age_bands):
        conditions.append(years < 10_000 * bounds[place + 1])
    return and_(*conditions)


def as_number(day: Any) -> Any:
    """A civil day as 20260310: the difference of two, by ten thousand, is full years."""
    return cast(func.replace(cast(day, String), "-", ""), Integer)


def month_number(day: Any) -> Any:
    """A civil day's month as 202603."""
    return cast(func.substr(func.replace(cast(day, String), "-", ""), 1, 6), Integer)
