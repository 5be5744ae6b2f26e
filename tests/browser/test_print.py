"""On paper: A4, letters of 12 points, words and figures, no furniture."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.server import Live

POINT = 96 / 72
SHEETS = [
    ("public.offering", {"offering_id": "offering:free"}, ""),
    ("bureau.year_page", {"year": "year:last"}, "bureau"),
    ("provider.roster", {"offering_id": "offering:today"}, "clerk"),
]
# Whatever is on the sheet: its smallest letters, what juts out, what can only be pressed.
SEEN = """() => {
  const hidden = e => !e.checkVisibility() || e.closest(".hidden-words");
  const shown = [...document.querySelectorAll("body *")].filter(e => !hidden(e));
  const worded = shown.filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  const words = e => e.tagName + " " + e.textContent.trim().slice(0, 20);
  const box = e => e.getBoundingClientRect();
  return {
    body: parseFloat(getComputedStyle(document.body).fontSize),
    smallest: Math.min(...worded.map(e => parseFloat(getComputedStyle(e).fontSize))),
    out: worded.filter(e => box(e).width > 1 && box(e).right > innerWidth + 1).map(words),
    furniture: shown.filter(e => e.matches("button, .button, header nav, footer, .skip, input, select")).map(words),
  };
}"""


@pytest.mark.parametrize(("endpoint", "things", "who"), SHEETS, ids=[sheet[0] for sheet in SHEETS])
def test_a_page_is_fit_for_paper(live: Live, chrome: Browser, endpoint, things, who):
    paper = {"width": round((210 - 28) / 25.4 * 96), "height": 1000}  # A4 within the margins of the stylesheet
    context = live.visit(chrome, who, viewport=paper)
    page = context.new_page()
    page.goto(live.path(endpoint, things))
    page.emulate_media(media="print")
    seen = page.evaluate(SEEN)
    assert seen["body"] >= 12 * POINT - 0.01
    assert seen["smallest"] >= 10 * POINT - 0.01
    assert seen["out"] == []
    assert seen["furniture"] == []
    sheet = page.pdf(prefer_css_page_size=True)
    sizes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", sheet))
    assert {(round(float(w)), round(float(h))) for w, h in sizes} == {(595, 842)} or sizes == {
        (b"594.95996", b"841.91998")
    }
    assert 1 <= len(re.findall(rb"/Type /Page\b", sheet)) <= 6
    context.close()
