"""Tables as files that people open in a spreadsheet: the one place where such a file is written.

No text of ours may run there as a formula, and no number that is a name (a
mobile, a document) may turn into 2.2E+17. In a workbook every text is a text
cell, whatever it begins with. In separated values there are no kinds of
cells: an apostrophe in front keeps a text a text, and reading takes it off
again, so that a file that goes out comes back as it was.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter

Rows = Iterable[Sequence[Any]]

# What a spreadsheet takes for a formula (full-width too, under a Chinese locale), and the apostrophe itself.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")
# What it takes for a number that it cannot keep: leading noughts, and more digits than a float holds well.
_LONG_NUMBER = re.compile(r"0\d+|\d{11,}|\d+[eE]\d+", re.ASCII)


@dataclass(frozen=True)
class Look:
    """How a workbook's sheet looks. ``widths`` in characters; ``numbers``: format by type of cell."""

    sheet: str
    widths: Sequence[int] = ()
    text_columns: frozenset[int] = frozenset()  # cells that are filled in later stay text as well
    numbers: tuple[tuple[type, str], ...] = ()
    fixed_columns: int = 0  # bold, and in sight while the rest is scrolled
    above: tuple[str, ...] = ()  # lines over the header of a workbook: what the table is, and by whose order


def harmless(value: Any) -> Any:
    """The same value; text that a spreadsheet would take for something else gets an apostrophe in front, NUL goes."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if _needs_mark(text) else text


def unmarked(cell: str) -> str:
    """The text that ``harmless`` was given."""
    return cell[1:] if cell.startswith("'") and _needs_mark(cell[1:]) else cell


def _needs_mark(text: str) -> bool:
    return text.startswith(_STARTS) or _LONG_NUMBER.fullmatch(text) is not None


def write_workbook(file: IO[bytes], header: Sequence[str], rows: Rows, look: Look) -> int:
    """Rows of text and plain numbers as a workbook of one sheet; how many.

    A file on disk is written row by row in constant memory, with its parts
    beside it; what goes to a browser never touches a disk in clear.
    """
    on_disk = isinstance(getattr(file, "name", None), str)
    options: dict[str, Any] = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    if on_disk:
        options |= {"constant_memory": True, "tmpdir": str(Path(file.name).resolve().parent)}
    else:
        options |= {"in_memory": True}
    with xlsxwriter.Workbook(file, options) as book:
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
        formats = {kind: book.add_format({"num_format": form}) for kind, form in look.numbers}
        sheet = book.add_worksheet(look.sheet)
        top = len(look.above)
        sheet.freeze_panes(top + 1, look.fixed_columns)
        for place, line in enumerate(look.above):
            sheet.write_string(place, 0, _whole(line), text)
        for place, name in enumerate(header):
            width = look.widths[place] if place < len(look.widths) else 12
            sheet.set_column(place, place, width, text if place in look.text_columns else None)
            sheet.write_string(top, place, _whole(name), bold)
        count = 0
        for count, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                if isinstance(value, int | float | Decimal):
                    sheet.write_number(top + count, place, float(value), formats.get(type(value)))
                elif value:
                    sheet.write_string(top + count, place, _whole(value), bold if place < look.fixed_columns else text)
    return count


def write_separated(file: IO[bytes], header: Sequence[str], rows: Rows, look: Look | None = None) -> int:
    """The same as separated values, UTF-8 with the mark by which spreadsheets know it; how many rows."""
    out = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([harmless(name) for name in header])
    count = 0
    for row in rows:
        count += 1
        writer.writerow([_plain(value) for value in row])
    out.flush()
    out.detach()
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value if isinstance(value, int | float) else harmless(_whole(value))


def _whole(value: Any) -> str:
    return "" if value is None else str(value).replace("\0", "")


# Whatever writes such a file stands here: its ending → writer.
WRITERS: dict[str, Callable[[IO[bytes], Sequence[str], Rows, Look], int]] = {
    "xlsx": write_workbook,
    "csv": write_separated,
}
