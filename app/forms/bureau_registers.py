"""What the bureau may type into its lists: an entry, a state with its document, a list of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from app.forms import Form, required
from app.forms.fields import MobileField, labelled
from app.forms.provider import DayField, WholeField, at_most, between
from app.models.identity_number import normalise_name
from app.models.place import DIVISIONS
from app.models.register import (
    DOCUMENT_LENGTH,
    LEVELS,
    NAME_LENGTH,
    NOTE_LENGTH,
    SORTS,
    VOID,
    Kind,
    RegisterEntry,
)
from app.refusal import N_

_NONE = SelectChoice("", _("不选"))
_DAY_HINT = _("例如：2025-06-18")


class EntryForm(Form):
    """An entry of a list. Institution and course are chosen from what exists; a person's mobile finds their record."""

    name = StringField(_("名称"), [required(N_("请填写名称。")), at_most(NAME_LENGTH, normalise_name)])
    level = SelectField(_("级别"), choices=[_NONE, *labelled(LEVELS)], default="")
    year = WholeField(_("年份"), [Optional(), between(1900, 2100)], description=_("文件上的批次或评选年份，例如：2025"))
    division_code = SelectField(_("区县"), choices=[_NONE, *labelled(DIVISIONS)], default="")
    provider_id = SelectField(_("登记的机构"), default="", description=_("相连以后，居民在它的班次页上看得到"))
    course_id = SelectField(_("登记的课程"), default="")
    mobile = MobileField(_("本人手机"), description=_("用姓名和手机找到本人的学员记录；找到了只显示“已相连”"))
    note = TextAreaField(_("说明"), [at_most(NOTE_LENGTH)])

    BLAME = {
        "entry-known": "name", "level-unknown": "level", "course-elsewhere": "course_id", "person-unknown": "mobile",
    }  # fmt: skip

    @classmethod
    def about(
        cls, kind: Kind, entry: RegisterEntry | None, providers: Iterable[Any], courses: Iterable[Any]
    ) -> EntryForm:
        """Filled with what an entry says. ``courses`` are rows of id, title and the institution's name."""
        said = ("name", "level", "year", "division_code", "note")
        form = cls(data={name: getattr(entry, name) for name in said} if entry else {})
        form.provider_id.choices = [_NONE, *(SelectChoice(str(row.id), row.name) for row in providers)]
        form.course_id.choices = [_NONE, *(SelectChoice(str(r.id), f"{r.title}（{r.provider}）") for r in courses)]
        if not form.is_submitted() and entry is not None:
            form.provider_id.data, form.course_id.data = str(entry.provider_id or ""), str(entry.course_id or "")
        if kind.of_people:
            del form.course_id
        else:
            del form.mobile
        return form

    def facts(self) -> dict[str, Any]:
        """The entry's columns by name."""
        course = self.course_id.data if "course_id" in self else ""
        return {
            "name": self.name.data,
            "level": self.level.data or "",
            "year": self.year.data,
            "division_code": self.division_code.data or "",
            "provider_id": int(self.provider_id.data) if self.provider_id.data else None,
            "course_id": int(course) if course else None,
            "note": (self.note.data or "").strip(),
        }


class StateForm(Form):
    """Where an entry stands from a day on, and the document that says so."""

    state = SelectField(_("状态"), [required(N_("请选择状态。"))])
    since_on = DayField(_("日期"), [required(N_("请填写日期。"))], description=_DAY_HINT)
    document = StringField(
        _("文号"), [at_most(DOCUMENT_LENGTH)], description=_("文号和文件名称至少写一样，例如：吉市教发〔2025〕12号")
    )
    document_name = StringField(_("文件名称"), [at_most(DOCUMENT_LENGTH)])
    note = StringField(_("备注"), [at_most(NOTE_LENGTH)], description=_("项目的节点名称、更正的原因写在这里"))

    BLAME = {
        "state-unknown": "state", "state-known": "state", "state-in-future": "since_on", "document-needed": "document",
        "reason-needed": "note", "state-replaced": "state",
    }  # fmt: skip

    @classmethod
    def of(cls, kind: Kind, *, replacing: bool) -> StateForm:
        form = cls()
        form.state.choices = [SelectChoice("", _("请选择")), *labelled(kind.states | (VOID if replacing else {}))]
        return form

    def facts(self) -> dict[str, Any]:
        """What ``set_state`` takes."""
        return {
            "state": self.state.data,
            "since_on": self.since_on.data,
            "document": self.document.data or "",
            "document_name": self.document_name.data or "",
            "note": self.note.data or "",
        }


class ConsentForm(Form):
    consent_on = DayField(_("日期"), [required(N_("请填写日期。"))], description=_DAY_HINT)
    consent_document = StringField(
        _("同意书名称或编号"),
        [at_most(DOCUMENT_LENGTH)],
        description=_("登记同意时要写，例如：公开姓名同意书，2025年6月签字"),
    )

    BLAME = {"state-in-future": "consent_on", "document-needed": "consent_document"}


class KindForm(Form):
    """A list of the bureau's own."""

    name = StringField(_("名单名称"), [required(N_("请填写名单名称。")), at_most(60, normalise_name)])
    sort = SelectField(
        _("状态按哪一类走"),
        [required(N_("请选择类型。"))],
        choices=[SelectChoice("", _("请选择")), *labelled({key: sort.label for key, sort in SORTS.items()})],
    )
    public = BooleanField(_("居民可以看到这张名单上已认定的条目"))

    BLAME = {"kind-taken": "name"}


class ProgrammeForm(Form):
    name = StringField(_("项目名称"), [required(N_("请填写项目名称。")), at_most(60, normalise_name)])
    note = StringField(_("说明"), [at_most(NOTE_LENGTH)])

    BLAME = {"programme-taken": "name"}
