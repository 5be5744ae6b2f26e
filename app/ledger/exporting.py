"""The registry's sign-ups in the ledger's own columns, and refused rows with the reason beside each.

What is written here reads back as nothing new: text stays text, a second
certificate has a row of its own, and of 在读 and 未结业 the calendar decides
on both ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import IO, Any

from sqlalchemy import and_, or_

from app import sealing
from app.cells import WRITERS, Look
from app.clock import today
from app.database import db
from app.ledger.columns import COLUMNS, PLACE, REASON
from app.ledger.staging import chunks
from app.models.certificate import SYSTEMS, Certificate
from app.models.course import Course
from app.models.enrolment import STATES, AttendedHours, Enrolment
from app.models.group_visit import GroupVisit
from app.models.identity_number import DOCUMENT_TYPES
from app.models.offering import Offering
from app.models.person import SEXES, Person
from app.models.place import DIVISIONS
from app.models.provider import Provider
from app.models.recording import Standing
from app.models.rules import CATEGORIES

_AT_ONCE = 400
_NUMBERS = frozenset({"课时", "到课课时", "团体人数"})
_WIDE = {"机构": 24, "课程": 28, "证件号码": 22, "手机": 14, "团体名称": 20, REASON: 60}


def export(year: int, file: IO[bytes], *, separated: bool = False, provider_id: int | None = None) -> int:
    """Write a year's ledger into ``file``; the number of rows.

    Every sign-up of offerings that touch the year, and every one with
    attendance, completion or a certificate in it.
    """
    return write(file, COLUMNS, year_rows(year, provider_id), separated=separated)


def export_refused(file: IO[bytes], rows: Iterable[tuple[int, Sequence[str], str, str]]) -> int:
    """A workbook of the rows that were sent back, in our columns, each with its number, column and reason."""
    return write(
        file,
        (REASON, *COLUMNS),
        ((f"第 {number} 行，{column}：{why}", *cells) for number, cells, column, why in rows),
    )


def write(file: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]], *, separated: bool = False) -> int:
    """Rows in our columns as a workbook, or as separated values; how many."""
    look = Look(
        sheet="台账",
        widths=[_WIDE.get(name, 12) for name in header],
        text_columns=frozenset(place for place, name in enumerate(header) if name not in _NUMBERS),
    )
    return WRITERS["csv" if separated else "xlsx"](file, header, rows, look)


# -- what is in a year -----------------------------------------------------


def year_rows(year: int, provider_id: int | None = None) -> Iterator[list[Any]]:
    """The ledger's rows by institution, offering number and sign-up; groups after people."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    on = today()
    offerings = db.session.scalars(_touched(first, last, provider_id)).all()
    for chunk in chunks(offerings, 50):
        head = {row.id: row for row in db.session.execute(_offering_facts(chunk))}
        people = groupby(_sign_ups(chunk, first, last, on), key=lambda pair: pair[0])
        rows = {offering_id: [row for _, row in some] for offering_id, some in people}
        visits = groupby(_visits(chunk), key=lambda visit: visit.offering_id)
        groups = {offering_id: [_visit_cells(visit) for visit in some] for offering_id, some in visits}
        for offering_id in chunk:
            begin = _head_cells(head[offering_id])
            for cells in (*rows.get(offering_id, ()), *groups.get(offering_id, ())):
                yield begin + cells


def _touched(first: date, last: date, provider_id: int | None) -> Any:
    """Offerings that touch the year, or hold something dated in it."""
    within = Enrolment.first_attended_on.between(first, last) | Enrolment.completed_on.between(first, last)
    hours = db.select(AttendedHours.enrolment_id).where(AttendedHours.month_on.between(first, last))
    certified = db.select(Certificate.enrolment_id).where(Certificate.issued_on.between(first, last))
    elsewhere = db.select(Enrolment.offering_id).where(
        or_(within, Enrolment.id.in_(hours), Enrolment.id.in_(certified))
    )
    touched = and_(Offering.starts_on <= last, Offering.ends_on >= first)
    query = (
        db.select(Offering.id)
        .join(Provider, Provider.id == Offering.provider_id)
        .where(or_(touched, Offering.id.in_(elsewhere)))
        .order_by(Provider.name_key, Offering.number_key, Offering.id)
    )
    return query if provider_id is None else query.where(Offering.provider_id == provider_id)


def _offering_facts(ids: Sequence[int]) -> Any:
    return (
        db.select(
            Offering.id, Provider.name.label("provider"), Course.title, Offering.category, Offering.number,
            Offering.starts_on, Offering.ends_on, Offering.planned_hours, Offering.division_code,
        )
        .join(Provider, Provider.id == Offering.provider_id)
        .join(Course, Course.id == Offering.course_id)
        .where(Offering.id.in_(ids))
    )  # fmt: skip


def _head_cells(row: Any) -> list[Any]:
    return [
        row.provider, row.title, CATEGORIES[row.category], row.number, row.starts_on, row.ends_on,
        row.planned_hours, DIVISIONS[row.division_code],
    ]  # fmt: skip


def _sign_ups(offering_ids: Sequence[int], first: date, last: date, on: date) -> Iterator[tuple[int, list[Any]]]:
    """(offering, the cells behind its own) for each sign-up and each further certificate."""
    rows = db.session.execute(_sign_up_facts(offering_ids, first, last)).all()
    ids = [row.id for row in rows]
    hours, certificates = _hours(ids), _certificates(ids)
    for row in rows:
        standing = Standing(
            row.id, row.person_id, 0, row.waitlisted_at, None, row.registered_on, None, row.withdrawn_at, None,
            row.first_attended_on, row.completed_on, ((on, hours.get(row.id, Decimal(0))),),
        )  # fmt: skip
        told = standing.told(row.ends_on < on)
        came = told.first_on is not None
        person = [
            row.name,
            SEXES.get(row.sex, ""),
            row.birth_on or "",
            DOCUMENT_TYPES.get(row.document_type, ""),
            _open(row.document_sealed, "document", row.uid),
            _open(row.mobile_sealed, "mobile", row.uid),
            STATES[told.state],
            told.first_on or "",
            told.hours if came else "",
            told.completed_on or "",
        ]
        for certificate in certificates.get(row.id, [[""] * 5]):
            yield row.offering_id, [*person, *certificate, "", ""]


def _sign_up_facts(offering_ids: Sequence[int], first: date, last: date) -> Any:
    hours = db.select(AttendedHours.enrolment_id).where(AttendedHours.month_on.between(first, last))
    certified = db.select(Certificate.enrolment_id).where(Certificate.issued_on.between(first, last))
    wanted = or_(
        and_(Offering.starts_on <= last, Offering.ends_on >= first),
        Enrolment.first_attended_on.between(first, last),
        Enrolment.completed_on.between(first, last),
        Enrolment.id.in_(hours),
        Enrolment.id.in_(certified),
    )
    return (
        db.select(
            Enrolment.id, Enrolment.offering_id, Enrolment.person_id, Enrolment.waitlisted_at, Enrolment.registered_on,
            Enrolment.withdrawn_at, Enrolment.first_attended_on, Enrolment.completed_on, Offering.ends_on,
            Person.uid, Person.name, Person.sex, Person.birth_on, Person.document_type, Person.document_sealed,
            Person.mobile_sealed,
        )
        .join(Person, Person.id == Enrolment.person_id)
        .join(Offering, Offering.id == Enrolment.offering_id)
        .where(Enrolment.offering_id.in_(offering_ids), Enrolment.part == "learner", wanted)
        .order_by(Enrolment.offering_id, Enrolment.id)
    )  # fmt: skip


def _hours(ids: Sequence[int]) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    for chunk in chunks(ids, _AT_ONCE):
        rows = db.session.execute(
            db.select(AttendedHours.enrolment_id, db.func.sum(AttendedHours.class_hours))
            .where(AttendedHours.enrolment_id.in_(chunk))
            .group_by(AttendedHours.enrolment_id)
        )
        found.update((enrolment_id, total) for enrolment_id, total in rows)
    return found


def _certificates(ids: Sequence[int]) -> dict[int, list[list[Any]]]:
    found: dict[int, list[list[Any]]] = {}
    for chunk in chunks(ids, _AT_ONCE):
        for row in db.session.execute(
            db.select(
                Certificate.enrolment_id, Certificate.system, Certificate.name, Certificate.level,
                Certificate.number, Certificate.issued_on,
            )
            .where(Certificate.enrolment_id.in_(chunk))
            .order_by(Certificate.id)
        ):  # fmt: skip
            cells = [SYSTEMS[row.system], row.name, row.level, row.number, row.issued_on]
            found.setdefault(row.enrolment_id, []).append(cells)
    return found


def _visits(offering_ids: Sequence[int]) -> Iterator[Any]:
    return iter(
        db.session.scalars(
            db.select(GroupVisit)
            .where(GroupVisit.offering_id.in_(offering_ids))
            .order_by(GroupVisit.offering_id, GroupVisit.visited_on, GroupVisit.id)
        )
    )


def _visit_cells(visit: GroupVisit) -> list[Any]:
    cells: list[Any] = [""] * (len(COLUMNS) - 8)
    for column, value in (
        ("状态", STATES[visit.state]),
        ("首次到课", visit.visited_on),
        ("团体名称", visit.group_name),
        ("团体人数", visit.headcount),
    ):
        cells[PLACE[column] - 8] = value
    return cells


def _open(sealed: bytes | None, column: str, uid: str) -> str:
    return sealing.sealer().open(sealed, "person", column, uid) if sealed else ""
