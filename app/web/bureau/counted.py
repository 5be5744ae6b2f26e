"""Years as they were counted last, for as long as nothing in the database has changed."""

from __future__ import annotations

from flask import current_app

from app.counts import Figures, Year, count_year
from app.database import db
from app.web.page_cache import Version

_KEPT = "counted_years"


def year_of(year: int) -> Year:
    """All tables of a year, and the city of the year before."""
    # The version before the figures, and no older snapshot than it: a commit in
    # between makes them newer than their version, never older.
    kept = current_app.extensions.setdefault(_KEPT, {})
    version = kept.setdefault("version", Version(db.engine)).now()
    if version is not None and year in kept and kept[year][0] == version:
        return kept[year][1]
    db.session.rollback()
    counted = count_year(year, with_before=True)
    kept[year] = version, counted
    return counted


def cities(first: int, last: int) -> dict[int, Figures]:
    """The city's figures of each of these years, the earliest first: each year is counted once, two at a time."""
    figures: dict[int, Figures] = {}
    for year in range(last, first - 1, -2):
        counted = year_of(year)
        figures |= {year: counted.total, year - 1: counted.before or Figures()}
    return {year: figures[year] for year in range(first, last + 1)}
