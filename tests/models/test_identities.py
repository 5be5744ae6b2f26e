"""Who is the same human being as whom: the same answer whatever the order in which records arrive (R20)."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import db, writing
from app.models import CandidatePair, Person
from app.models.person import settle_identities
from tests.conftest import empty
from tests.people import a_person

NAMES = ("演示甲", "演示乙")
BIRTHS = (None, date(1950, 1, 1), date(1960, 2, 2))
MOBILES = (None, "13900000001", "13900000002")
DOCUMENTS = (None, ("passport", "E00000001"), ("passport", "E00000002"), ("taiwan_permit", "01234567"))
RECORD = st.tuples(
    st.sampled_from(NAMES), st.sampled_from(BIRTHS), st.sampled_from(MOBILES), st.sampled_from(DOCUMENTS)
)


def settled(records, order, batches) -> tuple[set, set]:
    """Groups and open pairs, in numbers of ``records``, after they arrived in this order and these batches."""
    empty()
    ids: dict[int, int] = {}
    todo = list(order)
    while todo:
        part, todo = todo[: batches[len(ids) % len(batches)]], todo[batches[len(ids) % len(batches)] :]
        with writing():
            fresh = []
            for n in part:
                name, birth_on, mobile, document = records[n]
                person = a_person(name, birth_on=birth_on, mobile=mobile, document=document)
                ids[person.id] = n
                fresh.append(person.id)
            settle_identities(fresh)
    groups: dict[int, set[int]] = {}
    for person in db.session.scalars(db.select(Person)):
        groups.setdefault(person.identity, set()).add(ids[person.id])
    pairs = {
        frozenset((ids[a], ids[b])) for a, b in db.session.execute(db.select(CandidatePair.a_id, CandidatePair.b_id))
    }
    db.session.rollback()
    return {frozenset(group) for group in groups.values()}, pairs


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_people_and_pairs(app, data):
    records = data.draw(st.lists(RECORD, min_size=2, max_size=7))
    order = data.draw(st.permutations(range(len(records))))
    batches = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    straight = settled(records, range(len(records)), [len(records)])
    assert settled(records, order, batches) == straight
    groups, pairs = straight
    for group in groups:
        documents = {records[n][3] for n in group} - {None}
        assert len({kind for kind, _ in documents}) == len(documents), "two documents of one type are two people"
        assert not any(pair <= group for pair in pairs), "one human being is no pair"


@pytest.mark.engine("sqlite")
def test_a_record_that_gains_a_document_leaves_the_others_of_its_name(app):
    """A bare record counted with one document; with another document of its own it is somebody else."""
    facts = {"birth_on": date(1950, 1, 1), "mobile": "13900000001"}
    with writing():
        one, two = a_person("演示甲", document=DOCUMENTS[1], **facts), a_person("演示甲", **facts)
        settle_identities([one.id, two.id])
    assert two.identity == one.identity
    with writing():
        db.session.get_one(Person, two.id).set_document(*DOCUMENTS[2])
        settle_identities([two.id])
    db.session.expire_all()
    assert two.identity != one.identity
    assert db.session.scalar(db.select(db.func.count()).select_from(CandidatePair)) == 0
