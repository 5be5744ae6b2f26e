"""Figures that an institution or the bureau reports with a document; corrected by a new row, the old one stays."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select

from app.catalogue import LARGEST_ID
from app.clock import now
from app.database import db
from app.forms.bureau_targets import FigureCorrectionForm, ReportedForm
from app.models import Provider, ReportedFigure, Target
from app.models.reported import KINDS
from app.web.access import asked_page, done, form_page, me, mine
from app.web.bureau import bp
from app.web.bureau.targets import unit

PER_PAGE = 50


@bp.get("/reported")
def reported() -> str:
    """The figures that stand, the latest years first; of a kind, a year, an institution or a target, where asked."""
    asked = {name: request.args.get(name, "") for name in ("kind", "year", "provider", "target")}
    of = Target.coded(asked["target"]) if asked["target"] else None
    wanted = ReportedFigure.current()
    for column, value in (
        (ReportedFigure.kind, asked["kind"]),
        (ReportedFigure.year, _number("year")),
        (ReportedFigure.provider_id, _number("provider")),
        (ReportedFigure.target_id, of.id if of else 0 if asked["target"] else None),
    ):
        if value not in ("", None):
            wanted = wanted.where(column == value)
    count = db.session.scalar(select(db.func.count()).select_from(wanted.subquery())) or 0
    page = min(asked_page(), max(1, -(-count // PER_PAGE)))
    found = db.session.scalars(
        wanted.options(db.joinedload(ReportedFigure.provider), db.joinedload(ReportedFigure.target))
        .order_by(ReportedFigure.year.desc(), ReportedFigure.kind, ReportedFigure.id)
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    ).all()
    narrowed: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return render_template(
        "bureau/reported.html",
        figures=found,
        count=count,
        KINDS=KINDS,
        unit=unit,
        target=of,
        narrowed=narrowed,
        page=page,
        pages=-(-count // PER_PAGE),
        page_url=lambda n: url_for(".reported", **narrowed, page=n),
    )


@bp.route("/reported/new", methods=["GET", "POST"])
def new_reported() -> Any:
    form = ReportedForm()
    if request.method == "GET":
        asked = Target.coded(request.args.get("target", ""))
        form.kind.data = "target" if asked else ""
        form.target_id.data = str(asked.id) if asked else ""
        form.year.data = _number("year")
    providers = db.session.execute(select(Provider.id, Provider.name).order_by(Provider.name)).all()
    form.provider_id.choices = [("", gettext("全市")), *((str(id), name) for id, name in providers)]
    form.target_id.choices = [
        ("", gettext("不选")), *((str(each.id), f"{each.code} {each.name}") for each in Target.every())
    ]  # fmt: skip

    def report() -> ReportedFigure:
        return ReportedFigure.report(
            form.kind.data,
            form.year.data,
            form.value.data,
            provider=_chosen(Provider, form.provider_id.data),
            target=_chosen(Target, form.target_id.data),
            document=form.document.data or "",
            by=me(),
            at=now(),
        )

    made = done(form, report)
    if made:
        flash(gettext("已登记。"))
        return redirect(url_for(".reported_figure", figure_id=made.id), 303)
    return form_page("bureau/reported_form.html", form)


@bp.route("/reported/<int:figure_id>", methods=["GET", "POST"])
def reported_figure(figure_id: int) -> Any:
    """One figure with all that was ever reported in its place, and the form that corrects it."""
    found = mine(ReportedFigure, figure_id)
    form = FigureCorrectionForm(obj=found) if request.method == "GET" else FigureCorrectionForm()
    if request.method == "GET":
        form.reason.data = ""

    def correct() -> ReportedFigure:
        return mine(ReportedFigure, figure_id).correct(
            form.value.data, document=form.document.data or "", reason=form.reason.data, by=me(), at=now()
        )

    made = done(form, correct)
    if made:
        flash(gettext("已更正，原来的数留在下面。"))
        return redirect(url_for(".reported_figure", figure_id=made.id), 303)
    return form_page("bureau/reported_figure.html", form, figure=found, history=found.history(), KINDS=KINDS, unit=unit)


def _number(name: str) -> int | None:
    """From the address; what no column can hold asks for nothing."""
    asked = request.args.get(name, type=int)
    return asked if asked is not None and 0 <= asked <= LARGEST_ID else None


def _chosen(model: Any, key: str) -> Any:
    return db.session.get(model, int(key)) if key else None
