"""Pictures are drawn from the table before them: no figure of their own, nothing lost without a script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.server import Live

BARS, MAP = "#by-category figure", "#by-division figure"
# Where each bar of a picture ends, as a share of the breadth: its row's middle is looked at, half a bar deep.
LENGTHS = """(figure) => {
  const canvas = figure.querySelector("canvas"), pen = canvas.getContext("2d");
  const rows = document.getElementById(figure.dataset.of).tBodies[0].rows.length, deep = canvas.height / rows;
  const size = parseFloat(getComputedStyle(figure).fontSize) * devicePixelRatio;
  return Array.from({ length: rows }, (_, row) => {
    const y = Math.round(deep * row + deep / 2 + size * 0.75);
    const line = pen.getImageData(0, y, canvas.width, 1).data;
    let last = 0;
    for (let x = 6; x < canvas.width; x++) if (line[4 * x + 3] > 128 && line[4 * x] < 128) last = x;
    return last / canvas.width;
  });
}"""
# The colours that cover most of a picture, with how often each stands.
COLOURS = """(figure) => {
  const canvas = figure.querySelector("canvas"), found = {};
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] !== 255) continue;
    const colour = [data[i], data[i + 1], data[i + 2]].join();
    found[colour] = (found[colour] || 0) + 1;
  }
  return found;
}"""


def open_year(live: Live, chrome: Browser, width: int = 1280, large: bool = False, **options) -> Page:
    context = live.visit(chrome, "bureau", large, viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.noise = []  # type: ignore[attr-defined]
    page.on("console", lambda said: page.noise.append(said.text) if said.type == "error" else None)  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.noise.append(str(error)))  # type: ignore[attr-defined]
    page.goto(live.path("bureau.year_page", {"year": "year:last"}))
    return page


def drawn(page: Page) -> Page:
    for picture in (BARS, MAP):
        page.locator(f"{picture} canvas").wait_for()
    return page


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    def light(colour: tuple[int, ...]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def colours(page: Page, picture: str) -> list[tuple[int, ...]]:
    found = page.locator(picture).evaluate(COLOURS)
    return [tuple(map(int, key.split(","))) for key in sorted(found, key=found.get, reverse=True)]


def test_bars_are_as_long_as_the_table_says(live: Live, chrome: Browser):
    page = drawn(open_year(live, chrome))
    lengths = page.locator(BARS).evaluate(LENGTHS)
    totals = page.locator("#table-category tbody tr td:nth-child(5)").all_inner_texts()
    figures = [int(re.sub(r"\D.*", "", text.replace(",", ""), flags=re.DOTALL)) for text in totals]
    assert len(figures) == 7 and max(figures) > 100
    for length, figure in zip(lengths, figures, strict=True):
        assert length == pytest.approx(figure / max(figures), abs=0.02)
    assert page.noise == []  # type: ignore[attr-defined]
    page.context.close()


def test_a_picture_follows_its_table_and_nothing_else(live: Live, chrome: Browser):
    page = drawn(open_year(live, chrome))
    for column in (3, 5):
        page.locator(f"#table-category tbody tr:first-child > :nth-child({column})").evaluate(
            "e => e.textContent = '116'"
        )
    page.set_viewport_size({"width": 1000, "height": 900})
    page.wait_for_timeout(600)
    assert page.locator(BARS).evaluate(LENGTHS)[0] > 0.97
    page.context.close()


def test_without_scripts_the_tables_stand_alone(live: Live, chrome: Browser):
    page = open_year(live, chrome, java_script_enabled=False)
    assert page.locator("table").count() >= 4
    assert page.locator("figure:visible, [data-save]:visible").count() == 0
    page.context.close()


@pytest.mark.parametrize("picture", [BARS, MAP])
def test_a_picture_is_kept_as_png(live: Live, chrome: Browser, tmp_path: Path, picture):
    page = drawn(open_year(live, chrome, width=360))
    with page.expect_download() as kept:
        page.locator(f"{picture} [data-save]").click()
    assert re.fullmatch(r"\d{4}-(category|division)\.png", kept.value.suggested_filename)
    kept.value.save_as(tmp_path / "kept.png")
    content = (tmp_path / "kept.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 8_000
    assert int.from_bytes(content[16:20]) == 1200, "the same on every screen"
    assert page.noise == []  # type: ignore[attr-defined]
    page.context.close()


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("large", [False, True])
def test_a_picture_fits_its_page(live: Live, chrome: Browser, width, large):
    page = drawn(open_year(live, chrome, width, large))
    for picture in (BARS, MAP):
        canvas, around = (page.locator(f"{picture} {part}").bounding_box() for part in ("canvas", ".drawing"))
        assert canvas and around and abs(canvas["width"] - around["width"]) < 1
        assert abs(canvas["height"] - around["height"]) < 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    numbered = page.locator(f"{MAP} ol li").all_inner_texts()
    assert len(numbered) == (9 if width == 320 else 0), "what has no room on the map stands beneath it"
    there = page.locator("#table-division [data-key='220204'] td:nth-child(5)").inner_text().split()[0]
    assert width != 320 or numbered[2] == f"船营区 {there}"
    page.context.close()


def test_marks_and_words_stand_out(live: Live, chrome: Browser):
    page = drawn(open_year(live, chrome))
    tokens = ("--ink", "--river", "--paper", "--tint", "--picture-2", "--picture-3")
    read = "(f, name) => getComputedStyle(f).getPropertyValue(name).trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3')"
    ink, river, paper, *tints = (tuple(bytes.fromhex(page.locator(BARS).evaluate(read, name)[1:])) for name in tokens)
    assert colours(page, BARS)[0] == river and contrast(river, paper) >= 3
    on_the_map = colours(page, MAP)
    assert on_the_map[0] == paper and tints[-1] in on_the_map[:3] and ink in on_the_map[:4]
    for ground in (paper, *tints):
        assert contrast(ink, ground) >= 7, "names and figures"
    for darker, lighter in zip(tints[1:], tints, strict=False):
        assert contrast(darker, lighter) > 1.05
    page.context.close()


def test_a_reader_who_chose_colours_gets_them(live: Live, chrome: Browser):
    page = drawn(open_year(live, chrome, forced_colors="active", color_scheme="dark"))
    for picture in (BARS, MAP):
        mark = colours(page, picture)[0]
        assert contrast(mark, (0, 0, 0)) >= 3 or mark == (0, 0, 0)
        assert any(contrast(colour, (0, 0, 0)) >= 7 for colour in colours(page, picture)[:4])
    page.context.close()


def test_pictures_are_printed_whole(live: Live, chrome: Browser):
    page = drawn(open_year(live, chrome))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})
    page.wait_for_timeout(600)
    for picture in (BARS, MAP):
        canvas, around = (page.locator(f"{picture} {part}").bounding_box() for part in ("canvas", ".drawing"))
        assert canvas and around and canvas["x"] + canvas["width"] <= 688
        assert around["height"] >= canvas["height"] - 1, "nothing lies under it"
    assert page.locator("[data-save]:visible").count() == 0
    page.context.close()


def test_targets_are_drawn_with_their_lines(live: Live, chrome: Browser):
    context = live.visit(chrome, "bureau", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(live.path("bureau.targets"))
    page.locator("figure canvas").wait_for()
    assert page.locator("#table-targets [data-shares]").count() >= 3
    warm = bytes.fromhex(page.locator("figure").evaluate(
        "f => getComputedStyle(f).getPropertyValue('--lantern').trim().slice(1)"))  # fmt: skip
    assert tuple(warm) in colours(page, "figure") and contrast(tuple(warm), (255, 255, 255)) >= 3
    with page.expect_download() as kept:
        page.locator("figure [data-save]").click()
    assert kept.value.suggested_filename.endswith("-targets.png")
    context.close()
