"""Any table as a file: XLSX, CSV, JSON, SQLite, of the same cells that its page shows."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from app.cells import WRITERS, Look
from app.models.rules import RULE_SET


@dataclass(frozen=True)
class Grid:
    """Lines under headings; ``name`` is the file's, ``told`` what is true of all of it."""

    name: str
    columns: tuple[tuple[str, str], ...]  # (name, heading)
    lines: tuple[tuple[Any, ...], ...]
    told: tuple[tuple[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """What its JSON holds; labels are the ledger's Chinese names."""
        names = [name for name, _ in self.columns]
        told = {"rule_set": RULE_SET.version, **dict(self.told)}
        return told | {"rows": [dict(zip(names, line, strict=True)) for line in self.lines]}


def _written(form: str, grid: Grid) -> bytes:
    memory = io.BytesIO()
    look = Look(
        sheet="".join(c for c in grid.name if c not in "[]:*?/\\")[:31],
        widths=(28, *(13 for _ in grid.columns)),
        numbers=((int, "#,##0"), (float, "#,##0.0")),
        fixed_columns=1,
    )
    WRITERS[form](memory, [heading for _, heading in grid.columns], grid.lines, look)
    return memory.getvalue()


def as_csv(grid: Grid) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read the Chinese."""
    return _written("csv", grid)


def as_xlsx(grid: Grid) -> bytes:
    return _written("xlsx", grid)


def as_json(grid: Grid) -> bytes:
    return json.dumps(grid.as_dict(), ensure_ascii=False).encode()


def as_sqlite(grid: Grid) -> bytes:
    """A database of one table, ``figures``, and what is true of all of it beside each line."""
    from sqlite_utils import Database  # here and not above: every worker would carry it for a file seldom asked for

    whole = grid.as_dict()
    rows = whole.pop("rows")
    with closing(sqlite3.connect(":memory:")) as memory:
        Database(memory).table("figures").insert_all({**row, **whole} for row in rows)
        memory.commit()
        return memory.serialize()


GRID_FILES: dict[str, tuple[str, Callable[[Grid], bytes]]] = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
    "sqlite": ("application/vnd.sqlite3", as_sqlite),
}
