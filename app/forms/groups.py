"""What may be typed about a nameless group: its booking, its count, its confirmation."""

from __future__ import annotations

import re
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import FileField, StringField
from wtforms.validators import Length

from app.forms import Form, required
from app.forms.provider import DayField, WholeField, at_most, between
from app.models.group_booking import MOST_HEADS
from app.models.identity_number import normalise_name
from app.refusal import N_

_COUNT = re.compile(r"g(\d{1,9})", re.ASCII)


class BookingForm(Form):
    group_name = StringField(
        _("集体名称"),
        [required(N_("请填写集体名称。")), at_most(100, normalise_name)],
        description=_("单位和班级，例如：第一小学四年级二班"),
    )
    size = WholeField(_("预约人数"), [required(N_("请填写预约人数。")), between(1, MOST_HEADS)])
    contact = StringField(_("单位联系人"), [required(N_("请填写单位联系人。")), at_most(30)])
    telephone = StringField(_("联系电话"), [at_most(30)], description=_("请写单位的固定电话；手机号码登记后只显示头尾"))
    evidence = StringField(
        _("预约依据"),
        [required(N_("请写预约依据：来函文号，或对方怎么确认的。")), at_most(160)],
        description=_("来函文号，或对方怎么确认的，例如：3月2日联系人来电确认"),
    )

    BLAME = {"group-known": "group_name", "group-category": "group_name"}

    def facts(self) -> dict[str, Any]:
        """What ``GroupBooking.book`` takes."""
        return {
            "group_name": self.group_name.data,
            "size": self.size.data,
            "contact": self.contact.data,
            "telephone": (self.telephone.data or "").strip(),
            "evidence": self.evidence.data,
        }


class ConfirmationForm(Form):
    confirmed_on = DayField(
        _("确认日期"), [required(N_("请填写确认日期。"))], description=_("上课那天或以后，例如：2026-04-08")
    )
    confirmed_by = StringField(_("对方谁确认的"), [required(N_("请写对方谁确认的。")), at_most(30)])
    sheet = FileField(_("签字表"), description=_("PDF、JPG 或 PNG，最大 5 MB；没有就留空，以单位确认为准"))
    note = StringField(_("备注"), [at_most(200)])

    BLAME = {"confirmed-in-future": "confirmed_on", "sheet-kind": "sheet", "sheet-too-large": "sheet"}

    def attached(self) -> tuple[str, bytes] | None:
        """File name and bytes of the sheet; None when none was chosen."""
        upload: Any = self.sheet.data
        if not upload or not getattr(upload, "filename", ""):
            return None
        return upload.filename, upload.stream.read()


class ReasonForm(Form):
    """Why a booking is cancelled or a confirmation revoked."""

    why = StringField(_("原因"), [required(N_("请写明原因。")), at_most(200)])


class HeadsForm(Form):
    """A number for each group comes as ``g`` and the booking's id; an empty one says nothing."""

    reason = StringField(_("改动的原因"), [Length(max=200, message=_("原因最多 200 个字。"))])

    def typed(self) -> dict[int, str]:
        """Booking id → what was typed."""
        return {int(found[1]): text for key, text in request.form.items() if (found := _COUNT.fullmatch(key))}

    def counted(self) -> dict[int, int]:
        """Booking id → number of heads; what is no whole number is blamed."""
        numbers = {}
        for booking_id, text in self.typed().items():
            plain = text.strip()
            if plain and plain.isdecimal() and len(plain) <= 6:
                numbers[booking_id] = int(plain)
            elif plain:
                self.form_errors.append(gettext("人数请填整数，例如 45。"))
        return numbers
