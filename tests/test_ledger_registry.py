"""Where the registry holds lessons, marks win; what is written comes back as nothing new; a batch can be taken back."""

import io
from datetime import date

import pytest

from app import ledger
from app.clock import now, today
from app.database import db, writing
from app.models import (
    CallBackDraw,
    Certificate,
    Course,
    Enrolment,
    GroupVisit,
    LedgerBatch,
    LedgerChange,
    Offering,
    PairDecision,
    Person,
    Provider,
)
from app.refusal import Refusal
from tests.ledgers import CAME, DONE, PROVIDER, a_group, a_row, load, number, receive, refusal, workbook
from tests.people import NOON, a_person, a_provider, an_account, an_offering

CERTIFICATE = {
    "证书体系": "1+X",
    "证书名称": "老年照护",
    "证书等级": "初级",
    "证书编号": "D1",
    "发证日期": "2026-04-10",
}
TABLES = (Provider, Course, Offering, Person, Enrolment, Certificate, GroupVisit)


def in_registry(offering: Offering, **cells):
    """A row about an offering of `people.an_offering`."""
    return {
        "机构": offering.provider.name, "课程": offering.course.title, "类别": "社区教育", "班次编号": offering.number,
        "开班日期": offering.starts_on.isoformat(), "结班日期": offering.ends_on.isoformat(),
        "课时": str(offering.planned_hours), "区县": "船营区", "状态": "已登记", **cells,
    }  # fmt: skip


def person_cells(n: int, **cells):
    return {"姓名": f"演示学员{n}", "证件类型": "居民身份证", "证件号码": number(n), **cells}


def attended() -> Offering:
    """An offering with lessons: one person was present twice, one holds a place."""
    with writing():
        offering = an_offering(a_provider(PROVIDER), capacity=3)
        for n in (1, 2):
            person = a_person(
                f"演示学员{n}", document=("resident_id", number(n)), keeper_provider_id=offering.provider_id
            )
            enrolment = offering.enrol(person, by=None, at=NOON)
            if n == 1:
                for lesson in offering.lessons[:2]:
                    lesson.take_roll({enrolment.id: "present"}, by=None, at=lesson.begins_at, base_version=0)
    return offering


def everything() -> dict:
    """All rows of the tables that a ledger may write, for a comparison."""
    db.session.rollback()
    tables = [model.__table__ for model in TABLES]
    return {t.name: db.session.execute(db.select(t).order_by(t.c.id)).all() for t in tables}


@pytest.mark.parametrize(
    ("cells", "column", "theirs", "ours"),
    [
        (
            {"状态": "已结业", "首次到课": "2026-03-10", "到课课时": "4", "结业日期": "2026-03-17"},
            "状态",
            "已结业",
            "未结业",
        ),
        ({"状态": "未结业", "首次到课": "2026-03-17", "到课课时": "4"}, "首次到课", "2026-03-17", "2026-03-10"),
        ({"状态": "未结业", "首次到课": "2026-03-10", "到课课时": "8"}, "到课课时", "8", "4"),
        ({"状态": "已登记"}, "状态", "已登记", "未结业"),
    ],
)
def test_marks_win_and_a_difference_is_sent_back_with_both_values(app, cells, column, theirs, ours):
    offering = attended()
    before = everything()
    _, found, sentence = refusal([in_registry(offering, **person_cells(1, **cells))])
    assert found == column and f"“{theirs}”" in sentence and f"“{ours}”" in sentence
    assert everything() == before


def test_where_marks_win_certificates_and_missing_facts_are_added(app):
    offering = attended()
    same = {"状态": "未结业", "首次到课": "2026-03-10", "到课课时": "4"}
    more = CERTIFICATE
    load(
        [in_registry(offering, **person_cells(1, **same, **more, 手机="13900000001", 性别="女", 出生日期="1980-05-04"))]
    )
    person = db.session.scalar(db.select(Person).where(Person.name == "演示学员1"))
    assert (person.mobile, person.sex, person.birth_on) == ("13900000001", "female", date(1980, 5, 4))
    assert db.session.scalar(db.select(Certificate.number)) == "D1"


def test_newcomers_of_an_offering_with_lessons_take_places_as_at_the_counter(app):
    offering = attended()
    load([in_registry(offering, **person_cells(3)), in_registry(offering, **person_cells(4), 状态="候补")])
    db.session.expire_all()
    assert offering.places_taken == 3 and offering.queue_length() == 1
    _, column, sentence = refusal([in_registry(offering, **person_cells(5))])
    assert column == "状态" and "候补" in sentence
    _, column, sentence = refusal(
        [in_registry(offering, **person_cells(6, 状态="在读", 首次到课="2026-03-10", 到课课时="2"))]
    )
    assert column == "状态" and "点名" in sentence


def test_a_full_offering_without_lessons_says_so(app):
    load([a_row(1)])
    with writing():
        db.session.scalar(db.select(Offering)).change_capacity(2, at=NOON)
    row, column, sentence = refusal([a_row(2), a_row(3)])
    assert (row, column) == (3, "状态") and "名额已满" in sentence


def test_the_same_file_twice_changes_nothing(app):
    rows = [a_row(1, **CAME), a_row(2, **DONE), a_row(3, 证件类型="", 证件号码="", 手机=""), a_group()]
    load(rows)
    before = everything()
    _, findings = receive(rows)
    assert (findings.new, findings.changed, findings.same) == (0, 0, 4)
    load(rows)
    assert everything() == before


@pytest.mark.parametrize("separated", [False, True])
def test_what_was_written_changes_nothing_when_it_is_read(app, separated):
    """Rare characters, ·, full width, formula starts, two certificates, marks, groups, somebody who came back."""
    offering = attended()
    with writing():
        back = a_person("演示回来", keeper_provider_id=offering.provider_id)
        offering.withdraw(offering.enrol(back, by=None, at=NOON), by=None, at=NOON)
        offering.enrol(back, by=None, at=NOON)
        a_resident = a_person("演示居民", mobile="13900000077")
        seat = offering.enrol(a_resident, by=None, at=NOON)
        Certificate.award(
            seat, system="hrss", name="养老  护理（演示）", level="无", number="Y-1",
            issued_on=offering.ends_on, day=today(),
        )  # fmt: skip
    year = {"开班日期": "2026-03-01", "结班日期": "2026-05-31", "班次编号": "=2026-9"}
    came = {"状态": "在读", "首次到课": "2026-03-08", "到课课时": "7.5"}
    load([
        a_row(11, **year, **came, 姓名="𠮷演示"), a_row(12, **year, 姓名="阿依古丽·演示", 性别="女"),
        a_row(13, **year, 姓名="ＡＢ演示（全角）", 手机=""), a_row(14, **year, 姓名="@演示"),
        a_row(15, **year, 姓名="-演示", 证件类型="护照", 证件号码="E00000063"),
        a_row(16, **year, **came, **CERTIFICATE), a_row(16, **year, **came, **CERTIFICATE | {"证书编号": "+D2"}),
        a_group(**year, on="2026-03-08", count=33),
    ])  # fmt: skip
    before = everything()
    out = io.BytesIO()
    assert ledger.export(2026, out, separated=separated) == 13
    out.seek(0)
    name = "out.csv" if separated else "out.xlsx"
    batch_id, findings, _ = ledger.receive(out, name)
    assert list(ledger.refused_rows(batch_id)) == []
    assert (findings.new, findings.changed, findings.new_offerings) == (0, 0, 0)
    ledger.load(batch_id)
    assert everything() == before


def test_a_batch_is_taken_back_as_a_whole_with_a_trace(app):
    load([a_row(1), a_row(2, **CAME)])
    before = everything()
    second = load([
        a_row(1, **DONE, **CERTIFICATE | {"发证日期": "2025-06-10"}, 性别="女"), a_row(3), a_group(),
        a_row(4, 班次编号="2025-002", 机构="别的学校（演示）"),
    ])  # fmt: skip
    assert everything() != before
    ledger.undo(second)
    assert everything() == before
    assert db.session.get_one(LedgerBatch, second).state == "undone"
    trace = db.session.scalars(db.select(LedgerChange).where(LedgerChange.batch_id == second)).all()
    assert trace and all(change.undone for change in trace)
    with pytest.raises(Refusal) as no:
        ledger.undo(second)
    assert no.value.code == "batch-state"


def newer_batch():
    load([a_row(1, **DONE)])


def newer_withdrawal():
    with writing():
        enrolment = db.session.scalar(db.select(Enrolment))
        enrolment.offering.withdraw(enrolment, by=None, at=NOON)


def newer_sign_up():
    with writing():
        offering = db.session.scalar(db.select(Offering))
        db.session.add(
            Enrolment(offering=offering, person=a_person(), source="web", applied_at=NOON, applied_on=date(2025, 3, 1))
        )


def newer_mobile():
    with writing():
        db.session.scalar(db.select(Person)).mobile = "13900000099"


def newer_capacity():
    with writing():
        db.session.scalar(db.select(Offering)).capacity = 9


def newer_decision():
    """Taken back or not: what was decided of a record keeps it."""
    with writing():
        person = db.session.scalar(db.select(Person))
        other, officer = a_person(), an_account("officer")
        told = {"decided_by_id": officer.id, "decided_at": now(), "undone_by_id": officer.id, "undone_at": now()}
        db.session.add(PairDecision(a_id=person.id, b_id=other.id, verdict="same", reason="演示", **told))


def newer_call():
    with writing():
        enrolment, officer = db.session.scalar(db.select(Enrolment)), an_account("officer")
        CallBackDraw.draw(2025, "1", [(enrolment.id, enrolment.offering_id)], by=officer, at=now())


@pytest.mark.parametrize(
    "newer",
    [newer_batch, newer_withdrawal, newer_sign_up, newer_mobile, newer_capacity, newer_decision, newer_call],
)
def test_undo_refuses_while_anything_newer_stands(app, newer):
    first = load([a_row(1)])
    newer()
    before = everything()
    with pytest.raises(Refusal) as no:
        ledger.undo(first)
    assert no.value.code == "newer-stands"
    assert everything() == before
    assert db.session.get_one(LedgerBatch, first).state == "done"


def test_undone_later_batches_no_longer_stand_in_the_way(app):
    first, second = load([a_row(1)]), load([a_row(1, **DONE)])
    ledger.undo(second)
    ledger.undo(first)
    assert all(not rows for rows in everything().values())


def test_hours_over_the_plan_are_read_where_marks_say_so(app):
    offering = attended()
    with writing():
        db.session.get_one(Offering, offering.id).planned_hours = 3
    db.session.expire_all()
    row = in_registry(offering, **person_cells(1, 状态="未结业", 首次到课="2026-03-10", 到课课时="4"))
    assert ledger.receive(workbook([row]), "a.xlsx")[1].same == 1
