"""Years as they were counted last, for as long as nothing in the database has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app

from app.counts import Figures, Year, count_city, count_year
from app.database import db
from app.web.page_cache import Version

_KEPT = "counted_years"


def year_of(year: int) -> Year:
    """All tables of a year."""
    return _kept(("year", year), lambda: count_year(year))


def city_of(year: int) -> Figures:
    """The city's figures of a year, without tables."""
    held = _years().get(("year", year))
    if held is not None and held[0] == _version():
        return held[1].total
    return _kept(("city", year), lambda: count_city(year))


def _kept(key: tuple[str, int], count: Callable[[], Any]) -> Any:
    # The version before the figures, and no older snapshot than it: a commit in
    # between makes them newer than their version, never older.
    version, kept = _version(), _years()
    if version is None:
        return count()
    if key not in kept or kept[key][0] != version:
        db.session.rollback()
        kept[key] = version, count()
    return kept[key][1]


def _years() -> dict[tuple[str, int], tuple[object, Any]]:
    return current_app.extensions.setdefault(_KEPT, {"version": Version(db.engine), "years": {}})["years"]


def _version() -> object | None:
    _years()
    return current_app.extensions[_KEPT]["version"].now()
