"""The same headers on every answer, whatever happened."""

import re

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app.database import WRITER, db, writing
from app.models import SignIn
from app.web.headers import HEADERS
from tests.people import PASSWORD, a_resident
from tests.routes import ROLES, a_house, address, rules


def is_dressed(answer: TestResponse, what: str = "") -> None:
    for name, value in HEADERS.items():
        assert answer.headers.getlist(name) == [value], f"{what}: {name}"
    assert "Cache-Control" in answer.headers, what
    said = " ".join(answer.headers.getlist("Server") + answer.headers.getlist("X-Powered-By"))
    assert not re.search(r"\d", said), f"{what}: a version in {said}"


def test_what_browsers_are_told_beside_the_policy():
    assert HEADERS["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert HEADERS["Referrer-Policy"] == "same-origin" and HEADERS["X-Content-Type-Options"] == "nosniff"


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("role", ["visitor", *ROLES])
def test_every_route_answers_with_them_and_keeps_signed_in_pages_out_of_caches(app, client, role):
    house, client.checks_pages = a_house(), False
    if role != "visitor":
        client.sign_in(house[role])
    for rule, method in rules(app, safe=True) + rules(app, safe=False):
        if rule.endpoint == "account.sign_out":
            continue
        answer = client.open(address(app, rule), method=method)
        is_dressed(answer, f"{method} {rule}")
        if role != "visitor" and rule.endpoint != "static":
            assert answer.headers["Cache-Control"] == "no-store", f"{method} {rule}"


@pytest.mark.engine("sqlite")
def test_what_goes_wrong_is_dressed_too(app, client, monkeypatch):
    cases = {
        "404": client.get("/nowhere"),
        "405": client.get("/sign-out"),
        "409": client.post("/sign-in", data={"mobile": "13900001111", "password": PASSWORD}),
        "413": client.post("/sign-in", data={"mobile": "1"}, environ_overrides={"CONTENT_LENGTH": str(2**27)}),
        "422": client.post("/sign-in", data={}),
        "302": client.get("/my/enrolments"),
        "303": client.post("/sign-out"),
        "403": client.post("/sign-out", headers={"Origin": "https://evil.example"}),
    }
    for status, answer in cases.items():
        assert answer.status_code == int(status)
        is_dressed(answer, status)
    assert set(cases["405"].headers["Allow"].split(", ")) == {"OPTIONS", "POST"}, "in no order"
    assert "一次最多上传 64 MB" in cases["413"].get_data(as_text=True)


@pytest.mark.engine("sqlite")
def test_a_static_file_is_kept_for_good_under_its_digest(client):
    page = client.get("/").get_data(as_text=True)
    where = re.search(r'href="(/static/style\.css\?v=[0-9a-f]{12})"', page).group(1)
    first = client.get(where)
    is_dressed(first, "static")
    assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in first.headers
    again = client.get(where, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    is_dressed(again, "304")
    assert "immutable" not in client.get("/static/style.css").headers["Cache-Control"]


@pytest.mark.engine("sqlite")
def test_a_host_that_is_not_ours_gets_a_page_in_words(app, client):
    app.config["TRUSTED_HOSTS"] = ["xuetang.example"]
    try:
        answer = client.get("/", headers={"Host": "evil.example"})
    finally:
        app.config["TRUSTED_HOSTS"] = None
    assert answer.status_code == 400 and "evil.example" not in answer.get_data(as_text=True)
    is_dressed(answer, "400")


# -- when something broke --------------------------------------------------


@pytest.mark.engine("sqlite")
def test_a_failure_says_whom_to_call_and_nothing_of_itself(app, client, monkeypatch):
    def fail() -> str:
        raise RuntimeError("secret inside")

    monkeypatch.setitem(app.view_functions, "resident.enrolments", fail)
    answer = client.sign_in(a_signed_up()).get("/my/enrolments")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500 and "secret inside" not in page and "Traceback" not in page
    assert app.config["HELP_TELEPHONE"] in page
    assert answer.headers["Cache-Control"] == "no-store"
    is_dressed(answer, "500")


def test_the_page_of_a_failure_stands_when_the_database_does_not(app, client):
    client.sign_in(a_signed_up())
    rename("sign_in", "sign_in_away")
    try:
        answers = [client.get("/my/enrolments"), client.get("/sign-in"), client.get("/nowhere")]
    finally:
        rename("sign_in_away", "sign_in")
    assert [answer.status_code for answer in answers] == [500, 500, 404]
    for answer in answers:
        assert "电话" in answer.get_data(as_text=True) and answer.headers["Cache-Control"] == "no-store"
        is_dressed(answer, "broken")
    assert client.get("/my/enrolments").status_code == 200, "and everything is back afterwards"


def busy() -> OperationalError:
    return OperationalError("SELECT 1", {}, Exception("database is locked"))


def failing(real, times: int):
    """``real``, but the first ``times`` calls meet a busy lock."""
    calls = []

    def call(*args, **kwargs):
        calls.append(1)
        if len(calls) <= times:
            raise busy()
        return real(*args, **kwargs)

    call.calls = calls  # type: ignore[attr-defined]
    return call


@pytest.mark.parametrize(("times", "status"), [(1, 200), (2, 503), (9, 503)])
def test_a_busy_lock_is_tried_once_more_then_said(app, client, monkeypatch, times, status):
    view = failing(app.view_functions["resident.enrolments"], times)
    monkeypatch.setitem(app.view_functions, "resident.enrolments", view)
    answer = client.sign_in(a_signed_up()).get("/my/enrolments")
    assert (answer.status_code, len(view.calls)) == (status, 2)
    if status == 503:
        assert answer.headers["Retry-After"] == "5" and "现在人太多" in answer.get_data(as_text=True)
    is_dressed(answer, str(status))


def test_the_second_try_asks_the_guard_again(app, client, monkeypatch):
    """Whoever is not let in must not come in because the first question met a busy lock."""
    client.sign_in(a_signed_up())
    with client.session_transaction() as session:
        session["token"] = "nobody's"
    question = failing(SignIn.of, 1)
    monkeypatch.setattr(SignIn, "of", question)
    assert client.get("/my/enrolments").location.startswith("/sign-in")
    assert len(question.calls) >= 2


def test_the_second_try_writes_once(app, client, monkeypatch):
    with writing():
        account, _ = a_resident()
    real = app.view_functions["resident.add_person"]
    monkeypatch.setitem(app.view_functions, "resident.add_person", failing(real, 1))
    facts = {"nonce": "n" * 32, "name": "演示妈妈", "birth_on": "1938-09-12"}
    assert client.sign_in(account).post("/my/people", data=facts).status_code == 303
    assert len(account.own_people()) == 2


def a_signed_up():
    with writing():
        return a_resident()[0]


def rename(old: str, new: str) -> None:
    db.session.remove()
    with db.engine.connect() as connection:
        connection = connection.execution_options(**{WRITER: True})
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
        connection.commit()
