"""What a page says when something went wrong: what happened, what now, whom to call."""

from __future__ import annotations

import contextlib
import traceback
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.database import db, is_transient
from app.refusal import Refusal
from app.web import access
from app.web.words import say

STATUS = {"nonce-reused": 422, "too-many-tries": 429}
BARE = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{words}</title>'
    '<meta name="viewport" content="width=device-width"><h1>{words}</h1><p>电话：{telephone}</p></html>'
)


def init(app: Flask) -> None:
    app.register_error_handler(CSRFError, lambda error: page(400, "csrf"))
    app.register_error_handler(HTTPException, known)
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(Exception, unexpected)


def known(error: HTTPException) -> Response:
    answer = page(error.code or 500)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(error.valid_methods)
    return answer


def page(code: int, kind: str = "") -> Response:
    access.who_asks_or_nobody()
    try:
        answer = current_app.make_response(render_template("error.html", code=code, kind=kind))
    except Exception as error:  # a host that is not ours, a broken template: still an answer in words
        _log("the error page failed:", error)
        words = gettext("出了点问题")
        answer = Response(
            BARE.format(words=words, telephone=current_app.config["HELP_TELEPHONE"]), mimetype="text/html"
        )
    answer.status_code = code
    if code == 503:
        answer.headers["Retry-After"] = "5"
    return answer


def refused(no: Refusal) -> Response:
    """A refusal that its view did not answer on the form itself."""
    answer = current_app.make_response(render_template("refused.html", sentence=say(no)))
    answer.status_code = STATUS.get(no.code, 409)
    return answer


def unexpected(error: Exception) -> Response:
    if is_transient(error):
        return _once_more()
    _log("unexpected", error)
    _start_afresh()
    return page(500)


def _once_more() -> Response:
    """The lock was busy: the same request again, all of it; the guard may have been what failed."""
    if g.get("tried_again"):
        return page(503)
    g.tried_again = True
    _start_afresh()
    for upload in request.files.values():
        upload.seek(0)
    try:
        answer = current_app.preprocess_request()
        return current_app.make_response(current_app.dispatch_request() if answer is None else answer)
    except Exception as again:
        if is_transient(again):
            _start_afresh()
            return page(503)
        return current_app.make_response(current_app.handle_user_exception(again))


def _log(what: str, error: BaseException) -> None:
    """Where it happened, and never an exception's words: they may quote a row (PostgreSQL does) or what was typed."""
    cause = getattr(error, "orig", None)
    known = [
        type(cause).__name__,
        getattr(cause, "sqlstate", None),
        getattr(_diagnosis(cause), "constraint_name", None),
    ]
    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = " ".join([type(error).__name__, *(str(word) for word in known if cause is not None and word)])
    current_app.logger.error("%s %s at %s\n%s", what, kind, request.endpoint, frames)


def _diagnosis(cause: Any) -> Any:
    return getattr(cause, "diag", None)


def _start_afresh() -> None:
    """Forget what the failed attempt read."""
    with contextlib.suppress(SQLAlchemyError):
        db.session.remove()
    g.pop("_login_user", None)
