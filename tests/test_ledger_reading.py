"""Ledgers as people keep them: any order of columns, any usual name, any encoding, cells as typed."""

import io
import re
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from app import ledger
from app.database import db
from app.ledger import files, large_sheets
from app.ledger.cells import as_text, read_date, read_number
from app.ledger.columns import COLUMNS, PLACE, Header
from app.models import Person
from app.refusal import Refusal
from tests.ledgers import DONE, a_row, number, separated, workbook

pytestmark = pytest.mark.engine("sqlite")


DAYS = "2025-03-01|2025/3/1|2025.3.1|2025年3月1日|２０２５－０３－０１| 2025 - 03 - 01 |20250301|45717"


@pytest.mark.parametrize("typed", [*DAYS.split("|"), "2025-03-01 00:00:00"])
def test_a_date_is_read_as_people_type_it(typed):
    assert read_date(typed) == date(2025, 3, 1)


@pytest.mark.parametrize("typed", ["", "2025-02-29", "2025-13-01", "3月1日", "昨天", "0", "60", "9999999"])
def test_what_is_no_date_is_none(typed):
    assert read_date(typed) is None


def test_a_spreadsheet_s_cells_become_the_text_that_people_see():
    cells = [45717, 45717.0, 7.5, 13900000044.0, date(2025, 3, 1), datetime(2025, 3, 1), None, True, "a"]  # noqa: DTZ001
    assert [as_text(c) for c in cells] == [
        "45717", "45717", "7.5", "13900000044", "2025-03-01", "2025-03-01", "", "是", "a",
    ]  # fmt: skip
    assert "e+17" in as_text(220299195204200693)
    assert read_number("１，２００．５") is not None
    assert read_number("1e3") is None


def test_columns_are_known_by_their_usual_names():
    header = Header(["序号", "身份证号", "联系电话", "班级编号", "学时", "姓名（必填）", "机构*", "备注"])
    assert list(header.places) == ["证件号码", "手机", "班次编号", "课时", "姓名", "机构"]
    assert header.unknown == ["序号", "备注"]
    cells = header.pick(["1", number(1), "", "1", "16", "甲", "校", ""])
    assert cells[PLACE["证件类型"]] == "居民身份证"  # the heading said it


def test_a_column_that_stands_twice_is_refused():
    with pytest.raises(Refusal) as no:
        Header(["姓名", "学员姓名"])
    assert no.value.code == "column-twice"


def shuffled(rows):
    return workbook(rows, columns=[*reversed(COLUMNS), "备注"], above=("培训年度台账（演示）", ""))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (lambda rows: workbook(rows), "a.xlsx"),
        (shuffled, "a.XLSX"),
        (lambda rows: separated(rows, "utf-8"), "a.csv"),
        (lambda rows: separated(rows, "utf-8-sig"), "a.csv"),
        (lambda rows: separated(rows, "gb18030"), "a.csv"),
        (lambda rows: separated(rows, "gb18030", "\t"), "a.tsv"),
        (lambda rows: separated(rows, "utf-8", "\t"), "a.csv"),
    ],
)
def test_every_kind_of_file_is_read(app, file, name):
    rows = [a_row(1, **DONE), a_row(2, 姓名="𠮷演示·艾力", 性别="女")]
    batch_id, findings, _ = ledger.receive(file(rows), name)
    assert (findings.good, findings.refused) == (2, 0)
    assert findings.unknown_columns == (["备注"] if file is shuffled else [])
    ledger.load(batch_id)
    assert set(db.session.scalars(db.select(Person.name))) == {"演示学员1", "𠮷演示·艾力"}


def respelt(file: io.BytesIO, spell) -> io.BytesIO:
    """The workbook with its sheet's XML spelt as another program might."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as book, zipfile.ZipFile(out, "w") as other:
        for name in book.namelist():
            part = book.read(name)
            other.writestr(name, spell(part) if name.startswith("xl/worksheets/") else part)
    out.seek(0)
    return out


@pytest.mark.parametrize(
    "spell",
    [
        lambda part: part,
        lambda part: re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", part),  # names with a prefix
        lambda part: re.sub(rb' r="[A-Z]*\d+"', b"", part),  # rows and cells to be counted
    ],
)
def test_a_large_sheet_is_read_in_pieces_and_reads_the_same(monkeypatch, spell):
    done = DONE | {"结业日期": date(2025, 5, 31), "到课课时": 15.5}
    rows = [a_row(n, **done, 课程=f"面点{n % 7}<&（演示）") for n in range(300)]
    file = respelt(workbook(rows, above=("标题",)), spell)
    quick = list(files.Ledger(file, "a.xlsx").rows())
    pieces = []
    cut = large_sheets._cut
    monkeypatch.setattr(large_sheets, "_cut", lambda part: (pieces.append(piece) or piece for piece in cut(part)))
    monkeypatch.setattr(large_sheets, "PIECE", 8_000)
    monkeypatch.setattr(files, "LARGE_SHEET", 0)
    file.seek(0)
    assert list(files.Ledger(file, "a.xlsx").rows()) == quick
    assert [number for number, _ in quick] == list(range(3, 303)) and len(pieces) > 10


def test_a_large_workbook_s_ledger_may_stand_on_any_sheet(monkeypatch):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet("空")
        book.add_worksheet("说明").write(0, 0, "请按表头填写")
        sheet = book.add_worksheet("台账")
        for place, row in enumerate([COLUMNS, [a_row(1).get(name, "") for name in COLUMNS]]):
            sheet.write_row(place + 4, 2, row)
    monkeypatch.setattr(files, "LARGE_SHEET", 0)
    for file in (out, respelt(out, lambda part: part)):
        file.seek(0)
        opened = files.Ledger(file, "a.xlsx")
        assert opened.header_row == 5
        assert [(number, cells[PLACE["姓名"]]) for number, cells in opened.rows()] == [(6, "演示学员1")]


def test_a_row_has_the_number_that_the_spreadsheet_shows(monkeypatch):
    rows = [a_row(1), {}, a_row(2)]
    file = workbook(rows, above=("", "", ""))
    for large in (files.LARGE_SHEET, 0):
        monkeypatch.setattr(files, "LARGE_SHEET", large)
        file.seek(0)
        assert [number for number, _ in files.Ledger(file, "a.xlsx").rows()] == [5, 7]


@pytest.mark.parametrize(
    "part", [b"<worksheet>", b"<worksheet><sheetData><row", b"<worksheet><sheetData>" + b"<row/>" * 999]
)
def test_a_large_sheet_that_breaks_off_is_refused(monkeypatch, part):
    monkeypatch.setattr(files, "LARGE_SHEET", 0)
    monkeypatch.setattr(large_sheets, "PIECE", 100)
    monkeypatch.setattr(large_sheets, "_MOST_BETWEEN_ROWS", 1000)
    with pytest.raises(Refusal) as no:
        files.Ledger(respelt(workbook([a_row(1)]), lambda _: part), "a.xlsx")
    assert no.value.code in ("file-unreadable", "header-missing")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"%PDF-1.7", "a.xlsx", "file-unreadable"),
        (b"PK\x03\x04 broken", "a.xlsx", "file-unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", "a.xls", "file-unreadable"),
        (b"x", "a.docx", "file-kind"),
        (b"x", "a", "file-kind"),
        (b"\xff\xff\xff\xff\x80", "a.csv", "file-encoding"),
        (b"", "a.csv", "header-missing"),
        ("姓名,手机\n甲,1\n".encode(), "a.csv", "header-missing"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_by_name(content, name, code):
    with pytest.raises(Refusal) as no:
        files.Ledger(io.BytesIO(content), name)
    assert no.value.code == code


def test_a_workbook_that_unpacks_to_a_gigabyte_is_refused(monkeypatch):
    monkeypatch.setattr(files, "MOST_UNPACKED", 1000)
    with pytest.raises(Refusal) as no:
        files.Ledger(workbook([a_row(1)]), "a.xlsx")
    assert no.value.code == "file-too-large"


def test_numbers_are_read_as_people_type_them(app):
    digits = number(1)
    spelt = [digits, f" {digits[:6]} {digits[6:14]} {digits[14:]} ", f"{digits[:6]}-{digits[6:]}",
             "".join(chr(ord(c) + 0xFEE0) for c in digits)]  # fmt: skip
    _, findings, _ = ledger.receive(workbook([a_row(1, 证件号码=text) for text in spelt]), "a.xlsx")
    assert (findings.good, findings.repeats, findings.refused) == (1, 3, 0)
