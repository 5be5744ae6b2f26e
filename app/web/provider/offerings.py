"""Offerings: draft, published, cancelled."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from wtforms import SelectChoice

from app.clock import now, today
from app.database import db
from app.forms import Form
from app.forms.provider import AppointmentForm, CancellationForm, OfferingForm, PartnerForm
from app.models import Course, Enrolment, Offering, OfferingPartner, OfferingProgramme, Programme, Provider
from app.models.offering import STANDINGS
from app.models.scheduling import clashes
from app.models.staff import trainers_of
from app.search_words import conditions, note_search_words, patterns
from app.web.access import form_page, mine, own_provider_id
from app.web.provider import asked_words, bp, done, own_offering, paged


@bp.get("/offerings")
def offerings() -> str:
    query = (
        db.select(Offering)
        .join(Course, Course.id == Offering.course_id)
        .where(Offering.provider_id == own_provider_id())
        .options(db.contains_eager(Offering.course))
        .order_by(Offering.starts_on.desc(), Offering.id.desc())
    )
    words, standing = asked_words(), request.args.get("standing", "")
    asked = patterns(words)
    query = query.where(*conditions(len(asked))).params(**asked)
    if standing in STANDINGS:
        query = query.where(Offering.stands(standing, today()))
    rows, pages = paged(query)
    return render_template("provider/offerings.html", rows=rows, pages=pages, words=words, standing=standing)


@bp.route("/offerings/new", methods=["GET", "POST"])
def new_offering() -> Any:
    form = OfferingForm.about(None, _courses(), Programme.open_on(today()), ())

    def draft() -> Offering:
        course = mine(Course, int(form.course_id.data), provider_id=own_provider_id())
        return _place(Offering.draft(course, **form.facts()), form)

    if made := done(form, draft):
        flash(gettext("草稿已保存。请接着排课。"))
        return redirect(url_for(".offering", offering_id=made.id), 303)
    return form_page("provider/offering_form.html", form, offering=None)


@bp.get("/offerings/<int:offering_id>")
def offering(offering_id: int) -> Any:
    return offering_page(own_offering(offering_id), Form())


@bp.route("/offerings/<int:offering_id>/description", methods=["GET", "POST"])
def description(offering_id: int) -> Any:
    found = own_offering(offering_id)
    chosen = [programme.id for programme in Programme.of(found)]
    form = OfferingForm.about(found, _courses(), Programme.open_on(today(), kept=chosen), chosen)

    def describe() -> Offering:
        found.describe(**form.facts())
        return _place(found, form)

    if done(form, describe):
        flash(gettext("已保存。"))
        return redirect(url_for(".offering", offering_id=found.id), 303)
    return form_page("provider/offering_form.html", form, offering=found)


@bp.post("/offerings/<int:offering_id>/publication")
def publication(offering_id: int) -> Any:
    found, form = own_offering(offering_id), Form()
    if done(form, lambda: found.publish(now())):
        flash(gettext("已发布，居民现在能看到并报名。"))
        return redirect(url_for(".offering", offering_id=found.id), 303)
    return offering_page(found, form)


@bp.route("/offerings/<int:offering_id>/cancellation", methods=["GET", "POST"])
def cancellation(offering_id: int) -> Any:
    found, form = own_offering(offering_id), CancellationForm()
    if done(form, lambda: found.cancel(form.reason.data, now()), {"reason-needed": "reason"}):
        flash(gettext("这个班已取消。"))
        return redirect(url_for(".offering", offering_id=found.id), 303)
    return form_page("provider/cancellation.html", form, offering=found, counts=learner_counts(found))


def offering_page(
    found: Offering,
    form: Form,
    appointment: AppointmentForm | None = None,
    partnership: PartnerForm | None = None,
) -> Any:
    """The page of an offering; ``form`` carries what a rule said about the last press of a button."""
    return form_page(
        "provider/offering.html",
        form,
        offering=found,
        standing=found.standing(today()),
        counts=learner_counts(found),
        warnings=clashes(found) if found.standing(today()) in ("draft", "published") else [],
        appointment=appointment or appointment_form(found),
        programmes=Programme.of(found),
        partners=OfferingPartner.of(found),
        partnership=partnership or partner_form(found),
    )


def partner_form(found: Offering) -> PartnerForm:
    """Which institutions do not hold this offering yet?"""
    form = PartnerForm()
    holding = {found.provider_id, *(each.id for each in OfferingPartner.of(found))}
    others = db.session.scalars(db.select(Provider).where(Provider.id.not_in(holding)).order_by(Provider.name))
    form.provider_id.choices = [SelectChoice("", gettext("请选择"))] + [
        SelectChoice(str(each.id), each.name) for each in others
    ]
    return form


def appointment_form(found: Offering) -> AppointmentForm:
    """Which of the institution's trainers does not teach here yet?"""
    form = AppointmentForm()
    teaching = {row.account_id for row in found.trainers}
    form.account_id.choices = [SelectChoice("", gettext("请选择"))] + [
        SelectChoice(str(a.id), a.name) for a in trainers_of(own_provider_id()) if a.id not in teaching
    ]
    return form


def learner_counts(found: Offering) -> dict[str, int]:
    """How many hold a place, and how many wait."""
    held = db.select(db.func.count()).select_from(Enrolment)
    registered = held.where(
        Enrolment.offering_id == found.id, Enrolment.registered_on.is_not(None), Enrolment.withdrawn_at.is_(None)
    )
    return {"registered": db.session.scalar(registered) or 0, "waiting": found.queue_length()}


def _place(offering: Offering, form: OfferingForm) -> Offering:
    offering.change_capacity(form.capacity.data, at=now())
    if "programmes" in form:
        OfferingProgramme.choose(offering, form.programmes.data or (), today())
    note_search_words(offering)
    return offering


def _courses() -> list[SelectChoice]:
    rows = db.session.execute(
        db.select(Course.id, Course.title).where(Course.provider_id == own_provider_id()).order_by(Course.title)
    )
    return [SelectChoice(str(row.id), row.title) for row in rows]
