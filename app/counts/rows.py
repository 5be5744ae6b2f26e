"""Which sign-ups count: one row per human being and offering.

A figure, its file and the list behind it are all read from here, so they
cannot disagree: what is left out stands in `outside` and `later_ones`, in
few rows; whatever else attended is counted. The conditions are shaped so
that both engines begin at the few: asked of each of two million sign-ups
the same questions took 40 s.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    CompoundSelect,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
    union,
    union_all,
)
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
    joined = select(Person.id.label("person_id"), Person.identity_id.label("identity")).where(
        Person.identity_id.is_not(None)
    )
    heads = (
        select(Person.identity_id, Person.identity_id)
        .where(
            Person.identity_id.is_not(None),
            Person.identity_id.not_in(select(Person.id).where(Person.identity_id.is_not(None))),
        )
        .distinct()
    )
    return _once(union_all(joined, heads).cte("twins"))


def outside(same: CTE) -> CTE:
    """Sign-ups that never count: staff on duty, deleted and merged-away records, trainers of that offering (R2)."""
    staff = select(Enrolment.id).where(Enrolment.part != literal_column("'learner'"))
    gone = select(Enrolment.id).where(
        Enrolment.person_id.in_(
            select(Person.id).where(or_(Person.deleted_at.is_not(None), Person.merged_into_id.is_not(None)))
        )
    )
    # Whoever teaches, under each record of theirs.
    own = select(AccountPerson.account_id, AccountPerson.person_id).where(
        AccountPerson.relation == "self", AccountPerson.account_id.in_(select(OfferingTrainer.account_id))
    )
    selves, mine, theirs = own.subquery(), same.alias("mine"), same.alias("theirs")
    doubles = (
        select(selves.c.account_id, theirs.c.person_id)
        .join(mine, mine.c.person_id == selves.c.person_id)
        .join(theirs, theirs.c.identity == mine.c.identity)
    )
    trainers = _once(union(own, doubles).cte("trainers"))
    teaching = select(Enrolment.id).where(
        Enrolment.person_id.in_(select(trainers.c.person_id)),
        exists()
        .where(OfferingTrainer.offering_id == Enrolment.offering_id)
        .where(OfferingTrainer.account_id == trainers.c.account_id, trainers.c.person_id == Enrolment.person_id)
        .correlate(Enrolment),
    )
    # UNION ALL: without an order to keep, the planner takes the indexes of the few.
    return _once(union_all(staff, gone, teaching).cte("outside"))


def later_ones(column: str, start: date, end: date, same: CTE, never: CTE) -> list[Select[Any]]:
    """Sign-ups of human beings who have an earlier one to the same offering, up to ``end`` (R3, R7).

    Whatever stands beside a sign-up of this time was attended since the
    first of the offerings began that had not ended when this time did.
    """
    began = (
        select(case((func.min(Offering.starts_on) < start, func.min(Offering.starts_on)), else_=start))
        .where(Offering.ends_on >= start)
        .scalar_subquery()
    )

    def within(first: Any, its: Any, sign_up: Any) -> Any:
        return and_(first.between(began, end), its <= end, sign_up.id.not_in(select(never.c.id)))

    ranked = (
        select(
            Enrolment.id,
            func.row_number()
            .over(
                partition_by=(same.c.identity, Enrolment.offering_id),
                order_by=(getattr(Enrolment, column), Enrolment.id),
            )
            .label("rank"),
        )
        .join(same, same.c.person_id == Enrolment.person_id)
        .where(within(_as_is(Enrolment.first_attended_on), _as_is(getattr(Enrolment, column)), Enrolment))
        .subquery()
    )
    under_two_records = select(ranked.c.id).where(ranked.c.rank > 1)
    # Left and came again, under one record. Two living sign-ups cannot be, so one of the two was withdrawn.
    left, again = aliased(Enrolment, name="left"), aliased(Enrolment, name="again")
    before, after = getattr(left, column), getattr(again, column)
    sooner = or_(before < after, and_(before == after, left.id < again.id))
    under_one_record = (
        select(case((sooner, again.id), else_=left.id))
        .select_from(left)
        .join(
            again,
            and_(again.person_id == left.person_id, again.offering_id == left.offering_id, again.id != left.id),
        )
        .where(
            left.withdrawn_at.is_not(None),
            left.first_attended_on.is_not(None),
            within(left.first_attended_on, before, left),
            within(again.first_attended_on, after, again),
        )
    )
    return [under_two_records, under_one_record]


def _once(table: CTE) -> CTE:
    """Worked out once, however often a statement asks it."""
    return table.prefix_with("MATERIALIZED")


def _as_is(column: Any) -> Any:
    # The same value, unknown to the date's index: so the search begins at the few records, not at the year's many.
    return func.coalesce(column, column)


def left_out(column: str, start: date, end: date, same: CTE, never: CTE) -> Select[Any]:
    """Who attended or completed in this time and does not count: ``id``, ``offering_id``, ``person_id``, ``day``."""
    gone = union_all(select(never.c.id), *later_ones(column, start, end, same, never)).subquery("gone")
    day = getattr(Enrolment, column)
    return select(Enrolment.id, Enrolment.offering_id, Enrolment.person_id, day.label("day")).where(
        Enrolment.id.in_(select(gone.c.id)), day.between(start, end)
    )


def subtrahends(start: date, end: date) -> CompoundSelect[Any]:
    """All that a fold has to subtract from what it read whole, in one statement.

    Columns: ``what`` (first_attended_on, completed_on, class_hours), ``day``,
    ``offering_id``, ``amount``: the identity of who is left out, or hundredths of a class hour.
    """
    same = twins()
    never = outside(same)
    parts = []
    for column in ("first_attended_on", "completed_on"):
        gone = left_out(column, start, end, same, never).subquery(f"gone_{column}")
        identity = func.coalesce(same.c.identity, gone.c.person_id).label("amount")
        what = literal(column).label("what")
        parts.append(
            select(what, gone.c.day.label("day"), gone.c.offering_id, identity).outerjoin(
                same, same.c.person_id == gone.c.person_id
            )
        )
    parts.append(
        select(
            literal("class_hours"),
            AttendedHours.month_on,
            AttendedHours.offering_id,
            type_coerce(AttendedHours.class_hours, Integer),
        ).where(AttendedHours.month_on.between(start, end), AttendedHours.enrolment_id.in_(select(never.c.id)))
    )
    return union_all(*parts)


def is_training() -> Any:
    """Long enough to be training; a shorter offering is an activity, outside (R15)."""
    return Offering.planned_hours >= RULE_SET.min_planned_hours


def counted(column: str, start: date, end: date) -> Subquery:
    """The sign-ups whose ``column`` (first_attended_on, completed_on) lies in this time, each human being once.

    Of several sign-ups of one human being to one offering the earliest
    stands for all (R3, R7), so a later one does not count again, in whichever
    year. Columns: ``enrolment_id``, ``offering_id``, ``identity``, ``day``.
    """
    same, day = twins(), getattr(Enrolment, column)
    gone = left_out(column, start, end, same, outside(same)).subquery()
    return (
        select(
            Enrolment.id.label("enrolment_id"),
            Enrolment.offering_id,
            func.coalesce(same.c.identity, Enrolment.person_id).label("identity"),
            day.label("day"),
        )
        .join(Offering, Offering.id == Enrolment.offering_id)
        .outerjoin(same, same.c.person_id == Enrolment.person_id)
        .where(
            day.between(start, end),
            is_training(),
            Enrolment.id.not_in(select(gone.c.id)),
        )
        .subquery("counted")
    )


def hours(start: date, end: date) -> Subquery:
    """Class hours attended, by lesson month (R9). Columns: ``enrolment_id``, ``offering_id``, ``day``, ``hours``."""
    return (
        select(
            AttendedHours.enrolment_id,
            AttendedHours.offering_id,
            AttendedHours.month_on.label("day"),
            AttendedHours.class_hours.label("hours"),
        )
        .join(Offering, Offering.id == AttendedHours.offering_id)
        .where(
            AttendedHours.month_on.between(start, end),
            is_training(),
            AttendedHours.enrolment_id.not_in(select(outside(twins()).c.id)),
        )
        .subquery("hours")
    )


def certificates(start: date, end: date) -> Subquery:
    """Certificates by issue date (R9), wherever they were earned (R15).

    Columns: ``certificate_id``, ``enrolment_id``, ``offering_id``, ``day``.
    """
    return (
        select(
            Certificate.id.label("certificate_id"),
            Certificate.enrolment_id,
            Enrolment.offering_id,
            Certificate.issued_on.label("day"),
        )
        .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
        .where(Certificate.issued_on.between(start, end), Enrolment.id.not_in(select(outside(twins()).c.id)))
        .subquery("certificates")
    )


def groups(start: date, end: date) -> Subquery:
    """Nameless groups, one row per offering: its highest day, dated by the first day a group came (R13).

    Columns: ``offering_id``, ``day``, ``headcount``.
    """
    once_a_day = (
        select(GroupVisit.offering_id, GroupVisit.visited_on, func.max(GroupVisit.headcount).label("headcount"))
        .group_by(GroupVisit.offering_id, GroupVisit.visited_on, GroupVisit.group_key)
        .subquery()
    )
    days = (
        select(once_a_day.c.offering_id, once_a_day.c.visited_on, func.sum(once_a_day.c.headcount).label("headcount"))
        .group_by(once_a_day.c.offering_id, once_a_day.c.visited_on)
        .subquery()
    )
    return (
        select(
            days.c.offering_id,
            func.min(days.c.visited_on).label("day"),
            func.max(days.c.headcount).label("headcount"),
        )
        .join(Offering, Offering.id == days.c.offering_id)
        .where(Offering.category.in_(sorted(RULE_SET.group_categories)), is_training())
        .group_by(days.c.offering_id)
        .having(func.min(days.c.visited_on).between(start, end))
        .subquery("groups")
    )
