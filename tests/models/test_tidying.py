"""Rows that nobody asks for any more go; those that still answer stay."""

from datetime import timedelta

import pytest

from app.clock import now
from app.database import db, writing
from app.models import FormNonce, SignIn, SignInAttempt
from app.models.tidying import tidy
from tests.people import PASSWORD, an_account


def aged(at, days: float, number: int = 1) -> None:
    """Rows of each table that are so many days old."""
    account = an_account("resident")
    when = at - timedelta(days)
    for n in range(number):
        FormNonce.remember(f"{days}-{n}".ljust(24, "x"), account.id, b"payload", 1, when)
        SignIn.begin(account, when)
        db.session.add(SignInAttempt(mobile_index=account.mobile_index, tried_at=when))


def left() -> tuple[int, int, int]:
    db.session.rollback()
    return tuple(
        db.session.scalar(db.select(db.func.count()).select_from(each)) for each in (FormNonce, SignIn, SignInAttempt)
    )


def test_what_may_still_be_asked_for_stays_and_the_rest_goes(app):
    at = now()
    with writing():
        for days in (0, 6.9, 7.1, 29.9, 30.1):
            aged(at, days)
    with writing():
        gone = tidy(at)
    assert gone == {"form_nonce": 3, "sign_in": 1, "sign_in_attempt": 4}
    assert left() == (2, 4, 1)
    with writing():
        account_id = db.session.scalar(db.select(FormNonce.account_id).where(FormNonce.nonce.startswith("6.9")))
        assert FormNonce.of("6.9-0".ljust(24, "x"), account_id, b"payload").made_id == 1


def test_it_takes_no_more_than_it_is_told_to(app):
    at = now()
    with writing():
        aged(at, 40, 5)
    with writing():
        assert tidy(at, 2) == {"form_nonce": 2, "sign_in": 2, "sign_in_attempt": 2}
    assert left() == (3, 3, 3)


def test_the_command_takes_everything_slice_by_slice(app, monkeypatch):
    monkeypatch.setattr("app.models.tidying.tidy.__defaults__", (2,))
    with writing():
        aged(now(), 40, 5)
    answer = app.test_cli_runner().invoke(args=["tidy"])
    assert answer.exit_code == 0 and "form_nonce\t5" in answer.output
    assert left() == (0, 0, 0)


@pytest.mark.engine("sqlite")
def test_a_sign_in_tidies_up_once_an_hour(client, app, monkeypatch):
    clock = [now()]
    monkeypatch.setattr("app.web.account.now", lambda: clock[0])
    app.extensions.pop("tidied_at", None)
    with writing():
        mobile = an_account("resident").mobile
    for minutes, old in ((0, 0), (50, 1), (61, 0)):
        with writing():
            aged(clock[0], 8 + minutes)
        clock[0] += timedelta(minutes=minutes and 50)
        client.post("/sign-in", data={"mobile": mobile, "password": PASSWORD})
        client.post("/sign-out")
        assert left()[0] == old, minutes
