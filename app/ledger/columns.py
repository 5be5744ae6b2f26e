"""The columns of the ledger, the names people give them, and where the header row stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.models.identity_number import normalise_name
from app.refusal import N_, Refusal

COLUMNS = (
    "机构", "课程", "类别", "班次编号", "开班日期", "结班日期", "课时", "区县",
    "姓名", "性别", "出生日期", "证件类型", "证件号码", "手机", "状态", "首次到课", "到课课时", "结业日期",
    "证书体系", "证书名称", "证书等级", "证书编号", "发证日期", "团体名称", "团体人数",
)  # fmt: skip
PLACE = {name: n for n, name in enumerate(COLUMNS)}
OFFERING_COLUMNS = COLUMNS[:8]
NEEDED = (*OFFERING_COLUMNS, "状态")
REASON = "退回原因"
_OTHER_NAMES = {
    "机构": "机构名称 培训机构 办学机构 承办机构 承训机构 培训单位 办学单位 机构单位",
    "课程": "课程名称 培训课程 培训项目 项目名称 课程名",
    "类别": "培训类别 课程类别 教育类别 班次类别 项目类别",
    "班次编号": "班级编号 班次号 班号 班次 班级号 班次代码 班级代码 开班编号 期次编号",
    "开班日期": "开班时间 开始日期 开课日期 起始日期 开班日",
    "结班日期": "结班时间 结束日期 结课日期 终止日期 结班日",
    "课时": "学时 课时数 学时数 计划课时 计划学时 总课时 总学时",
    "区县": "县区 县市区 县(市)区 县(市、区) 所属区县 所在区县 区划 行政区划 开班区县",
    "姓名": "学员姓名 学生姓名 学员 参训人员 人员姓名",
    "出生日期": "出生年月日 出生日 生日 出生时间",
    "证件类型": "证件种类 证件类别 证件名称",
    "证件号码": "证件号 证件编号 身份证号 身份证号码 身份证 公民身份号码 居民身份证号 居民身份证号码",
    "手机": "手机号 手机号码 联系电话 电话 联系方式 移动电话 电话号码 联系手机",
    "状态": "学员状态 学习状态 报名状态 学籍状态",
    "首次到课": "首次到课日期 首次到课时间 首次上课 首次上课日期 首次出勤日期",
    "到课课时": "到课学时 实到课时 实到学时 出勤课时 出勤学时 完成课时 完成学时",
    "结业日期": "结业时间 结业日 毕业日期",
    "证书体系": "证书类型 证书类别 证书种类",
    "证书名称": "证书名",
    "证书等级": "证书级别 等级",
    "证书编号": "证书号 证书号码",
    "发证日期": "发证时间 颁证日期 取证日期",
    "团体名称": "团体 集体名称 集体 团体单位",
    "团体人数": "集体人数 团体人次 集体人次",
}
_NAMES = {normalise_name(name): name for name in COLUMNS} | {
    normalise_name(other): name for name, others in _OTHER_NAMES.items() for other in others.split()
}
_RESIDENT_NUMBER = frozenset(
    normalise_name(n) for n in "身份证号 身份证号码 身份证 公民身份号码 居民身份证号 居民身份证号码".split()
)
SEARCHED_ROWS = 30


class Header:
    """Which cell of a row is which column; raises ``column-twice`` when two cells carry one column."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.places: dict[str, int] = {}
        self.unknown: list[str] = []
        self.numbers_are_resident = False
        for place, cell in enumerate(cells):
            key = _bare(cell)
            name = _NAMES.get(key)
            if name is None:
                if key and key != REASON:
                    self.unknown.append(cell.strip())
            elif name in self.places:
                raise Refusal("column-twice", N_("表头里“%(column)s”出现了两次，请只留一列，再上传。"), column=name)
            else:
                self.places[name] = place
                self.numbers_are_resident |= key in _RESIDENT_NUMBER
        # 身份证号 without a column for the type says the type itself.
        self.numbers_are_resident &= "证件类型" not in self.places

    @property
    def missing(self) -> list[str]:
        gone = [name for name in NEEDED if name not in self.places]
        if "姓名" not in self.places and "团体名称" not in self.places:
            gone.append("姓名")
        return gone

    def pick(self, cells: Sequence[str]) -> list[str]:
        """The cells in the order of COLUMNS; a missing column is empty."""
        picked = [""] * len(COLUMNS)
        for name, place in self.places.items():
            if place < len(cells):
                picked[PLACE[name]] = cells[place]
        if self.numbers_are_resident and picked[PLACE["证件号码"]].strip():
            picked[PLACE["证件类型"]] = "居民身份证"
        return picked


def looks_like_header(cells: Sequence[str]) -> bool:
    return sum(_bare(cell) in _NAMES for cell in cells) >= 5


def header_missing(missing: Sequence[str]) -> Refusal:
    if not missing:
        return Refusal(
            "header-missing",
            N_(
                "没有找到表头。表头要有这些列：机构、课程、类别、班次编号、开班日期、结班日期、课时、区县、姓名、状态。"
            ),
        )
    return Refusal("header-missing", N_("表头缺这些列：%(columns)s。请补上再上传。"), columns="、".join(missing))


def _bare(cell: str) -> str:
    """A header without blanks, marks and notes: ``姓名*（必填）`` is 姓名; a bracket that is part of a name stays."""
    key = normalise_name(cell).strip("*:")
    return key if key in _NAMES else re.sub(r"\(.*?\)|[*:]", "", key)
