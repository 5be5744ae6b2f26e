"""From a year's sign-ups to the cells of its tables, in one pass.

SQL hands over one row per day and offering, with everybody in it; counting
distinct people five times over in SQL took longer than all the rest
together. What does not count is subtracted: it is little (see `rows`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from datetime import date
from itertools import compress
from operator import and_, itemgetter
from typing import Any

from sqlalchemy import Integer, String, case, cast, func, literal, literal_column, select, type_coerce, union_all

from app.counts import rows
from app.counts.reading import Readers, packed
from app.database import db
from app.models import AttendedHours, Enrolment, Offering, Person

DIMENSIONS = ("category", "division", "provider", "month")
CITY, BEFORE = ("city", ""), ("before", "")
ACTIVITIES = ("activities", "")  # all together; a row of theirs is ("activity", category)
ALONE = (CITY[0], BEFORE[0], ACTIVITIES[0])  # tables of one row
Cell = tuple[str, Any]
Daily = Iterable[tuple[str, list[int]]]  # per day offering, amount, offering, amount …


class Crowd:
    """Distinct human beings, by the ids under which they are counted."""

    def __init__(self, lists: list[list[int]], highest: int) -> None:
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

    def holding(self, pairs: Pairs) -> list[tuple[int, int]]:
        """Those of the pairs that are both in it; none above the highest id."""
        if self._few is not None:
            few, beside = self._few, pairs.beside
            return [(one, other) for one in few.intersection(beside) for other in beside[one] if other in few]
        if len(pairs.each) < 2:
            return [pair for pair in pairs.each if self._present[pair[0]] and self._present[pair[1]]]
        ones, others = (itemgetter(*side)(self._present) for side in pairs.sides)
        return list(compress(pairs.each, map(and_, ones, others)))


class Pairs:
    """Pairs of human beings, in the forms in which a crowd is asked for them."""

    def __init__(self, pairs: set[tuple[int, int]]) -> None:
        self.each = sorted(pairs)
        self.sides = tuple(zip(*self.each, strict=True))
        self.beside: dict[int, list[int]] = defaultdict(list)
        for one, other in self.each:
            self.beside[one].append(other)


class Fold:
    """One year, cell by cell: crowds of people and sums of what adds up; and the city of the year before."""

    def __init__(self, readers: Readers, year: int, with_before: bool = False) -> None:
        self.year, self._this = year, f"{year}"
        start, end = rows.bounds(year)
        if with_before:
            start = rows.bounds(year - 1)[0]
        less = readers.ask_beside(packed(rows.subtrahends(start, end)))
        self._books = readers.ask_beside(_on_the_books(*rows.bounds(year)))
        self._told = {name: readers.ask_beside(each) for name, each in _amounts(start, end).items()}
        attended, twins = readers.ask(_attended(start, end)), readers.ask(_twins())
        self._offerings = {row[0]: row for row in _offerings()}
        self._training = {offering_id for offering_id, row in self._offerings.items() if row[4]}
        self.highest = db.session.scalar(select(func.max(Person.id))) or 0
        self._less: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
        for what, row_id, day, offering_id, amount in less():
            self._less[what].add((row_id, day, offering_id, amount))
        self._crowds: dict[str, dict[Cell, list[list[int]]]] = defaultdict(lambda: defaultdict(list))
        self._sums: dict[Cell, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._identities: dict[int, int] = dict(twins)
        self._attend(attended)

    def sums(self) -> dict[Cell, dict[str, int]]:
        """Per row of a table what adds up: person-times, groups, hundredths of class hours, completions, certificates.

        Asked of the second reader last: ask for the crowds first.
        """
        for measure, told in self._told.items():
            self._add(measure, told(), wherever=measure == "certificates")
        less = self._less
        self._add("completions", ((on, [offering, -1]) for _, on, offering, _ in less[rows.COMPLETED]))
        self._add("hundredths", ((on, [offering, -amount]) for _, on, offering, amount in less[rows.HOURS]))
        gone = ((on, [offering, -1]) for _, on, offering, _ in less[rows.CERTIFICATES])
        self._add("certificates", gone, wherever=True)
        return self._sums

    def crowds(self, by: str) -> Iterator[tuple[Cell, Crowd]]:
        """Who attended, per row of a table; one crowd at a time is held."""
        for cell, lists in self._crowds[by].items():
            yield cell, Crowd(lists, self.highest)

    def on_the_books(self) -> tuple[Crowd, Crowd]:
        """Who is registered in elderly education in the year (R8), and who of them came (R1)."""
        lists: dict[bool, list[int]] = {False: [], True: []}
        for came, people in self._books():
            lists[bool(came)] = list(map(self._identities.get, people, people))
        return Crowd(list(lists.values()), self.highest), Crowd([lists[True]], self.highest)

    # -- steps -------------------------------------------------------------

    def _attend(self, attended: list[tuple[str, list[Any]]]) -> None:
        """Who attended, without those who do not count, under the id of the human being; into crowds and sums."""
        gone: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for _, on, offering_id, person in self._less[rows.ATTENDED]:
            gone[on].append((offering_id, person))
        before, city = self._crowds[BEFORE[0]][BEFORE], self._crowds[CITY[0]][CITY]
        of_offering: dict[int, list[list[int]]] = defaultdict(list)
        human_being, training = self._identities.get, self._training
        times: list[tuple[str, list[int]]] = []
        for on, here in attended:
            lists = dict(here)
            for offering_id, person in gone.get(on, ()):
                lists[offering_id].remove(person)
            for offering_id, people in lists.items():
                lists[offering_id] = list(map(human_being, people, people))
            times.append((on, [number for row in lists.items() for number in (row[0], len(row[1]))]))
            in_training = [people for offering_id, people in lists.items() if offering_id in training]
            if not on.startswith(self._this):
                before += in_training
                continue
            city += in_training
            self._crowds["month"]["month", int(on[5:7])] += in_training
            for offering_id, people in lists.items():
                of_offering[offering_id].append(people)
        for offering_id, came in of_offering.items():
            for cell in self._cells_of(offering_id):
                self._crowds[cell[0]][cell] += came
        self._add("person_times", times)

    def _cells_of(self, offering_id: int, as_training: bool = False) -> tuple[Cell, ...]:
        _, category, division, provider, is_training = self._offerings[offering_id]
        if is_training or as_training:
            return ("category", category), ("division", division), ("provider", provider)
        return ("activity", category), ACTIVITIES

    def _add(self, measure: str, found: Daily, wherever: bool = False) -> None:
        """Amounts to the cells of their day and offering; those of activities to their own, unless ``wherever``."""
        which: Container[int] = self._offerings if wherever else self._training
        per_offering: dict[int, int] = defaultdict(int)
        for day, told in found:
            numbers = iter(told)
            pairs = list(zip(numbers, numbers, strict=True))
            together = sum(amount for offering_id, amount in pairs if offering_id in which)
            if not day.startswith(self._this):
                self._sums[BEFORE][measure] += together
                continue
            self._sums[CITY][measure] += together
            self._sums["month", int(day[5:7])][measure] += together
            for offering_id, amount in pairs:
                per_offering[offering_id] += amount
        for offering_id, amount in per_offering.items():
            for cell in self._cells_of(offering_id, wherever):
                self._sums[cell][measure] += amount


def _offerings() -> list[Any]:
    """Every offering: id, category, division, provider, is it training?"""
    told = (Offering.id, Offering.category, Offering.division_code, Offering.provider_id, rows.is_training())
    return list(db.session.connection().execute(select(*told)).all())


def _attended(start: date, end: date) -> Any:
    """Per day [offering, everybody in it] …"""
    day, people = Enrolment.first_attended_on, func.aggregate_strings(cast(Enrolment.person_id, String), ",")
    each = (
        select(day.label("day"), Enrolment.offering_id, people.label("people"))
        .where(day.between(start, end))
        .group_by(day, Enrolment.offering_id)
        .subquery()
    )
    one = literal_column("'['", String) + cast(each.c.offering_id, String) + ",[" + each.c.people + "]]"
    return packed(select(each.c.day, func.aggregate_strings(one, ",").label("lists")).group_by(each.c.day))


def _completed(start: date, end: date) -> Any:
    day = Enrolment.completed_on
    return _daily(
        select(day.label("day"), Enrolment.offering_id, func.count().label("amount"))
        .where(day.between(start, end))
        .group_by(day, Enrolment.offering_id)
    )


def _hours(start: date, end: date) -> Any:
    """Hundredths of class hours; month by month, because then each is one stretch of the index, in its order."""
    months = [date(start.year + n // 12, n % 12 + 1, 1) for n in range(12 * (end.year - start.year + 1))]
    hundredths = func.sum(type_coerce(AttendedHours.class_hours, Integer)).label("amount")
    parts = [
        select(literal(month).label("day"), AttendedHours.offering_id, hundredths)
        .where(AttendedHours.month_on == month)
        .group_by(AttendedHours.offering_id)
        for month in months
    ]
    return _daily(union_all(*parts))


GROUPS = {"group_headcount": "headcount", "groups_reported": "reported", "groups_computed": "computed"}


def _amounts(start: date, end: date) -> dict[str, Any]:
    """What adds up, the longest first."""
    came, issued = rows.groups(start, end, training=None), rows.every_certificate(start, end)
    each = func.count().label("amount")
    per_day = select(issued.c.day, issued.c.offering_id, each).group_by(issued.c.day, issued.c.offering_id)
    return {
        "hundredths": _hours(start, end),
        "completions": _completed(start, end),
        "certificates": _daily(per_day),
        **{
            measure: _daily(select(came.c.day, came.c.offering_id, came.c[column].label("amount")))
            for measure, column in GROUPS.items()
        },
    }


def _daily(statement: Any) -> Any:
    """Rows of day, offering and amount as one list per day."""
    each = statement.subquery()
    pair = cast(each.c.offering_id, String) + "," + cast(each.c.amount, String)
    return packed(select(each.c.day, func.aggregate_strings(pair, ",").label("pairs")).group_by(each.c.day))


def _on_the_books(start: date, end: date) -> Any:
    """Did they come? and everybody who did, or did not."""
    source = rows.on_the_books(start, end, rows.twins())
    people = func.aggregate_strings(cast(source.c.person_id, String), ",").label("people")
    came = case((source.c.came, 1), else_=0)
    return packed(select(came.label("came"), people).group_by(came))


def _twins() -> Any:
    same = rows.twins()
    return packed(select(same.c.person_id, same.c.identity))
