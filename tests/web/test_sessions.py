"""Guesses are counted exactly, sessions end when they should, cookies are kept close."""

import re
import time
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask

import config
from app.clock import now
from app.database import db, writing
from app.models import Account, RoleGrant, SignIn
from app.models.sign_in import LIFETIME, TRIES
from app.web.access import TOKEN
from tests.conftest import Browser
from tests.people import PASSWORD, a_resident, an_account


def test_of_forty_wrong_guesses_at_once_ten_are_checked(app, monkeypatch):
    with writing():
        account = an_account("resident")
    mobile, checks, statuses, gate = account.mobile, [], [], Barrier(40)
    monkeypatch.setattr(Account, "password_is", lambda self, word: bool(checks.append(word)))

    def guess(n: int) -> None:
        with app.app_context():
            browser = app.test_client()
            gate.wait()
            answer = browser.post(
                "/sign-in",
                data={"mobile": mobile, "password": f"guess number {n}"},
                headers={"X-Forwarded-For": f"203.0.113.{n}"},
            )
            statuses.append(answer.status_code)

    threads = [Thread(target=guess, args=(n,)) for n in range(40)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(checks) == TRIES
    assert sorted(statuses) == [409] * TRIES + [429] * (40 - TRIES)


def test_a_check_holds_no_lock_that_others_wait_for(app, client, monkeypatch):
    """While one password is being checked, somebody else's write goes through."""
    with writing():
        account = an_account("resident")
    mobile, written = account.mobile, []

    def check(self, word: str) -> bool:
        worker = Thread(target=write)
        worker.start()
        worker.join(timeout=20)
        return True

    def write() -> None:
        with app.app_context(), writing():
            an_account("resident")
            written.append(time.monotonic())

    monkeypatch.setattr(Account, "password_is", check)
    assert client.post("/sign-in", data={"mobile": mobile, "password": PASSWORD}).status_code == 303
    assert written


def test_an_account_out_of_use_is_cut_off_at_once(client):
    with writing():
        account, _ = a_resident()
    assert client.sign_in(account).get("/my/enrolments").status_code == 200
    with writing():
        db.session.get_one(Account, account.id).disabled_at = now()
    assert client.get("/my/enrolments").location.startswith("/sign-in")


def test_a_role_taken_away_is_gone_at_once(client):
    with writing():
        account = an_account("clerk")
    assert client.sign_in(account).get("/desk/offerings").status_code == 200
    with writing():
        db.session.scalar(db.select(RoleGrant).where(RoleGrant.account_id == account.id)).ended_at = now()
    assert client.get("/desk/offerings").status_code == 404


def test_a_session_is_over_after_twelve_hours(client):
    with writing():
        account, _ = a_resident()
    client.sign_in(account)
    with writing():
        db.session.scalar(db.select(SignIn)).began_at = now() - LIFETIME - timedelta(seconds=1)
    assert client.get("/my-data").location.startswith("/sign-in")


def test_a_token_that_nobody_was_given_opens_nothing(client):
    for token in ("x", "x" * 43, "", "é" * 10, None):
        with client.session_transaction() as session:
            session[TOKEN] = token
        assert client.get("/my-data").status_code == 302


def test_only_a_digest_of_the_token_is_kept(client):
    with writing():
        account, _ = a_resident()
    client.sign_in(account)
    with client.session_transaction() as session:
        token = session[TOKEN]
    assert len(token) >= 43, "256 bits"
    assert token.encode() not in db.session.scalar(db.select(SignIn.token_hash))


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("https", [False, True])
def test_the_cookie_is_kept_close(app: Flask, tmp_path: Path, https: bool):
    settings = config.load(tmp_path, {"REGISTRY_HTTPS": "1"} if https else {})
    kept = {name: app.config[name] for name in settings if name.startswith("SESSION_COOKIE")}
    app.config.update({name: settings[name] for name in kept})
    try:
        with writing():
            account = an_account("resident")
        browser = Browser(app, app.response_class)
        answer = browser.post("/sign-in", data={"mobile": account.mobile, "password": PASSWORD})
    finally:
        app.config.update(kept)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, _, rest = cookie.partition("=")
    assert name == ("__Host-registry" if https else "registry")
    flags = {part.strip() for part in rest.split(";")[1:]}
    assert flags == {"HttpOnly", "Path=/", "SameSite=Lax", *(["Secure"] if https else [])}
    assert len(cookie) < 4096 and not re.search("expires|max-age", cookie, re.I)
