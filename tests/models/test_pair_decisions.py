"""Deciding a candidate pair: what it changes is told before, done then, and wholly undone after (R20)."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.counts import candidates, count_year
from app.counts.merging import Effect, effect
from app.database import db, writing
from app.models import (
    Account,
    CandidatePair,
    Certificate,
    Enrolment,
    Offering,
    PairDecision,
    Person,
)
from app.models.person import settle_identities
from app.refusal import Refusal
from tests.conftest import empty
from tests.people import NOON, a_person, an_account, an_offering
from tests.test_counts import MARCH, attended, hours

BORN = date(1950, 5, 5)
YEARS = (2025, 2026)


def a_pair(name: str = "同一演示", **facts: Any) -> tuple[Person, Person]:
    """Two records of one name and birth date, one of them without a mobile."""
    return a_record(name, mobile="13900007777", **facts), a_record(name)


def a_record(name: str = "同一演示", **facts: Any) -> Person:
    person = a_person(name, **{"birth_on": BORN, **facts})
    settle_identities([person.id])
    return person


def officer() -> Account:
    return an_account("officer")


def pairs() -> set[tuple[int, int, str | None]]:
    return {(p.a_id, p.b_id, p.decision) for p in db.session.scalars(db.select(CandidatePair))}


def decide(one: Person, other: Person, verdict: str = "same") -> int:
    with writing():
        pair = db.session.get_one(CandidatePair, tuple(sorted((one.id, other.id))))
        return PairDecision.make(pair, verdict, "电话核实（演示）", by=officer(), at=NOON).id


def take_back(decision_id: int) -> None:
    with writing():
        db.session.get_one(PairDecision, decision_id).undo("看错了（演示）", by=officer(), at=NOON)


def figures() -> dict[int, Any]:
    return {year: count_year(year) for year in YEARS}


def who() -> dict[int, int | None]:
    return dict(db.session.execute(db.select(Person.id, Person.identity_id)).all())


def test_r20_same_makes_one_person_of_two_and_one_person_time_of_two_in_one_offering(app):
    with writing():
        one, other = a_pair()
        both, alone = an_offering(), an_offering(first_on=date(2025, 3, 4))
        attended(both, one)
        attended(both, other)  # not included – the same human being in the same offering, once decided
        attended(alone, other, date(2025, 3, 4))
    before = count_year(2026).total
    assert (before.persons, before.persons_max, before.person_times) == (1, 2, 2), "undecided, they are two sign-ups"
    decide(one, other)
    after = count_year(2026).total
    assert (after.persons, after.persons_max, after.person_times) == (1, 1, 1)
    assert count_year(2025).total.person_times == 1


def test_r20_what_is_told_before_a_decision_is_what_happens(app):
    with writing():
        one, other = a_pair()
        offering = an_offering()
        first, second = attended(offering, one), attended(offering, other, date(2026, 3, 17), completed_on=MARCH)
        attended(an_offering(first_on=date(2025, 3, 4)), other, date(2025, 3, 4))
    told = effect((one.id, other.id), "same")
    assert [c.enrolment_ids for c in told.collapses] == [(first.id, second.id)], "the earliest counts"
    assert told.collapses[0].offering_id == offering.id
    before = figures()
    decision = decide(one, other)
    assert moved(before, figures()) == moved_as_told(told)
    back = effect((one.id, other.id), None)
    assert {y: (b, a) for y, (a, b) in back.years.items()} == told.years and back.collapses == told.collapses
    take_back(decision)
    assert figures() == before


def moved(before: dict[int, Any], after: dict[int, Any]) -> dict[int, list[Any]]:
    """By how much the city's figures changed, year by year."""
    found = {y: difference(before[y].total, after[y].total) for y in before}
    return {year: line for year, line in found.items() if any(line)}


def moved_as_told(told: Effect) -> dict[int, list[Any]]:
    found = {year: difference(*both) for year, both in told.years.items()}
    return {year: line for year, line in found.items() if any(line)}


def difference(a: Any, b: Any) -> list[Any]:
    measures = ("persons", "persons_max", "person_times", "class_hours", "completions", "certificates")
    return [getattr(b, m) - getattr(a, m) for m in measures]


def test_r2_a_trainer_found_to_be_a_learner_of_their_own_offering_counts_no_longer(app):
    with writing():
        own = an_offering()
        trainer = an_account("trainer", own.provider)
        herself = a_person("同一演示", trainer, birth_on=BORN)
        learner = a_record()
        settle_identities([herself.id])
        own.appoint(trainer)
        enrolment = attended(own, learner, completed_on=MARCH)
        hours(enrolment, date(2026, 3, 1), "2.5")
        db.session.add(Certificate(enrolment=enrolment, system="hrss", name="证书", number="T1", issued_on=MARCH))
    told, before = effect((herself.id, learner.id), "same"), figures()
    assert told.taught == (enrolment.id,)
    decide(herself, learner)
    assert moved(before, figures()) == moved_as_told(told) == {2026: [-1, -1, -1, Decimal("-2.5"), -1, -1]}


def test_not_the_same_is_remembered_and_never_listed_again(app):
    with writing():
        one, other = a_pair()
        attended(an_offering(), one)
        attended(an_offering(), other)
    assert candidates.how_many() == 1
    decide(one, other, "different")
    assert candidates.how_many() == 0 and candidates.open_pairs(1, 50) == []
    total = count_year(2026).total
    assert (total.persons, total.persons_max) == (2, 2), "decided, they are two people, and no range"
    with writing():
        settle_identities([one.id, other.id])  # whatever looks again later
    assert candidates.how_many() == 0
    with writing():
        # Another record of the first of the two is no new question either.
        third = a_record(mobile="13900007777")
    assert third.identity == one.identity
    assert candidates.how_many() == 0


def test_what_was_told_apart_is_listed_again_once_that_is_taken_back(app):
    with writing():
        one, other = a_pair()
        third = a_record(mobile="13900007777")
    before = pairs(), who()
    decision = decide(one, other, "different")
    assert {p[:2] for p in pairs()} == {(one.id, other.id)}, "the same two people, under another record of one of them"
    take_back(decision)
    assert (pairs(), who()) == before and {third.id} <= {i for p in pairs() for i in p[:2]}


def test_nothing_is_deleted_and_who_decided_when_and_why_stays(app):
    with writing():
        one, other = a_pair()
        attended(an_offering(), one)
    rows = {model: db.session.scalar(db.select(db.func.count()).select_from(model)) for model in (Person, Enrolment)}
    decision = decide(one, other)
    take_back(decision)
    with pytest.raises(Refusal) as no:
        take_back(decision)
    assert no.value.code == "already-undone"
    again = decide(one, other, "different")
    assert {m: db.session.scalar(db.select(db.func.count()).select_from(m)) for m in rows} == rows
    first, second = (db.session.get_one(PairDecision, i) for i in (decision, again))
    assert first.undone_at == NOON and first.reason == "电话核实（演示）" and first.undo_reason == "看错了（演示）"
    assert first.decided_by_id and first.undone_by_id and second.verdict == "different" and second.holds
    assert [d.id for d in PairDecision.of(one.id, other.id)] == [again, decision]


def test_a_pair_is_decided_once_with_a_reason(app):
    with writing():
        one, other = a_pair()
    pair = db.session.get_one(CandidatePair, (one.id, other.id))
    with pytest.raises(Refusal) as no, writing():
        PairDecision.make(pair, "same", "  ", by=officer(), at=NOON)
    assert no.value.code == "reason-needed"
    decision = decide(one, other)
    with pytest.raises(Refusal) as no:
        decide(one, other, "different")
    assert no.value.code == "pair-settled"
    with pytest.raises(Refusal) as no, writing():
        db.session.get_one(PairDecision, decision).undo(" ", by=officer(), at=NOON)
    assert no.value.code == "reason-needed"


def test_r20_two_documents_of_one_type_are_two_people_whatever_was_decided_before(app):
    with writing():
        one, other = a_pair()
    decision = decide(one, other)
    assert one.identity == other.identity
    with writing():
        for number, person in enumerate((one, other)):
            db.session.get_one(Person, person.id).set_document("passport", f"E0000000{number}")
        settle_identities([one.id])
    db.session.expire_all()
    assert one.identity != other.identity
    assert not db.session.get_one(PairDecision, decision).holds
    with writing():
        db.session.get_one(Person, other.id).set_document("passport", "E00000000")
        settle_identities([other.id])
    assert db.session.get_one(PairDecision, decision).holds


def test_decisions_chain_and_one_that_tells_apart_stands_between(app):
    with writing():
        one, two, three = a_record(mobile="13900007771"), a_record(mobile="13900007772"), a_record(mobile="13900007773")
    apart = decide(one, three, "different")
    first = decide(one, two)
    assert one.identity == two.identity and candidates.how_many() == 0, "two is one, and one is not three"
    assert pairs() == {(one.id, two.id, "same"), (one.id, three.id, "different")}, "no question is left"
    take_back(apart)
    decide(two, three)
    assert one.identity == two.identity == three.identity
    take_back(first)
    assert one.identity != two.identity and two.identity == three.identity


def test_who_waits_is_let_in_when_they_are_no_longer_taken_for_the_trainer(app):
    with writing():
        offering = an_offering(capacity=1)
        trainer = an_account("trainer", offering.provider)
        herself, learner = a_person("同一演示", trainer, birth_on=BORN), a_record()
        settle_identities([herself.id])
        offering.appoint(trainer)
        holder = offering.enrol(a_person(), by=None, at=NOON)
        waiting = offering.enrol(learner, by=None, at=NOON)
    decision = decide(herself, learner)
    with writing():
        db.session.get_one(Offering, offering.id).withdraw(db.session.get_one(Enrolment, holder.id), by=None, at=NOON)
    db.session.expire_all()
    assert waiting.waits, "a trainer is no learner in their own offering"
    take_back(decision)
    db.session.expire_all()
    assert waiting.registered_on is not None


def test_the_likeliest_pairs_come_first_with_their_reasons(app):
    with writing():
        mobiles = {"mobile": "13900007777"}
        other_sex = a_record("甲演示", sex="male"), a_record("甲演示", sex="female", **mobiles)
        no_birth = a_record("乙演示", **mobiles), a_record("乙演示", birth_on=None, **mobiles)
        lacks = a_pair("丙演示")
        differ = a_record("丁演示", mobile="13900007771"), a_record("丁演示", **mobiles)
        documents = (
            a_record("戊演示", document=("passport", "E00000001"), **mobiles),
            a_record("戊演示", document=("taiwan_permit", "01234567"), **mobiles),
        )
        a_record("己演示", document=("passport", "E00000003"))
        a_record("己演示", document=("passport", "E00000004"))  # not listed – two passports are two people
        a_record("庚演示", birth_on=date(1950, 1, 1), **mobiles)
        a_record("庚演示", birth_on=date(1960, 1, 1), **mobiles)  # not listed – two birth dates
        gone = a_pair("辛演示")
        gone[0].deleted_at = NOON  # not listed – deleted
    found = candidates.open_pairs(1, 50)
    expected = [documents, no_birth, lacks, differ, other_sex]
    assert [(pair.a.id, pair.b.id) for pair in found] == [(a.id, b.id) for a, b in expected]
    assert candidates.how_many() == len(expected)
    assert found[0].reasons == ("姓名相同", "出生日期相同", "手机号码相同", "两种不同的证件")
    assert found[2].reasons == ("姓名相同", "出生日期相同", "有一条没有手机", "都没有证件")
    assert found[4].reasons[-1] == "性别不同"


def test_a_group_of_open_pairs_is_counted_whole_when_one_of_them_is_decided(app):
    """Two documents keep the least number of people at two; the effect knows of them although they are elsewhere."""
    with writing():
        offering = an_offering()
        bare = a_record()
        documented = [a_record(document=("passport", f"E0000000{n}"), mobile=f"1390000777{n}") for n in range(2)]
        for person in (bare, *documented):
            attended(offering, person)
    for verdict in ("same", "different"):
        told, before = effect((bare.id, documented[0].id), verdict), figures()
        decision = decide(bare, documented[0], verdict)
        assert moved(before, figures()) == moved_as_told(told)
        take_back(decision)
        assert figures() == before
    assert moved_as_told(effect((bare.id, documented[0].id), "same")) == {2026: [0, -1, -1, 0, 0, 0]}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_r20_any_decision_does_what_was_told_and_is_wholly_undone(app, seed):
    db.session.rollback()  # an open reader would hold up the emptying
    empty()
    dice = random.Random(seed)
    with writing():
        a_small_registry(dice)
    for turn in range(2):
        open_ones = [(a, b) for a, b, decision in sorted(pairs()) if decision is None]
        assume(open_ones or turn)  # an example in which there is nothing to decide is none
        if not open_ones:
            return
        pair, verdict = dice.choice(open_ones), dice.choice(("same", "same", "different"))
        told, before, stood = effect(pair, verdict), figures(), (pairs(), who())
        decision = decide(*(db.session.get_one(Person, i) for i in pair), verdict)
        after = figures()
        assert moved(before, after) == moved_as_told(told)
        assert {y: (b, a) for y, (a, b) in effect(pair, None).years.items()} == told.years
        take_back(decision)
        assert figures() == before and (pairs(), who()) == stood
        decide(*(db.session.get_one(Person, i) for i in pair), verdict)
        assert figures() == after


def a_small_registry(dice: random.Random) -> None:
    """A crowd of one or two names, of whom nobody knows quite who is who, in three offerings."""
    offerings = [
        an_offering(category=c, planned_hours=h, first_on=date(2025, 1, 5), lessons=1)
        for c, h in (("elderly", 8), ("rural", 8), ("rural", 1))
    ]
    for offering in offerings:
        offering.ends_on = date(2026, 12, 31)
    trainer = an_account("trainer", offerings[0].provider)
    offerings[0].appoint(trainer)
    documents = [None, None, ("passport", "E00000001"), ("passport", "E00000002"), ("taiwan_permit", "01234567")]
    for n in range(dice.randrange(3, 8)):
        person = a_person(
            dice.choice(("同一演示", "同一演示", "另一演示")),
            trainer if n == 0 and dice.random() < 0.5 else None,
            birth_on=dice.choice((BORN, BORN, BORN, None)),
            mobile=dice.choice((None, "13900007771", "13900007772")),
            document=dice.choice(documents),
        )
        for offering in offerings:
            if dice.random() < 0.6:
                on = date(dice.choice(YEARS), dice.randrange(1, 13), 5)
                enrolment = attended(offering, person, on, completed_on=dice.choice((None, on)))
                hours(enrolment, on.replace(day=1), dice.choice(("1.5", "2")))
    db.session.flush()
    settle_identities(db.session.scalars(db.select(Person.id)))
