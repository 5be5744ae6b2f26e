"""A handful of groups at once: look up what the registry knows, weigh, and (when loading) write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from itertools import groupby
from typing import Any

from sqlalchemy import and_, or_

from app.database import db
from app.ledger.people import Known, Somebody, adds_to_record, find_records
from app.ledger.plan import Group, Plan
from app.ledger.rows import Entry, RowRefused, read_row
from app.ledger.staging import chunks, staged
from app.models.certificate import Certificate
from app.models.enrolment import AttendedHours, Enrolment
from app.models.group_visit import GroupVisit
from app.models.offering import Offering
from app.models.person import Person
from app.models.recording import Report, Standing, Told, judge
from app.refusal import N_, Refusal

_AT_ONCE = 300


@dataclass
class Party:
    """One group of rows, on its way into an offering."""

    group: Group
    entries: list[Entry]
    somebody: Somebody | None = None
    standing: list[Standing] = field(default_factory=list)
    certificates: list[Entry] = field(default_factory=list)  # those that are new to the registry
    report: Report | None = None

    @property
    def told(self) -> list[Told]:
        return [Told(e.state, e.first_on, e.hours, e.completed_on) for e in self.entries]

    def as_report(self) -> Report:
        each = self.told
        record = self.somebody.record if self.somebody else None
        identity = record.identity if record else self.standing[0].identity if self.standing else 0
        person_id = record.id if record else self.standing[0].person_id if self.standing else 0
        birth_on = self.somebody.birth_on if self.somebody else None
        return Report(reduce(Told.with_, each), each, person_id, identity, birth_on, self.standing)


class Slice:
    """Rows read and judged again by themselves, outside any lock; then looked up."""

    def __init__(self, plan: Plan, batch_id: int, groups: Sequence[Group], at: datetime, today: date) -> None:
        self.plan, self.batch_id, self.at, self.today = plan, batch_id, at, today
        self.refused: dict[int, tuple[str, str, str]] = {}
        numbers = sorted(row for group in groups for row in group.rows)
        entries = {}
        for number, cells, _ in staged(batch_id, numbers):
            try:
                entries[number] = read_row(number, cells, today)
            except RowRefused as back:  # a day went by between check and loading
                self.refuse(number, back.column, back.no)
        self.parties, self.visits = [], []
        self.people: dict[tuple[str, int], Somebody] = {}
        for group in groups:
            here = [entries[row] for row in group.rows if row in entries]
            if not here:
                continue
            party = Party(group, here)
            if here[0].group_name:
                self.visits.append(party)
                continue
            key = (here[0].offering.provider_key, group.human)
            party.somebody = self.people.setdefault(key, Somebody(key[0]))
            for entry in here:
                party.somebody.hear(entry)
            self.parties.append(party)

    @property
    def rows(self) -> list[int]:
        return [entry.row_number for party in (*self.parties, *self.visits) for entry in party.entries]

    def refuse(self, row: int, column: str, no: Refusal) -> None:
        self.refused[row] = (column, no.code, str(no))

    def refuse_party(self, party: Party, no: Refusal) -> None:
        for entry in party.entries:
            self.refuse(entry.row_number, str(no.values.get("column", "姓名")), no)

    # -- looking up --------------------------------------------------------

    def look(self, provider_ids: dict[str, int | None], offerings: dict[int, Offering]) -> None:
        """Find records and sign-ups. ``offerings``: those of the plan's places that the registry has."""
        self.offerings = offerings
        find_records(list(self.people.values()), provider_ids, self.plan.is_ambiguous)
        for place, offering in offerings.items():
            self._look_in(offering, [p for p in self.parties if p.group.offering == place])
        self._look_at_certificates()

    def _look_in(self, offering: Offering, parties: Sequence[Party]) -> None:
        candidates = _sign_ups(offering, [p.somebody for p in parties if p.somebody])
        for party in parties:
            somebody = party.somebody
            assert somebody
            own = somebody.record.identity if somebody.record else None
            found = [c for c in candidates if c.standing.identity == own or somebody.is_surely(c.known)]
            found = found or [c for c in candidates if somebody.is_spelt_as(c.known)]
            humans = {c.standing.identity for c in found}
            if len(humans) > 1 and own is None:
                # Two people could be meant (two documents): the row stays its own.
                exact = [c for c in found if somebody.is_spelt_as(c.known)]
                found = exact if len({c.standing.identity for c in exact}) == 1 else []
            party.standing = [c.standing for c in found]
            if somebody.record is None:
                kept = [c.known for c in found if c.keeper == offering.provider_id]
                somebody.record = kept[0] if kept else None

    def look_again(self) -> None:
        """After identities were settled: who is in the offering under another record of the same human being?"""
        joined: dict[tuple[int, int], list[Party]] = {}
        for party in self.parties:
            offering = self.offerings.get(party.group.offering)
            record = party.somebody.record if party.somebody else None
            if offering and record and record.identity != record.id and not party.standing:
                joined.setdefault((offering.id, record.identity), []).append(party)
        for chunk in chunks(list(joined), _AT_ONCE):
            here = and_(
                Enrolment.offering_id.in_({offering_id for offering_id, _ in chunk}),
                Person.identity_of().in_([identity for _, identity in chunk]),
            )
            for candidate in read_sign_ups(here):
                for party in joined.get((candidate.offering_id, candidate.standing.identity), ()):
                    party.standing.append(candidate.standing)

    def _look_at_certificates(self) -> None:
        wanted = {
            (c.system, c.number_key): None for p in self.parties for e in p.entries if (c := e.certificate) is not None
        }
        known: dict[tuple[str, str], Any] = {}
        for chunk in chunks([number for _, number in wanted], _AT_ONCE):
            for row in db.session.execute(
                db.select(
                    Certificate.system,
                    Certificate.number_key,
                    Certificate.name,
                    Certificate.level,
                    Certificate.issued_on,
                    Person.identity_of().label("identity"),
                    Person.name_key.label("name_key"),
                    Person.birth_on,
                    Person.mobile_index,
                    Person.document_index,
                )
                .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
                .join(Person, Person.id == Enrolment.person_id)
                .where(Certificate.number_key.in_(chunk))
            ):
                known[row.system, row.number_key] = row
        for party in self.parties:
            self._weigh_certificates(party, known)

    def _weigh_certificates(self, party: Party, known: dict[tuple[str, str], Any]) -> None:
        taken = set()
        for entry in list(party.entries):
            mine = entry.certificate
            if mine is None:
                continue
            theirs = known.get((mine.system, mine.number_key))
            if theirs is None:
                if mine.number_key not in taken:
                    taken.add(mine.number_key)
                    party.certificates.append(entry)
            elif not self._is_holder(party, theirs):
                self._send_back(
                    party,
                    entry,
                    N_("这个证书编号在系统里已经登记给另一个人，请核对编号和姓名。"),
                    "certificate-of-another",
                )
            elif (mine.name, mine.level, mine.issued_on) != (theirs.name, theirs.level, theirs.issued_on):
                self._send_back(
                    party,
                    entry,
                    N_("这个证书编号在系统里已有，名称、等级或发证日期不同，请核对。"),
                    "certificate-differs",
                )

    def _is_holder(self, party: Party, holder: Any) -> bool:
        somebody = party.somebody
        assert somebody
        identities = {standing.identity for standing in party.standing}
        if somebody.record:
            identities.add(somebody.record.identity)
        return holder.identity in identities or somebody.is_surely(holder)

    def _send_back(self, party: Party, entry: Entry, sentence: str, code: str) -> None:
        self.refuse(entry.row_number, "证书编号", Refusal(code, sentence))
        party.entries.remove(entry)

    # -- weighing ----------------------------------------------------------

    def weigh(self, tally: Counter[str], moved: dict[int, int]) -> None:
        """A dry run: what would become of each group, counted into ``tally``; refusals kept.

        ``moved`` carries from slice to slice by how many an offering's places would have moved.
        """
        for place, parties in self.by_offering(self.parties):
            offering = self.offerings.get(place)
            if offering is None:
                tally["new"] += len(parties)
                continue
            reports = [party.as_report() for party in parties]
            decisions, net = judge(reports, offering.terms(self.at), offering.places_taken + moved.get(place, 0))
            moved[place] = moved.get(place, 0) + net
            written = {id(decision.report): decision for decision in decisions}
            for party, report in zip(parties, reports, strict=True):
                if report.no is not None:
                    self.refuse_party(party, report.no)
                elif (decision := written.get(id(report))) is not None:
                    tally["new" if decision.target is None else "changed"] += 1
                else:
                    tally["changed" if party.certificates or adds_to_record(party.somebody) else "same"] += 1
        for place, parties in self.by_offering(self.visits):
            offering = self.offerings.get(place)
            known = visits_of(offering, parties) if offering else {}
            for party in parties:
                tally[_visit_verdict(party, known)] += 1

    def by_offering(self, parties: Sequence[Party]) -> Iterator[tuple[int, list[Party]]]:
        """Parties that have rows left, offering by offering."""
        for place, some in groupby(parties, key=lambda party: party.group.offering):
            if left := [party for party in some if party.entries]:
                yield place, left


@dataclass(slots=True)
class _Candidate:
    standing: Standing
    known: Known
    keeper: int | None
    offering_id: int


def _sign_ups(offering: Offering, people: Sequence[Somebody]) -> list[_Candidate]:
    """The sign-ups in this offering that could be these people's."""
    found: dict[int, _Candidate] = {}
    for chunk in chunks(people, _AT_ONCE):
        names = [s.name_key for s in chunk]
        documents = [s.document_index for s in chunk if s.document_index]
        identities = [s.record.identity for s in chunk if s.record]
        could_be = or_(
            Person.name_key.in_(names),
            Person.document_index.in_(documents),
            Person.identity_of().in_(identities),
        )
        for candidate in read_sign_ups(and_(Enrolment.offering_id == offering.id, could_be)):
            found[candidate.standing.id] = candidate
    return list(found.values())


def read_sign_ups(condition: Any) -> list[_Candidate]:
    """Learners' sign-ups as they stand, with their people."""
    rows = db.session.execute(
        db.select(
            Enrolment.id,
            Enrolment.person_id,
            Enrolment.waitlisted_at,
            Enrolment.registered_at,
            Enrolment.registered_on,
            Enrolment.place_number,
            Enrolment.withdrawn_at,
            Enrolment.withdrawn_on,
            Enrolment.first_attended_on,
            Enrolment.completed_on,
            Person.uid,
            Person.name_key,
            Person.sex,
            Person.birth_on,
            Person.mobile_index,
            Person.document_type,
            Person.document_index,
            Person.identity_of().label("identity"),
            Person.keeper_provider_id,
            Enrolment.offering_id,
        )
        .join(Person, Person.id == Enrolment.person_id)
        .where(condition, Enrolment.part == "learner")
        .order_by(Enrolment.id)
    ).all()
    hours: dict[int, list[tuple[date, Decimal]]] = {}
    for chunk in chunks([row.id for row in rows], _AT_ONCE):
        for enrolment_id, month, amount in db.session.execute(
            db.select(AttendedHours.enrolment_id, AttendedHours.month_on, AttendedHours.class_hours)
            .where(AttendedHours.enrolment_id.in_(chunk))
            .order_by(AttendedHours.month_on)
        ):
            hours.setdefault(enrolment_id, []).append((month, amount))
    return [
        _Candidate(
            Standing(
                row.id,
                row.person_id,
                row.identity,
                row.waitlisted_at,
                row.registered_at,
                row.registered_on,
                row.place_number,
                row.withdrawn_at,
                row.withdrawn_on,
                row.first_attended_on,
                row.completed_on,
                tuple(hours.get(row.id, ())),
            ),
            Known(
                row.person_id,
                row.uid,
                row.name_key,
                row.sex,
                row.birth_on,
                row.mobile_index,
                row.document_type,
                row.document_index,
                row.identity,
            ),
            row.keeper_provider_id,
            row.offering_id,
        )
        for row in rows
    ]


def visits_of(offering: Offering, parties: Sequence[Party]) -> dict[tuple[str, date], Any]:
    """Group visits of that offering that these rows may speak of."""
    keys = list({p.entries[0].group_key for p in parties})
    return {
        (row.group_key, row.visited_on): row
        for chunk in chunks(keys, _AT_ONCE)
        for row in db.session.execute(
            db.select(
                GroupVisit.id, GroupVisit.group_key, GroupVisit.visited_on, GroupVisit.headcount, GroupVisit.state
            ).where(GroupVisit.offering_id == offering.id, GroupVisit.group_key.in_(chunk))
        )
    }


def headcount_of(party: Party) -> int:
    """One group counts once a day at its largest (R13)."""
    return max(entry.headcount for entry in party.entries)


def _visit_verdict(party: Party, known: dict[tuple[str, date], Any]) -> str:
    entry = party.entries[0]
    assert entry.first_on
    stored = known.get((entry.group_key, entry.first_on))
    if stored is None:
        return "new"
    return "same" if stored.headcount >= headcount_of(party) else "changed"
