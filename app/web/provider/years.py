"""The institution's year: its figures, what is open in it, and its three signatures (R23, R24)."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, render_template, url_for

from app.clock import today
from app.counts.partners import taken_part
from app.database import db
from app.forms.statement import SignatureForm
from app.models import Statement
from app.statement import signing
from app.web import signing as signed
from app.web.access import form_page, mine, own_provider_id
from app.web.provider import bp, own_provider

FIRST_YEAR = 1990
YEARS_SHOWN = 6


@bp.get("/years")
def years() -> str:
    """The last years, and how far each is signed."""
    provider_id, last = own_provider_id(), today().year
    shown = range(last, last - YEARS_SHOWN, -1)
    return render_template(
        "provider/years.html", years=[(year, Statement.of_year(year, provider_id)) for year in shown], today=today()
    )


@bp.get("/years/<int:year>")
def year(year: int) -> Any:
    return _page(year, SignatureForm(formdata=None))


@bp.post("/years/<int:year>/signatures")
def year_signature(year: int) -> Any:
    _require(year)
    return signed.sign_and_back(year, own_provider_id(), url_for(".year", year=year), _page)


@bp.post("/years/<int:year>/withdrawal")
def year_withdrawal(year: int) -> Any:
    """Take back what is not yet attested, to draw it up anew."""
    _require(year)
    return signed.withdraw_and_back(year, own_provider_id(), url_for(".year", year=year), _page)


@bp.get("/statements/<int:statement_id>/file")
def statement_file(statement_id: int) -> Response:
    return signed.file_of(mine(Statement, statement_id, provider_id=own_provider_id()))


@bp.get("/statements/<int:statement_id>/paper")
def statement_paper(statement_id: int) -> Response:
    """The statement as a PDF, to be signed by hand and kept."""
    return signed.paper_of(mine(Statement, statement_id, provider_id=own_provider_id()))


def _page(year: int, form: SignatureForm) -> Any:
    _require(year)
    db.session.rollback()
    provider = own_provider()
    made, moved = signing.standing_of(signed.folder(), year, provider.id)
    statements = Statement.of_year(year, provider.id)
    return form_page(
        "provider/year.html",
        form,
        year=year,
        made=made,
        moved=moved,
        rows_of=signed.rows_of,
        took_part=next((part.figures for part in taken_part(year) if part.provider.id == provider.id), None),
        **signed.words(statements, provider.id),
    )


def _require(year: int) -> None:
    if not FIRST_YEAR <= year <= today().year:
        abort(404)
