"""Who is the same human being as whom (R20), whatever the order in which records arrive."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import WRITER, db, writing
from app.models import CandidatePair, Person
from app.models.person import settle_identities
from tests.people import a_person

NAME, BORN, MOBILE = "同一演示", date(1950, 5, 5), "13900000001"
OTHER_BORN, OTHER_MOBILE = date(1951, 6, 6), "13900000002"
ID, ID_2 = ("resident_id", "220299195005050018"), ("resident_id", "220299195005050026")
PASSPORT = ("passport", "E00000063")
Facts = dict[str, Any]
Outcome = tuple[set[frozenset[int]], set[frozenset[int]]]


def whole(**facts: Any) -> Facts:
    return {"birth_on": BORN, "mobile": MOBILE, **facts}


def arrive(*records: Facts, at_once: bool = False) -> Outcome:
    """People (sets of records that are one) and open pairs, by the records' places in the list."""
    ids: list[int] = []
    for facts in records:
        ids.append(a_person(**{"name": NAME, **facts}).id)
        if not at_once:
            settle_identities([ids[-1]])
    if at_once:
        settle_identities(ids)
    return outcome(ids)


def outcome(ids: list[int]) -> Outcome:
    place = {record: n for n, record in enumerate(ids)}
    people: dict[int, set[int]] = {}
    rows = db.session.execute(db.select(Person.id, Person.identity_of()).where(Person.id.in_(ids)))
    for record, identity in rows:
        people.setdefault(identity, set()).add(place[record])
    pairs = db.session.execute(
        db.select(CandidatePair.a_id, CandidatePair.b_id).where(CandidatePair.decision.is_(None))
    )
    return set(map(frozenset, people.values())), {frozenset({place[a], place[b]}) for a, b in pairs}


def sets(*groups: set[int]) -> set[frozenset[int]]:
    return set(map(frozenset, groups))


@contextmanager
def undone() -> Iterator[None]:
    db.session.rollback()
    db.session.expire_all()
    db.session.connection(execution_options={WRITER: True})
    try:
        yield
    finally:
        db.session.rollback()


@pytest.mark.parametrize(
    ("why", "records", "people", "pairs"),
    [
        ("same document", [{"document": ID}, {"document": ID, "name": "旧名演示"}], sets({0, 1}), sets()),
        ("two documents of one type", [whole(document=ID), whole(document=ID_2)], sets({0}, {1}), sets()),
        ("name, birth date and mobile", [whole(), whole()], sets({0, 1}), sets()),
        ("the same, one with a document", [whole(), whole(document=ID)], sets({0, 1}), sets()),
        (
            "the same, but whose of the two documents?",
            [whole(), whole(document=ID), whole(document=ID_2)],
            sets({0}, {1}, {2}),
            sets({0, 1}, {0, 2}),
        ),
        ("name and birth date, mobiles differ", [whole(), whole(mobile=OTHER_MOBILE)], sets({0}, {1}), sets({0, 1})),
        ("name and birth date, a mobile missing", [whole(), {"birth_on": BORN}], sets({0}, {1}), sets({0, 1})),
        ("documents of two types", [whole(document=ID), whole(document=PASSPORT)], sets({0}, {1}), sets({0, 1})),
        ("name and mobile, a birth date missing", [whole(), {"mobile": MOBILE}], sets({0}, {1}), sets({0, 1})),
        ("name and mobile, birth dates differ", [whole(), whole(birth_on=OTHER_BORN)], sets({0}, {1}), sets()),
        ("a name alone", [{}, {}], sets({0}, {1}), sets()),
        ("a name alone beside a whole record", [{}, whole()], sets({0}, {1}), sets()),
        ("another name", [whole(), whole(name="别人演示")], sets({0}, {1}), sets()),
        (
            "a document joins two that share nothing else",
            [whole(document=ID), {"document": ID, "birth_on": OTHER_BORN, "mobile": OTHER_MOBILE}],
            sets({0, 1}),
            sets(),
        ),
    ],
)
def test_who_is_one_and_who_may_be(app, why, records, people, pairs):
    for order in permutations(range(len(records))):
        for at_once in (False, True):
            with undone():
                found = arrive(*(records[n] for n in order), at_once=at_once)
            assert renamed(found, order) == (people, pairs), f"{why}, arrived as {order}"


def renamed(found: Outcome, order: tuple[int, ...]) -> Outcome:
    return tuple({frozenset(order[n] for n in group) for group in groups} for groups in found)  # type: ignore[return-value]


record = st.fixed_dictionaries(
    {
        "name": st.sampled_from([NAME, NAME, NAME, "别人演示"]),
        "birth_on": st.sampled_from([None, BORN, BORN, OTHER_BORN]),
        "mobile": st.sampled_from([None, MOBILE, MOBILE, OTHER_MOBILE]),
        "document": st.sampled_from([None, None, ID, ID_2, PASSPORT]),
    }
)


def test_the_order_of_arrival_changes_nothing(app):
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(record, min_size=2, max_size=6).flatmap(
        lambda records: st.tuples(st.just(records), st.permutations(range(len(records))))
    ))  # fmt: skip
    def arrives(plan: tuple[list[Facts], list[int]]) -> None:
        records, order = plan
        with undone():
            first = arrive(*records, at_once=True)
        with undone():
            second = arrive(*(records[n] for n in order))
        assert renamed(second, tuple(order)) == first

    arrives()


def test_a_decided_pair_stays_decided(app):
    with writing() as session:
        one, other = a_person(NAME, birth_on=BORN), a_person(NAME, birth_on=BORN, mobile=MOBILE)
        settle_identities([one.id, other.id])
        pair = session.scalars(db.select(CandidatePair)).one()
        pair.decision = "different"
        session.flush()
        settle_identities([one.id])
        settle_identities([other.id])
        assert session.scalars(db.select(CandidatePair.decision)).all() == ["different"]


def test_a_corrected_record_leaves_whom_it_was_taken_for(app):
    with writing() as session:
        one, other = a_person(NAME, **whole()), a_person(NAME, **whole())
        settle_identities([one.id, other.id])
        assert session.scalar(db.select(Person.identity_of()).where(Person.id == other.id)) == one.id
        session.refresh(one)
        one.birth_on = OTHER_BORN
        session.flush()
        settle_identities([one.id, other.id])
        assert outcome([one.id, other.id]) == (sets({0}, {1}), sets())


def test_two_records_that_arrive_at_once_find_each_other(app):
    inside, go_on = threading.Event(), threading.Event()

    def arrives(first: bool) -> None:
        with app.app_context(), writing():
            if not first:
                inside.wait(20)
            settle_identities([a_person(NAME, **whole()).id])
            if first:
                inside.set()
                go_on.wait(20)

    threads = [threading.Thread(target=arrives, args=(first,)) for first in (True, False)]
    # SQLite lets one writer in at a time; there the second one comes when the first is inside.
    threads[0].start()
    assert inside.wait(20)
    threads[1].start()
    time.sleep(0.3)
    go_on.set()
    for thread in threads:
        thread.join(20)
    db.session.rollback()
    assert len(db.session.scalars(db.select(Person.identity_of()).distinct()).all()) == 1
