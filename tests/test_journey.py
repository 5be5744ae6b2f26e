"""A learner's whole way, in one piece: find, open an account, sign up, wait, move up, withdraw."""

import re
from datetime import datetime, timedelta

from app.clock import SHANGHAI
from app.database import db, writing
from app.models import Enrolment, Offering
from tests.people import a_person, an_offering

DAY = (datetime.now(SHANGHAI) + timedelta(20)).date()


def page(answer) -> str:
    assert answer.status_code == 200, answer.status
    return answer.get_data(as_text=True)


def heading(text: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", text, re.S).group(1).strip()


def send(client, text: str, **typed: str):
    """Send the page's own form (not the one in the header) as a browser would, and follow where it leads."""
    form = next(f for f in re.findall(r"<form.*?</form>", text, re.S) if 'method="post"' in f and "sign-out" not in f)
    fields = {
        re.search(r'name="([^"]+)"', tag).group(1): re.search(r'value="([^"]*)"', tag).group(1)
        for tag in re.findall(r'<input[^>]*type="hidden"[^>]*>', form)
    }
    answer = client.post(re.search(r'action="([^"]+)"', form).group(1), data={**fields, **typed})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return page(client.get(answer.location))


def open_account(client, where: str, name: str, mobile: str) -> str:
    """From a course's page, not signed in: the way to an account leads back to the sign-up."""
    answer = client.get(where)
    text = page(client.get(answer.location))
    text = page(client.get(re.search(r'href="(/account/new\?[^"]+)"', text).group(1).replace("&amp;", "&")))
    return send(client, text, name=name, mobile=mobile, password="松木 桥头 风筝", birth_on="1958年3月4日")


def test_a_learner_finds_signs_up_waits_moves_up_and_withdraws(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        walk(app, client)
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def walk(app, client) -> None:
    with writing():
        offering = an_offering(title="晚间书法（演示）", capacity=30, first_on=DAY, min_age=50)
        for _ in range(28):
            offering.enrol(a_person(), by=None, at=offering.published_at)
    where = f"/my/offerings/{offering.id}/enrolment"

    assert "晚间书法（演示）" in page(client.get("/offerings"))
    text = page(client.get(f"/offerings/{offering.id}"))
    assert where in text and "只剩 2 名，共 30 名" in text

    text = open_account(client, where, "演示甲", "13900005001")
    assert heading(text) == "报名：晚间书法（演示）" and "演示甲" in text
    text = send(client, text)
    assert heading(text) == "报名成功，第 29 名，共 30 人"
    first = client

    second, third, fourth = (app.test_client() for _ in range(3))
    assert heading(send(second, open_account(second, where, "演示乙", "13900005002"))) == "报名成功，第 30 名，共 30 人"
    assert heading(send(third, open_account(third, where, "演示丙", "13900005003"))) == "候补第 1 位"
    assert heading(send(fourth, open_account(fourth, where, "演示丁", "13900005004"))) == "候补第 2 位"

    text = page(first.get("/my/enrolments"))
    text = page(first.get(re.search(r'href="(/my/enrolments/\d+/withdrawal)"', text).group(1)))
    assert heading(text).startswith("确定取消吗")
    assert heading(send(first, text)) == "已取消报名"

    assert "报名成功，第 30 名，共 30 人" in page(third.get("/my/enrolments")), "moved up at once"
    assert "候补第 1 位" in page(fourth.get("/my/enrolments"))
    text = page(first.get(where))
    assert "确认候补" in text and "前面 1 人" in text, "who comes back stands at the end"
    assert heading(send(first, text)) == "候补第 2 位"

    offering = db.session.get_one(Offering, offering.id)
    living = db.select(db.func.count(Enrolment.id)).where(Enrolment.withdrawn_at.is_(None))
    assert offering.places_taken == 30 and db.session.scalar(living) == 32
    assert re.search(r"13900005\d{3}", page(first.get("/my-data"))) is None
