"""An institution's desk: its courses, offerings, learners and ledger. A clerk sees their own institution alone."""

from flask import Blueprint

bp = Blueprint("provider", __name__, url_prefix="/desk")

from app.web.provider import offerings  # noqa: E402, F401 - the pages register themselves
