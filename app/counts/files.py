"""A yearly table as a file: XLSX, CSV, JSON, SQLite, each written from the same Table that the page shows."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from app.cells import WRITERS, Look
from app.counts.official import WORKING_RECORD, OfficialHeader
from app.counts.year import Table
from app.models.rules import RULE_SET
from app.refusal import N_

HEADINGS: dict[str, str] = {
    "persons": N_("人数"),
    "persons_max": N_("人数上限"),
    "person_times": N_("人次（实名）"),
    "group_headcount": N_("集体人数"),
    "person_times_total": N_("人次合计"),
    "class_hours": N_("学时"),
    "completions": N_("结业"),
    "certificates": N_("取证"),
}
BY: dict[str, str] = {
    "category": N_("类别"),
    "division": N_("区县"),
    "provider": N_("机构"),
    "month": N_("月份"),
}
CITY = N_("全市")
BASES: dict[str, str] = {"computed": N_("系统计算"), "reported": N_("上报"), "mixed": N_("混合")}
BASIS = N_("人次合计的依据")


_LOOK = Look(
    sheet="",
    widths=(24, *(13 for _ in HEADINGS), 16),
    numbers=((int, "#,##0"), (float, "#,##0.0")),
    fixed_columns=1,
)


def as_csv(table: Table) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read the Chinese."""
    return _written("csv", table)


def as_xlsx(table: Table, header: OfficialHeader = WORKING_RECORD) -> bytes:
    """Above the table what it is, and the four lines of a survey form or that it is none."""
    return _written("xlsx", table, (f"{table.year} 年培训统计", *header.lines()))


def _written(form: str, table: Table, above: tuple[str, ...] = ()) -> bytes:
    """Heading, lines and the city, cell by cell."""
    memory = io.BytesIO()
    header = [BY[table.by] if table.by else "", *HEADINGS.values(), BASIS]
    lines = [
        [label, *figures.as_dict().values(), BASES[figures.basis("person_times_total")]]
        for label, figures in (*((row.label, row.figures) for row in table.rows), (CITY, table.total))
    ]
    WRITERS[form](memory, header, lines, replace(_LOOK, sheet=str(table.year), above=above))
    return memory.getvalue()


def as_json(table: Table) -> bytes:
    return json.dumps(table.as_dict(), ensure_ascii=False).encode()


def as_sqlite(table: Table) -> bytes:
    """A database of one table, ``figures``, for whoever goes on counting: sqlite3, Datasette, pandas."""
    from sqlite_utils import Database  # here and not above: every worker would carry it for a file seldom asked for

    # In memory, so without the log that the machine's own SQLite may get wrong; it alone can hand over its bytes.
    with closing(sqlite3.connect(":memory:")) as memory:
        lines = [(row.label, row.figures) for row in table.rows] + [(CITY, table.total)]
        Database(memory).table("figures").insert_all(
            {
                "label": label,
                "year": table.year,
                "rule_set": RULE_SET.version,
                **figures.as_dict(),
                "basis": figures.basis("person_times_total"),
            }
            for label, figures in lines
        )
        memory.commit()
        return memory.serialize()


# Whatever writes a table to a file stands here: form → (media type, writer).
FILES: dict[str, tuple[str, Callable[[Table], bytes]]] = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
    "sqlite": ("application/vnd.sqlite3", as_sqlite),
}
