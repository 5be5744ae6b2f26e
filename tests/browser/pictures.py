"""Pictures of every recipe at 360 and 1280 px, to be looked at.

python -m tests.browser.pictures [WORD …]     into pictures/, of recipes whose name holds a WORD
python -m tests.browser.pictures --readme     the picture of the README
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.recipes import RECIPES, Recipe
from tests.browser.server import Live, chromium, running
from tests.browser.site import ROOT

LOOKS = {"360": (360, False), "1280": (1280, False), "360-large": (360, True)}


def take(live: Live, chrome: Browser, recipe: Recipe, folder: Path) -> None:
    for name, (width, large) in LOOKS.items():
        context = live.visit(chrome, recipe.who, large, viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(live.path(recipe.endpoint, recipe.things, recipe.query))
        if recipe.do:
            recipe.do(page)
        page.screenshot(path=folder / f"{recipe}-{name}.png", full_page=True)
        context.close()


def for_readme(live: Live, chrome: Browser) -> None:
    context = live.visit(chrome, viewport={"width": 1280, "height": 860}, device_scale_factor=0.6)
    page = context.new_page()
    page.goto("/")
    target = ROOT / "docs" / "pictures"
    target.mkdir(exist_ok=True)
    page.screenshot(path=target / "home.png")


def main(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as live, chromium() as chrome:
        if words == ["--readme"]:
            for_readme(live, chrome)
            return
        target = ROOT / "pictures"
        if not words:
            shutil.rmtree(target, ignore_errors=True)
        target.mkdir(exist_ok=True)
        for recipe in RECIPES:
            if not words or any(word in str(recipe) for word in words):
                take(live, chrome, recipe, target)


if __name__ == "__main__":
    main(sys.argv[1:])
