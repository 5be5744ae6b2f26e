"""Fields that take what people really type: full-width digits, +86, 1958年3月4日, a name with blanks around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import SelectChoice, StringField
from wtforms.validators import ValidationError

from app.clock import today
from app.models.identity_number import NAME_LENGTH, normalise_mobile, normalise_name, normalise_text
from app.refusal import Refusal

_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))", re.ASCII)
_EARLIEST = date(1900, 1, 1)


def labelled(words: Mapping[Any, str]) -> list[SelectChoice]:
    """Choices whose labels, marked with N_, are translated when they are shown."""
    return [SelectChoice(key, lazy_gettext(label)) for key, label in words.items()]


class NameField(StringField):
    """One line of at most NAME_LENGTH signs, without invisible ones."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = valuelist[0] if valuelist else ""
        self.data = "".join(c for c in typed if c.isprintable()).strip()

    def pre_validate(self, form: Any) -> None:
        if max(len(self.data or ""), len(normalise_name(self.data or ""))) > NAME_LENGTH:
            raise ValidationError(gettext("姓名最多 %(n)s 个字。", n=NAME_LENGTH))


class MobileField(StringField):
    """Keeps what was typed in ``data`` and the eleven digits in ``number``."""

    number = ""

    def pre_validate(self, form: Any) -> None:
        if self.data:
            try:
                self.number = normalise_mobile(self.data)
            except Refusal as no:
                raise ValidationError(gettext(no.sentence)) from None


class BirthDateField(StringField):
    """Keeps what was typed in ``data`` and the civil date in ``day``; empty is None."""

    day: date | None = None

    def pre_validate(self, form: Any) -> None:
        text = normalise_text(self.data or "")
        if not text:
            return
        found = _DATE.fullmatch(text)
        if found is None:
            raise ValidationError(gettext("出生日期没有看懂，请写成 1958-3-4、1958年3月4日 或 19580304。"))
        year, *rest = (int(part) for part in found.groups() if part)
        try:
            self.day = date(year, *rest)
        except ValueError:
            raise ValidationError(gettext("日历上没有这一天，请核对年、月、日。")) from None
        if not _EARLIEST <= self.day <= today():
            self.day = None
            raise ValidationError(gettext("出生日期要在 1900 年以后，也不能晚于今天，请核对。"))
