"""Somebody sat in a lesson without a place: taken in or closed, once."""

from app.clock import today
from app.database import db, writing
from app.models import Enrolment, Observation
from tests.people import NOON, a_person, a_provider
from tests.web.desk import again, at_desk, fresh, running, told


def seen(offering, name: str = "旁听（演示）") -> Observation:
    with writing():
        found = Observation(lesson_id=offering.lessons[0].id, name=name, mobile="13900004321", seen_at=NOON)
        db.session.add(found)
    return found


def test_who_is_taken_in_is_signed_up_from_that_lesson_on(client):
    provider = at_desk(client)
    offering, _ = running(provider)
    found = seen(offering)
    page = client.get(f"/desk/observations/{found.id}").text
    assert "139****4321" in page and "13900004321" not in page
    assert client.post(f"/desk/observations/{found.id}/enrolment", data={"name": found.name}).status_code == 303
    assert told(client) == "旁*****已登记进班，占第 2 名。"
    enrolment = db.session.scalars(db.select(Enrolment).order_by(Enrolment.id.desc())).first()
    assert enrolment.registered_on == offering.lessons[0].held_on
    assert enrolment.person.mobile == "13900004321" and enrolment.person.keeper_provider_id == provider.id
    assert fresh(found).settled_by_id is not None
    assert "旁听（演示）" in client.get("/desk/observations?settled=1").text
    assert "旁听（演示）" not in client.get("/desk/observations").text
    twice = client.post(f"/desk/observations/{found.id}/outcome", data={"outcome": "再来一次"})
    assert twice.status_code == 409 and "已经处理过" in twice.text


def test_nobody_passes_the_queue(client):
    offering, _ = running(at_desk(client), capacity=1)
    with writing():
        again(offering).enrol(a_person(), by=None, at=NOON, source="clerk")
    found = seen(offering)
    answer = client.post(f"/desk/observations/{found.id}/enrolment", data={"name": found.name})
    assert answer.status_code == 409 and "请先增加名额" in answer.text
    assert fresh(found).settled_at is None


def test_it_is_closed_with_a_note(client):
    offering, _ = running(at_desk(client))
    found = seen(offering)
    url = f"/desk/observations/{found.id}/outcome"
    empty = client.post(url, data={"outcome": " "})
    assert empty.status_code == 422 and 'id="outcome-error"' in empty.text
    assert client.post(url, data={"outcome": "旁听一次，不报名"}).status_code == 303
    assert "旁听一次，不报名" in client.get("/desk/observations?settled=1").text
    assert db.session.scalar(db.select(db.func.count()).select_from(Enrolment)) == 1


def test_another_institutions_are_missing(client):
    at_desk(client)
    offering, _ = running(a_provider_of_others())
    found = seen(offering)
    assert client.get(f"/desk/observations/{found.id}").status_code == 404
    for path in ("enrolment", "outcome"):
        assert (
            client.post(f"/desk/observations/{found.id}/{path}", data={"name": "x", "outcome": "x"}).status_code == 404
        )
    assert "旁听（演示）" not in client.get("/desk/observations").text
    assert offering.starts_on < today()


def a_provider_of_others():
    with writing():
        return a_provider()
