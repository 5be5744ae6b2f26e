"""From staged rows to sign-ups: a check that writes nothing but its findings, then slices of one short lock each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.clock import civil, now
from app.database import db, first_lock_of, is_transient, new_ids, one_at_a_time, writing
from app.ledger.people import Somebody, make_records
from app.ledger.plan import Group, Plan, read_plan, refuse_difference
from app.ledger.rows import Entry, OfferingFacts, RowRefused
from app.ledger.slices import Party, Slice, headcount_of, visits_of
from app.ledger.staging import (
    Heart,
    Pace,
    Progress,
    a_slice,
    forget_all_rows,
    forget_rows,
    refuse_rows,
    rows_left,
    silent,
    staged,
)
from app.models.certificate import Certificate
from app.models.course import Course
from app.models.group_visit import GroupVisit
from app.models.ledger_batch import LedgerBatch, LedgerChange, LedgerRow
from app.models.offering import Offering
from app.models.place import DIVISIONS
from app.models.provider import Provider
from app.models.rules import CATEGORIES
from app.models.timetable import note_timetable
from app.refusal import N_, Refusal
from app.search_words import note_search_words, prepare

_INSERT_CERTIFICATES = db.insert(Certificate.__table__)
_INSERT_CHANGES = db.insert(LedgerChange.__table__)
_json = json.JSONEncoder(ensure_ascii=False).encode
_LOOKED_AT = 500  # groups of a dry run at once
_PATIENCE = 5  # times a slice is tried again when the lock is busy


@dataclass
class Findings:
    """What a batch holds and would do; kept on it as JSON."""

    good: int = 0
    refused: int = 0
    repeats: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    new_providers: list[str] = field(default_factory=list)
    new_courses: int = 0
    new_offerings: int = 0
    course_names: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        return json.dumps(self.__dict__, ensure_ascii=False)


# -- checking --------------------------------------------------------------


def check(batch_id: int, unknown_columns: Sequence[str] = (), progress: Progress = silent) -> tuple[Findings, Plan]:
    """Judge every staged row, write down the refusals; the batch is then ``checked``.

    What would happen, and the plan, for whoever goes on to ``load`` at once.
    """
    batch = db.session.get_one(LedgerBatch, batch_id)
    own = batch.provider.name_key if batch.provider else None
    at, progress = now(), Heart(batch_id, progress)
    plan = read_plan(batch_id, civil(at).date(), own, progress, batch.rows_total)
    known = _known_offerings(plan)
    _refuse_contradictions(plan, known)
    tally = _weigh(plan, batch_id, known, at, progress)
    refuse_rows(batch_id, plan.refused)
    findings = _findings(plan, known, tally, list(unknown_columns))
    with writing() as session:
        batch = session.get_one(LedgerBatch, batch_id)
        batch.state, batch.worked_at, batch.summary = "checked", now(), findings.as_json()
        batch.rows_refused = findings.refused
    return findings, plan


def _known_offerings(plan: Plan, of: Sequence[int] | None = None) -> dict[int, Offering]:
    """Those offerings of the plan (or of these places in it) that the registry has, by their place in the plan."""
    wanted = {n: plan.offerings[n] for n in (range(len(plan.offerings)) if of is None else of)}
    providers = _provider_ids({facts.provider_key for facts in wanted.values()})
    places = {(providers[f.provider_key], f.number_key): n for n, f in wanted.items()}
    found: dict[int, Offering] = {}
    for provider_id in {i for i in providers.values() if i is not None}:
        numbers = [key for owner, key in places if owner == provider_id]
        for start in range(0, len(numbers), 400):
            for offering in db.session.scalars(
                db.select(Offering)
                .where(Offering.provider_id == provider_id, Offering.number_key.in_(numbers[start : start + 400]))
                .options(db.joinedload(Offering.course), db.joinedload(Offering.provider))
            ):
                found[places[provider_id, offering.number_key]] = offering
    return found


def _provider_ids(wanted: Set[str]) -> dict[str, int | None]:
    keys = list(wanted)
    found: dict[str, int | None] = dict.fromkeys(keys)
    for start in range(0, len(keys), 400):
        rows = db.session.execute(
            db.select(Provider.name_key, Provider.id).where(Provider.name_key.in_(keys[start : start + 400]))
        )
        found.update(rows.all())
    return found


def _refuse_contradictions(plan: Plan, known: dict[int, Offering]) -> None:
    """Rows whose offering stands otherwise in the registry; and more hours than planned, except where marks say so."""
    plan.refuse_doubtful({place for place, offering in known.items() if offering.has_timetable})
    for group in list(plan.groups(set(known))):
        try:
            refuse_difference(plan.offerings[group.offering], _facts_of(known[group.offering]), "系统里")
        except RowRefused as back:
            for row in group.rows:
                plan.refused[row] = (back.column, back.no.code, str(back.no))


def _facts_of(offering: Offering) -> OfferingFacts:
    return OfferingFacts(
        offering.provider.name, offering.provider.name_key, offering.course.title, offering.course.title_key,
        offering.category, offering.number, offering.number_key, offering.starts_on, offering.ends_on,
        offering.planned_hours, offering.division_code,
    )  # fmt: skip


def _weigh(plan: Plan, batch_id: int, known: dict[int, Offering], at: datetime, progress: Progress) -> Counter[str]:
    """Hold against the registry what it could contradict; everything else is simply new."""
    tally: Counter[str] = Counter()
    moved: dict[int, int] = {}
    providers, certified = _provider_ids(plan.provider_keys), plan.certified_rows
    groups = list(plan.groups())
    pieces = [group for group in groups if group.offering in known or not certified.isdisjoint(group.rows)]
    tally["new"] += len(groups) - len(pieces)
    for start in range(0, len(pieces), _LOOKED_AT):
        piece = Slice(plan, batch_id, pieces[start : start + _LOOKED_AT], at, civil(at).date())
        piece.look(
            providers,
            {
                p.group.offering: known[p.group.offering]
                for p in piece.parties + piece.visits
                if p.group.offering in known
            },
        )
        piece.weigh(tally, moved)
        plan.refused.update(piece.refused)
        progress("对照", start, len(pieces))
    return tally


def _findings(plan: Plan, known: dict[int, Offering], tally: Counter[str], unknown_columns: list[str]) -> Findings:
    groups = list(plan.groups())
    rows = sum(len(group.rows) for group in groups)
    used = {group.offering for group in groups}
    providers = _provider_ids(plan.provider_keys)
    fresh = [plan.offerings[place] for place in used if place not in known]
    courses = {(f.provider_key, f.course_key): f.course for f in fresh}
    for key in list(courses):
        provider_id = providers[key[0]]
        if provider_id is not None and db.session.scalar(
            db.select(Course.id).where(Course.provider_id == provider_id, Course.title_key == key[1])
        ):
            del courses[key]
    names = {f.provider_key: f.provider for f in fresh if providers[f.provider_key] is None}
    return Findings(
        good=len(groups),
        refused=len(plan.refused),
        repeats=rows - len(groups),
        new=tally["new"],
        changed=tally["changed"],
        same=tally["same"],
        unknown_columns=unknown_columns,
        new_providers=sorted(names.values()),
        new_courses=len(courses),
        new_offerings=len(fresh),
        course_names=sorted(courses.values())[:50],
    )


# -- loading ---------------------------------------------------------------


def load(batch_id: int, progress: Progress = silent, plan: Plan | None = None) -> LedgerBatch:
    """Write the good rows of a checked batch, or the rest of one that stopped half-way; it is then ``done``.

    ``plan`` is what ``check`` made of it a moment ago. Raises ``batch-state``
    for a batch that is neither, or that somebody took back meanwhile.
    """
    batch = begin_loading(batch_id)
    own = batch.provider.name_key if batch.provider else None
    by_id, total = batch.made_by_id, batch.rows_total - batch.rows_refused
    if plan is None:
        plan = read_plan(batch_id, civil(now()).date(), own, Heart(batch_id, progress), total)
        refuse_rows(batch_id, plan.refused)
    loader = _Loader(plan, batch_id, by_id)
    for done in loader.run():
        progress("登记", done, total)
    return _stopped(batch_id) if loader.stopped else _finish(batch_id)


def begin_loading(batch_id: int) -> LedgerBatch:
    """From now on the batch is ``loading``, whoever does it; raises ``batch-state``."""
    with writing() as session:
        batch = session.get_one(LedgerBatch, batch_id, with_for_update=True)
        if batch.state not in ("checked", "loading"):
            raise Refusal("batch-state", N_("这一批不在等待登记的状态，不能登记。"))
        batch.state, batch.worked_at = "loading", now()
    return batch


def _stopped(batch_id: int) -> LedgerBatch:
    """Another one has finished it, which is as good; or takes it back, and then it isn't ours to finish."""
    batch = db.session.get_one(LedgerBatch, batch_id, populate_existing=True)
    if batch.state != "done":
        raise _no_longer_loading()
    return batch


def _no_longer_loading() -> Refusal:
    return Refusal("batch-state", N_("有人在撤销这一批，登记到此为止。"))


def _finish(batch_id: int) -> LedgerBatch:
    with writing() as session:
        batch = session.get_one(LedgerBatch, batch_id, with_for_update=True)
        if batch.state == "done":
            return batch
        if batch.state != "loading":
            raise _no_longer_loading()
        batch.rows_refused = session.scalar(
            db.select(db.func.count()).select_from(LedgerRow).where(LedgerRow.batch_id == batch_id)
        )
        batch.state, batch.finished_at, batch.worked_at = "done", now(), now()
    return batch


class _Loader:
    """Writes a plan slice by slice; what a slice wrote is gone from the staged rows, so a restart goes on behind it."""

    def __init__(self, plan: Plan, batch_id: int, by_id: int | None) -> None:
        self.plan, self.batch_id, self.by_id = plan, batch_id, by_id
        self.pace = Pace(50, most=1500)
        self.stopped = False
        self._look_up()

    def _look_up(self) -> None:
        """What the registry has of the plan; again after a rollback, which takes back what a slice had made."""
        self.providers = _provider_ids(self.plan.provider_keys)
        self.offering_ids = {place: offering.id for place, offering in _known_offerings(self.plan).items()}
        self.course_ids: dict[tuple[str, str], int] = {}

    def run(self) -> Iterator[int]:
        groups = list(self.plan.groups())
        start = done = tries = 0
        while start < len(groups):
            part = groups[start : start + self.pace.size]
            at = now()
            piece = Slice(self.plan, self.batch_id, part, at, civil(at).date())
            self._prepare_words(part)
            try:
                with a_slice(self.pace, len(part)):
                    done += self._write(piece)
            except Exception as error:
                tries += 1
                if tries > _PATIENCE or not is_transient(error):
                    raise
                self._look_up()  # the lock was busy: the same slice once more, smaller
                continue
            if self.stopped:
                return
            start, tries = start + len(part), 0
            yield done

    def _prepare_words(self, part: Sequence[Group]) -> None:
        unseen = {group.offering for group in part} - self.offering_ids.keys()
        for facts in (self.plan.offerings[place] for place in unseen):
            prepare((facts.course, facts.provider, DIVISIONS[facts.division_code], CATEGORIES[facts.category]))

    def _write(self, piece: Slice) -> int:
        one_at_a_time(b"ledger batch %d" % self.batch_id)
        # What is written after the way back has passed could never be taken back.
        state = db.session.scalar(db.select(LedgerBatch.state).where(LedgerBatch.id == self.batch_id))
        if state != "loading":
            self.stopped = True
            return 0
        self.changes: list[dict[str, Any]] = []
        self._drop_done(piece)
        fresh = self._offerings(piece)
        piece.look(self.providers, {p: o for p, o in self.offerings.items() if p not in fresh})
        self._people(piece)
        self._record(piece)
        for place, parties in piece.by_offering(piece.visits):
            self._visits(self.offerings[place], parties, piece)
        return self._settle(piece)

    def _drop_done(self, piece: Slice) -> None:
        """Another process may have written some of these rows meanwhile."""
        left = rows_left(self.batch_id, piece.rows)
        for party in (*piece.parties, *piece.visits):
            party.entries = [entry for entry in party.entries if entry.row_number in left]

    def _offerings(self, piece: Slice) -> set[int]:
        """Lock what exists, make what does not; the places of the new ones."""
        wanted = {p.group.offering: p.entries[0].row_number for p in (*piece.parties, *piece.visits) if p.entries}
        # In the registry since the last look: somebody else made it.
        unseen = _known_offerings(self.plan, [place for place in wanted if place not in self.offering_ids])
        self.offering_ids |= {place: offering.id for place, offering in unseen.items()}
        place_of = {self.offering_ids[place]: place for place in wanted if place in self.offering_ids}
        self.offerings = {place_of[o.id]: o for o in Offering.all_under_lock(list(place_of))}
        fresh = [place for place in wanted if place not in self.offerings]
        made = [self._draft_offering(self.plan.offerings[place], wanted[place]) for place in fresh]
        db.session.flush()
        for place, offering in zip(fresh, made, strict=True):
            first_lock_of(offering)
            self.offerings[place] = offering
            self.offering_ids[place] = offering.id
            self._note(wanted[place], "offering", offering.id, None, offering_facts(offering))
        return set(fresh)

    def _draft_offering(self, facts: OfferingFacts, row: int) -> Offering:
        """Published, without lessons and without a limit: it happened, or happens elsewhere."""
        course = self._course(facts, row)
        offering = Offering(
            provider=course.provider,
            course=course,
            number=facts.number,
            category=facts.category,
            starts_on=facts.starts_on,
            ends_on=facts.ends_on,
            planned_hours=facts.planned_hours,
            division_code=facts.division_code,
            address="",
            room="",
            published_at=now(),
            lessons=[],
            trainers=[],
        )
        note_timetable(offering)
        note_search_words(offering)
        db.session.add(offering)
        return offering

    def _course(self, facts: OfferingFacts, row: int) -> Course:
        key = (facts.provider_key, facts.course_key)
        if key in self.course_ids and (course := db.session.get(Course, self.course_ids[key])):
            return course
        provider = self._provider(facts, row)
        course = Course.titled(provider, facts.course)
        if course is None:
            course = Course(provider=provider, title=facts.course, audience="", summary="")
            db.session.add(course)
            db.session.flush()
            self._note(row, "course", course.id)
        self.course_ids[key] = course.id
        return course

    def _provider(self, facts: OfferingFacts, row: int) -> Provider:
        known = self.providers[facts.provider_key]
        provider = db.session.get(Provider, known) if known else Provider.named(facts.provider)
        if provider is None:
            provider = Provider(name=facts.provider, division_code=facts.division_code)
            db.session.add(provider)
            db.session.flush()
            self._note(row, "provider", provider.id)
        self.providers[facts.provider_key] = provider.id
        return provider

    def _people(self, piece: Slice) -> None:
        """Records for whoever has neither one here nor a sign-up under another keeper's."""
        needed: dict[int, Somebody] = {}
        for party in piece.parties:
            somebody = party.somebody
            if party.entries and somebody and (somebody.record or not party.standing):
                needed[id(somebody)] = somebody
        people = list(needed.values())
        make_records(people, self.providers, piece.at)
        for somebody in people:
            if somebody.record and (somebody.made or somebody.before is not None):
                self._note(
                    somebody.row_number, "person", somebody.record.id, somebody.before, somebody.record.as_json()
                )
        piece.look_again()

    def _record(self, piece: Slice) -> None:
        parts = [
            (self.offerings[place], [(party, party.as_report()) for party in _one_each(parties)])
            for place, parties in piece.by_offering(piece.parties)
        ]
        Offering.record(
            [(offering, [report for _, report in pairs]) for offering, pairs in parts],
            by_id=self.by_id,
            batch_id=self.batch_id,
            at=piece.at,
        )
        certificates: list[tuple[int, Entry]] = []
        for party, report in (pair for _, pairs in parts for pair in pairs):
            if report.no is not None:
                piece.refuse_party(party, report.no)
                continue
            assert report.enrolment_id
            if report.after is not None:
                before = report.before.as_json() if report.before else None
                row = party.entries[0].row_number
                self._note(row, "enrolment", report.enrolment_id, before, report.after.as_json())
            certificates += [(report.enrolment_id, entry) for entry in party.certificates]
        self._certificates(certificates)

    def _certificates(self, wanted: Sequence[tuple[int, Entry]]) -> None:
        if not wanted:
            return
        ids = new_ids(Certificate.__table__, len(wanted))
        rows = [
            {
                "id": certificate_id,
                "enrolment_id": enrolment_id,
                "batch_id": self.batch_id,
                **entry.certificate._asdict(),
            }
            for certificate_id, (enrolment_id, entry) in zip(ids, wanted, strict=True)
            if entry.certificate
        ]
        db.session.connection().execute(_INSERT_CERTIFICATES, rows)
        for (_, entry), row in zip(wanted, rows, strict=True):
            self._note(entry.row_number, "certificate", row["id"], None, {"number_key": row["number_key"]})

    def _visits(self, offering: Offering, parties: Sequence[Party], piece: Slice) -> None:
        """Nameless groups: one name counts once a day at its largest (R13); the file is their evidence."""
        offering.lock()
        known = visits_of(offering, parties)
        for party in parties:
            entry, largest = party.entries[0], headcount_of(party)
            assert entry.first_on
            stored = known.get((entry.group_key, entry.first_on))
            # What the registry counted itself is not rewritten: a larger number of a ledger stands beside it.
            counted_here = stored is not None and stored.booking_id is not None
            if stored is None or (counted_here and stored.headcount < largest):
                visit = GroupVisit(
                    offering_id=offering.id,
                    group_name=entry.group_name,
                    group_key=entry.group_key,
                    visited_on=entry.first_on,
                    headcount=largest,
                    state=max(party.told, key=lambda told: told.state).state,
                    basis="reported",
                    batch_id=self.batch_id,
                )
                db.session.add(visit)
                db.session.flush()
                self._note(entry.row_number, "group_visit", visit.id, None, {"headcount": largest})
            elif stored.headcount < largest:
                db.session.execute(db.update(GroupVisit).where(GroupVisit.id == stored.id).values(headcount=largest))
                self._note(
                    entry.row_number, "group_visit", stored.id, {"headcount": stored.headcount}, {"headcount": largest}
                )

    def _note(
        self, row: int, table: str, key: int, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
    ) -> None:
        """The trace: what was made or altered, with what stood there before."""
        self.changes.append(
            {
                "batch_id": self.batch_id,
                "row_number": row,
                "table_name": table,
                "row_key": str(key),
                "before": None if before is None else _json(before),
                "after": _json(after or {}),
            }
        )

    def _settle(self, piece: Slice) -> int:
        """The trace, the refusals of the last moment, the staged rows that are done."""
        if self.changes:
            db.session.connection().execute(_INSERT_CHANGES, self.changes)
        done = sorted(set(piece.rows) - piece.refused.keys())
        forget_rows(self.batch_id, done)
        for row, (column, code, why) in piece.refused.items():
            db.session.execute(
                db.update(LedgerRow)
                .where(LedgerRow.batch_id == self.batch_id, LedgerRow.row_number == row)
                .values(column=column, refusal_code=code, refusal=why)
            )
        db.session.execute(
            db.update(LedgerBatch)
            .where(LedgerBatch.id == self.batch_id)
            .values(rows_done=LedgerBatch.rows_done + len(done), worked_at=piece.at)
        )
        return len(done)


def offering_facts(offering: Offering) -> dict[str, Any]:
    """What an undo compares: has anybody worked on the offering since?"""
    return {
        "starts_on": offering.starts_on.isoformat(),
        "ends_on": offering.ends_on.isoformat(),
        "planned_hours": str(offering.planned_hours.normalize()),
        "category": offering.category,
        "division_code": offering.division_code,
        "course_id": offering.course_id,
        "capacity": offering.capacity,
        "cancelled": offering.cancelled_at is not None,
    }


def _one_each(parties: Sequence[Party]) -> list[Party]:
    """Parties that turned out to be one human being become one sign-up."""
    first: dict[int, Party] = {}
    for party in parties:
        identity = party.as_report().identity
        kept = first.setdefault(identity, party)
        if kept is not party:
            kept.entries += party.entries
            kept.certificates += party.certificates
    return list(first.values())


def drop(batch_id: int) -> None:
    """Give up a batch that was not loaded; its staged cells go."""
    forget_all_rows(batch_id)
    with writing() as session:
        batch = session.get_one(LedgerBatch, batch_id)
        batch.state, batch.finished_at = "dropped", now()


def abandon(batch_id: int, problem: str) -> None:
    """Drop a batch whose file could not be read, and keep the sentence that says why."""
    drop(batch_id)
    with writing() as session:
        session.get_one(LedgerBatch, batch_id).summary = json.dumps({"problem": problem}, ensure_ascii=False)


def erase(batch_id: int) -> None:
    """As if it had never been: a dry run leaves nothing."""
    forget_all_rows(batch_id)
    with writing() as session:
        session.delete(session.get_one(LedgerBatch, batch_id))


def refused_rows(batch_id: int) -> Iterator[tuple[int, list[str], str, str]]:
    """Row number, cells, column and sentence of each row that was sent back."""
    for number, cells, row in staged(batch_id, refused=True):
        yield number, cells, row.column, row.refusal
