"""Every page in every state, at three widths and in large type: axe finds nothing, and nothing is small or heavy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser.hands import walked
from tests.browser.recipes import NO_PAGE, RECIPES, Recipe
from tests.browser.server import Live

HERE = Path(__file__).resolve().parent
WIDTHS = ((1280, 900), (768, 1024), (360, 740))
NARROWEST = (320, 256)  # 1280 × 1024 enlarged to 400 %
# A bar fixed on the screen covers what scrolls out from under it; both are judged where they stand in the page.
LET_GO = """() => document.querySelectorAll("main *").forEach((e) => {
  if (getComputedStyle(e).position === "fixed") e.style.position = "static";
})"""
FIRST_VIEW, SCRIPTS, REQUESTS = 50_000, 15_000, 6
PRIMARY = "main form button:not(.quiet):not(.link), main a.button:not(.quiet)"
# What axe cannot judge by its nature: it asks a person to look at whatever is hidden at the moment.
CANNOT_JUDGE = {"hidden-content"}


@cache
def script(name: str) -> str:
    return (HERE / name).read_text("utf-8")


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_a_page_is_readable_pressable_and_light(live: Live, chrome: Browser, recipe: Recipe) -> None:
    wrong = [line for large in (False, True) for line in visit(live, chrome, recipe, large)]
    assert not wrong, "\n" + "\n".join(dict.fromkeys(wrong))


def visit(live: Live, chrome: Browser, recipe: Recipe, large: bool) -> list[str]:
    """One load of a page: what is wrong with it, one line each."""
    context = live.visit(chrome, recipe.who, large, viewport={"width": WIDTHS[0][0], "height": WIDTHS[0][1]})
    try:
        page = context.new_page()
        noise: list[str] = []
        answers: list[Response] = []
        page.on("console", lambda said: noise.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("response", lambda answer: answers.append(answer))
        first = page.goto(live.path(recipe.endpoint, recipe.things, recipe.query))
        assert first is not None
        wrong = [] if large else weight(answers)
        if recipe.do:
            recipe.do(page)
        elif first.status != recipe.status:
            return [f"answered {first.status}"]
        page.evaluate(script("vendor/axe.min.js"))
        for width, height in WIDTHS[:: 2 if large else 1]:
            where = f"{width} px{', large' if large else ''}: "
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(LET_GO)
            wrong += [where + line for line in judged(page)]
            wrong += [where + line for line in page.evaluate(script("looks.js"), {"large": large, "primary": PRIMARY})]
        if not large:
            wrong += [f"by keyboard: {line}" for line in walked(page)]
            page.set_viewport_size({"width": WIDTHS[0][0], "height": WIDTHS[0][1]})
            wrong += ["letters doubled: " + line for line in doubled(page)]
            wrong += page.evaluate(script("contrast.js"))
        page.set_viewport_size({"width": NARROWEST[0], "height": NARROWEST[1]})
        wrong += [f"320 px{', large' if large else ''}: " + line for line in page.evaluate(script("reflow.js"))]
        return wrong + [f"console: {line}" for line in noise if "status of 4" not in line]
    finally:
        context.close()


def doubled(page: Page) -> list[str]:
    """What 200 % text does to a page."""
    page.evaluate("document.documentElement.style.fontSize = '250%'")
    found: list[str] = page.evaluate(script("reflow.js"))
    page.evaluate("document.documentElement.style.fontSize = ''")
    return found


def judged(page: Page) -> list[str]:
    found: list[list[Any]] = page.evaluate(script("judge.js"))
    return [f"{rule}: {help} {nodes}" for rule, nodes, help in found if rule not in CANNOT_JUDGE]


def weight(answers: list[Response]) -> list[str]:
    """The first view as it came over the wire; what draws the pictures comes after it, for browsers to keep."""
    wrong = []
    answers = [answer for answer in answers if "/static/vendor/" not in answer.url]
    sizes = [(answer, answer.request.sizes()["responseBodySize"]) for answer in answers]
    total = sum(size for _, size in sizes)
    scripts = sum(size for answer, size in sizes if answer.request.resource_type == "script")
    if total > FIRST_VIEW:
        wrong.append(f"the first view weighs {total} bytes")
    if scripts > SCRIPTS:
        wrong.append(f"scripts weigh {scripts} bytes")
    if len(answers) > REQUESTS:
        wrong.append(f"the first view takes {len(answers)} requests")
    return wrong


def test_every_page_has_a_recipe(live: Live) -> None:
    declared = {recipe.endpoint for recipe in RECIPES} | NO_PAGE.keys()
    routes = {endpoint for endpoint, _ in live.rules}
    assert routes - declared == set()
    assert declared - routes == set()


def test_a_visitors_menu_stands_in_one_line_of_a_telephone(live: Live, chrome: Browser) -> None:
    context = live.visit(chrome, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto("/")
    tops = {item.evaluate("e => Math.round(e.getBoundingClientRect().top)") for item in page.locator(".top li").all()}
    assert len(tops) == 1 and page.locator(".top li").count() == 4
    context.close()
