"""What may be sent about a year that is signed: the digest that one signs, and the reason of an amendment."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length, Regexp

from app.forms import Form
from app.models.statement import REASON_LENGTH


class SignatureForm(Form):
    """``digest``: of the statement that is signed; empty to draw one up."""

    BLAME = {"reason-needed": "reason"}

    digest = HiddenField(validators=[Regexp(r"^([0-9a-f]{64})?$")])
    reason = TextAreaField(
        _("更正的理由"),
        description=_("写明哪些班、为什么，例如“补录第三中学 6 月的班，原始签到表在档案室”。"),
        validators=[Length(max=REASON_LENGTH, message=_("最多写 %(max)d 个字，请写短些。"))],
    )
