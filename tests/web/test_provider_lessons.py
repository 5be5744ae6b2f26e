"""Lessons are planned weekly, then one by one, until the roll is taken."""

from datetime import date, time, timedelta

import pytest

from app.clock import today
from app.database import db, writing
from app.models import Lesson
from tests.people import NOON, a_provider, an_account, an_offering
from tests.web.desk import again, at_desk, coming, fresh, running

WEEKLY = {"first_on": "2027-03-02", "weekdays": ["1", "3"], "begins": "14:00", "ends": "15:30", "count": "4"}


def test_the_plan_is_shown_before_it_is_made(client):
    offering = coming(at_desk(client), lessons=0, published=False)
    url = f"/desk/offerings/{offering.id}/weekly-lessons"
    assert "先看看" in client.get(url).text
    page = client.get(url, query_string=WEEKLY).text
    assert "就这样排 4 次课" in page and "2027年3月11日 周四 14:00–15:30" in page
    assert fresh(offering).lessons == [], "looking makes nothing"
    assert client.post(url, data=WEEKLY).status_code == 303
    days = [lesson.held_on for lesson in fresh(offering).lessons]
    assert days == [date(2027, 3, 2), date(2027, 3, 4), date(2027, 3, 9), date(2027, 3, 11)]
    assert fresh(offering).ends_on == days[-1]
    again_ = client.post(url, data=WEEKLY)
    assert again_.status_code == 409 and "已经有一次课" in again_.text, "a second press plans nothing twice"


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"first_on": ""}, "first_on"),
        ({"first_on": "0001-01-01"}, "first_on"),
        ({"first_on": "9999-12-20"}, "first_on"),
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["9"]}, "weekdays"),
        ({"begins": "早上"}, "begins"),
        ({"begins": "16:00"}, "ends"),
        ({"ends": "14:00:30"}, "ends"),
        ({"count": "0"}, "count"),
        ({"count": "201"}, "count"),
    ],
)
def test_a_mistaken_plan_is_refused_at_its_field(client, changed, field):
    offering = coming(at_desk(client), lessons=0)
    url = f"/desk/offerings/{offering.id}/weekly-lessons"
    for answer in (client.post(url, data=WEEKLY | changed), client.get(url, query_string=WEEKLY | changed)):
        assert answer.status_code in (409, 422)
        assert f'href="#{field}"' in answer.text and 'class="error"' in answer.text
    assert fresh(offering).lessons == []


def test_one_lesson_is_added_moved_and_removed(client):
    offering = coming(at_desk(client), lessons=1)
    url = f"/desk/offerings/{offering.id}/lessons"
    day = str(today() + timedelta(9))
    sent = {"held_on": day, "begins": "14:00", "ends": "15:30", "room": "302"}
    assert client.post(f"{url}/new", data=sent).status_code == 303
    added = fresh(offering).lessons[1]
    assert added.room == "302"
    moved = sent | {"begins": "18:00", "ends": "19:30"}
    assert "修改第 2 次课" in client.get(f"{url}/{added.id}").text
    assert client.post(f"{url}/{added.id}", data=moved).status_code == 303
    assert fresh(added).begins == time(18)
    wrong = client.post(f"{url}/{added.id}", data=sent | {"ends": "13:00"})
    assert wrong.status_code == 409 and 'id="ends-error"' in wrong.text
    short = client.post(f"{url}/{added.id}", data=sent | {"ends": "14:00:30"})
    assert short.status_code == 409 and 'id="ends-error"' in short.text and "至少要上 1 分钟" in short.text
    assert client.post(f"{url}/{added.id}/removal").status_code == 303
    assert len(fresh(offering).lessons) == 1


def test_a_lesson_with_a_roll_and_the_last_one_stay(client):
    provider = at_desk(client)
    offering, _ = running(provider)
    held = offering.lessons[0]
    url = f"/desk/offerings/{offering.id}/lessons/{held.id}"
    sent = {"held_on": str(today()), "begins": "09:00", "ends": "10:00"}
    assert client.post(url, data=sent).status_code == 409
    assert "已经点过名" in client.post(f"{url}/removal").text
    single = coming(provider, lessons=1)
    refused = client.post(f"/desk/offerings/{single.id}/lessons/{single.lessons[0].id}/removal")
    assert refused.status_code == 409 and "至少要有一次课" in refused.text
    assert db.session.scalar(db.select(db.func.count()).select_from(Lesson)) == 5


def test_a_lesson_of_another_offering_is_missing(client):
    provider = at_desk(client)
    one, other = coming(provider), coming(provider)
    assert client.get(f"/desk/offerings/{one.id}/lessons/{other.lessons[0].id}").status_code == 404


def test_a_trainer_or_room_twice_is_told_and_a_foreign_offering_is_not_named(client):
    provider = at_desk(client)
    mine, room = coming(provider, room="201"), coming(provider, room="201", number="同室班")
    with writing():
        elsewhere = a_provider()
        theirs = an_offering(elsewhere, number="秘密班", first_on=today() + timedelta(7))
        shared = an_account("trainer", provider)
        shared.grant("trainer", NOON, elsewhere)
    with writing():
        again(mine).appoint(again(shared))
        again(theirs).appoint(again(shared))
    page = client.get(f"/desk/offerings/{mine.id}").text
    assert "同一间教室" in page and "同室班" in page
    assert "同一位教师" in page and "别的机构的班" in page
    assert "秘密班" not in page and theirs.course.title not in page
    assert "同室班" in client.get(f"/desk/offerings/{mine.id}/lessons").text
    assert "同一间教室" in client.get(f"/desk/offerings/{room.id}").text
