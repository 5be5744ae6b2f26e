"""The bureau's pages: figures with their year before, the list behind each, and files of the same table."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from app.counts import MEASURES, count_year
from app.counts.files import FILES
from app.database import db, writing
from app.models import AttendedHours, Certificate, Enrolment, GroupVisit, LedgerBatch
from app.models.attended import tally_hours
from app.models.identity_number import check_character
from tests.people import NOON, a_person, a_provider, an_account, an_offering
from tests.test_counts import attended

DOCUMENT = "22029919500304001" + check_character("22029919500304001")
MOBILE = "13900001234"


@pytest.fixture
def bureau(client):
    with writing():
        account = an_account("officer")
    return client.sign_in(account)


@pytest.fixture
def a_year(app):
    """2025 with one of everything, 2024 with one person."""
    with writing():
        provider = a_provider("=吉林演示机构")
        elderly = an_offering(
            provider, title="书法（演示）", first_on=date(2025, 3, 4), category="elderly", division_code="220202"
        )
        youth = an_offering(
            provider, title="职业体验（演示）", first_on=date(2025, 5, 6), category="youth", division_code="220281"
        )
        person = a_person("王演示", mobile=MOBILE, document=("resident_id", DOCUMENT), birth_on=date(1950, 3, 4))
        one = attended(elderly, person, date(2025, 3, 4), completed_on=date(2025, 3, 25))
        attended(youth, person, date(2025, 5, 6))
        attended(youth, a_person("李演示"), date(2025, 5, 6))
        attended(an_offering(first_on=date(2024, 3, 5)), a_person(), date(2024, 3, 5))
        march, came = date(2025, 3, 1), date(2025, 5, 6)
        name = "第七小学（演示）"
        db.session.add_all(
            [
                AttendedHours(enrolment_id=one.id, month_on=march, class_hours=Decimal("7.5")),
                Certificate(enrolment=one, system="hrss", name="书法证书", number="Z1", issued_on=date(2025, 4, 1)),
                GroupVisit(offering=youth, group_name=name, group_key=name, visited_on=came, headcount=40, state=""),
            ]
        )
        db.session.flush()
        tally_hours([elderly.id])
    return one


def links(answer, pattern: str) -> list[str]:
    return re.findall(rf'href="({pattern})"', answer.get_data(as_text=True).replace("&amp;", "&"))


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def test_the_year_leads_to_the_latest_with_attendance(bureau, a_year):
    assert bureau.get("/bureau/year").headers["Location"] == "/bureau/years/2025"


@pytest.mark.engine("sqlite")
def test_an_empty_registry_has_a_year_page(bureau):
    answer = bureau.get(bureau.get("/bureau/year").headers["Location"])
    assert answer.status_code == 200
    assert "还没有到课" in words(answer)


def test_the_page_shows_the_figures_of_the_year_and_of_the_year_before(bureau, a_year):
    text = words(bureau.get("/bureau/years/2025"))
    assert "人数（去重） 2 全市人数的名册 2024 年 1" in text
    assert "人次（实名） 3 全市 人次（实名） 2024 年 1" in text
    assert "集体人数 40 全市 集体人数 2024 年 0" in text
    assert "人次合计 43" in text and "学时 7.5" in text
    assert "人数在 2 到 42 之间" in text, "the range of persons where nameless groups exist (R14)"


def test_the_page_says_while_a_ledger_moves_the_figures(bureau, a_year):
    told = []
    with writing():
        batch = LedgerBatch(
            uid="b" * 32, file_name="台账.xlsx", file_digest=b"0" * 32, made_at=NOON, worked_at=NOON, state="staging"
        )  # fmt: skip
        db.session.add(batch)
    for state in ("staging", "checked", "loading", "done", "undoing", "undone"):
        with writing():
            db.session.get_one(LedgerBatch, batch.id).state = state
        if "数字还在变" in words(bureau.get("/bureau/years/2025")):
            told.append(state)
    assert told == ["loading", "undoing"]


def test_a_table_says_what_adds_up_and_what_does_not(bureau, a_year):
    text = words(bureau.get("/bureau/years/2025"))
    assert "相加：人次、集体人数、人次合计、结业、取证各行之和等于全市。" in text
    assert "不相加：人数。一人可在两行，各行之和比全市多 1 人。" in text


def test_each_figure_opens_exactly_its_rows(bureau, a_year):
    page = bureau.get("/bureau/years/2025")
    found = set(links(page, r"/bureau/years/2025/sign-ups\?[^\"]*"))
    assert len(found) > 20
    shown = {
        measure: {row.label: getattr(row.figures, measure) for rows in count_year(2025).tables.values() for row in rows}
        for measure in MEASURES
    }
    for url in found:
        answer = bureau.get(url)
        assert answer.status_code == 200, url
    text = words(bureau.get("/bureau/years/2025/sign-ups?measure=person_times&category=youth"))
    assert f"{shown['person_times']['中小学生体验']} 个报名" in text
    text = words(bureau.get("/bureau/years/2025/sign-ups?measure=persons"))
    assert "2 人，3 人次" in text
    text = words(bureau.get("/bureau/years/2025/sign-ups?measure=class_hours&month=3"))
    assert "共 7.5 人学时" in text
    text = words(bureau.get("/bureau/years/2025/sign-ups?measure=certificates&division=220202"))
    assert "1 本证书" in text and "书法证书" in text
    text = words(bureau.get("/bureau/years/2025/sign-ups?measure=group_headcount"))
    assert "1 个班来过集体" in text and "40" in text


def test_the_page_says_on_what_a_figure_rests(bureau, a_year):
    text = words(bureau.get("/bureau/years/2025"))
    assert "40 中小学生体验 集体人数 上报" in text and "42 中小学生体验 人次合计 混合" in text
    assert "1 老年教育 人次合计 0" not in text and "老年教育 人次合计 系统计算" not in text, "computed is the rule"


def test_elderly_people_on_the_books_stand_on_the_page_with_who_came_and_their_lists(bureau, a_year):
    with writing():
        elderly = an_offering(first_on=date(2025, 9, 2), category="elderly")
        late = Enrolment(
            offering=elderly, person=a_person("钱演示"), source="web", applied_at=NOON, applied_on=date(2025, 9, 1),
            registered_on=date(2025, 9, 1), place_number=2,
        )  # fmt: skip
        db.session.add(late)  # registered, never came
    page = bureau.get("/bureau/years/2025")
    text = words(page)
    assert "在册人数 2 在册名册" in text and "其中到课 1 在册并到课的名册" in text
    for url, people, listed in zip(
        links(page, r"/bureau/years/2025/sign-ups\?[^\"]*on_the_books[^\"]*"),
        ("2 人，2 个报名", "1 人，1 个报名"),
        (2, 1),
        strict=True,
    ):
        answer = bureau.get(url)
        assert people in words(answer) and len(links(answer, r"/bureau/sign-ups/\d+")) == listed
    assert bureau.get("/bureau/years/2025/sign-ups?measure=on_the_books&category=rural").status_code == 404


def test_activities_have_a_table_of_their_own_and_their_lists(bureau, a_year):
    with writing():
        talk = an_offering(first_on=date(2025, 6, 3), category="elderly", planned_hours=Decimal(1))
        attended(talk, a_person("孙演示"), date(2025, 6, 3))
    page = bureau.get("/bureau/years/2025")
    text = words(page)
    assert "人次（实名） 3 全市 人次（实名） 2024 年 1" in text, "training is as it was"
    assert "1 老年教育 活动 人数 1 老年教育 活动 人次（实名）" in text
    for url in links(page, r"/bureau/years/2025/sign-ups\?[^\"]*activity=1[^\"]*"):
        answer = bureau.get(url)
        assert len(links(answer, r"/bureau/sign-ups/\d+")) == 1 and "孙**" in words(answer), url


def test_elderly_lists_tell_ages_and_the_unknown(bureau, a_year):
    text = words(bureau.get("/bureau/years/2025/sign-ups?measure=persons&category=elderly"))
    assert "满 60 岁（以开班那天计，规则 R16）1 人次、1 人" in text and "年龄不详 0 人次、0 人" in text


def test_a_long_list_is_paged(bureau, app):
    with writing():
        offering = an_offering(capacity=None)
        for _ in range(51):
            attended(offering)
    url = "/bureau/years/2026/sign-ups?measure=person_times&category=community"
    assert "第 1 页，共 2 页" in words(bureau.get(url))
    second = bureau.get(f"{url}&page=2")
    assert len(links(second, r"/bureau/sign-ups/\d+")) == 1
    assert bureau.get(f"{url}&page=3").status_code == 404


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "url",
    [
        "/bureau/years/1899",
        "/bureau/years/9999",
        "/bureau/years/2025/sign-ups?measure=secrets",
        "/bureau/years/2025/sign-ups?category=nothing",
        "/bureau/years/2025/sign-ups?month=13",
        "/bureau/years/2025/sign-ups?provider=987654",
        "/bureau/years/2025/sign-ups?page=x",
        "/bureau/years/2025/figures.exe",
        "/bureau/years/2025/figures.csv?by=name",
        "/bureau/sign-ups/987654",
        "/bureau/offerings/987654/group-visits",
    ],
)
def test_what_is_no_figure_is_not_found(bureau, url):
    assert bureau.get(url).status_code == 404


def test_a_sign_up_opens_its_marks_with_author_and_time(bureau, app):
    with writing():
        offering = an_offering()
        trainer = an_account("trainer", offering.provider, name="周老师演示")
        enrolment = offering.enrol(a_person("赵演示", mobile=MOBILE), by=None, at=NOON)
        lesson = offering.lessons[0]
        at = lesson.begins_at
        lesson.take_roll({enrolment.id: "absent"}, by=trainer, at=at, base_version=0)
        lesson.take_roll({enrolment.id: "late"}, by=trainer, at=at + timedelta(minutes=20), base_version=1)
    text = words(bureau.get(f"/bureau/sign-ups/{enrolment.id}"))
    assert re.search(
        r"迟到.{0,12}（现在）.{0,4}2026-03-10 09:20 周老师演示.*缺勤.{0,4}2026-03-10 09:00 周老师演示", text
    )
    assert "2026-03-10" in text and "赵**" in text


def test_a_sign_up_from_a_ledger_tells_its_row(bureau, app):
    from tests.test_ledger_sample import load_sample

    load_sample()
    enrolment = db.session.scalars(db.select(Enrolment).where(Enrolment.first_attended_on.is_not(None))).first()
    text = words(bureau.get(f"/bureau/sign-ups/{enrolment.id}"))
    assert re.search(r"台账第 \d+ 行（第 \d+ 批，ledger-small.xlsx", text)
    assert "到课日期和学时来自台账" in text


def test_the_files_hold_the_table_of_the_page(bureau, a_year):
    table = count_year(2025).table("category")
    answer = bureau.get("/bureau/years/2025/figures.json?by=category")
    assert json.loads(answer.get_data(as_text=True)) == table.as_dict()
    answer = bureau.get("/bureau/years/2025/figures.csv?by=category")
    assert answer.data.startswith("\ufeff".encode()), "spreadsheets read the Chinese by the byte order mark"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["类别", "老年教育", "中小学生体验", "全市"]
    assert [row[-1] for row in rows] == ["人次合计的依据", "系统计算", "混合", "混合"]
    assert rows[1][1:-1] == [f"{value}" for value in table.rows[0].figures.as_dict().values()]
    answer = bureau.get("/bureau/years/2025/figures.xlsx?by=category")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert sheet[-1] == ["全市", *(float(value) for value in table.total.as_dict().values()), "混合"]
    assert "attachment" in answer.headers["Content-Disposition"]
    answer = bureau.get("/bureau/years/2025/figures.sqlite?by=category")
    assert figures_in(answer.data)[-1] == ("全市", *table.total.as_dict().values(), "mixed")


def figures_in(file: bytes) -> list[tuple]:
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.deserialize(file)
        return memory.execute(f"SELECT label, {', '.join(MEASURES)}, basis FROM figures").fetchall()


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("form", FILES)
def test_no_file_holds_a_formula(bureau, a_year, form):
    answer = bureau.get(f"/bureau/years/2025/figures.{form}?by=provider")
    if form == "json":
        assert json.loads(answer.data)["rows"][0]["label"] == "=吉林演示机构", "a program reads it, no spreadsheet"
    elif form == "sqlite":
        assert figures_in(answer.data)[0][0] == "=吉林演示机构"
    elif form == "csv":
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert rows[1][0] == "'=吉林演示机构"
    else:
        cell = openpyxl.load_workbook(io.BytesIO(answer.data)).active["A4"]
        assert (cell.value, cell.data_type) == ("=吉林演示机构", "s")


@pytest.mark.engine("sqlite")
def test_no_name_mobile_or_document_stands_in_full_on_any_page(bureau, a_year):
    pages = [
        "/bureau/years/2025",
        "/bureau/years/2025/sign-ups?measure=persons",
        "/bureau/years/2025/sign-ups?measure=certificates",
        "/bureau/years/2025/sign-ups?measure=class_hours",
        f"/bureau/sign-ups/{a_year.id}",
        "/bureau/years/2025/checks",
        "/bureau/providers",
        *(f"/bureau/years/2025/figures.{form}?by=category" for form in FILES if form in ("csv", "json")),
    ]
    for url in pages:
        text = bureau.get(url).get_data(as_text=True)
        for secret in ("王演示", "李演示", MOBILE, DOCUMENT):
            assert secret not in text, url
    assert "王**" in bureau.get(f"/bureau/sign-ups/{a_year.id}").get_data(as_text=True)


@pytest.mark.engine("sqlite")
def test_the_report_checks_itself_on_a_page(bureau, a_year):
    text = words(bureau.get("/bureau/years/2025/checks"))
    assert text.count("✓ 相符") == 6 and "✕" not in text
    assert "各年人次（实名）相加是 4，全部到过课的报名是 4" in text


def test_a_change_is_on_the_next_page_and_no_change_counts_nothing_anew(app, bureau, a_year, monkeypatch):
    from app.web.bureau import counted, kept

    def version() -> object:
        return app.extensions[kept._KEPT]["version"].now()

    bureau.get("/bureau/years/2025")
    anew: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(counted, "count_year", lambda year, **_: anew.append(year) or count_year(year, with_before=True))
        for _ in range(100):
            before = version()
            bureau.get("/bureau/years/2025")
            anew.clear()
            assert "人次（实名） 3" in words(bureau.get("/bureau/years/2025"))
            if before == version():  # a PostgreSQL that other databases use moves on with them
                break
        else:
            pytest.fail("the server was never quiet")
        assert not anew, "counted again, though nothing changed"
    with writing():
        attended(an_offering(first_on=date(2025, 6, 3)), a_person(), date(2025, 6, 3))
    assert "人次（实名） 4" in words(bureau.get("/bureau/years/2025"))


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("role", ["resident", "trainer", "clerk"])
def test_nobody_but_the_bureau_sees_it(client, role):
    with writing():
        account = an_account(role)
    assert client.sign_in(account).get("/bureau/years/2025").status_code == 404


@pytest.mark.engine("sqlite")
def test_a_years_own_page_is_where_the_menu_says_one_is(bureau, a_year):
    for path, marked in (("/bureau/years/2025", True), ("/bureau/years/2024", True), ("/bureau/providers", False)):
        text = bureau.get(path).get_data(as_text=True)
        assert ('href="/bureau/year" aria-current="page"' in text) is marked, path


def test_the_years_stand_side_by_side_with_the_figures_of_their_own_pages(bureau, a_year):
    page = bureau.get("/bureau/years")
    rows = re.findall(r'<tr data-key="(\d+)">(.*?)</tr>', page.get_data(as_text=True), re.DOTALL)
    assert [year for year, _ in rows] == ["2024", "2025"]
    for year, row in rows:
        city, shown = count_year(int(year)).total, re.sub(r"<span.*?</span>|<[^>]+>", " ", row).split()
        figures = (city.persons, city.person_times, city.group_headcount, city.person_times_total, city.class_hours,
                   city.completions, city.certificates)  # fmt: skip
        assert shown == [year, *(f"{float(figure):g}" for figure in figures)]
    for url in links(page, r"/bureau/years/\d+/sign-ups\?[^\"]*"):
        assert bureau.get(url).status_code == 200


# What PostgreSQL tells of a change is the whole server's, and the other tests write there at the same time.
@pytest.mark.engine("sqlite")
def test_years_beside_one_another_are_counted_two_at_a_time(bureau, a_year, monkeypatch):
    asked = []
    monkeypatch.setattr("app.web.bureau.counted.count_year", lambda *a, **k: asked.append(a) or count_year(*a, **k))
    with writing():
        attended(an_offering(first_on=date(2020, 3, 5)), a_person(), date(2020, 3, 5))
    for _ in range(2):
        rows = re.findall(r'<tr data-key="(\d+)">', bureau.get("/bureau/years").get_data(as_text=True))
        assert rows == [str(year) for year in range(2020, 2026)]
    assert sorted(year for (year,) in asked) == [2021, 2023, 2025], "and once only while nothing changes"
