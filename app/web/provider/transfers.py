"""A learner goes on in another offering of the same course."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext
from wtforms import SelectChoice

from app.clock import now, today
from app.database import db
from app.forms.provider import TransferForm
from app.models import Enrolment, Offering
from app.web.access import form_page, me
from app.web.provider import bp, done, own_offering
from app.web.provider.learners import own_enrolment
from app.web.words import mask_name


@bp.route("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>/transfer", methods=["GET", "POST"])
def transfer(offering_id: int, enrolment_id: int) -> Any:
    found, form = own_enrolment(offering_id, enrolment_id), TransferForm()
    form.to.choices = [
        SelectChoice(str(each.id), f"{each.number} · {each.timetable}") for each in _others(found.offering)
    ]

    def move() -> Enrolment:
        return own_offering(int(form.to.data)).take_over(found, by=me(), at=now())

    if joined := done(form, move):
        flash(gettext("%(name)s已转班，占第 %(n)s 名。", name=mask_name(found.person.name), n=joined.place_number))
        return redirect(url_for(".enrolment", offering_id=joined.offering_id, enrolment_id=joined.id), 303)
    return form_page("provider/transfer.html", form, enrolment=found)


def _others(offering: Offering) -> list[Offering]:
    """The offerings of the same course that are not over."""
    return list(
        db.session.scalars(
            db.select(Offering)
            .where(Offering.course_id == offering.course_id, Offering.id != offering.id)
            .where(Offering.published_at.is_not(None), Offering.cancelled_at.is_(None), Offering.ends_on >= today())
            .order_by(Offering.starts_on, Offering.id)
        )
    )
