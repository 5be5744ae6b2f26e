"""A calendar year's figures: the city's own, and by category, division, provider and month.

Persons are distinct at the level shown (R6): each row of a table has its
own crowd, and so has the city.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import select

from app.counts.crowds import Cell
from app.counts.fold import ACTIVITIES, BEFORE, CITY, DIMENSIONS, Fold
from app.counts.pairs import OnTheBooks, OpenPairs, Persons
from app.counts.reading import readers
from app.database import db
from app.models import Provider
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES, RULE_SET

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
    groups_reported: int = 0  # of group_headcount, what rests on reported visits
    groups_computed: int = 0  # and on visits counted here; one offering may do both

    def basis(self, measure: str) -> str:
        """Where a figure comes from: ``computed`` here, ``reported`` with a document, or ``mixed``."""
        if measure not in ("group_headcount", "person_times_total") or not self.groups_reported:
            return "computed"
        named = self.person_times if measure == "person_times_total" else 0
        return "mixed" if named or self.groups_computed else "reported"

    @property
    def person_times_total(self) -> int:
        """Person-times with a name and people without one."""
        return self.person_times + self.group_headcount

    def bases(self) -> dict[str, str]:
        """The basis of each measure, by name."""
        return {measure: self.basis(measure) for measure in MEASURES}

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
            "basis": {
                "rows": {row.label: row.figures.bases() for row in self.rows},
                "total": self.total.bases(),
            },
        }


@dataclass(frozen=True)
class Year:
    """All tables of one year, counted together."""

    year: int
    total: Figures
    tables: dict[str, tuple[Row, ...]]
    before: Figures | None = None  # the city a year earlier, where it was asked for
    activities: tuple[Row, ...] = ()  # what is too short to be training, by category (R15)
    all_activities: Figures = Figures()
    books: OnTheBooks = field(default_factory=OnTheBooks)  # of elderly education, whose target says 注册 (R1, R8)

    def table(self, by: str | None) -> Table:
        return Table(self.year, by, self.tables[by] if by else (), self.total)


def year_table(year: int, by: str | None = None) -> Table:
    """The figures of one calendar year, by one of DIMENSIONS; rows that are all zero are left out."""
    return count_year(year).table(by)


def count_year(year: int, with_before: bool = False) -> Year:
    """All tables of a year, counted from the sign-ups as they stand (R1–R20)."""
    with _collector_at_rest(), readers() as both:
        fold = Fold(both, year, with_before)
        persons = OpenPairs().persons(fold.crowds, fold.before)
        names = {row.id: row.name for row in db.session.connection().execute(select(Provider.id, Provider.name))}
        figures = figures_of(fold.sums(), persons)
        before = figures.get(BEFORE, Figures()) if with_before else None
        tables = {by: _lines(by, figures, names) for by in DIMENSIONS}
        return Year(
            year,
            total=figures.get(CITY, Figures()),
            tables=tables,
            before=before,
            activities=_lines("activity", figures, names),
            all_activities=figures.get(ACTIVITIES, Figures()),
            books=OnTheBooks.of(persons),
        )


def make_ready() -> None:
    """Count a year of which nothing is known, so that the statements are compiled before anybody waits for them."""
    count_year(1900, with_before=True)


def count_city(year: int) -> Figures:
    """The city's own figures of a year, without its tables."""
    with _collector_at_rest(), readers() as both:
        fold = Fold(both, year)
        return figures_of(fold.sums(), OpenPairs().persons(fold.crowds)).get(CITY, Figures())


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    # 60,000 rows that all stay make the garbage collector walk them over and over: a sixth of the time at full size.
    runs = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if runs:
            gc.enable()


def tenths(hundredths: int) -> Decimal:
    """Class hours to one decimal, as they are printed."""
    return (Decimal(hundredths) / 100).quantize(Decimal("0.1"), ROUND_HALF_UP)


def figures_of(sums: Mapping[Cell, dict[str, int]], persons: Persons) -> dict[Cell, Figures]:
    """Every cell of a table. The city has a crowd of its own: persons of rows do not add up (R6)."""
    figures = {}
    for cell, told in sums.items():
        least, most = persons.get(cell, (0, 0))
        hours = tenths(told.pop("hundredths", 0))
        figures[cell] = Figures(least, most, class_hours=hours, **told)
    return figures


def _lines(by: str, figures: dict[Cell, Figures], names: dict[int, str]) -> tuple[Row, ...]:
    """In the ledger's order: categories as the plan has them, divisions by code, providers by name, months."""
    every: dict[str, dict[Any, str]] = {
        "category": {**CATEGORIES},
        "activity": {**CATEGORIES},
        "division": {**DIVISIONS},
        "provider": dict(sorted(names.items(), key=lambda item: (item[1], item[0]))),
        "month": {month: f"{month}月" for month in range(1, 13)},
    }
    lines = (Row(key, label, figures.get((by, key), Figures())) for key, label in every[by].items())
    return tuple(line for line in lines if line.figures != Figures())
