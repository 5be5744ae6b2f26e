"""What a ledger's row is sent back for: by row, column and a sentence that says how to mend it."""

from datetime import date, timedelta

import pytest

from app import ledger
from app.clock import today
from app.database import db
from app.models import Enrolment
from tests.ledgers import CAME, DONE, PLACE, a_group, a_row, load, number, receive, refusal, workbook

pytestmark = pytest.mark.engine("sqlite")
TOMORROW = (today() + timedelta(1)).isoformat()
RUNNING = {"结班日期": (today() + timedelta(60)).isoformat()}
CERTIFICATE = {
    "证书体系": "1+X",
    "证书名称": "老年照护",
    "证书等级": "初级",
    "证书编号": "D1",
    "发证日期": "2025-06-10",
}
WRONG = number(1)[:17] + ("0" if number(1)[17] != "0" else "1")
YOUNG = number(1, date(2025, 3, 1))

REFUSED = {
    **{f"{column} is empty": ({column: ""}, column, "不能为空") for column in (*PLACE, "状态")},
    "no name": ({"姓名": "", "证件类型": "", "证件号码": "", "手机": ""}, "姓名", "不能为空"),
    "a name too long": ({"姓名": "演" * 31}, "姓名", "最多 30 个字"),
    "wrong check digit": ({"证件号码": WRONG}, "证件号码", "最后一位"),
    "exponent": ({"证件号码": "4.4E+17"}, "证件号码", "改坏了"),
    "fifteen digits kept": ({"证件号码": number(1)[:15] + "000"}, "证件号码", "改坏了"),
    "a number that became a float": ({"证件号码": 220299198005040010.0}, "证件号码", "改坏了"),
    "an impossible day": ({"开班日期": "2025-02-30"}, "开班日期", "不是一个可能的日期"),
    "words for a day": ({"出生日期": "不详吧"}, "出生日期", "不是一个可能的日期"),
    "days in the wrong order": ({"结班日期": "2025-02-01"}, "结班日期", "早于开班日期"),
    "attendance before the start": ({**CAME, "首次到课": "2025-02-28"}, "首次到课", "不在开班日期和结班日期之间"),
    "attendance after the end": ({**CAME, "首次到课": "2025-06-01"}, "首次到课", "不在开班日期和结班日期之间"),
    "completion after the end": ({**DONE, "结业日期": "2025-06-01"}, "结业日期", "不在开班日期和结班日期之间"),
    "attendance in the future": ({**CAME, **RUNNING, "首次到课": TOMORROW}, "首次到课", "还没有到"),
    "completion in the future": ({**DONE, **RUNNING, "结业日期": TOMORROW}, "结业日期", "还没有到"),
    "a certificate of tomorrow": ({**DONE, **CERTIFICATE, "发证日期": TOMORROW}, "发证日期", "还没有到"),
    "a certificate before the start": ({**DONE, **CERTIFICATE, "发证日期": "2025-02-28"}, "发证日期", "早于开班日期"),
    "born tomorrow": ({"证件类型": "", "证件号码": "", "出生日期": TOMORROW}, "出生日期", "还没有到"),
    "born on the first day": ({"证件类型": "", "证件号码": "", "出生日期": "2025-03-01"}, "出生日期", "不早于开班日期"),
    "a number born on the first day": ({"证件号码": YOUNG}, "出生日期", "不早于开班日期"),
    "birth contradicts the number": ({"出生日期": "1980-05-05"}, "出生日期", "不一致"),
    "hours over the plan": ({**CAME, "到课课时": "16.5"}, "到课课时", "超过计划课时（16）"),
    "hours without attendance": ({"到课课时": "4"}, "首次到课", "没有首次到课日期"),
    "hours in words": ({**CAME, "到课课时": "八"}, "到课课时", "应为不小于 0 的数"),
    "attended, no day": ({**CAME, "首次到课": ""}, "首次到课", "不能为空"),
    "attended, no hours": ({**CAME, "到课课时": ""}, "到课课时", "不能为空"),
    "completed, no day": ({**DONE, "结业日期": ""}, "结业日期", "不能为空"),
    "a day of completion in another state": ({**CAME, "结业日期": "2025-05-31"}, "结业日期", "状态却不是"),
    "completed before attending": ({**DONE, "结业日期": "2025-03-07"}, "结业日期", "早于首次到课"),
    "a type without a number": ({"证件号码": ""}, "证件号码", "没写证件号码"),
    "a number without a type": ({"证件类型": ""}, "证件类型", "没写证件类型"),
    "an unknown type": ({"证件类型": "军官证"}, "证件类型", "不在名单里"),
    "a certificate without a number": ({**DONE, **CERTIFICATE, "证书编号": ""}, "证书编号", "证书缺证书编号"),
    "a certificate without a day": ({**DONE, **CERTIFICATE, "发证日期": ""}, "发证日期", "证书缺发证日期"),
    "an unknown certificate": ({**DONE, **CERTIFICATE, "证书体系": "校内"}, "证书体系", "1+X"),
    "a number longer in upper case": ({**DONE, **CERTIFICATE, "证书编号": "ß" * 21}, "证书编号", "最多 40 个字"),
    "a title longer in half width": ({"课程": "㍿" * 31}, "课程", "最多 120 个字"),
    "an offering's number longer in half width": ({"班次编号": "㍿" * 11}, "班次编号", "最多 40 个字"),
    "an institution longer in half width": ({"机构": "㍿" * 26}, "机构", "最多 100 个字"),
    "an unknown category": ({"类别": "插花"}, "类别", "不在名单里"),
    "an unknown division": ({"区县": "朝阳区"}, "区县", "不在名单里"),
    "an unknown state": ({"状态": "毕业"}, "状态", "不在名单里"),
    "an unknown sex": ({"性别": "x"}, "性别", "男"),
    "a mobile with a digit missing": ({"手机": "1390000001"}, "手机", "11 位"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_a_row_is_sent_back(app, why):
    cells, column, words = REFUSED[why]
    row, found, sentence = refusal([a_row(2), a_row(1, **cells)])
    assert (row, found) == (3, column)
    assert words in sentence


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"团体人数": ""}, "团体人数", "不能为空"),
        ({"团体人数": "0"}, "团体人数", "大于 0"),
        ({"团体人数": "三十"}, "团体人数", "大于 0"),
        ({"团体名称": ""}, "团体名称", "不能为空"),
        ({"首次到课": ""}, "首次到课", "不能为空"),
        ({"姓名": "演示学员"}, "姓名", "一个人或一个团体"),
        ({"团体名称": "㍿" * 26}, "团体名称", "最多 100 个字"),
    ],
)
def test_a_group_s_row_is_sent_back(app, cells, column, words):
    _, found, sentence = refusal([a_group(**cells)])
    assert found == column and words in sentence


@pytest.mark.parametrize(
    ("column", "value"),
    [("课程", "别的课（演示）"), ("类别", "社区教育"), ("开班日期", "2025-03-02"), ("结班日期", "2025-06-01"),
     ("课时", "20"), ("区县", "永吉县")],
)  # fmt: skip
def test_an_offering_that_contradicts_an_earlier_row_or_the_registry_is_sent_back_with_both_values(app, column, value):
    row, found, sentence = refusal([a_row(1), a_row(2, **{column: value})])
    assert (row, found) == (3, column) and "前面的行" in sentence and value in sentence
    load([a_row(1)])
    row, found, sentence = refusal([a_row(2, **{column: value})])
    assert (row, found) == (2, column) and "系统里" in sentence and PLACE[column] in sentence


def test_spelling_is_no_contradiction(app):
    _, findings = receive([a_row(1), a_row(2, 课程=" 面点 制作(演示)", 机构="江城 演示学校", 课时="１６")])
    assert findings.refused == 0 and findings.new_offerings == 1


def test_a_certificate_number_of_somebody_else_is_sent_back(app):
    row, column, sentence = refusal([a_row(1, **DONE, **CERTIFICATE), a_row(2, **DONE, **CERTIFICATE)])
    assert (row, column) == (3, "证书编号") and "另一个人" in sentence
    load([a_row(1, **DONE, **CERTIFICATE)])
    row, column, sentence = refusal([a_row(2, **DONE, **CERTIFICATE | {"证书编号": "ｄ1"})])
    assert (row, column) == (2, "证书编号") and "系统里" in sentence


def test_what_is_not_refused(app):
    """The county code, the sex beside the number, an end in the future, rare names, unknown cells."""
    for cells in (
        {"性别": "女"},
        {"性别": "男"},
        {"姓名": "阿依古丽·演示"},
        {"姓名": "𠮷演示"},
        {"手机": "", "性别": "", "出生日期": ""},
        {"证件类型": "", "证件号码": "", "手机": "无"},
        {**RUNNING, "班次编号": "2025-002"},
        {"班次编号": "㍿" * 10},
        {**DONE, **CERTIFICATE, "证书编号": "ß" * 20},
        {**CAME, "到课课时": "0.5"},
        {"状态": "已取消", "首次到课": "2025-03-08", "到课课时": "2"},
    ):
        assert receive([a_row(1, **cells)])[1].refused == 0, cells


def test_nothing_is_saved_until_the_good_rows_are_accepted(app):
    batch_id, findings = receive([a_row(1), a_row(2, 区县="朝阳区")])
    assert (findings.good, findings.refused) == (1, 1)
    assert db.session.scalar(db.select(db.func.count()).select_from(Enrolment)) == 0
    done = ledger.load(batch_id)
    assert (done.rows_done, done.rows_refused) == (1, 1)
    assert [row for row, *_ in ledger.refused_rows(batch_id)] == [3]


def test_a_row_keeps_the_number_that_the_spreadsheet_shows(app):
    file = workbook([a_row(1), a_row(2, 区县="朝阳区")], above=("培训年度台账", "", "制表：演示"))
    batch_id, _, _ = ledger.receive(file, "x.xlsx")
    assert [row for row, *_ in ledger.refused_rows(batch_id)] == [6]
