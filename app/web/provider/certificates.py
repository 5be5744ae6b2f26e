"""1+X and 人社 certificates of a learner."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext

from app.clock import today
from app.forms import Form
from app.forms.provider import CertificateForm
from app.models import Certificate
from app.web.access import mine
from app.web.provider import bp, done
from app.web.provider.learners import enrolment_page, own_enrolment


@bp.post("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>/certificates")
def certificates(offering_id: int, enrolment_id: int) -> Any:
    found, form = own_enrolment(offering_id, enrolment_id), CertificateForm()
    if done(form, lambda: Certificate.award(found, day=today(), **form.facts())):
        flash(gettext("证书已登记。"))
        return redirect(url_for(".enrolment", offering_id=offering_id, enrolment_id=found.id), 303)
    return enrolment_page(found, form)


@bp.post("/offerings/<int:offering_id>/enrolments/<int:enrolment_id>/certificates/<int:certificate_id>/removal")
def certificate_removal(offering_id: int, enrolment_id: int, certificate_id: int) -> Any:
    found, form = own_enrolment(offering_id, enrolment_id), Form()
    certificate = mine(Certificate, certificate_id, enrolment_id=found.id)
    if done(form, certificate.remove):
        flash(gettext("证书登记已撤销。"))
        return redirect(url_for(".enrolment", offering_id=offering_id, enrolment_id=found.id), 303)
    return enrolment_page(found, form)
