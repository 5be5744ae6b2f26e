"""The list behind a figure: the same rows that were counted, one cell of a table at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Integer, Select, and_, distinct, func, select, true, type_coerce

from app.counts import rows
from app.counts.dimensions import OF_AGE, condition_of_learner, condition_of_offering
from app.counts.pairs import CAME, REGISTERED, OnTheBooks, OpenPairs, everybody
from app.counts.rungs import Ruling, among, left_out, standing
from app.counts.spans import Span
from app.database import db
from app.models import (
    AttendedHours,
    Certificate,
    Enrolment,
    GroupBooking,
    GroupVisit,
    Offering,
    OfferingPartner,
    OfferingProgramme,
    Person,
)
from app.models.person import full_years
from app.models.rules import COUNTED, NAMELESS


@dataclass(frozen=True)
class Place:
    """One figure: a span of days, and a row of one of its tables (all empty: the city)."""

    year: int
    category: str | None = None
    division: str | None = None
    provider: int | None = None
    month: int | None = None  # of a calendar year
    activity: int | None = None  # 1: of the activities and not of training (R15)
    programme: int | None = None
    partner: int | None = None  # an institution that took part (R4)
    basis: str = "calendar"  # which span the year names (`spans`)
    rung: str = COUNTED  # of persons and person-times
    within: str | None = None  # a month 2025-09 or a year 2025 of the span
    unit: str | None = None
    course: int | None = None
    size: str | None = None
    sex: str | None = None
    age: str | None = None
    home: str | None = None
    also_category: str | None = None  # only people who stand in this category, too
    also_provider: int | None = None
    system: str | None = None  # of certificates alone: 1+X or 人社

    @property
    def span(self) -> Span:
        return Span(self.year, self.basis)

    @property
    def stands_elsewhere(self) -> bool:
        """Is it asked for people who stand in another row, too?"""
        return self.also_category is not None or self.also_provider is not None

    @property
    def is_of_a_calendar_year(self) -> bool:
        """A row as elderly education is registered in: of a whole calendar year, and not of who the learner is."""
        whole = self.basis == "calendar" and self.rung == COUNTED and self.month is None and self.within is None
        return whole and not self.asks_learner

    @property
    def asks_learner(self) -> bool:
        """Is the row one of who the learner is?"""
        return any(value is not None for _, value in self._of_learner())

    @property
    def may_walk(self) -> bool:
        """Is a page found sooner by `people`? The index of people tells the days of attendance alone."""
        return self.rung == COUNTED and not (self.also_category or self.also_provider)

    def days(self) -> tuple[date, date]:
        """The first and the last civil day that are meant."""
        first, last = self.span.start, self.span.end
        if self.month is not None:
            first = last = first.replace(month=self.month)
        elif self.within is not None:
            year, _, month = self.within.partition("-")
            first = date(int(year), int(month or 1), 1)
            last = date(int(year), int(month or 12), 1)
        last = (last.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
        return max(first, self.span.start), min(last, self.span.end)

    def holds(self, source: Any) -> Any:
        """As a condition on a source's days and on the offering beside it."""
        return and_(source.c.day.between(*self.days()), self.of_offering())

    def of_offering(self) -> Any:
        """The same without the days."""
        told = ("category", "division", "provider", "unit", "course", "size")
        conditions: list[Any] = [true()]
        for name in told:
            if (value := getattr(self, name)) is not None:
                conditions.append(condition_of_offering(name, value))
        if self.programme is not None:
            tagged = select(OfferingProgramme.offering_id).where(OfferingProgramme.programme_id == self.programme)
            conditions.append(Offering.id.in_(tagged))
        if self.partner is not None:
            shared = select(OfferingPartner.offering_id).where(OfferingPartner.provider_id == self.partner)
            conditions.append(Offering.id.in_(shared))
        return and_(*conditions)

    def of_learner(self) -> Any:
        """As a condition on the person (and the offering) of a sign-up."""
        return and_(true(), *(condition_of_learner(name, value) for name, value in self._of_learner() if value))

    def _of_learner(self) -> tuple[tuple[str, str | None], ...]:
        return ("sex", self.sex), ("age", self.age), ("home", self.home)

    def narrowed(self, listed: Select[Any], source: Any) -> Select[Any]:
        """A list of what ``source`` has, with the offering joined already, to this row."""
        listed = listed.where(self.holds(source))
        if self.asks_learner:
            listed = (
                listed.join(Enrolment, Enrolment.id == source.c.enrolment_id)
                .join(Person, Person.id == Enrolment.person_id)
                .where(self.of_learner())
            )
        if not self.stands_elsewhere:
            return listed
        rung = standing(self.span, Ruling(self.rung)).alias("elsewhere")
        there = replace(Place(self.year, basis=self.basis), category=self.also_category, provider=self.also_provider)
        people = select(rung.c.identity).join(Offering, Offering.id == rung.c.offering_id).where(there.holds(rung))
        return listed.where(source.c.identity.in_(people))


def gone(place: Place, measure: str) -> list[int]:
    """Who is left out of such lists, for `sign_ups`: a few thousand of millions, and the same for every page."""
    never = select(rows.outside(rows.twins()).c.id)
    return sorted(
        set(db.session.scalars(never if measure == "class_hours" else left_out(place.span, _rung(place, measure))))
    )


def _rung(place: Place, measure: str) -> str:
    return "completed" if measure == "completions" else place.rung


def sign_ups(place: Place, measure: str, gone: Sequence[int] | None = None) -> Select[Any]:
    """The sign-ups behind persons, person-times, completions or class hours.

    Columns: ``enrolment_id``, ``identity``, ``day``, ``amount``: 1, or for
    class_hours those of one month, in hundredths. For persons those of one
    human being stand together. ``gone``: what `gone` gave, if somebody has it.
    """
    if measure == "class_hours":
        return _hours(place, gone)
    source = standing(place.span, Ruling(_rung(place, measure)), not place.activity, gone)
    order = ("identity", "day", "enrolment_id") if measure == "persons" else ("day", "enrolment_id")
    return _listed(place, source).order_by(*order)


def in_front(place: Place, gone: Sequence[int]) -> Select[Any]:
    """The sign-ups of the few human beings of whom there are several records; first in `people`."""
    source, several = _walked(place, gone)
    return _listed(place, source).where(several).order_by("identity", "day", "enrolment_id")


def people(place: Place, gone: Sequence[int], ahead: int, offset: int, limit: int) -> list[Any]:
    """A page of `sign_ups` for persons, where they are many: found one after the other instead of sorting all.

    First come those `in_front`, who are ``ahead`` in number, then everybody
    else in the order of the records.
    """
    found: list[Any] = []
    if offset < ahead:
        found += db.session.execute(in_front(place, gone).limit(limit).offset(offset))
    if len(found) < limit:
        source, several = _walked(place, gone)
        rest = _listed(place, source).where(~several).order_by(source.c.person_id, source.c.offering_id)
        found += db.session.execute(rest.limit(limit - len(found)).offset(max(0, offset - ahead)))
    return found


def _walked(place: Place, gone: Sequence[int]) -> tuple[Any, Any]:
    source = standing(place.span, Ruling(place.rung), not place.activity, gone, walk=True)
    return source, source.c.person_id.in_(select(rows.twins().c.person_id))


def _listed(place: Place, source: Any) -> Select[Any]:
    listed = select(source.c.enrolment_id, source.c.identity, source.c.day, db.literal(1).label("amount")).join(
        Offering, Offering.id == source.c.offering_id
    )
    return place.narrowed(listed, source)


def _hours(place: Place, gone: Sequence[int] | None) -> Select[Any]:
    """One row for each sign-up and month: so a page is read from the index of months, and nothing is summed."""
    never = select(rows.outside(rows.twins()).c.id)
    ruling = Ruling()
    source = (
        select(
            AttendedHours.enrolment_id,
            AttendedHours.offering_id,
            AttendedHours.enrolment_id.label("identity"),
            AttendedHours.month_on.label("day"),
            type_coerce(AttendedHours.class_hours, Integer).label("amount"),
        )
        .join(Offering, Offering.id == AttendedHours.offering_id)
        .where(
            AttendedHours.month_on.between(place.span.start, place.span.end),
            ~ruling.is_training() if place.activity else ruling.is_training(),
            AttendedHours.enrolment_id.not_in(never if gone is None else among(gone)),
        )
        .subquery("hours")
    )
    listed = select(source.c.enrolment_id, source.c.identity, source.c.day, source.c.amount).join(
        Offering, Offering.id == source.c.offering_id
    )
    return place.narrowed(listed, source).order_by(source.c.day, source.c.offering_id, source.c.enrolment_id)


def certificates(place: Place) -> Select[Any]:
    """Certificates of a figure, with their sign-ups, by issue date."""
    source = rows.certificates(place.span.start, place.span.end)
    listed = (
        select(Certificate)
        .join(source, source.c.certificate_id == Certificate.id)
        .join(Offering, Offering.id == source.c.offering_id)
    )
    if place.system is not None:
        listed = listed.where(Certificate.system == place.system)
    return place.narrowed(listed, source).order_by(Certificate.issued_on, Certificate.id)


def groups(place: Place) -> Select[Any]:
    """Offerings of a figure with the head-count that counts, by the first day a group came."""
    source = rows.groups(place.span.start, place.span.end, not place.activity)
    nobody = place.asks_learner and {place.sex, place.age, place.home} <= {None, NAMELESS}
    return (
        select(Offering, source.c.day, source.c.headcount)
        .join(source, source.c.offering_id == Offering.id)
        .where(place.holds(source), true() if nobody or not place.asks_learner else db.false())
        .order_by(source.c.day, Offering.id)
    )


def size(listed: Select[Any]) -> int:
    """How many rows a list has."""
    return db.session.scalar(select(func.count()).select_from(listed.order_by(None).subquery())) or 0


def sums(listed: Select[Any]) -> tuple[int, int, int]:
    """Of a list of sign-ups: rows, distinct human beings, amounts together."""
    whole = listed.order_by(None).subquery()
    row = db.session.execute(
        select(func.count(), func.count(distinct(whole.c.identity)), func.sum(whole.c.amount))
    ).one()
    return row[0], row[1], int(row[2] or 0)


@dataclass(frozen=True)
class Ages:
    """Of elderly education (R16): aged 60 or more on the offering's first lesson, younger, and unknown."""

    of_age: int = 0
    younger: int = 0
    unknown: int = 0


def elderly_ages(place: Place) -> tuple[Ages, Ages]:
    """Person-times and persons of elderly education by age; unknown is a row, never dropped (R16).

    A person is of age who was so in one offering of the year, and unknown
    whose birth date no sign-up of the year tells.
    """
    source = standing(place.span, Ruling(place.rung))
    found = db.session.execute(
        select(source.c.identity, Person.birth_on, Offering.starts_on)
        .join(Offering, Offering.id == source.c.offering_id)
        .join(Enrolment, Enrolment.id == source.c.enrolment_id)
        .join(Person, Person.id == Enrolment.person_id)
        .where(replace(place, category=rows.ELDERLY).holds(source), place.of_learner())
    )
    times = {True: 0, False: 0, None: 0}
    people: dict[int, bool | None] = {}
    for identity, birth_on, starts_on in found:
        age = None if birth_on is None else full_years(birth_on, starts_on)
        of_age = None if age is None else age >= OF_AGE
        times[of_age] += 1
        known = {people.get(identity), of_age}
        people[identity] = True if True in known else False if False in known else None
    persons = list(people.values())
    return (
        Ages(times[True], times[False], times[None]),
        Ages(persons.count(True), persons.count(False), persons.count(None)),
    )


def on_the_books(place: Place, attended: bool = False) -> Select[Any]:
    """The sign-ups behind 在册人数 (R8), or those of them who came by the end of the year (R1)."""
    same = rows.twins()
    source = rows.on_the_books(*rows.bounds(place.year), same)
    identity = func.coalesce(same.c.identity, source.c.person_id).label("identity")
    conditions = [place.of_offering(), source.c.came] if attended else [place.of_offering()]
    return (
        select(source.c.enrolment_id, identity, source.c.day, db.literal(1).label("amount"), source.c.came)
        .join(Offering, Offering.id == source.c.offering_id)
        .outerjoin(same, same.c.person_id == source.c.person_id)
        .where(*conditions)
        .order_by("identity", "day", source.c.enrolment_id)
    )


def books(place: Place) -> OnTheBooks:
    """在册人数 of a row of elderly education, and who of them came."""
    found = on_the_books(place).order_by(None).subquery()
    registered, came = set[int](), set[int]()
    for human, has_come in db.session.execute(select(found.c.identity, found.c.came)):
        registered.add(human)
        if has_come:
            came.add(human)
    crowds = everybody()
    crowds.add((REGISTERED,), list(registered))
    crowds.add((CAME,), list(came))
    return OnTheBooks.of(OpenPairs().persons(crowds))


def persons(place: Place) -> tuple[int, int]:
    """The people of any row, open pairs taken as one … as two (R6, R20)."""
    found = sign_ups(place, "persons").order_by(None).subquery()
    cell = ("place", "")
    crowds = everybody()
    crowds.add((cell,), list(db.session.scalars(select(found.c.identity).distinct())))
    return OpenPairs().persons(crowds).get(cell, (0, 0))


def visits_of(offering: Offering) -> list[GroupVisit]:
    """What the head-count of an offering was read from."""
    return list(
        db.session.scalars(
            select(GroupVisit)
            .where(GroupVisit.offering_id == offering.id)
            .order_by(GroupVisit.visited_on, GroupVisit.group_name, GroupVisit.id)
        )
    )


def bookings(year: int) -> Select[Any]:
    """Bookings of groups to offerings that ran in a calendar year, by the offering's first day."""
    first, last = rows.bounds(year)
    return (
        select(GroupBooking)
        .join(Offering, Offering.id == GroupBooking.offering_id)
        .where(Offering.starts_on <= last, Offering.ends_on >= first)
        .options(db.contains_eager(GroupBooking.offering).joinedload(Offering.course))
        .order_by(Offering.starts_on, Offering.id, GroupBooking.id)
    )
