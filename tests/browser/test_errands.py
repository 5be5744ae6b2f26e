"""The same errands run twice: by keyboard alone, and by pointer on a browser that runs no script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app.clock import today
from tests.browser.hands import Keys, Pointer
from tests.browser.server import Live
from tests.ledgers import a_row, workbook

WORKSHOP = "龙潭区职教中心（演示）"
Hands = Keys | Pointer


@pytest.fixture(params=["keys", "pointer"])
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def begin(live: Live, chrome: Browser, way: str) -> Iterator[Callable[..., Hands]]:
    """Opens a window of somebody at an address, to be used that way."""
    windows = []

    def beginning(who: str, endpoint: str, things: dict[str, str] | None = None) -> Hands:
        script = way == "keys"
        size = {"width": 1280, "height": 720}
        windows.append(live.visit(chrome, who, viewport=size, java_script_enabled=script, accept_downloads=True))
        page = windows[-1].new_page()
        page.goto(live.path(endpoint, things))
        hands = Keys(page) if script else Pointer(page)
        hands.read()
        return hands

    yield beginning
    for window in windows:
        window.close()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(words))


def test_a_resident_withdraws(begin, way):
    hands = begin(f"leaver_{way}", "resident.enrolments")
    hands.go("^取消报名")
    hands.read()
    hands.go("^确定取消")
    expect(hands.page.locator("main")).to_contain_text("已取消")


def test_a_clerk_brings_a_course_from_its_name_to_the_catalogue(begin, way):
    course, number = f"剪纸（{way}）（演示）", f"{way}-01"
    first = today() + timedelta(14)
    hands = begin(f"clerk_{way}", "provider.courses")
    hands.go("^新建课程")
    hands.read()
    hands.fill("^课程名称", course)
    hands.go("^保存课程")
    hands.read()
    hands.go("^班次")
    hands.read()
    hands.go("^新建班次")
    hands.read()
    hands.choose("^课程", course)
    hands.fill("^班次编号", number)
    hands.choose("^类别", "社区教育")
    hands.fill("^开班日期", f"{first:%Y-%m-%d}")
    hands.fill("^结班日期", f"{first + timedelta(7):%Y-%m-%d}")
    hands.fill("^计划学时", "4")
    hands.choose("^区县", "船营区")
    hands.fill("^名额", "12")
    hands.go("^保存草稿")
    hands.read()
    hands.go("^课次")
    hands.read()
    hands.go("^按周排课")
    hands.read()
    hands.fill("^从哪天开始", f"{first:%Y-%m-%d}")
    hands.fill("^一共几次", "2")
    hands.fill("^上课时间", "09:00")
    hands.fill("^下课时间", "10:30")
    hands.tick("^周" + "一二三四五六日"[first.weekday()])
    hands.go("^先看看")
    hands.read()
    hands.go("^就这样排 2 次课")
    hands.read()
    hands.go(f"{number}$")
    hands.read()
    hands.go("^发布")
    expect(hands.page.locator("main")).to_contain_text("已发布")
    hands.page.goto(f"/offerings?q={course}")
    expect(hands.page.locator("main")).to_contain_text("剩 12 名，共 12 名")


def test_a_clerk_completes_a_learner_and_notes_a_certificate(begin, way):
    hands = begin(f"clerk_{way}", "provider.roster", {"offering_id": f"offering:past_{way}"})
    day = f"{today() - timedelta(14):%Y-%m-%d}"  # of its last lesson
    hands.tick("^选许演示")
    hands.fill("^结业日期", day)
    hands.go("^登记结业")
    hands.read()
    expect(hands.page.locator("main")).to_contain_text("已结业")
    hands.go("^许演示")
    hands.read()
    hands.unfold("登记一张证书")
    hands.tick("1\\+X")
    hands.fill("^证书名称", "老年照护（演示）")
    hands.fill("^证书编号", f"YS-{way}")
    hands.fill("^发证日期", day)
    hands.go("^登记证书")
    expect(hands.page.locator("main")).to_contain_text(f"编号 YS-{way}")


def test_the_bureau_follows_a_figure_to_its_marks_and_takes_the_table_along(begin, live, way, tmp_path):
    hands = begin("bureau", "bureau.year")
    hands.go(f"^{live.ids['year']['last']}")
    hands.read()
    hands.go("老年教育 人次")
    hands.read()
    hands.go("书法入门")
    hands.read()
    expect(hands.page.locator("main")).to_contain_text("点名记录")
    expect(hands.page.locator("main")).to_contain_text("出勤")
    hands.go("^年度统计")
    hands.read()
    file = hands.fetch("^下载 CSV 类别")
    assert "老年教育" in file.path().read_text("utf-8-sig")


def test_a_clerk_loads_a_ledger_and_takes_it_back_without_javascript(live, chrome, tmp_path):
    context = live.visit(chrome, "clerk_pointer", java_script_enabled=False)
    page = context.new_page()
    hands = Pointer(page)
    good = [a_row(n, 机构=WORKSHOP, 班次编号="台账-01") for n in (811, 812)]
    bad = a_row(813, 机构=WORKSHOP, 班次编号="台账-01") | {"类别": "天文"}
    book = tmp_path / "台账（演示）.xlsx"
    book.write_bytes(workbook([*good, bad]).getvalue())
    page.goto(live.path("provider.ledgers"))
    page.locator("main input[type=file]").set_input_files(book)
    hands.go("^上传并检查")
    until(page, "现在还什么都没有保存")
    expect(page.locator("main")).to_contain_text("可以登记2 行")
    hands.tick("退回的行我另外处理")
    hands.go("^确认登记 2 行")
    until(page, "登记了 2 行，退回 1 行")
    hands.go("^撤销整批")
    until(page, "已撤销")
    page.goto(live.path("provider.offerings"))
    expect(page.locator("main")).not_to_contain_text("台账-01")
    context.close()


def until(page: Page, words: str) -> None:
    """Press 刷新, as the page asks to, until it says these words."""
    for _ in range(60):
        if (
            words in re.sub(r"\\s+", "", page.locator("main").inner_text())
            or words in page.locator("main").inner_text()
        ):
            return
        again = page.get_by_role("link", name="刷新")
        assert again.count(), page.locator("main").inner_text()
        page.wait_for_timeout(200)
        again.click()
    raise AssertionError(page.locator("main").inner_text())
