"""One row of the ledger, read and judged by itself: what it says of whom, or why it is sent back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from app.ledger.cells import read_date, read_number, tidy
from app.ledger.columns import PLACE
from app.models import identity_number as numbers
from app.models.certificate import SYSTEMS
from app.models.enrolment import STATES
from app.models.place import division_code
from app.models.rules import category_key
from app.refusal import N_, Refusal

ATTENDED = ("attending", "left", "not_completed", "completed")
_STATES = {numbers.normalise_name(name): key for key, name in STATES.items()}
_TYPES = {numbers.normalise_name(name): key for key, name in numbers.DOCUMENT_TYPES.items()} | {
    "身份证": "resident_id",
    "居民身份证(户口簿)": "resident_id",
    "二代身份证": "resident_id",
    "港澳台居住证": "residence_permit",
    "外国人永久居留证": "foreigner_permanent",
    "港澳通行证": "hk_macao_permit",
    "回乡证": "hk_macao_permit",
    "台胞证": "taiwan_permit",
}
_SYSTEMS = {numbers.normalise_name(name): key for key, name in SYSTEMS.items()} | {
    "1+X证书": "one_plus_x",
    "1+x": "one_plus_x",
    "1+X职业技能等级证书": "one_plus_x",
    "人社证书": "hrss",
    "人社部门": "hrss",
}
_SEXES = {"男": "male", "女": "female", "男性": "male", "女性": "female", "": None, "未知": None, "不详": None}
_LENGTHS = {"机构": 100, "课程": 120, "班次编号": 40, "证书名称": 100, "证书等级": 20, "证书编号": 40, "团体名称": 100}


class RowRefused(Exception):
    """A row is sent back: the column at fault and the refusal that says how to mend it."""

    def __init__(self, column: str, no: Refusal) -> None:
        super().__init__(no.code)
        self.column, self.no = column, no


class OfferingFacts(NamedTuple):
    """What a row says of its offering."""

    provider: str
    provider_key: str
    course: str
    course_key: str
    category: str
    number: str
    number_key: str
    starts_on: date
    ends_on: date
    planned_hours: Decimal
    division_code: str

    @property
    def key(self) -> tuple[str, str]:
        return self.provider_key, self.number_key


class CertificateFacts(NamedTuple):
    system: str
    name: str
    level: str
    number: str
    number_key: str
    issued_on: date


@dataclass(slots=True)
class Entry:
    """One good row: a person in an offering, or (``group_name``) a nameless group at one visit."""

    row_number: int
    offering: OfferingFacts
    state: str
    name: str = ""
    name_key: str = ""
    sex: str | None = None
    birth_on: date | None = None
    born_by_number: bool = False
    mobile: str | None = None
    document_type: str | None = None
    document: str | None = None
    first_on: date | None = None
    hours: Decimal = Decimal(0)
    completed_on: date | None = None
    certificate: CertificateFacts | None = None
    group_name: str = ""
    group_key: str = ""
    headcount: int = 0
    doubt: tuple[str, Refusal] | None = None  # stands unless the registry's own marks say the same


def read_row(row_number: int, cells: Sequence[str], today: date) -> Entry:
    """What the row says; raises RowRefused at the first cell that cannot stand."""
    offering = read_offering(tuple(cells[:8]))
    entry = Entry(row_number, offering, _state(cells))
    if tidy(_cell(cells, "团体名称")) or tidy(_cell(cells, "团体人数")):
        _read_group(entry, cells)
    else:
        _read_person(entry, cells, today)
    _read_attendance(entry, cells, today)
    if not entry.group_name:
        _read_certificate(entry, cells, today)
    return entry


@lru_cache(maxsize=8192)
def read_offering(cells: tuple[str, ...]) -> OfferingFacts:
    """The first eight columns; offerings repeat, so does their reading."""
    provider, course, number = (_text(cells, column) for column in ("机构", "课程", "班次编号"))
    category = _known(category_key, "类别", _text(cells, "类别"))
    starts_on, ends_on = _day(cells, "开班日期"), _day(cells, "结班日期")
    assert starts_on and ends_on
    if ends_on < starts_on:
        raise RowRefused("结班日期", Refusal("dates-in-order", N_("结班日期早于开班日期，请核对这两个日期。")))
    hours = _hours(cells, "课时")
    if not hours:
        raise RowRefused("课时", Refusal("hours-form", N_("课时要大于 0，请填计划课时数。")))
    return OfferingFacts(
        provider=provider,
        provider_key=numbers.normalise_name(provider),
        course=course,
        course_key=numbers.normalise_name(course),
        category=category,
        number=number,
        number_key=numbers.normalise_name(number),
        starts_on=starts_on,
        ends_on=ends_on,
        planned_hours=hours,
        division_code=_known(division_code, "区县", _text(cells, "区县")),
    )


# -- the parts of a row, in the order they are read ------------------------


def _state(cells: Sequence[str]) -> str:
    state = _STATES.get(numbers.normalise_name(_needed(cells, "状态")))
    if state is None:
        raise RowRefused(
            "状态",
            Refusal(
                "state-unknown", N_("状态不在名单里，请写：报名、候补、已登记、已取消、在读、已退班、未结业或已结业。")
            ),
        )
    return state


def _read_group(entry: Entry, cells: Sequence[str]) -> None:
    """团体人数 are people without a row of their own; a group row carries neither hours nor completion (R13)."""
    entry.group_name = _text(cells, "团体名称")
    entry.group_key = numbers.normalise_name(entry.group_name)
    if tidy(_cell(cells, "姓名")):
        raise RowRefused(
            "姓名",
            Refusal("group-and-person", N_("一行只能是一个人或一个团体。有团体名称的行请不填姓名，另起一行写人。")),
        )
    count = read_number(_needed(cells, "团体人数"))
    if count is None or count != int(count) or not 1 <= count <= 100_000:
        raise RowRefused("团体人数", Refusal("headcount-form", N_("团体人数应为大于 0 的整数，请核对。")))
    entry.headcount = int(count)


def _read_person(entry: Entry, cells: Sequence[str], today: date) -> None:
    name = _needed(cells, "姓名")
    if max(len(name), len(numbers.normalise_name(name))) > numbers.NAME_LENGTH:
        raise RowRefused("姓名", Refusal("name-length", N_("姓名最多 30 个字，请核对。")))
    entry.name, entry.name_key = name, numbers.normalise_name(name)
    entry.sex = _sex(_cell(cells, "性别"))
    _read_document(entry, cells, today)
    _read_birth(entry, cells, today)
    mobile = _optional(cells, "手机")
    if mobile:
        entry.mobile = _known(numbers.normalise_mobile, "手机", mobile)


def _sex(text: str) -> str | None:
    key = numbers.normalise_name(text)
    if key not in _SEXES:
        raise RowRefused("性别", Refusal("sex-unknown", N_("性别请写“男”或“女”，不知道就留空。")))
    return _SEXES[key]


def _read_document(entry: Entry, cells: Sequence[str], today: date) -> None:
    kind, number = _optional(cells, "证件类型"), _optional(cells, "证件号码")
    if kind and not number:
        raise RowRefused(
            "证件号码", Refusal("document-number", N_("写了证件类型，没写证件号码。请补上号码，或把类型也留空。"))
        )
    if number and not kind:
        raise RowRefused(
            "证件类型", Refusal("document-type", N_("写了证件号码，没写证件类型。请补上类型，例如“居民身份证”。"))
        )
    if not number:
        return
    key = _TYPES.get(numbers.normalise_name(kind))
    if key is None:
        raise RowRefused(
            "证件类型",
            Refusal(
                "document-type",
                N_("证件类型“%(kind)s”不在名单里，请写：%(known)s。"),
                kind=kind,
                known="、".join(numbers.DOCUMENT_TYPES.values()),
            ),
        )
    try:
        entry.document = numbers.check_document(key, number, today)
    except Refusal as no:
        raise RowRefused("证件号码", no) from None
    entry.document_type = key


def _read_birth(entry: Entry, cells: Sequence[str], today: date) -> None:
    """A checked resident number says the birth date too; what is written must not say another."""
    carried = None
    if entry.document_type and entry.document:
        carried = numbers.birth_date_of(entry.document_type, entry.document)
    written = _day(cells, "出生日期", needed=False)
    if written is not None:
        _refuse_future("出生日期", written, today)
        if carried is not None and carried != written:
            raise RowRefused(
                "出生日期",
                Refusal(
                    "birth-contradicts",
                    N_("出生日期（%(written)s）与证件号码里的不一致，请对照证件核对。"),
                    written=written,
                ),
            )
        if written.year < 1900:
            raise RowRefused("出生日期", Refusal("date-impossible", N_("出生日期早于 1900 年，请核对。")))
    entry.birth_on, entry.born_by_number = written or carried, written is None and carried is not None
    if entry.birth_on is not None and entry.birth_on >= entry.offering.starts_on:
        raise RowRefused("出生日期", Refusal("birth-after-start", N_("出生日期不早于开班日期，请核对这两个日期。")))


def _read_attendance(entry: Entry, cells: Sequence[str], today: date) -> None:
    """Attendance decides, not the state's name (R10): who has 首次到课 came."""
    group = bool(entry.group_name)
    entry.first_on = _day(cells, "首次到课", needed=group or entry.state in ATTENDED)
    if entry.first_on is not None:
        _refuse_outside("首次到课", entry.first_on, entry.offering)
        _refuse_future("首次到课", entry.first_on, today)
    if group:
        return
    needed = entry.state in ATTENDED
    if needed or _optional(cells, "到课课时"):
        entry.hours = _hours(cells, "到课课时")
    if entry.hours and entry.first_on is None:
        raise RowRefused(
            "首次到课",
            Refusal("hours-without-attendance", N_("有到课课时，没有首次到课日期。请补上日期，或把课时清空。")),
        )
    if entry.hours > entry.offering.planned_hours:
        entry.doubt = (
            "到课课时",
            Refusal(
                "hours-exceed-plan",
                N_("到课课时（%(hours)s）超过计划课时（%(planned)s），请核对。"),
                hours=f"{entry.hours.normalize():f}",
                planned=f"{entry.offering.planned_hours.normalize():f}",
            ),
        )
    if entry.first_on is not None and entry.state not in ATTENDED:
        entry.state = "left" if entry.state == "cancelled" else "attending"
    _read_completion(entry, cells, today)


def _read_completion(entry: Entry, cells: Sequence[str], today: date) -> None:
    completed_on = _day(cells, "结业日期", needed=entry.state == "completed")
    if completed_on is None:
        return
    if entry.state != "completed":
        raise RowRefused(
            "结业日期", Refusal("completion-state", N_("有结业日期，状态却不是“已结业”。请改状态，或清空结业日期。"))
        )
    _refuse_outside("结业日期", completed_on, entry.offering)
    _refuse_future("结业日期", completed_on, today)
    if entry.first_on is not None and completed_on < entry.first_on:
        raise RowRefused(
            "结业日期", Refusal("completion-before-attendance", N_("结业日期早于首次到课，请核对这两个日期。"))
        )
    entry.completed_on = completed_on


def _read_certificate(entry: Entry, cells: Sequence[str], today: date) -> None:
    columns = ("证书体系", "证书名称", "证书等级", "证书编号", "发证日期")
    if not any(_optional(cells, column) for column in columns):
        return
    for column in ("证书编号", "发证日期", "证书体系"):
        if not _optional(cells, column):
            raise RowRefused(
                column,
                Refusal("certificate-incomplete", N_("证书缺%(column)s。请补上，或把证书各列都清空。"), column=column),
            )
    system = _SYSTEMS.get(numbers.normalise_name(_cell(cells, "证书体系")))
    if system is None:
        raise RowRefused("证书体系", Refusal("certificate-system", N_("证书体系请写“1+X”或“人社”。")))
    number = _text(cells, "证书编号")
    key = numbers.normalise_number(number)
    if not key or _is_damaged(key):
        raise RowRefused("证书编号", numbers.damaged() if key else Refusal("needed-empty", N_("证书编号不能为空。")))
    if len(key) > _LENGTHS["证书编号"]:  # upper case can be longer: ß is SS
        raise _too_long("证书编号")
    issued_on = _day(cells, "发证日期")
    assert issued_on
    if issued_on < entry.offering.starts_on:
        raise RowRefused(
            "发证日期", Refusal("certificate-before-start", N_("发证日期早于开班日期，请核对这两个日期。"))
        )
    _refuse_future("发证日期", issued_on, today)
    entry.certificate = CertificateFacts(
        system, _text(cells, "证书名称", needed=False), _text(cells, "证书等级", needed=False), number, key, issued_on
    )


# -- cells -----------------------------------------------------------------


def _cell(cells: Sequence[str], column: str) -> str:
    return cells[PLACE[column]]


def _optional(cells: Sequence[str], column: str) -> str:
    """The cell, where a lone dash or 无 means nothing."""
    text = tidy(_cell(cells, column))
    return "" if text in numbers.BLANKS else text


def _needed(cells: Sequence[str], column: str) -> str:
    text = tidy(_cell(cells, column))
    if not text:
        raise RowRefused(column, Refusal("needed-empty", N_("%(column)s不能为空，请补上。"), column=column))
    return text


def _text(cells: Sequence[str], column: str, *, needed: bool = True) -> str:
    text = _needed(cells, column) if needed else _optional(cells, column)
    if max(len(text), len(numbers.normalise_name(text))) > _longest(column):
        raise _too_long(column)
    return text


def _longest(column: str) -> int:
    return _LENGTHS.get(column, 100)


def _too_long(column: str) -> RowRefused:
    """For the column, or for the key that is compared: half-width spelling can be longer (㍿ is four characters)."""
    longest = _longest(column)
    return RowRefused(
        column, Refusal("too-long", N_("%(column)s最多 %(longest)s 个字，请改短。"), column=column, longest=longest)
    )


def _day(cells: Sequence[str], column: str, *, needed: bool = True) -> date | None:
    text = _needed(cells, column) if needed else _optional(cells, column)
    if not text:
        return None
    day = read_date(text)
    if day is None:
        raise RowRefused(
            column,
            Refusal(
                "date-impossible",
                N_("%(column)s“%(text)s”不是一个可能的日期，请写成 2025-03-01 的样子。"),
                column=column,
                text=text[:20],
            ),
        )
    return day


def _hours(cells: Sequence[str], column: str) -> Decimal:
    hours = read_number(_needed(cells, column))
    if hours is None or not 0 <= hours < 100_000 or hours != round(hours, 2):
        raise RowRefused(
            column, Refusal("hours-form", N_("%(column)s应为不小于 0 的数，例如 16 或 7.5，请核对。"), column=column)
        )
    return hours


def _known(reader: Callable[[str], str], column: str, text: str) -> str:
    try:
        return reader(text)
    except Refusal as no:
        raise RowRefused(column, no) from None


def _is_damaged(number: str) -> bool:
    try:
        numbers.refuse_exponent(number)
    except Refusal:
        return True
    return False


def _refuse_future(column: str, day: date, today: date) -> None:
    if day > today:
        raise RowRefused(
            column, Refusal("date-future", N_("%(column)s（%(day)s）还没有到，请核对。"), column=column, day=day)
        )


def _refuse_outside(column: str, day: date, offering: OfferingFacts) -> None:
    if not offering.starts_on <= day <= offering.ends_on:
        raise RowRefused(
            column,
            Refusal(
                "date-outside",
                N_("%(column)s（%(day)s）不在开班日期和结班日期之间（%(start)s 至 %(end)s），请核对。"),
                column=column,
                day=day,
                start=offering.starts_on,
                end=offering.ends_on,
            ),
        )
