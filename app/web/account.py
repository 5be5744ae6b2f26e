"""Open an account, sign in and out, a new password."""

from __future__ import annotations

from flask import Blueprint, render_template

bp = Blueprint("account", __name__)


@bp.get("/sign-in")
def sign_in() -> str:
    return render_template("public/home.html")


@bp.post("/sign-out")
def sign_out() -> str:
    return ""


@bp.get("/new-password")
def new_password() -> str:
    return ""
