"""The tables below a year's page: what they say of themselves, the list behind each figure, the files."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest
from python_calamine import CalamineWorkbook

from app.counts.dimensions import EVERY
from app.counts.ladder import ladder
from app.counts.spans import Span
from app.counts.tallies import tally
from app.database import writing
from app.models.rules import RUNGS
from tests.people import a_person
from tests.test_ladder import signed_up
from tests.web.test_bureau import a_year, bureau, links, words

__all__ = ["a_year", "bureau"]
YEAR = "/bureau/years/2025"


def open_all(bureau, url: str) -> int:
    """Every list that a page's figures open; how many."""
    found = links(bureau.get(url), r"/bureau/years/\d+/sign-ups\?[^\"]*")
    for link in found:
        answer = bureau.get(link)
        assert answer.status_code == 200 and "这一格没有记录" not in words(answer), link
    return len(found)


def test_the_ladder_shows_every_rung_and_each_figure_opens_its_rows(bureau, a_year):
    with writing():
        signed_up(a_year.offering, a_person("钱演示"), a_year.registered_on)
    text = words(bureau.get(f"{YEAR}/ladder"))
    assert "老年教育 2 老年教育 报名 人数" in text and "1 老年教育 取证 人次" in text
    assert "到课：人次相加，人数不相加，多 1。" in text and "✓ 相符 每个班" in text
    assert open_all(bureau, f"{YEAR}/ladder") > 20
    answer = bureau.get(f"{YEAR}/sign-ups?measure=person_times&category=elderly&rung=registered")
    assert "2 个报名" in words(answer) and "老年教育 · 登记" in words(answer)
    answer = bureau.get(f"{YEAR}/sign-ups?measure=persons&rung=attended&category=elderly")
    assert "1 人，1 人次" in words(answer)


@pytest.mark.parametrize("by", EVERY)
def test_a_table_of_any_dimension_opens_its_rows(bureau, a_year, by):
    page = bureau.get(f"{YEAR}/tables?by={by}")
    assert "全市" in words(page) and "相加：人次" in words(page)
    assert open_all(bureau, f"{YEAR}/tables?by={by}") >= 12


def test_a_table_is_had_for_school_years_plan_periods_rungs_and_one_category(bureau, a_year):
    text = words(bureau.get("/bureau/years/2024/tables?by=month&basis=school"))
    assert "2024–2025 学年按月份" in text and "2025-03" in text and "2024-09-01 至 2025-08-31" in text
    text = words(bureau.get(f"{YEAR}/tables?by=year&basis=plan"))
    assert "规划期 2021–2025 年按年份" in text and "不相加：人数" not in text and "2024 年" in text
    text = words(bureau.get(f"{YEAR}/tables?by=age&category=elderly&rung=completed"))
    assert "70–79 岁" in text and "满 60 岁（以开班那天计，规则 R16）1 人次" in text and "“结业”" in text
    assert open_all(bureau, f"{YEAR}/tables?by=year&basis=plan") > 5
    assert open_all(bureau, "/bureau/years/2024/tables?by=month&basis=school") > 5


def test_a_row_that_no_label_knows_makes_the_table_say_that_it_does_not_add_up(bureau, a_year):
    with writing():
        a_year.person.sex = "?"
    text = words(bureau.get(f"{YEAR}/tables?by=sex"))
    assert "不相加： 人次（实名） -2、人次合计 -2、结业 -1、取证 -1（各行之和减合计）" in text


def test_files_hold_the_tables_of_the_pages(bureau, a_year):
    found = tally(Span(2025), "unit")
    told = json.loads(bureau.get(f"{YEAR}/tables.json?by=unit").get_data(as_text=True))
    assert told == found.grid().as_dict() and told["rows"][-1]["person_times"] == found.total.person_times
    rows = list(csv.reader(io.StringIO(bureau.get(f"{YEAR}/tables.csv?by=unit").data.decode("utf-8-sig"))))
    assert rows[0][:3] == ["填报单位", "人数", "人数上限"] and rows[-1][0] == "全市"
    whole = ladder(Span(2025))
    answer = bureau.get(f"{YEAR}/ladder.xlsx")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert len(sheet[0]) == 1 + 3 * len(RUNGS) and sheet[-1][1] == whole.total["applied"].persons
    assert 'filename="2025-ladder-category.xlsx"' in answer.headers["Content-Disposition"]
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.deserialize(bureau.get(f"{YEAR}/ladder.sqlite").data)
        lines = memory.execute("SELECT label, applied_persons, rule_set FROM figures").fetchall()
    assert lines[-1] == ("全市", whole.total["applied"].persons, "2026.1")


def test_the_overlap_opens_the_people_of_two_rows(bureau, a_year):
    page = bureau.get(f"{YEAR}/overlap")
    assert "1 人，1 人次 老年教育 也在中小学生体验" in words(page) and "只在 2 行里 1" in words(page)
    assert open_all(bureau, f"{YEAR}/overlap") == 2
    answer = bureau.get(links(page, r"/bureau/years/\d+/sign-ups\?[^\"]*")[0])
    assert "老年教育 · 也在中小学生体验" in words(answer) and "1 人，1 人次" in words(answer)
    assert "没有人同在两行" in words(bureau.get(f"{YEAR}/overlap?by=provider"))
    told = json.loads(bureau.get(f"{YEAR}/overlap.json").get_data(as_text=True))
    assert told["persons_in_several"] == 1 and [row["persons"] for row in told["rows"]] == [1]


def test_a_rule_is_tried_and_the_moved_are_listed(bureau, a_year):
    page = bureau.get(f"{YEAR}/what-if?rung=effective&percent=40")
    text = words(page)
    assert "规定：2025 年，数到“到课”，计划满 2 学时，有效为 50%。" in text
    assert "试算：2025 年，数到“有效”，计划满 2 学时，有效为 40%。" in text
    assert "算进来的 0" in text and "不再算的 2" in text and "规则（2026.1 版）" in text
    answer = bureau.get(f"{YEAR}/what-if?rung=effective&percent=40&moved=out")
    assert len(links(answer, r"/bureau/sign-ups/\d+")) == 2 and "李**" in words(answer)
    told = json.loads(bureau.get(f"{YEAR}/what-if.json?rung=effective&hours=9").get_data(as_text=True))
    assert told["rows"][-1]["person_times"] == 3 and told["rows"][-1]["person_times_tried"] == 0
    assert told["rows"][-1]["group_headcount_change"] == -40 and told["went_out"] == 3


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "url",
    [
        "/bureau/years/2025/tables?by=nothing",
        "/bureau/years/2025/tables?basis=moon",
        "/bureau/years/2025/ladder?category=nothing",
        "/bureau/years/2025/tables?rung=ninth",
        "/bureau/years/1899/ladder",
        "/bureau/years/2025/ladder.exe",
        "/bureau/years/2025/overlap?by=month",
        "/bureau/years/2025/what-if?percent=101",
        "/bureau/years/2025/what-if?hours=x",
        "/bureau/years/2025/what-if?page=2",
        "/bureau/years/2025/sign-ups?within=2025-13",
        "/bureau/years/2025/sign-ups?sex=x",
        "/bureau/years/2025/sign-ups?course=987654",
    ],
)
def test_what_is_no_table_is_not_found(bureau, url):
    assert bureau.get(url).status_code == 404


def test_people_of_two_rows_are_asked_for_and_nothing_else(bureau, a_year):
    page = f"{YEAR}/sign-ups?category=elderly&also_category=rural"
    for measure in ("persons", "person_times", "completions"):
        assert bureau.get(f"{page}&measure={measure}").status_code == 200
    for measure in ("certificates", "class_hours", "group_headcount", "person_times_total"):
        assert bureau.get(f"{page}&measure={measure}").status_code == 404, measure
    assert "当年任何时候登记在老年教育班里" not in words(bureau.get(f"{page}&measure=persons")), (
        "of the whole row, and this is a part"
    )
    whole = f"{YEAR}/sign-ups?category=elderly&measure=persons"
    assert "当年任何时候登记在老年教育班里" in words(
        bureau.get(whole)
    ) and "当年任何时候登记在老年教育班里" not in words(bureau.get(f"{whole}&basis=school"))
