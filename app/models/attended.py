"""What follows from the marks of a roll: the day somebody first came, and the class hours of each month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.database import db, forget_loaded
from app.models.attendance import PRESENT, Mark
from app.models.enrolment import AttendedHours, Enrolment, OfferingHours
from app.models.transfer import Transfer
from app.refusal import N_, Refusal


def note_attendance(enrolment_ids: list[int]) -> None:
    """Read first attendance and hours of these sign-ups anew from their current marks (R7, R9).

    What somebody attended before a transfer counts where they went on (R11).
    Raises ``completed-needs-attendance`` when a completion would be left
    without any attendance before it.
    """
    if heirs := Transfer.heirs(enrolment_ids):
        enrolment_ids = sorted({*enrolment_ids, *heirs, *heirs.values()})
        _lock_offerings_of(enrolment_ids)
    firsts, attended = _attended(enrolment_ids, heirs)
    own = Enrolment.__table__.c
    stored = run_past_objects(
        db.select(own.id, own.offering_id, own.first_attended_on, own.completed_on).where(own.id.in_(enrolment_ids))
    ).all()
    for row in stored:
        first = firsts.get(row.id)
        if row.completed_on is not None and (first is None or first > row.completed_on):
            raise Refusal(
                "completed-needs-attendance", N_("有学员已登记结业，不能把他结业前的到课全部改掉。请先撤销结业。")
            )
    moved = [
        {"row": row.id, "first": firsts.get(row.id)} for row in stored if row.first_attended_on != firsts.get(row.id)
    ]
    if moved:
        update = db.update(Enrolment.__table__).where(own.id == db.bindparam("row"))
        run_past_objects(update.values(first_attended_on=db.bindparam("first")), moved)
    _store_hours({row.id: row.offering_id for row in stored}, attended)
    forget_loaded(Enrolment, enrolment_ids)


def _lock_offerings_of(enrolment_ids: list[int]) -> None:
    """The other offering's too: its hours are added up anew."""
    offering, own = db.metadata.tables["offering"].c, Enrolment.__table__.c
    of_these = db.select(own.offering_id).where(own.id.in_(enrolment_ids))
    run_past_objects(db.select(offering.id).where(offering.id.in_(of_these)).order_by(offering.id).with_for_update())


def _attended(
    enrolment_ids: list[int], heirs: dict[int, int]
) -> tuple[dict[int, date], dict[tuple[int, date], Decimal]]:
    """Per sign-up the first day of presence; per sign-up and month the class hours."""
    mark, lesson = Mark.__table__.c, db.metadata.tables["lesson"].c
    year, month = db.extract("year", lesson.held_on), db.extract("month", lesson.held_on)
    rows = run_past_objects(
        db.select(mark.enrolment_id, year, month, db.func.min(lesson.held_on), db.func.sum(lesson.class_hours))
        .where(lesson.id == mark.lesson_id, mark.enrolment_id.in_(enrolment_ids))
        .where(mark.superseded_at.is_(None), mark.status.in_(PRESENT))
        .group_by(mark.enrolment_id, year, month)
    )
    firsts: dict[int, date] = {}
    attended: dict[tuple[int, date], Decimal] = {}
    for marked_id, in_year, in_month, first, hours in rows:
        enrolment_id, month = heirs.get(marked_id, marked_id), date(int(in_year), int(in_month), 1)
        firsts[enrolment_id] = min(first, firsts.get(enrolment_id, first))
        attended[enrolment_id, month] = attended.get((enrolment_id, month), Decimal(0)) + hours
    return firsts, attended


def _store_hours(offering_of: dict[int, int], attended: dict[tuple[int, date], Decimal]) -> None:
    """Write only what differs: a saved roll touches one month, not the whole course."""
    table = AttendedHours.__table__
    own = table.c
    rows = run_past_objects(
        db.select(own.enrolment_id, own.month_on, own.class_hours).where(own.enrolment_id.in_(list(offering_of)))
    )
    stored = {(enrolment_id, month): hours for enrolment_id, month, hours in rows}
    gone = [key for key, hours in stored.items() if attended.get(key) != hours]
    fresh = [key for key, hours in attended.items() if stored.get(key) != hours]
    if gone:
        run_past_objects(
            db.delete(table).where(own.enrolment_id == db.bindparam("row"), own.month_on == db.bindparam("month")),
            [{"row": i, "month": month} for i, month in gone],
        )
    if fresh:
        run_past_objects(
            db.insert(table),
            [
                {"enrolment_id": i, "offering_id": offering_of[i], "month_on": month, "class_hours": attended[i, month]}
                for i, month in fresh
            ],
        )
    if gone or fresh:
        tally_hours(set(offering_of.values()))
    forget_loaded(AttendedHours, {*gone, *fresh})


def tally_hours(offering_ids: Iterable[int]) -> None:
    """Add up anew what the sign-ups of these offerings come to, month by month.

    Whoever writes hours ends with this, under the offering's lock: two that
    added up at once would each leave out what the other one wrote.
    """
    wanted = list(offering_ids)
    if not wanted:
        return
    table, own, sign_up = OfferingHours.__table__, AttendedHours.__table__.c, Enrolment.__table__.c
    run_past_objects(db.delete(table).where(table.c.offering_id.in_(wanted)))
    together = (
        db.select(sign_up.offering_id, own.month_on, db.func.sum(own.class_hours))
        .where(own.enrolment_id == sign_up.id, sign_up.offering_id.in_(wanted))
        .group_by(sign_up.offering_id, own.month_on)
    )
    run_past_objects(db.insert(table).from_select(["offering_id", "month_on", "class_hours"], together))


def run_past_objects(statement: Any, values: Sequence[dict[str, Any]] | None = None) -> Any:
    """Run a statement on the session's connection, past the loading of objects: a third of the time of a roll."""
    return db.session.connection().execute(statement, values)
