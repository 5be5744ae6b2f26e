"""The pages of targets and reported figures: what is typed is judged without a line of code, and every figure opens."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.database import db, writing
from app.models import ReportedFigure, Target
from app.models.target import load_plan, the_plan
from tests.people import NOON, a_provider, a_target, an_account, an_offering
from tests.test_counts import attended, came
from tests.test_targets import entered, reported
from tests.web.test_bureau import links, words

NEW = {
    "code": "N1", "name": "新能源技能", "clause": "三（二）", "words": "每年培训新能源技能人才超过2人次",
    "modal": "力争", "comparator": "more_than", "value": "2", "unit": "人次", "period": "every_year",
    "valid_from": "2026-01-01", "measure": "person_times_total", "category": "workforce", "scope": "全市",
    "reading": "职工培训类的人次合计", "ambiguity": "哪些课程算新能源",
}  # fmt: skip


@pytest.fixture
def bureau(client):
    with writing():
        account = an_account("officer", name="张演示科长")
    return client.sign_in(account)


def test_a_target_that_the_bureau_adds_is_measured_and_judged(bureau):
    policy = {"number": "吉市教〔2026〕7号（演示）", "title": "后续方案", "issued_on": "2026-01-01"}
    assert bureau.post("/bureau/policies/new", data=policy).status_code == 303
    answer = bureau.post("/bureau/targets/new", data={**NEW, "document_id": "1"})
    assert answer.status_code == 303 and answer.location.endswith("/bureau/targets/N1")
    with writing():
        for _ in range(2):
            attended(an_offering(category="workforce"))
        attended(an_offering(category="rural"))  # not included – another category
    text = words(bureau.get("/bureau/targets?year=2026"))
    assert "新能源技能 N1 · 三（二） · 超过 2 人次" in text
    assert "未达到，还差 1" in text and "2 没有超过 2" in text
    page = words(bureau.get("/bureau/targets/N1?year=2026"))
    assert "每年培训新能源技能人才超过2人次" in page and "目标（原文：力争）" in page and "哪些课程算新能源" in page
    assert "新能源" not in words(bureau.get("/bureau/targets?year=2025")), "before it was valid"


def test_a_target_that_is_edited_keeps_what_it_said_and_one_that_ends_stays_readable(bureau):
    with writing():
        a_target("D1", parameters={"category": "rural"})
    typed = {**NEW, "document_id": "1", "value": "2500", "category": "rural", "valid_from": "2021-01-01"}
    assert bureau.get("/bureau/targets/D1/description").status_code == 200
    assert bureau.post("/bureau/targets/D1/description", data=typed).status_code == 303
    target = Target.coded("D1")
    assert (target.value, target.parameters) == (2500, {"category": "rural"})
    page = words(bureau.get("/bureau/targets/D1"))
    assert "目标值，以前是：2000" in page and "张演示科长" in page and "2,500 人次" in page
    assert bureau.post("/bureau/targets/D1/end", data={"valid_to": "2020-01-01"}).status_code == 409
    assert bureau.post("/bureau/targets/D1/end", data={"valid_to": "2025-12-31"}).status_code == 303
    assert "到 2025-12-31 停用" in words(bureau.get("/bureau/targets/D1"))
    assert "新能源技能" in words(bureau.get("/bureau/targets?year=2025"))
    assert "新能源技能" not in words(bureau.get("/bureau/targets?year=2026"))
    assert bureau.post("/bureau/targets/D1/description", data=typed).status_code == 409


def test_the_plan_is_loaded_with_a_button_and_an_aim_is_no_duty(bureau):
    assert "还没有指标" in words(bureau.get("/bureau/targets"))
    assert bureau.post("/bureau/targets").status_code == 303
    assert db.session.scalar(db.select(db.func.count()).select_from(Target)) == 23
    page = words(bureau.get("/bureau/targets/T5?year=2025"))
    assert "力争“十四五”末年均培训规模达到5000人以上" in page and "分量 目标（原文：力争）" in page
    assert "平均五年，还是到期末每年 5000" in page


def test_two_thousand_misses_and_five_thousand_reaches_on_the_page(bureau):
    with writing():
        load_plan(the_plan(), NOON)
        reported("target", 2025, 2000, target=Target.coded("T12"))
        came(an_offering(category="youth"), date(2025, 5, 6), 5000)
    text = words(bureau.get("/bureau/targets?year=2025"))
    assert "超过 2,000 人次" in text and "2,000 没有超过 2,000" in text and "未达到，还差 1" in text
    assert "5,000 不低于 5,000" in text
    assert "人数在 0 到 5,000 之间" in words(bureau.get("/bureau/targets/T5?year=2025"))


def test_each_figure_of_the_targets_opens_its_rows(bureau):
    with writing():
        load_plan(the_plan(), NOON)
        school = a_provider("吉林市开放大学", kind="vocational_school")
        attended(an_offering(school, category="elderly"))
        attended(an_offering(school, category="rural"))
        reported("enrolment", 2026, 1, provider=school)
        reported("besides", 2026, 7, target=Target.coded("T12"))
        entered("quality_school", school.name, "listed", date(2026, 1, 5), provider_id=school.id)
        entered("association", "甲协会（演示）", "unveiled", date(2025, 6, 1))
    found = set(links(bureau.get("/bureau/targets?year=2026"), r"/bureau/[^\"]+"))
    for code in ("T3", "T4", "T7", "T12"):
        found |= set(links(bureau.get(f"/bureau/targets/{code}?year=2026"), r"/bureau/[^\"]+"))
    kinds = {url.split("?")[0].rsplit("/", 1)[-1] for url in found}
    assert {"sign-ups", "reported", "association"} <= kinds
    for url in found:
        assert bureau.get(url).status_code in (200, 302), url
    page = words(bureau.get("/bureau/targets/T3?year=2026"))
    assert "全市在册 1" in page and "年龄不详 1 人次、1 人" in page
    page = words(bureau.get("/bureau/targets/T7?year=2026"))
    assert "吉林市开放大学" in page and "2 不低于 2" not in page and "1 所中 1 所达到" in page
    assert "8 没有超过 2,000" in words(bureau.get("/bureau/targets/T12?year=2026")), "one and seven from outside"


def test_a_figure_is_reported_and_corrected_and_the_earlier_stays(bureau):
    with writing():
        school = a_provider("演示学校", kind="vocational_school")
    typed = {"kind": "enrolment", "year": "2025", "provider_id": str(school.id), "value": "1,5", "document": ""}
    assert "请填数字" in words(bureau.post("/bureau/reported/new", data=typed))
    refused = bureau.post("/bureau/reported/new", data={**typed, "value": "1500.5"})
    assert refused.status_code == 409 and words(refused).count("人数和人次是整数，请核对。") == 2
    answer = bureau.post("/bureau/reported/new", data={**typed, "value": "1500"})
    assert answer.status_code == 303
    assert "没有依据" in words(bureau.get("/bureau/reported?kind=enrolment&year=2025"))
    again = bureau.post("/bureau/reported/new", data={**typed, "value": "1500"})
    assert again.status_code == 409 and "已经报过了" in words(again)
    assert 'value="1500"' in bureau.get(answer.location).text, "as it was reported, no decimals put behind it"
    correction = {"value": "1498", "document": "事业统计表", "reason": "重复计了两人"}
    answer = bureau.post(answer.location, data=correction)
    assert answer.status_code == 303
    page = words(bureau.get(answer.location))
    assert "1,498 人 事业统计表 张演示科长 重复计了两人" in page and "1,500 人 没有依据" in page
    assert "2025-09-01" in words(bureau.get("/bureau/reported"))
    assert [figure.value for figure in db.session.scalars(ReportedFigure.current())] == [Decimal(1498)]


@pytest.mark.engine("sqlite")
def test_a_ratio_has_no_number_until_a_document_sets_it(bureau):
    with writing():
        load_plan(the_plan(), NOON)
    assert "比例未定" in words(bureau.get("/bureau/targets/T15-1?year=2026"))
    with writing():
        school = a_provider("演示学校", kind="vocational_school")
        reported("target", 2026, "12.5", target=Target.coded("T15-1"), provider=school)
    page = words(bureau.get("/bureau/targets/T15-1?year=2026"))
    assert "12.50" in page and "比例未定" not in page.split("历年")[0] and "已达到" not in page


@pytest.mark.engine("sqlite")
def test_the_pages_speak_english(bureau):
    with writing():
        load_plan(the_plan(), NOON)
        came(an_offering(category="youth"), date(2025, 5, 6), 4999)
    bureau.set_cookie("language", "en")
    text = words(bureau.get("/bureau/targets?year=2025"))
    assert "Targets in 2025" in text and "Not met, 1 missing" in text and "at least 5,000 people" in text
    page = words(bureau.get("/bureau/targets/T12?year=2025"))
    assert "more than 2,000" in page and "Reading used" in page


@pytest.mark.engine("sqlite")
def test_a_change_is_on_the_next_page_and_no_change_measures_nothing_anew(bureau, monkeypatch):
    from app.counts import targets as counting
    from app.web.bureau import targets as pages

    with writing():
        load_plan(the_plan(), NOON)
    bureau.get("/bureau/targets?year=2026")
    bureau.get("/bureau/targets/T12?year=2026")
    with monkeypatch.context() as patch:
        patch.setattr(pages, "target_rows", lambda *_: pytest.fail("measured again, though nothing changed"))
        patch.setattr(pages, "history", lambda *_: pytest.fail("measured again, though nothing changed"))
        assert "乡村人才培训" in words(bureau.get("/bureau/targets?year=2026"))
        assert "乡村人才培训" in words(bureau.get("/bureau/targets/T12?year=2026"))
    assert pages.target_rows is counting.target_rows
    with writing():
        attended(an_offering(category="rural"))
    assert "还差 2,000" in words(bureau.get("/bureau/targets?year=2026"))


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("url", ["/bureau/targets?year=1900", "/bureau/targets/none", "/bureau/reported/987654"])
def test_what_is_no_target_is_not_found(bureau, url):
    assert bureau.get(url).status_code == 404
