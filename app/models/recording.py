"""What a ledger tells of sign-ups, held against what the registry knows, and written by the offering.

A told row carries no day of sign-up: 报名 and 登记 are dated on the day the
offering starts (on today, when that is still to come); 已取消 left on that
day, 已退班 on the day the offering ends (or today). Whether who came is 在读
or 未结业 is read from the calendar, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.database import db, forget_loaded, new_ids
from app.models.attended import tally_hours
from app.models.enrolment import STATES, AttendedHours, Enrolment
from app.models.person import full_years
from app.refusal import N_, Refusal

if TYPE_CHECKING:
    from app.models.offering import Offering

RANK = {state: n for n, state in enumerate(STATES)}
CAME = ("attending", "left", "not_completed", "completed")


@dataclass(frozen=True, slots=True)
class Told:
    """A person's part in one offering, as a ledger tells it; ``hours`` are class hours of 45 minutes."""

    state: str
    first_on: date | None = None
    hours: Decimal = Decimal(0)
    completed_on: date | None = None

    def with_(self, other: Told) -> Told:
        """Both rows as one: furthest state, earliest days, largest hours (R3)."""
        return Told(
            max(self.state, other.state, key=RANK.__getitem__),
            _earliest(self.first_on, other.first_on),
            max(self.hours, other.hours),
            _earliest(self.completed_on, other.completed_on),
        )

    def by_calendar(self, over: bool) -> Told:
        """在读 and 未结业 are one fact; the calendar says which."""
        if self.state not in ("attending", "not_completed"):
            return self
        return replace(self, state="not_completed" if over else "attending")


@dataclass(frozen=True, slots=True)
class Standing:
    """A sign-up as it stands in the registry."""

    id: int
    person_id: int
    identity: int
    waitlisted_at: datetime | None
    registered_at: datetime | None
    registered_on: date | None
    place_number: int | None
    withdrawn_at: datetime | None
    withdrawn_on: date | None
    first_on: date | None
    completed_on: date | None
    hours: tuple[tuple[date, Decimal], ...] = ()

    @property
    def is_live(self) -> bool:
        return self.registered_on is not None and self.withdrawn_at is None

    def told(self, over: bool) -> Told:
        """The same in a ledger's words, as ``Enrolment.state`` reads it."""
        if self.completed_on is not None:
            state = "completed"
        elif self.withdrawn_at is not None:
            state = "left" if self.first_on else "cancelled"
        elif self.first_on is not None:
            state = "not_completed" if over else "attending"
        elif self.registered_on is not None:
            state = "registered"
        else:
            state = "waiting" if self.waitlisted_at else "applied"
        return Told(state, self.first_on, sum((h for _, h in self.hours), Decimal(0)), self.completed_on)

    def as_json(self) -> dict[str, Any]:
        """The facts that a ledger may alter, for the trace."""
        return {
            "waitlisted_at": _iso(self.waitlisted_at),
            "registered_at": _iso(self.registered_at),
            "registered_on": _iso(self.registered_on),
            "place_number": self.place_number,
            "withdrawn_at": _iso(self.withdrawn_at),
            "withdrawn_on": _iso(self.withdrawn_on),
            "first_attended_on": _iso(self.first_on),
            "completed_on": _iso(self.completed_on),
            "hours": [[month.isoformat(), str(hours)] for month, hours in self.hours],
        }


@dataclass(slots=True)
class Report:
    """One person's rows in one offering, merged, with the sign-ups of that human being there."""

    told: Told
    each: Sequence[Told]
    person_id: int
    identity: int
    birth_on: date | None = None
    standing: list[Standing] = field(default_factory=list)
    # What became of it.
    no: Refusal | None = None
    enrolment_id: int | None = None
    before: Standing | None = None
    after: Standing | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the offering says to reports: do marks win, how many places, who teaches."""

    marks_win: bool
    over: bool
    starts_on: date
    ends_on: date
    today: date
    capacity: int | None = None
    takes_new: bool = True
    queue: bool = False
    trainers: frozenset[int] = frozenset()
    min_age: int | None = None
    max_age: int | None = None

    def suits(self, birth_on: date | None) -> bool:
        """As ``Offering.suits_age``: an unknown birth date is let in."""
        if birth_on is None:
            return True
        age = full_years(birth_on, self.starts_on)
        return (self.min_age is None or age >= self.min_age) and (self.max_age is None or age <= self.max_age)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written for one report: into ``target``, or (None) a new sign-up; ``place`` of the new ones."""

    report: Report
    target: Standing | None
    told: Told
    place: int


@dataclass(frozen=True, slots=True)
class _Writing:
    """A decision, and the columns that it comes to."""

    offering_id: int
    decision: Decision
    facts: dict[str, Any]
    terms: Terms


_INSERT_ENROLMENT = db.insert(Enrolment.__table__)
_INSERT_HOURS = db.insert(AttendedHours.__table__)


def judge(reports: Sequence[Report], terms: Terms, taken: int) -> tuple[list[Decision], int]:
    """What to write for each report, and by how many the living places move; refusals go to ``report.no``.

    Pure: a dry run asks the same question. ``taken`` are the places taken now.
    """
    decisions, net = [], 0
    for report in reports:
        try:
            target, told = weigh(report.told, report.each, report.standing, terms)
            if told is None:
                report.enrolment_id = target.id if target else None
                continue
            step = _is_live(told) - (target is not None and target.is_live)
            if target is None:
                _refuse_newcomer(report, told, terms)
            if step > 0 and terms.capacity is not None and taken + net >= terms.capacity:
                raise Refusal(
                    "offering-full",
                    N_("这个班名额已满，不能再登记。请先在系统里增加名额，或把状态改为“候补”。"),
                    column="状态",
                )
        except Refusal as no:
            report.no = no
            continue
        net += step
        decisions.append(Decision(report, target, told, taken + max(net, 1)))
    return decisions, net


def weigh(
    told: Told, each: Sequence[Told], standing: Sequence[Standing], terms: Terms
) -> tuple[Standing | None, Told | None]:
    """Which sign-up it is about (None: a new one), and what to write (None: nothing new).

    ``told`` is ``each`` row of the person merged. Where marks win, raises ``registry-differs`` with both values, or
    ``attendance-from-marks`` for a newcomer who is told to have come.
    """
    told = told.by_calendar(terms.over)
    if not standing:
        if terms.marks_win and told.state not in ("applied", "waiting", "registered"):
            raise Refusal(
                "attendance-from-marks",
                N_("这个班在系统里点名，台账不能登记到课、退班或结业（这一行写“%(told)s”）。请先在系统里报名并点名。"),
                told=STATES[told.state],
                column="状态",
            )
        return None, told
    views = [(s, s.told(terms.over)) for s in standing]
    for s, view in views:
        if view == told:
            return s, None
    known = [view for _, view in views]
    if all(row.by_calendar(terms.over) in known for row in each):
        return views[0][0], None  # who left and came again has two sign-ups, and a file that was written here both
    target, view = max(views, key=lambda pair: (pair[0].withdrawn_at is None, RANK[pair[1].state], pair[0].id))
    if terms.marks_win:
        raise _differs(told, view)
    merged = view.with_(told).by_calendar(terms.over)
    return target, None if merged == view else merged


def record(
    parts: Sequence[tuple[Offering, Sequence[Report], Terms]], *, by_id: int | None, batch_id: int, at: datetime
) -> None:
    """Write reports into their offerings, whose locks are held; each gets its ``no`` or its ``enrolment_id``.

    One statement a table, however many the offerings are. Living places move
    with what is written, each offering's in one guarded statement.
    """
    makes: list[_Writing] = []
    alters: list[_Writing] = []
    moves: list[tuple[Offering, int]] = []
    for offering, reports, terms in parts:
        decisions, net = judge(reports, terms, offering.places_taken)
        moves.append((offering, net))
        for decision in decisions:
            facts = _facts(decision.told, decision.target, terms, at, decision.place)
            (makes if decision.target is None else alters).append(_Writing(offering.id, decision, facts, terms))
    _insert(makes, by_id, batch_id, at)
    _update(alters)
    tally_hours({writing.offering_id for writing in (*makes, *alters)})
    for offering, net in moves:
        if net:
            offering.move_places(net)
        if net < 0:
            offering.promote(at)


# -- steps -----------------------------------------------------------------


def _refuse_newcomer(report: Report, told: Told, terms: Terms) -> None:
    """As at the counter: a trainer is no learner here, ages hold, nobody passes the queue (R2, R16)."""
    if not terms.takes_new:
        raise Refusal("offering-cancelled", N_("这个班没有发布或已取消，不能加人。"), column="班次编号")
    if report.identity in terms.trainers:
        raise Refusal("trainer-no-learner", N_("授课教师不能在自己教的班里当学员。"), column="姓名")
    if not terms.marks_win:
        return
    if not terms.suits(report.birth_on):
        raise Refusal("age-unsuitable", N_("开班那天的年龄不符合这个班的要求。"), column="出生日期")
    if told.state == "registered" and terms.queue:
        raise Refusal("queue-first", N_("这个班有人在候补，不能越过他们登记。请把状态改为“候补”。"), column="状态")


def _facts(told: Told, target: Standing | None, terms: Terms, at: datetime, place: int) -> dict[str, Any]:
    """The dated facts behind a told state; what the registry dated already keeps its date."""
    began = min(terms.starts_on, terms.today)
    registered = told.state in ("registered", *CAME) or bool(target and target.registered_on)
    withdrawn = told.state in ("cancelled", "left")
    kept = target if target is not None and target.registered_on is not None else None
    out = target if target is not None and target.withdrawn_at is not None else None
    return {
        "waitlisted_at": (target.waitlisted_at if target else None) or (at if told.state == "waiting" else None),
        "registered_at": kept.registered_at if kept else at if registered else None,
        "registered_on": kept.registered_on if kept else began if registered else None,
        "place_number": kept.place_number if kept else place if registered else None,
        "withdrawn_at": None if not withdrawn else out.withdrawn_at if out else at,
        "withdrawn_on": None
        if not withdrawn
        else out.withdrawn_on
        if out
        else began
        if told.state == "cancelled"
        else min(terms.ends_on, terms.today),
        "first_attended_on": told.first_on,
        "completed_on": told.completed_on,
    }


def _standing(row_id: int, writing: _Writing) -> Standing:
    told, facts, target = writing.decision.told, writing.facts, writing.decision.target
    return Standing(
        id=row_id,
        person_id=target.person_id if target else writing.decision.report.person_id,
        identity=writing.decision.report.identity,
        waitlisted_at=facts["waitlisted_at"],
        registered_at=facts["registered_at"],
        registered_on=facts["registered_on"],
        place_number=facts["place_number"],
        withdrawn_at=facts["withdrawn_at"],
        withdrawn_on=facts["withdrawn_on"],
        first_on=told.first_on,
        completed_on=told.completed_on,
        hours=((told.first_on.replace(day=1), told.hours),) if told.first_on and told.hours else (),
    )


def _insert(makes: Sequence[_Writing], by_id: int | None, batch_id: int, at: datetime) -> None:
    if not makes:
        return
    ids = new_ids(Enrolment.__table__, len(makes))
    db.session.connection().execute(
        _INSERT_ENROLMENT,
        [
            {
                **writing.facts,
                "id": row_id,
                "offering_id": writing.offering_id,
                "person_id": writing.decision.report.person_id,
                "part": "learner",
                "source": "ledger",
                "applied_at": at,
                "applied_on": min(writing.terms.starts_on, writing.terms.today),
                "made_by_id": by_id,
                "batch_id": batch_id,
                "completed_by_id": by_id if writing.facts["completed_on"] else None,
                "withdrawn_by_id": by_id if writing.facts["withdrawn_at"] else None,
            }
            for row_id, writing in zip(ids, makes, strict=True)
        ],
    )
    for row_id, writing in zip(ids, makes, strict=True):
        writing.decision.report.enrolment_id = row_id
        writing.decision.report.after = _standing(row_id, writing)
    _store_hours(makes)


def _update(alters: Sequence[_Writing]) -> None:
    if not alters:
        return
    ids = []
    for writing in alters:
        report, target = writing.decision.report, writing.decision.target
        assert target
        report.enrolment_id, report.before, report.after = target.id, target, _standing(target.id, writing)
        ids.append(target.id)
    table = Enrolment.__table__
    columns = list(alters[0].facts)
    db.session.execute(
        db.update(table).where(table.c.id == db.bindparam("row")).values({c: db.bindparam(f"v_{c}") for c in columns}),
        [
            {"row": row_id, **{f"v_{c}": v for c, v in writing.facts.items()}}
            for row_id, writing in zip(ids, alters, strict=True)
        ],
    )
    delete_hours(ids)
    _store_hours(alters)
    forget_loaded(Enrolment, ids)


def delete_hours(enrolment_ids: Sequence[int]) -> None:
    db.session.execute(
        db.delete(AttendedHours.__table__).where(AttendedHours.enrolment_id.in_(enrolment_ids)),
    )


def _store_hours(writings: Iterable[_Writing]) -> None:
    rows = [
        # The offering is named: left to its default, the column asks the database once a row.
        {"enrolment_id": after.id, "offering_id": writing.offering_id, "month_on": month, "class_hours": hours}
        for writing in writings
        if (after := writing.decision.report.after)
        for month, hours in after.hours
    ]
    if rows:
        db.session.connection().execute(_INSERT_HOURS, rows)


def _is_live(told: Told) -> bool:
    return told.state in ("registered", "attending", "not_completed", "completed")


def _differs(told: Told, view: Told) -> Refusal:
    """The first thing in which a file and the registry disagree, with both values."""
    pairs = (
        ("状态", STATES[told.state], STATES[view.state]),
        ("首次到课", told.first_on, view.first_on),
        ("到课课时", told.hours.normalize(), view.hours.normalize()),
        ("结业日期", told.completed_on, view.completed_on),
    )
    column, theirs, ours = next(pair for pair in pairs if pair[1] != pair[2])
    return Refusal(
        "registry-differs",
        N_(
            "这个班在系统里点名，以系统为准：%(column)s台账写“%(theirs)s”，系统里是“%(ours)s”。请按系统改台账，或在系统里更正。"
        ),
        column=column,
        theirs=_word(theirs),
        ours=_word(ours),
    )


def _word(value: Any) -> str:
    if value is None:
        return "空"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _earliest(a: date | None, b: date | None) -> date | None:
    return min(a, b) if a and b else a or b


def _iso(value: Any) -> str | None:
    return None if value is None else value.isoformat()
