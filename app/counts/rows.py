"""Which sign-ups count: one row per human being and offering.

A figure, its file and the list behind it are all read from here, so they
cannot disagree: what is left out stands in `outside` and `later_ones`, in
few rows; whatever else attended is counted. The conditions are shaped so
that both engines begin at the few: asked of each of two million sign-ups
the same questions took 40 s.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
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
    Transfer,
)
from app.models.rules import RULE_SET


def bounds(year: int) -> tuple[date, date]:
    """The first and the last civil day of a calendar year."""
    return date(year, 1, 1), date(year, 12, 31)


@cache
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


@cache
def outside(same: CTE) -> CTE:
    """Sign-ups that never count: staff on duty, deleted and merged-away records, trainers of that offering (R2),
    and those that went on elsewhere (R11).

    Columns: ``id``, ``offering_id``, ``person_id``, ``first_attended_on``, ``completed_on``; some stand twice.
    """
    sign_up = select(
        Enrolment.id, Enrolment.offering_id, Enrolment.person_id, Enrolment.first_attended_on, Enrolment.completed_on
    )
    staff = sign_up.where(Enrolment.part != literal_column("'learner'"))
    gone = sign_up.where(
        Enrolment.person_id.in_(
            select(Person.id).where(or_(Person.deleted_at.is_not(None), Person.merged_into_id.is_not(None)))
        )
    )
    moved = sign_up.where(Enrolment.id.in_(select(Transfer.left_id)))  # counts where they went on (R11)
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
    teaching = sign_up.where(
        Enrolment.person_id.in_(select(trainers.c.person_id)),
        exists()
        .where(OfferingTrainer.offering_id == Enrolment.offering_id)
        .where(OfferingTrainer.account_id == trainers.c.account_id, trainers.c.person_id == Enrolment.person_id)
        .correlate(Enrolment),
    )
    # UNION ALL: without an order to keep, the planner takes the indexes of the few.
    return _once(union_all(staff, gone, moved, teaching).cte("outside"))


@lru_cache(64)  # the same part of a statement, however often it asks: two of one name cannot stand in it
def shared(start: date, end: date, same: CTE, never: CTE) -> CTE:
    """Attended sign-ups of human beings who have more than one to the same offering, up to ``end`` (R3).

    Whatever stands beside a sign-up of this time was attended since the
    first of the offerings began that had not ended when this time did.
    Columns: ``id``, ``human``, ``offering_id``, ``person_id``, ``first_attended_on``, ``completed_on``.
    """
    starts_on = _as_is(Offering.starts_on)
    began = (
        select(case((func.min(starts_on) < start, func.min(starts_on)), else_=start))
        .where(Offering.ends_on >= start)
        .scalar_subquery()
    )

    def in_time(sign_up: Any) -> Any:
        return _as_is(sign_up.first_attended_on).between(began, end)

    in_one_offering = (same.c.identity, Enrolment.offering_id)
    under_two_records = (
        select(Enrolment.id, func.count().over(partition_by=in_one_offering).label("times"))
        .join(same, same.c.person_id == Enrolment.person_id)
        .where(in_time(Enrolment))
        .subquery()
    )
    # Left and came again, under one record. Two living sign-ups cannot be, so one of the two was withdrawn.
    left, again = aliased(Enrolment, name="left"), aliased(Enrolment, name="again")
    has_left = [left.withdrawn_at.is_not(None), left.first_attended_on.is_not(None), in_time(left)]
    living = _once(
        select(left.id.label("left_id"), again.id.label("again_id"))
        .join(again, and_(again.offering_id == left.offering_id, again.person_id == left.person_id))
        .where(*has_left, again.withdrawn_at.is_(None))
        .cte("living")
    )
    left_twice = (
        select(left.id, func.count().over(partition_by=(left.offering_id, left.person_id)).label("times"))
        .where(*has_left)
        .subquery()
    )
    ids = union_all(
        select(under_two_records.c.id).where(under_two_records.c.times > 1),
        select(living.c.left_id),
        select(living.c.again_id),
        select(left_twice.c.id).where(left_twice.c.times > 1),
    ).subquery()
    return _once(
        select(
            Enrolment.id,
            func.coalesce(same.c.identity, Enrolment.person_id).label("human"),
            Enrolment.offering_id,
            Enrolment.person_id,
            Enrolment.first_attended_on,
            Enrolment.completed_on,
        )
        .outerjoin(same, same.c.person_id == Enrolment.person_id)
        .where(Enrolment.id.in_(select(ids.c.id)), in_time(Enrolment), Enrolment.id.not_in(select(never.c.id)))
        .cte("shared")
    )


_SHARED = ("id", "human", "offering_id", "person_id", "first_attended_on", "completed_on")


def later_ones(column: str, several: CTE) -> Select[Any]:
    """Of ``shared`` what does not count: the earliest stands for the human being (R3, R7). Columns as there."""
    day = several.c[column]
    place = func.row_number().over(partition_by=(several.c.human, several.c.offering_id), order_by=(day, several.c.id))
    ranked = select(several, place.label("place")).where(day.is_not(None)).subquery()
    return select(*(ranked.c[name] for name in _SHARED)).where(ranked.c.place > 1)


def _once(table: CTE) -> CTE:
    """Worked out once, however often a statement asks it."""
    return table.prefix_with("MATERIALIZED")


def _as_is(column: Any) -> Any:
    # The same value, unknown to the date's index: so the search begins at the few records, not at the year's many.
    return func.coalesce(column, column)


def left_out(column: str, start: date, end: date, same: CTE) -> Select[Any]:
    """Who attended or completed in this time and does not count: ``id``."""
    never = outside(same)
    later = later_ones(column, shared(start, end, same, never)).subquery()
    return select(union_all(select(never.c.id), select(later.c.id)).subquery("gone").c.id)


# What a fold subtracts: whole sign-ups by the day they attended or completed, hundredths of hours, certificates.
ATTENDED, COMPLETED, HOURS, CERTIFICATES = range(4)


def subtrahends(start: date, end: date) -> CompoundSelect[Any]:
    """All that a fold has to subtract from what it read whole, in one statement.

    Columns: ``what`` (one of those above), ``id``, ``day``, ``offering_id``,
    ``amount``: the person who is left out, hundredths of a class hour, or 1.
    A sign-up may stand twice under the same ``what``.
    """
    same = twins()
    never = outside(same)
    several = shared(start, end, same, never)
    parts = []
    for what, column in ((ATTENDED, "first_attended_on"), (COMPLETED, "completed_on")):
        for source in (never, later_ones(column, several).subquery()):
            day = source.c[column]
            parts.append(
                select(
                    literal(what).label("what"),
                    source.c.id.label("id"),
                    day.label("day"),
                    source.c.offering_id.label("offering_id"),
                    source.c.person_id.label("amount"),
                ).where(day.between(start, end))
            )
    hundredths = type_coerce(AttendedHours.class_hours, Integer)
    never_ids = select(never.c.id)
    parts += [
        select(
            literal(HOURS), AttendedHours.enrolment_id, AttendedHours.month_on, AttendedHours.offering_id, hundredths
        ).where(AttendedHours.month_on.between(start, end), AttendedHours.enrolment_id.in_(never_ids)),
        select(literal(CERTIFICATES), Certificate.id, Certificate.issued_on, Enrolment.offering_id, literal(1))
        .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
        .where(_as_is(Certificate.issued_on).between(start, end), Certificate.enrolment_id.in_(never_ids)),
    ]
    return union_all(*parts)


def is_training(wanted: bool = True) -> Any:
    """Long enough to be training; a shorter offering is an activity, outside (R15), wanted or not."""
    enough = RULE_SET.min_planned_hours
    return Offering.planned_hours >= enough if wanted else Offering.planned_hours < enough


def counted(column: str, start: date, end: date, training: bool = True) -> Subquery:
    """The sign-ups whose ``column`` (first_attended_on, completed_on) lies in this time, each human being once.

    Of several sign-ups of one human being to one offering the earliest
    stands for all (R3, R7), so a later one does not count again, in whichever
    year. Columns: ``enrolment_id``, ``offering_id``, ``identity``, ``day``.
    """
    same, day = twins(), getattr(Enrolment, column)
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
            is_training(training),
            Enrolment.id.not_in(left_out(column, start, end, same)),
        )
        .subquery("counted")
    )


def hours(start: date, end: date, training: bool = True) -> Subquery:
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
            is_training(training),
            AttendedHours.enrolment_id.not_in(select(outside(twins()).c.id)),
        )
        .subquery("hours")
    )


def certificates(start: date, end: date) -> Subquery:
    """Certificates by issue date (R9), wherever they were earned (R15).

    Columns: ``certificate_id``, ``enrolment_id``, ``offering_id``, ``day``.
    """
    issued = every_certificate(start, end)
    return select(issued).where(issued.c.enrolment_id.not_in(select(outside(twins()).c.id))).subquery("certificates")


def every_certificate(start: date, end: date) -> Subquery:
    """The same with those of people who never count, which a fold subtracts."""
    return (
        select(
            Certificate.id.label("certificate_id"),
            Certificate.enrolment_id,
            Enrolment.offering_id,
            Certificate.issued_on.label("day"),
        )
        .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
        .where(Certificate.issued_on.between(start, end))
        .subquery("issued")
    )


ELDERLY = "elderly"


def on_the_books(start: date, end: date, same: CTE) -> Subquery:
    """Sign-ups registered in elderly education by ``end`` that had neither left nor ended before ``start`` (R8).

    Who left before attending is out; so is an offering cancelled before
    anybody came (R10). Columns: ``enrolment_id``, ``offering_id``,
    ``person_id``, ``day`` of registration, ``came``: did they by ``end``? (R1)
    """
    came = Enrolment.first_attended_on.is_not(None)
    return (
        select(
            Enrolment.id.label("enrolment_id"),
            Enrolment.offering_id,
            Enrolment.person_id,
            Enrolment.registered_on.label("day"),
            (came & (Enrolment.first_attended_on <= end)).label("came"),
        )
        .join(Offering, Offering.id == Enrolment.offering_id)
        .where(
            Offering.category == ELDERLY,
            is_training(),
            Enrolment.registered_on <= end,
            Offering.ends_on >= start,
            or_(Enrolment.withdrawn_on.is_(None), and_(Enrolment.withdrawn_on >= start, came)),
            or_(Offering.cancelled_at.is_(None), came),
            Enrolment.id.not_in(select(outside(same).c.id)),
        )
        .subquery("books")
    )


def groups(start: date, end: date, training: bool | None = True) -> Subquery:
    """Nameless groups, one row per offering: its highest day, dated by the first day a group came (R13).

    Columns: ``offering_id``, ``day``, ``headcount``, ``reported`` and ``computed``: the head-count again where a
    visit of that basis stands behind it, else 0.
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
    headcount, with_basis = func.max(days.c.headcount), GroupVisit.offering_id == days.c.offering_id

    def where_told(basis: str) -> Any:
        told = exists().where(with_basis, GroupVisit.basis == basis).correlate(days)
        return case((told, headcount), else_=0).label(basis)

    conditions = [Offering.category.in_(sorted(RULE_SET.group_categories))]
    if training is not None:
        conditions.append(is_training(training))
    return (
        select(
            days.c.offering_id,
            func.min(days.c.visited_on).label("day"),
            headcount.label("headcount"),
            where_told("reported"),
            where_told("computed"),
        )
        .join(Offering, Offering.id == days.c.offering_id)
        .where(*conditions)
        .group_by(days.c.offering_id)
        .having(func.min(days.c.visited_on).between(start, end))
        .subquery("groups")
    )
