"""A year on paper: the tables of its page in one PDF, with places to sign."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.clock import civil
from app.counts.checks import sums
from app.counts.files import BASES, BY, CITY, HEADINGS
from app.counts.official import SIGNERS, WORKING_RECORD, OfficialHeader
from app.counts.year import Figures, Row, Year
from app.models.rules import RULE_SET
from app.paper import Paper

_COLUMNS = tuple(name for name in HEADINGS if name != "persons_max")
_WIDTHS = (3.2, *(1.2 for _ in _COLUMNS), 1.1)


def year_as_pdf(year: Year, made_at: datetime, header: OfficialHeader = WORKING_RECORD) -> bytes:
    """All tables of a year as they stood at ``made_at``; persons as low–high where pairs are undecided (R20)."""
    paper = Paper(f"{year.year} 年培训统计", made_at, landscape=True, foot=f"{year.year} 年培训统计")
    for line in header.lines():
        paper.line(line)
    paper.line(
        f"打印于 {civil(made_at):%Y-%m-%d %H:%M}。口径：到过一次课计一人次，一人在一个班只计一次，归到首次到课的那一年"
        f"（规则 R1、R3、R7）；人数去重（R6、R20）；学时归上课的月份，结业、取证归各自的日期（R9）；"
        f"不足 {RULE_SET.min_planned_hours} 学时的活动不计（R15）。规则 {RULE_SET.version} 版。",
        small=True,
    )
    _remarks(paper, year)
    for by, rows in year.tables.items():
        if rows:
            paper.heading(f"按{BY[by]}")
            _table(paper, BY[by], rows, year.total)
            paper.line(_adds_up(year, by), small=True)
    if year.activities:
        paper.heading("活动（不计培训）")
        _table(paper, BY["category"], year.activities, year.all_activities)
    paper.signatures(SIGNERS)
    return paper.pdf()


def _remarks(paper: Paper, year: Year) -> None:
    city, books = year.total, year.books
    if city.persons != city.persons_max:
        paper.line(
            "人数写成“少–多”：疑似重复的记录还没有判定，少的把每一对当一个人，多的当两个人（规则 R20）。", small=True
        )
    if city.group_headcount:
        paper.line(
            f"集体来的人没有名字，不计入人数；连同他们，人数在 {city.persons:,} 到 {city.persons_with_nameless:,} 之间"
            "（规则 R14）。",
            small=True,
        )
    if books.persons_max:
        paper.line(
            f"老年教育在册 {_range(books.persons, books.persons_max)} 人，其中到课 "
            f"{_range(books.attended, books.attended_max)} 人（规则 R1、R8）。",
            small=True,
        )


def _table(paper: Paper, name: str, rows: Iterable[Row], total: Figures) -> None:
    lines = [(row.label, row.figures) for row in rows] + [(CITY, total)]
    paper.table(
        (name, *(HEADINGS[column] for column in _COLUMNS), "依据"),
        [(label, *_cells(figures), BASES[figures.basis("person_times_total")]) for label, figures in lines],
        _WIDTHS,
        small=True,
    )


def _cells(figures: Figures) -> list[Any]:
    values = figures.as_dict() | {"persons": _range(figures.persons, figures.persons_max)}
    return [values[column] for column in _COLUMNS]


def _range(low: int, high: int) -> int | str:
    return low if low == high else f"{low:,}–{high:,}"


def _adds_up(year: Year, by: str) -> str:
    found = sums(year, by)
    if found.differs:
        return "不相加：" + "、".join(HEADINGS[measure] for measure in found.differs)
    persons = (
        "人数各行之和也等于全市。" if found.persons_add_up else f"人数不相加：一人可在两行，多 {found.persons:,} 人。"
    )
    return "相加：人次、集体人数、人次合计、结业、取证各行之和等于全市。" + persons
