"""Ledgers of the tests: a row is a dictionary of what differs from a good one; files in every form."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import xlsxwriter

from app import ledger
from app.ledger.columns import COLUMNS
from app.models.identity_number import check_character

PROVIDER = "江城演示学校"
PLACE = {
    "机构": PROVIDER,
    "课程": "面点制作（演示）",
    "类别": "职工培训",
    "班次编号": "2025-001",
    "开班日期": "2025-03-01",
    "结班日期": "2025-05-31",
    "课时": "16",
    "区县": "船营区",
}
CAME = {"状态": "在读", "首次到课": "2025-03-08", "到课课时": "8"}
DONE = {"状态": "已结业", "首次到课": "2025-03-08", "到课课时": "16", "结业日期": "2025-05-31"}


def number(n: int, born: date = date(1980, 5, 4)) -> str:
    """A resident number with the demo's prefix and a right check character; ``n`` is its serial."""
    body = f"220299{born:%Y%m%d}{n:03d}"
    return body + check_character(body)


def a_row(n: int | None = None, **cells: Any) -> dict[str, Any]:
    """A person of their own with a document (``n``), or whatever ``cells`` say."""
    row: dict[str, Any] = {**PLACE, "状态": "已登记"}
    if n is not None:
        row |= {"姓名": f"演示学员{n}", "证件类型": "居民身份证", "证件号码": number(n), "手机": f"1390000{n:04d}"}
    return row | cells


def a_group(name: str = "第七小学（演示）", count: Any = 30, on: str = "2025-03-08", **cells: Any) -> dict[str, Any]:
    return {**PLACE, "状态": "已结业", "首次到课": on, "团体名称": name, "团体人数": count, **cells}


def workbook(rows: list[dict[str, Any]], columns: Any = COLUMNS, above: tuple[str, ...] = ()) -> io.BytesIO:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    lines = [[title] for title in above] + [list(columns)] + [[row.get(c, "") for c in columns] for row in rows]
    for n, line in enumerate(lines):
        for place, cell in enumerate(line):
            (sheet.write_string if isinstance(cell, str) else sheet.write)(n, place, cell)
    book.close()
    out.seek(0)
    return out


def separated(rows: list[dict[str, Any]], encoding: str, delimiter: str = ",") -> io.BytesIO:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(COLUMNS)
    writer.writerows([row.get(c, "") for c in COLUMNS] for row in rows)
    return io.BytesIO(text.getvalue().encode(encoding))


def receive(rows: list[dict[str, Any]], **options: Any) -> tuple[int, ledger.Findings]:
    batch_id, findings, _ = ledger.receive(workbook(rows), "ledger.xlsx", **options)
    return batch_id, findings


def load(rows: list[dict[str, Any]], **options: Any) -> int:
    """Through to the end; the batch's id."""
    batch_id, findings = receive(rows, **options)
    assert not findings.refused, list(ledger.refused_rows(batch_id))
    ledger.load(batch_id)
    return batch_id


def refusal(rows: list[dict[str, Any]], **options: Any) -> tuple[int, str, str]:
    """Row number, column and sentence of the one row that was sent back."""
    batch_id, _ = receive(rows, **options)
    found = [(row, column, why) for row, _, column, why in ledger.refused_rows(batch_id)]
    assert len(found) == 1, found
    return found[0]
