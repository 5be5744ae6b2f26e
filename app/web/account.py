"""Open an account, sign in and out, a new password, my data.

A password is checked or hashed before the transaction that needs it: it
takes a tenth of a second, and the write lock is everybody's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app.clock import now, today
from app.database import writing
from app.forms.account import CorrectionForm, MobileForm, NewPasswordForm, OpenAccount, SignInForm
from app.models.account import Account, NewPassword, waste_a_check
from app.models.correction import correct as correct_person
from app.models.person import Person, mobile_index
from app.models.register import honours_of
from app.models.sign_in import SignIn, SignInAttempt, sign_in_wrong
from app.models.tidying import tidy
from app.refusal import N_, Refusal
from app.web.access import TOKEN, begin_session, form_page, me, safe_next, start_page

bp = Blueprint("account", __name__)
EVERY = timedelta(hours=1)


@bp.get("/account/new")
def new_account() -> Any:
    if current_user.is_authenticated:
        return redirect(_next() or start_page())
    return form_page("account/new_account.html", OpenAccount(), next=_next())


@bp.post("/account")
def open_account() -> Any:
    form = OpenAccount()
    if form.validate():
        try:
            token = _open(form)
        except Refusal as no:
            form.refuse(no)
        else:
            begin_session(token)
            return redirect(_next() or url_for("resident.enrolments"), 303)
    return form_page("account/new_account.html", form, next=_next())


@bp.get("/sign-in")
def sign_in() -> Any:
    if current_user.is_authenticated:
        return redirect(_next() or start_page())
    return form_page("account/sign_in.html", SignInForm(), next=_next())


@bp.post("/sign-in")
def enter() -> Any:
    form, limited = SignInForm(), False
    if form.validate():
        try:
            token = _enter(form.mobile.number, form.password.data or "")
        except Refusal as no:
            form.blame(no)
            limited = no.code == "too-many-tries"
        else:
            begin_session(token)
            g.pop("_login_user", None)
            return redirect(_next() or start_page(), 303)
    page, status = form_page("account/sign_in.html", form, next=_next())
    return page, 429 if limited else status


@bp.post("/sign-out")
def sign_out() -> Response:
    if token := session.get(TOKEN):
        with writing():
            _end(token)
    session.clear()
    return redirect(url_for("public.home"), 303)


@bp.get("/new-password")
def new_password() -> Any:
    return form_page("account/new_password.html", NewPasswordForm())


@bp.post("/new-password")
def renew_password() -> Any:
    form = NewPasswordForm()
    if form.validate():
        try:
            token = _renew(form.old_password.data or "", form.password.data or "")
        except Refusal as no:
            form.refuse(no)
        else:
            begin_session(token)
            return redirect(url_for("account.my_data", changed=1), 303)
    return form_page("account/new_password.html", form)


@bp.get("/my-data")
def my_data() -> str:
    selves = current_user.own_selves()
    return render_template(
        "account/my_data.html",
        selves=selves,
        honours=honours_of([person.id for person in current_user.own_people()], today()),
        family=[person for person in current_user.own_people() if person not in selves],
        sessions=SignIn.living(current_user, now()),
        this=g.sign_in_id,
        changed=bool(request.args.get("changed")),
    )


@bp.post("/my-data/other-sessions/removal")
def end_other_sessions() -> Response:
    with writing():
        SignIn.end_all(current_user, now(), but=g.sign_in_id)
    return redirect(url_for("account.my_data"), 303)


@bp.get("/my-data/people/<int:person_id>/correction")
def correction(person_id: int) -> Any:
    person = _own_person(person_id)
    return _correction_page(person, CorrectionForm(name=person.name, birth_on=CorrectionForm.written(person.birth_on)))


@bp.post("/my-data/people/<int:person_id>/correction")
def correct(person_id: int) -> Any:
    person, form = _own_person(person_id), CorrectionForm()
    if form.validate():
        try:
            with writing():
                correct_person(person, form.name.data or "", form.birth_on.day, by=me(), at=now())
        except Refusal as no:
            form.refuse(no)
        else:
            flash(gettext("资料已更正。"))
            return redirect(url_for("account.my_data"), 303)
    return _correction_page(person, form)


@bp.get("/my-data/mobile")
def mobile() -> Any:
    return form_page("account/mobile.html", MobileForm())


@bp.post("/my-data/mobile")
def change_mobile() -> Any:
    form = MobileForm()
    if form.validate():
        try:
            _change_mobile(form.mobile.number, form.password.data or "")
        except Refusal as no:
            form.refuse(no)
        else:
            flash(gettext("手机号已换好，下次请用新号登录。"))
            return redirect(url_for("account.my_data"), 303)
    return form_page("account/mobile.html", form)


def _own_person(person_id: int) -> Person:
    return next((person for person in current_user.own_people() if person.id == person_id), None) or abort(404)


def _correction_page(person: Person, form: CorrectionForm) -> Any:
    return form_page("account/correction.html", form, person=person)


def _next() -> str | None:
    return safe_next(request.values.get("next"))


def _open(form: OpenAccount) -> str:
    """The account, its owner's record and the first session; the token."""
    name, mobile = form.name.data or "", form.mobile.number
    password = NewPassword.chosen(form.password.data or "", mobile, name)
    at = now()
    with writing():
        account = Account.open(name, mobile, password, at, birth_on=form.birth_on.day, sex=form.sex.data or None)
        account.grant("resident", at)
        _end(session.get(TOKEN))
        return SignIn.begin(account, at)


def _enter(mobile: str, password: str) -> str:
    """The token of a new session. Raises ``too-many-tries``, ``sign-in-wrong`` or ``account-disabled``."""
    index = mobile_index(mobile)
    with writing():
        SignInAttempt.admit(index, now())
    account = Account.with_mobile(mobile)
    if account is None:
        waste_a_check(password)
        raise sign_in_wrong()
    account_id, checked = account.id, account.password_hash
    if not account.password_is(password):
        raise sign_in_wrong()
    with writing():
        token = SignIn.enter(account_id, checked, now())
        SignInAttempt.forget(index, now())
        _end(session.get(TOKEN))
        _tidy_now_and_then()
        return token


def _renew(old: str, new: str) -> str:
    """Every session ends, this one begins anew; a guess at the old password counts like one at the door."""
    index, checked = _check_own_password(old)
    if old == new:
        raise Refusal("password-same", N_("新密码和现在的一样，请换一个。"))
    password = NewPassword.chosen(new, current_user.mobile, current_user.name)
    with writing():
        current_user.renew_password(password, checked)
        SignIn.end_all(current_user, now())
        SignInAttempt.forget(index, now())
        return SignIn.begin(me(), now())


def _change_mobile(number: str, password: str) -> None:
    """With the password: whoever finds a telephone lying open must not take the account along."""
    index, checked = _check_own_password(password)
    with writing():
        current_user.change_mobile(number, checked)
        SignInAttempt.forget(index, now())


def _check_own_password(password: str) -> tuple[bytes, str]:
    """The key under which the try was counted, and the hash that it fits. Raises ``password-wrong``."""
    index, checked = current_user.mobile_index, current_user.password_hash
    with writing():
        SignInAttempt.admit(index, now())
    if not current_user.password_is(password):
        raise Refusal("password-wrong", N_("现在的密码不对，请再试一次。"))
    return index, checked


def _end(token: str | None) -> None:
    """The session that this browser had before, if any."""
    before = SignIn.of(token, now()) if token else None
    if before is not None:
        before.end(now())


def _tidy_now_and_then() -> None:
    """At a sign-in, which is slow anyhow, and never at a sign-up; once an hour in each process."""
    at = now()
    if at - current_app.extensions.get("tidied_at", datetime.min.replace(tzinfo=UTC)) > EVERY:
        current_app.extensions["tidied_at"] = at
        tidy(at)
