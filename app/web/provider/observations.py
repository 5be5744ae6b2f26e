"""People seen at a lesson without a place: taken in, or closed with a note."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.clock import now
from app.database import db
from app.forms.provider import LearnerForm, OutcomeForm
from app.models import Enrolment, Lesson, Observation, Offering, Person
from app.web.access import form_page, me, own_provider_id
from app.web.provider import bp, done, paged
from app.web.words import mask_name


@bp.get("/observations")
def observations() -> str:
    settled = request.args.get("settled") == "1"
    state = Observation.settled_at.is_not(None) if settled else Observation.settled_at.is_(None)
    rows, pages = paged(_own().where(state).order_by(Observation.id.desc()))
    return render_template("provider/observations.html", rows=rows, pages=pages, settled=settled)


@bp.get("/observations/<int:observation_id>")
def observation(observation_id: int) -> Any:
    found = _own_observation(observation_id)
    return _page(found, OutcomeForm())


@bp.post("/observations/<int:observation_id>/enrolment")
def observation_enrolment(observation_id: int) -> Any:
    found, form = _own_observation(observation_id), LearnerForm()

    def enrol() -> Enrolment:
        offering = found.lesson.offering
        facts = form.facts() | {"mobile": form.mobile.number or found.mobile}
        person = Person.keep(offering.provider_id, now(), is_demo=offering.is_demo, **facts)
        return found.enrol(person, by=me(), at=now())

    if made := done(form, enrol):
        flash(gettext("%(name)s已登记进班，占第 %(n)s 名。", name=mask_name(made.person.name), n=made.place_number))
        return redirect(url_for(".observations"), 303)
    return _page(found, form)


@bp.post("/observations/<int:observation_id>/outcome")
def observation_outcome(observation_id: int) -> Any:
    found, form = _own_observation(observation_id), OutcomeForm()
    if done(form, lambda: found.close(form.outcome.data, by=me(), at=now())):
        flash(gettext("已结案。"))
        return redirect(url_for(".observations"), 303)
    return _page(found, form)


def _own() -> Any:
    return (
        db.select(Observation)
        .join(Lesson, Lesson.id == Observation.lesson_id)
        .join(Offering, Offering.id == Lesson.offering_id)
        .where(Offering.provider_id == own_provider_id())
    )


def _own_observation(observation_id: int) -> Observation:
    return db.first_or_404(_own().where(Observation.id == observation_id))


def _page(found: Observation, form: Any) -> Any:
    """``form`` is the one just refused, or a fresh one."""
    known = {"name": found.name, "birth_on": found.birth_on}
    return form_page(
        "provider/observation.html",
        form,
        observation=found,
        learner=form if isinstance(form, LearnerForm) else LearnerForm(formdata=None, data=known),
        outcome=form if isinstance(form, OutcomeForm) else OutcomeForm(formdata=None),
    )
