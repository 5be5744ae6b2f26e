"""Tables below a year's page: the ladder, one dimension at a time, a year against the one before."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, render_template, request, url_for

from app.clock import today
from app.counts.checks import ADDITIVE
from app.counts.dimensions import EVERY, Dimension
from app.counts.files import BASES, HEADINGS
from app.counts.grids import GRID_FILES, Grid
from app.counts.ladder import Ladder, in_order, ladder
from app.counts.lists import Place, elderly_ages
from app.counts.rows import ELDERLY
from app.counts.rungs import Ruling
from app.counts.spans import Span
from app.counts.tallies import Tally, tally
from app.forms.bureau import TableForm
from app.models.rules import COUNTED, RULE_SET, RUNGS, SPANS
from app.web.bureau import bp
from app.web.bureau.kept import kept
from app.web.bureau.years import FIRST_YEAR, require_year
from app.web.words import gettext


@bp.get("/years/<int:year>/ladder")
def year_ladder(year: int) -> str:
    """From signing up to the certificate, rung by rung."""
    form, by = asked_of(year)
    found = _ladder(year, form, by)
    return render_template(
        "bureau/ladder.html", ladder=found, check=in_order(found.span), **context_of(year, form, by, "year_ladder")
    )


@bp.get("/years/<int:year>/ladder.<form>")
def year_ladder_file(year: int, form: str) -> Response:
    asked, by = asked_of(year)
    return grid_file(_ladder(year, asked, by).grid(), form)


@bp.get("/years/<int:year>/tables")
def year_table(year: int) -> str:
    """The figures by one dimension, on one rung."""
    form, by = asked_of(year)
    found = _tally(Span(year, form.basis.data), by, form)
    elderly = found.category == ELDERLY
    return render_template(
        "bureau/table.html",
        table=found,
        differences=found.differences(),
        ages=elderly_ages(Place(year, basis=found.span.kind, rung=found.ruling.rung)) if elderly else None,
        **context_of(year, form, by, "year_table"),
    )


@bp.get("/years/<int:year>/tables.<form>")
def year_table_file(year: int, form: str) -> Response:
    asked, by = asked_of(year)
    return grid_file(_tally(Span(year, asked.basis.data), by, asked).grid(), form)


def grid_file(grid: Grid, form: str) -> Response:
    """A table as a file; a form that nobody writes is 404."""
    if form not in GRID_FILES:
        abort(404)
    media_type, write = GRID_FILES[form]
    answer = Response(write(grid), content_type=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{grid.name}.{form}"'
    return answer


def asked_of(year: int) -> tuple[TableForm, str]:
    """The table that an address asks for, and by what it has its rows; 404 for what is no table."""
    require_year(year)
    form, by = TableForm(request.args), request.args.get("by", "category")
    if not form.validate() or by not in EVERY or not Span(year, form.basis.data).start.year >= FIRST_YEAR:
        abort(404)
    return form, by


def _ladder(year: int, form: TableForm, by: str) -> Ladder:
    span, category = Span(year, form.basis.data), form.category.data or None
    return kept(("ladder", span, by, category), lambda: ladder(span, by, category))


def _tally(span: Span, by: str, form: TableForm) -> Tally:
    ruling, category = Ruling(form.rung.data), form.category.data or None
    return kept(("tally", span, by, ruling, category), lambda: tally(span, by, ruling, category))


def context_of(year: int, form: TableForm, by: str, page: str) -> dict[str, Any]:
    """What the pages of tables have in common: what is asked, and the ways to ask for another."""
    span, asked = Span(year, form.basis.data), form.address()

    def elsewhere(**changed: Any) -> str:
        told = {"by": by, **asked, **changed}
        to = told.pop("to", f".{page}")
        return url_for(to, year=told.pop("year", year), **{k: v for k, v in told.items() if v})

    return {
        "year": year,
        "span": span,
        "span_name": span_name(span),
        "form": form,
        "by": by,
        "asked": asked,
        "elsewhere": elsewhere,
        "label_of": label_of,
        "key_in_address": key_in_address,
        "neighbours": [each for each in (span.before, span.after) if FIRST_YEAR <= each.year <= today().year + 1],
        "name_of_span": span_name,
        "EVERY": EVERY,
        "RUNGS": RUNGS,
        "SPANS": SPANS,
        "COUNTED": COUNTED,
        "HEADINGS": HEADINGS,
        "BASES": BASES,
        "ADDITIVE": ADDITIVE,
        "FORMS": GRID_FILES,
        "rule_set": RULE_SET,
    }


def span_name(span: Span) -> str:
    """A span of days as a page names it."""
    if span.kind == "plan":
        return gettext("规划期 %(first)s–%(last)s 年", first=span.start.year, last=span.end.year)
    if span.kind == "school":
        return gettext("%(first)s–%(last)s 学年", first=span.year, last=span.year + 1)
    return gettext("%(year)s 年", year=span.year)


def label_of(dimension: Dimension, key: Any, label: str) -> str:
    """A row's label as a page shows it: names stay, sentences of ours are translated."""
    if dimension.name == "year":
        return gettext("%(year)s 年", year=key)
    if dimension.name == "month":
        return str(key)
    return gettext(label) if dimension.is_text() else label


def key_in_address(dimension: Dimension, key: Any) -> dict[str, Any]:
    """The row as an address of its list has it."""
    return {"within" if dimension.name in ("month", "year") else dimension.name: key}
