"""Years as they were counted last, for as long as nothing in the database has changed."""

from __future__ import annotations

from app.counts import Figures, Year, count_year
from app.web.bureau.kept import kept


def year_of(year: int) -> Year:
    """All tables of a year, and the city of the year before."""
    return kept(("year", year), lambda: count_year(year, with_before=True))


def cities(first: int, last: int) -> dict[int, Figures]:
    """The city's figures of each of these years, the earliest first: each year is counted once, two at a time."""
    figures: dict[int, Figures] = {}
    for year in range(last, first - 1, -2):
        counted = year_of(year)
        figures |= {year: counted.total, year - 1: counted.before or Figures()}
    return {year: figures[year] for year in range(first, last + 1)}
