"""A programme's year: the city's rows and rules, asked of the offerings that carry its tag.

A programme is a filter like a target: one sign-up may stand in two
programmes, and programmes are never summed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from sqlalchemy import Integer, func, select, type_coerce

from app.counts import rows
from app.counts.crowds import Crowds
from app.counts.pairs import OpenPairs
from app.counts.year import Figures
from app.database import db
from app.models import Offering, OfferingProgramme, Person, Programme


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
    """Every programme in a calendar year, by name, in the units of the yearly tables (R1–R14, R20).

    ``training`` false: of its activities instead, which stand outside (R15);
    their certificates are counted with the training.
    """
    start, end = rows.bounds(year)
    crowds = Crowds(db.session.scalar(select(func.max(Person.id))) or 0)
    came: dict[int, list[int]] = defaultdict(list)
    for programme, identity in _of_programmes(rows.counted("first_attended_on", start, end, training), "identity"):
        came[programme].append(identity)
    for programme, people in came.items():
        crowds.add((("programme", programme),), people)
    persons = OpenPairs().persons(crowds)
    completed = _sums(rows.counted("completed_on", start, end, training))
    hours = _sums(rows.hours(start, end, training), "hours")
    certificates = _sums(rows.certificates(start, end)) if training else {}
    groups = rows.groups(start, end, training)
    nameless, reported, computed = (_sums(groups, name) for name in ("headcount", "reported", "computed"))
    found = db.session.scalars(select(Programme).order_by(Programme.name, Programme.id))
    return [
        ProgrammeYear(
            programme,
            Figures(
                *persons.get(("programme", programme.id), (0, 0)),
                person_times=len(came.get(programme.id, ())),
                group_headcount=nameless.get(programme.id, 0),
                class_hours=(Decimal(hours.get(programme.id, 0)) / 100).quantize(Decimal("0.1"), ROUND_HALF_UP),
                completions=completed.get(programme.id, 0),
                certificates=certificates.get(programme.id, 0),
                groups_reported=reported.get(programme.id, 0),
                groups_computed=computed.get(programme.id, 0),
            ),
        )
        for programme in found
    ]


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


def _of_programmes(source: Any, column: str) -> Sequence[Any]:
    return db.session.execute(
        select(OfferingProgramme.programme_id, source.c[column]).join(
            source, source.c.offering_id == OfferingProgramme.offering_id
        )
    ).all()


def _amount(source: Any, column: str | None) -> Any:
    return func.count() if column is None else func.sum(type_coerce(source.c[column], Integer))


def _sums(source: Any, column: str | None = None) -> dict[int, int]:
    """Per programme the rows of a source, or what stands in one of its columns; hours in hundredths."""
    found = db.session.execute(
        select(OfferingProgramme.programme_id, _amount(source, column))
        .join(source, source.c.offering_id == OfferingProgramme.offering_id)
        .group_by(OfferingProgramme.programme_id)
    )
    return {programme: int(amount or 0) for programme, amount in found}


def _by_offering(programme: Programme, source: Any, column: str | None = None) -> dict[int, int]:
    found = db.session.execute(
        select(source.c.offering_id, _amount(source, column))
        .join(OfferingProgramme, OfferingProgramme.offering_id == source.c.offering_id)
        .where(OfferingProgramme.programme_id == programme.id)
        .group_by(source.c.offering_id)
    )
    return {offering: int(amount or 0) for offering, amount in found}
