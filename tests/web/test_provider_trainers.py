"""Trainers are taken on, their passwords handed over once, and nobody else's touched."""

import re

import pytest

from app.clock import now
from app.database import db, writing
from app.models import Account, SignIn
from tests.people import PASSWORD, a_provider, a_resident, an_account, mobile
from tests.web.desk import again, at_desk, coming, fresh

SECRET = re.compile(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}")


def test_a_new_trainer_gets_a_password_that_is_shown_once(client):
    provider = at_desk(client)
    number = mobile()
    page = client.post("/desk/trainers/new", data={"name": "李演示", "mobile": f"+86 {number}"})
    password = SECRET.search(page.text)[0]
    assert number not in page.text, "masked"
    account = Account.with_mobile(number)
    assert account.password_is(password) and account.must_change_password
    assert account.provider_ids("trainer") == [provider.id]
    listed = client.get("/desk/trainers").text
    assert "李演示" in listed and not SECRET.search(listed)


def test_somebody_with_an_account_keeps_their_password(client):
    at_desk(client)
    with writing():
        resident, _ = a_resident("王演示")
    answer = client.post("/desk/trainers/new", data={"name": "王演示", "mobile": resident.mobile})
    assert answer.status_code == 303
    assert "已有账号" in client.get(answer.location).text
    assert fresh(resident).has_role("trainer") and fresh(resident).password_is(PASSWORD)


def test_the_name_behind_a_mobile_is_not_told(client):
    at_desk(client)
    with writing():
        resident, _ = a_resident("王演示")
    answer = client.post("/desk/trainers/new", data={"name": "李演示", "mobile": resident.mobile})
    assert answer.status_code == 409 and 'id="name-error"' in answer.text
    assert "王演示" not in answer.text and not fresh(resident).has_role("trainer")


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": "", "mobile": "13900000001"}, "name"),
        ({"name": "李" * 31, "mobile": "13900000001"}, "name"),
        ({"name": "李演示", "mobile": ""}, "mobile"),
        ({"name": "李演示", "mobile": "123"}, "mobile"),
    ],
)
def test_each_mistake_stands_at_its_field(client, sent, field):
    at_desk(client)
    answer = client.post("/desk/trainers/new", data=sent)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and f'href="#{field}"' in answer.text


def test_a_reset_shows_a_password_once_and_ends_every_session(client):
    provider = at_desk(client)
    with writing():
        trainer = an_account("trainer", provider)
        token = SignIn.begin(trainer, now())
    page = client.post(f"/desk/trainers/{trainer.id}/one-use-password").text
    assert fresh(trainer).password_is(SECRET.search(page)[0])
    assert SignIn.of(token, now()) is None


def test_an_account_that_is_not_its_own_to_reset_is_refused(client):
    provider = at_desk(client)
    with writing():
        officer = an_account("officer")
        officer.grant("trainer", now(), provider)
        stranger = an_account("trainer", a_provider())
    before = fresh(officer).password_hash
    answer = client.post(f"/desk/trainers/{officer.id}/one-use-password")
    assert answer.status_code == 409 and not SECRET.search(answer.text)
    assert fresh(officer).password_hash == before
    for path in ("one-use-password", "dismissal"):
        assert client.post(f"/desk/trainers/{stranger.id}/{path}").status_code == 404


def test_a_trainer_leaves_when_nothing_is_left_to_teach(client):
    provider = at_desk(client)
    offering = coming(provider)
    with writing():
        trainer = an_account("trainer", provider)
        again(offering).appoint(trainer)
    refused = client.post(f"/desk/trainers/{trainer.id}/dismissal")
    assert refused.status_code == 409 and offering.number in refused.text
    with writing():
        again(offering).dismiss(again(trainer))
    assert client.post(f"/desk/trainers/{trainer.id}/dismissal").status_code == 303
    assert not fresh(trainer).has_role("trainer")
    assert db.session.scalar(db.select(db.func.count()).select_from(Account)) == 2
