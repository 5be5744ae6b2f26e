"""Who learns here: the list of an offering, one sign-up, and everybody by name."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from wtforms import SelectChoice

from app.clock import now, today
from app.database import db
from app.forms import Form
from app.forms.provider import CertificateForm, CompletionForm, CompletionsForm, LearnerForm
from app.models import Account, AccountPerson, Certificate, Enrolment, Offering, Person, PersonCorrection, Transfer
from app.models.account import NewPassword
from app.models.identity_number import normalise_name
from app.models.staff import hand_password
from app.web.access import form_page, me, mine, own_provider_id
from app.web.provider import asked_words, bp, done, own_offering
from app.web.words import mask_name

MOST_FOUND = 200


@bp.route("/learners", methods=["GET", "POST"])
def learners() -> str:
    """Every sign-up whose learner's name holds these words; asked by POST, for a URL must not keep a name."""
    words = normalise_name(asked_words()) if request.method == "POST" else ""
    rows = list(db.session.scalars(_sign_ups_of(words).limit(MOST_FOUND))) if words else []
    return render_template("provider/learners.html", rows=rows, words=words, most=MOST_FOUND)


@bp.get("/offerings/<int:offering_id>/learners")
def roster(offering_id: int) -> Any:
    found = own_offering(offering_id)
    return roster_page(found, completions_form(found))


@bp.route("/offerings/<int:offering_id>/learners/new", methods=["GET", "POST"])
def new_learner(offering_id: int) -> Any:
    found, form = own_offering(offering_id), LearnerForm()

    def enrol() -> Enrolment:
        person = Person.keep(found.provider_id, now(), is_demo=found.is_demo, **form.facts())
        return found.enrol(person, by=me(), at=now(), source="clerk")

    if made := done(form, enrol):
        flash(
            gettext("已报名，候补第 %(n)s 位。", n=made.rank())
            if made.waits
            else gettext("已报名，占第 %(n)s 名。", n=made.place_number)
        )
        return redirect(url_for(".enrolment", offering_id=found.id, enrolment_id=made.id), 303)
    return form_page("provider/learner.html", form, offering=found)


@bp.get("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>")
def enrolment(offering_id: int, enrolment_id: int) -> Any:
    return enrolment_page(own_enrolment(offering_id, enrolment_id), Form())


@bp.route("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>/withdrawal", methods=["GET", "POST"])
def withdrawal(offering_id: int, enrolment_id: int) -> Any:
    found, form = own_enrolment(offering_id, enrolment_id), Form()
    if done(form, lambda: found.offering.withdraw(found, by=me(), at=now())):
        flash(gettext("%(name)s已退班，空出的名额已给候补。", name=mask_name(found.person.name)))
        return redirect(url_for(".roster", offering_id=offering_id), 303)
    return form_page("provider/withdrawal.html", form, enrolment=found)


@bp.post("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>/one-use-password")
def learner_password(offering_id: int, enrolment_id: int) -> Any:
    found, form = own_enrolment(offering_id, enrolment_id), Form()
    account = account_of(found) or abort(404)
    password, sealed = NewPassword.for_one_use()
    if done(form, lambda: hand_password(own_provider_id(), account, sealed, now())):
        return render_template("provider/one_use_password.html", account=account, password=password, back=".learners")
    return enrolment_page(found, form)


def own_enrolment(offering_id: int, enrolment_id: int) -> Enrolment:
    """A sign-up to an offering of the clerk's institution, or 404."""
    return mine(Enrolment, enrolment_id, offering_id=own_offering(offering_id).id)


def account_of(found: Enrolment) -> Account | None:
    """The account whose owner this very record is; not that of a relative, nor of a record elsewhere."""
    return db.session.scalar(
        db.select(Account)
        .join(AccountPerson, AccountPerson.account_id == Account.id)
        .where(AccountPerson.person_id == found.person_id, AccountPerson.relation == "self")
    )


def enrolment_page(found: Enrolment, form: Form) -> Any:
    """One sign-up; ``form`` is the one that was just refused, if any."""
    certificates = db.session.scalars(
        db.select(Certificate).where(Certificate.enrolment_id == found.id).order_by(Certificate.issued_on)
    )
    return form_page(
        "provider/enrolment.html",
        form,
        enrolment=found,
        certificates=list(certificates),
        account=account_of(found),
        moves=Transfer.of(found.id),
        corrections=PersonCorrection.of(found.person_id),
        completion=form if isinstance(form, CompletionForm) else CompletionForm(formdata=None),
        certificate=form if isinstance(form, CertificateForm) else CertificateForm(formdata=None),
    )


def completions_form(found: Offering) -> CompletionsForm:
    form = CompletionsForm()
    form.enrolments.choices = [
        SelectChoice(row.id, row.person.name)
        for row in _roster(found)
        if row.first_attended_on and not row.completed_on and not row.withdrawn_at
    ]
    return form


def roster_page(found: Offering, form: CompletionsForm) -> Any:
    rows = _roster(found)
    waiting = sorted((row for row in rows if row.waits), key=lambda row: (row.waitlisted_at, row.id))
    return form_page(
        "provider/roster.html",
        form,
        offering=found,
        today_=today(),
        registered=[row for row in rows if row.registered_on and not row.withdrawn_at],
        waiting=waiting,
        gone=[row for row in rows if row.withdrawn_at],
        choosable={str(choice.value) for choice in form.enrolments.choices or ()},
    )


def _roster(found: Offering) -> list[Enrolment]:
    rows = db.session.scalars(
        db.select(Enrolment)
        .where(Enrolment.offering_id == found.id)
        .options(db.joinedload(Enrolment.person), db.selectinload(Enrolment.hours))
        .order_by(Enrolment.place_number, Enrolment.id)
    )
    return list(rows)


def _sign_ups_of(words: str) -> Any:
    return (
        db.select(Enrolment)
        .join(Offering, Offering.id == Enrolment.offering_id)
        .join(Person, Person.id == Enrolment.person_id)
        .where(Offering.provider_id == own_provider_id(), Person.deleted_at.is_(None))
        .where(Person.name_key.contains(words, autoescape=True))
        .options(db.contains_eager(Enrolment.offering).joinedload(Offering.course), db.contains_eager(Enrolment.person))
        .order_by(Person.name_key, Person.id, Offering.starts_on.desc(), Enrolment.id)
    )
