"""Programmes across categories: which there are, and the year of each."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select

from app.clock import today
from app.counts import Figures
from app.counts.programmes import offerings_of, programme_years
from app.database import db
from app.forms import Form
from app.forms.bureau_registers import ProgrammeForm
from app.models import Programme
from app.models.programme import NAMED
from app.web.access import done, form_page, mine
from app.web.bureau import bp
from app.web.bureau.years import require_year, words


@bp.route("/programmes", methods=["GET", "POST"])
def programmes() -> Any:
    form = ProgrammeForm()
    if done(form, lambda: Programme.add(form.name.data, form.note.data or "")):
        flash(gettext("项目已加上，机构现在可以在班次上选它。"))
        return redirect(url_for(".programmes"), 303)
    return _page(form)


@bp.post("/programmes/of-the-plan")
def plan_programmes() -> Any:
    """Those that the plan names, where they are missing."""
    form = Form()
    if done(form, Programme.add_named):
        flash(gettext("方案里的项目都已加上。"))
    return redirect(url_for(".programmes"), 303)


@bp.post("/programmes/<int:programme_id>/ending")
def programme_ending(programme_id: int) -> Any:
    found = mine(Programme, programme_id)
    if done(Form(), lambda: found.end(today())):
        flash(gettext("项目已结束：新的班次不能再选它，往年的数字照旧。"))
    return redirect(url_for(".programmes"), 303)


@bp.get("/years/<int:year>/programmes")
def year_programmes(year: int) -> str:
    """Every programme in one year, side by side and never summed."""
    require_year(year)
    rows = [line for line in programme_years(year) if line.figures != Figures()]
    return render_template("bureau/year_programmes.html", year=year, rows=rows, **words())


@bp.get("/years/<int:year>/programmes/<int:programme_id>")
def programme_year(year: int, programme_id: int) -> str:
    require_year(year)
    found = mine(Programme, programme_id)
    parts = []
    for training in (True, False):
        figures = next(line.figures for line in programme_years(year, training) if line.programme.id == found.id)
        parts.append((training, figures, offerings_of(found, year, training)))
    return render_template("bureau/programme_year.html", year=year, programme=found, parts=parts, **words())


def _page(form: ProgrammeForm) -> Any:
    found = list(db.session.scalars(select(Programme).order_by(Programme.name, Programme.id)))
    known = {programme.name for programme in found}
    return form_page(
        "bureau/programmes.html",
        form,
        programmes=found,
        missing=[name for name in NAMED if name not in known],
        year=today().year,
    )
