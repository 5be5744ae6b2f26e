"""Completions, with the date that the clerk enters: one, or several at once."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext

from app.clock import today
from app.forms import Form
from app.forms.provider import CompletionForm
from app.models import Enrolment
from app.web.access import me, mine
from app.web.provider import bp, done, own_offering
from app.web.provider.learners import completions_form, enrolment_page, own_enrolment, roster_page


@bp.post("/offerings/<int:offering_id>/completions")
def completions(offering_id: int) -> Any:
    """All of them, or none and the sentence that names the one in the way."""
    found = own_offering(offering_id)
    form = completions_form(found)

    def complete() -> None:
        for enrolment_id in form.enrolments.data:
            row: Enrolment = mine(Enrolment, enrolment_id, offering_id=found.id)
            row.complete(form.completed_on.data, by=me(), day=today())

    if done(form, complete):
        flash(gettext("已登记 %(n)s 人结业。", n=len(form.enrolments.data)))
        return redirect(url_for(".roster", offering_id=found.id), 303)
    return roster_page(found, form)


@bp.post("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>/completion")
def completion(offering_id: int, enrolment_id: int) -> Any:
    found, form = own_enrolment(offering_id, enrolment_id), CompletionForm()
    if done(form, lambda: found.complete(form.completed_on.data, by=me(), day=today())):
        flash(gettext("结业已登记。"))
        return redirect(url_for(".enrolment", offering_id=offering_id, enrolment_id=found.id), 303)
    return enrolment_page(found, form)


@bp.post("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>/completion/removal")
def completion_removal(offering_id: int, enrolment_id: int) -> Any:
    found, form = own_enrolment(offering_id, enrolment_id), Form()
    if done(form, found.undo_completion):
        flash(gettext("结业登记已撤销。"))
        return redirect(url_for(".enrolment", offering_id=offering_id, enrolment_id=found.id), 303)
    return enrolment_page(found, form)
