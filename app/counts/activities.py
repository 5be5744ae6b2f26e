"""What is too short to be training (R15): the talks, open days and fairs behind the table of activities."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select, union_all

from app.counts import rows
from app.counts.lists import Place
from app.database import db
from app.models import Offering


class Activity(NamedTuple):
    """One activity in a calendar year: its person-times, its completions, and people without names."""

    offering: Offering
    person_times: int
    completions: int
    group_headcount: int


def activities(year: int, category: str | None = None) -> Select[Any]:
    """Every activity that somebody first came to, or completed, in the year, by its first day.

    Columns: the offering, ``person_times``, ``completions``,
    ``group_headcount``. Together they are the year's table of activities.
    """
    start, end = rows.bounds(year)
    came = rows.counted("first_attended_on", start, end, False)
    done = rows.counted("completed_on", start, end, False)
    groups = rows.groups(start, end, False)
    none = literal(0)
    each = union_all(
        select(came.c.offering_id, literal(1).label("came"), none.label("done"), none.label("heads")),
        select(done.c.offering_id, none, literal(1), none),
        select(groups.c.offering_id, none, none, groups.c.headcount),
    ).subquery("each")
    sums = (
        select(
            each.c.offering_id,
            func.sum(each.c.came).label("person_times"),
            func.sum(each.c.done).label("completions"),
            func.sum(each.c.heads).label("group_headcount"),
        )
        .group_by(each.c.offering_id)
        .subquery("sums")
    )
    return (
        select(Offering, sums.c.person_times, sums.c.completions, sums.c.group_headcount)
        .join(sums, sums.c.offering_id == Offering.id)
        .where(Place(year, category=category).of_offering())
        .options(db.joinedload(Offering.course), db.joinedload(Offering.provider))
        .order_by(Offering.starts_on, Offering.id)
    )


def listed(query: Select[Any]) -> list[Activity]:
    """The activities of a (sliced) query."""
    return [Activity(row[0], int(row[1]), int(row[2]), int(row[3])) for row in db.session.execute(query)]
