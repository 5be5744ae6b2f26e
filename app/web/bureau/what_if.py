"""A year counted by another rule, beside the one in force, and the sign-ups that moved (R26)."""

from __future__ import annotations

from flask import Response, abort, render_template, request, url_for

from app.counts.rungs import Ruling
from app.counts.spans import Span
from app.counts.what_if import MEASURES, Trial, try_out
from app.forms.bureau import WhatIfForm
from app.models.rules import RULE_SET
from app.web.bureau import bp
from app.web.bureau.kept import kept
from app.web.bureau.lists import PER_PAGE, loaded
from app.web.bureau.tables import context_of, grid_file, span_name
from app.web.bureau.years import require_year


@bp.get("/years/<int:year>/what-if")
def year_what_if(year: int) -> str:
    form, found = _tried(year)
    page, moved = form.page.data or 1, form.moved.data or ("in" if found.came_in else "out")
    ids = found.came_in if moved == "in" else found.went_out
    pages = max(1, -(-len(ids) // PER_PAGE))
    if page > pages:
        abort(404)
    here = ids[(page - 1) * PER_PAGE : page * PER_PAGE]
    enrolments = loaded(list(here))
    return render_template(
        "bureau/what_if.html",
        trial=found,
        rows=[enrolments[i] for i in here],
        moved=moved,
        page=page,
        pages=pages,
        page_url=lambda n: url_for(".year_what_if", year=year, **form.address(), moved=moved, page=n),
        MEASURES=MEASURES,
        tried_name=span_name(found.tried.span),
        **context_of(year, form, "category", "year_what_if"),
    )


@bp.get("/years/<int:year>/what-if.<form>")
def year_what_if_file(year: int, form: str) -> Response:
    return grid_file(_tried(year)[1].grid(), form)


def _tried(year: int) -> tuple[WhatIfForm, Trial]:
    require_year(year)
    form = WhatIfForm(request.args)
    if not form.validate() or form.category.data:
        abort(404)
    hours, percent = form.hours.data, form.percent.data
    ruling = Ruling(
        form.rung.data,
        RULE_SET.min_planned_hours if hours is None else hours,
        RULE_SET.effective_percent if percent is None else percent,
    )
    span = Span(year, form.basis.data)
    return form, kept(("what if", year, span, ruling), lambda: try_out(Span(year), span, ruling))
