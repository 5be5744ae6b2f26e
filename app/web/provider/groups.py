"""Nameless groups of an offering: booked, counted by the trainer, confirmed by the organisation."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect, url_for
from flask_babel import gettext

from app.clock import now, today
from app.database import db
from app.forms import Form
from app.forms.groups import BookingForm, ConfirmationForm, ReasonForm
from app.models import GroupBooking, GroupConfirmation
from app.models.group_booking import REASONS, WAYS, bookings_of
from app.models.rules import RULE_SET
from app.web.access import form_page, me, mine
from app.web.provider import bp, done, own_offering


@bp.route("/offerings/<int:offering_id>/groups", methods=["GET", "POST"])
def groups(offering_id: int) -> Any:
    found, form = own_offering(offering_id), BookingForm()
    if made := done(form, lambda: GroupBooking.book(found, **form.facts(), by=me(), at=now())):
        flash(gettext("预约已登记。上课那天由任课教师清点人数。"))
        return redirect(url_for(".group", offering_id=found.id, booking_id=made.id), 303)
    return form_page(
        "provider/groups.html",
        form,
        offering=found,
        bookings=bookings_of(found),
        standings=GroupBooking.standings(found),
        is_open=found.category in RULE_SET.group_categories and found.is_published,
        REASONS=REASONS,
    )


@bp.get("/offerings/<int:offering_id>/groups/<int:booking_id>")
def group(offering_id: int, booking_id: int) -> Any:
    return _page(_own(offering_id, booking_id), Form())


@bp.post("/offerings/<int:offering_id>/groups/<int:booking_id>/confirmations")
def group_confirmation(offering_id: int, booking_id: int) -> Any:
    found, form = _own(offering_id, booking_id), ConfirmationForm()

    def confirm() -> GroupConfirmation:
        return found.confirm(
            form.confirmed_on.data, form.confirmed_by.data, sheet=form.attached(),
            note=form.note.data or "", day=today(), by=me(), at=now(),
        )  # fmt: skip

    if done(form, confirm):
        flash(gettext("确认已登记。"))
        return _back(found)
    return _page(found, form, confirmation=form)


@bp.post("/offerings/<int:offering_id>/groups/<int:booking_id>/cancellation")
def group_cancellation(offering_id: int, booking_id: int) -> Any:
    found, form = _own(offering_id, booking_id), ReasonForm()
    if done(form, lambda: found.cancel(form.why.data, now())):
        flash(gettext("预约已取消。"))
        return _back(found)
    return _page(found, form, why=form)


@bp.post("/offerings/<int:offering_id>/groups/<int:booking_id>/confirmations/<int:confirmation_id>/revocation")
def confirmation_revocation(offering_id: int, booking_id: int, confirmation_id: int) -> Any:
    found, form = _own(offering_id, booking_id), ReasonForm()
    row = mine(GroupConfirmation, confirmation_id, booking_id=found.id)
    if done(form, lambda: row.revoke(form.why.data, now())):
        flash(gettext("确认已撤销，记录留着。"))
        return _back(found)
    return _page(found, form)


@bp.get("/offerings/<int:offering_id>/groups/<int:booking_id>/confirmations/<int:confirmation_id>/sheet")
def group_sheet(offering_id: int, booking_id: int, confirmation_id: int) -> Response:
    """The signed sheet as it was attached; always a download, never shown inside a page of ours."""
    found = _own(offering_id, booking_id)
    row = mine(GroupConfirmation, confirmation_id, booking_id=found.id)
    data = row.sheet()
    if data is None:
        abort(404)
    answer = Response(data, content_type=row.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=row.file_name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _own(offering_id: int, booking_id: int) -> GroupBooking:
    return mine(GroupBooking, booking_id, offering_id=own_offering(offering_id).id)


def _back(found: GroupBooking) -> Any:
    return redirect(url_for(".group", offering_id=found.offering_id, booking_id=found.id), 303)


def _page(found: GroupBooking, form: Form, confirmation: Any = None, why: Any = None) -> Any:
    db.session.refresh(found)
    return form_page(
        "provider/group.html",
        form,
        offering=found.offering,
        booking=found,
        standing=GroupBooking.standings(found.offering)[found.id],
        confirmation=confirmation or ConfirmationForm(formdata=None),
        why=why or ReasonForm(formdata=None),
        REASONS=REASONS,
        WAYS=WAYS,
    )
