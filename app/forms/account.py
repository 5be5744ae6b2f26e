"""What may be typed to open an account, to sign in and to choose a new password."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import PasswordField, RadioField
from wtforms.validators import Optional

from app.forms import Form, required
from app.forms.fields import BirthDateField, MobileField, NameField, labelled
from app.models.person import SEXES
from app.refusal import N_

PASSWORD_FIELDS = dict.fromkeys(("password-short", "password-long", "password-common"), "password")


class OpenAccount(Form):
    name = NameField(
        _("姓名"), [required(N_("请填写姓名，和身份证上一样。"))], render_kw={"autocomplete": "name", "maxlength": 60}
    )
    mobile = MobileField(
        _("手机号"), [required(N_("请填写手机号，登录时用。"))], render_kw={"autocomplete": "tel", "type": "tel"}
    )
    password = PasswordField(
        _("密码"), [required(N_("请想一个密码，至少 8 个字符。"))], render_kw={"autocomplete": "new-password"}
    )
    birth_on = BirthDateField(_("出生日期"), render_kw={"autocomplete": "bday"})
    sex = RadioField(_("性别"), [Optional()], choices=labelled(SEXES))

    def refuse(self, no: Any) -> None:
        self.blame(no, {**PASSWORD_FIELDS, "mobile-taken": "mobile"})


class SignInForm(Form):
    mobile = MobileField(
        _("手机号"), [required(N_("请填写手机号。"))], render_kw={"autocomplete": "username", "type": "tel"}
    )
    password = PasswordField(_("密码"), [required(N_("请填写密码。"))], render_kw={"autocomplete": "current-password"})


class CorrectionForm(Form):
    name = NameField(_("姓名"), [required(N_("请填写姓名，和身份证上一样。"))], render_kw={"maxlength": 60})
    birth_on = BirthDateField(_("出生日期"))

    @staticmethod
    def written(day: date | None) -> str:
        """A birth date as somebody might have typed it."""
        return f"{day.year}-{day.month}-{day.day}" if day else ""

    def refuse(self, no: Any) -> None:
        self.blame(no, {"person-known": "name", "birth-date-kept": "birth_on", "birth-date-document": "birth_on"})


class MobileForm(Form):
    mobile = MobileField(
        _("新手机号"), [required(N_("请填写新的手机号。"))], render_kw={"autocomplete": "tel", "type": "tel"}
    )
    password = PasswordField(
        _("现在的密码"), [required(N_("请填写现在的密码。"))], render_kw={"autocomplete": "current-password"}
    )

    def refuse(self, no: Any) -> None:
        self.blame(no, {"password-wrong": "password", "mobile-taken": "mobile", "mobile-same": "mobile"})


class NewPasswordForm(Form):
    old_password = PasswordField(
        _("现在的密码"), [required(N_("请填写现在的密码。"))], render_kw={"autocomplete": "current-password"}
    )
    password = PasswordField(
        _("新密码"), [required(N_("请想一个新密码，至少 8 个字符。"))], render_kw={"autocomplete": "new-password"}
    )

    def refuse(self, no: Any) -> None:
        self.blame(no, {**PASSWORD_FIELDS, "password-wrong": "old_password", "password-same": "password"})
