"""The pages of the bureau's lists: what is entered stands there, with its document, and goes out as a file."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from app.clock import today
from app.database import db, writing
from app.models import RegisterEntry
from app.models.register import NAMED, count_in
from tests.people import NOON, a_person, an_account, an_offering, mobile
from tests.web.test_bureau import words


@pytest.fixture
def bureau(client):
    with writing():
        account = an_account("officer", name="张演示科长")
    return client.sign_in(account)


def an_association(bureau, name: str = "汽车行业协会（演示）") -> int:
    answer = bureau.post(
        "/bureau/registers/association/entries/new", data={"name": name, "level": "city", "year": "2025"}
    )
    assert answer.status_code == 303
    return int(answer.location.rsplit("/", 1)[1])


def state(bureau, entry_id: int, **typed: str):
    return bureau.post(f"/bureau/register-entries/{entry_id}/states", data=typed)


def test_an_entry_is_added_gets_its_state_and_is_counted(bureau):
    entry_id = an_association(bureau)
    assert "还没有状态，不计" in words(bureau.get("/bureau/registers/association"))
    page = state(bureau, entry_id, state="unveiled", since_on="2025-05-01")
    assert page.status_code == 409 and "请写文号或文件名称" in words(page)
    answer = state(
        bureau, entry_id, state="unveiled", since_on="2025-05-01", document="演示〔2025〕1号", document_name="挂牌批复"
    )
    assert answer.status_code == 303
    assert count_in("association", ["unveiled"], today()) == 1
    page = words(bureau.get(f"/bureau/register-entries/{entry_id}"))
    assert "挂牌 ，2025-05-01，演示〔2025〕1号 挂牌批复" in page and "张演示科长" in page
    assert "在名单上的，共 1 条" in words(bureau.get("/bureau/registers/association?on=2025-05-01"))
    assert "2025-04-30 名单上一条也没有" in words(bureau.get("/bureau/registers/association?on=2025-04-30"))
    row = words(bureau.get("/bureau/registers")).split("筹备 挂牌 注销 行业协会 ")[1]
    assert row.startswith("0 1 0 ")


def test_a_state_is_corrected_by_a_further_row(bureau):
    entry_id = an_association(bureau)
    state(bureau, entry_id, state="unveiled", since_on="2024-05-01", document="一号")
    (first,) = db.session.get_one(RegisterEntry, entry_id).history
    url = f"/bureau/register-entries/{entry_id}/states/{first.id}/correction"
    assert "原来的一条：挂牌，2024-05-01，一号" in words(bureau.get(url))
    typed = {"state": "unveiled", "since_on": "2025-05-01", "document": "一号"}
    page = bureau.post(url, data=typed)
    assert page.status_code == 409 and "请写更正的原因" in words(page)
    assert bureau.post(url, data={**typed, "note": "年份写错"}).status_code == 303
    page = words(bureau.get(f"/bureau/register-entries/{entry_id}"))
    assert "2024-05-01 挂牌 （后来更正了，不作数）" in page and "更正原因：年份写错" in page
    assert bureau.post(url, data={**typed, "note": "又改"}).status_code == 409, "each row is replaced once"


def test_what_was_typed_stays_with_the_sentence_that_says_what_is_wrong(bureau):
    page = bureau.post("/bureau/registers/association/entries/new", data={"name": "", "year": "去年"})
    text = page.get_data(as_text=True)
    assert page.status_code == 422 and "请填写名称。" in text and 'value="去年"' in text
    an_association(bureau)
    page = bureau.post(
        "/bureau/registers/association/entries/new",
        data={"name": "汽车行业协会（演示）", "level": "city", "year": "2025"},
    )
    assert page.status_code == 409 and "已有同名、同级别、同年份的一条" in words(page)
    assert bureau.get("/bureau/registers/nothing").status_code == 404
    assert bureau.get("/bureau/registers/own_1").status_code == 404


def test_a_list_of_the_bureaus_own_with_a_percent_sign_is_shown_as_typed(bureau):
    answer = bureau.post("/bureau/registers/new", data={"name": "100%达标 %(x)s 学习点", "sort": "base"})
    assert answer.status_code == 303
    assert "100%达标 %(x)s 学习点" in words(bureau.get(answer.location))
    assert "100%达标 %(x)s 学习点" in words(bureau.get("/bureau/registers"))
    page = bureau.post("/bureau/registers/new", data={"name": "100%达标 %(x)s 学习点", "sort": "base"})
    assert page.status_code == 409


def test_the_file_has_a_line_for_each_state_that_stands_and_no_formula(bureau):
    entry_id = an_association(bureau, "=演示协会")
    state(bureau, entry_id, state="preparing", since_on="2024-01-01")
    state(bureau, entry_id, state="unveiled", since_on="2025-05-01", document="演示〔2025〕1号")
    answer = bureau.get("/bureau/registers/association/entries.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert rows[0][:2] == ["名单", "名称"]
    assert [(row[1], row[3], row[7], row[8], row[9]) for row in rows[1:]] == [
        ("'=演示协会", "2025", "筹备", "2024-01-01", ""),
        ("'=演示协会", "2025", "挂牌", "2025-05-01", "演示〔2025〕1号"),
    ]


def test_a_person_is_masked_until_they_consent_and_consent_is_only_for_people(bureau):
    number = mobile()
    with writing():
        a_person("刘演示桂兰", mobile=number)
    typed = {"name": "刘演示桂兰", "level": "city", "year": "2025", "mobile": mobile()}
    page = bureau.post("/bureau/registers/learning_star/entries/new", data=typed)
    assert page.status_code == 409 and "没有找到这个姓名和手机号码的人" in words(page)
    assert db.session.scalar(select(RegisterEntry.id)) is None
    answer = bureau.post("/bureau/registers/learning_star/entries/new", data={**typed, "mobile": number})
    star = int(answer.location.rsplit("/", 1)[1])
    state(bureau, star, state="awarded", since_on="2025-06-01", document="演示〔2025〕9号")
    for url in ("/bureau/registers/learning_star", f"/bureau/register-entries/{star}"):
        assert "桂兰" not in words(bureau.get(url)) and "刘****" in words(bureau.get(url))
    assert "桂兰" not in bureau.get("/bureau/registers/learning_star/entries.csv").get_data(as_text=True)
    url = f"/bureau/register-entries/{star}/consent"
    assert bureau.post(url, data={"consent_on": "2025-06-02"}).status_code == 409, "no consent without its paper"
    assert bureau.post(url, data={"consent_on": "2025-06-02", "consent_document": "同意书"}).status_code == 303
    assert "刘演示桂兰" in words(bureau.get("/bureau/registers/learning_star"))
    assert bureau.post(f"{url}-withdrawal", data={"consent_on": str(today())}).status_code == 303
    assert "桂兰" not in words(bureau.get("/bureau/registers/learning_star"))
    assert bureau.post(f"/bureau/register-entries/{an_association(bureau)}/consent").status_code == 404


def test_details_are_corrected_and_a_course_must_be_the_institutions(bureau):
    with writing():
        offering, other = an_offering(), an_offering()
    entry_id = an_association(bureau)
    url = f"/bureau/register-entries/{entry_id}/description"
    assert 'value="汽车行业协会（演示）"' in bureau.get(url).get_data(as_text=True)
    typed = {"name": "汽车协会（演示）", "level": "provincial", "year": "2025"}
    page = bureau.post(url, data={**typed, "provider_id": str(offering.provider_id), "course_id": str(other.course_id)})
    assert page.status_code == 409 and "这门课程不是所选机构的" in words(page)
    assert bureau.post(url, data={**typed, "provider_id": str(offering.provider_id)}).status_code == 303
    page = words(bureau.get(f"/bureau/register-entries/{entry_id}"))
    assert "原来写的是：汽车行业协会（演示），市级，2025" in page and offering.provider.name in page


def test_honours_stand_on_the_course_the_institution_and_the_persons_own_page(client):
    number = mobile()
    with writing():
        resident = an_account("resident", name="刘演示桂兰")
        person = a_person("刘演示桂兰", account=resident, mobile=number)
        offering, other = an_offering(), an_offering()
        facts = {"level": "provincial", "year": 2025, "provider_id": offering.provider_id}
        said = {"document": "演示〔2025〕3号", "by": None, "at": NOON, "day": today()}
        for key, name, course_id, state in (
            ("elderly_course", "智能手机示范课（演示）", offering.course_id, "awarded"),
            ("elderly_school", "示范校（演示）", None, "awarded"),
            ("learning_brand", "未授予的品牌（演示）", None, "nominated"),
        ):
            entry = RegisterEntry.add(NAMED[key], by=None, at=NOON, name=name, course_id=course_id, **facts)
            entry.set_state(state, today(), **said)
        star = RegisterEntry.add(NAMED["learning_star"], by=None, at=NOON, name="刘演示桂兰", level="city", year=2025)
        star.link_person(number)
        star.set_state("awarded", today(), **said)
        assert star.person_id == person.id
    page = words(client.get(f"/offerings/{offering.id}"))
    assert "老年课堂示范课程：智能手机示范课（演示）（省级，2025）" in page and "老年课堂示范校：示范校（演示）" in page
    assert "未授予的品牌" not in page and "荣誉" not in words(client.get(f"/offerings/{other.id}"))
    page = words(client.get("/honours"))
    assert "示范校（演示）" in page and "桂兰" not in page and "未授予" not in page
    client.sign_in(resident)
    assert "刘演示桂兰：百姓学习之星（2025）；没有公开" in words(client.get("/my-data"))
    with writing():
        entry = db.session.get_one(RegisterEntry, star.id)
        entry.consent(True, today(), document_name="同意书（演示）", by=None, at=NOON, day=today())
    assert "刘演示桂兰" in words(client.get("/honours"))


def test_a_reader_sees_the_lists_and_no_form_and_no_name_in_clear(client, bureau):
    name = "王演示之星"
    answer = bureau.post("/bureau/registers/learning_star/entries/new", data={"name": name, "level": "city"})
    entry = answer.location.rsplit("/", 1)[1]
    with writing():
        reader = an_account("reader")
    client.sign_in(reader)
    for page in (
        "registers",
        "registers/learning_star",
        f"register-entries/{entry}",
        "programmes",
        "targets",
        "reported",
    ):
        answer = client.get(f"/bureau/{page}")
        assert answer.status_code == 200 and 'method="post"' not in answer.text.split("<main")[1], page
        assert name not in answer.text and "/new" not in answer.text, page
    for page in ("registers/new", "registers/learning_star/entries/new", f"register-entries/{entry}/description",
                 "targets/new", "policies/new", "reported/new"):  # fmt: skip
        assert client.get(f"/bureau/{page}").status_code == 404, page


@pytest.mark.parametrize("asked", ["year=99999999999999999999", "provider=99999999999999999999", "year=-1", "year=x"])
def test_what_no_column_holds_asks_for_nothing(bureau, asked):
    assert bureau.get(f"/bureau/reported?{asked}").status_code == 200
    assert bureau.get(f"/bureau/reported/new?{asked}").status_code == 200
