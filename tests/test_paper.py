"""Printed sheets: every word can be copied again, no name loses a character, the font travels inside."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pypdf

from app.paper import FONT, Paper

MADE_AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
RARE = ("演示㛃", "演示𬭎", "演示䶮", "演示鿏", "𠀀演示")  # the last one is in no font of ours


def a_sheet(rows: int = 3, **options) -> Paper:
    paper = Paper("2025 年培训统计", MADE_AT, **options)
    paper.facts([("制定机关", "演示教育局"), ("人数", 12345)])
    paper.heading("按机构")
    paper.table(["机构", "人数", "学时"], [(f"演示机构{n}", n * 1000, Decimal("1.5")) for n in range(rows)], (3, 1, 1))
    return paper


def read(paper: Paper) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(paper.pdf()))


def words(paper: Paper) -> str:
    return "\n".join(page.extract_text() for page in read(paper).pages)


def test_what_was_written_can_be_copied_again():
    text = words(a_sheet(foot="工作台账"))
    for expected in (
        "2025 年培训统计",
        "制定机关：演示教育局",
        "人数：12,345",
        "按机构",
        "演示机构2 2,000 1.5",
        "工作台账",
    ):
        assert expected in text, expected


def test_rare_surnames_are_printed_and_what_no_font_has_is_told_by_its_number():
    paper = Paper("名册", MADE_AT)
    paper.table(["姓名"], [(name,) for name in RARE])
    paper.line("\0" + RARE[1])
    text = words(paper)
    assert [name for name in RARE[:4] if name not in text] == []
    assert "[U+20000]演示" in text and "𠀀" not in text
    assert text.count(RARE[1]) == 2


def test_only_the_used_part_of_the_font_travels():
    content = a_sheet().pdf()
    fonts = [
        font.get_object()
        for page in pypdf.PdfReader(io.BytesIO(content)).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index, union-attr]
    ]
    embedded = [f["/DescendantFonts"][0].get_object()["/FontDescriptor"]["/FontFile2"].get_data() for f in fonts]
    assert embedded and all(len(data) > 1_000 for data in embedded)
    assert len(content) < 60_000 < FONT.stat().st_size


def test_a_long_table_says_its_header_on_every_page_and_every_page_its_number():
    reader = read(a_sheet(rows=90))
    count = len(reader.pages)
    assert count > 2
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        assert "机构 人数 学时" in text
        assert f"第 {number} 页，共 {count} 页" in text


def test_places_to_sign_stand_together():
    paper = a_sheet(rows=26)
    paper.signatures(["填表人", "审核人", "单位负责人"])
    pages = [page.extract_text() for page in read(paper).pages]
    assert ["填表人：" in text for text in pages] == ["单位负责人：" in text for text in pages]
    assert any("审核人：___" in text and "日期：" in text for text in pages)


def test_the_file_says_what_it_is_and_when_it_was_made():
    reader = read(a_sheet())
    assert reader.metadata is not None and reader.metadata.title == "2025 年培训统计"
    assert reader.metadata.creation_date == MADE_AT
    assert reader.trailer["/Root"]["/Lang"] == "zh-CN"  # type: ignore[index]
