"""What measures read: each year, each list and each reported figure once, whichever and however many targets ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from app.counts import lists
from app.counts.measured import Measured
from app.counts.pairs import OnTheBooks
from app.counts.person_times import Times, person_times
from app.counts.rows import ELDERLY, bounds
from app.counts.year import Year
from app.database import db
from app.models import Provider, ReportedFigure
from app.models.register import standings
from app.models.statement import CITY, Statement
from app.models.target import Target


def attested_years() -> frozenset[int]:
    """The years that the bureau has signed; their computed figures enter a mean (R21)."""
    signed = select(Statement.year).where(Statement.scope == CITY, Statement.attested_at.is_not(None)).distinct()
    return frozenset(db.session.scalars(signed))


@dataclass
class Reader:
    """What measures read of years ``first`` to ``last``. ``count`` gives a whole year where somebody has it anyhow."""

    first: int
    last: int
    today: date
    count: Callable[[int], Year] | None = None
    measured: dict[tuple[int, int], Measured] = field(default_factory=dict, repr=False)  # by target and year
    _attested: frozenset[int] | None = field(default=None, repr=False)
    _times: dict[int, dict[int, list[tuple[str, str, Times]]]] = field(default_factory=dict, repr=False)
    _reported: dict[int, list[ReportedFigure]] = field(default_factory=dict, repr=False)
    _providers: dict[int, Provider] | None = field(default=None, repr=False)
    _standings: dict[date, dict[str, dict[str, int]]] = field(default_factory=dict, repr=False)
    _years: dict[int, Year] = field(default_factory=dict, repr=False)

    def attested(self) -> frozenset[int]:
        if self._attested is None:
            self._attested = attested_years()
        return self._attested

    def times(self, year: int, category: str | None = None, division: str | None = None, provider: int = 0) -> Times:
        """Person-times and groups of a row of a year."""
        whole = self._whole(year)
        filters = [(by, key) for by, key in self._filters(category, division, provider) if key]
        if whole is not None and len(filters) < 2:
            lines = [whole.total] if not filters else []
            for by, key in filters:
                lines = [row.figures for row in whole.tables[by] if row.key == key]
            return _together(
                Times(line.person_times, line.group_headcount, line.groups_reported, line.groups_computed)
                for line in lines
            )
        return _together(
            times
            for of_category, of_division, times in self._times_of(year, provider)
            if category in (None, of_category) and division in (None, of_division)
        )

    def persons(
        self, year: int, category: str | None = None, division: str | None = None, provider: int = 0
    ) -> tuple[int, int]:
        """Distinct people of a row of a year, open pairs taken as one … as two (R20)."""
        whole = self._whole(year)
        filters = [(by, key) for by, key in self._filters(category, division, provider) if key]
        if whole is not None and len(filters) < 2:
            by, key = filters[0] if filters else (None, None)
            lines = [whole.total] if by is None else [row.figures for row in whole.tables[by] if row.key == key]
            return (lines[0].persons, lines[0].persons_max) if lines else (0, 0)
        return lists.persons(lists.Place(year, category=category, division=division, provider=provider or None))

    def books(self, year: int, provider: int = 0) -> OnTheBooks:
        whole = self._whole(year)
        if whole is not None and not provider:
            return whole.books
        return lists.books(lists.Place(year, category=ELDERLY, provider=provider or None))

    def city_books(self, year: int) -> OnTheBooks | None:
        """在册人数 of the city, for who has the whole year anyhow."""
        whole = self._whole(year)
        return None if whole is None else whole.books

    def reported(self, kind: str, year: int) -> list[ReportedFigure]:
        """The figures of a kind that stand for a year."""
        if year not in self._reported:
            current = ReportedFigure.current().where(ReportedFigure.year == year).order_by(ReportedFigure.id)
            self._reported[year] = list(db.session.scalars(current))
        return [figure for figure in self._reported[year] if figure.kind == kind]

    def providers(self) -> dict[int, Provider]:
        if self._providers is None:
            every = db.session.scalars(select(Provider).order_by(Provider.name, Provider.id))
            self._providers = {provider.id: provider for provider in every}
        return self._providers

    def standings(self, on: date) -> dict[str, dict[str, int]]:
        """How many entries of each of the bureau's lists stood in which state on a day."""
        if on not in self._standings:
            self._standings[on] = standings(on)
        return self._standings[on]

    def until(self, year: int, target: Target) -> date:
        """The day on which a list is read for a year: its last one, no later than today or the deadline."""
        days = [bounds(year)[1], self.today, *([target.due_on] if target.due_on else [])]
        return min(days)

    def _filters(self, *values: Any) -> Iterable[tuple[str, Any]]:
        return zip(("category", "division", "provider"), values, strict=True)

    def _whole(self, year: int) -> Year | None:
        if self.count is None:
            return None
        if year not in self._years:
            self._years[year] = self.count(year)
        return self._years[year]

    def _times_of(self, year: int, provider: int) -> list[tuple[str, str, Times]]:
        """A year's rows, or those of one provider; all years that were asked for are read together."""
        if year not in self._times:
            first, last = (self.first, self.last) if self.first <= year <= self.last else (year, year)
            for each in range(first, last + 1):
                self._times[each] = defaultdict(list)
            for (of, category, division, of_provider), times in person_times(first, last).items():
                for key in (of_provider, 0):  # 0: of everybody
                    self._times[of][key].append((category, division, times))
        return self._times[year].get(provider, [])


def _together(every: Iterable[Times]) -> Times:
    sums = [0, 0, 0, 0]
    for times in every:
        amounts = times.person_times, times.group_headcount, times.groups_reported, times.groups_computed
        sums = [old + more for old, more in zip(sums, amounts, strict=True)]
    return Times(*sums)
