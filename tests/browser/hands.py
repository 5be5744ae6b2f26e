"""Two ways to run an errand: by keyboard alone, and by pointer on a browser that runs no script.

An errand is written once and says what is pressed and filled by its words; `Keys` and `Pointer` do it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Download, Locator, Page

# Where the focus is after a press: whether it shows, by how much, and what it is called.
FOCUS = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  const shown = getComputedStyle(e).opacity === "0" ? e.nextElementSibling : e, style = getComputedStyle(shown);
  const near = (side) => Math.min(side, 40) / 2;
  const middle = document.elementFromPoint(box.left + near(box.width), box.top + near(box.height));
  return {
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inView: box.top >= 0 && Math.min(box.bottom, box.top + 30) <= innerHeight + 1 && box.height > 0,
    covered: !!middle && !e.contains(middle) && !middle.contains(e) && e !== shown.previousElementSibling,
    what: e.tagName + " " + (e.name || "") + " " + e.textContent.trim().slice(0, 20),
    field: e.matches("input, select, textarea"),
    words: (e.labels && e.labels[0] || e).textContent.trim(),
    kind: e.type || e.tagName,
  };
}"""


class Pointer:
    """Presses and fills what is there, as a phone without scripts would."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def read(self) -> None:
        """A new page is there."""

    def go(self, words: str) -> None:
        """Press the link or button that says this."""
        link = self.page.get_by_role("link", name=re.compile(words))
        link.or_(self.page.get_by_role("button", name=re.compile(words))).first.click()

    def labelled(self, words: str) -> Locator:
        return self.page.get_by_label(re.compile(words.replace("^", r"^\s*"))).first

    def fill(self, label: str, words: str) -> None:
        self.labelled(label).fill(words)

    def choose(self, label: str, option: str) -> None:
        self.labelled(label).select_option(label=option)

    def tick(self, label: str) -> None:
        name = re.compile(label)
        self.page.get_by_role("radio", name=name).or_(self.page.get_by_role("checkbox", name=name)).first.check()

    def unfold(self, words: str) -> None:
        self.page.locator("summary", has_text=words).first.click()

    def fetch(self, words: str) -> Download:
        with self.page.expect_download() as coming:
            self.go(words)
        return coming.value


class Keys:
    """Tab, Enter, Space, arrows and letters. Whatever has the focus on the way must show it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses: list[str] = []

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.presses.append(key)

    def read(self) -> None:
        """The first Tab of a page finds the way past the menu, unless its address leads past it already."""
        if not self.page.url.endswith("#main"):
            self.to("^跳到正文$", most=1)
            self.press("Enter")

    def to(self, words: str, most: int = 80, field: bool = False) -> dict[str, Any]:
        """Tab until a field, or something else, of these words has the focus."""
        for _ in range(most):
            self.press("Tab")
            seen: dict[str, Any] = self.page.evaluate(FOCUS)
            if seen["what"].startswith("BODY"):
                break
            assert seen["ring"], f"no ring at {seen['what']}"
            assert seen["inView"], f"out of view: {seen['what']}"
            assert not seen["covered"], f"covered: {seen['what']}"
            if seen["field"] == field and re.search(words, seen["words"]):
                return seen
        raise AssertionError(f"{words} cannot be reached by Tab, the last was {seen}")

    def go(self, words: str) -> None:
        self.to(words)
        self.enter()

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.press("Enter")

    def fill(self, label: str, words: str) -> None:
        seen = self.to(label, field=True)
        if seen["kind"] in ("date", "time"):
            self._fill_parts(words)
        else:
            self.page.keyboard.insert_text(words)

    def _fill_parts(self, words: str) -> None:
        """A date or time of the browser's own: digits in the order of the browser's country, whichever that is."""
        parts = re.split(r"[-:]", words)
        for order in (parts, [*parts[1:], parts[0]]):
            for part in order:
                self.page.keyboard.type(part)
                if len(part) == 4 and part is not order[-1]:
                    self.press("ArrowRight")
            typed = self.page.evaluate("document.activeElement.value")
            if typed == words:
                return
            for _ in parts:
                self.press("ArrowLeft")
        raise AssertionError(f"{words} became {typed}")

    def choose(self, label: str, option: str) -> None:
        self.to(label, field=True)
        for _ in range(60):
            if self.page.evaluate("document.activeElement.selectedOptions[0].label") == option:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{option} cannot be chosen by the arrows")

    def tick(self, label: str) -> None:
        self.to(label, field=True)
        if not self.page.evaluate("document.activeElement.checked"):
            self.press("Space")

    def unfold(self, words: str) -> None:
        self.to(words)
        self.press("Enter")

    def fetch(self, words: str) -> Download:
        self.to(words)
        with self.page.expect_download() as coming:
            self.press("Enter")
        return coming.value


@cache
def stops_script() -> str:
    return (Path(__file__).resolve().parent / "stops.js").read_text("utf-8")


def walked(page: Page) -> list[str]:
    """Tab through a whole page: what is out of order, without a ring, or never reached. One line each."""
    wrong: list[str] = page.evaluate(stops_script())
    for _ in range(10):  # a date has several stops of its own
        for _ in range(page.evaluate("stops.left()")):
            page.keyboard.press("Tab")
        if not page.evaluate("stops.left()"):
            break
    return wrong + page.evaluate("stops.wrong()")
