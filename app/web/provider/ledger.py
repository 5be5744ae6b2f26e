"""The institution's ledger: upload, what would happen, yes, how far it is, the way back."""

from __future__ import annotations

import io
from itertools import islice
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app import ledger
from app.clock import now, today
from app.database import db
from app.forms import Form
from app.forms.provider_ledger import FILE_CODES, LoadForm, UploadForm, YearForm
from app.models import LedgerBatch
from app.models.ledger_batch import AT_WORK
from app.refusal import Refusal
from app.web.access import form_page, me, mine, own_provider_id
from app.web.provider import bp, paged
from app.web.provider.ledger_work import SMALL_BATCH, SMALL_FILE, start

_SHOWN = 50
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.route("/ledgers", methods=["GET", "POST"])
def ledgers() -> Any:
    form = UploadForm()
    if form.validate_on_submit():
        try:
            return redirect(url_for(".ledger_batch", batch_id=_take(form.file.data)), 303)
        except Refusal as no:
            form.blame(no, FILE_CODES)
    rows, pages = paged(
        db.select(LedgerBatch)
        .where(LedgerBatch.provider_id == own_provider_id())
        .options(db.joinedload(LedgerBatch.made_by))
        .order_by(LedgerBatch.id.desc())
    )
    year = YearForm(None, year=today().year, meta={"csrf": False})
    return form_page("provider/ledgers.html", form, rows=rows, pages=pages, year_form=year, at=now())


def _take(upload: Any) -> int:
    """The batch of an upload: a small file is checked at once, a large one beside us."""
    name, owner, by = upload.filename or "", own_provider_id(), me().id
    data = upload.stream.read()
    if len(data) <= SMALL_FILE:
        return ledger.receive(io.BytesIO(data), name, provider_id=owner, by_id=by)[0]
    batch_id = ledger.open_batch(name, provider_id=owner, by_id=by)
    start("receive", batch_id, io.BytesIO(data))
    return batch_id


@bp.get("/ledgers/<int:batch_id>")
def ledger_batch(batch_id: int) -> Any:
    return _batch_page(_own(batch_id), LoadForm())


def _own(batch_id: int) -> LedgerBatch:
    return mine(LedgerBatch, batch_id, provider_id=own_provider_id())


def _batch_page(batch: LedgerBatch, form: Form) -> Any:
    refused: list[Any] = []
    if batch.rows_refused:
        refused = [(number, column, why) for number, _, column, why in islice(ledger.refused_rows(batch.id), _SHOWN)]
    return form_page(
        "provider/ledger_batch.html",
        form,
        batch=batch,
        found=batch.counts,
        refused=refused,
        working=batch.state in AT_WORK,
        stuck=batch.is_stuck(now()),
    )


@bp.post("/ledgers/<int:batch_id>/loading")
def ledger_loading(batch_id: int) -> Any:
    """Yes, load it; or go on with one whose worker died. A second click finds it under way."""
    batch, form = _own(batch_id), LoadForm()
    form.sent_back = batch.rows_refused if batch.state == "checked" else 0
    if not form.validate_on_submit():
        return _batch_page(batch, form)
    waits = batch.state == "checked" or (batch.state == "loading" and batch.is_stuck(now()))
    if waits and (refusal := _go_on(batch, ledger.load, ledger.begin_loading, "resume")):
        form.blame(refusal)
        return _batch_page(_own(batch_id), form)
    return redirect(url_for(".ledger_batch", batch_id=batch_id), 303)


@bp.post("/ledgers/<int:batch_id>/undoing")
def ledger_undoing(batch_id: int) -> Any:
    """Take it back as a whole, or give up one that was only checked."""
    batch, form = _own(batch_id), Form()
    if not form.validate_on_submit():
        return _batch_page(batch, LoadForm())
    try:
        batch.refuse_if_at_work(now())
    except Refusal as no:
        answer = LoadForm()
        answer.blame(no)
        return _batch_page(batch, answer)
    by_id = me().id
    _go_on(batch, lambda found: ledger.undo(found, by_id), lambda found: ledger.begin_undoing(found, by_id), "undo")
    return redirect(url_for(".ledger_batch", batch_id=batch_id), 303)


def _go_on(batch: LedgerBatch, verb: Any, begin: Any, command: str) -> Refusal | None:
    """At once when it is small, beside us when it is not; the refusal, if there was one by then."""
    try:
        if batch.rows_total <= SMALL_BATCH:
            verb(batch.id)
        elif begin(batch.id).state in AT_WORK:
            start(command, batch.id)
    except Refusal as no:
        return no
    return None


@bp.get("/ledgers/<int:batch_id>/refused.xlsx")
def ledger_refused(batch_id: int) -> Response:
    """The refused rows in the ledger's columns, each with its reason: mend them there and upload the file again."""
    batch, out = _own(batch_id), io.BytesIO()
    ledger.export_refused(out, ledger.refused_rows(batch.id))
    return _workbook(out, f"refused-{batch.id}.xlsx")


@bp.get("/ledgers/year.xlsx")
def ledger_year() -> Any:
    """A year of the institution as a ledger, numbers in clear: its own register."""
    form = YearForm(request.args, meta={"csrf": False})
    if not form.validate():
        flash(gettext("年份请填 2000 到 2100 之间的数。"))
        return redirect(url_for(".ledgers"), 303)
    out = io.BytesIO()
    ledger.export(form.year.data, out, provider_id=own_provider_id())
    return _workbook(out, f"ledger-{form.year.data}.xlsx")


def _workbook(out: io.BytesIO, name: str) -> Response:
    answer = Response(out.getvalue(), mimetype=_WORKBOOK)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
