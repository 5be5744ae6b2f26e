"""A year's figures of offerings that carry a tag: a programme, a partner institution. One may carry several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, func, select, type_coerce

from app.counts import rows
from app.counts.pairs import OpenPairs, everybody
from app.counts.year import Figures, tenths
from app.database import db


def figures_by(tag: Any, year: int, training: bool = True) -> dict[int, Figures]:
    """A calendar year in the units of the yearly tables (R1–R14, R20), by ``tag``: a column beside ``offering_id``.

    ``training`` false: of activities instead, which stand outside (R15);
    their certificates are counted with the training.
    """
    start, end = rows.bounds(year)
    crowds = everybody()
    came: dict[int, list[int]] = defaultdict(list)
    for key, identity in _tagged(tag, rows.counted("first_attended_on", start, end, training), "identity"):
        came[key].append(identity)
    for key, people in came.items():
        crowds.add((("tag", key),), people)
    persons = OpenPairs().persons(crowds)
    completed = _sums(tag, rows.counted("completed_on", start, end, training))
    hours = _sums(tag, rows.hours(start, end, training), "hours")
    certificates = _sums(tag, rows.certificates(start, end)) if training else {}
    groups = rows.groups(start, end, training)
    nameless, reported, computed = (_sums(tag, groups, name) for name in ("headcount", "reported", "computed"))
    return {
        key: Figures(
            *persons.get(("tag", key), (0, 0)),
            person_times=len(came.get(key, ())),
            group_headcount=nameless.get(key, 0),
            class_hours=tenths(hours.get(key, 0)),
            completions=completed.get(key, 0),
            certificates=certificates.get(key, 0),
            groups_reported=reported.get(key, 0),
            groups_computed=computed.get(key, 0),
        )
        for key in {*came, *completed, *hours, *certificates, *nameless}
    }


def amount(source: Any, column: str | None) -> Any:
    """How many rows, or what stands in a column of theirs; hours in hundredths."""
    return func.count() if column is None else func.sum(type_coerce(source.c[column], Integer))


def _tagged(tag: Any, source: Any, column: str) -> Sequence[Any]:
    beside = tag.class_.offering_id
    return db.session.execute(
        select(tag, source.c[column]).join_from(tag.class_, source, source.c.offering_id == beside)
    ).all()


def _sums(tag: Any, source: Any, column: str | None = None) -> dict[int, int]:
    found = db.session.execute(
        select(tag, amount(source, column))
        .join_from(tag.class_, source, source.c.offering_id == tag.class_.offering_id)
        .group_by(tag)
    )
    return {key: int(told or 0) for key, told in found}
