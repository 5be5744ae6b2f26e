"""Kept pages: the same for every visitor, never older than the last commit or the minute."""

import gzip
import re
from datetime import UTC, datetime, timedelta

import pytest

from app.clock import now, today
from app.database import db, writing
from app.models import Offering
from app.web import page_cache, public
from tests.people import a_person, a_resident, an_offering


def an_open_offering(**facts) -> Offering:
    return an_offering(first_on=today() + timedelta(10), **facts)


@pytest.fixture
def rendered(monkeypatch):
    """The addresses that were rendered rather than served as kept."""
    seen = []
    original = public.render_template

    def watched(name, **context):
        if name in ("public/home.html", "public/catalogue.html", "public/offering.html"):
            seen.append(name)
        return original(name, **context)

    monkeypatch.setattr(public, "render_template", watched)
    return seen


def left(client, offering: Offering) -> int:
    """Places left as the page says them."""
    return int(re.search(r"剩 (\d+) 名", client.get(f"/offerings/{offering.id}").text)[1])


@pytest.fixture(autouse=True)
def _nothing_kept_and_no_end_of_a_minute(app, monkeypatch):
    app.wsgi_app.pages.clear()
    moment = now()
    monkeypatch.setattr(page_cache, "now", lambda: moment)


@pytest.mark.engine("sqlite")  # on PostgreSQL a neighbour's commit makes a page old, too
def test_a_page_is_rendered_once_while_nothing_changes(client, rendered):
    with writing():
        an_open_offering(title="书法")
    first, second = client.get("/offerings"), client.get("/offerings")
    assert first.data == second.data and "书法" in second.text
    assert rendered == ["public/catalogue.html"]
    for name in ("Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy"):
        assert first.headers[name] == second.headers[name]
    assert second.headers["Cache-Control"] == "no-cache"


def test_a_place_taken_is_on_the_next_page(client):
    with writing():
        offering = an_open_offering(capacity=30)
    for taken in range(4):
        assert left(client, offering) == left(client, offering) == 30 - taken
        with writing():
            db.session.get_one(Offering, offering.id).enrol(a_person(), by=None, at=now())


def test_a_commit_by_another_process_is_seen(client, app):
    """On a connection that the application knows nothing of."""
    with writing():
        offering = an_open_offering(capacity=30)
    assert left(client, offering) == 30
    engine = app.extensions["sqlalchemy"].engine
    stranger = page_cache.Version(engine)
    stranger.now()
    stranger.cursor.execute(f"UPDATE offering SET places_taken = 7 WHERE id = {int(offering.id)}")
    stranger.cursor.connection.commit()
    assert left(client, offering) == 23


@pytest.mark.engine("sqlite")
def test_reading_does_not_make_the_pages_old(client, rendered):
    with writing():
        an_open_offering()
    client.get("/")
    for address in ("/offerings", "/offerings?q=x", "/nowhere"):
        client.get(address)
    client.get("/")
    assert rendered.count("public/home.html") == 1


def test_the_version_stands_still_at_rest_and_moves_with_a_commit(app):
    version = app.wsgi_app.version
    assert any(version.now() == version.now() for _ in range(20))
    before = version.now()
    with writing():
        an_open_offering()
    assert version.now() != before


@pytest.mark.engine("sqlite")
def test_a_page_does_not_outlive_its_minute(client, rendered, monkeypatch):
    moment = datetime(2026, 12, 1, 8, 59, 30, tzinfo=UTC)
    for seconds in (0, 29, 31, 60, 91):
        monkeypatch.setattr(page_cache, "now", lambda s=seconds: moment + timedelta(seconds=s))
        client.get("/offerings")
    assert len(rendered) == 3


def test_who_is_signed_in_is_served_afresh_and_leaves_nothing_behind(client, app, rendered):
    with writing():
        account, _ = a_resident()
    visitor = app.test_client()
    client.sign_in(account)
    mine = client.get("/offerings")
    assert "退出" in mine.text and mine.headers["Cache-Control"] == "no-store"
    assert "退出" not in visitor.get("/offerings").text
    assert "退出" in client.get("/offerings").text
    assert len(rendered) == 3


# The second as a server passes it on that has no eye for the cookie's name at all.
@pytest.mark.parametrize("blind", [False, True])
@pytest.mark.parametrize("written", ["{}={}", "{} ={}", "{}\t={}", "x=1;{} = {}"])
def test_a_session_is_known_however_its_cookie_is_written(client, app, written, blind):
    name = app.config["SESSION_COOKIE_NAME"]
    visitor, somebody = app.test_client(), app.test_client(use_cookies=False)
    with writing():
        account, _ = a_resident()
    client.sign_in(account)
    header = {"Cookie": written.format(name, client.get_cookie(name).value)}
    known = app.wsgi_app.session_cookie
    app.wsgi_app.session_cookie = "nowhere" if blind else known
    try:
        mine = somebody.get("/", headers=header)
    finally:
        app.wsgi_app.session_cookie = known
    assert not app.wsgi_app.pages, "a page made for somebody is not kept"
    assert "退出" in mine.text
    assert "退出" not in visitor.get("/").text
    assert app.wsgi_app.pages, "a visitor's page is"
    assert "退出" in somebody.get("/", headers=header).text, "and is not served to who is signed in"


@pytest.mark.engine("sqlite")
def test_an_answer_that_nobody_may_store_is_not_kept(client, app, monkeypatch):
    monkeypatch.setattr(page_cache, "_page", None)

    def answer(environ, start_response):
        environ[page_cache._KEEP] = True
        start_response("200 OK", [("cache-control", "no-store, private")])
        return [b"mine"]

    monkeypatch.setattr(app.wsgi_app, "wsgi_app", answer)
    client.checks_pages = False
    assert client.get("/").data == b"mine"
    assert not app.wsgi_app.pages


@pytest.mark.engine("sqlite")
def test_type_language_words_and_compression_are_kept_apart(client, app):
    standard = client.get("/offerings").text
    client.set_cookie("type", "large")
    large = client.get("/offerings").text
    assert 'class="large"' in large and 'class="large"' not in standard
    assert client.get("/offerings").text == large
    other = app.test_client()
    other.checks_pages = False
    assert other.get("/offerings").text == standard
    zipped = other.get("/offerings", headers={"Accept-Encoding": "gzip, br"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data).decode() == standard
    assert int(zipped.headers["Content-Length"]) == len(zipped.data)
    assert "Cookie" in zipped.headers["Vary"] and "Accept-Encoding" in zipped.headers["Vary"]
    assert other.get("/offerings?q=甲").text != standard


def test_an_unchanged_page_is_not_sent_twice(client):
    with writing():
        offering = an_open_offering()
    etag = client.get("/offerings").headers["ETag"]
    again = client.get("/offerings", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag and "Content-Security-Policy" in again.headers
    with writing():
        db.session.get_one(Offering, offering.id).enrol(a_person(), by=None, at=now())
    changed = client.get("/offerings", headers={"If-None-Match": etag})
    assert changed.status_code == 200 and changed.headers["ETag"] != etag


@pytest.mark.engine("sqlite")
def test_what_is_nobodys_page_is_not_kept(client, app):
    for address in ("/nowhere", "/sign-in", "/display?type=large", "/offerings/999", "/my/enrolments"):
        client.get(address)
    assert not app.wsgi_app.pages


@pytest.mark.engine("sqlite")
def test_the_number_of_kept_pages_is_bounded(client, app, monkeypatch):
    monkeypatch.setattr(page_cache, "MOST_PAGES", 5)
    client.checks_pages = False
    for n in range(12):
        client.get(f"/offerings?q={n}")
    assert len(app.wsgi_app.pages) == 5


@pytest.mark.engine("sqlite")
def test_without_a_version_pages_are_rendered_and_none_is_kept(client, app, rendered, monkeypatch):
    monkeypatch.setattr(app.wsgi_app.version, "now", lambda: None)
    assert client.get("/offerings").status_code == client.get("/offerings").status_code == 200
    assert len(rendered) == 2
