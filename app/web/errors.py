"""What a page says when something went wrong: what happened, what now, whom to call."""

from __future__ import annotations

from flask import Flask, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.database import db, is_transient
from app.refusal import Refusal
from app.web.words import say


def init(app: Flask) -> None:
    app.register_error_handler(CSRFError, lambda error: page(400, "csrf"))
    app.register_error_handler(HTTPException, lambda error: page(error.code or 500))
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(Exception, unexpected)


def page(code: int, kind: str = "") -> Response:
    answer = current_app.make_response(render_template("error.html", code=code, kind=kind))
    answer.status_code = code
    if code == 503:
        answer.headers["Retry-After"] = "5"
    return answer


def refused(no: Refusal) -> Response:
    """A refusal that its view did not answer on the form itself."""
    answer = current_app.make_response(render_template("refused.html", sentence=say(no)))
    answer.status_code = 409
    return answer


def unexpected(error: Exception) -> Response:
    db.session.rollback()
    if is_transient(error):
        if not g.get("tried_again"):
            g.tried_again = True  # the lock was busy: the same request once more, from the start
            try:
                view = current_app.view_functions[request.endpoint or ""]
                return current_app.make_response(current_app.ensure_sync(view)(**(request.view_args or {})))
            except Exception as again:
                db.session.rollback()
                if isinstance(again, HTTPException | Refusal):
                    return current_app.make_response(current_app.handle_user_exception(again))  # type: ignore[arg-type]
                if not is_transient(again):
                    raise
        return page(503)
    current_app.logger.error("unexpected %s at %s", type(error).__name__, request.endpoint, exc_info=error)
    return page(500)
