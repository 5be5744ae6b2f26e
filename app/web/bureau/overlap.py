"""Who stands in two rows of a table at once."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, render_template, request

from app.counts.overlap import OVERLAPPING, Overlap, overlap
from app.counts.rungs import Ruling
from app.counts.spans import Span
from app.web.bureau import bp
from app.web.bureau.kept import kept
from app.web.bureau.tables import asked_of, context_of, grid_file

MOST_PAIRS = 100


@bp.get("/years/<int:year>/overlap")
def year_overlap(year: int) -> str:
    """People in two categories, or with two providers; never a sum of targets."""
    found, context = _overlap(year)
    return render_template("bureau/overlap.html", overlap=found, most=MOST_PAIRS, **context)


@bp.get("/years/<int:year>/overlap.<form>")
def year_overlap_file(year: int, form: str) -> Response:
    return grid_file(_overlap(year)[0].grid(), form)


def _overlap(year: int) -> tuple[Overlap, dict[str, Any]]:
    form, by = asked_of(year)
    if by not in OVERLAPPING or "category" in request.args:
        abort(404)
    span, ruling = Span(year, form.basis.data), Ruling(form.rung.data)
    found = kept(("overlap", span, by, ruling), lambda: overlap(span, by, ruling))
    return found, context_of(year, form, by, "year_overlap") | {"OVERLAPPING": OVERLAPPING}
