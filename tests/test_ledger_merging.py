"""Repeated rows, groups, other records of one human being: what becomes one and what stays two (R3, R13, R20)."""

from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest

from app.database import db, writing
from app.models import CandidatePair, Certificate, Enrolment, GroupVisit, Offering, Person, Provider
from app.models.person import settle_identities
from tests.ledgers import CAME, DONE, PROVIDER, a_group, a_row, load, number, receive
from tests.people import NOON, a_person

CERTIFICATE = {"证书体系": "1+X", "证书名称": "老年照护", "证书等级": "初级", "发证日期": "2025-06-10"}
EARLY = {"状态": "未结业", "首次到课": "2025-03-02", "到课课时": "4"}
LATE = {"状态": "已退班", "首次到课": "2025-03-09", "到课课时": "12"}
BARE = {"证件类型": "", "证件号码": ""}


def sign_ups() -> list[tuple]:
    db.session.rollback()
    db.session.expire_all()
    found = db.session.scalars(db.select(Enrolment).order_by(Enrolment.id))
    return [(e.state(), e.first_attended_on, e.class_hours, e.completed_on) for e in found]


def count(model) -> int:
    return db.session.scalar(db.select(db.func.count()).select_from(model))


def test_repeated_rows_are_one_sign_up_in_any_order_and_across_files(app):
    rows = [a_row(1, **EARLY), a_row(1, **LATE), a_row(1)]
    load(rows)
    assert sign_ups() == [("not_completed", date(2025, 3, 2), Decimal(12), None)]
    for row in permutations(rows):
        load([row[0]])
    assert sign_ups() == [("not_completed", date(2025, 3, 2), Decimal(12), None)]
    load([a_row(1, **DONE)])
    assert sign_ups() == [("completed", date(2025, 3, 2), Decimal(16), date(2025, 5, 31))]
    assert db.session.scalar(db.select(Offering.places_taken)) == 1


def test_each_state_is_read_back_from_its_facts(app):
    states = {
        "报名": "applied", "候补": "waiting", "已登记": "registered", "已取消": "cancelled",
        "在读": "not_completed", "已退班": "left", "未结业": "not_completed", "已结业": "completed",
    }  # fmt: skip
    facts = {"在读": CAME, "已退班": CAME, "未结业": CAME, "已结业": DONE}
    load([a_row(n, **facts.get(state, {}) | {"状态": state}) for n, state in enumerate(states, start=1)])
    assert [row[0] for row in sign_ups()] == list(states.values())
    assert db.session.scalar(db.select(Offering.places_taken)) == 4
    left = db.session.scalar(
        db.select(Enrolment).where(Enrolment.withdrawn_on.is_not(None), Enrolment.first_attended_on.is_not(None))
    )
    assert (left.applied_on, left.registered_on, left.withdrawn_on) == (
        date(2025, 3, 1), date(2025, 3, 1), date(2025, 5, 31),
    )  # fmt: skip


def test_each_certificate_number_is_a_certificate_of_its_own(app):
    load([a_row(1, **DONE, **CERTIFICATE, 证书编号=n) for n in ("D1", "D2", "ｄ２")])
    assert count(Certificate) == 2 and count(Enrolment) == 1


def test_a_row_without_a_document_belongs_to_the_one_document_wherever_it_stands(app):
    bare = a_row(1, **BARE, 出生日期="1980-05-04")
    for rows in ([bare, a_row(1)], [a_row(1), bare]):
        assert receive(rows)[1].repeats == 1
    load([bare])
    load([a_row(1)])  # the institution's bare record gains the number
    assert count(Person) == 1 and count(Enrolment) == 1
    assert db.session.scalar(db.select(Person)).document_number == number(1)


def test_two_documents_behind_one_name_leave_the_bare_row_alone(app):
    twin = {"姓名": "演示学员1", "手机": "13900000001", "出生日期": "1980-05-04"}
    load([a_row(1, **BARE, 出生日期="1980-05-04"), a_row(1), a_row(2, **twin)])
    assert count(Person) == 3 and count(Enrolment) == 3
    assert count(CandidatePair) == 2


def test_a_name_with_nothing_else_repeats_only_within_one_offering(app):
    nobody = {**BARE, "姓名": "演示无名", "手机": ""}
    load([a_row(1, **nobody), a_row(1, **nobody), a_row(1, **nobody, 班次编号="2025-002")])
    assert count(Person) == 2 and count(Enrolment) == 2 and count(CandidatePair) == 0
    load([a_row(1, **nobody)])
    assert count(Person) == 2


def test_an_undecided_pair_in_one_offering_is_two_sign_ups(app):
    load([a_row(1, **BARE, 出生日期="1980-05-04"), a_row(1, **BARE, 出生日期="1980-05-04", 手机="")])
    assert count(Enrolment) == 2 and count(CandidatePair) == 1


def test_records_of_other_keepers_are_found_but_never_touched(app):
    load([a_row(9)])
    with writing():
        theirs = a_person("演示学员1", document=("resident_id", number(1)), birth_on=date(1980, 5, 4))
        settle_identities([theirs.id])
        offering = db.session.scalar(db.select(Offering))
        signed_up = Enrolment(
            offering_id=offering.id, person=theirs, source="web", applied_at=NOON, applied_on=date(2025, 2, 1)
        )
        db.session.add(signed_up)
        db.session.flush()
        offering.move_places(0)
    load([a_row(1, **CAME), a_row(1, **CAME, 班次编号="2025-002")])
    db.session.expire_all()
    here = db.session.scalars(db.select(Enrolment).where(Enrolment.offering_id == offering.id)).all()
    assert len(here) == 2  # nine, and one: under the other keeper's record
    assert db.session.get_one(Enrolment, signed_up.id).first_attended_on == date(2025, 3, 8)
    assert db.session.get_one(Person, theirs.id).mobile is None
    own = db.session.scalar(db.select(Person).where(Person.name == "演示学员1", Person.keeper_provider_id.is_not(None)))
    assert own.identity == theirs.identity and own.mobile == "13900000001"


def test_one_group_name_counts_once_a_day_at_its_largest(app):
    load([
        a_group("甲校（演示）", 20), a_group("甲校 (演示)", 26), a_group("甲校（演示）", 25, on="2025-03-09"),
        a_group("乙校（演示）", 10),
    ])  # fmt: skip
    visits = db.session.scalars(db.select(GroupVisit).order_by(GroupVisit.id)).all()
    assert sorted((v.visited_on.day, v.headcount) for v in visits) == [(8, 10), (8, 26), (9, 25)]
    assert {v.basis for v in visits} == {"reported"}
    load([a_group("乙校（演示）", 12), a_group("甲校（演示）", 5)])
    db.session.expire_all()
    assert sorted(db.session.scalars(db.select(GroupVisit.headcount))) == [12, 25, 26]


def test_what_the_command_makes_is_published_and_has_no_limit(app):
    load([a_row(1)])
    offering = db.session.scalar(db.select(Offering))
    assert offering.is_published and offering.capacity is None and not offering.has_timetable
    assert offering.first_begins_at.date() == date(2025, 2, 28)  # midnight in Jilin, in UTC
    assert "miandianzhizuo" in offering.search_text
    assert Provider.named(PROVIDER).division_code == "220204"


@pytest.mark.engine("sqlite")
def test_hours_fall_in_the_month_of_the_first_attendance(app):
    load([a_row(1, **DONE | {"首次到课": "2025-03-31"})])
    enrolment = db.session.scalar(db.select(Enrolment))
    assert [(h.month_on, h.class_hours) for h in enrolment.hours] == [(date(2025, 3, 1), Decimal(16))]
