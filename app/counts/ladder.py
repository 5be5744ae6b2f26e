"""The ladder of a span of days: on each rung persons and person-times, by any dimension.

A rung's year is that of its own day: application and place by their civil
dates, attended and effective by the first lesson attended (R7), completion
and certificate by theirs (R9). So within one year a later rung may hold
more than an earlier one; in one offering, over all years, it never does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select

from app.counts.checks import Check
from app.counts.crowds import Cell
from app.counts.dimensions import EVERY
from app.counts.files import CITY as CITY_LABEL
from app.counts.grids import Grid
from app.counts.pairs import OpenPairs
from app.counts.rungs import Ruling
from app.counts.spans import Span
from app.counts.tallies import CITY, Fold
from app.database import db
from app.models import Certificate, Enrolment
from app.models.rules import CATEGORIES, RUNGS
from app.refusal import N_


@dataclass(frozen=True)
class Step:
    """One rung of one row: distinct people, open pairs taken as one … as two (R20), and person-times."""

    persons: int = 0
    persons_max: int = 0
    person_times: int = 0


@dataclass(frozen=True)
class Rungs:
    """One line of the table."""

    key: str | int
    label: str
    steps: dict[str, Step]


@dataclass(frozen=True)
class Ladder:
    span: Span
    by: str
    category: str | None
    rows: tuple[Rungs, ...]
    total: dict[str, Step]

    def differences(self) -> dict[str, tuple[int, int]]:
        """Per rung the rows together less the whole, in person-times and in persons (R6)."""
        return {
            rung: (
                sum(row.steps[rung].person_times for row in self.rows) - self.total[rung].person_times,
                sum(row.steps[rung].persons_max for row in self.rows) - self.total[rung].persons_max,
            )
            for rung in RUNGS
        }

    def grid(self) -> Grid:
        """As a file has it: three columns for each rung."""
        columns = [("label", EVERY[self.by].heading)]
        for rung, name in RUNGS.items():
            columns += [
                (f"{rung}_persons", f"{name}人数"),
                (f"{rung}_persons_max", f"{name}人数上限"),
                (f"{rung}_person_times", f"{name}人次"),
            ]
        of = self.category and CATEGORIES[self.category]
        lines = [*((row.label, row.steps) for row in self.rows), (of or CITY_LABEL, self.total)]
        told = {
            "span": self.span.label, "from": self.span.start.isoformat(), "to": self.span.end.isoformat(),
            "by": self.by, "category": of or "",
        }  # fmt: skip
        return Grid(
            f"{self.span.name}-ladder-{self.by}",
            tuple(columns),
            tuple(
                (label, *(n for step in steps.values() for n in (step.persons, step.persons_max, step.person_times)))
                for label, steps in lines
            ),
            tuple(told.items()),
        )


def ladder(span: Span, by: str = "category", category: str | None = None, ruling: Ruling | None = None) -> Ladder:
    """Every rung of a span of days by one of EVERY; rows that are empty on all rungs are left out."""
    ruling = ruling or Ruling()
    fold, pairs = Fold(span, by, ruling, category), OpenPairs()
    steps: dict[Cell, dict[str, Step]] = {}
    for rung in RUNGS:
        crowds = fold.crowds(replace(ruling, rung=rung))
        persons = pairs.persons(crowds)
        for cell, times in crowds.times.items():
            empty = {each: Step() for each in RUNGS}
            steps.setdefault(cell, empty)[rung] = Step(*persons[cell], times)
    lines = tuple(
        Rungs(key, label, steps[by, key]) for key, label in EVERY[by].rows(span).items() if (by, key) in steps
    )
    return Ladder(span, by, category, lines, steps.get(CITY, {rung: Step() for rung in RUNGS}))


def in_order(span: Span) -> Check:
    """In each offering, over all years: certified, completed ≤ attended ≤ registered ≤ applied.

    Completions are asked for of this span: the table refuses what is wrong, and asking all costs as much as counting.
    """
    completed = select(func.count()).where(
        Enrolment.completed_on.between(span.start, span.end), Enrolment.first_attended_on.is_(None)
    )
    certified = (
        select(func.count(Enrolment.id.distinct()))
        .join(Certificate, Certificate.enrolment_id == Enrolment.id)
        .where(Enrolment.first_attended_on.is_(None))
    )
    attended = select(func.count()).where(Enrolment.registered_on.is_(None), Enrolment.first_attended_on.is_not(None))
    wrong = [db.session.scalar(question) or 0 for question in (certified, completed, attended)]
    return Check(
        "rungs-in-order",
        not any(wrong),
        N_(
            "每个班、不分年份：取证和结业不超过到课，到课不超过登记，登记不超过报名"
            "（有证无到课 %(certified)s，有结业无到课 %(completed)s，有到课无登记 %(attended)s）"
        ),
        dict(zip(("certified", "completed", "attended"), wrong, strict=True)),
    )
