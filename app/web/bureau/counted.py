"""Years as they were counted last, for as long as nothing in the database has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask import current_app

from app.counts import Figures, Year, count_year
from app.database import db
from app.web.page_cache import Version

_KEPT = "counted_years"


def year_of(year: int) -> Year:
    """All tables of a year, and the city of the year before."""
    return kept(year, lambda: count_year(year, with_before=True))


def kept(key: Hashable, count: Callable[[], Any]) -> Any:
    """What was counted under this key, or counted now; nothing that a session may expire."""
    # The version before the figures, and no older snapshot than it: a commit in
    # between makes them newer than their version, never older.
    known = current_app.extensions.setdefault(_KEPT, {})
    version = known.setdefault("version", Version(db.engine)).now()
    if version is not None and key in known and known[key][0] == version:
        return known[key][1]
    db.session.rollback()
    counted = count()
    known[key] = version, counted
    return counted


def cities(first: int, last: int) -> dict[int, Figures]:
    """The city's figures of each of these years, the earliest first: each year is counted once, two at a time."""
    figures: dict[int, Figures] = {}
    for year in range(last, first - 1, -2):
        counted = year_of(year)
        figures |= {year: counted.total, year - 1: counted.before or Figures()}
    return {year: figures[year] for year in range(first, last + 1)}
