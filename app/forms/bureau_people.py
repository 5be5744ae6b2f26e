"""What the bureau may say of people: whether two records are one, and what came of a call."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import RadioField, StringField
from wtforms.validators import Length, Optional, Regexp

from app.forms import Form, required
from app.forms.fields import labelled
from app.models.call_back import ANSWERS
from app.models.pair_decision import VERDICTS
from app.refusal import N_


def _few_words() -> Any:
    return Length(max=200, message=_("最多写 %(max)d 个字，请写短些。"))


class DecisionForm(Form):
    BLAME = {"reason-needed": "reason"}

    verdict = RadioField(_("判定"), [required(N_("请选一个：是同一人，或不是同一人。"))], choices=labelled(VERDICTS))
    reason = StringField(_("依据"), [required(N_("请写明依据，例如“电话核实，两条记录都是他本人”。")), _few_words()])


class UndoingForm(Form):
    BLAME = {"reason-needed": "reason"}

    reason = StringField(
        _("撤销的原因"), [required(N_("请写明为什么撤销，例如“核对证件后发现是两个人”。")), _few_words()]
    )


class DrawForm(Form):
    BLAME = {"seed-used": "seed"}

    seed = StringField(
        _("种子"),
        [Optional(), Regexp(r"^[0-9A-Za-z-]{1,40}$", message=_("种子只用字母、数字和横线，最多 40 个。"))],
    )


class AnswerForm(Form):
    answer = RadioField(_("结果"), [required(N_("请选这次电话的结果。"))], choices=labelled(ANSWERS))
    note = StringField(_("备注"), [Optional(), _few_words()])
