from flask import Blueprint

bp = Blueprint("resident", __name__, url_prefix="/my")


@bp.get("/enrolments")
def enrolments() -> str:
    return ""
