"""A calendar year's figures: the city's own, and by category, division, provider and month.

One pass over the year's sign-ups serves all tables. Additive measures are
summed once per offering and day in SQL; persons are distinct at the level
shown (R6), so each cell keeps its own set of human beings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Integer, String, cast, func, select, type_coerce

from app.counts import rows
from app.counts.pairs import OpenPairs
from app.database import db
from app.models import Offering, Provider
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES, RULE_SET

DIMENSIONS = ("category", "division", "provider", "month")
MEASURES = (
    "persons",
    "persons_max",
    "person_times",
    "group_headcount",
    "person_times_total",
    "class_hours",
    "completions",
    "certificates",
)


@dataclass(frozen=True)
class Figures:
    """One cell row of a yearly table, each in its own unit.

    persons … persons_max: distinct identified people, open candidate pairs
    taken as one … as two (R20); person_times: one human being in one
    offering; group_headcount: people of nameless groups (R13); class_hours:
    of 45 minutes, to one decimal; completions and certificates.
    """

    persons: int = 0
    persons_max: int = 0
    person_times: int = 0
    group_headcount: int = 0
    class_hours: Decimal = Decimal(0)
    completions: int = 0
    certificates: int = 0

    @property
    def person_times_total(self) -> int:
        """Person-times with a name and people without one."""
        return self.person_times + self.group_headcount

    @property
    def persons_with_nameless(self) -> int:
        """The high end of persons where nameless groups exist (R14); the low end is ``persons``."""
        return self.persons_max + self.group_headcount

    def as_dict(self) -> dict[str, int | float]:
        """The measures by name, as files and the command print them."""
        values = {name: getattr(self, name) for name in MEASURES}
        whole = self.class_hours == int(self.class_hours)
        return values | {"class_hours": int(self.class_hours) if whole else float(self.class_hours)}


@dataclass(frozen=True)
class Row:
    """One line of a table. ``key`` is the category's key, the division's code, the provider's id or the month."""

    key: str | int
    label: str
    figures: Figures


@dataclass(frozen=True)
class Table:
    """A year by one dimension, or (``by`` None) the city alone."""

    year: int
    by: str | None
    rows: tuple[Row, ...]
    total: Figures

    def as_dict(self) -> dict[str, Any]:
        """What `counts --format json` prints; the labels are the ledger's Chinese names."""
        return {
            "year": self.year,
            "rule_set": RULE_SET.version,
            "by": self.by,
            "rows": [{"label": row.label, **row.figures.as_dict()} for row in self.rows],
            "total": self.total.as_dict(),
        }


@dataclass(frozen=True)
class Year:
    """All tables of one year, counted together."""

    year: int
    total: Figures
    tables: dict[str, tuple[Row, ...]]

    def table(self, by: str | None) -> Table:
        return Table(self.year, by, self.tables[by] if by else (), self.total)


def year_table(year: int, by: str | None = None) -> Table:
    """The figures of one calendar year, by one of DIMENSIONS; rows that are all zero are left out."""
    return count_year(year).table(by)


def count_year(year: int) -> Year:
    """All tables of a year, counted from the sign-ups as they stand (R1–R20)."""
    tally = _Tally()
    tally.add_people(_people(year))
    for measure, found in _sums(year):
        tally.add(measure, found)
    pairs = OpenPairs()
    names = {row.id: row.name for row in db.session.execute(select(Provider.id, Provider.name))}
    tables = {by: _lines(by, tally.cells[by], pairs, names) for by in DIMENSIONS}
    return Year(year, tally.city.figures(pairs), tables)


def _people(year: int) -> Iterator[tuple[date, int, list[int]]]:
    """Who first attended which offering on which day."""
    first = rows.counted("first_attended_on", *rows.bounds(year))
    found = db.session.execute(
        select(first.c.day, first.c.offering_id, func.aggregate_strings(cast(first.c.identity, String), ",")).group_by(
            first.c.day, first.c.offering_id
        )
    )
    for day, offering_id, identities in found:
        yield day, offering_id, list(map(int, identities.split(",")))


def _sums(year: int) -> Iterator[tuple[str, Iterable[Any]]]:
    """The additive measures, summed per day and offering: (measure, rows of day, offering, amount)."""
    start, end = rows.bounds(year)
    completed = rows.counted("completed_on", start, end)
    issued, attended, came = rows.certificates(start, end), rows.hours(start, end), rows.groups(start, end)
    for measure, source, amount in (
        ("completions", completed, func.count()),
        ("certificates", issued, func.count()),
        ("hundredths", attended, func.sum(type_coerce(attended.c.hours, Integer))),
        ("group_headcount", came, func.sum(came.c.headcount)),
    ):
        statement = select(source.c.day, source.c.offering_id, amount)
        yield measure, db.session.execute(statement.group_by(source.c.day, source.c.offering_id))


class _Cell:
    """What one row of a table gathers."""

    def __init__(self) -> None:
        self.people: set[int] = set()
        self.person_times = self.group_headcount = self.hundredths = self.completions = self.certificates = 0

    def figures(self, pairs: OpenPairs) -> Figures:
        return Figures(
            persons=pairs.fewest(self.people),
            persons_max=len(self.people),
            person_times=self.person_times,
            group_headcount=self.group_headcount,
            class_hours=(Decimal(self.hundredths) / 100).quantize(Decimal("0.1"), ROUND_HALF_UP),
            completions=self.completions,
            certificates=self.certificates,
        )


class _Tally:
    """The cells of all tables, filled in one pass. The city is a cell of its own, never a sum of rows (R6)."""

    def __init__(self) -> None:
        self.city = _Cell()
        self.cells: dict[str, dict[Any, _Cell]] = {by: defaultdict(_Cell) for by in DIMENSIONS}
        self._places = {
            row.id: (("category", row.category), ("division", row.division_code), ("provider", row.provider_id))
            for row in db.session.execute(
                select(Offering.id, Offering.category, Offering.division_code, Offering.provider_id)
            )
        }

    def add_people(self, found: Iterable[tuple[date, int, list[int]]]) -> None:
        for day, offering_id, people in found:
            for cell in self._touched(day, offering_id):
                cell.people.update(people)
                cell.person_times += len(people)

    def add(self, measure: str, found: Iterable[Any]) -> None:
        for day, offering_id, amount in found:
            for cell in self._touched(day, offering_id):
                setattr(cell, measure, getattr(cell, measure) + int(amount))

    def _touched(self, day: date, offering_id: int) -> Iterator[_Cell]:
        yield self.city
        yield self.cells["month"][day.month]
        for by, key in self._places[offering_id]:
            yield self.cells[by][key]


def _lines(by: str, cells: dict[Any, _Cell], pairs: OpenPairs, names: dict[int, str]) -> tuple[Row, ...]:
    """In the ledger's order: categories as the plan has them, divisions by code, providers by name, months."""
    every: dict[str, dict[Any, str]] = {
        "category": {**CATEGORIES},
        "division": {**DIVISIONS},
        "provider": {**names},
        "month": {month: f"{month}月" for month in range(1, 13)},
    }
    labels = every[by]
    order = sorted(labels, key=lambda key: (labels[key], key)) if by == "provider" else list(labels)
    order += sorted(cells.keys() - labels.keys())
    lines = (Row(key, labels.get(key, str(key)), cells[key].figures(pairs)) for key in order if key in cells)
    return tuple(line for line in lines if line.figures != Figures())
