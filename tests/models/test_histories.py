"""Whatever happens in whatever order, places, queue and figures stay true; and the tables refuse what the verbs don't.

Each history is one transaction on people and offerings that lie ready,
undone at its end. What must hold is worked out here from the rows, not by
asking the code under test.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import exc

from app.counts import count_city
from app.database import WRITER, db, writing
from app.models import Account, CandidatePair, Enrolment, Lesson, Mark, Offering, PairDecision, Person
from app.models.person import settle_identities
from app.refusal import Refusal
from tests.people import NOON, a_person, an_account, an_offering
from tests.test_recount import recount

HISTORIES = int(os.environ.get("HISTORIES", "1000"))  # on each engine
STEPS = 10
OLD, YOUNG = date(1950, 5, 5), date(2001, 1, 1)
EXPECTED_REFUSALS = {
    "offering-not-open", "age-unsuitable", "already-enrolled", "no-free-place", "capacity-below-taken",
    "offering-cancelled",
}  # fmt: skip

which, whom = st.sampled_from([0, 1, 1]), st.integers(0, 5)
step = st.one_of(
    *(st.tuples(st.just("enrol"), which, whom) for _ in range(3)),
    st.tuples(st.just("withdraw"), which, whom),
    st.tuples(st.just("change_capacity"), which, st.sampled_from([0, 1, 1, 2, 2, 3, None])),
    st.tuples(st.just("correct_birth_date"), which, whom, st.sampled_from([OLD, YOUNG, YOUNG, None])),
    st.tuples(st.just("other"), which, whom),
    st.tuples(st.just("attend"), which, whom),
    st.tuples(st.just("decide"), which, whom),
    st.tuples(st.just("take_back"), which, whom),
)
steps = st.tuples(st.integers(0, 1), st.integers(0, 2), st.lists(step, min_size=3, max_size=STEPS))


_PEOPLE = db.select(Person.id, Person.birth_on, db.func.coalesce(Person.identity_id, Person.id).label("who"))
_ENROLMENTS = db.select(
    Enrolment.id, Enrolment.offering_id, Enrolment.person_id, Enrolment.registered_on, Enrolment.withdrawn_at,
    Enrolment.place_number,
)  # fmt: skip
_OFFERINGS = db.select(
    Offering.id, Offering.places_taken, Offering.capacity, Offering.min_age, Offering.cancelled_at,
    Offering.last_begins_at,
)  # fmt: skip


@dataclass
class World:
    """Two offerings (the second for people of 60 and more) and six records, two of one person, two perhaps theirs."""

    offering_ids: list[int]
    person_ids: list[int]
    officer_id: int
    at: datetime = NOON
    numbers: dict[int, int] = field(default_factory=dict)  # enrolment → the place it was told
    queues: dict[int, list[int]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    joined: set[frozenset[int]] = field(default_factory=set)  # living sign-ups that were found to be one person's
    before: list[tuple[int, Any]] = field(default_factory=list)  # decisions in a row, each with what stood before it
    undone: int = 0

    def offering(self, n: int) -> Offering:
        return db.session.get_one(Offering, self.offering_ids[n])

    def person(self, n: int) -> Person:
        return db.session.get_one(Person, self.person_ids[n])

    # -- what happens ----------------------------------------------------------

    def enrol(self, o: int, p: int) -> None:
        """Mostly somebody who is not in yet."""
        inside = set(self.living(o))
        outside = [i for i in self.person_ids if i not in inside] if p else []
        person = db.session.get_one(Person, outside[p % len(outside)] if outside else self.person_ids[p])
        asked_the_clock = self.at - timedelta(milliseconds=7 * p)  # before the lock, so not in its order
        self.offering(o).enrol(person, by=None, at=asked_the_clock)

    def withdraw(self, o: int, p: int) -> None:
        if enrolments := list(self.living(o).values()):
            enrolment = db.session.get_one(Enrolment, enrolments[p % len(enrolments)])
            self.offering(o).withdraw(enrolment, by=None, at=self.at)

    def change_capacity(self, o: int, capacity: int | None) -> None:
        self.offering(o).change_capacity(capacity, at=self.at)

    def correct_birth_date(self, o: int, p: int, born: date | None) -> None:
        """Mostly of somebody who waits."""
        waiting = [e.person for e in self.offering(o).queue()]
        person = waiting[p % len(waiting)] if waiting else self.person(p)
        person.birth_on = born
        settle_identities(self.person_ids)
        self._note_joined()
        for n in (0, 1):
            self.offering(n).promote(self.at)

    def other(self, o: int, chance: int) -> None:
        """What happens more seldom."""
        offering = self.offering(o)
        if chance < 2:
            offering.enrol_at_lesson(self.person(chance), offering.lessons[0], by=None, at=self.at)
        elif chance == 2:
            offering.cancel("教师生病（演示）", self.at)
        else:
            self.at += timedelta({3: 0, 4: 8, 5: 40}[chance], seconds=1)

    def attend(self, o: int, p: int) -> None:
        """One of those who have a place comes for the first time."""
        rows = db.session.execute(_ENROLMENTS.where(Enrolment.offering_id == self.offering_ids[o]))
        if ids := sorted(row.id for row in rows if row.registered_on is not None):
            own = Enrolment.__table__
            first = db.update(own).where(own.c.id == ids[p % len(ids)]).values(first_attended_on=date(2026, 3, 10))
            db.session.connection().execute(first)
            db.session.expire_all()

    def decide(self, o: int, p: int) -> None:
        """Of an open pair, mostly one that is in the same offering twice: one person, or two."""
        if p >= 4:
            self._let_both_in(o)
        inside = self.living(o).keys()
        pairs = sorted(
            db.session.scalars(db.select(CandidatePair).where(CandidatePair.decision.is_(None))),
            key=lambda pair: (not {pair.a_id, pair.b_id} <= inside, pair.a_id, pair.b_id),
        )
        if pairs:
            stood, verdict = self.stands(), "different" if p == 0 else "same"
            officer = db.session.get_one(Account, self.officer_id)
            made = PairDecision.make(pairs[p // 2 % 2 % len(pairs)], verdict, "演示", by=officer, at=self.at)
            self.before.append((made.id, stood))
            self._note_joined()

    def _let_both_in(self, o: int) -> None:
        """Two records that may be one person's sign up for the same offering, as far as it takes them."""
        self.before.clear()
        for person_id in (self.person_ids[0], self.person_ids[2]):
            with suppress(Refusal):
                self.offering(o).enrol(db.session.get_one(Person, person_id), by=None, at=self.at)

    def take_back(self, o: int, p: int) -> None:
        """A decision; where nothing happened since, everything is as it was before."""
        decisions = db.session.scalars(
            db.select(PairDecision).where(PairDecision.undone_at.is_(None)).order_by(PairDecision.id)
        ).all()
        if decisions:
            decision = decisions[p % len(decisions)] if p else decisions[-1]
            decision.undo("演示", by=db.session.get_one(Account, self.officer_id), at=self.at)
            self._note_joined()
            if self.before and self.before[-1][0] == decision.id:
                self.undone += 1
                assert self.stands() == self.before.pop()[1], "something stayed of a decision that was taken back"
            else:
                self.before.clear()

    def stands(self) -> tuple[Any, ...]:
        """All that decisions may touch, and the figures."""
        pairs = db.session.execute(db.select(CandidatePair.a_id, CandidatePair.b_id, CandidatePair.decision))
        people = db.session.execute(db.select(Person.id, Person.identity_id, Person.merged_into_id, Person.deleted_at))
        rows = db.session.execute(db.select(Enrolment.__table__).order_by(Enrolment.id))
        return sorted(pairs.all()), sorted(people.all()), rows.all(), recount(2026, defaultdict(int))

    def _note_joined(self) -> None:
        who = dict(db.session.execute(db.select(Person.id, Person.identity_of())).all())
        for o in range(2):
            by_person: dict[int, set[int]] = defaultdict(set)
            for person, enrolment in self.living(o).items():
                by_person[who[person]].add(enrolment)
            self.joined |= {frozenset(two) for ids in by_person.values() for two in combinations(sorted(ids), 2)}

    def living(self, o: int) -> dict[int, int]:
        """person → sign-up"""
        rows = db.session.execute(_ENROLMENTS.where(Enrolment.offering_id == self.offering_ids[o]))
        return {row.person_id: row.id for row in rows if row.withdrawn_at is None}

    # -- what must hold after it -----------------------------------------------

    def check(self, step: str) -> None:
        born = {row.id: (row.birth_on, row.who) for row in db.session.execute(_PEOPLE)}
        enrolments: dict[int, list[Any]] = {i: [] for i in self.offering_ids}
        for row in db.session.execute(_ENROLMENTS):
            enrolments[row.offering_id].append(row)
        for offering in db.session.execute(_OFFERINGS):
            rows = enrolments[offering.id]
            living = [row for row in rows if row.withdrawn_at is None]
            inside = [row for row in living if row.registered_on is not None]
            assert offering.places_taken == len(inside), step
            assert offering.places_taken >= 0 and (
                offering.capacity is None or offering.places_taken <= offering.capacity
            ), step
            for one, other in combinations(living, 2):
                once = born[one.person_id][1] != born[other.person_id][1]
                assert once or frozenset((one.id, other.id)) in self.joined, f"{step}: one person twice"
            for row in rows:
                assert row.place_number == self.numbers.setdefault(row.id, row.place_number) or row.id in (
                    self.queues.get(offering.id, [])
                ), f"{step}: a place told once was changed"
                self.numbers[row.id] = row.place_number
            self._check_queue(step, offering, living, born)

    def _check_queue(self, step: str, offering: Any, living: list[Any], born: dict[int, Any]) -> None:
        def eligible(row: Any) -> bool:
            birth = born[row.person_id][0]
            return birth is None or offering.min_age is None or birth <= OLD

        waiting = {row.id: row for row in living if row.registered_on is None}
        before = self.queues.get(offering.id, [])
        runs = offering.cancelled_at is None and self.at < offering.last_begins_at
        known = [i for i in before if i in waiting]
        came = sorted(waiting.keys() - set(before))
        told = [e.id for e in db.session.get_one(Offering, offering.id).queue()] if waiting else []
        assert told == known + came, f"{step}: the queue is not in the order in which people joined"
        got_in = [row.id for row in living if row.registered_on is not None and row.id in before]
        newcomers = [row.id for row in living if row.registered_on is not None and row.id not in self.seen]
        for i in known:
            passed_by = [j for j in got_in if before.index(j) > before.index(i)] + newcomers
            assert not (passed_by and eligible(waiting[i])), f"{step}: somebody passed the queue"
        assert runs or not got_in, f"{step}: a place in an offering that is over or cancelled"
        free = offering.capacity is None or offering.places_taken < offering.capacity
        if free and runs:
            assert not [row for row in waiting.values() if eligible(row)], f"{step}: a place is free, and people wait"
        self.queues[offering.id] = told
        self.seen |= {row.id for row in living}


def test_no_history_breaks_places_or_queue(app):
    with writing():
        offering_ids = [an_offering(capacity=2).id, an_offering(capacity=1, min_age=60, lessons=2).id]
        same = {"name": "同一演示", "birth_on": OLD, "mobile": "13900009999"}
        crowd = [
            *(a_person(**same) for _ in range(2)),
            a_person("同一演示", birth_on=OLD),
            *(a_person(birth_on=b) for b in (YOUNG, None)),
            a_person("同一演示", birth_on=OLD, mobile="13900009998"),
        ]
        settle_identities([person.id for person in crowd])
        person_ids, officer_id = [person.id for person in crowd], an_account("officer").id
    walked, refusals, met = 0, set(), defaultdict(int)

    @settings(
        max_examples=HISTORIES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps)
    def walk(plan: tuple[int, int, list[Any]]) -> None:
        nonlocal walked
        with undone():
            world = World(offering_ids, person_ids, officer_id)
            for n, capacity in enumerate(plan[:2]):
                world.change_capacity(n, capacity)
            for verb, *facts in plan[2]:
                if verb not in ("decide", "take_back"):
                    world.before.clear()
                try:
                    getattr(world, verb)(*facts)
                except Refusal as no:
                    refusals.add(no.code)
                world.check(f"{verb} {facts}")
                met[verb] += 1
            met["joined"], met["undone"] = met["joined"] + len(world.joined), met["undone"] + world.undone
            if world.joined or walked % 4 == 0:
                assert city_as_counted() == recount(2026, defaultdict(int))["city", "全市"], plan
                met["counted"] += 1
        walked += 1

    walk()
    assert walked >= HISTORIES
    assert refusals <= EXPECTED_REFUSALS
    assert len(refusals) >= 4, "the histories hardly reach a rule"
    assert min(met[what] for what in ("joined", "undone", "counted", "attend")) >= HISTORIES / 100, met


def city_as_counted() -> dict[str, Any]:
    return count_city(2026).as_dict()


@contextmanager
def undone() -> Iterator[None]:
    db.session.rollback()
    db.session.expire_all()
    db.session.connection(execution_options={WRITER: True})
    try:
        yield
    finally:
        db.session.rollback()


# -- the tables have the last word ---------------------------------------------


def refused_by_the_table(statement: Any) -> None:
    with pytest.raises(exc.IntegrityError), undone():
        db.session.execute(statement)


def test_the_tables_refuse_the_place_too_many_and_the_place_below_nought(app):
    with writing():
        offering_id = an_offering(capacity=30).id
        db.session.execute(db.update(Offering).values(places_taken=30))
    table = Offering.__table__
    refused_by_the_table(db.update(table).where(table.c.id == offering_id).values(places_taken=31))
    refused_by_the_table(db.update(table).where(table.c.id == offering_id).values(places_taken=-1))
    refused_by_the_table(db.update(table).where(table.c.id == offering_id).values(capacity=29))


def living(offering_id: int, person_id: int, **facts: Any) -> Any:
    day = NOON.date()
    return db.insert(Enrolment.__table__).values(
        offering_id=offering_id, person_id=person_id, part="learner", source="web", applied_at=NOON, applied_on=day,
        **{"registered_at": NOON, "registered_on": day, "place_number": 1, **facts},
    )  # fmt: skip


def test_the_tables_refuse_a_second_living_sign_up_and_facts_that_cannot_be(app):
    with writing():
        offering_id, person_id, other = an_offering().id, a_person().id, a_person().id
        db.session.execute(living(offering_id, person_id, withdrawn_at=NOON, withdrawn_on=NOON.date()))
        db.session.execute(living(offering_id, person_id))
    refused_by_the_table(living(offering_id, person_id))
    refused_by_the_table(living(offering_id, other, place_number=None))
    refused_by_the_table(living(offering_id, other, registered_on=None))
    refused_by_the_table(living(offering_id, other, completed_on=NOON.date()))
    refused_by_the_table(living(offering_id, other, withdrawn_at=NOON))
    refused_by_the_table(living(offering_id, 10**6))
    with undone():
        db.session.execute(living(offering_id, other))  # the row itself is well-formed


def test_the_tables_refuse_a_second_current_mark(app):
    with writing():
        offering = an_offering()
        enrolment = offering.enrol(a_person(), by=None, at=NOON)
        lesson = db.session.scalars(db.select(Lesson).where(Lesson.offering_id == offering.id)).first()
        facts = {"lesson_id": lesson.id, "enrolment_id": enrolment.id, "reason": "", "marked_at": NOON}
        db.session.execute(db.insert(Mark.__table__).values(**facts, status="late", superseded_at=NOON))
        db.session.execute(db.insert(Mark.__table__).values(**facts, status="present"))
    refused_by_the_table(db.insert(Mark.__table__).values(**facts, status="absent"))
    refused_by_the_table(db.insert(Mark.__table__).values(**facts, status="asleep", superseded_at=NOON))
