"""A span of days by any dimension and on any rung: the same rows as `rungs`, folded into one table.

The bureau's year page has a faster fold of its own (`fold`); this one can
do all else, a dimension at a time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Integer, String, cast, func, literal_column, select, type_coerce

from app.counts import rows
from app.counts.checks import ADDITIVE
from app.counts.crowds import Cell, Crowds
from app.counts.dimensions import EVERY, Dimension, age_band, as_number, hour_band, month_number
from app.counts.files import BASES, BASIS, HEADINGS
from app.counts.files import CITY as CITY_LABEL
from app.counts.grids import Grid
from app.counts.pairs import OpenPairs, highest_record
from app.counts.rungs import Ruling, standing
from app.counts.spans import Span
from app.counts.year import Figures, Row, figures_of
from app.database import db
from app.models import AttendedHours, Enrolment, Offering, Person, Provider
from app.models.rules import CATEGORIES, NAMELESS, RUNGS, UNKNOWN

CITY: Cell = ("city", "")


@dataclass(frozen=True)
class Tally:
    """One table: rows of a dimension, the whole, and what they are of."""

    span: Span
    ruling: Ruling
    by: str
    category: str | None  # only offerings of it; None: all
    rows: tuple[Row, ...]
    total: Figures

    def differences(self) -> dict[str, int]:
        """Per measure the rows together less the whole: nought adds up. Persons never need to (R6).

        Without class hours, whose tenths are rounded row by row.
        """
        lines = [row.figures for row in self.rows]
        return {
            measure: sum(getattr(line, measure) for line in lines) - getattr(self.total, measure)
            for measure in ("persons_max", *ADDITIVE)
        }

    def grid(self) -> Grid:
        """As a file has it."""
        dimension = EVERY[self.by]
        of = self.category and CATEGORIES[self.category]
        lines = [*((row.label, row.figures) for row in self.rows), (of or CITY_LABEL, self.total)]
        told = {
            "span": self.span.label, "from": self.span.start.isoformat(), "to": self.span.end.isoformat(),
            "by": self.by, "category": of or "", "rung": RUNGS[self.ruling.rung],
        }  # fmt: skip
        return Grid(
            f"{self.span.name}-{self.by}",
            (("label", dimension.heading), *HEADINGS.items(), ("basis", BASIS)),
            tuple(
                (label, *figures.as_dict().values(), BASES[figures.basis("person_times_total")])
                for label, figures in lines
            ),
            tuple(told.items()),
        )


@dataclass
class Facts:
    """Of every offering what a row's key, and whether it counts, are read from; of every record what is asked."""

    category: dict[int, str] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    keys: dict[int, Any] = field(default_factory=dict)
    training: set[int] = field(default_factory=set)


def tally(span: Span, by: str, ruling: Ruling | None = None, category: str | None = None) -> Tally:
    """The figures of a span of days by one of EVERY; rows that are all zero are left out.

    ``ruling``: on which rung persons and person-times are counted, and by
    which settings; the other columns depend on the settings alone.
    """
    ruling = ruling or Ruling()
    figures = Fold(span, by, ruling, category).figures()
    lines = (Row(key, label, figures.get((by, key), Figures())) for key, label in EVERY[by].rows(span).items())
    return Tally(
        span, ruling, by, category, tuple(line for line in lines if line.figures != Figures()),
        figures.get(CITY, Figures()),
    )  # fmt: skip


class Fold:
    """One dimension of a span of days, a pass over each measure."""

    def __init__(self, span: Span, by: str, ruling: Ruling, category: str | None = None) -> None:
        self.span, self.dimension, self.ruling = span, EVERY[by], ruling
        self.facts = _facts(self.dimension, ruling)
        self.wanted = {i for i, of in self.facts.category.items() if category in (None, of)}
        column = self.dimension.of_learner
        self.people = _people(column) if column is not None else {}
        self.sums: dict[Cell, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.twins = [(row.person_id, row.identity) for row in db.session.execute(select(rows.twins()))]
        self.highest = highest_record()

    def crowds(self, ruling: Ruling) -> Crowds:
        """Who stands on a rung, in the whole and in each row."""
        crowds = Crowds(self.highest)
        for key, people in self.lists(ruling):
            crowds.add((CITY, (self.dimension.name, key)), people)
        crowds.join(self.twins)
        return crowds

    def figures(self) -> dict[Cell, Figures]:
        """Every cell of the table."""
        crowds = self.crowds(self.ruling)
        persons = OpenPairs().persons(crowds)
        for cell, times in crowds.times.items():
            self.sums[cell]["person_times"] = times
        for key, people in self.lists(replace(self.ruling, rung="completed")):
            self._add(key, "completions", len(people))
        self._certificates()
        self._hours()
        self._groups()
        return figures_of(self.sums, persons)

    # -- steps -------------------------------------------------------------

    def _add(self, key: Any, measure: str, amount: int) -> None:
        self.sums[CITY][measure] += amount
        self.sums[self.dimension.name, key][measure] += amount

    def lists(self, ruling: Ruling) -> Iterator[tuple[Any, list[int]]]:
        """Who stands on a rung, row by row; a row comes once for each offering or month."""
        source = standing(self.span, ruling)
        by_day = self.dimension.of_offering is None and self.dimension.of_learner is None
        day = [month_number(source.c.day)] if by_day else []
        told = flat(source.c.offering_id, source.c.person_id, *day)
        width = 2 + len(day)
        together: dict[tuple[int, int], list[int]] = defaultdict(list)
        months = told[2::3] if by_day else [0] * (len(told) // 2)
        for offering, person, month in zip(told[::width], told[1::width], months, strict=True):
            together[offering, month].append(person)
        for (offering, month), people in together.items():
            if offering in self.wanted:
                yield from self._divided(offering, month, people)

    def _divided(self, offering: int, month: int, people: list[int]) -> Iterable[tuple[Any, list[int]]]:
        if self.dimension.of_learner is None:
            return [(self._key(offering, month), people)]
        rows: dict[Any, list[int]] = defaultdict(list)
        told = self.people
        if self.dimension.name == "age":
            starts = self.facts.starts[offering]
            for person in people:
                rows[age_band(told.get(person), starts)].append(person)
        else:
            for person in people:
                rows[told.get(person) or UNKNOWN].append(person)
        return rows.items()

    def _key(self, offering: int, month: int, person: int | None = None) -> Any:
        """The row of an offering; of a month as 202603; of a learner, where the dimension asks who they are."""
        name = self.dimension.name
        if name == "month":
            return f"{month // 100}-{month % 100:02d}"
        if name == "year":
            return f"{month // 100}"
        if self.dimension.of_learner is None:
            return self.facts.keys[offering]
        if person is None:
            return NAMELESS
        told = self.people.get(person)
        return age_band(told, self.facts.starts[offering]) if name == "age" else told or UNKNOWN

    def _certificates(self) -> None:
        source = rows.certificates(self.span.start, self.span.end)
        found = select(
            source.c.offering_id,
            month_number(source.c.day).label("month"),
            Enrolment.person_id,
            func.count().label("n"),
        ).join(Enrolment, Enrolment.id == source.c.enrolment_id)
        for row in db.session.execute(found.group_by(*found.selected_columns[:3])):
            if row.offering_id in self.wanted:
                self._add(self._key(row.offering_id, row.month, row.person_id), "certificates", row.n)

    def _hours(self) -> None:
        told = self._hours_of_learners() if self.dimension.of_learner is not None else self._hours_of_offerings()
        counts = self.wanted & self.facts.training
        for offering, month, person, hundredths in told:
            if offering in counts:
                self._add(self._key(offering, month, person), "hundredths", hundredths)

    def _hours_of_offerings(self) -> Iterator[tuple[int, int, None, int]]:
        """Read whole from the index of months, less what those attended who never count."""
        for first in self.span.months():
            month = first.year * 100 + first.month
            amount = func.sum(type_coerce(AttendedHours.class_hours, Integer))
            whole = select(AttendedHours.offering_id, amount).where(AttendedHours.month_on == first)
            for offering, hundredths in db.session.execute(whole.group_by(AttendedHours.offering_id)):
                yield offering, month, None, hundredths
        never = select(rows.outside(rows.twins()).c.id)
        less = select(
            AttendedHours.offering_id, AttendedHours.month_on, type_coerce(AttendedHours.class_hours, Integer)
        )
        for offering, on, hundredths in db.session.execute(
            less.where(
                AttendedHours.enrolment_id.in_(never), AttendedHours.month_on.between(self.span.start, self.span.end)
            )
        ):
            yield offering, on.year * 100 + on.month, None, -hundredths

    def _hours_of_learners(self) -> Iterator[tuple[int, int, int, int]]:
        """One amount for each sign-up, by the offerings that had lessons in these days."""
        never = select(rows.outside(rows.twins()).c.id)
        source = (
            select(
                Enrolment.offering_id,
                Enrolment.person_id,
                func.sum(type_coerce(AttendedHours.class_hours, Integer)).label("hundredths"),
            )
            .join(AttendedHours, AttendedHours.enrolment_id == Enrolment.id)
            .where(
                AttendedHours.month_on.between(self.span.start, self.span.end),
                Enrolment.id.not_in(never),
            )
            .group_by(Enrolment.id, Enrolment.offering_id, Enrolment.person_id)
            .subquery()
        )
        told = flat(source.c.offering_id, source.c.person_id, source.c.hundredths)
        for offering, person, hundredths in zip(told[::3], told[1::3], told[2::3], strict=True):
            yield offering, 0, person, hundredths

    def _groups(self) -> None:
        source = rows.groups(self.span.start, self.span.end, training=None)
        counts = self.wanted & self.facts.training
        for row in db.session.execute(select(source)):
            if row.offering_id in counts:
                key = self._key(row.offering_id, row.day.year * 100 + row.day.month)
                self._add(key, "group_headcount", row.headcount)
                self._add(key, "groups_reported", row.reported)
                self._add(key, "groups_computed", row.computed)


def _facts(dimension: Dimension, ruling: Ruling) -> Facts:
    facts = Facts()
    column = dimension.of_offering if dimension.of_offering is not None else Offering.category
    hundredths = type_coerce(Offering.planned_hours, Integer)
    found = db.session.execute(
        select(
            Offering.id, Offering.category, as_number(Offering.starts_on).label("starts"), hundredths.label("hours"),
            (hundredths if dimension.name == "size" else column).label("key"),
        ).join(Provider, Provider.id == Offering.provider_id)
    )  # fmt: skip
    for offering, category, starts, hours, key in found:
        facts.category[offering], facts.starts[offering] = category, starts
        facts.keys[offering] = hour_band(hours) if dimension.name == "size" else key
        if hours >= 100 * ruling.min_hours:
            facts.training.add(offering)
    return facts


def _people(column: Any) -> dict[int, Any]:
    """Of every record what it says, where it says anything: a text, or a birth date as 19500304."""
    known = Person.__table__.c[column.key]
    if column.key == "birth_on":
        told = flat(Person.id, as_number(known), where=known.is_not(None))
        return dict(zip(told[::2], told[1::2], strict=True))
    found: dict[int, Any] = {}
    for value in db.session.scalars(select(known).where(known.is_not(None)).distinct()):
        found.update(dict.fromkeys(flat(Person.id, where=known == value), value))
    return found


def flat(*columns: Any, where: Any = None) -> list[int]:
    """Whole numbers of all rows one after the other, as one text: handed over one by one they cost more."""
    text: Any = cast(columns[0], String)
    for column in columns[1:]:
        text = text + literal_column("','", String) + cast(column, String)
    statement = select(func.aggregate_strings(text, ","))
    whole = db.session.scalar(statement if where is None else statement.where(where))
    numbers: list[int] = json.loads(f"[{whole or ''}]")
    return numbers
