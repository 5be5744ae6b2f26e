"""Sheets that are printed, signed and kept: the one place where a PDF is written.

A document is put together from headings, lines, facts, tables and places to
sign. Its font is embedded, the used characters alone, so that it looks the
same on every machine and its words can be searched and copied; a character
that the font lacks is printed as its number, so that no name loses one unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"
_NAME = "Noto Sans SC"
_BODY, _SMALL, _HEADING, _TITLE = 10, 8.5, 13, 18  # points
_LEADING = 1.5  # line height, of the size
_MARGIN = 15  # millimetres


class Paper:
    """An A4 document that is written from top to bottom; ``pdf()`` hands it over."""

    def __init__(self, title: str, made_at: datetime, landscape: bool = False, foot: str = "") -> None:
        """``made_at`` stands in the file as its date; ``foot`` on every page, before its number."""
        self._sheet = _sheet_class()(orientation="L" if landscape else "P", format="A4")
        self._sheet.add_font(_NAME, fname=FONT)
        self._sheet.foot, self._sheet.size_of_foot = _printable(foot), _SMALL
        self._sheet.set_title(_printable(title))
        self._sheet.set_lang("zh-CN")
        self._sheet.set_creation_date(made_at)
        self._sheet.set_margin(_MARGIN)
        self._sheet.set_draw_color(107, 132, 146)
        self._sheet.set_line_width(0.1)
        self._sheet.set_auto_page_break(True, margin=_MARGIN + 5)
        self._sheet.add_page()
        self._write(title, _TITLE)

    def heading(self, text: str) -> None:
        """The next part; with at least some lines of it on the same page."""
        if self._sheet.will_page_break(30):
            self._sheet.add_page()
        self._sheet.ln(3)
        self._write(text, _HEADING)

    def line(self, text: str, small: bool = False) -> None:
        """A paragraph."""
        self._write(text, _SMALL if small else _BODY)

    def facts(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Names and values, one line each."""
        for name, value in pairs:
            self._write(f"{name}：{_shown(value)}", _BODY)

    def table(
        self, header: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[float] = (), small: bool = False
    ) -> None:
        """Numbers stand right, texts left; the header comes again on each page. ``widths``: shares of the breadth."""
        lines = [tuple(row) for row in rows]
        right = [
            all(_is_number(row[place]) or row[place] in (None, "") for row in lines) and bool(lines) and place > 0
            for place in range(len(header))
        ]
        size = _SMALL if small else _BODY
        self._sheet.set_font(_NAME, size=size)
        with self._sheet.table(
            col_widths=tuple(widths) or None,
            text_align=tuple("RIGHT" if number else "LEFT" for number in right),
            borders_layout="HORIZONTAL_LINES",
            headings_style=_sheet_class().plain(),
            line_height=_height(size),
            padding=(0.6, 1),
            wrapmode="CHAR",
        ) as table:
            for row in (tuple(header), *lines):
                table.row(tuple(_shown(value) for value in row))
        self._sheet.ln(2)

    def signatures(self, places: Sequence[str]) -> None:
        """A line to sign and date for each, and the place of the seal; never cut from one another by a page's end."""
        if self._sheet.will_page_break(14 * len(places) + 6):
            self._sheet.add_page()
        for place in places:
            self._sheet.ln(5)
            self._write(f"{place}：______________________    日期：____________", _BODY)

    def pdf(self) -> bytes:
        """The whole file."""
        return bytes(self._sheet.output())

    def _write(self, text: str, size: float) -> None:
        self._sheet.set_font(_NAME, size=size)
        self._sheet.multi_cell(
            0, _height(size), _printable(text), align="LEFT", wrapmode="CHAR", new_x="LMARGIN", new_y="NEXT"
        )


@cache
def _sheet_class() -> Any:
    # Here and not above: the library and what it brings take 30 MB that a worker seldom needs.
    from fpdf import FPDF
    from fpdf.fonts import FontFace

    class Sheet(FPDF):
        foot = ""
        size_of_foot: float = 0

        def footer(self) -> None:
            self.set_y(-_MARGIN)
            self.set_font(_NAME, size=self.size_of_foot)
            self.cell(0, 5, f"{self.foot}{'　' if self.foot else ''}第 {self.page_no()} 页，共 {{nb}} 页", align="R")

        @staticmethod
        def plain() -> FontFace:
            return FontFace(emphasis="", fill_color=(227, 239, 245))

    return Sheet


@cache
def _drawn() -> Callable[[int], bool]:
    from fontTools.ttLib import TTFont

    with TTFont(FONT, lazy=True) as font:
        return frozenset(font.getBestCmap()).__contains__


def _printable(text: str) -> str:
    """The same text; what the font has no shape for becomes its number, control characters a blank."""
    drawn = _drawn()
    return "".join(
        mark if drawn(ord(mark)) or mark == "\n" else " " if ord(mark) < 32 else f"[U+{ord(mark):X}]" for mark in text
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,}" if value != int(value) else f"{int(value):,}"
    return _printable(str(value))


def _is_number(value: Any) -> bool:
    """A number, or two as a range."""
    if isinstance(value, str):
        return bool(value) and not value.strip("0123456789,.–")
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _height(size: float) -> float:
    return size * _LEADING * 25.4 / 72
