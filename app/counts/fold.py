"""From a year's sign-ups to the cells of its tables, in one pass.

SQL hands over one row per day and offering, with everybody in it; counting
distinct people five times over in SQL took longer than all the rest
together. What does not count is subtracted: it is little (see `rows`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from datetime import date, timedelta
from functools import partial
from itertools import compress
from typing import Any

from sqlalchemy import Integer, String, case, cast, func, literal_column, not_, select, type_coerce

from app.counts import rows
from app.counts.crowds import Cell
from app.counts.pairs import CAME, REGISTERED, everybody
from app.counts.reading import Readers, packed
from app.models import Enrolment, Offering, OfferingHours

DIMENSIONS = ("category", "division", "provider", "month")
CITY, BEFORE = ("city", ""), ("before", "")
ACTIVITIES = ("activities", "")  # all together; a row of theirs is ("activity", category)
DAY = timedelta(1)
Daily = Iterable[tuple[str, list[int]]]  # per day offering, amount, offering, amount …


class Fold:
    """One year, cell by cell: crowds of people and sums of what adds up; and the city of the year before."""

    def __init__(self, readers: Readers, year: int, with_before: bool = False) -> None:
        self.year, self._this = year, f"{year}"
        first, end = rows.bounds(year)
        start = rows.bounds(year - 1)[0] if with_before else first
        less = readers.ask_beside(lambda: packed(rows.subtrahends(start, end)))
        offerings = readers.ask_beside(_offerings)
        books = readers.ask_beside(lambda: _on_the_books(first, end))
        self._told = {name: readers.ask_beside(partial(each, start, end)) for name, each in _AMOUNTS.items()}
        attended, twins = readers.ask(lambda: _attended(first, end)), readers.ask(_twins)
        earlier = readers.ask(lambda: _attended(start, first - DAY)) if with_before else []
        self._groups = readers.ask(lambda: packed(select(rows.groups(start, end, training=None))))
        self._less: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
        for what, row_id, day, offering_id, amount in less():
            self._less[what].add((row_id, day, offering_id, amount))
        self._sums: dict[Cell, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._offerings = {row[0]: row for row in offerings()}
        self._training = {offering_id for offering_id, row in self._offerings.items() if row[3]}
        self.crowds, self.before = everybody(), everybody()
        self._gone: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for _, on, offering_id, person in self._less[rows.ATTENDED]:
            self._gone[on].append((offering_id, person))
        self._attend(attended)
        for came, others in books():
            self.crowds.add((REGISTERED, CAME), came)
            self.crowds.add((REGISTERED,), others)
        self._attend_before(earlier)
        for crowds in (self.crowds, self.before):
            crowds.join(twins)

    def sums(self) -> dict[Cell, dict[str, int]]:
        """Per row of a table what adds up: person-times, groups, hundredths of class hours, completions, certificates.

        The second reader begins with the first, so the last is asked for first.
        """
        for crowds in (self.crowds, self.before):
            for cell, times in crowds.times.items():
                self._sums[cell]["person_times"] = times
        for measure, told in reversed(self._told.items()):
            self._add(measure, told(), wherever=measure == "certificates")
        for offering, day, *amounts in self._groups:
            for measure, amount in zip(_GROUPS, amounts, strict=True):
                self._add(measure, [(day, [offering, amount])])
        less = self._less
        self._add("completions", ((on, [offering, -1]) for _, on, offering, _ in less[rows.COMPLETED]))
        self._add("hundredths", ((on, [offering, -amount]) for _, on, offering, amount in less[rows.HOURS]))
        gone = ((on, [offering, -1]) for _, on, offering, _ in less[rows.CERTIFICATES])
        self._add("certificates", gone, wherever=True)
        return self._sums

    # -- steps -------------------------------------------------------------

    def _attend(self, attended: list[tuple[str, list[Any]]]) -> None:
        """Who attended this year, into the crowds of their rows."""
        together: dict[tuple[int, int], list[int]] = defaultdict(list)
        for on, here in attended:
            month = int(on[5:7])
            for offering_id, people in self._who_count(on, here):
                together[offering_id, month] += people
        for (offering_id, month), people in together.items():
            cells = self._cells_of(offering_id)
            if offering_id in self._training:
                cells += CITY, ("month", month)
            self.crowds.add(cells, people)

    def _attend_before(self, attended: list[tuple[str, list[Any]]]) -> None:
        """Of the year before only the city is asked for, and training."""
        before: list[int] = []
        for on, here in attended:
            for offering_id, people in self._who_count(on, here):
                if offering_id in self._training:
                    before += people
        self.before.add((BEFORE,), before)

    def _who_count(self, on: str, here: list[Any]) -> Iterable[tuple[int, list[int]]]:
        """Of one day, per offering, without those who do not count."""
        lists = dict(here)
        for offering_id, person in self._gone.get(on, ()):
            lists[offering_id].remove(person)
        return lists.items()

    def _cells_of(self, offering_id: int, as_training: bool = False) -> tuple[Cell, ...]:
        _, (category, division), provider, is_training = self._offerings[offering_id]
        if is_training or as_training:
            return ("category", category), ("division", division), ("provider", provider)
        return ("activity", category), ACTIVITIES

    def _add(self, measure: str, found: Daily, wherever: bool = False) -> None:
        """Amounts to the cells of their day and offering; those of activities to their own, unless ``wherever``."""
        which: Container[int] = self._offerings if wherever else self._training
        per_offering: dict[int, int] = defaultdict(int)
        for day, told in found:
            offerings, amounts = told[::2], told[1::2]
            together = sum(compress(amounts, map(which.__contains__, offerings)))
            if not day.startswith(self._this):
                self._sums[BEFORE][measure] += together
                continue
            self._sums[CITY][measure] += together
            self._sums["month", int(day[5:7])][measure] += together
            for offering_id, amount in zip(offerings, amounts, strict=True):
                per_offering[offering_id] += amount
        for offering_id, amount in per_offering.items():
            for cell in self._cells_of(offering_id, wherever):
                self._sums[cell][measure] += amount


def _offerings() -> Any:
    """Every offering: id, category and division, provider, is it training?"""
    quote = literal_column("'\"'", String)
    names = quote + Offering.category + literal_column("'\",\"'", String) + Offering.division_code + quote
    return packed(select(Offering.id, names.label("names"), Offering.provider_id, rows.is_training().label("training")))


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
    """Hundredths of class hours, of each month."""
    hundredths = type_coerce(OfferingHours.class_hours, Integer).label("amount")
    return _daily(
        select(OfferingHours.month_on.label("day"), OfferingHours.offering_id, hundredths).where(
            OfferingHours.month_on.between(start, end)
        )
    )


def _certificates(start: date, end: date) -> Any:
    issued = rows.every_certificate(start, end)
    day, offering = issued.c.day, issued.c.offering_id
    return _daily(select(day, offering, func.count().label("amount")).group_by(day, offering))


# What adds up, in the order in which the second reader takes it; and the amounts of `rows.groups`, in its order.
_AMOUNTS = {"hundredths": _hours, "completions": _completed, "certificates": _certificates}
_GROUPS = ("group_headcount", "groups_reported", "groups_computed")


def _daily(statement: Any) -> Any:
    """Rows of day, offering and amount as one list per day."""
    each = statement.subquery()
    pair = cast(each.c.offering_id, String) + "," + cast(each.c.amount, String)
    return packed(select(each.c.day, func.aggregate_strings(pair, ",").label("pairs")).group_by(each.c.day))


def _on_the_books(start: date, end: date) -> Any:
    """One row: everybody who came, and everybody who did not."""
    source = rows.on_the_books(start, end, rows.twins())
    person = cast(source.c.person_id, String)
    lists = (func.aggregate_strings(case((who, person)), ",") for who in (source.c.came, not_(source.c.came)))
    return packed(select(*(func.coalesce(people, literal_column("''", String)) for people in lists)))


def _twins() -> Any:
    same = rows.twins()
    return packed(select(same.c.person_id, same.c.identity))
