"""What may be typed to sign somebody up, and to add a family member."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import HiddenField, RadioField, SelectChoice
from wtforms.validators import Optional, Regexp

from app.forms import Form, required
from app.forms.fields import BirthDateField, NameField, labelled
from app.models.person import SEXES, Person
from app.refusal import N_


class SentOnce(Form):
    """A form whose nonce makes a double click, a retry or the back button the same sending."""

    nonce = HiddenField(
        validators=[Regexp(r"^[A-Za-z0-9_-]{16,64}\Z", message=_("这张表不完整，请刷新页面再交一次。"))],
        default=lambda: secrets.token_urlsafe(24),
    )

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        good = super().validate(*args, **kwargs)
        if self.nonce.errors:  # a hidden field has no place of its own on the page
            self.form_errors.extend(self.nonce.errors)
            self.nonce.errors = ()
            self.nonce.data = self.nonce.default()
        return good


class EnrolmentForm(SentOnce):
    person_id = RadioField(_("给谁报名"), [required(N_("请选择给谁报名。"))], coerce=int, validate_choice=False)

    def offer(self, people: Sequence[Person]) -> EnrolmentForm:
        """These people may be signed up."""
        self.person_id.choices = [SelectChoice(person.id, person.name) for person in people]
        return self

    def refuse(self, no: Any) -> None:
        if no.code == "person-unknown":  # as if nobody had been chosen
            self.person_id.data, self.person_id.errors = None, [gettext(no.sentence)]
        else:
            self.blame(no, {"age-unsuitable": "person_id"})


class FamilyMember(SentOnce):
    name = NameField(_("姓名"), [required(N_("请填写家人的姓名，和身份证上一样。"))], render_kw={"maxlength": 60})
    birth_on = BirthDateField(_("出生日期"), [required(N_("请填写出生日期，例如 1958-3-4。"))])
    sex = RadioField(_("性别"), [Optional()], choices=labelled(SEXES))

    def refuse(self, no: Any) -> None:
        self.blame(no, {"person-known": "name"})
