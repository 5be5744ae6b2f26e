"""A handful of groups at once: look up what the registry knows, weigh, and (when loading) write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from itertools import groupby
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from app.database import db
from app.ledger.people import KNOWN_COLUMNS, Known, Somebody, adds_to_record, find_records
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
        here = [party for party in self.parties if party.group.offering in offerings]
        crowd = _Crowd(_sign_ups([o.id for o in offerings.values()], [p.somebody for p in here if p.somebody]))
        for party in here:
            self._look_in(offerings[party.group.offering], party, crowd)
        self._look_at_certificates()

    def _look_in(self, offering: Offering, party: Party, crowd: _Crowd) -> None:
        somebody = party.somebody
        assert somebody
        own = somebody.record.identity if somebody.record else None
        found = crowd.surely(offering.id, somebody, own) or crowd.spelt(offering.id, somebody)
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
            for row in db.session.connection().execute(_CERTIFICATES_OF, {"numbers": chunk}):
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
        trainers = Offering.trainers_of([offering.id for offering in self.offerings.values()])
        for place, parties in self.by_offering(self.parties):
            offering = self.offerings.get(place)
            if offering is None:
                tally["new"] += len(parties)
                continue
            reports = [party.as_report() for party in parties]
            terms = offering.terms(self.at, trainers)
            decisions, net = judge(reports, terms, offering.places_taken + moved.get(place, 0))
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


class _Crowd:
    """Sign-ups, to be found by whatever could make somebody their human being."""

    def __init__(self, candidates: Iterable[_Candidate]) -> None:
        self._under: dict[tuple[int, Any], list[_Candidate]] = {}
        for candidate in candidates:
            known = candidate.known
            triple = known.name_key, known.birth_on, known.mobile_index
            for key in (candidate.standing.identity, known.document_index, triple, (*triple, known.document_index)):
                self._under.setdefault((candidate.offering_id, key), []).append(candidate)

    def surely(self, offering_id: int, somebody: Somebody, identity: int | None) -> list[_Candidate]:
        """Those of the same human being."""
        found: dict[int, _Candidate] = {}
        for key in (identity, somebody.document_index, somebody.triple):
            for c in self._under.get((offering_id, key), ()) if key else ():
                if c.standing.identity == identity or somebody.is_surely(c.known):
                    found[c.standing.id] = c
        return [found[key] for key in sorted(found)]

    def spelt(self, offering_id: int, somebody: Somebody) -> list[_Candidate]:
        """Those of whom all that is known is the same."""
        key = somebody.name_key, somebody.birth_on, somebody.mobile_index, somebody.document_index
        return self._under.get((offering_id, key), [])


def _sign_ups(offering_ids: Sequence[int], people: Sequence[Somebody]) -> list[_Candidate]:
    """The sign-ups in these offerings that could be these people's."""
    found: dict[int, _Candidate] = {}
    for chunk in chunks(people, _AT_ONCE):
        values = {
            "names": list({s.name_key for s in chunk}),
            "documents": list({s.document_index for s in chunk if s.document_index}),
            "identities": list({s.record.identity for s in chunk if s.record}),
        }
        for offerings in chunks(offering_ids, _AT_ONCE):
            for candidate in _read(_SIGN_UPS_OF, {"offerings": offerings, **values}):
                found[candidate.standing.id] = candidate
    return [found[key] for key in sorted(found)]


def read_sign_ups(condition: Any) -> list[_Candidate]:
    """Learners' sign-ups as they stand, with their people."""
    return _read(_SIGN_UPS.where(condition), {})


def _read(statement: Any, values: dict[str, Any]) -> list[_Candidate]:
    rows = db.session.connection().execute(statement, values).all()
    hours: dict[int, list[tuple[date, Decimal]]] = {}
    for chunk in chunks([row.enrolment_id for row in rows], _AT_ONCE):
        for enrolment_id, month, amount in db.session.connection().execute(_HOURS_OF, {"enrolments": chunk}):
            hours.setdefault(enrolment_id, []).append((month, amount))
    return [
        _Candidate(
            Standing(
                row.enrolment_id,
                row.id,
                row.identity,
                row.waitlisted_at,
                row.registered_at,
                row.registered_on,
                row.place_number,
                row.withdrawn_at,
                row.withdrawn_on,
                row.first_attended_on,
                row.completed_on,
                tuple(hours.get(row.enrolment_id, ())),
            ),
            Known(*row[: len(KNOWN_COLUMNS)]),
            row.keeper_provider_id,
            row.offering_id,
        )
        for row in rows
    ]


_E, _P, _H = Enrolment.__table__.c, Person.__table__.c, AttendedHours.__table__.c
# Made once: putting a statement together costs more than running it.
_SIGN_UPS = (
    select(
        *KNOWN_COLUMNS, _P.keeper_provider_id, _E.id.label("enrolment_id"), _E.offering_id, _E.waitlisted_at,
        _E.registered_at, _E.registered_on, _E.place_number, _E.withdrawn_at, _E.withdrawn_on, _E.first_attended_on,
        _E.completed_on,
    )
    .join_from(Enrolment.__table__, Person.__table__, _P.id == _E.person_id)
    .where(_E.part == "learner")
    .order_by(_E.id)
)  # fmt: skip
_SIGN_UPS_OF = _SIGN_UPS.where(
    _E.offering_id.in_(bindparam("offerings", expanding=True)),
    or_(
        _P.name_key.in_(bindparam("names", expanding=True)),
        _P.document_index.in_(bindparam("documents", expanding=True)),
        Person.identity_of().in_(bindparam("identities", expanding=True)),
    ),
)
_HOURS_OF = (
    select(_H.enrolment_id, _H.month_on, _H.class_hours)
    .where(_H.enrolment_id.in_(bindparam("enrolments", expanding=True)))
    .order_by(_H.month_on)
)
_C = Certificate.__table__.c
_CERTIFICATES_OF = (
    select(
        _C.system, _C.number_key, _C.name, _C.level, _C.issued_on, Person.identity_of().label("identity"),
        _P.name_key, _P.birth_on, _P.mobile_index, _P.document_index,
    )
    .join_from(Certificate.__table__, Enrolment.__table__, _E.id == _C.enrolment_id)
    .join(Person.__table__, _P.id == _E.person_id)
    .where(_C.number_key.in_(bindparam("numbers", expanding=True)))
)  # fmt: skip


def visits_of(offering: Offering, parties: Sequence[Party]) -> dict[tuple[str, date], Any]:
    """Group visits of that offering that these rows may speak of."""
    keys = list({p.entries[0].group_key for p in parties})
    return {
        (row.group_key, row.visited_on): row
        for chunk in chunks(keys, _AT_ONCE)
        for row in db.session.execute(
            db.select(
                GroupVisit.id,
                GroupVisit.group_key,
                GroupVisit.visited_on,
                GroupVisit.headcount,
                GroupVisit.state,
                GroupVisit.booking_id,
            )
            .where(GroupVisit.offering_id == offering.id, GroupVisit.group_key.in_(chunk))
            .order_by(
                GroupVisit.headcount, GroupVisit.id
            )  # of two of one group and day the larger comes last, and stays
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
