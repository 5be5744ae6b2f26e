"""Open an account, sign in and out, a new password, my data.

A password is checked or hashed before the transaction that needs it: it
takes a tenth of a second, and the write lock is everybody's.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.clock import now
from app.database import writing
from app.forms.account import NewPasswordForm, OpenAccount, SignInForm
from app.models.account import Account, NewPassword, waste_a_check
from app.models.person import mobile_index
from app.models.sign_in import SignIn, SignInAttempt, sign_in_wrong
from app.refusal import N_, Refusal
from app.web.access import TOKEN, begin_session, form_page, safe_next, start_page

bp = Blueprint("account", __name__)


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
    sessions = SignIn.living(current_user, now())
    return render_template(
        "account/my_data.html", sessions=sessions, this=g.sign_in_id, changed=bool(request.args.get("changed"))
    )


@bp.post("/my-data/other-sessions/removal")
def end_other_sessions() -> Response:
    with writing():
        SignIn.end_all(current_user, now(), but=g.sign_in_id)
    return redirect(url_for("account.my_data"), 303)


def _next() -> str | None:
    return safe_next(request.values.get("next"))


def _open(form: OpenAccount) -> str:
    """The account, its owner's record and the first session; the token."""
    name, mobile = form.name.data or "", form.mobile.number
    password = NewPassword.chosen(form.password.data or "", mobile, name)
    at = now()
    with writing():
        account = Account.open(name, mobile, password, at)
        account.grant("resident", at)
        account.add_person(name, form.birth_on.day, at, sex=form.sex.data or None, relation="self")
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
        return token


def _renew(old: str, new: str) -> str:
    """Every session ends, this one begins anew; a guess at the old password counts like one at the door."""
    index, checked = current_user.mobile_index, current_user.password_hash
    with writing():
        SignInAttempt.admit(index, now())
    if not current_user.password_is(old):
        raise Refusal("password-wrong", N_("现在的密码不对，请再试一次。"))
    if old == new:
        raise Refusal("password-same", N_("新密码和现在的一样，请换一个。"))
    password = NewPassword.chosen(new, current_user.mobile, current_user.name)
    with writing():
        current_user.renew_password(password, checked)
        SignIn.end_all(current_user, now())
        SignInAttempt.forget(index, now())
        return SignIn.begin(current_user._get_current_object(), now())


def _end(token: str | None) -> None:
    """The session that this browser had before, if any."""
    before = SignIn.of(token, now()) if token else None
    if before is not None:
        before.end(now())
