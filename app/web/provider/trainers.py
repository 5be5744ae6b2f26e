"""Who teaches for the institution, and where."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext

from app.clock import now, today
from app.database import db
from app.forms import Form
from app.forms.provider import TrainerForm
from app.models import Account, Offering, OfferingTrainer
from app.models.account import NewPassword
from app.models.staff import dismiss, hand_password, hire, trainers_of
from app.search_words import note_search_words
from app.web.access import form_page, own_provider_id
from app.web.provider import bp, done, own_offering, own_provider
from app.web.provider.offerings import appointment_form, offering_page


@bp.get("/trainers")
def trainers() -> Any:
    return _trainers_page(Form())


@bp.route("/trainers/new", methods=["GET", "POST"])
def new_trainer() -> Any:
    form = TrainerForm()
    if form.validate_on_submit():
        password, sealed = NewPassword.for_one_use()
        made = done(form, lambda: hire(own_provider(), form.name.data, form.mobile.number, sealed, now()))
        if made and made[1]:
            return render_template(
                "provider/one_use_password.html", account=made[0], password=password, back=".trainers"
            )
        if made:
            flash(gettext("已加为本机构教师。这个手机号已有账号，请用原来的密码登录。"))
            return redirect(url_for(".trainers"), 303)
    return form_page("provider/trainer.html", form)


@bp.post("/trainers/<int:account_id>/one-use-password")
def trainer_password(account_id: int) -> Any:
    account, form = _own_trainer(account_id), Form()
    password, sealed = NewPassword.for_one_use()
    if done(form, lambda: hand_password(own_provider_id(), account, sealed, now())):
        return render_template("provider/one_use_password.html", account=account, password=password, back=".trainers")
    return _trainers_page(form)


@bp.post("/trainers/<int:account_id>/dismissal")
def trainer_dismissal(account_id: int) -> Any:
    account, form = _own_trainer(account_id), Form()
    if done(form, lambda: dismiss(own_provider_id(), account, today(), now())):
        flash(gettext("%(name)s不再是本机构的教师。", name=account.name))
        return redirect(url_for(".trainers"), 303)
    return _trainers_page(form)


@bp.post("/offerings/<int:offering_id>/trainers")
def appointment(offering_id: int) -> Any:
    found = own_offering(offering_id)
    form = appointment_form(found)

    def appoint() -> None:
        found.appoint(_own_trainer(int(form.account_id.data)))
        note_search_words(found)

    if done(form, appoint):
        flash(gettext("教师已安排。"))
        return redirect(url_for(".offering", offering_id=found.id), 303)
    return offering_page(found, form, form)


@bp.post("/offerings/<int:offering_id>/trainers/<int:account_id>/removal")
def appointment_removal(offering_id: int, account_id: int) -> Any:
    found, form = own_offering(offering_id), Form()
    teaches = next((row.account for row in found.trainers if row.account_id == account_id), None) or abort(404)

    def remove() -> None:
        found.dismiss(teaches)
        note_search_words(found)

    if done(form, remove):
        flash(gettext("已不再教这个班。"))
        return redirect(url_for(".offering", offering_id=found.id), 303)
    return offering_page(found, form)


def _own_trainer(account_id: int) -> Account:
    """A trainer of the clerk's institution, or 404."""
    account = next((a for a in trainers_of(own_provider_id()) if a.id == account_id), None)
    return account or abort(404)


def _trainers_page(form: Form) -> Any:
    teaching = db.session.execute(
        db.select(OfferingTrainer.account_id, Offering)
        .join(Offering, Offering.id == OfferingTrainer.offering_id)
        .where(Offering.provider_id == own_provider_id(), Offering.cancelled_at.is_(None), Offering.ends_on >= today())
        .order_by(Offering.starts_on)
    )
    taught: dict[int, list[Offering]] = {}
    for account_id, found in teaching:
        taught.setdefault(account_id, []).append(found)
    return form_page("provider/trainers.html", form, trainers=trainers_of(own_provider_id()), taught=taught)
