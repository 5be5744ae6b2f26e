"""Learners at the desk: taken in, withdrawn, completed, certified; found by name, helped with a password."""

import re
from datetime import date, timedelta

import pytest

from app.clock import now, today
from app.database import db, writing
from app.models import Certificate, Enrolment, Person, SignIn
from app.models.identity_number import check_character
from tests.people import NOON, a_person, a_provider, a_resident, an_offering
from tests.web.desk import again, at_desk, coming, fresh, running, told

SECRET = re.compile(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}")
BODY = "22029919500304001"
NUMBER = BODY + check_character(BODY)
FULL = {
    "name": "赵演示",
    "mobile": "139 0000 1234",
    "birth_on": "1950年3月4日",
    "sex": "female",
    "document_type": "resident_id",
    "document_number": NUMBER.lower(),
}


def learner_url(enrolment: Enrolment, path: str = "") -> str:
    return f"/desk/offerings/{enrolment.offering_id}/enrolments/{enrolment.id}{path}"


def test_a_learner_is_taken_in_at_the_desk_and_stays_the_institutions_record(client):
    provider = at_desk(client)
    offering = coming(provider)
    answer = client.post(f"/desk/offerings/{offering.id}/learners/new", data=FULL)
    assert answer.status_code == 303
    enrolment = db.session.scalars(db.select(Enrolment)).one()
    person = enrolment.person
    assert (enrolment.source, enrolment.place_number, person.keeper_provider_id) == ("clerk", 1, provider.id)
    assert (person.mobile, person.document_number, person.birth_on) == ("13900001234", NUMBER, date(1950, 3, 4))
    page = client.get(answer.location).text
    assert "已报名，占第 1 名" in page and "139****1234" in page
    assert NUMBER not in page and "13900001234" not in page


def test_a_name_is_enough_and_a_birth_date_is_read_from_the_number(client):
    offering = coming(at_desk(client))
    url = f"/desk/offerings/{offering.id}/learners/new"
    assert client.post(url, data={"name": "只有名字（演示）"}).status_code == 303
    assert client.post(url, data=FULL | {"birth_on": ""}).status_code == 303
    births = {p.name: p.birth_on for p in db.session.scalars(db.select(Person))}
    assert births == {"只有名字（演示）": None, "赵演示": date(1950, 3, 4)}


def test_the_same_person_again_is_the_same_record_and_is_not_signed_up_twice(client):
    provider = at_desk(client)
    first, second = coming(provider), coming(provider)
    for offering in (first, second):
        assert client.post(f"/desk/offerings/{offering.id}/learners/new", data=FULL).status_code == 303
    answer = client.post(f"/desk/offerings/{first.id}/learners/new", data=FULL)
    assert answer.status_code == 409 and 'id="name-error"' in answer.text
    assert db.session.scalar(db.select(db.func.count()).select_from(Person)) == 1


def test_who_comes_to_a_full_offering_waits_with_a_rank(client):
    offering = coming(at_desk(client), capacity=0)
    answer = client.post(f"/desk/offerings/{offering.id}/learners/new", data={"name": "候补演示"})
    assert "候补第 1 位" in client.get(answer.location).text
    assert "候补，共 1 人" in client.get(f"/desk/offerings/{offering.id}/learners").text


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "长" * 31}, "name"),
        ({"mobile": "12"}, "mobile"),
        ({"birth_on": "昨天"}, "birth_on"),
        ({"birth_on": "1950-03-05"}, "document_number"),
        ({"sex": "x"}, "sex"),
        ({"document_type": "x"}, "document_type"),
        ({"document_type": ""}, "document_number"),
        ({"document_number": ""}, "document_number"),
        ({"document_number": NUMBER[:15]}, "document_number"),
        ({"document_number": NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2")}, "document_number"),
    ],
)
def test_each_mistake_stands_on_top_and_at_its_field_and_nothing_typed_is_lost(client, changed, field):
    offering = coming(at_desk(client))
    answer = client.post(f"/desk/offerings/{offering.id}/learners/new", data=FULL | changed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text and 'class="error"' in answer.text
    kept = "139 0000 1234" if field != "mobile" else 'value="12"'
    assert kept in answer.text
    assert db.session.scalar(db.select(db.func.count()).select_from(Person)) == 0


def test_a_withdrawal_is_asked_for_and_frees_the_place(client):
    provider = at_desk(client)
    offering = coming(provider, capacity=1)
    with writing():
        here = again(offering)
        first, second = (here.enrol(a_person(), by=None, at=NOON) for _ in range(2))
    url = learner_url(first, "/withdrawal")
    assert "不能撤回" in client.get(url).text
    assert fresh(first).withdrawn_at is None, "asking changes nothing"
    assert client.post(url).status_code == 303
    assert "**已退班，" in told(client) and first.person.name not in told(client)
    assert fresh(second).state() == "registered"
    assert "已离开，共 1 人" in client.get(f"/desk/offerings/{offering.id}/learners").text


def test_completions_are_entered_with_their_date_and_undone(client):
    _, (enrolment,) = running(at_desk(client))
    day = str(today())
    assert client.post(learner_url(enrolment, "/completion"), data={"completed_on": ""}).status_code == 422
    early = client.post(learner_url(enrolment, "/completion"), data={"completed_on": "2020-01-01"})
    assert early.status_code == 409 and 'id="completed_on-error"' in early.text
    assert client.post(learner_url(enrolment, "/completion"), data={"completed_on": day}).status_code == 303
    assert fresh(enrolment).completed_on == today()
    assert client.post(learner_url(enrolment, "/withdrawal")).status_code == 409
    assert client.post(learner_url(enrolment, "/completion/removal")).status_code == 303
    assert fresh(enrolment).completed_on is None


def test_several_complete_at_once_or_none_does(client):
    offering, enrolments = running(at_desk(client), people=3)
    url = f"/desk/offerings/{offering.id}/completions"
    some = [e.id for e in enrolments[:2]]
    assert client.post(url, data={"completed_on": str(today()), "enrolments": []}).status_code == 422
    with writing():
        late = again(enrolments[1])
        late.first_attended_on = today()
    refused = client.post(url, data={"completed_on": str(today() - timedelta(1)), "enrolments": some})
    assert refused.status_code == 409 and late.person.name in refused.text
    assert refused.text.count(" checked") == 2, "the ticks stay"
    assert fresh(enrolments[0]).completed_on is None, "all or none"
    assert client.post(url, data={"completed_on": str(today()), "enrolments": some}).status_code == 303
    assert [fresh(e).completed_on for e in enrolments] == [today(), today(), None]


def test_a_certificate_has_one_holder_and_may_be_taken_back(client):
    _, (one, other) = running(at_desk(client), people=2)
    sent = {"system": "hrss", "name": "养老护理员", "level": "五级", "number": "Y-1", "issued_on": str(today())}
    assert client.post(learner_url(one, "/certificates"), data=sent).status_code == 303
    taken = client.post(learner_url(other, "/certificates"), data=sent)
    assert taken.status_code == 409 and 'id="number-error"' in taken.text
    early = client.post(learner_url(other, "/certificates"), data=sent | {"number": "Y-2", "issued_on": "2020-01-01"})
    assert early.status_code == 409 and 'id="issued_on-error"' in early.text
    certificate = db.session.scalars(db.select(Certificate)).one()
    assert client.post(learner_url(other, f"/certificates/{certificate.id}/removal")).status_code == 404
    assert client.post(learner_url(one, f"/certificates/{certificate.id}/removal")).status_code == 303
    assert client.post(learner_url(other, "/certificates"), data=sent).status_code == 303


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("field", ["system", "name", "number", "issued_on"])
def test_a_certificate_lacks_nothing(client, field):
    _, (one,) = running(at_desk(client))
    sent = {"system": "hrss", "name": "养老护理员", "number": "Y-1", "issued_on": str(today())} | {field: ""}
    answer = client.post(learner_url(one, "/certificates"), data=sent)
    assert answer.status_code == 422 and f'href="#{field}"' in answer.text and 'class="error"' in answer.text


def test_learners_are_found_by_name_in_the_own_house_only(client):
    provider = at_desk(client)
    with writing():
        an_offering(provider).enrol(a_person("钱演示"), by=None, at=NOON)
        an_offering(a_provider()).enrol(a_person("钱别家"), by=None, at=NOON)
    page = client.post("/desk/learners", data={"q": "钱"}).text
    assert "钱演示" in page and "钱别家" not in page
    assert "没有这个姓名" in client.post("/desk/learners", data={"q": "不在"}).text


def test_a_learner_who_forgot_the_password_is_given_one(client):
    offering = coming(at_desk(client))
    with writing():
        account, person = a_resident()
        enrolment = again(offering).enrol(person, by=account, at=NOON)
        child = a_person(account=account, relation="family")
        family = again(offering).enrol(child, by=account, at=NOON)
        token = SignIn.begin(account, now())
    assert "重置登录密码" not in client.get(learner_url(family)).text
    assert client.post(learner_url(family, "/one-use-password")).status_code == 404
    page = client.post(learner_url(enrolment, "/one-use-password")).text
    assert fresh(account).password_is(SECRET.search(page)[0]) and fresh(account).must_change_password
    assert SignIn.of(token, now()) is None
    assert not SECRET.search(client.get(learner_url(enrolment)).text), "shown once"


def test_a_learner_goes_on_in_another_offering_of_the_course(client):
    provider = at_desk(client)
    offering, (enrolment,) = running(provider)
    other = coming(provider, course=offering.course, number="2026-转入")
    coming(provider, number="2026-别的课")
    page = client.get(learner_url(enrolment, "/transfer")).text
    assert "2026-转入" in page and "2026-别的课" not in page
    answer = client.post(learner_url(enrolment, "/transfer"), data={"to": str(other.id)})
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "已转班，占第 1 名" in page and "转自" in page and str(offering.starts_on) in page
    assert "转去" in client.get(learner_url(enrolment)).text
    assert fresh(enrolment).withdrawn_at and fresh(offering).places_taken == 0


def test_a_transfer_that_cannot_be_says_why_and_changes_nothing(client):
    provider = at_desk(client)
    offering, (enrolment,) = running(provider)
    full = coming(provider, course=offering.course, number="2026-满", capacity=0)
    answer = client.post(learner_url(enrolment, "/transfer"), data={"to": str(full.id)})
    assert answer.status_code == 409 and "没有空余名额" in answer.text
    assert client.post(learner_url(enrolment, "/transfer"), data={}).status_code == 422
    elsewhere = coming(a_provider_of_its_own())
    assert client.post(learner_url(enrolment, "/transfer"), data={"to": str(elsewhere.id)}).status_code == 422
    assert fresh(enrolment).withdrawn_at is None


def a_provider_of_its_own():
    with writing():
        return a_provider()
