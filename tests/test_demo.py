"""The demo is whole, invented, and loaded once."""

from datetime import date

import pytest

from app import demo
from app.clock import today
from app.database import db
from app.models import Account, Course, Enrolment, GroupVisit, Lesson, Offering, Person, Provider
from app.models.identity_number import normalise_mobile


@pytest.mark.engine("sqlite")
def test_the_demo_fills_an_empty_registry_with_invented_people(app, tmp_path):
    assert demo.is_empty()
    demo.load(today(), tmp_path, lambda sentence: None)
    assert not demo.is_empty()
    for model in (Account, Course, Offering, Person, Provider):
        assert not db.session.scalar(db.select(model).where(model.is_demo.is_(False)).limit(1)), model
    people = db.session.scalars(db.select(Person)).all()
    assert all("演示" in person.name for person in people)
    assert all((person.mobile or "1390000").startswith("1390000") for person in people)
    assert all((person.document_number or "220299").startswith("220299") for person in people)
    assert 300 <= len({person.identity for person in people}) <= 900
    years = db.session.scalars(db.select(Enrolment.first_attended_on).where(Enrolment.first_attended_on.is_not(None)))
    assert {day.year for day in years} == {today().year - back for back in range(6)}
    assert {nameless(today().year - 2), nameless(today().year - 1)} == {2000, 5000}
    teaches = db.session.scalars(db.select(Lesson).where(Lesson.held_on == today())).all()
    assert any(len(lesson.roster()) >= 20 for lesson in teaches)
    signers = demo.sign_ins(tmp_path)
    assert len(signers) == 4
    assert all(Account.with_mobile(mobile).password_is(password) for _, mobile, password in signers)


def nameless(year: int) -> int:
    within = GroupVisit.visited_on.between(date(year, 1, 1), date(year, 12, 31))
    return db.session.scalar(db.select(db.func.sum(GroupVisit.headcount)).where(within))


@pytest.mark.engine("sqlite")
def test_the_command_loads_once_and_says_how_each_role_signs_in(app, tmp_path, monkeypatch):
    loads = []
    app.instance_path = str(tmp_path)
    monkeypatch.setattr(demo, "load", lambda day, instance, say: loads.append(day))
    monkeypatch.setattr(demo, "sign_ins", lambda instance: [("clerk", normalise_mobile("13900009002"), "wusong-1")])
    runner = app.test_cli_runner()
    first = runner.invoke(args=["demo", "load"])
    assert "机构教务" in first.output
    assert "wusong-1" in first.output
    monkeypatch.setattr(demo, "is_empty", lambda: False)
    runner.invoke(args=["demo", "load"])
    assert len(loads) == 1
