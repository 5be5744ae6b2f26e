"""Which sign-ups count: one row per human being and offering.

A figure, its file and the list behind it are all read from these
subqueries, so they cannot disagree. What never counts is small, so it is
gathered once and left out, instead of asking each of many sign-ups.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CTE, Select, Subquery, and_, func, or_, select, union
from sqlalchemy.orm import aliased

from app.models import (
    AccountPerson,
    AttendedHours,
    Certificate,
    Enrolment,
    GroupVisit,
    Offering,
    OfferingTrainer,
    Person,
)
from app.models.rules import RULE_SET


def bounds(year: int) -> tuple[date, date]:
    """The first and the last civil day of a calendar year."""
    return date(year, 1, 1), date(year, 12, 31)


def twins() -> CTE:
    """The few records that share a human being with another: ``person_id`` and their ``identity`` (R20)."""
    return union(
        select(Person.id.label("person_id"), Person.identity_id.label("identity")).where(
            Person.identity_id.is_not(None)
        ),
        select(Person.identity_id, Person.identity_id).where(Person.identity_id.is_not(None)),
    ).cte("twins")


def outside(same: CTE) -> CTE:
    """Sign-ups that never count: staff on duty, deleted and merged-away records, trainers of that offering (R2)."""
    staff = select(Enrolment.id).where(Enrolment.part != "learner")
    gone = (
        select(Enrolment.id)
        .join(Person, Person.id == Enrolment.person_id)
        .where(or_(Person.deleted_at.is_not(None), Person.merged_into_id.is_not(None)))
    )
    teaching = (
        select(OfferingTrainer.offering_id, AccountPerson.person_id.label("person_id"))
        .join(AccountPerson, AccountPerson.account_id == OfferingTrainer.account_id)
        .where(AccountPerson.relation == "self")
        .cte("teaching")
    )
    trainers = select(Enrolment.id).join(
        teaching,
        and_(teaching.c.offering_id == Enrolment.offering_id, teaching.c.person_id == Enrolment.person_id),
    )
    # The trainer under another record of theirs.
    other, own = same.alias("other"), same.alias("own")
    doubles = (
        select(Enrolment.id)
        .join(other, other.c.person_id == Enrolment.person_id)
        .join(own, own.c.identity == other.c.identity)
        .join(
            teaching,
            and_(teaching.c.offering_id == Enrolment.offering_id, teaching.c.person_id == own.c.person_id),
        )
    )
    return union(staff, gone, trainers, doubles).cte("outside")


def activities() -> Select[Any]:
    """Offerings too short to be training: talks, open days (R15)."""
    return select(Offering.id).where(Offering.planned_hours < RULE_SET.min_planned_hours)


def counted(column: str, start: date, end: date) -> Subquery:
    """The sign-ups whose ``column`` (first_attended_on, completed_on) lies in this time, each human being once.

    Of several sign-ups of one human being to one offering the earliest
    stands for all (R3, R7), so a later one does not count again, in whichever
    year. Columns: ``enrolment_id``, ``offering_id``, ``identity``, ``day``.
    """
    same = twins()
    never = outside(same)
    day = getattr(Enrolment, column)
    return (
        select(
            Enrolment.id.label("enrolment_id"),
            Enrolment.offering_id,
            func.coalesce(same.c.identity, Enrolment.person_id).label("identity"),
            day.label("day"),
        )
        .outerjoin(same, same.c.person_id == Enrolment.person_id)
        .where(
            day.between(start, end),
            Enrolment.id.not_in(select(never.c.id)),
            Enrolment.id.not_in(_later_ones(column, start, end, same, never)),
            Enrolment.offering_id.not_in(activities()),
        )
        .subquery("counted")
    )


def hours(start: date, end: date) -> Subquery:
    """Class hours attended, by lesson month (R9). Columns: ``enrolment_id``, ``offering_id``, ``day``, ``hours``."""
    return (
        select(
            AttendedHours.enrolment_id,
            Enrolment.offering_id,
            AttendedHours.month_on.label("day"),
            AttendedHours.class_hours.label("hours"),
        )
        .join(Enrolment, Enrolment.id == AttendedHours.enrolment_id)
        .where(
            AttendedHours.month_on.between(start, end),
            AttendedHours.enrolment_id.not_in(select(outside(twins()).c.id)),
            Enrolment.offering_id.not_in(activities()),
        )
        .subquery("hours")
    )


def certificates(start: date, end: date) -> Subquery:
    """Certificates by issue date (R9), wherever they were earned (R15)."""
    return (
        select(
            Certificate.id.label("certificate_id"),
            Certificate.enrolment_id,
            Enrolment.offering_id,
            Certificate.issued_on.label("day"),
        )
        .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
        .where(
            Certificate.issued_on.between(start, end), Certificate.enrolment_id.not_in(select(outside(twins()).c.id))
        )
        .subquery("certificates")
    )


def groups(start: date, end: date) -> Subquery:
    """Nameless groups, one row per offering: its highest day, dated by the first day a group came (R13).

    Columns: ``offering_id``, ``day``, ``headcount``.
    """
    once_a_day = (
        select(
            GroupVisit.offering_id, GroupVisit.visited_on, func.max(GroupVisit.headcount).label("headcount")
        ).group_by(GroupVisit.offering_id, GroupVisit.visited_on, GroupVisit.group_key)
    ).subquery()
    days = (
        select(
            once_a_day.c.offering_id, once_a_day.c.visited_on, func.sum(once_a_day.c.headcount).label("headcount")
        ).group_by(once_a_day.c.offering_id, once_a_day.c.visited_on)
    ).subquery()
    return (
        select(
            days.c.offering_id,
            func.min(days.c.visited_on).label("day"),
            func.max(days.c.headcount).label("headcount"),
        )
        .join(Offering, Offering.id == days.c.offering_id)
        .where(
            Offering.category.in_(sorted(RULE_SET.group_categories)),
            Offering.planned_hours >= RULE_SET.min_planned_hours,
        )
        .group_by(days.c.offering_id)
        .having(func.min(days.c.visited_on).between(start, end))
        .subquery("groups")
    )


def _later_ones(column: str, start: date, end: date, same: CTE, never: CTE) -> Any:
    """Sign-ups of this time whose human being has an earlier one to the same offering."""
    later, earlier = aliased(Enrolment, name="later"), aliased(Enrolment, name="earlier")
    its, before = getattr(later, column), getattr(earlier, column)
    sooner = and_(
        earlier.offering_id == later.offering_id,
        or_(before < its, and_(before == its, earlier.id < later.id)),
        earlier.id.not_in(select(never.c.id)),
    )
    # Under one record: left and came again. Two living sign-ups cannot be, so one of the two was withdrawn.
    again = (
        select(later.id)
        .join(earlier, and_(earlier.person_id == later.person_id, sooner))
        .where(its.between(start, end), or_(earlier.withdrawn_at.is_not(None), later.withdrawn_at.is_not(None)))
    )
    mine, theirs = same.alias("mine"), same.alias("theirs")
    under_two_records = (
        select(later.id)
        .join(mine, mine.c.person_id == later.person_id)
        .join(theirs, and_(theirs.c.identity == mine.c.identity, theirs.c.person_id != mine.c.person_id))
        .join(earlier, and_(earlier.person_id == theirs.c.person_id, sooner))
        .where(its.between(start, end))
    )
    return union(again, under_two_records)
