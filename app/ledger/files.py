"""Ledger files: workbooks (.xlsx, .xls) and separated values (.csv, .tsv in UTF-8 or GB18030), row by row."""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, TypeVar

from app.cells import unmarked
from app.ledger.cells import as_text
from app.ledger.columns import SEARCHED_ROWS, Header, header_missing, looks_like_header
from app.refusal import N_, Refusal

Rows = Iterator[tuple[int, Sequence[str]]]
_T = TypeVar("_T")
SUFFIXES = (".xlsx", ".xls", ".csv", ".tsv")
MOST_UNPACKED = 1 << 30  # a workbook of 200,000 rows unpacks to 250 MB; a bomb to more than this
LARGE_SHEET = 16 << 20  # beyond it a sheet is read in pieces: at once, it costs eight times its size in memory
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Ledger:
    """An opened ledger: its header, and its rows (number as the spreadsheet shows it, cells in our order).

    Raises ``file-kind``, ``file-unreadable``, ``header-missing`` or
    ``column-twice`` while opening, ``file-unreadable`` while reading on.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        best: list[str] = []
        for sheet in _sound(_sheets(file, name)):
            rows = _sound(sheet)
            for number, cells in itertools.islice(rows, SEARCHED_ROWS):
                if not looks_like_header(cells):
                    continue
                header = Header(cells)
                if not header.missing:
                    self.header, self.header_row, self._rows = header, number, rows
                    return
                best = best or header.missing
        raise header_missing(best)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row below the header that is not blank."""
        for number, cells in self._rows:
            picked = self.header.pick(cells)
            if any(cell and not cell.isspace() for cell in picked):
                yield number, picked


def _sheets(file: IO[bytes], name: str) -> Iterator[Rows]:
    start = file.read(8)
    file.seek(0)
    suffix = name.lower()[name.rfind(".") :] if "." in name else ""
    if suffix not in SUFFIXES:
        raise Refusal("file-kind", N_("只收 .xlsx、.xls、.csv 或 .tsv 文件，请另存为其中一种再上传。"))
    if start.startswith(_ZIP) or start == _OLE:
        return _workbook_sheets(file, start)
    if suffix in (".xlsx", ".xls"):
        raise unreadable()
    return iter([_separated(file, suffix)])


def _workbook_sheets(file: IO[bytes], start: bytes) -> Iterator[Rows]:
    if start.startswith(_ZIP) and _largest_part(file) > LARGE_SHEET:
        return _streamed_sheets(file)
    return _quick_sheets(file)


def _largest_part(file: IO[bytes]) -> int:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = [part.file_size for part in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise unreadable() from error
    finally:
        file.seek(0)
    if sum(sizes) > MOST_UNPACKED:
        raise Refusal("file-too-large", N_("文件解开后太大。请把台账分成几个文件再上传。"))
    return max(sizes, default=0)


def _quick_sheets(file: IO[bytes]) -> Iterator[Rows]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(file)
    for index in range(len(book.sheet_names)):
        yield _numbered([book.get_sheet_by_index(index)])


def _streamed_sheets(file: IO[bytes]) -> Iterator[Rows]:
    from app.ledger.large_sheets import sheets_in_pieces

    return (_numbered(pieces) for pieces in sheets_in_pieces(file))


def _numbered(pieces: Iterable[Any]) -> Rows:
    """Rows as the spreadsheet numbers them: calamine's begin where the first cell is."""
    for sheet in pieces:
        if sheet.start is None:
            continue
        row, column = sheet.start
        ahead = [""] * column
        for number, cells in enumerate(
            sheet.to_python(), start=row + 1
        ):  # iter_rows gives empty rows above, not columns
            yield number, ahead + [as_text(cell) for cell in cells]


def _separated(file: IO[bytes], suffix: str) -> Rows:
    text = io.TextIOWrapper(file, encoding=_encoding(file), newline="")
    head = text.read(4096).partition("\n")[0]
    text.seek(0)
    tabs = suffix == ".tsv" or head.count("\t") > head.count(",")
    reader = csv.reader(text, delimiter="\t" if tabs else ",")
    try:
        while (cells := next(reader, None)) is not None:
            # A quoted cell may hold a line break; people look for the line on which a row ends.
            yield reader.line_num, [unmarked(cell) for cell in cells]
    finally:
        text.detach()


def _encoding(file: IO[bytes]) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            while decoder.read(1 << 20):
                pass
        except UnicodeDecodeError:
            continue
        finally:
            decoder.detach()
            file.seek(0)
        return encoding
    raise Refusal("file-encoding", N_("文件的文字编码读不出。请另存为 .xlsx，或另存为 UTF-8 编码的 .csv。"))


def _sound(things: Iterator[_T]) -> Iterator[_T]:
    """The same sheets or rows; whatever a broken file throws becomes one refusal."""
    try:
        yield from things
    except Refusal:
        raise
    except Exception as error:  # readers of foreign formats throw anything
        raise unreadable() from error


def unreadable() -> Refusal:
    return Refusal("file-unreadable", N_("文件打不开，可能损坏或加了密码。请在表格软件里打开，另存为 .xlsx 再上传。"))
