"""For everybody, without signing in: the home page, the catalogue, the page of an offering."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from app.web.access import safe_next

bp = Blueprint("public", __name__)


@bp.get("/")
def home() -> str:
    return render_template("public/home.html")


@bp.get("/offerings")
def catalogue() -> str:
    return render_template("public/home.html")


@bp.get("/display")
def display() -> Response:
    """The size of type, kept in a cookie; nothing on the server changes."""
    answer = redirect(safe_next(request.args.get("next")) or "/", 303)
    answer.set_cookie(
        "type",
        "large" if request.args.get("type") == "large" else "standard",
        max_age=31536000,
        samesite="Lax",
        httponly=True,
    )
    return answer
