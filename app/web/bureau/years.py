"""A year's figures, beside those of the year before, and the same tables as files."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Answer

from app.clock import now, today
from app.counts import DIMENSIONS, MEASURES
from app.counts.checks import checks, every_year_adds_up, sums
from app.counts.files import BASES, BY, FILES, HEADINGS, as_xlsx
from app.counts.official import OfficialHeader
from app.counts.partners import taken_part
from app.counts.printed import year_as_pdf
from app.counts.quality_report import schools_as
from app.database import db
from app.models import Enrolment, GroupVisit, LedgerBatch, Provider
from app.models.place import CITY, DIVISIONS
from app.models.rules import RULE_SET
from app.models.statement import Standing
from app.web.bureau import bp, counted

FIRST_YEAR = 1990
YEARS_SHOWN = 6  # of the trend: the plan's five and the one that runs
# The divisions that have a shape on the map; a zone lies within them and the city is all of them.
SHAPES = tuple(code for code in DIVISIONS if code != CITY and not code.startswith("22027"))
# The city's figures on top of the page; persons_max stands beside persons.
ON_TOP = tuple(measure for measure in MEASURES if measure != "persons_max")


@bp.get("/year")
def year() -> Answer:
    """The latest year in which anybody came."""
    return redirect(url_for("bureau.year_page", year=_span()[1]))


@bp.get("/years")
def every_year() -> str:
    """The city's figures of the latest years, one beside the other: the trend."""
    first, last = _span()
    cities = counted.cities(max(first, last - YEARS_SHOWN + 1), last)
    return render_template("bureau/years.html", cities=cities, unfinished=today().year, rule_set=RULE_SET, **words())


@bp.get("/years/<int:year>")
def year_page(year: int) -> str:
    require_year(year)
    figures = counted.year_of(year)
    first, last = _span()
    return render_template(
        "bureau/year.html",
        year=year,
        figures=figures,
        moving=db.session.scalar(select(LedgerBatch.id).where(LedgerBatch.at_work()).limit(1)) is not None,
        before=figures.before,
        sums={by: sums(figures, by) for by in DIMENSIONS},
        years=range(first, last + 1),
        on_top=ON_TOP,
        rule_set=RULE_SET,
        signed=Standing.of(year),
        **words(),
    )


@bp.get("/years/<int:year>/figures.<form>")
def year_file(year: int, form: str) -> Response:
    """The table that the page shows, from the same figures."""
    require_year(year)
    by = request.args.get("by")
    if form not in FILES or (by is not None and by not in DIMENSIONS):
        abort(404)
    media_type, write = FILES[form]
    table = counted.year_of(year).table(by)
    content = as_xlsx(table, _form_header()) if form == "xlsx" else write(table)
    return _file(content, media_type, f"{year}{'-' + by if by else ''}.{form}")


@bp.get("/years/<int:year>/report.pdf")
def year_report(year: int) -> Response:
    """The year on paper, with places to sign."""
    require_year(year)
    return _file(year_as_pdf(counted.year_of(year), now(), _form_header()), "application/pdf", f"{year}.pdf")


@bp.get("/years/<int:year>/quality-report.<form>")
def quality_report(year: int, form: str) -> Response:
    """Each vocational school's training of a year, for its quality report."""
    require_year(year)
    if form not in ("xlsx", "csv"):
        abort(404)
    content = schools_as(form, counted.year_of(year), _form_header())
    return _file(content, FILES[form][0], f"{year}-quality-report.{form}")


@bp.get("/years/<int:year>/checks")
def year_checks(year: int) -> str:
    """What the report asks about itself."""
    require_year(year)
    return render_template(
        "bureau/checks.html", year=year, checks=[*checks(counted.year_of(year)), every_year_adds_up()]
    )


@bp.get("/years/<int:year>/partners")
def year_partners(year: int) -> str:
    """What each institution took part in, beside what it holds itself (R4)."""
    require_year(year)
    return render_template("bureau/year_partners.html", year=year, rows=taken_part(year), **words())


@bp.get("/providers")
def providers() -> str:
    found = db.session.scalars(select(Provider).order_by(Provider.name, Provider.id)).all()
    return render_template("bureau/providers.html", providers=found, year=_span()[1])


def _form_header() -> OfficialHeader:
    return OfficialHeader(*current_app.config["FORM_HEADER"])


def _file(content: bytes, media_type: str, name: str) -> Response:
    answer = Response(content, content_type=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def words() -> dict[str, Any]:
    return {"HEADINGS": HEADINGS, "BY": BY, "FILES": FILES, "BASES": BASES, "SHAPES": SHAPES}


def require_year(year: int) -> None:
    if not FIRST_YEAR <= year <= today().year + 1:
        abort(404)


def _span() -> tuple[int, int]:
    """The first and the last year that hold attendance; this year when none does."""
    days = [
        *db.session.execute(select(func.min(Enrolment.first_attended_on), func.max(Enrolment.first_attended_on))).one(),
        *db.session.execute(select(func.min(GroupVisit.visited_on), func.max(GroupVisit.visited_on))).one(),
    ]
    years = [day.year for day in days if day is not None] or [today().year]
    return max(min(years), FIRST_YEAR), min(max(years), today().year)
