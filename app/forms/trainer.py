"""What may be typed to take a roll, and to add somebody who came without a sign-up."""

from __future__ import annotations

import re
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import Length, Regexp

from app.forms import Form, required
from app.forms.fields import BirthDateField, MobileField, NameField
from app.forms.resident import SentOnce
from app.refusal import N_

_MARK = re.compile(r"m(\d{1,9})", re.ASCII)


class RollForm(Form):
    """The words for each person come as ``m`` and the sign-up's id; who is not called sends nothing."""

    base_version = HiddenField(validators=[Regexp(r"^[0-9]{1,9}\Z", message=_("这张表不完整，请刷新页面再点名。"))])
    reason = StringField(_("改动的原因"), [Length(max=200, message=_("原因最多 200 个字。"))])

    def said(self) -> dict[int, str]:
        """Sign-up id → what was chosen."""
        return {int(found[1]): word for key, word in request.form.items() if (found := _MARK.fullmatch(key))}

    def refuse(self, no: Any) -> None:
        self.blame(no, {"reason-needed": "reason"})


class WalkInForm(SentOnce):
    name = NameField(_("姓名"), [required(N_("请填写来上课的人的姓名。"))], render_kw={"maxlength": 60})
    mobile = MobileField(_("手机号"), render_kw={"type": "tel", "autocomplete": "off"})
    birth_on = BirthDateField(_("出生日期"), render_kw={"autocomplete": "off"})
    namesake = BooleanField(_("是另一位同名的人"))

    def facts(self) -> dict[str, Any]:
        """What ``Lesson.walk_in`` is told beside the name."""
        return {"mobile": self.mobile.number or None, "birth_on": self.birth_on.day, "namesake": self.namesake.data}

    def refuse(self, no: Any) -> None:
        self.blame(no, {"name-on-roll": "namesake", "already-enrolled": "name", "trainer-no-learner": "name"})
