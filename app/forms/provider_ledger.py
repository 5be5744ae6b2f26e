"""What a clerk may send about a ledger: a file, and a yes."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, FileField, IntegerField
from wtforms.validators import ValidationError

from app.forms import Form, required
from app.forms.provider import between
from app.refusal import N_

FILE_CODES = dict.fromkeys(
    ("file-kind", "file-unreadable", "file-too-large", "file-encoding", "header-missing", "column-twice"), "file"
)


class UploadForm(Form):
    file = FileField(
        _("台账文件"),
        description=_(".xlsx、.xls、.csv 或 .tsv，最大 64 MB。先检查，您确认以后才登记。"),
        validators=[required(N_("请先选一个台账文件。"))],
    )


class LoadForm(Form):
    """``accept``: load the good rows although others were refused."""

    accept = BooleanField(_("退回的行我另外处理，先登记没有问题的行"))
    sent_back = 0

    def validate_accept(self, field: Any) -> None:
        if self.sent_back and not field.data:
            raise ValidationError(
                gettext("有 %(n)s 行被退回。请勾选“先登记没有问题的行”，或改好文件重新上传。", n=self.sent_back)
            )


class YearForm(Form):
    year = IntegerField(_("年份"), validators=[required(N_("请填一个年份。")), between(2000, 2100)])
