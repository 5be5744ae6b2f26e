"""What leaves the bureau's pages: the year on paper, the official header, the schools' table."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal

import openpyxl
import pypdf
import pytest

from app.counts import count_year
from app.counts.files import HEADINGS
from app.database import writing
from tests.people import a_person, a_provider, an_offering
from tests.test_counts import attended
from tests.web.test_bureau import a_year, bureau  # noqa: F401 - fixtures

HEADER = ("教综演示表", "吉林演示教育局", "演统制〔2025〕1 号", "2027 年 12 月")
LINES = ["表　　号：教综演示表", "制定机关：吉林演示教育局", "批准文号：演统制〔2025〕1 号", "有效期至：2027 年 12 月"]


@pytest.fixture
def with_header(app):
    app.config["FORM_HEADER"] = HEADER
    yield
    app.config["FORM_HEADER"] = ()


def pdf_of(answer) -> str:
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.data)).pages)


def first_column(answer) -> list:
    return [row[0] for row in openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True)]


def test_the_year_on_paper_has_the_figures_of_its_page(bureau, a_year):  # noqa: F811
    text = pdf_of(bureau.get("/bureau/years/2025/report.pdf"))
    year = count_year(2025)
    assert text.startswith("2025 年培训统计\n工作台账")
    for label, figures in [(r.label, r.figures) for rows in year.tables.values() for r in rows] + [
        ("全市", year.total)
    ]:
        hours = f"{figures.class_hours.normalize():f}" if figures.class_hours else "0"
        line = (label, figures.persons, figures.person_times, figures.group_headcount, figures.person_times_total,
                hours, figures.completions, figures.certificates)  # fmt: skip
        assert " ".join(map(str, line)) in text, line
    assert "人数不相加：一人可在两行，多 1 人。" in text
    assert "人数在 2 到 42 之间" in text, "the range where nameless groups exist (R14)"
    assert re.search(r"统计人员：_+.*审核人：_+.*单位负责人（盖章）：_+", text, re.DOTALL)


@pytest.mark.engine("sqlite")
def test_paper_and_workbook_carry_the_header_of_a_survey_form(bureau, a_year, with_header):  # noqa: F811
    text = pdf_of(bureau.get("/bureau/years/2025/report.pdf"))
    assert all(line in text for line in LINES) and "工作台账" not in text
    column = first_column(bureau.get("/bureau/years/2025/figures.xlsx?by=category"))
    assert column[:6] == ["2025 年培训统计", *LINES, "类别"] and column[-1] == "全市"
    assert first_column(bureau.get("/bureau/years/2025/quality-report.xlsx"))[1:5] == LINES


@pytest.mark.engine("sqlite")
def test_without_a_header_a_table_says_that_it_is_no_survey(bureau, a_year):  # noqa: F811
    assert first_column(bureau.get("/bureau/years/2025/figures.xlsx?by=month"))[:3] == [
        "2025 年培训统计",
        "工作台账",
        "月份",
    ]
    assert first_column(bureau.get("/bureau/years/2025/quality-report.xlsx"))[1:3] == ["工作台账", "学校"]


def test_the_schools_table_lists_every_school_and_no_other_institution(bureau, a_year):  # noqa: F811
    with writing():
        school = a_provider("演示职业高中", kind="vocational_school", division_code="220221")
        a_provider("演示职教中心", kind="county_vocational_centre", division_code="220282")
        offering = an_offering(school, first_on=date(2025, 4, 1))
        attended(offering, a_person(), date(2025, 4, 1))
        attended(offering, a_person(), date(2025, 4, 1), completed_on=date(2025, 4, 8))
        attended(offering, a_person(), date(2024, 4, 1))  # not included – came a year earlier
    answer = bureau.get("/bureau/years/2025/quality-report.csv")
    header, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert header == ["学校", "类型", "区县", *HEADINGS.values(), "人次合计的依据"]
    told = dict(zip(HEADINGS, map(Decimal, rows[0][3:-1]), strict=True))
    assert [row[:3] for row in rows] == [["演示职业高中", "职业院校", "永吉县"], ["演示职教中心", "职教中心", "桦甸市"]]
    assert (told["persons"], told["person_times"], told["completions"]) == (2, 2, 1)
    assert set(rows[1][3:-1]) == {"0"}
    # not included – 吉林演示机构 is no school


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("path", ["1899/report.pdf", "2025/quality-report.json", "2025/quality-report.pdf"])
def test_what_there_is_not_is_not_there(bureau, path):  # noqa: F811
    assert bureau.get(f"/bureau/years/{path}").status_code == 404
