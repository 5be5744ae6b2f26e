"""A resident's sign-ups, and those of the people they look after."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.clock import now
from app.database import db, writing
from app.forms.resident import EnrolmentForm, FamilyMember
from app.models.account import AccountPerson
from app.models.enrolment import Enrolment
from app.models.offering import Offering
from app.refusal import Refusal
from app.web.access import form_page, me, published
from app.web.once import blame_unless_reused, once
from app.web.words import say

bp = Blueprint("resident", __name__, url_prefix="/my")


@bp.get("/offerings/<int:offering_id>/enrolment")
def enrolment(offering_id: int) -> Any:
    offering = published(Offering.by_id(offering_id))
    return _enrolment_page(offering, EnrolmentForm())


@bp.post("/offerings/<int:offering_id>/enrolment")
def enrol(offering_id: int) -> Any:
    form = EnrolmentForm()
    if form.validate():
        asker = me()
        try:
            learner = asker.learner(form.person_id.data)

            def sign_up() -> int:
                return published(Offering.under_lock(offering_id)).enrol(learner, by=asker, at=now()).id

            made = once(form.nonce.data, f"enrolment {offering_id} {learner.id}", sign_up)
            return redirect(url_for("resident.enrolled", enrolment_id=made), 303)
        except Refusal as no:
            blame_unless_reused(form, no)
    return _enrolment_page(published(Offering.by_id(offering_id)), form)


@bp.get("/enrolments")
def enrolments() -> str:
    at = now()
    groups: dict[str, list[Enrolment]] = {"coming": [], "waiting": [], "past": []}
    for mine in _own_enrolments():
        groups[mine.when(at)].append(mine)
    groups["past"].reverse()
    return render_template("resident/enrolments.html", groups=groups)


@bp.get("/enrolments/<int:enrolment_id>")
def enrolled(enrolment_id: int) -> str:
    return render_template("resident/enrolled.html", enrolment=_own_enrolment(enrolment_id))


@bp.get("/enrolments/<int:enrolment_id>/withdrawal")
def withdrawal(enrolment_id: int) -> Any:
    mine = _own_enrolment(enrolment_id)
    if not mine.may_leave(now()):
        return redirect(url_for("resident.enrolled", enrolment_id=enrolment_id))
    return render_template("resident/withdrawal.html", enrolment=mine)


@bp.post("/enrolments/<int:enrolment_id>/withdrawal")
def withdraw(enrolment_id: int) -> Response:
    mine = _own_enrolment(enrolment_id)
    with writing():
        mine.leave(by=me(), at=now())
    return redirect(url_for("resident.enrolled", enrolment_id=enrolment_id), 303)


@bp.get("/people")
def people() -> Any:
    return form_page("resident/people.html", FamilyMember(), people=current_user.own_people())


@bp.post("/people")
def add_person() -> Any:
    form = FamilyMember()
    if form.validate():
        facts = form.name.data, form.birth_on.day, form.sex.data or None

        def add() -> int:
            return current_user.add_person(facts[0], facts[1], now(), sex=facts[2]).id

        try:
            once(form.nonce.data, f"person {facts}", add)
            return redirect(url_for("resident.people"), 303)
        except Refusal as no:
            blame_unless_reused(form, no)
    return form_page("resident/people.html", form, people=current_user.own_people())


def _own() -> Any:
    return (
        db.select(Enrolment)
        .join(AccountPerson, AccountPerson.person_id == Enrolment.person_id)
        .join(Offering, Offering.id == Enrolment.offering_id)
        .where(AccountPerson.account_id == current_user.id)
        .options(
            db.joinedload(Enrolment.person),
            db.joinedload(Enrolment.offering).joinedload(Offering.course),
            db.joinedload(Enrolment.offering).joinedload(Offering.provider),
        )
        .order_by(Offering.first_begins_at, Enrolment.id)
    )


def _own_enrolments() -> list[Enrolment]:
    return list(db.session.scalars(_own()))


def _own_enrolment(enrolment_id: int) -> Enrolment:
    return db.session.scalar(_own().where(Enrolment.id == enrolment_id)) or abort(404)


def _enrolment_page(offering: Offering, form: EnrolmentForm) -> Any:
    people = current_user.own_people()
    mine = db.session.scalars(_own().where(Enrolment.offering_id == offering.id, Enrolment.withdrawn_at.is_(None)))
    living = {enrolment.person_id: enrolment for enrolment in mine}
    return form_page(
        "resident/enrolment.html",
        form.offer([person for person in people if person.id not in living]),
        people=people,
        offering=offering,
        living=living,
        closed=say(no) if (no := offering.why_closed(now())) else "",
        waiting=offering.queue_length(),
        free=offering.has_free_place(),
    )
