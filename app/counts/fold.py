"""From a year's sign-ups to the cells of its tables, in one pass.

SQL hands over one row per day and offering, with everybody in it; counting
distinct people five times over in SQL took longer than all the rest
together. What does not count is subtracted: it is little (see `rows`).
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import compress
from operator import itemgetter
from typing import Any

from sqlalchemy import Integer, String, cast, func, select, type_coerce

from app.counts import rows
from app.database import db
from app.models import AttendedHours, Enrolment, Offering

DIMENSIONS = ("category", "division", "provider", "month")
CITY, BEFORE = ("city", ""), ("before", "")
Cell = tuple[str, Any]
Attendance = tuple[date, int, array]  # who first attended which offering on which day: identities


class Crowd:
    """Distinct human beings, by the ids under which they are counted."""

    def __init__(self, lists: list[array[int]], highest: int) -> None:
        # One byte for each id beats a set for large crowds, six times over; small crowds are sets.
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

    def among(self, some: tuple[int, ...]) -> set[int]:
        """Which of these are in it; none above the highest id."""
        if self._few is not None:
            return self._few.intersection(some)
        if len(some) < 2:
            return {identity for identity in some if self._present[identity]}
        return set(compress(some, itemgetter(*some)(self._present)))


class Fold:
    """One year, cell by cell: crowds of people and sums of what adds up; and the city of the year before."""

    def __init__(self, year: int, with_before: bool = False) -> None:
        self.year = year
        self._start, self._end = rows.bounds(year)
        if with_before:
            self._start = rows.bounds(year - 1)[0]
        self._places: dict[int, tuple[Cell, ...]] = {}
        self._training: set[int] = set()
        self._read_offerings()
        self._less: dict[str, list[Any]] = defaultdict(list)
        for what, day, offering_id, amount in db.session.execute(rows.subtrahends(self._start, self._end)):
            if offering_id in self._training:
                self._less[what].append((day, offering_id, amount))
        self._before: list[Attendance] = []
        self._attended: list[Attendance] = []
        self._read_attended()
        self.sums: dict[Cell, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for measure, found, activities_too in self._amounts():
            self._add(measure, found, activities_too)

    def cells(self, by: str) -> list[Cell]:
        return [cell for cell in self.sums if cell[0] == by]

    def crowds(self, by: str, highest: int) -> Iterator[tuple[Cell, Crowd]]:
        """Who attended, per row of a table; one crowd at a time is held. ``highest``: no greater id is asked of."""
        attended = self._before if by == BEFORE[0] else self._attended
        lists: dict[Cell, list[array[int]]] = defaultdict(list)
        for day, offering_id, people in attended:
            lists[self._cell(by, day, offering_id)].append(people)
        highest = max([highest, *(max(people) for _, _, people in attended)])
        for cell, found in lists.items():
            yield cell, Crowd(found, highest)

    # -- steps -------------------------------------------------------------

    def _cell(self, by: str, day: date, offering_id: int) -> Cell:
        if by in DIMENSIONS[:3]:
            return self._places[offering_id][DIMENSIONS.index(by)]
        return ("month", day.month) if by == "month" else (by, "")

    def _read_offerings(self) -> None:
        found = db.session.execute(
            select(Offering.id, Offering.category, Offering.division_code, Offering.provider_id, rows.is_training())
        )
        for offering_id, category, division, provider, is_training in found:
            self._places[offering_id] = (("category", category), ("division", division), ("provider", provider))
            if is_training:
                self._training.add(offering_id)

    def _read_attended(self) -> None:
        same = rows.twins()
        identity, day = func.coalesce(same.c.identity, Enrolment.person_id), Enrolment.first_attended_on
        found = db.session.execute(
            select(day, Enrolment.offering_id, func.aggregate_strings(cast(identity, String), ","))
            .outerjoin(same, same.c.person_id == Enrolment.person_id)
            .where(day.between(self._start, self._end))
            .group_by(day, Enrolment.offering_id)
        )
        attended: dict[tuple[Any, int], array[int]] = {
            (on, offering_id): array("q", map(int, people.split(",")))
            for on, offering_id, people in found
            if offering_id in self._training
        }
        for on, offering_id, identity in self._less["first_attended_on"]:
            attended[on, offering_id].remove(identity)
        for (on, offering_id), people in attended.items():
            if people:
                (self._attended if on.year == self.year else self._before).append((on, offering_id, people))

    def _amounts(self) -> Iterator[tuple[str, Iterable[Any], bool]]:
        """(measure, rows of day, offering, amount; do activities count?)"""
        start, end = self._start, self._end
        attended = (*self._attended, *self._before)
        yield "person_times", ((on, offering, len(people)) for on, offering, people in attended), False
        completed = select(Enrolment.completed_on, Enrolment.offering_id, func.count()).where(
            Enrolment.completed_on.between(start, end)
        )
        yield "completions", self._per_day(completed), False
        yield "completions", ((on, offering, -1) for on, offering, _ in self._less["completed_on"]), False
        hundredths = func.sum(type_coerce(AttendedHours.class_hours, Integer))
        monthly = select(AttendedHours.month_on, AttendedHours.offering_id, hundredths).where(
            AttendedHours.month_on.between(start, end)
        )
        yield "hundredths", self._per_day(monthly), False
        yield "hundredths", ((on, offering, -amount) for on, offering, amount in self._less["class_hours"]), False
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
                if day.year == self.year:
                    per_offering[offering_id] += int(amount)
                    per_month[day.month] += int(amount)
                else:
                    self.sums[BEFORE][measure] += int(amount)
        for month, amount in per_month.items():
            self.sums["month", month][measure] += amount
        for offering_id, amount in per_offering.items():
            self.sums[CITY][measure] += amount
            for cell in self._places[offering_id]:
                self.sums[cell][measure] += amount
