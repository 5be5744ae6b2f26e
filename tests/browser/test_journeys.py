"""Whole errands, without JavaScript and by keyboard alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hands import Keys
from tests.browser.server import Live
from tests.people import PASSWORD

MOST_PRESSES = 40


@pytest.fixture
def plain(live: Live, chrome: Browser) -> Iterator:
    """Opens windows without JavaScript."""
    windows = []

    def open_window(who: str = "", large: bool = False) -> Page:
        windows.append(live.visit(chrome, who, large, java_script_enabled=False))
        return windows[-1].new_page()

    yield open_window
    for window in windows:
        window.close()


def a_mobile() -> str:
    return f"1390000{secrets.randbelow(1000) + 7000}"


def press(page: Page, words: str, role: str = "link") -> None:
    page.get_by_role(role, name=re.compile(words)).first.click()


def fill_account(page: Page) -> None:
    page.get_by_label("姓名").fill("胡演示芳")
    page.get_by_label("手机号").fill(a_mobile())
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("出生日期").fill("1958-3-4")


@pytest.mark.parametrize("large", [False, True], ids=["standard", "large"])
def test_one_finds_a_course_signs_up_and_withdraws_without_javascript(plain, large):
    page = plain(large=large)
    page.goto("/")
    page.get_by_role("searchbox").fill("jianzhi")
    page.get_by_role("search").get_by_role("button").click()
    press(page, "剪纸窗花")
    press(page, "^报名")
    press(page, "^开账号")
    fill_account(page)
    press(page, "^开账号", "button")
    press(page, "^确认报名", "button")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("报名成功，第 .* 名，共 30 人"))
    press(page, "我的报名")
    press(page, "^取消报名")
    press(page, "^确定取消", "button")
    press(page, "我的报名")
    expect(page.locator("main")).to_contain_text("已取消")


def test_one_waits_in_the_queue_without_javascript(plain, live):
    page = plain("queuer")
    page.goto(live.path("public.offering", {"offering_id": "offering:to_queue"}))
    press(page, "^候补")
    press(page, "^确认候补", "button")
    expect(page.get_by_role("heading", level=1)).to_contain_text("候补第 1 位")


def test_one_takes_the_roll_without_javascript(plain, live):
    page = plain("roll_trainer")
    page.goto(live.path("trainer.today"))
    press(page, "合唱排练")
    for word, row in zip(("出勤", "迟到", "缺勤"), page.get_by_role("radiogroup").all(), strict=True):
        row.get_by_role("radio", name=word).check()
    press(page, "^保存点名", "button")
    page.goto(live.path("trainer.lesson", {"lesson_id": "lesson:roll"}))
    chosen = [row.locator("input:checked").get_attribute("value") for row in page.get_by_role("radiogroup").all()]
    assert chosen == ["present", "late", "absent"]


def test_the_bureau_follows_a_figure_to_its_marks_without_javascript(plain, live):
    page = plain("bureau")
    page.goto(live.path("bureau.year_page", {"year": "year:last"}))
    page.get_by_role("region").or_(page.locator("main")).first.locator("table").first.locator("tfoot a").first.click()
    page.locator("main table a").first.click()
    expect(page.locator("main")).to_contain_text("出勤")


def test_one_signs_up_by_keyboard_alone(live, chrome):
    context = live.visit(chrome, viewport={"width": 1280, "height": 720})
    page = context.new_page()
    keys = Keys(page)
    page.goto(live.path("public.offering", {"offering_id": "offering:to_join"}))
    for button in ("^报名", "^开账号"):
        keys.read()
        keys.go(button)
    keys.read()
    for label, words in (("姓名", "胡演示芳"), ("手机号", a_mobile()), ("密码", PASSWORD), ("出生日期", "1958-3-4")):
        keys.fill(label, words)
    keys.enter()
    keys.read()
    keys.go("^确认报名")
    expect(page.get_by_role("heading", level=1)).to_contain_text("报名成功")
    assert len(keys.presses) <= MOST_PRESSES, keys.presses
    context.close()


def test_a_refused_form_takes_the_focus_to_its_errors(live, chrome):
    context = live.visit(chrome)
    page = context.new_page()
    page.goto(live.path("account.new_account"))
    with page.expect_navigation():
        press(page, "^开账号", "button")
    expect(page).to_have_title(re.compile("^错误："))
    expect(page.locator("#errors")).to_be_focused()
    first = page.locator("#errors a").first
    first.click()
    assert page.evaluate("document.activeElement.id") == first.get_attribute("href")[1:]
    context.close()
