"""When something breaks: one more try for a busy lock, else a page in plain words and nothing half-done."""

from __future__ import annotations

import logging
import re

import pysqlite3.dbapi2 as sqlite
import pytest
from sqlalchemy import exc

from app import database
from app.database import db, writing
from app.models import Person
from tests import trace
from tests.people import PASSWORD, a_person, an_account
from tests.test_every_route import WHO_MAY, World, routes_of

LOCKED = exc.OperationalError("UPDATE person", {}, sqlite.OperationalError("database is locked"))
SECRET = "王演示秀英 13900001234 QZXSECRET"
TRACE = re.compile(r"Traceback|File &#34;|File \"|SELECT|sqlalchemy|RuntimeError|\.py\b")


def fails(client, times: int, error: Exception) -> list[int]:
    """Make the home page fail ``times`` times, in the middle of a write."""
    tries: list[int] = []

    def view() -> str:
        tries.append(1)
        with writing():
            a_person()
            if len(tries) <= times:
                raise error
        return "好"

    client.application.view_functions["public.home"] = view
    return tries


@pytest.fixture(autouse=True)
def views_as_they_were(request):
    if "app" not in request.fixturenames:
        yield
        return
    app = request.getfixturevalue("app")
    kept = dict(app.view_functions)
    yield
    app.view_functions.update(kept)


def people() -> int:
    return db.session.scalar(db.select(db.func.count()).select_from(Person))


def test_a_busy_lock_is_tried_once_more(client):
    tries = fails(client, 1, LOCKED)
    client.checks_pages = False
    assert client.get("/").text == "好"
    assert len(tries) == 2 and people() == 1


def test_a_lock_that_stays_busy_says_when_to_come_back(client):
    tries = fails(client, 99, LOCKED)
    answer = client.get("/")
    assert answer.status_code == 503 and 1 <= int(answer.headers["Retry-After"]) <= 30
    assert len(tries) == 2 and people() == 0
    assert not TRACE.search(answer.text)


@pytest.mark.engine("sqlite")
def test_a_database_held_by_another_program_answers_503(client, monkeypatch):
    with writing():
        account = an_account("resident")
    monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS, "busy_timeout=50"))
    db.session.remove()
    db.engine.dispose()
    other = sqlite.connect(db.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with trace.meant():
            form = {"mobile": account.mobile, "password": PASSWORD}
            assert client.post("/sign-in", data=form).status_code == 503
            assert client.get("/offerings").status_code == 200, "readers go on"
    finally:
        other.close()
        db.session.remove()
        db.engine.dispose()
    assert client.post("/sign-in", data=form).status_code == 303


def test_a_mistake_in_the_program_leaves_nothing_behind(client, caplog):
    fails(client, 99, RuntimeError(SECRET))
    answer = client.get("/")
    assert answer.status_code == 500 and people() == 0
    for word in SECRET.split():
        assert word not in answer.text and word not in caplog.text
    assert "RuntimeError at public.home" in caplog.text
    assert "test_errors.py" in caplog.text, "the log says where"


def test_what_a_table_refuses_puts_no_row_into_the_log(client, caplog):
    def view() -> str:
        with writing():
            person = a_person("王演示秀英", mobile="13900001234")
            person.document_type = "passport"
            db.session.flush()
        return ""

    client.application.view_functions["public.home"] = view
    with caplog.at_level(logging.DEBUG):
        assert client.get("/").status_code == 500
    assert "IntegrityError" in caplog.text
    assert "王演示秀英" not in caplog.text and "Failing row" not in caplog.text


@pytest.mark.engine("sqlite")
def test_a_mistake_in_any_view_answers_with_the_plain_page(app, caplog):
    def broken(**parts: object) -> str:
        raise RuntimeError(SECRET)

    world = World(app)
    app.view_functions.update(dict.fromkeys(WHO_MAY, broken))
    seen = 0
    for rule, method in routes_of(app):
        who = {"visitor": "visitor", "anyone": "resident", "bureau": "officer"}.get(
            WHO_MAY[rule.endpoint], WHO_MAY[rule.endpoint]
        )
        url = world.address(rule, "ours")
        answer = world.askers[who].client.open(url, method=method)
        assert answer.status_code == 500, f"{method} {rule}"
        # The page's own address stands in its links, and one address is that of a program.
        assert not TRACE.search(answer.text.replace(url, "")), f"{method} {rule}"
        assert "电话" in answer.text
        seen += 1
    assert seen >= len(WHO_MAY)
    assert all(word not in caplog.text for word in SECRET.split())
