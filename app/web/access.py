"""Who is asking, and may they: sessions, the guard of a blueprint, loading through the owner.

Refused unless listed: a route whose blueprint has no guard answers 404 to
everybody (see GUARDS). What somebody may not touch answers exactly like
what does not exist.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from app.catalogue import page_number
from app.clock import now
from app.database import db, writing
from app.models.account import BUREAU, DESK, Account
from app.models.offering import Offering
from app.models.sign_in import SignIn
from app.refusal import Refusal
from app.web.words import gettext

# The table of blueprint × role; an endpoint of its own line comes before its blueprint.
# "visitor" is everybody, signed in or not; "anyone" is everybody with an account.
GUARDS: dict[str | None, frozenset[str]] = {
    "health": frozenset({"visitor"}),
    "public": frozenset({"visitor"}),
    "account": frozenset({"visitor"}),
    "account.my_data": frozenset({"anyone"}),
    "account.new_password": frozenset({"anyone"}),
    "account.renew_password": frozenset({"anyone"}),
    "account.end_other_sessions": frozenset({"anyone"}),
    "account.correction": frozenset({"anyone"}),
    "account.correct": frozenset({"anyone"}),
    "account.mobile": frozenset({"anyone"}),
    "account.change_mobile": frozenset({"anyone"}),
    "resident": frozenset({"anyone"}),  # whoever works here may learn here, too
    "trainer": frozenset({"trainer"}),
    "provider": frozenset(DESK),
    "bureau": frozenset(BUREAU),
    # Pages that are there only to be sent, and fields that hold what others see masked.
    "bureau.new_register": frozenset({"officer"}),
    "bureau.new_entry": frozenset({"officer"}),
    "bureau.entry_description": frozenset({"officer"}),
    "bureau.state_correction": frozenset({"officer"}),
    "bureau.new_target": frozenset({"officer"}),
    "bureau.target_description": frozenset({"officer"}),
    "bureau.target_end": frozenset({"officer"}),
    "bureau.new_policy": frozenset({"officer"}),
    "bureau.new_reported": frozenset({"officer"}),
}
# Of a blueprint whose readers are more than its writers: who may send what changes anything.
WRITERS: dict[str | None, frozenset[str]] = {"bureau": frozenset({"officer"})}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Pages that a one-use password opens: the one that asks for a new one, and the way out.
_WITH_ONE_USE_PASSWORD = frozenset({"account.new_password", "account.renew_password", "account.sign_out"})
# A page of the menu that only leads on to another one: where somebody then is.
_LEADS_TO = {"bureau.year": "bureau.year_page"}
TOKEN = "token"  # noqa: S105 - the name of a cookie field


class RowId(IntegerConverter):
    """``<int:…>`` in an address: what no row can have as its id is no address, on either engine."""

    def __init__(self, map: Map, **limits: Any) -> None:
        super().__init__(map, **{"max": 2**31 - 1, **limits})


def init(app: Flask) -> None:
    app.url_map.converters["int"] = RowId
    login = app.login_manager  # type: ignore[attr-defined]
    login.request_loader(_load_account)
    app.session_interface = _Sessions()
    login.session_protection = None  # our own sessions rotate and end on the server
    app.before_request(guard)
    app.jinja_env.globals.update(
        menu=menu,
        may_write=may_write,
        is_here=lambda endpoint: request.endpoint in (endpoint, _LEADS_TO.get(endpoint)),
        signed_in=lambda: current_user.is_authenticated,
        csrf=csrf_field,
        static_url=static_url,
        path_to=path_to,
    )


class _Sessions(SecureCookieSessionInterface):
    """Who brings no cookie has nothing to be unsealed; most visitors bring none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def guard() -> Response | None:
    """Let the request in by the table above, ask for a sign-in, or answer 404."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    roles = GUARDS.get(request.endpoint) or GUARDS.get(request.blueprint)
    if roles is None:
        abort(404)
    if request.method not in _SAFE:
        roles = WRITERS.get(request.blueprint, roles)
    one_use = current_user.is_authenticated and current_user.must_change_password
    if one_use and request.endpoint not in _WITH_ONE_USE_PASSWORD:
        return redirect(url_for("account.new_password"))
    if "visitor" in roles:
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("account.sign_in", next=_here()))
    if "anyone" not in roles and not any(current_user.has_role(role) for role in roles):
        abort(404)
    return None


def may_write() -> bool:
    """May whoever asks send what changes anything here? Readers are shown no form that they may not send."""
    return any(current_user.has_role(role) for role in WRITERS.get(request.blueprint, ()))


def begin_session(token: str) -> None:
    """Nothing of the session before the sign-in goes on: neither its form tokens nor its messages."""
    session.clear()
    session[TOKEN] = token


def who_asks_or_nobody() -> None:
    """For the pages of errors: when the database cannot say who asks, nobody does."""
    try:
        menu()
    except Exception:
        current_app.login_manager._update_request_context_with_user()  # type: ignore[attr-defined]


def start_page() -> str:
    """Where somebody who has just signed in goes on, if nowhere else: their first page in the menu."""
    return url_for(menu()[1][0])


def menu() -> list[tuple[str, str]]:
    """The main menu for whoever is asking: endpoints and their words."""
    items = [("public.catalogue", gettext("找课程"))]
    if not current_user.is_authenticated:
        return [*items, ("resident.enrolments", gettext("我的报名"))]
    for roles, endpoint, words in (
        (("trainer",), "trainer.today", gettext("今天的课")),
        (DESK, "provider.offerings", gettext("班次")),
        (BUREAU, "bureau.year", gettext("年度统计")),
        (BUREAU, "bureau.targets", gettext("指标")),
    ):
        if any(map(current_user.has_role, roles)):
            items.append((endpoint, words))
    return [*items, ("resident.enrolments", gettext("我的报名")), ("account.my_data", gettext("我的资料"))]


def csrf_field() -> Markup:
    """The hidden field that every form with method post carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def static_url(name: str) -> str:
    """A static file's address with its digest, so that browsers keep it for good."""
    return _digested(
        current_app.static_folder or "", f"{request.script_root}{current_app.static_url_path}/{name}", name
    )


def path_to(endpoint: str) -> str:
    """``url_for`` of what takes no arguments: the menu's addresses stand on every page and never change."""
    return _path_to(endpoint, request.script_root)


@cache
def _path_to(endpoint: str, _: str) -> str:
    return url_for(endpoint)


@cache
def _digested(folder: str, address: str, name: str) -> str:
    return f"{address}?v={hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()[:12]}"


def _load_account(_: Any) -> Account | None:
    token = session.get(TOKEN)
    if not token:
        return None
    found = SignIn.of(token, now())
    if found is None:
        session.pop(TOKEN, None)
        return None
    g.sign_in_id = found.id
    return found.account


def form_page(template: str, form: Any, **context: Any) -> tuple[str, int]:
    """A page with a form: 200 when fresh, 422 when its shape is wrong, 409 when a rule said no."""
    status = 409 if form.refused else 422 if form.errors else 200
    return render_template(template, form=form, has_errors=bool(form.errors), **context), status


def done(form: Any, verb: Callable[[], Any], fields: dict[str, str] | None = None) -> Any:
    """What the verb answered (True for nothing) when the form was sent well and no rule refused; else None.

    The verb runs in the request's write transaction; a refusal's sentence is
    put at the field that ``fields`` names.
    """
    if not form.validate_on_submit():
        return None
    try:
        with writing():
            return verb() or True
    except Refusal as no:
        form.blame(no, fields or getattr(form, "BLAME", {}))
        return None


def me() -> Account:
    """The signed-in account itself: verbs keep it, and a proxy must not be kept."""
    return current_user._get_current_object()


def own_provider_id() -> int:
    """The institution at whose desk the signed-in account works, or 404."""
    ids = [provider_id for role in DESK for provider_id in current_user.provider_ids(role)]
    if not ids:
        abort(404)
    return ids[0]


def asked_page() -> int:
    """The page of a list that is asked for, from 1."""
    return page_number(request.args.get("page"))


def published(offering: Offering | None) -> Offering:
    """One that was published, cancelled or not; a draft is 404, like what does not exist."""
    if offering is None or offering.published_at is None:
        abort(404)
    return offering


def mine(model: type[Any], object_id: int, **owner: Any) -> Any:
    """Load through the owner: the object of that id that has these values, or 404."""
    found = db.session.scalar(db.select(model).filter_by(id=object_id, **owner))
    if found is None:
        abort(404)
    return found


def safe_next(target: str | None) -> str | None:
    """A path of this site to go on to, or None for anything that leads elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    if any(ord(c) < 32 or ord(c) == 127 for c in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


def _here() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None
