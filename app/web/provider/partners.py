"""Who holds an offering together with the institution (R4)."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, url_for
from flask_babel import gettext

from app.database import db
from app.forms import Form
from app.models import OfferingPartner, Provider
from app.web.provider import bp, done, own_offering
from app.web.provider.offerings import offering_page, partner_form


@bp.post("/offerings/<int:offering_id>/partners")
def partner(offering_id: int) -> Any:
    found = own_offering(offering_id)
    form = partner_form(found)
    if done(form, lambda: OfferingPartner.add(found, db.session.get_one(Provider, int(form.provider_id.data)))):
        flash(gettext("合作机构已加上。"))
        return redirect(url_for(".offering", offering_id=found.id), 303)
    return offering_page(found, form, partnership=form)


@bp.post("/offerings/<int:offering_id>/partners/<int:provider_id>/removal")
def partner_removal(offering_id: int, provider_id: int) -> Any:
    found, form = own_offering(offering_id), Form()
    if all(each.id != provider_id for each in OfferingPartner.of(found)):
        abort(404)
    if done(form, lambda: OfferingPartner.remove(found, provider_id)):
        flash(gettext("已不再合作。"))
        return redirect(url_for(".offering", offering_id=found.id), 303)
    return offering_page(found, form)
