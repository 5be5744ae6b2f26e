"""The city's year as it is signed: which institutions have, what is open, the officer's signature (R24)."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from app.counts import Figures
from app.database import db
from app.forms.statement import SignatureForm
from app.models import Provider, Statement
from app.statement import signing
from app.statement.questions import open_questions
from app.web import signing as signed
from app.web.access import form_page, mine
from app.web.bureau import bp, counted
from app.web.bureau.years import require_year


@bp.get("/years/<int:year>/statement")
def statement(year: int) -> Any:
    return _page(year, SignatureForm(formdata=None))


@bp.post("/years/<int:year>/statement/signatures")
def statement_signature(year: int) -> Any:
    require_year(year)
    return signed.sign_and_back(year, None, url_for(".statement", year=year), _page)


@bp.post("/years/<int:year>/statement/withdrawal")
def statement_withdrawal(year: int) -> Any:
    """Take back what is not yet attested, to draw it up anew."""
    require_year(year)
    return signed.withdraw_and_back(year, None, url_for(".statement", year=year), _page)


@bp.get("/statements/<int:statement_id>/file")
def statement_file(statement_id: int) -> Response:
    return signed.file_of(mine(Statement, statement_id))


@bp.get("/statements/<int:statement_id>/paper")
def statement_paper(statement_id: int) -> Response:
    """The statement as a PDF, to be signed by hand and kept."""
    return signed.paper_of(mine(Statement, statement_id))


def _page(year: int, form: SignatureForm) -> Any:
    require_year(year)
    figures = counted.year_of(year)
    statements = Statement.of_year(year, None)
    return form_page(
        "bureau/statement.html",
        form,
        year=year,
        figures=figures,
        providers=_providers(year, figures.tables["provider"]),
        questions=_questions(year, statements, figures.total),
        **signed.words(statements, None),
    )


def _questions(year: int, statements: list[Statement], city: Figures) -> Any:
    """What was open when the last statement was drawn up; before the first, what is open now."""
    if statements:
        path = signed.folder() / statements[-1].file_name
        return signing.read_file(path, "open_question") if path.exists() else []
    # Without a file nobody has listed the pairs: how many people they make uncertain is known.
    return open_questions(year, None, city.persons_max - city.persons)


def _providers(year: int, rows: Any) -> list[tuple[str, Figures, list[Statement]]]:
    """Each institution of the year: its figures now, and its statements; the unsigned first."""
    now_counted = {row.key: row.figures for row in rows}
    found: dict[int, list[Statement]] = {}
    for each in db.session.scalars(
        db.select(Statement)
        .where(Statement.year == year, Statement.provider_id.is_not(None), Statement.withdrawn_at.is_(None))
        .order_by(Statement.sequence)
        .options(db.selectinload(Statement.signatures))
    ):
        found.setdefault(each.scope, []).append(each)
    ids = now_counted.keys() | found.keys()
    names = db.session.execute(db.select(Provider.id, Provider.name).where(Provider.id.in_(ids))).all()
    lines = [(name, now_counted.get(i, Figures()), found.get(i, [])) for i, name in names]
    return sorted(lines, key=lambda line: (any(each.attested_at for each in line[2]), line[0]))
