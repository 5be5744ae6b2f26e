"""What follows from bookings, counts and confirmations: how many people without a name count on which day (R13).

Of a lesson: the trainer's count less the people with a name present at it,
taken off the groups in the order of their bookings. Of a day: each group at
its largest. Kept as `GroupVisit` rows, which are what is counted, beside
those of a ledger: whoever asks for a figure need not know which road they came.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import delete, exists, func, insert, select, update

from app.database import db, forget_loaded
from app.models.attendance import PRESENT, Mark
from app.models.attended import run_past_objects
from app.models.group_visit import GroupVisit


class Head(NamedTuple):
    """One group at one lesson: what the trainer counted, and who of them remains without a name."""

    booking_id: int
    lesson_id: int
    held_on: date
    counted: int
    named: int  # taken off here
    nameless: int
    confirmed: bool  # confirmed on that day or later


def heads(offering_id: int) -> list[Head]:
    """Every standing count of an offering's living bookings, lesson by lesson, in the order of the bookings."""
    tables = db.metadata.tables
    booking, count, lesson = (tables[name].c for name in ("group_booking", "group_count", "lesson"))
    said = tables["group_confirmation"].c
    last = (
        select(func.max(said.confirmed_on))
        .where(said.booking_id == booking.id, said.revoked_at.is_(None))
        .scalar_subquery()
    )
    counted = run_past_objects(
        select(booking.id, lesson.id, lesson.held_on, count.headcount, last)
        .select_from(tables["group_booking"])
        .join(tables["group_count"], count.booking_id == booking.id)
        .join(tables["lesson"], lesson.id == count.lesson_id)
        .where(booking.offering_id == offering_id, booking.cancelled_at.is_(None), count.superseded_at.is_(None))
        .order_by(lesson.held_on, lesson.begins, lesson.id, booking.id)
    ).all()
    left = _named_at({row[1] for row in counted})
    found = []
    # First off the groups that count: a name never goes to a group that has not been confirmed.
    for booking_id, lesson_id, held_on, headcount, confirmed_on in sorted(
        counted, key=lambda row: (row[2], row[1], not _holds(row[4], row[2]), row[0])
    ):
        named = min(headcount, left[lesson_id])
        left[lesson_id] -= named
        confirmed = _holds(confirmed_on, held_on)
        found.append(Head(booking_id, lesson_id, held_on, headcount, named, headcount - named, confirmed))
    return found


def settle(offering_id: int) -> None:
    """Write an offering's visits anew from what stands; under its lock."""
    bookings = db.metadata.tables["group_booking"].c
    names = {
        row.id: row
        for row in run_past_objects(
            select(bookings.id, bookings.group_name, bookings.group_key).where(bookings.offering_id == offering_id)
        )
    }
    wanted: dict[tuple[int, date], int] = defaultdict(int)
    for head in heads(offering_id):
        if head.confirmed and head.nameless:
            key = head.booking_id, head.held_on
            wanted[key] = max(wanted[key], head.nameless)
    table: Any = GroupVisit.__table__
    rows = run_past_objects(
        select(table.c.id, table.c.booking_id, table.c.visited_on, table.c.headcount).where(
            table.c.offering_id == offering_id, table.c.booking_id.is_not(None)
        )
    )
    stored = {(row.booking_id, row.visited_on): row for row in rows}
    gone = [row.id for key, row in stored.items() if key not in wanted]
    if gone:
        run_past_objects(delete(table).where(table.c.id.in_(gone)))
    for key, headcount in wanted.items():
        if key not in stored:
            run_past_objects(insert(table), [_visit(offering_id, names[key[0]], key[1], headcount)])
        elif stored[key].headcount != headcount:
            run_past_objects(update(table).where(table.c.id == stored[key].id).values(headcount=headcount))
    forget_loaded(GroupVisit, [row.id for row in stored.values()])


def _visit(offering_id: int, booking: Any, visited_on: date, headcount: int) -> dict[str, Any]:
    return {
        "offering_id": offering_id, "group_name": booking.group_name, "group_key": booking.group_key,
        "visited_on": visited_on, "headcount": headcount, "state": "attending", "basis": "computed",
        "booking_id": booking.id,
    }  # fmt: skip


def settle_after_roll(lesson_id: int, offering_id: int) -> None:
    """The names of a lesson have changed: so have the nameless of the groups that were counted at it."""
    if is_counted(lesson_id):
        settle(offering_id)


def is_counted(lesson_id: int) -> bool:
    """Did a trainer count a group at this lesson?"""
    count = db.metadata.tables["group_count"].c
    return bool(run_past_objects(select(exists().where(count.lesson_id == lesson_id))).scalar())


def _holds(confirmed_on: date | None, held_on: date) -> bool:
    """Nobody can confirm beforehand that a group came."""
    return confirmed_on is not None and confirmed_on >= held_on


def _named_at(lesson_ids: set[int]) -> dict[int, int]:
    """How many people with a name are marked present at each of these lessons."""
    mark = Mark.__table__.c
    rows = run_past_objects(
        select(mark.lesson_id, func.count())
        .where(mark.lesson_id.in_(lesson_ids), mark.superseded_at.is_(None), mark.status.in_(PRESENT))
        .group_by(mark.lesson_id)
    )
    found = defaultdict(int)
    for lesson_id, named in rows:
        found[lesson_id] = named
    return found
