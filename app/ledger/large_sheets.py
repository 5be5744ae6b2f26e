"""The sheets of a large workbook, a few thousand rows at a time.

Calamine holds what it reads: a sheet of 200 MB would cost it a gigabyte. Cut
between two rows and handed over piece by piece, each a small workbook with
the same strings and formats, a sheet reads the same and costs one piece.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from python_calamine import CalamineWorkbook

PIECE = 6 << 20  # bytes of a sheet at once: about 6,000 rows
_MOST_BETWEEN_ROWS = 16 * PIECE  # more than that without the end of a row is no sheet
_SHARED = re.compile(r"[^/]+|_rels/[^/]+|xl/(_rels/)?[^/]+")  # strings, formats, what belongs together
_BEGINNING = re.compile(rb"<(\w+:)?worksheet[\s>]")
_ROWS_BEGIN = re.compile(rb"<(?:\w+:)?sheetData\s*>")
_DIMENSION = re.compile(rb"<(?:\w+:)?dimension[^>]*/>")  # of the whole sheet: room for it would be kept for each piece
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^>]*)>")
_PROBE = b'<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>%d</v></c></row></sheetData></worksheet>'


class NoSheet(ValueError):
    """A part that calls itself a worksheet has no rows where they belong."""


def sheets_in_pieces(file: IO[bytes]) -> Iterator[Iterator[Any]]:
    """Calamine's sheets for each worksheet of an .xlsx in its order: the pieces, from the top.

    Raises NoSheet, or whatever zipfile and calamine throw at a broken file.
    """
    archive = zipfile.ZipFile(file)
    sheets = [name for name in archive.namelist() if name.endswith(".xml") and _is_sheet(archive, name)]
    shared = {name: archive.read(name) for name in archive.namelist() if _SHARED.fullmatch(name)}
    # Which part is which sheet is said far away; with a number in each, calamine says it itself.
    probe = _book(shared, {name: _PROBE % place for place, name in enumerate(sheets)})
    for index in range(len(probe.sheet_names)):
        rows = probe.get_sheet_by_index(index).to_python()
        if rows:
            yield _pieces(archive, shared, sheets, int(str(rows[0][0])), index)


def _is_sheet(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as part:
        return _BEGINNING.search(part.read(4096)) is not None


def _pieces(
    archive: zipfile.ZipFile, shared: dict[str, bytes], sheets: list[str], place: int, index: int
) -> Iterator[Any]:
    empty = dict.fromkeys(sheets, b"<worksheet><sheetData/></worksheet>")
    with archive.open(sheets[place]) as part:
        for piece in _cut(part):
            yield _book(shared, empty | {sheets[place]: piece}).get_sheet_by_index(index)


def _cut(part: IO[bytes]) -> Iterator[bytes]:
    """The sheet's XML as whole sheets of some rows each."""
    begin, rest = _beginning(part)
    if rest is None:
        yield begin
        return
    tag = _BEGINNING.search(begin)
    prefix = (tag and tag[1]) or b""
    row_ends = b"</%srow>" % prefix
    end = b"</%ssheetData></%sworksheet>" % (prefix, prefix)
    seen = 0
    while more := part.read(PIECE):
        rest += more
        cut = rest.rfind(row_ends) + len(row_ends)
        if cut < len(row_ends):
            if len(rest) > _MOST_BETWEEN_ROWS:
                raise NoSheet
            continue
        rows, rest = _numbered(rest[:cut], seen), rest[cut:]
        seen += len(_ROW.findall(rows))
        yield begin + rows + end
    yield begin + _numbered(rest, seen)


def _beginning(part: IO[bytes]) -> tuple[bytes, bytes | None]:
    """Up to the first row, and what was read of the rows (None: the sheet has none)."""
    head = b""
    while more := part.read(1 << 16):
        head += more
        if found := _ROWS_BEGIN.search(head):
            return _DIMENSION.sub(b"", head[: found.end()]), head[found.end() :]
        if len(head) > _MOST_BETWEEN_ROWS:
            raise NoSheet
    return head, None


def _numbered(rows: bytes, seen: int) -> bytes:
    """Some programs leave the numbers of rows to be counted: the first of a piece must say its own."""
    first = _ROW.search(rows)
    if not seen or first is None or b' r="' in first[1]:
        return rows
    return rows[: first.start(1)] + b' r="%d"' % (seen + 1) + rows[first.start(1) :]


def _book(shared: dict[str, bytes], sheets: dict[str, bytes]) -> CalamineWorkbook:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (shared | sheets).items():
            archive.writestr(name, content)
    memory.seek(0)
    return CalamineWorkbook.from_filelike(memory)
