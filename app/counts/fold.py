"""From a year's sign-ups to the cells of its tables, in one pass.

SQL hands over one row per day and offering, with everybody in it; counting
distinct people five times over in SQL took longer than all the rest
together. What does not count is subtracted: it is little (see `rows`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import Integer, String, cast, func, select, type_coerce

from app.counts import rows
from app.database import db
from app.models import AttendedHours, Enrolment, Offering

DIMENSIONS = ("category", "division", "provider", "month")
CITY = ("city", "")
Cell = tuple[str, Any]


class Crowd:
    """Distinct human beings, by the ids under which they are counted."""

    def __init__(self, lists: Iterable[list[int]], highest: int) -> None:
        # One byte for each id beats a set for large crowds, six times over; small crowds are sets.
        lists = list(lists)
        self._few: set[int] | None = None
        if sum(map(len, lists)) * 64 < highest:
            self._few = set().union(*lists)
            self.size = len(self._few)
            return
        self._present = present = bytearray(highest + 1)
        for people in lists:
            for identity in people:
                present[identity] = 1
        self.size = present.count(1)

    def among(self, some: set[int]) -> set[int]:
        """Which of these are in it."""
        if self._few is not None:
            return self._few & some
        return {identity for identity in some if identity < len(self._present) and self._present[identity]}


class Fold:
    """One year, cell by cell: crowds of people and sums of what adds up."""

    def __init__(self, year: int) -> None:
        self._start, self._end = rows.bounds(year)
        self._places: dict[int, tuple[Cell, ...]] = {}
        self._training: set[int] = set()
        self._read_offerings()
        self._attended = self._read_attended()
        self._highest = max((max(people) for _, _, people in self._attended), default=0)
        self.sums: dict[Cell, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for measure, found, activities_too in self._amounts():
            self._add(measure, found, activities_too)

    def cells(self, by: str) -> list[Cell]:
        return [cell for cell in self.sums if cell[0] == by]

    def crowds(self, by: str) -> Iterator[tuple[Any, Crowd]]:
        """Who attended, per row of a table; one crowd at a time is held."""
        lists: dict[Any, list[list[int]]] = defaultdict(list)
        for day, offering_id, people in self._attended:
            lists[self._cell(by, day, offering_id)].append(people)
        for cell, found in lists.items():
            yield cell, Crowd(found, self._highest)

    # -- steps -------------------------------------------------------------

    def _cell(self, by: str, day: date, offering_id: int) -> Cell:
        if by == "city":
            return CITY
        return ("month", day.month) if by == "month" else self._places[offering_id][DIMENSIONS.index(by)]

    def _read_offerings(self) -> None:
        found = db.session.execute(
            select(Offering.id, Offering.category, Offering.division_code, Offering.provider_id, rows.is_training())
        )
        for offering_id, category, division, provider, is_training in found:
            self._places[offering_id] = (("category", category), ("division", division), ("provider", provider))
            if is_training:
                self._training.add(offering_id)

    def _read_attended(self) -> list[tuple[date, int, list[int]]]:
        same = rows.twins()
        identity, day = func.coalesce(same.c.identity, Enrolment.person_id), Enrolment.first_attended_on
        found = db.session.execute(
            select(day, Enrolment.offering_id, func.aggregate_strings(cast(identity, String), ","))
            .outerjoin(same, same.c.person_id == Enrolment.person_id)
            .where(day.between(self._start, self._end))
            .group_by(day, Enrolment.offering_id)
        )
        attended: dict[tuple[Any, int], list[int]] = {
            (on, offering_id): list(map(int, people.split(",")))
            for on, offering_id, people in found
            if offering_id in self._training
        }
        for on, offering_id, identity in self._left_out("first_attended_on"):
            if offering_id in self._training:
                attended[on, offering_id].remove(identity)
        return [(on, offering_id, people) for (on, offering_id), people in attended.items() if people]

    def _left_out(self, column: str) -> Iterable[Any]:
        same = rows.twins()
        gone = rows.left_out(column, self._start, self._end, same).subquery()
        return db.session.execute(
            select(gone.c.day, gone.c.offering_id, func.coalesce(same.c.identity, gone.c.person_id)).outerjoin(
                same, same.c.person_id == gone.c.person_id
            )
        )

    def _amounts(self) -> Iterator[tuple[str, Iterable[Any], bool]]:
        """(measure, rows of day, offering, amount; do activities count?)"""
        start, end = self._start, self._end
        yield "person_times", ((on, offering, len(people)) for on, offering, people in self._attended), False
        completed = select(Enrolment.completed_on, Enrolment.offering_id, func.count()).where(
            Enrolment.completed_on.between(start, end)
        )
        yield "completions", self._per_day(completed), False
        yield "completions", ((on, offering, -1) for on, offering, _ in self._left_out("completed_on")), False
        hundredths = func.sum(type_coerce(AttendedHours.class_hours, Integer))
        attended = select(AttendedHours.month_on, AttendedHours.offering_id, hundredths).where(
            AttendedHours.month_on.between(start, end)
        )
        never = select(rows.outside(rows.twins()).c.id)
        yield "hundredths", self._per_day(attended), False
        outside = self._per_day(attended.where(AttendedHours.enrolment_id.in_(never)))
        yield "hundredths", ((on, offering, -amount) for on, offering, amount in outside), False
        issued, came = rows.certificates(start, end), rows.groups(start, end)
        yield "certificates", self._per_day(select(issued.c.day, issued.c.offering_id, func.count())), True
        yield "group_headcount", self._per_day(select(came.c.day, came.c.offering_id, func.sum(came.c.headcount))), True

    def _per_day(self, statement: Any) -> Iterable[Any]:
        day, offering_id, _ = statement.selected_columns
        return db.session.execute(statement.group_by(day, offering_id))

    def _add(self, measure: str, found: Iterable[Any], activities_too: bool) -> None:
        per_offering: dict[int, int] = defaultdict(int)
        per_month: dict[int, int] = defaultdict(int)
        for day, offering_id, amount in found:
            if activities_too or offering_id in self._training:
                per_offering[offering_id] += int(amount)
                per_month[day.month] += int(amount)
        for month, amount in per_month.items():
            self.sums["month", month][measure] += amount
        for offering_id, amount in per_offering.items():
            self.sums[CITY][measure] += amount
            for cell in self._places[offering_id]:
                self.sums[cell][measure] += amount
