"""Files that people open in a spreadsheet: no text runs there, no number that is a name loses a digit."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest

from app import ledger
from app.cells import WRITERS, Look, harmless, unmarked
from app.counts.files import FILES
from app.counts.grids import GRID_FILES, Grid
from app.counts.quality_report import schools_as
from app.counts.year import count_year, year_table
from app.database import db, writing
from app.models import Provider
from tests.ledgers import CAME, a_row, load, number, receive

APP = Path(__file__).resolve().parent.parent / "app"
FORMULAS = [f"{start}HYPERLINK(1)" for start in ("=", "+", "-", "@", "\t", "\r", "\n", "\0=", "＝", "＋", "－", "＠")]
NUMBERS = ["13900000001", "220299195204200693", "0432123456", "001", "12E5", "44010000000000000"]
TEXTS = ["'", "'=1", "'13900000001", "吉林市老年大学", "a=1", "2025-001", "1,5", "a;=1", "两\n行", "1e", "7.5", ""]


def write(form: str, rows: list) -> bytes:
    out = io.BytesIO()
    assert WRITERS[form](out, ["=列"], rows, Look(sheet="演示")) == len(rows)
    return out.getvalue()


def lines_of(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "spreadsheets read the Chinese by the byte order mark"
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def text_cells(content: bytes) -> list[list]:
    """Every cell that is not empty, after looking that it is a text or a number and nothing else."""
    rows = [
        [cell for cell in row if cell.value is not None] for row in openpyxl.load_workbook(io.BytesIO(content)).active
    ]
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}
    assert all(cell.number_format == "@" for row in rows for cell in row if cell.data_type == "s")
    return [[cell.value for cell in row] for row in rows]


def runs(cell: str) -> bool:
    """Would a spreadsheet take the cell of a file of separated values for a formula?"""
    return cell.lstrip("\0").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


def is_a_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("form", WRITERS)
def test_no_cell_that_a_writer_writes_runs_or_loses_a_digit(form):
    """The control first: as they stand, these would."""
    assert all(runs(text) for text in FORMULAS) and all(is_a_number(text) for text in NUMBERS)
    content = write(form, [[text] for text in FORMULAS + NUMBERS])
    if form == "csv":
        header, *cells = (row[0] for row in lines_of(content))
        assert not any(runs(cell) or is_a_number(cell) for cell in [header, *cells])
        assert [unmarked(cell) for cell in cells] == [text.replace("\0", "") for text in FORMULAS + NUMBERS]
    else:
        assert [row[0] for row in text_cells(content)][-len(NUMBERS) :] == NUMBERS


@pytest.mark.parametrize("text", FORMULAS + NUMBERS + TEXTS)
def test_a_marked_text_is_read_as_it_was(text):
    assert unmarked(harmless(text)) == text.replace("\0", "")


def test_numbers_stay_numbers():
    assert [harmless(value) for value in (-5, 1.5, None)] == [-5, 1.5, None]
    assert lines_of(write("csv", [[-5], [1.5]]))[1:] == [["-5"], ["1.5"]]
    assert text_cells(write("xlsx", [[-5], [1.5]]))[1:] == [[-5], [1.5]]


def ledger_of(form: str) -> bytes:
    out = io.BytesIO()
    ledger.export(2025, out, separated=form == "csv")
    return out.getvalue()


def refused() -> bytes:
    out = io.BytesIO()
    batch_id, _ = receive([a_row(n, 姓名=f"{text}演示", 状态="=没有") for n, text in enumerate(FORMULAS, 20)])
    assert ledger.export_refused(out, ledger.refused_rows(batch_id)) == len(FORMULAS)
    return out.getvalue()


# Every file that the registry hands out and a spreadsheet opens. `test_whoever_writes…` keeps the list whole.
EXPORTS = {
    "ledger.xlsx": lambda: ledger_of("xlsx"),
    "ledger.csv": lambda: ledger_of("csv"),
    "refused.xlsx": refused,
    "year.xlsx": lambda: FILES["xlsx"][1](year_table(2025, "provider")),
    "year.csv": lambda: FILES["csv"][1](year_table(2025, "provider")),
    "tally.xlsx": lambda: GRID_FILES["xlsx"][1](providers()),
    "tally.csv": lambda: GRID_FILES["csv"][1](providers()),
    "schools.xlsx": lambda: schools("xlsx"),
    "schools.csv": lambda: schools("csv"),
}


def providers() -> Grid:
    names = db.session.scalars(db.select(Provider.name)).all()
    return Grid("机构", (("label", "机构"), ("persons", "人数")), tuple((name, 1) for name in names))


def schools(form: str) -> bytes:
    with writing():
        db.session.execute(db.update(Provider).values(kind="vocational_school"))
    return schools_as(form, count_year(2025))


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("name", EXPORTS)
def test_no_cell_of_an_export_runs(app, name):
    for n, text in enumerate(FORMULAS, 1):
        load([a_row(n, **CAME, 姓名=f"{text}演示", 机构=f"{text}{n}学校", 课程=f"{text}（演示）")])
    content = EXPORTS[name]()
    if name.endswith(".csv"):
        cells = [cell for line in lines_of(content) for cell in line]
        assert not any(runs(cell) for cell in cells)
    else:
        cells = [cell for line in text_cells(content) for cell in line if isinstance(cell, str)]
    assert sum("HYPERLINK" in cell for cell in cells) >= len(FORMULAS), "they are in the file"
    if name.startswith("ledger"):
        assert {number(1), "13900000001"} <= {unmarked(cell) for cell in cells}
        assert not {number(1), "13900000001"} & set(cells) or name.endswith(".xlsx")
    assert db.session.scalar(db.select(db.func.count()).select_from(Provider)) == len(FORMULAS)


def spreadsheet_words(path: Path) -> set[str]:
    """What a module names that a spreadsheet's file is written with."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found |= {
                name for name in names if name.split(".")[0] in ("xlsxwriter", "openpyxl", "xlwt", "odf", "pandas")
            }
        elif isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter"):
            found.add("csv." + node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {kind for kind in ("text/csv", "tab-separated", "spreadsheetml", "ms-excel") if kind in node.value}
    return found


def test_whoever_writes_for_a_spreadsheet_goes_through_the_one_writer():
    """A new exporter fails here until it writes through `app.cells` and stands among EXPORTS above."""
    found = {str(path.relative_to(APP)): words for path in APP.rglob("*.py") if (words := spreadsheet_words(path))}
    assert found == {
        "cells.py": {"xlsxwriter", "csv.writer"},
        "counts/files.py": {"text/csv", "spreadsheetml"},  # year.xlsx, year.csv
        "counts/grids.py": {"text/csv", "spreadsheetml"},  # tally.xlsx, tally.csv
        "counts/open_files.py": {"text/csv"},  # words of ours and numbers alone
        "web/bureau/registers.py": {"text/csv"},  # test_bureau_registers.py asks it
        "web/provider/ledger.py": {"spreadsheetml"},  # ledger.xlsx, refused.xlsx
    }
    writers = {
        str(path.relative_to(APP)) for path in APP.rglob("*.py")
        if re.search(r"from app\.cells import .*\bWRITERS\b", path.read_text())
    }  # fmt: skip
    assert writers == {
        "counts/files.py",
        "counts/grids.py",
        "counts/open_files.py",
        "counts/quality_report.py",
        "ledger/exporting.py",
    }


def test_an_exporter_of_its_own_is_found(tmp_path):
    other = tmp_path / "other.py"
    other.write_text('import csv\nfrom xlsxwriter import Workbook\ncsv.writer(out)\nTYPE = "text/csv"\n')
    assert spreadsheet_words(other) == {"xlsxwriter", "csv.writer", "text/csv"}
