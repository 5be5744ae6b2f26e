"""A batch taken back as a whole: what it made goes, what it altered stands as before, the trace stays.

Refused while anything newer stands on one of its rows. That is looked at
twice: over the whole batch before anything is touched, and again under the
lock of each slice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_

from app.clock import now
from app.database import db, forget_loaded, one_at_a_time, writing
from app.ledger.loading import drop, offering_facts
from app.ledger.people import known_records
from app.ledger.slices import read_sign_ups
from app.ledger.staging import Heart, Pace, Progress, a_slice, chunks, forget_all_rows, silent
from app.models.account import AccountPerson, RoleGrant
from app.models.attendance import Mark
from app.models.attended import tally_hours
from app.models.call_back import CallBack
from app.models.certificate import Certificate
from app.models.course import Course
from app.models.enrolment import AttendedHours, Enrolment
from app.models.group_booking import GroupBooking
from app.models.group_visit import GroupVisit
from app.models.ledger_batch import LedgerBatch, LedgerChange
from app.models.lesson import Lesson
from app.models.offering import Offering, OfferingTrainer
from app.models.pair_decision import PairDecision
from app.models.person import CandidatePair, Person, settle_identities
from app.models.programme import OfferingProgramme
from app.models.provider import Provider
from app.models.recording import delete_hours
from app.models.register import RegisterEntry
from app.refusal import N_, Refusal

_AT_ONCE = 300
_NEWEST = 2**31 - 1


@dataclass(slots=True)
class _Change:
    id: int
    row: int
    table: str
    key: int
    before: dict[str, Any] | None
    after: dict[str, Any]


def undo(batch_id: int, by_id: int | None = None, progress: Progress = silent) -> LedgerBatch:
    """Take a batch back, or give up one that was only checked; a batch half undone is undone to the end.

    Raises ``newer-stands`` with the rows that stand in the way, or
    ``batch-state`` when there is nothing to take back.
    """
    batch = begin_undoing(batch_id, by_id)
    if batch.state == "dropped":
        return batch
    try:
        made = _made(batch_id)
        seen: set[tuple[str, int]] = set()
        heart = Heart(batch_id, silent)
        for changes in _changes(batch_id):
            heart("核对", len(seen), 0)
            _refuse_if_newer(batch_id, _latest(changes, seen), made)
        _take_back(batch_id, made, progress, batch.rows_done)
    except Refusal as no:
        _leave(batch_id, no)
        raise
    forget_all_rows(batch_id)
    with writing() as session:
        batch = session.get_one(LedgerBatch, batch_id)
        batch.state, batch.undone_at, batch.worked_at = "undone", now(), now()
    return batch


def begin_undoing(batch_id: int, by_id: int | None = None) -> LedgerBatch:
    """From now on the batch is ``undoing``, whoever does it (or ``dropped``, when nothing was loaded)."""
    batch = db.session.get_one(LedgerBatch, batch_id)
    if batch.state in ("staging", "checked"):
        drop(batch_id)
        return db.session.get_one(LedgerBatch, batch_id)
    with writing() as session:
        one_at_a_time(b"ledger batch %d" % batch_id)  # a slice that is being written ends first, and is seen
        batch = session.get_one(LedgerBatch, batch_id, with_for_update=True)
        if batch.state not in ("loading", "done", "undoing"):
            raise Refusal("batch-state", N_("这一批已经撤销或放弃，没有可撤销的内容。"))
        batch.state, batch.worked_at = "undoing", now()
        batch.undone_by_id = by_id or batch.undone_by_id
        batch.summary = json.dumps({k: v for k, v in batch.counts.items() if k != "problem"}, ensure_ascii=False)
    return batch


def _leave(batch_id: int, no: Refusal) -> None:
    """Stand as before, with the sentence; what was taken back already is for the next try to go on from."""
    with writing() as session:
        batch = session.get_one(LedgerBatch, batch_id)
        batch.state = "done" if batch.finished_at else "loading"
        batch.summary = json.dumps(batch.counts | {"problem": str(no)}, ensure_ascii=False)


def _take_back(batch_id: int, made: dict[str, set[int]], progress: Progress, total: int) -> None:
    pace, rows = Pace(100, most=_AT_ONCE), 0
    while True:
        at = now()
        with a_slice(pace, pace.size):
            one_at_a_time(b"ledger batch %d" % batch_id)
            changes = _newest(batch_id, pace.size)
            if not changes:
                return
            _refuse_if_newer(batch_id, _latest(changes, set()), made)
            for table in _BACKWARDS:
                if mine := [change for change in changes if change.table == table]:
                    _UNDO[table](mine, at)
            ids = [change.id for change in changes]
            db.session.execute(
                db.update(LedgerChange).where(LedgerChange.id.in_(ids)).values(undone=True),
                execution_options={"synchronize_session": False},
            )
            db.session.execute(db.update(LedgerBatch).where(LedgerBatch.id == batch_id).values(worked_at=at))
        rows += len(changes)
        progress("撤销", rows, total)


# -- what is to be taken back ----------------------------------------------


def _made(batch_id: int) -> dict[str, set[int]]:
    """What the batch itself made, by table: none of it stands in its own way."""
    made: dict[str, set[int]] = defaultdict(set)
    for table, key in db.session.execute(
        db.select(LedgerChange.table_name, LedgerChange.row_key).where(
            LedgerChange.batch_id == batch_id, LedgerChange.before.is_(None)
        )
    ):
        made[table].add(int(key))
    return made


def _changes(batch_id: int) -> Iterator[list[_Change]]:
    last = _NEWEST
    while found := _read(batch_id, last, _AT_ONCE):
        yield found
        last = found[-1].id


def _newest(batch_id: int, size: int) -> list[_Change]:
    return _read(batch_id, _NEWEST, size)


def _read(batch_id: int, below: int, size: int) -> list[_Change]:
    rows = db.session.execute(
        db.select(
            LedgerChange.id, LedgerChange.row_number, LedgerChange.table_name, LedgerChange.row_key,
            LedgerChange.before, LedgerChange.after,
        )
        .where(LedgerChange.batch_id == batch_id, LedgerChange.undone.is_(False), LedgerChange.id < below)
        .order_by(LedgerChange.id.desc())
        .limit(size)
    )  # fmt: skip
    return [
        _Change(
            r.id,
            r.row_number,
            r.table_name,
            int(r.row_key),
            json.loads(r.before) if r.before else None,
            json.loads(r.after),
        )
        for r in rows
    ]


# -- does anything newer stand on it? --------------------------------------


def _refuse_if_newer(batch_id: int, changes: Sequence[_Change], made: dict[str, set[int]]) -> None:
    """Raises ``newer-stands``, naming up to five rows."""
    newer = _later_batches(batch_id, changes)
    for table, moved in _MOVED.items():
        if mine := [change for change in changes if change.table == table]:
            newer |= moved(mine, made)
    if newer:
        rows = sorted({change.row for change in changes if change.id in newer})
        raise Refusal(
            "newer-stands",
            N_("第 %(rows)s 行登记之后又有新的变动，这一批不能撤销。请先改回后来的变动，再撤销。"),
            rows="、".join(map(str, rows[:5])) + ("……" if len(rows) > 5 else ""),
        )


def _later_batches(batch_id: int, changes: Sequence[_Change]) -> set[int]:
    by_key = {(change.table, str(change.key)): change.id for change in reversed(changes)}
    later = db.session.execute(
        db.select(LedgerChange.table_name, LedgerChange.row_key, LedgerChange.id).where(
            LedgerChange.row_key.in_({key for _, key in by_key}),
            LedgerChange.table_name.in_({table for table, _ in by_key}),
            LedgerChange.batch_id != batch_id,
            LedgerChange.undone.is_(False),
        )
    )
    return {by_key[t, k] for t, k, change_id in later if (t, k) in by_key and change_id > by_key[t, k]}


def _moved_enrolments(changes: Sequence[_Change], made: dict[str, set[int]]) -> set[int]:
    keys = [change.key for change in changes]
    standing = {c.standing.id: c.standing.as_json() for c in read_sign_ups(Enrolment.id.in_(keys))}
    marked, called = _values(Mark.enrolment_id, keys), _values(CallBack.enrolment_id, keys)
    certified = set(
        db.session.scalars(
            db.select(Certificate.enrolment_id).where(
                Certificate.enrolment_id.in_(keys), Certificate.id.not_in(_few(made["certificate"], keys))
            )
        )
    )
    return {
        change.id
        for change in changes
        if _facts(standing.get(change.key)) != _facts(change.after)
        or (change.before is None and change.key in marked | certified | called)
    }


def _few(made: set[int], enrolment_ids: Sequence[int]) -> set[int]:
    """Of the batch's own certificates those of these sign-ups: a short list for the statement."""
    found = db.session.scalars(db.select(Certificate.id).where(Certificate.enrolment_id.in_(enrolment_ids)))
    return made & set(found)


def _moved_people(changes: Sequence[_Change], made: dict[str, set[int]]) -> set[int]:
    keys = [change.key for change in changes]
    records = {known.id: known.as_json() for known in known_records(Person.id.in_(keys))}
    fresh = [change.key for change in changes if change.before is None]
    used = {
        person_id
        for person_id, enrolment_id in db.session.execute(
            db.select(Enrolment.person_id, Enrolment.id).where(Enrolment.person_id.in_(fresh))
        )
        if enrolment_id not in made["enrolment"]
    }
    used |= _values(AccountPerson.person_id, fresh) | _values(Person.merged_into_id, fresh)
    used |= _values(RegisterEntry.person_id, fresh)
    for a, b in db.session.execute(
        db.select(CandidatePair.a_id, CandidatePair.b_id).where(
            or_(CandidatePair.a_id.in_(fresh), CandidatePair.b_id.in_(fresh)), CandidatePair.decision.is_not(None)
        )
    ):
        used |= {a, b}
    used |= _values(PairDecision.a_id, fresh) | _values(PairDecision.b_id, fresh)  # taken back or not
    return {
        change.id
        for change in changes
        if records.get(change.key) != change.after or (change.before is None and change.key in used)
    }


def _moved_offerings(changes: Sequence[_Change], made: dict[str, set[int]]) -> set[int]:
    keys = [change.key for change in changes]
    used = _values(Lesson.offering_id, keys) | _values(OfferingTrainer.offering_id, keys)
    used |= _values(OfferingProgramme.offering_id, keys) | _values(GroupBooking.offering_id, keys)
    used |= _used_by_others(Enrolment, Enrolment.offering_id, keys, made["enrolment"])
    used |= _used_by_others(GroupVisit, GroupVisit.offering_id, keys, made["group_visit"])
    facts = {o.id: offering_facts(o) for o in db.session.scalars(db.select(Offering).where(Offering.id.in_(keys)))}
    return {change.id for change in changes if change.key in used or facts.get(change.key) != change.after}


def _moved_courses(changes: Sequence[_Change], made: dict[str, set[int]]) -> set[int]:
    keys = [change.key for change in changes]
    used = _used_by_others(Offering, Offering.course_id, keys, made["offering"])
    used |= _values(RegisterEntry.course_id, keys)
    return {change.id for change in changes if change.key in used}


def _moved_providers(changes: Sequence[_Change], made: dict[str, set[int]]) -> set[int]:
    keys = [change.key for change in changes]
    used = _values(RoleGrant.provider_id, keys) | _values(LedgerBatch.provider_id, keys)
    used |= _values(RegisterEntry.provider_id, keys)
    used |= _used_by_others(Course, Course.provider_id, keys, made["course"])
    used |= _used_by_others(Person, Person.keeper_provider_id, keys, made["person"])
    return {change.id for change in changes if change.key in used}


def _moved_visits(changes: Sequence[_Change], made: dict[str, set[int]]) -> set[int]:
    keys = [change.key for change in changes]
    counts = dict(
        db.session.execute(db.select(GroupVisit.id, GroupVisit.headcount).where(GroupVisit.id.in_(keys))).all()
    )
    return {change.id for change in changes if counts.get(change.key) != change.after["headcount"]}


def _moved_certificates(changes: Sequence[_Change], made: dict[str, set[int]]) -> set[int]:
    keys = [change.key for change in changes]
    numbers = dict(
        db.session.execute(db.select(Certificate.id, Certificate.number_key).where(Certificate.id.in_(keys))).all()
    )
    return {change.id for change in changes if numbers.get(change.key) != change.after["number_key"]}


def _latest(changes: Sequence[_Change], seen: set[tuple[str, int]]) -> list[_Change]:
    """The batch's own last word on each row; what it said before lies under it. ``changes`` come newest first."""
    latest = []
    for change in changes:
        if (change.table, change.key) not in seen:
            seen.add((change.table, change.key))
            latest.append(change)
    return latest


def _values(column: Any, keys: Sequence[int]) -> set[int]:
    return set(db.session.scalars(db.select(column).where(column.in_(keys)).distinct()))


def _used_by_others(model: Any, column: Any, keys: Sequence[int], made: set[int]) -> set[int]:
    rows = db.session.execute(db.select(column, model.id).where(column.in_(keys)))
    return {owner for owner, row_id in rows if row_id not in made}


def _facts(told: dict[str, Any] | None) -> Any:
    """What a ledger wrote, without the stamps."""
    if told is None:
        return None
    hours = [[month, Decimal(amount).normalize()] for month, amount in told["hours"]]
    return [*(v for k, v in told.items() if k != "hours" and not k.endswith("_at")), hours]


# -- the way back ----------------------------------------------------------


def _undo_visits(changes: Sequence[_Change], at: datetime) -> None:
    for change in changes:
        if change.before is None:
            db.session.execute(db.delete(GroupVisit).where(GroupVisit.id == change.key))
        else:
            db.session.execute(db.update(GroupVisit).where(GroupVisit.id == change.key).values(**change.before))


def _undo_enrolments(changes: Sequence[_Change], at: datetime) -> None:
    """Places go back with their sign-ups, and to the queue, in this transaction."""
    last = {change.key: change for change in reversed(changes)}
    first = {change.key: change for change in changes}
    keys = list(first)
    offering_of = dict(
        db.session.execute(db.select(Enrolment.id, Enrolment.offering_id).where(Enrolment.id.in_(keys))).all()
    )
    net: dict[int, int] = defaultdict(int)
    for key in keys:
        net[offering_of[key]] += _is_live(first[key].before) - _is_live(last[key].after)
    offerings = [db.session.get_one(Offering, offering_id) for offering_id in sorted(net)]
    for offering in offerings:
        offering.lock()
        if net[offering.id] > 0 and offering.places_left is not None and net[offering.id] > offering.places_left:
            raise Refusal(
                "newer-stands", N_("班次 %(rows)s 腾出的名额已经给了别人，这一批不能撤销。"), rows=offering.number
            )
    delete_hours(keys)
    gone = [key for key in keys if first[key].before is None]
    db.session.execute(db.delete(Enrolment.__table__).where(Enrolment.id.in_(gone)))
    for key in keys:
        if (before := first[key].before) is not None:
            _restore_enrolment(key, before)
    tally_hours(offering.id for offering in offerings)
    forget_loaded(Enrolment, keys)
    for offering in offerings:
        offering.move_places(net[offering.id])
        offering.promote(at)


def _restore_enrolment(key: int, before: dict[str, Any]) -> None:
    facts = {name: _back(name, value) for name, value in before.items() if name != "hours"}
    db.session.execute(db.update(Enrolment.__table__).where(Enrolment.id == key).values(**facts))
    rows = [
        {"enrolment_id": key, "month_on": date.fromisoformat(month), "class_hours": Decimal(amount)}
        for month, amount in before["hours"]
    ]
    if rows:
        db.session.execute(db.insert(AttendedHours.__table__), rows)


def _back(name: str, value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value
    return datetime.fromisoformat(value) if name.endswith("_at") else date.fromisoformat(value)


def _is_live(facts: dict[str, Any] | None) -> int:
    return int(facts is not None and facts["registered_on"] is not None and facts["withdrawn_at"] is None)


def _undo_people(changes: Sequence[_Change], at: datetime) -> None:
    """Made records go; what was filled in is emptied again; who is the same as whom is found anew."""
    gone = {change.key for change in changes if change.before is None}
    # Only empty fields were filled, so each change is undone by itself, in any order.
    kept = {change.key for change in changes} - gone
    near = _around(gone | kept) - gone
    db.session.execute(
        db.delete(CandidatePair.__table__).where(or_(CandidatePair.a_id.in_(gone), CandidatePair.b_id.in_(gone)))
    )
    db.session.execute(db.update(Person.__table__).where(Person.identity_id.in_(gone)).values(identity_id=None))
    for change in changes:
        if change.before is not None and change.key in kept:
            lost = {
                name: None for name, value in change.before.items() if value is None and change.after[name] is not None
            }
            for name in ("document_index", "mobile_index"):
                if name in lost:
                    lost[name.replace("index", "sealed")] = None
            if lost:
                db.session.execute(db.update(Person.__table__).where(Person.id == change.key).values(**lost))
    for chunk in chunks(sorted(gone), _AT_ONCE):
        db.session.execute(db.delete(Person.__table__).where(Person.id.in_(chunk)))
    forget_loaded(Person, gone | kept)
    settle_identities(near | kept)


def _around(ids: set[int]) -> set[int]:
    """Records that are the same human being as one of these now."""
    identities = {known.identity for known in known_records(Person.id.in_(ids))}
    return set(
        db.session.scalars(
            db.select(Person.id).where(or_(Person.id.in_(identities), Person.identity_id.in_(identities)))
        )
    )


def _delete(model: Any) -> Callable[[Sequence[_Change], datetime], None]:
    def undo_made(changes: Sequence[_Change], at: datetime) -> None:
        keys = [change.key for change in changes]
        db.session.execute(db.delete(model.__table__).where(model.__table__.c.id.in_(keys)))
        db.session.expire_all()

    return undo_made


_BACKWARDS = ("group_visit", "certificate", "enrolment", "person", "offering", "course", "provider")
_UNDO: dict[str, Callable[[Sequence[_Change], datetime], None]] = {
    "group_visit": _undo_visits,
    "certificate": _delete(Certificate),
    "enrolment": _undo_enrolments,
    "person": _undo_people,
    "offering": _delete(Offering),
    "course": _delete(Course),
    "provider": _delete(Provider),
}
_MOVED: dict[str, Callable[[Sequence[_Change], dict[str, set[int]]], set[int]]] = {
    "group_visit": _moved_visits,
    "certificate": _moved_certificates,
    "enrolment": _moved_enrolments,
    "person": _moved_people,
    "offering": _moved_offerings,
    "course": _moved_courses,
    "provider": _moved_providers,
}
