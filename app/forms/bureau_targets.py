"""What the bureau may type about targets, their documents and the figures reported for them."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Optional, Regexp, ValidationError

from app.forms import Form, required
from app.forms.fields import labelled
from app.forms.provider import AmountField, DayField, WholeField, at_most, between
from app.models.certificate import SYSTEMS
from app.models.policy import ISSUER_LENGTH, NUMBER_LENGTH, TITLE_LENGTH
from app.models.reported import DOCUMENT_LENGTH, KINDS, REASON_LENGTH
from app.models.rules import CATEGORIES
from app.models.target import (
    CLAUSE_LENGTH,
    CODE_LENGTH,
    COMPARATORS,
    MEASURES,
    MODAL_LENGTH,
    NAME_LENGTH,
    PERIODS,
    SCOPE_LENGTH,
    UNIT_LENGTH,
)
from app.refusal import N_

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST, DECIMALS = 10**13, 6  # a thousand times the city's budget in yuan
_CHOOSE = SelectChoice("", _("请选择"))
_NONE = SelectChoice("", _("不限"))
_PARAMETERS = ("category", "provider", "system", "register", "state", "numerator", "denominator")


def sensible(form: Form, field: Any) -> None:
    """A number that a column holds digit for digit."""
    value = field.data
    if value is not None and not (0 <= value < MOST and value == round(value, DECIMALS)):
        raise ValidationError(gettext("请填 0 或更大的数，小数点后最多 %(n)s 位。", n=DECIMALS))


def _amounts() -> list[SelectChoice]:
    return labelled({key: kind.label for key, kind in KINDS.items() if kind.of_provider})


class TargetForm(Form):
    document_id = SelectField(_("文件"), [required(N_("请选指标出自哪份文件。"))])
    code = StringField(
        _("编号"),
        [
            required(N_("请填编号，例如 T12。")),
            at_most(CODE_LENGTH),
            Regexp(r"(?!new\Z)[A-Za-z0-9][A-Za-z0-9-]*\Z", message=_("编号只用英文字母、数字和短横。")),
        ],
        description=_("例如 T12；以后不能改"),
    )
    name = StringField(_("名称"), [required(N_("请填名称。")), at_most(NAME_LENGTH)])
    clause = StringField(
        _("条款"),
        [required(N_("请填条款，例如 二（十四）。")), at_most(CLAUSE_LENGTH)],
        description=_("例如 二（十四）"),
    )
    words = TextAreaField(_("原文"), [required(N_("请照抄原文。")), at_most(1000)])
    modal = StringField(_("原文的动词"), [at_most(MODAL_LENGTH)], description=_("力争、重点、鼓励……；没有就留空"))
    comparator = SelectField(_("比较"), [required(N_("请选怎样比较。"))], choices=[_CHOOSE, *labelled(COMPARATORS)])
    value = AmountField(_("目标值"), places=None, validators=[Optional(), sensible])
    value_max = AmountField(
        _("目标值上端"),
        [Optional(), sensible],
        places=None,
        description=_("原文写“2-3个”时填 3；多于它也算达到"),
    )
    unit = StringField(_("单位"), [required(N_("请填单位，例如 人次。")), at_most(UNIT_LENGTH)])
    period = SelectField(_("期限"), [required(N_("请选期限。"))], choices=[_CHOOSE, *labelled(PERIODS)])
    from_year = WholeField(
        _("从哪年起判定"),
        [Optional(), between(FIRST_YEAR, LAST_YEAR)],
        description=_("以前的年份只列数字；不填就都判定"),
    )
    due_on = DayField(_("到期日"), [Optional()])
    valid_from = DayField(
        _("启用日期"), [required(N_("请填启用日期。"))], description=_("这一天所在的年份起列在指标页上")
    )
    scope = StringField(_("范围"), [at_most(SCOPE_LENGTH)], description=_("用文字写：全市、每所学校……"))
    measure = SelectField(_("怎样算"), [required(N_("请选怎样算。"))], choices=[_CHOOSE, *labelled(MEASURES)])
    category = SelectField(_("只算哪一类"), choices=[_NONE, *labelled(CATEGORIES)], default="")
    provider = SelectField(_("只算哪家机构"), default="")
    system = SelectField(_("只算哪种证书"), choices=[_NONE, *labelled(SYSTEMS)], default="")
    register = SelectField(_("哪张名单"), default="")
    state = SelectField(_("从哪个状态起算"), default="")
    numerator = SelectField(_("分子（上报数）"), choices=[_CHOOSE, *_amounts()], default="")
    denominator = SelectField(_("分母（上报数）"), choices=[_CHOOSE, *_amounts()], default="")
    reading = TextAreaField(_("采用的读法"), [at_most(2000)])
    ambiguity = TextAreaField(_("还有歧义的地方"), [at_most(2000)])

    BLAME = {
        "target-known": "code",
        "target-value": "value",
        "target-due": "due_on",
        "target-register": "register",
        "target-share": "numerator",
    }
    _TEXTS = ("code", "name", "clause", "words", "modal", "unit", "scope", "reading", "ambiguity")
    _AS_TYPED = ("comparator", "value", "value_max", "period", "from_year", "due_on", "valid_from", "measure")

    def facts(self) -> dict[str, Any]:
        """The columns of a target; ``parameters`` hold what was chosen of them."""
        told = {name: self[name].data for name in _PARAMETERS}
        return {
            **{name: (self[name].data or "").strip() for name in self._TEXTS if name in self},
            **{name: self[name].data for name in self._AS_TYPED},
            "document_id": int(self.document_id.data),
            "parameters": {name: value for name, value in told.items() if value},
        }


class TargetEndForm(Form):
    valid_to = DayField(
        _("停用日期"), [required(N_("请填停用日期。"))], description=_("这一年以后不再列出；已有的数字都保留")
    )

    BLAME = {"end-before-begin": "valid_to"}


class PolicyForm(Form):
    number = StringField(_("文号"), [required(N_("请填文号。")), at_most(NUMBER_LENGTH)])
    title = StringField(_("标题"), [required(N_("请填标题。")), at_most(TITLE_LENGTH)])
    issuer = StringField(_("发文机关"), [at_most(ISSUER_LENGTH)])
    issued_on = DayField(_("发文日期"), [Optional()])

    BLAME = {"document-known": "number"}

    def facts(self) -> dict[str, Any]:
        texts = {name: (self[name].data or "").strip() for name in ("number", "title", "issuer")}
        return {**texts, "issued_on": self.issued_on.data}


_VALUE = [
    required(N_("请填数，例如 2000 或 1234567.89。"), keep_blank=True),
    sensible,
]


class ReportedForm(Form):
    kind = SelectField(
        _("是什么数"),
        [required(N_("请选是什么数。"))],
        choices=[_CHOOSE, *labelled({key: kind.label for key, kind in KINDS.items()})],
    )
    year = WholeField(_("年份"), [required(N_("请填年份。")), between(FIRST_YEAR, LAST_YEAR)])
    provider_id = SelectField(_("机构"), description=_("全市的数留空"), default="")
    target_id = SelectField(_("指标"), description=_("只有指标的数才选"), default="")
    value = AmountField(
        _("数"), places=None, validators=_VALUE, description=_("照文件写，小数不要取整；比例填百分数，例如 30.5")
    )
    document = StringField(
        _("依据"),
        [at_most(DOCUMENT_LENGTH)],
        description=_("文件名称和文号。没有依据的数只列出，不判定，也不进平均"),
    )

    BLAME = {
        "figure-provider": "provider_id",
        "figure-target": "target_id",
        "figure-known": "kind",
        "figure-negative": "value",
        "figure-whole": "value",
    }


class FigureCorrectionForm(Form):
    value = AmountField(_("更正为"), places=None, validators=_VALUE, description=_("照文件写，小数不要取整"))
    document = StringField(_("依据"), [at_most(DOCUMENT_LENGTH)])
    reason = StringField(_("更正的原因"), [required(N_("请写更正的原因。")), at_most(REASON_LENGTH)])

    BLAME = {
        "figure-same": "value",
        "figure-corrected": "value",
        "figure-negative": "value",
        "figure-whole": "value",
    }
