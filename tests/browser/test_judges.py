"""The judges of the looks find what they are there for: each fault, planted into a good page, is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.hands import walked
from tests.browser.server import Live
from tests.browser.test_looks import NARROWEST, doubled, script

ROLL = ("trainer.lesson", {"lesson_id": "lesson:today"}, "trainer")
SIGN_IN = ("account.sign_in", {}, "")
# What is planted, a rule or a script, and what the judge must say of it.
RING = ":focus-visible { outline-color: %s !important; box-shadow: none !important; outline-offset: 0 !important }"
FAULTS = {
    "pale field": (SIGN_IN, "main input { border-color: var(--line) !important }", "the edge of <input"),
    "pale button": (
        SIGN_IN,
        "main button { background: #eee; border-color: #ddd; color: #111 }",
        "the edge of <button",
    ),
    "pale words of a dead button": (SIGN_IN, "main button { opacity: .5 !important }", "words <button"),
    "grey words": (SIGN_IN, "main p, .top span { color: #707c82 !important }", "words <"),
    "ring of one colour with its button": (SIGN_IN, RING % "var(--river)", "the ring at <button"),
    "pale ring": (SIGN_IN, RING % "var(--halo)", "the ring at"),
    "thin ring": (SIGN_IN, ":focus-visible { outline-width: 1px !important }", "no ring at"),
    "white ring on a dark ground": (SIGN_IN, ".bottom :focus-visible { outline-color: #fff }", "the ring at <a.nowrap"),
    "where one is, by a tint": (SIGN_IN, "[aria-current] { box-shadow: none !important }", "by a tint alone"),
    "a mark in a tint": (
        SIGN_IN,
        "main input { all: revert !important; accent-color: #cde !important }",
        "a chosen mark",
    ),
    "a chosen word in a tint": (
        ROLL,
        ".roll .bar :checked + b { background: #e2f2e8 !important; color: #10303f !important }",
        "a chosen mark beside one that is not",
    ),
    "a chosen word without a sign": (ROLL, ".bar :checked + b::before { content: none !important }", "has no sign"),
    "pale lines between words": (ROLL, ".bar label + label { border-color: #ccc !important }", "between two marks"),
}
CROWDED = {
    "words beside the page": ("main label { position: relative; left: 70rem }", "runs out of the page"),
    "a box of fixed height": ("main form { height: 3rem; overflow: hidden }", "is cut off by"),
    "lines too close": (".bottom p + p { margin-top: -2em !important }", "lies over another"),
    "a button narrower than its words": (
        "main button { width: 1rem !important; min-width: 0 !important; padding: 0 !important }",
        "runs out of <button",
    ),
    "wider than the page": ("main { min-width: 90rem }", "scrolls sideways"),
}


# What is done to a page, and what a walk by Tab must say of it.
ASTRAY = {
    "jumps the queue": ("document.querySelector('main button').tabIndex = 3", "jumps the queue: <button"),
    "goes back": ("document.querySelector('.top nav ul').style.flexDirection = 'row-reverse'", "goes back from <a"),
    "goes up": ("document.querySelector('main form').style.cssText = 'display:flex; flex-direction:column-reverse'",
                "goes up from"),
    "no ring": ("document.styleSheets[0].insertRule('button:focus-visible { outline: none !important }', 200)",
                "no ring at <button"),
    "cannot be reached": ("document.querySelector('main button').tabIndex = -1", "never reached by Tab: <button"),
    "holds the focus": ("document.querySelector('main [type=password]').onkeydown = e => e.preventDefault()",
                        "never reached by Tab: <button"),
    "no way past the menu": ("document.querySelector('.skip').remove()", "the first stop is not the way past"),
}  # fmt: skip


@pytest.fixture
def page(live: Live, chrome: Browser) -> Iterator[Page]:
    context = live.visit(chrome, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(live.path("account.sign_in"))
    yield page
    context.close()


def plant(page: Page, rule: str) -> None:
    page.evaluate("rule => { const s = document.styleSheets[0]; s.insertRule(rule, s.cssRules.length) }", rule)


@pytest.mark.parametrize("fault", FAULTS)
def test_too_little_contrast_is_found(live: Live, chrome: Browser, fault: str) -> None:
    (endpoint, things, who), rule, said = FAULTS[fault]
    context = live.visit(chrome, who, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(live.path(endpoint, things))
    if fault == "a mark in a tint":
        page.evaluate("document.querySelector('main input').type = 'radio'")
    if fault == "pale words of a dead button":
        page.evaluate("document.querySelector('main button').disabled = true")
    assert page.evaluate(script("contrast.js")) == []
    plant(page, rule)
    assert [line for line in page.evaluate(script("contrast.js")) if said in line]
    context.close()


@pytest.mark.parametrize("fault", CROWDED)
@pytest.mark.parametrize("size", ["narrow", "doubled"])
def test_what_does_not_fit_is_found(page: Page, fault: str, size: str) -> None:
    rule, said = CROWDED[fault]
    if size == "narrow":
        page.set_viewport_size({"width": NARROWEST[0], "height": NARROWEST[1]})

    def found() -> list[str]:
        return page.evaluate(script("reflow.js")) if size == "narrow" else doubled(page)

    assert found() == []
    plant(page, rule)
    assert [line for line in found() if said in line]


def test_a_page_that_must_not_be_enlarged_is_found(page: Page) -> None:
    page.evaluate("document.querySelector('meta[name=viewport]').content += ', user-scalable=no'")
    assert page.evaluate(script("reflow.js")) == ["the page cannot be enlarged"]


@pytest.mark.parametrize("fault", ASTRAY)
def test_an_errant_focus_is_found(page: Page, fault: str) -> None:
    deed, said = ASTRAY[fault]
    assert walked(page) == []
    page.reload()
    page.evaluate(f"() => {{ {deed} }}")
    assert [line for line in walked(page) if said in line]
