"""A trainer's day: which lessons, whose roll, who came besides."""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from app import clock
from app.clock import now
from app.database import db, writing
from app.models import Enrolment, FormNonce, Lesson, Mark, Observation
from app.web.words import SIGNS
from tests.people import NOON, a_person, a_provider, an_account, an_offering, mobile
from tests.web.desk import told


class Class:
    """An offering with a trainer and three learners, a lesson a week, the first of them so many days ago."""

    def __init__(self, *, begun: int = 0, learners: int = 3, provider=None, **facts) -> None:
        with writing():
            first_on = clock.today() - timedelta(begun)
            self.offering = an_offering(provider, first_on=first_on, **facts)
            self.trainer = an_account("trainer", self.offering.provider, "李演示")
            self.offering.appoint(self.trainer)
            self.people = [self.add() for _ in range(learners)]
        self.lesson = self.offering.lessons[0]
        self.url = f"/teach/lessons/{self.lesson.id}"

    def add(self, **facts) -> Enrolment:
        enrolment = Enrolment(
            offering_id=self.offering.id,
            person=a_person(mobile=mobile(), **facts),
            source="web",
            applied_at=NOON - timedelta(900),
            applied_on=(NOON - timedelta(900)).date(),
        )
        enrolment.register(enrolment.applied_at, self.offering._take_place())
        db.session.add(enrolment)
        db.session.flush()
        return enrolment

    def said(self, *words: str, base: int = 0, **more) -> dict:
        marks = {f"m{e.id}": word for e, word in zip(self.people, words, strict=False) if word}
        return {**marks, "base_version": base, **more}

    def standing(self) -> list[str]:
        db.session.rollback()
        now_said = db.session.get_one(Lesson, self.lesson.id).now_marked()
        return [now_said.get(e.id, "") for e in self.people]


def text(answer) -> str:
    return answer.get_data(as_text=True)


def checked(answer) -> dict[int, str]:
    """Which choices the page comes with."""
    found = re.findall(r"name=m(\d+) value=(\w+) checked", text(answer))
    return {int(i): word for i, word in found}


def same(answer) -> str:
    """The page without what differs from one request to the next: its own address and the form token."""
    return re.sub(r'next=[^"]*|name="csrf_token" value="[^"]*"', "", text(answer))


# -- the day ---------------------------------------------------------------


def test_today_shows_the_day_what_is_on_what_comes_and_what_is_not_called(client):
    group = Class(begun=7, title="黑木耳栽培（演示）")
    page = text(client.sign_in(group.trainer).get("/teach/today"))
    order = [page.index(word) for word in ("今天的课", "第 2 次", "还没点完的课", "第 1 次", "以后七天", "第 3 次")]
    assert order == sorted(order)
    assert "还没点名，共 3 人" in page and f"{clock.today().year}年" in page


def test_a_lesson_called_to_the_end_is_not_asked_for_again_and_one_left_open_is(client):
    group = Class(begun=3)
    client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("present", "late"))
    assert "已点 2 人，还差 1 人" in text(client.get("/teach/today"))
    client.post(group.url + "/roll", data=group.said("", "", "absent", base=1))
    assert "还没点完" not in text(client.get("/teach/today"))


def test_a_cancelled_lesson_is_not_asked_for(client):
    group = Class(begun=3)
    with writing():
        group.offering.cancel("教师生病", now() - timedelta(5))
    assert "还没点完" not in text(client.sign_in(group.trainer).get("/teach/today"))


def test_another_day_is_one_press_away(client):
    group = Class(begun=-1)
    page = text(client.sign_in(group.trainer).get("/teach/today"))
    tomorrow = clock.today() + timedelta(1)
    assert "这一天没有您的课" in page and f"day={tomorrow}" in page
    there = text(client.get(f"/teach/today?day={tomorrow}"))
    assert "第 1 次" in there and "回到今天" in there and "看名单" in there


@pytest.mark.parametrize("day", ["soon", "0001-01-01", "9999-12-31", ""])
@pytest.mark.engine("sqlite")
def test_a_day_that_is_none_is_today(client, day):
    group = Class()
    assert "今天的课" in text(client.sign_in(group.trainer).get(f"/teach/today?day={day}"))


def test_my_offerings_are_those_i_am_appointed_to(client):
    group = Class(title="我的课（演示）")
    Class(provider=group.offering.provider, title="别人的课（演示）")
    page = text(client.sign_in(group.trainer).get("/teach/offerings"))
    assert "我的课" in page and "别人的课" not in page
    assert client.get(f"/teach/offerings/{group.offering.id}").status_code == 200


# -- whose -----------------------------------------------------------------


def test_it_checks_ownership(client):
    mine, other = Class(), Class()
    client.sign_in(mine.trainer)
    for path in (
        f"/teach/offerings/{other.offering.id}",
        other.url,
        other.url + "/history",
        other.url + "/walk-ins",
    ):
        missing = re.sub(r"\d+", "999999", path, count=1)
        assert client.get(path).status_code == client.get(missing).status_code == 404
        assert same(client.get(path)) == same(client.get(missing))
    for path in (other.url + "/roll", other.url + "/walk-ins"):
        assert client.post(path, data={**other.said("present"), "name": "赵演示"}).status_code == 404
    assert other.standing() == ["", "", ""]


def test_a_trainer_whose_post_at_the_institution_has_ended_sees_nothing_of_it(client):
    group = Class()
    with writing():
        elsewhere = a_provider()
        group.trainer.grant("trainer", NOON, elsewhere)
        next(g for g in group.trainer.grants if g.provider_id != elsewhere.id).ended_at = now()
    assert client.sign_in(group.trainer).get(group.url).status_code == 404


# -- the roll --------------------------------------------------------------


def test_nothing_is_preselected_and_the_bar_counts_who_is_unmarked(client):
    group = Class()
    page = client.sign_in(group.trainer).get(group.url)
    assert checked(page) == {}
    assert "<i data-marked>0</i> / 3" in text(page) and "<i data-unmarked>3</i>" in text(page)
    assert "，不算出勤" in text(page)


def test_each_person_shows_the_tail_of_their_number_and_no_more(client):
    group = Class()
    page = text(client.sign_in(group.trainer).get(group.url))
    for enrolment in group.people:
        assert f"尾号 {enrolment.person.mobile[-4:]}" in page and enrolment.person.mobile not in page


def test_a_roll_is_saved_by_one_post_and_shown_as_saved(client):
    group = Class()
    answer = client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("present", "late"))
    assert answer.status_code == 303 and group.standing() == ["present", "late", ""]
    page = client.get(group.url)
    assert checked(page) == {group.people[0].id: "present", group.people[1].id: "late"}
    assert "已保存，改动了 2 人" in text(page) and "<i data-unmarked>1</i>" in text(page)
    assert "李演示" in text(page)


def test_a_mark_can_be_taken_back(client):
    group = Class()
    client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("present"))
    assert "改回未点" in text(client.get(group.url))
    client.post(group.url + "/roll", data=group.said("unmarked", base=1))
    assert group.standing() == ["unmarked", "", ""]
    assert "改回未点" not in text(client.get(group.url))


def test_the_same_roll_sent_twice_changes_nothing(client):
    group = Class()
    client.sign_in(group.trainer)
    for _ in range(2):
        assert client.post(group.url + "/roll", data=group.said("present", "absent")).status_code == 303
    assert db.session.scalar(db.select(db.func.count()).select_from(Mark)) == 2
    assert "没有改动" in text(client.get(group.url))


def test_a_roll_of_forty_stays_small(client):
    group = Class(learners=40, capacity=40)
    page = client.sign_in(group.trainer).get(group.url)
    assert len(page.data) < 40_000


def test_a_lesson_to_come_shows_its_people_and_takes_no_roll(client):
    group = Class(begun=-3)
    page = text(client.sign_in(group.trainer).get(group.url))
    assert "还没到上课的日子" in page and group.people[0].person.name in page and "保存点名" not in page
    assert client.post(group.url + "/roll", data=group.said("present")).status_code == 409
    assert group.standing() == ["", "", ""]


@pytest.mark.parametrize(
    "broken",
    [
        {"base_version": ""},
        {"base_version": "x"},
        {"base_version": "0\n"},
        {"base_version": "9" * 12},
        {"m999999": "present"},
        {"m99999999999": "present", "base_version": "-1"},
        {"first": "asleep"},
        {"reason": "长" * 201},
    ],
)
def test_a_broken_roll_is_refused_whole_and_what_was_chosen_stays(client, broken):
    group = Class(learners=3)
    data = {**group.said("present", "late"), **broken}
    if "first" in data:
        data[f"m{group.people[0].id}"] = data.pop("first")
    answer = client.sign_in(group.trainer).post(group.url + "/roll", data=data)
    assert answer.status_code in (409, 422) and group.standing() == ["", "", ""]
    assert checked(answer)[group.people[1].id] == "late"


def test_a_correction_on_a_later_day_asks_why_and_keeps_the_choice(client):
    group = Class(begun=3)
    client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("absent", "present"))
    assert "改动的原因" in text(client.get(group.url))
    refused = client.post(group.url + "/roll", data=group.said("late", "present", base=1))
    assert refused.status_code == 409 and "要写明原因" in text(refused)
    assert checked(refused)[group.people[0].id] == "late"
    client.post(group.url + "/roll", data=group.said("late", "present", base=1, reason="补交签到表"))
    history = text(client.get(group.url + "/history"))
    assert group.standing()[0] == "late" and "原因：补交签到表" in history
    assert "✓ 出勤" in history and history.index("… 迟到") < history.index("✕ 缺勤") and "李演示" in history


def test_no_reason_is_asked_on_the_day_itself(client):
    group = Class()
    client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("absent"))
    assert "改动的原因" not in text(client.get(group.url))
    assert client.post(group.url + "/roll", data=group.said("late", base=1)).status_code == 303


def test_history_flags_what_was_entered_more_than_a_week_later(client):
    group = Class(begun=9)
    client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("present"))
    assert "课后 9 天补记" in text(client.get(group.url + "/history"))


# -- two trainers ----------------------------------------------------------


def test_a_stale_roll_shows_both_versions_and_keeps_what_was_chosen(client):
    group = Class()
    client.sign_in(group.trainer)
    client.post(group.url + "/roll", data=group.said("absent", "present"))
    stale = client.post(group.url + "/roll", data=group.said("present", "", "late"))
    assert stale.status_code == 409 and group.standing() == ["absent", "present", ""]
    page = text(stale)
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    assert re.findall(r"<td>(.+?)</td>", table) == ["✕ 缺勤", "✓ 出勤", "✓ 出勤", "– 未点", "– 未点", "… 迟到"]
    one, other, third = (e.id for e in group.people)
    assert checked(stale) == {one: "present", other: "present", third: "late"}, "mine, and theirs where I said nothing"
    version = re.search(r'name="base_version"[^>]*value="(\d+)"', page)[1]
    again = client.post(
        group.url + "/roll", data={f"m{i}": w for i, w in checked(stale).items()} | {"base_version": version}
    )
    assert again.status_code == 303 and group.standing() == ["present", "present", "late"]


def test_a_stale_roll_that_says_what_stands_is_no_conflict(client):
    group = Class()
    client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("absent", "present"))
    assert client.post(group.url + "/roll", data=group.said("absent")).status_code == 303


def test_a_stale_roll_about_other_people_is_shown_all_the_same(client):
    group = Class()
    client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("absent"))
    assert client.post(group.url + "/roll", data=group.said("", "present")).status_code == 409
    assert group.standing() == ["absent", "", ""]


# -- who came besides ------------------------------------------------------


def walk_in(client, group: Class, **facts):
    page = text(client.get(group.url + "/walk-ins"))
    nonce = re.search(r'name="nonce"[^>]*value="([^"]+)"', page)[1]
    data = {"nonce": nonce, "name": "赵演示", **facts}
    return data, client.post(group.url + "/walk-ins", data=data)


def test_who_walks_in_takes_a_free_place_and_is_present(client):
    group = Class()
    _, answer = walk_in(client.sign_in(group.trainer), group, mobile="139 0000 0077", birth_on="1958年3月4日")
    assert answer.status_code == 303 and answer.location.endswith(group.url)
    assert "赵演示" not in told(client)
    page = client.get(group.url)
    assert "赵**已进名单（第 4 名）" in text(page) and "尾号 0077" in text(page) and "当场加入" in text(page)
    new = db.session.scalar(db.select(Enrolment).filter_by(source="walk_in"))
    assert new.person.birth_on == date(1958, 3, 4) and checked(page) == {new.id: "present"}
    assert new.made_by_id == group.trainer.id and new.person.keeper_provider_id == group.offering.provider_id


def test_a_double_click_adds_one(client):
    group = Class()
    data, first = walk_in(client.sign_in(group.trainer), group)
    again = client.post(group.url + "/walk-ins", data=data)
    assert first.location == again.location and again.status_code == 303
    assert db.session.scalar(db.select(db.func.count()).select_from(Enrolment).filter_by(source="walk_in")) == 1
    assert client.post(group.url + "/walk-ins", data={**data, "name": "钱演示"}).status_code == 422
    assert db.session.scalar(db.select(db.func.count()).select_from(FormNonce)) == 1


def test_who_finds_no_place_is_kept_for_the_clerk_and_the_page_says_so(client):
    group = Class(capacity=3)
    data, answer = walk_in(client.sign_in(group.trainer), group, mobile="13900000077")
    client.post(group.url + "/walk-ins", data=data)
    assert "赵演示" not in told(client)
    page = text(client.get(group.url))
    assert answer.status_code == 303 and "赵**已记给教务处理" in page and "来了、但没有名额的人" in page
    seen = db.session.scalars(db.select(Observation)).all()
    assert [(o.name, o.mobile, o.seen_by_id) for o in seen] == [("赵演示", "13900000077", group.trainer.id)]
    assert "13900000077" not in page


def test_a_name_that_is_on_the_roll_is_asked_about(client):
    group = Class()
    name = group.people[0].person.name
    data, answer = walk_in(client.sign_in(group.trainer), group, name=name)
    assert answer.status_code == 409 and "是另一位同名的人" in text(answer) and f'value="{name}"' in text(answer)
    assert client.post(group.url + "/walk-ins", data={**data, "namesake": "y"}).status_code == 303


@pytest.mark.parametrize("broken", [{"name": ""}, {"mobile": "12345"}, {"birth_on": "2月30日"}, {"name": "长" * 31}])
def test_a_walk_in_that_cannot_be_read_is_asked_for_again(client, broken):
    group = Class()
    _, answer = walk_in(client.sign_in(group.trainer), group, **broken)
    assert (answer.status_code == 422 and "赵演示" in text(answer)) or "name" in broken
    assert db.session.scalar(db.select(Observation)) is None and len(group.standing()) == 3


def test_saving_and_adding_somebody_is_one_press(client):
    group = Class()
    answer = client.sign_in(group.trainer).post(group.url + "/roll", data=group.said("present", next="walk-in"))
    assert answer.location.endswith("/walk-ins") and group.standing()[0] == "present"


def test_the_page_says_how_a_stand_in_counts(client):
    group = Class()
    assert "谁来算谁的" in text(client.sign_in(group.trainer).get(group.url + "/walk-ins"))


@pytest.mark.engine("sqlite")
def test_the_stylesheet_shows_the_signs_that_the_words_carry():
    sheet = (Path(__file__).parents[2] / "app/static/style.css").read_text()
    for word in ("late", "left_early", "leave", "absent", "unmarked"):
        assert f'.roll [value="{word}"]:checked + b::before {{ content: "{SIGNS[word]}"; }}' in sheet
    assert f'.roll :checked + b::before {{ content: "{SIGNS["present"]}"; }}' in sheet


def test_a_lesson_just_before_midnight_is_called_that_evening(client, monkeypatch):
    evening = datetime(2026, 12, 31, 23, 45, tzinfo=clock.SHANGHAI)
    monkeypatch.setattr("app.clock.now", lambda: evening)
    monkeypatch.setattr("app.web.trainer.now", lambda: evening)
    monkeypatch.setattr("app.web.access.now", lambda: evening)
    monkeypatch.setattr("tests.conftest.now", lambda: evening)
    group = Class(begins=time(23, 30), ends=time(23, 59), lessons=1)
    assert group.lesson.held_on == date(2026, 12, 31)
    assert "第 1 次" in text(client.sign_in(group.trainer).get("/teach/today"))
    assert client.post(group.url + "/roll", data=group.said("present")).status_code == 303
    db.session.rollback()
    assert db.session.get_one(Enrolment, group.people[0].id).first_attended_on == date(2026, 12, 31)
