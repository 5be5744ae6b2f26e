"""Nameless groups at the desk, at the lesson and at the bureau: booked, counted, confirmed, and the reason if not."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from app.clock import today
from app.counts import year_table
from app.database import db, writing
from app.models import GroupBooking, GroupConfirmation, Offering
from tests.people import an_account
from tests.web.desk import at_desk, coming, running
from tests.web.test_bureau import words

TYPED = {
    "group_name": "第一小学四年级（演示）", "size": "45", "contact": "王演示", "telephone": "13900001234",
    "evidence": "演示〔2026〕2号",
}  # fmt: skip


def a_booking(client, offering: Offering) -> str:
    answer = client.post(f"/desk/offerings/{offering.id}/groups", data=TYPED)
    assert answer.status_code == 303
    return answer.location


def test_a_group_goes_from_the_booking_over_the_count_to_the_figure(client):
    provider = at_desk(client)
    offering, _ = running(provider, 3, category="youth")
    lesson = offering.lessons[0]
    with writing():
        trainer, officer = an_account("trainer", provider), an_account("officer")
        db.session.get_one(Offering, offering.id).appoint(trainer)
    page = a_booking(client, offering)
    assert "还不计：教师还没有清点人数" in words(client.get(page))
    booking = db.session.scalar(db.select(GroupBooking))
    assert "13900001234" not in client.get(page).text and "139****1234" in client.get(page).text
    desk = client

    teacher = client.application.test_client().sign_in(trainer)
    url = f"/teach/lessons/{lesson.id}/groups"
    assert url in teacher.get(f"/teach/lessons/{lesson.id}").text
    assert "这次课点名到场 3 人" in words(teacher.get(url))
    refused = teacher.post(url, data={f"g{booking.id}": "四十"})
    assert refused.status_code == 422 and 'value="四十"' in refused.text and "人数请填整数" in refused.text
    refused = teacher.post(url, data={f"g{booking.id}": "9999"})
    assert refused.status_code == 409 and 'value="9999"' in refused.text
    assert teacher.post(url, data={f"g{booking.id + 1}": "9"}).status_code == 409, "of no other offering"
    assert teacher.post(url, data={f"g{booking.id}": "42"}).status_code == 303
    assert "已清点 42 人" in words(teacher.get(url))
    refused = teacher.post(url, data={f"g{booking.id}": "40"})
    assert refused.status_code == 409 and 'id="reason-error"' in refused.text

    assert "还不计：缺单位确认或签字表" in words(desk.get(page))
    refused = desk.post(
        f"{page}/confirmations", data={"confirmed_on": str(today() + timedelta(1)), "confirmed_by": "李"}
    )
    assert refused.status_code == 409 and 'id="confirmed_on-error"' in refused.text
    sent = {"confirmed_on": str(today()), "confirmed_by": "李演示校长"}
    assert desk.post(f"{page}/confirmations", data=sent).status_code == 303
    assert "计入 没有名字的 39 人" in words(desk.get(page))
    assert year_table(lesson.held_on.year).total.group_headcount == 39

    bureau = client.application.test_client().sign_in(officer)
    seen = words(bureau.get(f"/bureau/offerings/{offering.id}/group-visits"))
    assert "预约并清点" in seen and "演示〔2026〕2号" in seen and "李演示校长" not in seen and "李****" in seen
    assert "13900001234" not in bureau.get(f"/bureau/offerings/{offering.id}/group-visits").text
    assert "第一小学四年级（演示）" in words(bureau.get(f"/bureau/years/{today().year}/groups"))

    (row,) = db.session.scalars(db.select(GroupConfirmation))
    assert desk.post(f"{page}/confirmations/{row.id}/revocation", data={"why": ""}).status_code == 422
    assert desk.post(f"{page}/confirmations/{row.id}/revocation", data={"why": "对方说没来"}).status_code == 303
    assert "还不计：缺单位确认或签字表" in words(desk.get(page)) and "已撤销：对方说没来" in words(desk.get(page))
    assert year_table(lesson.held_on.year).total.group_headcount == 0


def test_a_sheet_goes_in_and_comes_out_as_a_download_of_its_own_kind(client):
    offering, _ = running(at_desk(client), category="youth")
    page = a_booking(client, offering)
    sent = {"confirmed_on": str(today()), "confirmed_by": "李演示校长"}
    bad = (io.BytesIO(b"<html><script>alert(1)</script>"), "sheet.pdf")
    answer = client.post(f"{page}/confirmations", data={**sent, "sheet": bad}, content_type="multipart/form-data")
    assert answer.status_code == 409 and 'id="sheet-error"' in answer.text
    good = (io.BytesIO(b"\xff\xd8\xff\xe0 demo"), "签字表 4月.jpeg")
    answer = client.post(f"{page}/confirmations", data={**sent, "sheet": good}, content_type="multipart/form-data")
    assert answer.status_code == 303
    (row,) = db.session.scalars(db.select(GroupConfirmation))
    answer = client.get(f"{page}/confirmations/{row.id}/sheet")
    assert answer.data == b"\xff\xd8\xff\xe0 demo" and answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    with writing():
        other = an_account("clerk")
    client.sign_in(other)
    assert client.get(f"{page}/confirmations/{row.id}/sheet").status_code == 404


def test_what_is_wrong_with_a_booking_stands_at_its_field(client):
    provider = at_desk(client)
    offering, elderly = coming(provider, category="youth"), coming(provider, category="elderly")
    url = f"/desk/offerings/{offering.id}/groups"
    answer = client.post(url, data={**TYPED, "size": "0", "evidence": ""})
    assert answer.status_code == 422 and 'id="size-error"' in answer.text and 'id="evidence-error"' in answer.text
    assert "第一小学四年级（演示）" in answer.text, "what was typed stays"
    page = a_booking(client, offering)
    assert client.post(url, data=TYPED).status_code == 409
    assert client.post(f"/desk/offerings/{elderly.id}/groups", data=TYPED).status_code == 409
    assert "不能登记集体预约" in words(client.get(f"/desk/offerings/{elderly.id}/groups"))
    assert client.post(f"{page}/cancellation", data={"why": "改期"}).status_code == 303
    assert "不计：预约已取消" in words(client.get(page))
    assert "登记确认" not in words(client.get(page))
    assert client.post(f"{page}/cancellation", data={"why": "改期"}).status_code == 409


@pytest.mark.engine("sqlite")
def test_a_lesson_to_come_is_not_counted_and_a_lesson_without_groups_says_so(client):
    provider = at_desk(client)
    offering = coming(provider, category="youth")
    with writing():
        trainer = an_account("trainer", provider)
        db.session.get_one(Offering, offering.id).appoint(trainer)
    teacher = client.application.test_client().sign_in(trainer)
    url = f"/teach/lessons/{offering.lessons[0].id}/groups"
    assert "没有单位预约这个班" in words(teacher.get(url))
    a_booking(client, offering)
    assert "不能清点" in words(teacher.get(url))
    booking = db.session.scalar(db.select(GroupBooking))
    assert teacher.post(url, data={f"g{booking.id}": "9"}).status_code == 409
