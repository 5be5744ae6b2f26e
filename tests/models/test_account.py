"""Who signs in: passwords, one-use passwords, the people an account looks after, tries counted exactly."""

import contextlib
from datetime import date, timedelta
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from sqlalchemy import event

from app.database import db, writing
from app.models import Account, CandidatePair, SignIn, SignInAttempt
from app.models.account import NewPassword
from app.models.passwords import blocklist, is_common, require_good_password
from app.models.person import Person, mobile_index
from app.models.sign_in import LIFETIME, TRIES, WINDOW
from app.refusal import Refusal
from tests.people import NOON, a_person, a_resident, an_account

GOOD = "松木 桥头 风筝"


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("7654321", "password-short"),
        ("1" * 129, "password-long"),
        ("password1", "password-common"),
        ("PassWord1", "password-common"),
        ("qwertyuiop", "password-common"),
        ("12345678", "password-common"),
        ("１２３４５６７８", "password-common"),
        ("hgfedcba", "password-common"),
        ("aaaaaaaaaaaa", "password-common"),
        ("jilin1234", "password-common"),
        ("江城学堂2026", "password-common"),
        ("13900004321", "password-common"),
        ("王小明王小明123", "password-common"),
    ],
)
def test_what_everybody_tries_first_is_no_password(password, why):
    assert code(require_good_password, password, "13900004321", "王小明") == why


def test_the_whole_blocklist_is_refused():
    assert len(blocklist()) >= 10_000
    assert all(is_common(word) for word in blocklist())


@pytest.mark.parametrize("password", [GOOD, "correct horse battery staple", "x7!k" * 32, "mu qiao feng zheng"])
def test_long_passwords_of_any_signs_are_taken(password):
    require_good_password(password)


def test_a_one_use_password_opens_only_the_way_to_a_new_one(app):
    password, kept = NewPassword.for_one_use()
    with writing():
        account = Account.open("演示教师", "13900000001", kept, NOON)
    assert account.must_change_password and account.password_is(password)
    with writing():
        account.set_password(NewPassword.chosen(GOOD))
    assert not account.must_change_password and account.password_is(GOOD) and not account.password_is(password)


def test_one_use_passwords_are_all_different():
    made = {NewPassword.for_one_use()[0] for _ in range(3)}
    assert len(made) == 3 and not [p for p in made if len(p) != 14 or set(p) & set("01ilo")]


def test_a_mobile_has_one_account_even_when_two_come_at_once(app):
    gate, refused = Barrier(8), []
    kept = NewPassword("not-a-hash")

    def come() -> None:
        with app.app_context():
            gate.wait()
            try:
                with writing():
                    Account.open("演示同号", "13900000002", kept, NOON)
            except Refusal as no:
                refused.append(no.code)

    threads = [Thread(target=come) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert refused == ["mobile-taken"] * 7


def guess_at_once(app, number: str, n: int = 40) -> tuple[int, list[str]]:
    """How many of n tries in one moment are admitted, and the codes of the others."""
    gate, admitted, refused = Barrier(n), [], []

    def guess() -> None:
        with app.app_context():
            gate.wait()
            try:
                with writing():
                    SignInAttempt.admit(mobile_index(number), NOON)
                admitted.append(1)
            except Refusal as no:
                refused.append(no.code)

    threads = [Thread(target=guess) for _ in range(n)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return len(admitted), refused


def test_ten_tries_are_admitted_in_five_minutes_and_not_one_more(app):
    assert guess_at_once(app, "13900000003") == (TRIES, ["too-many-tries"] * 30)
    with writing():
        SignInAttempt.admit(mobile_index("13900000004"), NOON)  # another mobile is nobody's fault
        SignInAttempt.admit(mobile_index("13900000003"), NOON + WINDOW)  # five minutes later


@pytest.mark.engine("postgresql")
def test_without_the_queue_for_one_mobile_more_than_ten_would_be_admitted(app, monkeypatch):
    monkeypatch.setattr("app.models.sign_in.one_at_a_time", lambda key: None)
    counted = Barrier(12, timeout=1)

    def wait_for_the_others(conn, cursor, statement, *_) -> None:
        if statement.startswith("INSERT INTO sign_in_attempt"):
            with contextlib.suppress(BrokenBarrierError):
                counted.wait()

    event.listen(db.engine, "before_cursor_execute", wait_for_the_others)
    try:
        assert guess_at_once(app, "13900000003", 12)[0] > TRIES
    finally:
        event.remove(db.engine, "before_cursor_execute", wait_for_the_others)


def test_a_session_ends_with_time_with_the_account_and_by_hand(app):
    with writing():
        account = an_account()
        token, other = SignIn.begin(account, NOON), SignIn.begin(account, NOON)
    assert SignIn.of(token, NOON + LIFETIME) is not None
    assert SignIn.of(token, NOON + LIFETIME + timedelta(seconds=1)) is None
    kept = SignIn.of(token, NOON)
    with writing():
        SignIn.end_all(account, NOON, but=kept.id)
    db.session.expire_all()
    assert SignIn.of(token, NOON) and SignIn.of(other, NOON) is None
    assert [s.id for s in SignIn.living(account, NOON)] == [kept.id]
    with writing():
        db.session.get_one(Account, account.id).disabled_at = NOON
    assert SignIn.of(token, NOON) is None


def test_a_family_member_is_added_once_and_keeps_no_mobile_of_the_account(app):
    with writing():
        account, own = a_resident(birth_on=date(1970, 1, 1))
        mother = account.add_person("演示 母亲", date(1945, 5, 5), NOON)
        assert mother.mobile is None and mother.keeper_provider_id is None
        assert account.own_people() == [own, mother]
        assert code(account.add_person, "演示母亲", date(1945, 5, 5), NOON) == "person-known"
        account.add_person("演示母亲", date(1945, 5, 6), NOON)


def test_an_owner_is_recognised_under_an_institutions_record(app):
    with writing():
        account = an_account("resident")
        listed = a_person("演示同人", birth_on=date(1950, 2, 3), mobile=account.mobile)
        own = account.add_person("演示同人", date(1950, 2, 3), NOON, relation="self")
        db.session.expire_all()
        assert own.identity == listed.identity
        assert db.session.get_one(Person, own.id) in account.own_selves()


def add_namesakes_at_once(app, n: int = 6) -> int:
    """How many pairs are noticed among n people of one name and birth date who are added in one moment."""
    with writing():
        ids = [an_account("resident").id for _ in range(n)]
    gate = Barrier(n)

    def add(account_id: int) -> None:
        with app.app_context():
            gate.wait()
            with writing():
                db.session.get_one(Account, account_id).add_person("演示同名", date(1945, 5, 5), NOON)

    threads = [Thread(target=add, args=(account_id,)) for account_id in ids]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return db.session.scalar(db.select(db.func.count()).select_from(CandidatePair))


def test_namesakes_added_at_once_find_each_other(app):
    assert add_namesakes_at_once(app) == 15


@pytest.mark.engine("postgresql")
def test_without_the_queue_for_one_name_they_would_not(app, monkeypatch):
    monkeypatch.setattr("app.models.person.one_at_a_time", lambda key: None)
    added = Barrier(6, timeout=2)

    def wait_for_the_others(conn, cursor, statement, *_) -> None:
        if statement.startswith("INSERT INTO account_person"):
            with contextlib.suppress(BrokenBarrierError):
                added.wait()

    event.listen(db.engine, "after_cursor_execute", wait_for_the_others)
    try:
        assert add_namesakes_at_once(app) < 15
    finally:
        event.remove(db.engine, "after_cursor_execute", wait_for_the_others)
