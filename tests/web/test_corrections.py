"""What somebody wrote wrongly, they correct themselves: name, birth date, mobile."""

from datetime import date, datetime, timedelta

import pytest

from app.clock import SHANGHAI, now
from app.counts.year import year_table
from app.database import db, writing
from app.models import Account, CandidatePair, Enrolment, Person, PersonCorrection, SignInAttempt
from app.models.person import settle_identities
from tests.people import NOON, PASSWORD, a_person, a_provider, a_resident, an_account, an_offering

SOON = (datetime.now(SHANGHAI) + timedelta(20)).date()


def text(answer) -> str:
    return answer.get_data(as_text=True)


def page_of(person: Person) -> str:
    return f"/my-data/people/{person.id}/correction"


def correct(client, person: Person, name: str = "", birth_on: str = ""):
    return client.post(page_of(person), data={"name": name or person.name, "birth_on": birth_on})


def a_family(name: str = "演示本人") -> tuple[Account, Person, Person]:
    with writing():
        account = an_account("resident", name=name)
        own = account.add_person(name, date(1950, 2, 3), NOON, relation="self")
        mother = account.add_person("演示妈妈", date(1930, 2, 3), NOON)
    return account, own, mother


# -- name and birth date ---------------------------------------------------


def test_the_own_name_and_birth_date_are_corrected_and_the_account_has_the_new_name(client):
    account, own, _ = a_family()
    client.sign_in(account)
    assert f'href="{page_of(own)}"' in text(client.get("/my-data"))
    page = text(client.get(page_of(own)))
    assert 'value="演示本人"' in page and 'value="1950-2-3"' in page, "what stands is there to be changed"
    answer = correct(client, own, "演示本仁", "1951年2月3日")
    assert (answer.status_code, answer.location) == (303, "/my-data")
    page = text(client.get("/my-data"))
    assert "资料已更正" in page and "1951-02-03" in page and "演示本仁" in page and "演示本人" not in page
    found = db.session.get_one(Person, own.id)
    assert (found.name, found.birth_on) == ("演示本仁", date(1951, 2, 3))
    assert db.session.get_one(Account, account.id).name == "演示本仁"


def test_a_relative_is_corrected_and_the_account_keeps_its_name(client):
    account, _, mother = a_family()
    client.sign_in(account)
    for where in ("/my-data", "/my/people"):
        assert f'href="{page_of(mother)}"' in text(client.get(where))
    assert correct(client, mother, "演示母亲", "1931-2-3").status_code == 303
    assert db.session.get_one(Person, mother.id).name == "演示母亲"
    assert db.session.get_one(Account, account.id).name == "演示本人"


def test_what_stood_before_is_kept_and_the_desk_sees_it(client):
    account, own, _ = a_family()
    with writing():
        provider = a_provider()
        enrolment = an_offering(provider, first_on=SOON).enrol(own, by=None, at=now())
        clerk = an_account("clerk", provider)
    client.sign_in(account)
    correct(client, own, "演示本仁", "1950-2-3")
    correct(client, own, "演示本仁", "1951-2-3")
    correct(client, own, "演示本仁", "1951-2-3")
    kept = PersonCorrection.of(own.id)
    assert [(each.name, each.birth_on) for each in kept] == [
        ("演示本仁", date(1950, 2, 3)),
        ("演示本人", date(1950, 2, 3)),
    ], "the third one changed nothing"
    assert {each.corrected_by_id for each in kept} == {account.id}
    client.sign_in(clerk)
    page = text(client.get(f"/desk/offerings/{enrolment.offering_id}/enrolments/{enrolment.id}"))
    assert "更正以前" in page and "演示本人，1950-02-03" in page


def test_an_age_limit_asks_the_corrected_birth_date(client):
    account, own, _ = a_family()
    with writing():
        offering = an_offering(first_on=SOON, min_age=60, max_age=80)
    client.sign_in(account)
    sent = {"nonce": "n" * 24, "person_id": own.id}
    correct(client, own, birth_on="1990-2-3")
    assert client.post(f"/my/offerings/{offering.id}/enrolment", data=sent).status_code == 409
    correct(client, own, birth_on="1960-2-3")
    assert client.post(f"/my/offerings/{offering.id}/enrolment", data=sent).status_code == 303


def test_who_waits_gets_the_free_place_that_the_corrected_age_allows(client):
    account, own, _ = a_family()
    with writing():
        offering = an_offering(first_on=SOON, capacity=1)
        first = offering.enrol(a_person(birth_on=date(1950, 1, 1)), by=None, at=now())
        waiting = offering.enrol(own, by=account, at=now())
        offering.min_age, own.birth_on = 60, date(1990, 2, 3)
        offering.withdraw(first, by=None, at=now())
    assert db.session.get_one(Enrolment, waiting.id).waits, "too young as it was written"
    assert correct(client.sign_in(account), own, birth_on="1950-2-3").status_code == 303
    assert db.session.get_one(Enrolment, waiting.id).place_number == 1


def test_a_count_joins_who_is_now_known_to_be_one_human_being(client):
    account, own, _ = a_family()
    with writing():
        provider = a_provider()
        desk = a_person("演示本仁", keeper_provider_id=provider.id, birth_on=date(1951, 2, 3), mobile=account.mobile)
        for person in (own, desk):
            offering = an_offering(provider, first_on=date(2026, 3, 10))
            enrolment = offering.enrol(person, by=None, at=NOON)
            lesson = offering.lessons[0]
            lesson.take_roll({enrolment.id: "present"}, by=None, at=lesson.begins_at, base_version=0)
        settle_identities([own.id, desk.id])
    assert persons() == 2, "as it was written they are two"
    correct(client.sign_in(account), own, "演示本仁", "1951-2-3")
    assert persons() == 1
    correct(client, own, "演示本人", "1951-2-3")
    assert persons() == 2, "and apart again, with no trace of the pair"
    assert db.session.scalar(db.select(db.func.count()).select_from(CandidatePair)) == 0


def persons() -> int:
    return year_table(2026).total.persons


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("name", "born", "sentence"),
    [
        ("演示妈妈", "1930-2-3", "已经在您的名单里"),
        ("演示本人", "", "填过就不能清空"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_changes(client, name, born, sentence):
    account, own, _ = a_family()
    answer = correct(client.sign_in(account), own, name, born)
    assert answer.status_code == 409 and text(answer).count(sentence) == 2, "on top and at the field"
    found = db.session.get_one(Person, own.id)
    assert (found.name, found.birth_on) == ("演示本人", date(1950, 2, 3))
    assert PersonCorrection.of(own.id) == []


@pytest.mark.engine("sqlite")
def test_a_birth_date_does_not_contradict_the_document(client):
    with writing():
        document = ("resident_id", "220299195002030018")
        account, own = a_resident("演示本人", birth_on=date(1950, 2, 3), document=document)
    client.sign_in(account)
    answer = correct(client, own, birth_on="1951-2-3")
    assert answer.status_code == 409 and "和证件号码里的不一样" in text(answer)
    assert correct(client, own, "演示本仁", "1950-2-3").status_code == 303, "the name may be"


@pytest.mark.engine("sqlite")
def test_nobody_corrects_the_people_of_others(client):
    _, own, _ = a_family()
    with writing():
        other, _ = a_resident()
    client.sign_in(other)
    assert client.get(page_of(own)).status_code == 404
    assert correct(client, own, "别人演示").status_code == 404
    assert db.session.get_one(Person, own.id).name == "演示本人"


# -- the mobile ------------------------------------------------------------


def change(client, mobile: str, password: str = PASSWORD):
    return client.post("/my-data/mobile", data={"mobile": mobile, "password": password})


def test_a_new_mobile_is_where_one_signs_in_and_what_the_own_record_says(client):
    account, own, mother = a_family()
    before = account.mobile
    client.sign_in(account)
    assert change(client, "139 0000 4801").status_code == 303
    assert "手机号已换好" in text(client.get("/my-data"))
    assert db.session.get_one(Person, own.id).mobile == "13900004801"
    assert db.session.get_one(Person, mother.id).mobile is None
    client.post("/sign-out")
    assert client.post("/sign-in", data={"mobile": before, "password": PASSWORD}).status_code == 409
    assert client.post("/sign-in", data={"mobile": "13900004801", "password": PASSWORD}).status_code == 303


def test_a_mobile_changes_only_with_the_password_and_to_one_that_is_free(client):
    account, _, _ = a_family()
    with writing():
        taken = an_account("resident").mobile
    before = account.mobile
    client.sign_in(account)
    for mobile, password, sentence in (
        ("13900004802", "错的 密码 一个", "现在的密码不对"),
        (taken, PASSWORD, "已经开过账号"),
        (before, PASSWORD, "这就是现在的手机号"),
    ):
        answer = change(client, mobile, password)
        assert answer.status_code == 409 and text(answer).count(sentence) == 2
    assert db.session.get_one(Account, account.id).mobile == before
    assert db.session.scalar(db.select(db.func.count()).select_from(SignInAttempt)) == 3, "guesses are counted"
