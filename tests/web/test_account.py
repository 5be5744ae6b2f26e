"""Open an account, sign in and out, a new password."""

import re
from datetime import date

import pytest

from app.clock import now
from app.database import db, writing
from app.models import Account, Person, SignIn, SignInAttempt
from app.models.account import DESK, ROLES, NewPassword
from app.models.sign_in import TRIES
from app.web.access import TOKEN, safe_next
from tests.people import NOON, PASSWORD, an_account, an_offering

NEW = "青山 算盘 汽笛"


def facts(**more: str) -> dict[str, str]:
    return {"name": "演示新人", "mobile": "13900004001", "password": PASSWORD, **more}


def text(answer) -> str:
    return answer.get_data(as_text=True)


def enter(client, mobile: str, password: str = PASSWORD, **more: str):
    return client.post("/sign-in", data={"mobile": mobile, "password": password, **more})


# -- open an account -------------------------------------------------------


@pytest.mark.parametrize(
    "mobile", ["13900004001", "139 0000 4001", "+86 139-0000-4001", "１３９００００４００１", "(86)13900004001"]
)
def test_an_account_opens_with_a_mobile_in_any_spelling(client, mobile):
    answer = client.post("/account", data=facts(mobile=mobile, birth_on="1958年3月4日", sex="female"))
    assert (answer.status_code, answer.location) == (303, "/my/enrolments")
    account = db.session.scalar(db.select(Account))
    (own,) = account.own_selves()
    assert (account.mobile, own.name, own.birth_on, own.sex) == ("13900004001", "演示新人", date(1958, 3, 4), "female")
    assert own.mobile == "13900004001" and account.has_role("resident")
    assert client.get("/my/enrolments").status_code == 200, "signed in already"


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "typed", ["1958-3-4", "1958.03.04", "1958/3/4", "１９５８年３月４日", "19580304", " 1958 - 3 - 4 "]
)
def test_a_birth_date_is_read_as_people_write_it(client, typed):
    assert client.post("/account", data=facts(birth_on=typed)).status_code == 303
    assert db.session.scalar(db.select(Person.birth_on)) == date(1958, 3, 4)


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"birth_on": "58年3月"}, "出生日期没有看懂"),
        ({"birth_on": "1958-2-30"}, "日历上没有这一天"),
        ({"birth_on": "1058-2-3"}, "1900 年以后"),
        ({"birth_on": "3058-2-3"}, "不能晚于今天"),
        ({"mobile": "1390000"}, "手机号应为 11 位"),
        ({"mobile": ""}, "请填写手机号"),
        ({"name": " \u200b "}, "请填写姓名"),
        ({"name": "演" * 31}, "姓名最多 30 个字"),
        ({"password": ""}, "请想一个密码"),
    ],
)
def test_what_cannot_be_read_comes_back_with_a_sentence_and_what_was_typed(client, typed, sentence):
    answer = client.post("/account", data=facts(**typed))
    assert answer.status_code == 422
    assert text(answer).count(sentence) >= 2, "on top and at the field"
    assert (text(answer).index("<title>错误：") and 'value="演示新人"' in text(answer)) or "name" in typed
    assert PASSWORD not in text(answer), "a password never comes back"
    assert db.session.scalar(db.select(Account)) is None


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("password", ["short", "password1", "13900004001", "jilin2026"])
def test_a_weak_password_is_refused_at_its_field(client, password):
    answer = client.post("/account", data=facts(password=password))
    assert answer.status_code == 409 and 'id="password-error"' in text(answer)
    assert db.session.scalar(db.select(Account)) is None


def test_a_mobile_has_one_account(client):
    with writing():
        account = an_account("resident")
    answer = client.post("/account", data=facts(mobile=account.mobile))
    assert answer.status_code == 409 and "已经开过账号" in text(answer)


@pytest.mark.engine("sqlite")
def test_passwords_may_be_pasted_and_kept_by_the_browser(client):
    page = text(client.get("/account/new"))
    assert 'autocomplete="new-password"' in page and 'autocomplete="tel"' in page
    page = text(client.get("/sign-in"))
    assert 'autocomplete="current-password"' in page and 'autocomplete="username"' in page
    assert "onpaste" not in page


# -- sign in and out -------------------------------------------------------


def test_the_right_password_signs_in_and_the_token_is_new_each_time(client):
    with writing():
        account = an_account("resident")
    tokens = set()
    for _ in range(2):
        with client.session_transaction() as session:
            session["planted"] = "before the sign-in"
        answer = enter(client, account.mobile)
        assert (answer.status_code, answer.location) == (303, "/my/enrolments")
        with client.session_transaction() as session:
            tokens.add(session[TOKEN])
            assert "planted" not in session
    assert len(tokens) == 2
    db.session.expire_all()
    assert len(SignIn.living(account, now())) == 1, "the session before was ended"


@pytest.mark.parametrize("role", [*ROLES])
@pytest.mark.engine("sqlite")
def test_each_role_arrives_at_its_own_page(client, role):
    with writing():
        account = an_account(role)
    answer = enter(client, account.mobile)
    first = {"resident": "/my/enrolments", "trainer": "/teach/", **dict.fromkeys(DESK, "/desk/")}.get(role, "/bureau/")
    assert answer.status_code == 303 and answer.location.startswith(first.rstrip("/"))


def test_an_unknown_mobile_and_a_wrong_password_get_the_same_answer(client, monkeypatch):
    checked = []
    real = Account.password_is
    monkeypatch.setattr(Account, "password_is", lambda self, word: checked.append("real") or real(self, word))
    monkeypatch.setattr("app.web.account.waste_a_check", lambda word: checked.append("wasted"))
    with writing():
        known = an_account("resident").mobile
    pages = []
    for mobile in (known, "13900004999"):
        answer = enter(client, mobile, "错的 密码 一个")
        assert answer.status_code == 409
        pages.append(re.sub(r"\d{11}|(?<=name=\"csrf_token\" value=)\"[^\"]*", "", text(answer)))
    assert pages[0] == pages[1]
    assert checked == ["real", "wasted"], "each pays for one check"


def test_after_ten_wrong_guesses_even_the_right_password_waits(client):
    with writing():
        account = an_account("resident")
    for _ in range(TRIES):
        with writing():
            SignInAttempt.admit(account.mobile_index, now())
    for address in ("203.0.113.9", "203.0.113.10"):
        answer = client.post(
            "/sign-in",
            data={"mobile": account.mobile, "password": PASSWORD},
            headers={"X-Forwarded-For": address, "X-Real-IP": address},
        )
        assert answer.status_code == 429 and "请过五分钟再试" in text(answer)
    with writing():
        other = an_account("resident")
    assert enter(client, other.mobile).status_code == 303, "nobody else has to wait"


def test_a_right_password_clears_the_count(client):
    with writing():
        account = an_account("resident")
    for _ in range(3):
        enter(client, account.mobile, "错的 密码 一个")
    enter(client, account.mobile)
    assert db.session.scalar(db.select(db.func.count()).select_from(SignInAttempt)) == 0


def test_a_password_replaced_during_the_check_lets_nobody_in(client, monkeypatch):
    with writing():
        account = an_account("resident")
    mobile = account.mobile
    monkeypatch.setattr(Account, "password_is", lambda self, word: _replace(self))
    assert enter(client, mobile).status_code == 409
    assert db.session.scalar(db.select(SignIn)) is None


def _replace(account: Account) -> bool:
    with writing():
        db.session.get_one(Account, account.id).set_password(NewPassword("another"))
    return True


def test_an_account_out_of_use_is_told_so_only_after_the_right_password(client):
    with writing():
        account = an_account("resident", disabled_at=NOON)
    assert "已停用" in text(enter(client, account.mobile))
    assert "已停用" not in text(enter(client, account.mobile, "错的 密码 一个"))


def test_signing_out_ends_the_session_on_the_server_too(client):
    with writing():
        account = an_account("resident")
    client.sign_in(account)
    with client.session_transaction() as session:
        stolen = session[TOKEN]
    assert client.post("/sign-out").location == "/"
    with client.session_transaction() as session:
        assert TOKEN not in session
        session[TOKEN] = stolen
    assert client.get("/my-data").location.startswith("/sign-in")
    assert client.post("/sign-out").status_code == 303, "twice does no harm"


# -- next ------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "/\t/evil.example", "\t//evil.example", "/\n/evil.example", " //evil.example", "javascript:alert(1)",
    "data:text/html,x", "evil.example", "http:evil.example", "https:/evil.example", "\x00//evil.example",
    "/\\/evil.example", "/\x7f/evil.example", "//evil.example/\\..", "ftp://evil.example", "@evil.example", "",
]  # fmt: skip


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_sign_in_never_leads_elsewhere(client, target):
    assert safe_next(target) is None
    with writing():
        account = an_account("resident")
    answer = enter(client, account.mobile, next=target)
    assert (answer.status_code, answer.location) == (303, "/my/enrolments")
    assert client.get("/sign-in", query_string={"next": target}).location == "/my/enrolments"
    client.post("/sign-out")
    page = text(client.get("/sign-in", query_string={"next": target}))
    assert 'name="next"' not in page
    answer = client.post("/account", data=facts(next=target))
    assert answer.location == "/my/enrolments"


@pytest.mark.engine("sqlite")
def test_next_is_kept_from_the_guard_to_the_new_account(client):
    with writing():
        offering = an_offering(first_on=date(2030, 1, 8))
    here = f"/my/offerings/{offering.id}/enrolment"
    answer = client.get(here)
    assert answer.status_code == 302 and answer.location == f"/sign-in?next={here}"
    page = text(client.get(answer.location))
    assert f'name="next" value="{here}"' in page and f"/account/new?next={here}" in page
    page = text(client.get(f"/account/new?next={here}"))
    assert f'name="next" value="{here}"' in page
    page = text(client.post("/account", data=facts(mobile="1", next=here)))
    assert f'name="next" value="{here}"' in page, "a refused form keeps it too"
    assert client.post("/account", data=facts(next=here)).location == here


# -- a new password, my data -----------------------------------------------


def test_a_one_use_password_opens_one_page_until_it_is_replaced(client):
    once, kept = NewPassword.for_one_use()
    with writing():
        account = an_account("clerk")
        account.set_password(kept)
    mobile = account.mobile
    enter(client, mobile, once)
    for path in ("/desk/offerings", "/", "/my-data", "/my/enrolments", "/offerings"):
        assert client.get(path).location == "/new-password"
    assert "一次性密码" in text(client.get("/new-password"))
    assert client.post("/new-password", data={"old_password": once, "password": NEW}).status_code == 303
    assert client.get("/my-data?changed=1").status_code == 200
    client.post("/sign-out")
    assert enter(client, mobile, once).status_code == 409
    assert enter(client, mobile, NEW).status_code == 303


def test_a_new_password_ends_every_other_session_and_goes_on_in_a_new_one(client, app):
    with writing():
        account = an_account("resident")
    elsewhere = app.test_client().sign_in(account)
    client.sign_in(account)
    with client.session_transaction() as session:
        before = session[TOKEN]
    answer = client.post("/new-password", data={"old_password": PASSWORD, "password": NEW})
    assert answer.status_code == 303
    assert elsewhere.get("/my-data").status_code == 302
    assert client.get("/my-data").status_code == 200
    with client.session_transaction() as session:
        assert session[TOKEN] != before
    assert SignIn.of(before, now()) is None


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("错的 密码 一个", NEW, "现在的密码不对"),
        (PASSWORD, PASSWORD, "和现在的一样"),
        (PASSWORD, "12345678", "太常见"),
        (PASSWORD, "x7!k", "至少 8 个字符"),
    ],
)
def test_a_new_password_needs_the_old_one_and_must_be_better(client, old, new, sentence):
    with writing():
        account = an_account("resident")
    answer = client.sign_in(account).post("/new-password", data={"old_password": old, "password": new})
    assert answer.status_code == 409 and sentence in text(answer)
    db.session.expire_all()
    assert db.session.get_one(Account, account.id).password_is(PASSWORD)


@pytest.mark.engine("sqlite")
def test_guessing_the_old_password_is_counted_like_a_sign_in(client):
    with writing():
        account = an_account("resident")
    client.sign_in(account)
    with writing():
        for _ in range(TRIES):
            SignInAttempt.admit(account.mobile_index, now())
    answer = client.post("/new-password", data={"old_password": PASSWORD, "password": NEW})
    assert "请过五分钟再试" in text(answer)


def test_my_data_shows_the_mobile_masked_and_ends_the_other_sessions(client, app):
    with writing():
        account = an_account("resident", name="演示本人")
        account.add_person("演示本人", date(1950, 2, 3), NOON, relation="self")
        account.add_person("演示妈妈", date(1930, 2, 3), NOON)
    elsewhere = app.test_client().sign_in(account)
    page = text(client.sign_in(account).get("/my-data"))
    assert account.mobile not in page and account.mobile[:3] + "****" in page
    assert "1950-02-03" in page and "演示妈妈" in page
    assert page.count("（就是这里）") == 1 and "在别处退出" in page
    assert client.post("/my-data/other-sessions/removal").location == "/my-data"
    assert elsewhere.get("/my-data").status_code == 302
    page = text(client.get("/my-data"))
    assert "别处没有登录" in page and "在别处退出" not in page
