"""What the desk's and the bureau's pages of a signed year share: the folder of the files, the button, the download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, abort, current_app, flash, redirect, send_file

from app.clock import now, today
from app.counts.files import HEADINGS
from app.counts.year import tenths
from app.database import writing
from app.forms.statement import SignatureForm
from app.models import Statement
from app.models.rules import CATEGORIES
from app.models.statement import PARTS, may_sign
from app.refusal import N_, Refusal
from app.statement import signing
from app.statement.printed import as_pdf
from app.statement.questions import KINDS
from app.statement.writing import Made
from app.web.access import me
from app.web.words import gettext

Page = Callable[[int, SignatureForm], Any]
TABLES: dict[str, str] = {
    "category": N_("类别"),
    "month": N_("月份"),
    "activity": N_("活动（不计培训）"),
}


def folder() -> Path:
    """Where the files of signed years are kept."""
    return Path(current_app.instance_path) / signing.FOLDER


def pressed(form: SignatureForm, year: int, provider_id: int | None) -> bool:
    """Whether the form was sent well and the signature made; a refusal's sentence is put into it."""
    if not form.validate_on_submit():
        return False
    try:
        signing.sign_next(
            folder(), year, provider_id, digest=form.digest.data or "", by=me(), at=now(), day=today(),
            reason=form.reason.data or "",
        )  # fmt: skip
    except Refusal as no:
        form.blame(no, form.BLAME)
        return False
    return True


def sign_and_back(year: int, provider_id: int | None, back: str, page: Page) -> Any:
    """The next signature, and the way back; or the page again with what stood in the way."""
    form = SignatureForm()
    if not pressed(form, year, provider_id):
        return page(year, form)
    flash(gettext("已签。"))
    return redirect(back, 303)


def withdraw_and_back(year: int, provider_id: int | None, back: str, page: Page) -> Any:
    """Take back what is not yet attested, to draw it up anew."""
    form = SignatureForm(formdata=None)
    try:
        with writing():
            Statement.pending(year, provider_id).withdraw(now())
    except Refusal as no:
        form.blame(no)
        return page(year, form)
    flash(gettext("已撤回，可以重新填报。"))
    return redirect(back, 303)


def file_of(statement: Statement) -> Response:
    """A statement's file, to keep and to verify."""
    path = folder() / statement.file_name
    if not path.exists():
        abort(404)
    return send_file(
        path, mimetype="application/vnd.sqlite3", as_attachment=True, download_name=f"statement-{statement.file_name}"
    )


def paper_of(statement: Statement) -> Response:
    """The same on paper."""
    path = folder() / statement.file_name
    if not path.exists() or not path.stat().st_size:
        abort(404)
    answer = Response(as_pdf(statement, path, statement.drawn_up_at), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="statement-{path.stem}.pdf"'
    return answer


def words(statements: list[Statement], provider_id: int | None) -> dict[str, Any]:
    """For the pages' templates: the statements that stand, and what this account may do about them."""
    pending = statements[-1] if statements and statements[-1].attested_at is None else None
    part = pending.next_part if pending else "preparer" if provider_id else "officer"
    return {
        "statements": statements,
        "attested": [each for each in statements if each.attested_at is not None],
        "pending": pending,
        "mine": part is not None and may_sign(me(), part, provider_id),
        "next_part": part,
        "PARTS": PARTS,
        "KINDS": KINDS,
        "HEADINGS": HEADINGS,
        "TABLES": TABLES,
        "class_hours": tenths,
        "sum_label": lambda key, name: gettext("合计"),
        "row_label": lambda key, name: gettext("%(n)s 月", n=key) if key.isdigit() else gettext(name),
        "over": lambda year: year < today().year,
    }


def rows_of(made: Made, by: str) -> list[tuple[str, str, dict[str, int]]]:
    """The lines of one table: key, label, figures; categories in the plan's order."""
    order = {key: place for place, key in enumerate(CATEGORIES)}
    return sorted(made.tables.get(by, []), key=lambda row: order.get(row[0], 0))
