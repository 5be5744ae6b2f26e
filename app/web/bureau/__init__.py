"""The bureau's pages: everything that is counted, names masked."""

from flask import Blueprint

bp = Blueprint("bureau", __name__, url_prefix="/bureau")

from app.web.bureau import (  # noqa: E402, F401 - the pages register themselves
    call_backs,
    lists,
    open_data,
    overlap,
    pairs,
    patterns,
    programmes,
    registers,
    reported,
    statements,
    tables,
    targets,
    what_if,
    years,
)
