"""What everybody sees without signing in."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.clock import now, today
from app.database import db, writing
from app.models import Lesson, Offering, OfferingTrainer
from app.search_words import note_search_words
from tests.people import a_person, a_provider, an_account, an_offering


def soon(days: int = 10, **facts) -> Offering:
    """An offering that is open today; its words are searched."""
    offering = an_offering(first_on=today() + timedelta(days), **facts)
    note_search_words(offering)
    return offering


def titles(client, address: str) -> list[str]:
    """The offerings of a list, in its order."""
    answer = client.get(address)
    assert answer.status_code == 200
    return re.findall(r'<h[23]><a href="/offerings/\d+">([^<]+)</a>', answer.get_data(as_text=True))


def page(client, address: str) -> str:
    """The words of the main part."""
    text = client.get(address).get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text[text.index("<main") : text.index("</main>")]))


# -- home -------------------------------------------------------------------


def test_the_home_page_opens_on_an_empty_registry(client):
    assert "眼下没有班在报名" in page(client, "/")


def test_every_door_says_how_many_offerings_are_open_and_names_some(client):
    with writing():
        for n in range(4):
            soon(title=f"课甲{n}（演示）", category="elderly")
        soon(title="编织（演示）", category="rural")
        soon(title="草稿", category="rural", published=False)
        soon(title="取消", category="rural").cancel("场地维修", now())
        soon(title="还没到时间", category="rural", signup_opens_at=now() + timedelta(2))
        an_offering(title="早已开班", category="rural", first_on=today() - timedelta(90))
    text = page(client, "/")
    assert "老年教育 课甲0、课甲1、课甲2 4 个班在报名" in text
    assert "乡村振兴 编织 1 个班在报名" in text, "not included: a draft, a cancelled, an early and a begun one"
    assert "教师培训 眼下没有班在报名" in text


def test_what_starts_soon_comes_first_and_what_has_places_after_it(client):
    with writing():
        full = soon(2, title="满员班", capacity=1)
        full.enrol(a_person(), by=None, at=now())
        for n in range(3):
            soon(3 + n, title=f"有名额{n}")
        soon(20, title="后面的班")
    assert titles(client, "/") == ["满员班", "有名额0", "有名额1", "有名额2", "后面的班"]


# -- catalogue --------------------------------------------------------------


@pytest.fixture
def several(app):
    """One offering that every filter keeps, and one beside it for each filter."""
    with writing():
        school = a_provider("松花江老年大学（演示）")
        facts = {"provider": school, "category": "elderly", "division_code": "220204", "min_age": 50, "max_age": 80}
        monday = (7 - today().weekday()) or 7
        soon(monday + 7, title="合适", **facts)
        soon(monday + 7, title="别的类别", **{**facts, "category": "rural"})
        soon(monday + 7, title="别的区县", **{**facts, "division_code": "220281"})
        soon(monday + 7, title="别的机构", **{**facts, "provider": a_provider()})
        soon(monday + 8, title="周二", **facts)
        soon(monday + 7, title="晚上", begins=time(18), ends=time(19, 30), **facts)
        soon(monday + 7, title="线上", mode="online", **facts)
        soon(monday + 7, title="少年", **{**facts, "min_age": 6, "max_age": 15})
        full = soon(monday + 7, title="已满", capacity=0, **facts)
        queued = soon(monday + 7, title="有人候补", capacity=1, **facts)
        for _ in range(2):
            queued.enrol(a_person(), by=None, at=now())
        queued.capacity = 5  # a place is free, but whoever waits comes first
        assert full.places_left == 0
        return school


@pytest.mark.parametrize(
    ("query", "left_out"),
    [
        ("category=elderly", {"别的类别"}),
        ("division=220204", {"别的区县"}),
        ("provider={provider}", {"别的机构"}),
        ("day=1", {"周二"}),
        ("day=1&day=2", set()),
        ("time=1", {"晚上"}),
        ("time=1&time=4", set()),
        ("mode=on_site", {"线上"}),
        ("age=50", {"少年"}),
        ("age=80", {"少年"}),
        ("age=５５", {"少年"}),
        ("free=1", {"已满", "有人候补"}),
        (
            "category=elderly&division=220204&provider={provider}&day=1&time=1&mode=on_site&age=60&free=1",
            {"别的类别", "别的区县", "别的机构", "周二", "晚上", "线上", "少年", "已满", "有人候补"},
        ),
    ],
)
def test_a_filter_leaves_out(client, several, query, left_out):
    everything = {"合适", "别的类别", "别的区县", "别的机构", "周二", "晚上", "线上", "少年", "已满", "有人候补"}
    assert set(titles(client, f"/offerings?{query.format(provider=several.id)}")) == everything - left_out


@pytest.mark.parametrize(("age", "title"), [(49, set()), (81, set()), (6, {"少年"}), (15, {"少年"}), (16, set())])
def test_age_limits_include_their_ends(client, several, age, title):
    assert set(titles(client, f"/offerings?age={age}")) == title


def test_words_and_filters_work_together(client, several):
    assert titles(client, "/offerings?q=songhuajiang+ws&category=elderly") == ["晚上"]
    assert titles(client, "/offerings?q=没有这个词") == []


def test_the_form_comes_back_as_it_was_filled_in(client, several):
    text = client.get("/offerings?q=书法&category=elderly&day=2&time=4&age=61&free=1&all=1").get_data(as_text=True)
    assert 'value="书法"' in text and '<option value="elderly" selected>' in text and 'value="61"' in text
    for name in ("day-2", "time-4", "free-1", "all-1"):
        assert re.search(rf'id="{name}"[^>]* checked', text), name
    assert text.count(" checked") == 4 and "<details open>" in text


def test_only_what_may_still_be_entered_is_listed_unless_everything_is_asked_for(client):
    with writing():
        soon(title="报名中")
        soon(title="还没开始", signup_opens_at=now() + timedelta(1))
        soon(title="随到随学", days=-30, lessons=20, signup_closes_at=now() + timedelta(5))
        soon(title="截止了", signup_closes_at=now() - timedelta(1))
        soon(title="开班了", days=-7)
        soon(title="结束了", days=-200)
        soon(title="不办了").cancel("教师生病", now())
        soon(title="草稿", published=False)
    assert titles(client, "/offerings") == ["随到随学", "报名中", "还没开始"]
    assert set(titles(client, "/offerings?all=1")) == {
        "报名中", "还没开始", "随到随学", "截止了", "开班了", "结束了", "不办了",
    }  # fmt: skip


def test_thirty_stand_on_a_page_and_every_one_on_exactly_one(client):
    with writing():
        provider = a_provider()
        for n in range(64):
            soon(10 + n % 3, title=f"班{n:02d}", provider=provider)
    pages = [titles(client, f"/offerings?page={n}") for n in (1, 2, 3)]
    assert [len(p) for p in pages] == [30, 30, 4]
    assert len({title for p in pages for title in p}) == 64
    assert "第 2 页" in page(client, "/offerings?page=2")
    text = page(client, "/offerings?category=community&page=2")
    assert "找到 64 个班" in text and "第 2 页，共 3 页" in text
    text = client.get("/offerings?page=2&category=community").get_data(as_text=True)
    assert 'rel="next" href="/offerings?category=community&amp;page=3"' in text
    assert 'rel="prev" href="/offerings?category=community"' in text
    assert "没有第 4 页" in page(client, "/offerings?page=4")


@pytest.mark.parametrize(
    "query",
    [
        "page=-1", "page=0", "page=999999", "page=１", "page=1e9", "page=", "page=99999999999999999999999999",
        "q=%25", "q=_", "q=%5C", "q=/", "q=%F0%9F%98%80", "q=%00", "q=%ff%fe", "q='%22--", "q=" + "字" * 300,
        "q=" + "a+" * 400, "category=nonsense", "category=", "division=999999", "provider=0", "provider=-5",
        "provider=99999999999", "provider=²", "day=8", "day=0", "day=x", "day=1&day=1", "time=3", "time=8", "mode=?",
        "age=-1", "age=151", "age=abc", "age=٣", "free=2", "all=x", "q=%7B%7B7*7%7D%7D", "unknown=1", "q=a&q=b",
    ],
)  # fmt: skip
def test_odd_input_gives_a_page(client, query):
    with writing():
        soon()
    assert client.get(f"/offerings?{query}").status_code == 200


def test_an_empty_result_says_what_to_do(client, several):
    text = client.get("/offerings?q=书法&division=220281&day=3").get_data(as_text=True)
    assert "没有找到合适的班" in text and "0432-12345678" in text
    assert 'href="/offerings?division=220281&amp;day=3"' in text, "without the words"
    assert 'href="/offerings?q=%E4%B9%A6%E6%B3%95&amp;division=220281"' in text, "without the weekday"


def test_places_left_are_said_in_words(client):
    with writing():
        soon(title="多", capacity=30)
        soon(title="少", capacity=3)
        soon(title="不限", capacity=None)
        full = soon(title="满", capacity=1)
        for _ in range(5):
            full.enrol(a_person(), by=None, at=now())
        soon(title="未开始", signup_opens_at=datetime.combine(today() + timedelta(3), time(1, 0), UTC))
    text = page(client, "/offerings")
    assert "剩 30 名，共 30 名 多" in text and "只剩 3 名，共 3 名 少" in text and "名额不限 不限" in text
    assert "已满，可候补（前面 4 人） 满" in text and "9:00 开始报名 未开始" in text
    assert "查看并候补 满" in text and "查看并报名 多" in text, "buttons carry the course in their name"


# -- one offering -----------------------------------------------------------


def test_an_offering_says_everything_one_asks_before_signing_up(client):
    with writing():
        school = a_provider("松花江老年大学（演示）", telephone="0432-62010000")
        offering = soon(
            title="书法（楷书）", provider=school, lessons=3, min_age=50, fee_cents=12050, address="解放大路 1 号",
            room="203 教室", bring="毛笔和墨", signup_closes_at=now() + timedelta(3),
        )  # fmt: skip
        offering.course.summary, offering.course.audience = "从横竖撇捺学起", "零基础"
        db.session.add(OfferingTrainer(offering=offering, account=an_account("trainer", school, name="赵演示")))
        offering.enrol(a_person(), by=None, at=now())
        first = offering.starts_on
        other_room = db.session.scalars(db.select(Lesson).where(Lesson.offering_id == offering.id)).first()
        other_room.room = "礼堂"
    text = page(client, f"/offerings/{offering.id}")
    for words in (
        "书法（楷书）", "剩 29 名，共 30 名", "从横竖撇捺学起", "满 50 岁，零基础", "120.50 元，到机构缴费，网上不收钱",
        "6 学时", "赵演示", "解放大路 1 号", "毛笔和墨", "0432-62010000", "松花江老年大学（演示）", "报名截止",
        "共 3 次课", f"{first.month}月{first.day}日", "9:00–10:30", "礼堂", "203 教室",
    ):  # fmt: skip
        assert words in text, words
    assert f'href="/my/offerings/{offering.id}/enrolment"' in client.get(f"/offerings/{offering.id}").text


@pytest.mark.parametrize(
    ("facts", "words", "button"),
    [
        ({}, "报名后马上告诉您是第几名", True),
        ({"capacity": 0}, "现在可以排队候补", True),
        ({"capacity": None}, "名额不限", True),
        ({"signup_opens_at": now() + timedelta(2)}, "还没到报名时间", False),
        ({"signup_closes_at": now() - timedelta(2)}, "报名已经截止", False),
        ({"days": -7}, "报名已经截止", False),
        ({"days": -300}, "这个班已经结束", False),
    ],
)
def test_the_state_of_sign_up_stands_in_words(client, facts, words, button):
    with writing():
        offering = soon(**facts)
    assert words in page(client, f"/offerings/{offering.id}")
    assert ('/enrolment"' in client.get(f"/offerings/{offering.id}").text) is button


def test_a_cancelled_offering_says_why(client):
    with writing():
        offering = soon(title="不办了")
        offering.cancel("教师生病", now())
    text = page(client, f"/offerings/{offering.id}")
    assert "已取消" in text and "教师生病" in text
    assert '/enrolment"' not in client.get(f"/offerings/{offering.id}").text


def test_a_draft_answers_like_what_does_not_exist(client):
    with writing():
        draft = soon(published=False)
    missing = client.get("/offerings/987654")
    for address in (f"/offerings/{draft.id}", f"/offerings/{draft.id}/calendar.ics", "/offerings/99999999999999999999"):
        answer = client.get(address)
        assert answer.status_code == 404
        pages = [answer.data.replace(address.encode(), b""), missing.data.replace(b"/offerings/987654", b"")]
        if len(address) > 30:  # a number that no row can have is no address of ours, so the menu marks nothing
            pages = [page.replace(b' aria-current="page"', b"") for page in pages]
        assert pages[0] == pages[1]


@pytest.mark.engine("sqlite")
def test_markup_in_what_people_typed_stays_text(client):
    marker = "<script>alert(1)</script>{{7*7}}<img src=x onerror=y>"
    with writing():
        school = a_provider(f"校{marker}")
        offering = soon(title=f"课{marker}"[:120], provider=school, address=marker, bring=marker, room=marker)
        offering.course.summary = offering.course.audience = marker
        note_search_words(offering)
    for address in ("/", "/offerings", f"/offerings/{offering.id}", f"/offerings?q={marker}&all=1"):
        text = client.get(address).text
        assert "<script>alert" not in text and "<img" not in text, address
    assert "{{7*7}}" in client.get(f"/offerings/{offering.id}").text


# -- the file for a calendar ------------------------------------------------


def test_the_calendar_file_holds_every_lesson(client):
    with writing():
        offering = an_offering(
            title="书法，楷书; 第一\\期（演示）很长很长很长很长很长很长很长很长很长",
            first_on=date(2026, 12, 8), lessons=2,
            address="解放大路 1 号", room="203",
        )  # fmt: skip
    answer = client.get(f"/offerings/{offering.id}/calendar.ics")
    assert answer.mimetype == "text/calendar"
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
    assert b"\n" not in answer.data.replace(b"\r\n", b"")
    text = answer.data.replace(b"\r\n ", b"").decode()
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") and text.endswith("END:VCALENDAR\r\n")
    assert re.findall(r"DTSTART:(\S+)", text) == ["20261208T010000Z", "20261215T010000Z"]
    assert re.findall(r"DTEND:(\S+)", text) == ["20261208T023000Z", "20261215T023000Z"]
    assert "SUMMARY:书法，楷书\\; 第一\\\\期（演示）" in text and "LOCATION:船营区 解放大路 1 号 203\r\n" in text
    assert len(set(re.findall(r"UID:(\S+)", text))) == 2


# -- elder mode and what is not there ---------------------------------------


@pytest.mark.engine("sqlite")
def test_large_type_is_one_click_away_and_leads_back(client):
    assert "长辈版 大字" in client.get("/offerings?q=书法").text
    answer = client.get("/display?type=large&next=/offerings?q=x")
    assert (answer.status_code, answer.location) == (303, "/offerings?q=x")
    text = client.get("/offerings?q=书法").text
    assert 'class="large"' in text and "标准字号" in text
    client.get("/display?type=standard&next=/")
    assert 'class="large"' not in client.get("/").text


@pytest.mark.engine("sqlite")
def test_an_unknown_address_says_what_to_do(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text and "0432-12345678" in answer.text
