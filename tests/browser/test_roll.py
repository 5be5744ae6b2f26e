"""The roll under fingers and keys: one action a person, the count always right, script or none."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import Live
from tests.browser.site import LEARNERS


def opened(live: Live, chrome: Browser, script: bool = True) -> Page:
    size = {"width": 320, "height": 640}
    page = live.visit(chrome, "trainer", False, viewport=size, java_script_enabled=script).new_page()
    page.goto(live.path("trainer.lesson", {"lesson_id": "lesson:today"}, ""))
    return page


def test_five_words_stand_in_one_bar_at_320_pixels(live: Live, chrome: Browser) -> None:
    page = opened(live, chrome)
    boxes = [label.bounding_box() for label in page.locator(".bar").first.locator("label").all()]
    assert len(boxes) == 5 and len({box["y"] for box in boxes}) == 1
    assert all(box["width"] >= 48 and box["height"] >= 48 for box in boxes)
    page.context.close()


def test_forty_people_take_forty_presses_and_the_count_follows(live: Live, chrome: Browser) -> None:
    page = opened(live, chrome)
    expect(page.locator("[data-unmarked]")).to_have_text(str(LEARNERS))
    for n, row in enumerate(page.locator(".row").all()):
        row.locator(".bar label").nth(n % 5).click()
        assert page.locator("[data-marked]").inner_text() == str(n + 1)
    expect(page.locator("[data-unmarked]")).to_have_text("0")
    page.context.close()


def test_the_keys_1_to_5_call_one_person_after_the_other(live: Live, chrome: Browser) -> None:
    page = opened(live, chrome)
    page.locator(".row input").first.focus()
    for n in range(LEARNERS):
        page.keyboard.press(str(n % 5 + 1))
    chosen = page.locator(".row :checked").evaluate_all("all => all.map(e => e.value)")
    assert chosen == ["present", "late", "left_early", "leave", "absent"] * (LEARNERS // 5)
    page.context.close()


def test_a_lost_network_is_said_and_nothing_is_sent_into_the_void(live: Live, chrome: Browser) -> None:
    page = opened(live, chrome)
    page.locator(".bar label").first.click()
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    page.locator(".save button").click()
    expect(page.locator("[data-marked]")).to_have_text("1")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    page.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_the_bar_is_on_screen_wherever_one_reads(live: Live, chrome: Browser, script: bool) -> None:
    page = opened(live, chrome, script)
    for row in (page.locator("h1"), page.locator(".row").last):
        row.scroll_into_view_if_needed()
        box = page.locator(".save").bounding_box()
        assert box is not None and abs(box["y"] + box["height"] - 640) < 1
    page.context.close()


def test_a_chosen_word_stays_readable_under_the_pointer(live: Live, chrome: Browser) -> None:
    page = opened(live, chrome)
    for n in range(5):
        word = page.locator(".bar").nth(n).locator("label").nth(n)
        word.click()
        word.hover()
        style = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        ink, ground = (luminance(colour) for colour in word.locator("b").evaluate(style))
        assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 7
    page.context.close()


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
