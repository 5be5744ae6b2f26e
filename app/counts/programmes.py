"""A programme's year: the city's rows and rules, asked of the offerings that carry its tag.

A programme is a filter like a target: one sign-up may stand in two
programmes, and programmes are never summed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select

from app.counts import rows
from app.counts.tags import amount, figures_by
from app.counts.year import Figures
from app.database import db
from app.models import Offering, OfferingProgramme, Programme


class ProgrammeYear(NamedTuple):
    """One programme with its figures of a calendar year."""

    programme: Programme
    figures: Figures


class OfferingLine(NamedTuple):
    """One offering of a programme's year: person-times first attended in it, and people without names."""

    offering: Offering
    person_times: int
    group_headcount: int


def programme_years(year: int, training: bool = True) -> list[ProgrammeYear]:
    """Every programme in a calendar year, by name; ``training`` as in `tags.figures_by`."""
    figures = figures_by(OfferingProgramme.programme_id, year, training)
    found = db.session.scalars(select(Programme).order_by(Programme.name, Programme.id))
    return [ProgrammeYear(programme, figures.get(programme.id, Figures())) for programme in found]


def offerings_of(programme: Programme, year: int, training: bool = True) -> list[OfferingLine]:
    """The programme's offerings that somebody first attended in that year, named or not, by their first day."""
    start, end = rows.bounds(year)
    named = _by_offering(programme, rows.counted("first_attended_on", start, end, training))
    nameless = _by_offering(programme, rows.groups(start, end, training), "headcount")
    found = db.session.scalars(
        select(Offering)
        .where(Offering.id.in_(named.keys() | nameless.keys()))
        .options(db.joinedload(Offering.course), db.joinedload(Offering.provider))
        .order_by(Offering.starts_on, Offering.id)
    )
    return [OfferingLine(one, named.get(one.id, 0), nameless.get(one.id, 0)) for one in found]


def _by_offering(programme: Programme, source: Any, column: str | None = None) -> dict[int, int]:
    found = db.session.execute(
        select(source.c.offering_id, amount(source, column))
        .join(OfferingProgramme, OfferingProgramme.offering_id == source.c.offering_id)
        .where(OfferingProgramme.programme_id == programme.id)
        .group_by(source.c.offering_id)
    )
    return {offering: int(amount or 0) for offering, amount in found}
