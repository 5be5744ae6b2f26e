"""Sign up, wait, withdraw, for oneself and for the family."""

import re
import secrets
from datetime import date, datetime, timedelta
from threading import Barrier, Thread

import pytest

from app.clock import SHANGHAI
from app.database import db, writing
from app.models import Account, Enrolment, FormNonce, Offering
from app.models.account import AT_AN_INSTITUTION, ROLES, NewPassword
from app.models.person import settle_identities
from tests.conftest import Browser
from tests.people import NOON, a_person, a_provider, a_resident, an_account, an_offering

SOON = (datetime.now(SHANGHAI) + timedelta(20)).date()


def text(answer) -> str:
    return answer.get_data(as_text=True)


def heading(answer) -> str:
    return re.search(r"<h1>(.*?)</h1>", text(answer), re.S).group(1).strip()


def seen(client, where: str) -> str:
    """What a 404 shows, but for the address itself and the form token, which tells the time."""
    answer = client.get(where)
    assert answer.status_code == 404
    return re.sub(r'name="csrf_token" value="[^"]+"', "", text(answer).replace(where, ""))


def nonce() -> str:
    return secrets.token_urlsafe(24)


def offered(**facts) -> Offering:
    return an_offering(first_on=SOON, **facts)


def path(offering: Offering) -> str:
    return f"/my/offerings/{offering.id}/enrolment"


def send(client, offering: Offering, person, one: str = ""):
    return client.post(path(offering), data={"nonce": one or nonce(), "person_id": person.id})


def enrolments() -> int:
    return db.session.scalar(db.select(db.func.count()).select_from(Enrolment))


# -- sign up ---------------------------------------------------------------


def test_a_sign_up_is_told_its_place(client):
    with writing():
        account, person = a_resident("演示王秀英")
        offering = offered(
            title="书法入门（演示）", capacity=30, address="解放大路 1 号", fee_cents=12050, bring="毛笔"
        )
        for _ in range(17):
            offering.enrol(a_person(), by=None, at=NOON)
    client.sign_in(account)
    answer = client.get(path(offering))
    page = text(answer)
    assert heading(answer) == "报名：书法入门（演示）"
    assert "剩 13 名，共 30 名" in page and "确认报名" in page and "演示王秀英" in page
    for fact in ("解放大路 1 号", "船营区", "120.50 元，到机构缴费", "毛笔", "0432"):
        assert fact in page
    one = re.search(r'name="nonce" type="hidden" value="([^"]+)"', page).group(1)
    answer = send(client, offering, person, one)
    assert answer.status_code == 303
    answer = client.get(answer.location)
    assert heading(answer) == "报名成功，第 18 名，共 30 人"
    assert "取消报名" in text(answer) and "第 18 名" in text(client.get("/my/enrolments"))
    assert "剩 12 名" in text(client.get(path(offering)))


def test_without_a_limit_nothing_is_said_of_all(client):
    with writing():
        account, person = a_resident()
        offering = offered(capacity=None)
    answer = send(client.sign_in(account), offering, person)
    assert heading(client.get(answer.location)) == "报名成功，第 1 名"


def test_a_full_offering_is_waited_for_and_the_rank_is_told(client):
    with writing():
        account, person = a_resident()
        offering = offered(capacity=1)
        for _ in range(3):
            offering.enrol(a_person(), by=None, at=NOON)
    client.sign_in(account)
    page = text(client.get(path(offering)))
    assert "确认候补" in page and "确认报名" not in page and "前面 2 人" in page
    answer = client.get(send(client, offering, person).location)
    assert heading(answer) == "候补第 3 位"
    assert "按候补先后自动补上" in text(answer) and "取消候补" in text(answer)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"min_age": 60}, "开班那天要满 60 岁"),
        ({"signup_closes_at": NOON}, "报名已经截止"),
        ({"signup_opens_at": NOON + timedelta(20000)}, "还没到报名时间"),
        ({}, "这个班已取消"),
    ],
)
@pytest.mark.engine("sqlite")
def test_a_refusal_comes_back_on_the_page_with_its_sentence(client, facts, sentence):
    with writing():
        account, person = a_resident(birth_on=date(1990, 1, 1))
        offering = offered(**facts)
        if not facts:
            offering.cancel("停电", NOON)
    answer = send(client.sign_in(account), offering, person)
    assert answer.status_code == 409 and sentence in text(answer)
    assert "<title>错误：" in text(answer)
    assert enrolments() == 0
    page = client.get(path(offering))
    assert page.status_code == 200
    if "min_age" not in facts:
        assert sentence in text(page) and "确认" not in text(page)


@pytest.mark.engine("sqlite")
def test_somebody_who_is_in_already_is_shown_their_sign_up(client):
    with writing():
        account, person = a_resident()
        offering = offered()
    client.sign_in(account)
    first = send(client, offering, person).location
    answer = send(client, offering, person)
    assert answer.status_code == 409 and "已经报过这个班了" in text(answer)
    assert f'href="{first}"' in text(client.get(path(offering)))
    assert "<button>确认" not in text(client.get(path(offering)))


@pytest.mark.engine("sqlite")
def test_a_draft_answers_like_what_does_not_exist(client):
    with writing():
        account, person = a_resident()
        draft = offered(published=False)
    client.sign_in(account)
    for far in (2**31, 2**63, 10**30):
        assert client.get(f"/my/offerings/{far}/enrolment").status_code == 404
    assert seen(client, path(draft)) == seen(client, "/my/offerings/999999/enrolment")
    assert send(client, draft, person).status_code == 404


# -- once ------------------------------------------------------------------


def test_a_form_sent_again_is_the_same_sign_up_with_the_same_answer(client):
    with writing():
        account, person = a_resident()
        offering = offered()
    one = nonce()
    answers = [send(client.sign_in(account), offering, person, one) for _ in range(3)]
    assert len({(a.status_code, a.location) for a in answers}) == 1 and enrolments() == 1
    kept = db.session.scalar(db.select(FormNonce))
    assert kept.nonce == one and answers[0].location.endswith(f"/{kept.made_id}")


def test_the_same_form_with_other_content_is_refused(client):
    with writing():
        account, person = a_resident()
        mother = a_person("演示妈妈", account, "family")
        offering, other = offered(), offered()
        stranger, their_own = a_resident()
    one = nonce()
    client.sign_in(account)
    assert send(client, offering, person, one).status_code == 303
    for where, whom in ((offering, mother), (other, person)):
        answer = send(client, where, whom, one)
        assert answer.status_code == 422 and "已经用别的内容交过" in text(answer)
    assert send(client.sign_in(stranger), offering, their_own, one).status_code == 422
    assert enrolments() == 1


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("broken", ["", "short", "x" * 65, "x" * 64 + "\n", "../../etc/passwd-etc"])
def test_a_form_without_its_nonce_asks_to_be_sent_anew(client, broken):
    with writing():
        account, person = a_resident()
        offering = offered()
    answer = client.sign_in(account).post(path(offering), data={"nonce": broken, "person_id": person.id})
    assert answer.status_code == 422 and "请刷新页面再交一次" in text(answer)
    fresh = re.search(r'name="nonce" type="hidden" value="([^"]+)"', text(answer)).group(1)
    assert send(client, offering, person, fresh).status_code == 303


@pytest.mark.parametrize("asked", ["9" * 30, "0", "-1", str(2**31), "王"])
def test_a_person_who_cannot_exist_is_asked_for_again(client, asked):
    with writing():
        account, _ = a_resident()
        a_person(account=account, relation="family")
        offering = offered()
    client.sign_in(account)
    answer = client.post(path(offering), data={"nonce": nonce(), "person_id": asked})
    assert answer.status_code == 422
    assert "请选择给谁报名" in text(answer)


@pytest.mark.parametrize("times", [2, 20])
def test_a_form_sent_many_times_at_once_is_one_sign_up(app, times):
    assert send_at_once(app, times) == (1, 1, 1)


def test_without_the_look_at_earlier_sendings_the_answers_would_differ(app, monkeypatch):
    monkeypatch.setattr(FormNonce, "of", lambda *_: None)
    answers, _, _ = send_at_once(app, 20)
    assert answers > 1


def send_at_once(app, times: int) -> tuple[int, int, int]:
    """How many different answers, sign-ups and places ``times`` sendings of one form bring."""
    with writing():
        account, person = a_resident()
        offering = offered(capacity=30)
        person_id, offering_id = person.id, offering.id
    one, gate, answers = nonce(), Barrier(times), []
    app.test_client_class = Browser
    clients = [app.test_client().sign_in(account) for _ in range(times)]
    where = path(offering)

    def click(browser) -> None:
        with app.app_context():
            gate.wait()
            answer = browser.post(where, data={"nonce": one, "person_id": person_id})
            answers.append((answer.status_code, answer.location))

    threads = [Thread(target=click, args=(browser,)) for browser in clients]
    [t.start() for t in threads]
    [t.join() for t in threads]
    db.session.rollback()
    db.session.expire_all()
    assert len(answers) == times
    return len(set(answers)), enrolments(), db.session.get_one(Offering, offering_id).places_taken


def test_a_thousand_double_clicks_are_a_thousand_sign_ups(client):
    with writing():
        account, _ = a_resident()
        people = [a_person(account=account, relation="family") for _ in range(20)]
        offerings = [offered(capacity=None) for _ in range(50)]
    client.sign_in(account)
    for offering in offerings:
        for person in people:
            one = nonce()
            first, second = (send(client, offering, person, one) for _ in range(2))
            assert (first.status_code, first.location) == (second.status_code, second.location) == (303, first.location)
    assert enrolments() == 1000


# -- my sign-ups -----------------------------------------------------------


def test_sign_ups_stand_in_three_groups_with_their_state_in_words(client):
    with writing():
        account, person = a_resident()
        by = {"by": account, "at": NOON}
        offered(title="将来（演示）").enrol(person, **by)
        full = offered(title="候补班（演示）", capacity=0)
        full.enrol(person, **by)
        over = an_offering(title="从前（演示）").enrol(person, **by)
        over.first_attended_on = date(2026, 3, 10)
        gone = offered(title="退了（演示）")
        gone.withdraw(gone.enrol(person, **by), **by)
        off = offered(title="停办（演示）")
        off.enrol(person, **by)
        off.cancel("教师生病", NOON)
        an_offering(title="没去（演示）").enrol(person, **by)
        an_offering(title="没等到（演示）", capacity=0).enrol(person, **by)
    page = text(client.sign_in(account).get("/my/enrolments"))
    order = ["即将上课", "将来（演示）", ">候补<", "候补班（演示）", "以前的", "从前（演示）"]
    assert sorted(order, key=page.index) == order
    for words in ("候补第 1 位", "未结业", "已取消报名", "这个班已取消：教师生病", "报了名，没有到课", "没有等到名额"):
        assert words in page
    assert page.count('class="button quiet" href="/my/enrolments/') == 2, "only what is still to come can be left"


def test_withdrawing_asks_first_and_gives_the_place_to_the_next(client):
    with writing():
        account, person = a_resident()
        offering = offered(capacity=1)
        mine = offering.enrol(person, by=account, at=NOON)
        next_one = offering.enrol(a_person(), by=None, at=NOON)
    client.sign_in(account)
    question = client.get(f"/my/enrolments/{mine.id}/withdrawal")
    assert heading(question).startswith("确定取消吗")
    db.session.expire_all()
    assert mine.withdrawn_at is None
    for _ in range(2):
        answer = client.post(f"/my/enrolments/{mine.id}/withdrawal")
        assert answer.location == f"/my/enrolments/{mine.id}"
    assert heading(client.get(answer.location)) == "已取消报名"
    db.session.expire_all()
    assert mine.withdrawn_by_id == account.id
    assert next_one.place_number == 1 and next_one.offering.places_taken == 1
    assert client.get(f"/my/enrolments/{mine.id}/withdrawal").location == answer.location


@pytest.mark.engine("sqlite")
def test_what_is_over_cannot_be_withdrawn(client):
    with writing():
        account, person = a_resident()
        mine = an_offering().enrol(person, by=account, at=NOON)
    answer = client.sign_in(account).post(f"/my/enrolments/{mine.id}/withdrawal")
    assert answer.status_code == 409 and "已经上完" in text(answer)
    db.session.expire_all()
    assert mine.withdrawn_at is None


# -- the family, and nobody else -------------------------------------------


def test_a_family_member_is_added_once_and_signed_up(client):
    with writing():
        account, own = a_resident()
        offering = offered()
    client.sign_in(account)
    person = {"nonce": nonce(), "name": "演示 妈妈", "birth_on": "1938年9月12日", "sex": "female"}
    for _ in range(2):
        assert client.post("/my/people", data=person).location == "/my/people"
    assert client.post("/my/people", data={**person, "nonce": nonce()}).status_code == 409
    db.session.expire_all()
    (mother,) = [p for p in account.own_people() if p.id != own.id]
    assert mother.birth_on == date(1938, 9, 12) and mother.mobile is None
    page = text(client.get(path(offering)))
    assert page.count('type="radio"') == 2 and "checked" not in page
    answer = client.post(path(offering), data={"nonce": nonce()})
    assert answer.status_code == 422 and text(answer).count("请选择给谁报名") == 2
    answer = client.get(send(client, offering, mother).location)
    assert "演示 妈妈" in text(answer)
    page = text(client.get(path(offering)))
    assert 'type="radio"' not in page and "报名成功，第 1 名" in page, "who is in already is no choice any more"


@pytest.mark.engine("sqlite")
def test_a_family_member_needs_a_birth_date(client):
    with writing():
        account, _ = a_resident()
    answer = client.sign_in(account).post("/my/people", data={"nonce": nonce(), "name": "演示妈妈"})
    assert answer.status_code == 422 and "请填写出生日期" in text(answer)


def test_it_checks_ownership(client):
    with writing():
        account, person = a_resident()
        stranger, _ = a_resident()
        offering = offered()
        mine = offering.enrol(person, by=account, at=NOON)
    client.sign_in(stranger)
    for page in ("", "/withdrawal"):
        assert seen(client, f"/my/enrolments/{mine.id}{page}") == seen(client, f"/my/enrolments/999999{page}")
    assert client.post(f"/my/enrolments/{mine.id}/withdrawal").status_code == 404
    assert send(client, offering, person).status_code == 422, "somebody else's person is no choice"
    db.session.expire_all()
    assert mine.withdrawn_at is None and enrolments() == 1


def test_records_with_the_same_identity_show_nothing_of_each_other(client):
    with writing():
        facts = {"birth_on": date(1950, 5, 5), "mobile": "13900009999"}
        account, person = a_resident("演示同人", **facts)
        twin = a_person("演示同人", **facts)
        offering = offered(title="别处报的（演示）")
        settle_identities([person.id, twin.id])
        db.session.expire_all()
        hidden = offering.enrol(twin, by=None, at=NOON)
    client.sign_in(account)
    assert "别处报的" not in text(client.get("/my/enrolments"))
    assert "/my/enrolments/" not in text(client.get(path(offering))).replace('"/my/enrolments"', "")
    assert client.get(f"/my/enrolments/{hidden.id}").status_code == 404
    assert client.post(f"/my/enrolments/{hidden.id}/withdrawal").status_code == 404
    answer = send(client, offering, person)
    assert answer.status_code == 409 and "已经报过这个班了" in text(answer), "but nobody is in twice"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "resident"])
def test_whoever_works_here_signs_up_like_everybody_else(client, role):
    with writing():
        offering = offered()
        provider = a_provider()
        _, sealed = NewPassword.for_one_use()
        account = Account.open("演示同事", "13900006101", sealed, NOON)
        account.grant(role, NOON, provider if role in AT_AN_INSTITUTION else None)
        account.must_change_password = False
        (own,) = account.own_selves()
    client.sign_in(account)
    assert "还没有报名" in text(client.get("/my/enrolments"))
    assert "演示同事" in text(client.get(path(offering)))
    answer = send(client, offering, own)
    assert answer.status_code == 303
    assert "第 1 名，共 30 人" in text(client.get(answer.location))
    assert 'href="/my/enrolments"' in text(client.get("/")), "the menu leads there"


def test_a_trainer_is_no_learner_in_their_own_class_under_their_own_account_either(client):
    with writing():
        provider = a_provider()
        trainer = an_account("trainer", provider)
        own = trainer.add_person(trainer.name, None, NOON, relation="self")
        offering = offered(provider=provider)
        offering.appoint(trainer)
    answer = send(client.sign_in(trainer), offering, own)
    assert answer.status_code == 409 and "授课教师不能在自己教的班里当学员" in text(answer)
    assert enrolments() == 0
