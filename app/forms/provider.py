"""What a clerk may type at the desk."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import (
    DateField,
    DateTimeLocalField,
    DecimalField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.clock import civil, instant, today
from app.forms import Form, required
from app.forms.fields import BirthDateField, MobileField, NameField, labelled
from app.models.certificate import SYSTEMS
from app.models.identity_number import DOCUMENT_TYPES, birth_date_of, check_document, normalise_name, normalise_number
from app.models.offering import MODES, Offering
from app.models.person import SEXES
from app.models.place import DIVISIONS
from app.models.programme import Programme
from app.models.rules import CATEGORIES
from app.models.timetable import WEEKDAYS
from app.refusal import N_, Refusal

MOST_LESSONS = 200
FIRST_YEAR, LAST_YEAR = 1990, 2100
_CHOOSE = SelectChoice("", _("请选择"))


class _AtMost(Length):
    """Measured as typed, and as the key that the model keeps of it: folding makes four signs of one ㍿."""

    def __init__(self, signs: int, fold: Callable[[str], str]) -> None:
        super().__init__(max=signs, message=_("最多写 %(max)d 个字，请写短些。"))
        self.fold = fold

    def __call__(self, form: Any, field: Any) -> None:
        super().__call__(form, field)
        if len(self.fold(field.data or "")) > self.max:
            raise ValidationError(self.message % {"max": self.max})


def at_most(signs: int, fold: Callable[[str], str] = str) -> Length:
    """No longer than the column; ``fold`` is how the model makes the key that it keeps beside it."""
    return _AtMost(signs, fold)


def between(low: int, high: int) -> NumberRange:
    return NumberRange(low, high, message=_("请填 %(min)s 到 %(max)s 之间的数。"))


class _Plain:
    """Its complaint about what was typed is a sentence that says how to write it."""

    complaint = ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            super().process_formdata(valuelist)  # type: ignore[misc]
        except ValueError:
            raise ValueError(gettext(self.complaint)) from None


class _InOurTimes(_Plain):
    """Of a year that the registry can count; what was typed stays, for the sentence to stand beside it."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        said: date | None = self.data
        if said is not None and not FIRST_YEAR <= said.year <= LAST_YEAR:
            raise ValueError(gettext("年份要在 %(first)s 到 %(last)s 之间，请核对。", first=FIRST_YEAR, last=LAST_YEAR))


class DayField(_InOurTimes, DateField):
    complaint = N_("日期没有看懂，请写成 2026-12-08 的样子。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"], **kwargs)


class ClockField(_Plain, TimeField):
    complaint = N_("时间没有看懂，请写成 09:00 的样子。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%H:%M", "%H:%M:%S"], **kwargs)


class MomentField(_InOurTimes, DateTimeLocalField):
    """A date and time on the clock in Jilin City."""

    complaint = N_("日期和时间没有看懂，请写成 2026-12-08 09:00 的样子。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs)

    def process_data(self, value: datetime | None) -> None:
        super().process_data(civil(value).replace(tzinfo=None) if value else None)

    @property
    def stamp(self) -> datetime | None:
        return instant(self.data.date(), self.data.time()) if self.data else None


class WholeField(_Plain, IntegerField):
    complaint = N_("请填整数，例如 30。")


class AmountField(_Plain, DecimalField):
    complaint = N_("请填数字，例如 32 或 7.5。")
    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None and not self.data.is_finite():
            self.data = None
            raise ValueError(gettext(self.complaint))


class CheckboxesField(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class CourseForm(Form):
    title = StringField(_("课程名称"), [required(N_("请填写课程名称。")), at_most(120, normalise_name)])
    audience = StringField(_("对象"), [at_most(120)], description=_("例如：零基础、村医"))
    summary = TextAreaField(_("学什么"), [at_most(2000)])

    def facts(self) -> dict[str, Any]:
        return {"title": self.title.data, "audience": self.audience.data or "", "summary": self.summary.data or ""}


class OfferingForm(Form):
    course_id = SelectField(_("课程"), [required(N_("请选一门课程。"))])
    number = StringField(
        _("班次编号"),
        [required(N_("请填写班次编号，本机构内不重复。")), at_most(40, normalise_name)],
        description=_("例如：2026-春-01"),
    )
    category = SelectField(
        _("类别"), [required(N_("请选一个类别，年度统计按它归类。"))], choices=[_CHOOSE, *labelled(CATEGORIES)]
    )
    starts_on = DayField(_("开班日期"), [required(N_("请填写开班日期。"))])
    ends_on = DayField(_("结班日期"), [required(N_("请填写结班日期。"))])
    planned_hours = AmountField(
        _("计划学时"),
        [
            required(N_("请填写计划学时。"), keep_blank=True),
            NumberRange(Decimal("0.01"), 10000, message=_("计划学时要大于 0，最多 %(max)s。")),
        ],
        description=_("1 学时是 45 分钟；不到 2 学时的算活动，不计入培训"),
    )
    division_code = SelectField(
        _("区县"), [required(N_("请选上课地点所在的区县。"))], choices=[_CHOOSE, *labelled(DIVISIONS)]
    )
    mode = RadioField(_("方式"), [required(N_("请选线上或线下。"))], choices=labelled(MODES), default="on_site")
    address = StringField(_("地址"), [at_most(200)])
    room = StringField(_("教室"), [at_most(60)])
    capacity = WholeField(_("名额"), [Optional(), between(0, 100000)], description=_("不限名额请留空"))
    min_age = WholeField(_("最小年龄"), [Optional(), between(0, 150)], description=_("开班那天的周岁"))
    max_age = WholeField(_("最大年龄"), [Optional(), between(0, 150)], description=_("开班那天的周岁"))
    signup_opens_at = MomentField(_("报名开始"), [Optional()], description=_("留空：发布后就能报"))
    signup_closes_at = MomentField(_("报名截止"), [Optional()], description=_("留空：到第一次课开始"))
    fee = AmountField(_("费用（元）"), [Optional(), between(0, 1000000)], description=_("到机构缴，本站不收钱"))
    telephone = StringField(_("咨询电话"), [at_most(30)])
    bring = TextAreaField(_("要带什么"), [at_most(2000)])
    programmes = CheckboxesField(_("所属项目"), coerce=int, description=_("跨类别的项目，各有自己的年度统计"))

    BLAME = {
        "number-taken": "number",
        "number-fixed": "number",
        "course-fixed": "course_id",
        "category-fixed": "category",
        "dates-in-order": "ends_on",
        "dates-contradict": "starts_on",
        "hours-below-attended": "planned_hours",
        "ages-in-order": "max_age",
        "window-in-order": "signup_closes_at",
        "capacity-below-taken": "capacity",
        "capacity-negative": "capacity",
        "programme-ended": "programmes",
    }
    _AS_TYPED = "number category starts_on ends_on planned_hours division_code mode min_age max_age".split()
    _TEXTS = ("address", "room", "telephone", "bring")

    @classmethod
    def about(
        cls,
        offering: Offering | None,
        courses: list[SelectChoice],
        programmes: list[Programme],
        chosen: Collection[int],
    ) -> OfferingForm:
        """The form of a new offering, or of this one; its days are its lessons' as soon as it has lessons.

        Of ``programmes`` it carries those in ``chosen``.
        """
        form = cls(obj=offering)
        form.programmes.choices = [SelectChoice(programme.id, programme.name) for programme in programmes]
        if not form.is_submitted():
            form.programmes.data = list(chosen)
        if not programmes:
            del form.programmes
        form.course_id.choices = [_CHOOSE, *courses]
        if offering is not None and not form.is_submitted():
            form.course_id.data = str(offering.course_id)
            form.fee.data = Decimal(offering.fee_cents) / 100
        if offering is not None and offering.lessons:
            del form.starts_on, form.ends_on
        return form

    def facts(self) -> dict[str, Any]:
        """Columns of the offering by their names; places apart."""
        facts = {name: self[name].data for name in self._AS_TYPED if name in self}
        facts |= {name: (self[name].data or "").strip() for name in self._TEXTS}
        return facts | {
            "number": (self.number.data or "").strip(),
            "course_id": int(self.course_id.data),
            "fee_cents": int((self.fee.data or Decimal(0)) * 100),
            "signup_opens_at": self.signup_opens_at.stamp,
            "signup_closes_at": self.signup_closes_at.stamp,
        }


class CancellationForm(Form):
    reason = StringField(
        _("取消的原因"),
        [required(N_("请写明取消的原因，学员会看到。")), at_most(200)],
        description=_("学员会看到这句话，例如：教师生病，四月另开一班"),
    )


class WeeklyForm(Form):
    first_on = DayField(_("从哪天开始"), [required(N_("请填写第一次课的日期。"))])
    weekdays = CheckboxesField(
        _("每周哪几天"),
        [required(N_("请至少选一个星期几。"))],
        choices=labelled(dict(enumerate(WEEKDAYS))),
        coerce=int,
    )
    begins = ClockField(_("上课时间"), [required(N_("请填写上课时间。"), keep_blank=True)])
    ends = ClockField(_("下课时间"), [required(N_("请填写下课时间。"), keep_blank=True)])
    count = WholeField(_("一共几次"), [required(N_("请填写一共上几次课。"), keep_blank=True), between(1, MOST_LESSONS)])

    BLAME = {"times-in-order": "ends", "lesson-short": "ends", "lesson-twice": "first_on"}


class LessonForm(Form):
    held_on = DayField(_("日期"), [required(N_("请填写上课的日期。"))])
    begins = ClockField(_("上课时间"), [required(N_("请填写上课时间。"), keep_blank=True)])
    ends = ClockField(_("下课时间"), [required(N_("请填写下课时间。"), keep_blank=True)])
    room = StringField(_("教室"), [at_most(60)], description=_("留空：用这个班的教室"))

    BLAME = {
        "times-in-order": "ends",
        "lesson-short": "ends",
        "lesson-twice": "held_on",
        "roll-taken": "held_on",
        "dates-contradict": "held_on",
    }


class TrainerForm(Form):
    name = NameField(_("姓名"), [required(N_("请填写教师的姓名。"))])
    mobile = MobileField(_("手机号"), [required(N_("请填写教师的手机号，登录用它。"))], render_kw={"type": "tel"})

    BLAME = {"name-differs": "name"}


class AppointmentForm(Form):
    account_id = SelectField(_("教师"), [required(N_("请选一位教师。"))])

    BLAME = {"trainer-is-learner": "account_id", "trainer-elsewhere": "account_id"}


class LearnerForm(Form):
    name = NameField(_("姓名"), [required(N_("请填写学员的姓名。"))])
    mobile = MobileField(_("手机号"), [Optional()], render_kw={"type": "tel"})
    birth_on = BirthDateField(_("出生日期"), description=_("例如：1958-3-4；不知道可留空"))
    sex = RadioField(_("性别"), [Optional()], choices=labelled(SEXES))
    division = SelectField(_("住在哪个区县"), default="", choices=[SelectChoice("", _("不登记")), *labelled(DIVISIONS)])
    document_type = SelectField(
        _("证件类型"), default="", choices=[SelectChoice("", _("不登记")), *labelled(DOCUMENT_TYPES)]
    )
    document_number = StringField(_("证件号码"), render_kw={"autocomplete": "off"})

    BLAME = {"already-enrolled": "name", "age-unsuitable": "birth_on", "trainer-no-learner": "name"}
    checked_number = ""

    def validate_document_number(self, field: Any) -> None:
        if bool(field.data) != bool(self.document_type.data):
            raise ValidationError(gettext("证件类型和号码要一起填，或都不填。"))
        if field.data:
            try:
                self.checked_number = check_document(self.document_type.data, field.data, today())
            except Refusal as no:
                raise ValidationError(gettext(no.sentence)) from None
            self._compare_birth_dates(birth_date_of(self.document_type.data, self.checked_number))

    def _compare_birth_dates(self, carried: date | None) -> None:
        if carried and self.birth_on.day and carried != self.birth_on.day:
            raise ValidationError(gettext("号码里的出生日期和填的出生日期不一样，请对照证件核对。"))
        self.birth_on.day = self.birth_on.day or carried

    def facts(self) -> dict[str, Any]:
        """What ``Person.keep`` takes."""
        return {
            "name": self.name.data,
            "mobile": self.mobile.number or None,
            "birth_on": self.birth_on.day,
            "sex": self.sex.data or None,
            "division_code": self.division.data or None,
            "document": (self.document_type.data, self.checked_number) if self.checked_number else None,
        }


class PartnerForm(Form):
    provider_id = SelectField(_("机构"), [required(N_("请选一家机构。"))])

    BLAME = {"partner-is-holder": "provider_id"}


class TransferForm(Form):
    to = SelectField(_("转到"), [required(N_("请选一个班。"))], coerce=str)


class CompletionForm(Form):
    completed_on = DayField(_("结业日期"), [required(N_("请填写结业日期。"))])

    BLAME = dict.fromkeys(("completion-date", "not-attended", "already-withdrawn"), "completed_on")


class CompletionsForm(CompletionForm):
    enrolments = CheckboxesField(_("学员"), [required(N_("请勾选要登记结业的学员。"))], coerce=int)


class CertificateForm(Form):
    system = RadioField(_("体系"), [required(N_("请选 1+X 或人社。"))], choices=labelled(SYSTEMS))
    name = StringField(_("证书名称"), [required(N_("请填写证书名称。")), at_most(100)])
    level = StringField(_("等级"), [at_most(20)], description=_("例如：初级、五级"))
    number = StringField(_("证书编号"), [required(N_("请填证书编号，照证书上的写。")), at_most(40, normalise_number)])
    issued_on = DayField(_("发证日期"), [required(N_("请填写发证日期，年度按它算。"))])

    BLAME = {"certificate-number": "number", "certificate-taken": "number", "certificate-date": "issued_on"}

    def facts(self) -> dict[str, Any]:
        return {name: self[name].data or "" for name in ("system", "name", "level", "number", "issued_on")}


class OutcomeForm(Form):
    outcome = StringField(_("怎么处理的"), [required(N_("请写明怎么处理的，例如“旁听一次，不报名”。")), at_most(200)])

    BLAME = {"outcome-needed": "outcome", "already-settled": "outcome"}
