"""Document numbers, mobiles and names as people type them: one spelling, and is it possible?

Pure functions. A county code is never tested: most older people carry one
that no list has any more, and a refusal would shut out exactly them.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from app.refusal import N_, Refusal

DOCUMENT_TYPES: dict[str, str] = {
    "resident_id": N_("居民身份证"),
    "residence_permit": N_("港澳台居民居住证"),
    "foreigner_permanent": N_("外国人永久居留身份证"),
    "hk_macao_permit": N_("港澳居民来往内地通行证"),
    "taiwan_permit": N_("台湾居民来往大陆通行证"),
    "passport": N_("护照"),
}

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
NAME_LENGTH = 30

BLANKS = frozenset({"", "-", "--", "—", "/", "无"})  # what people write for nothing
_HYPHENS = dict.fromkeys(map(ord, "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad"))
_EXPONENT = re.compile(r"\d+(\.\d+)?E\+?\d+|\d+\.\d+E\+?\d+", re.ASCII)
_EIGHTEEN = re.compile(r"\d{17}[\dX]", re.ASCII)
_FORMS = {
    "hk_macao_permit": (
        re.compile(r"[HM](\d{8}|\d{10})", re.ASCII),
        N_("通行证号码应为字母 H 或 M 加 8 位或 10 位数字，请核对。"),
    ),
    "taiwan_permit": (
        re.compile(r"\d{8}|\d{10}[A-Z]?", re.ASCII),
        N_("台湾居民来往大陆通行证号码应为 8 位数字，请核对。"),
    ),
    "passport": (re.compile(r"(?=.*\d)[A-Z0-9]{5,17}", re.ASCII), N_("护照号码应为 5 至 17 位字母和数字，请核对。")),
}
_PLAIN = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]*")  # nothing here to fold: most cells of a large file
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_LANDLINE = re.compile(r"0432\d{8}", re.ASCII)


def normalise_text(text: str) -> str:
    """Half-width, and without any blank or invisible character."""
    if _PLAIN.fullmatch(text):
        return text
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))


def normalise_name(text: str) -> str:
    """The spelling in which names of people, providers and courses are compared."""
    return normalise_text(text)


def normalise_number(text: str) -> str:
    """Half-width, upper case, without blanks, hyphens and a spreadsheet's leading apostrophe."""
    return normalise_text(text).translate(_HYPHENS).lstrip("'\u2018\u2019`").upper()


def normalise_mobile(text: str) -> str:
    """Eleven digits of a mobile, or 0432 and eight of a landline; raises ``mobile-form``."""
    number = re.sub(r"[()]", "", normalise_number(text))
    number = re.sub(r"^(\+86|0086|86(?=1\d{10}$))", "", number)
    if not (_MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number)):
        raise Refusal("mobile-form", N_("手机号应为 11 位数字并以 1 开头（座机写 0432 加 8 位数字），请核对。"))
    return number


def check_document(document_type: str, text: str, today: date) -> str:
    """The number in its one spelling.

    Raises ``document-type``, ``number-damaged``, ``number-fifteen``,
    ``number-form``, ``number-check-digit``, ``number-birth-date`` or
    ``number-province``. Neither the county code nor the sex is tested.
    """
    if document_type not in DOCUMENT_TYPES:
        raise Refusal("document-type", N_("证件类型不在名单里，请从名单里选一种。"))
    number = normalise_number(text)
    refuse_exponent(number)
    if document_type in ("resident_id", "residence_permit"):
        return _check_resident(document_type, number, today)
    if document_type == "foreigner_permanent":
        return _check_foreigner(number)
    if document_type == "taiwan_permit":
        number = re.sub(r"[()]", "", number)
    form, sentence = _FORMS[document_type]
    if not form.fullmatch(number):
        raise Refusal("number-form", sentence)
    return number


def birth_date_of(document_type: str, number: str) -> date | None:
    """The birth date a checked number carries, or None when its kind carries none."""
    if document_type not in ("resident_id", "residence_permit") or not _EIGHTEEN.fullmatch(number):
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def check_character(first_seventeen: str) -> str:
    """The eighteenth character (GB 11643, MOD 11-2)."""
    return CHECK_CHARACTERS[sum(w * int(d) for w, d in zip(WEIGHTS, first_seventeen, strict=True)) % 11]


def mask_document(number: str) -> str:
    """First three and last four characters; neither birth date nor county."""
    if len(number) < 10:
        return number[:1] + "*" * max(0, len(number) - 3) + number[-2:] if len(number) > 3 else "*" * len(number)
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_mobile(number: str) -> str:
    """139****0000"""
    return number[:3] + "*" * max(0, len(number) - 7) + number[-4:] if len(number) > 7 else "*" * len(number)


def _check_resident(document_type: str, number: str, today: date) -> str:
    _check_eighteen(number)
    birth = birth_date_of(document_type, number)
    if birth is None or birth.year < 1900 or birth > today:
        raise Refusal("number-birth-date", N_("号码第 7 至 14 位不是一个可能的出生日期，请对照证件核对。"))
    prefix = number[:2]
    if document_type == "residence_permit" and prefix not in ("81", "82", "83"):
        raise Refusal("number-province", N_("港澳台居民居住证号码以 81、82 或 83 开头，请核对证件类型和号码。"))
    if prefix not in PROVINCES and prefix[0] != "9":
        raise Refusal("number-province", N_("号码前两位不是省级代码，请对照证件核对。"))
    return number


def _check_foreigner(number: str) -> str:
    if re.fullmatch(r"[A-Z]{3}\d{12}", number, re.ASCII):  # the 2017 card, still valid
        return number
    _check_eighteen(number)
    if number[0] != "9":
        raise Refusal("number-province", N_("外国人永久居留身份证的 18 位号码以 9 开头，请核对证件类型和号码。"))
    return number


def _check_eighteen(number: str) -> None:
    if re.fullmatch(r"\d{15}", number, re.ASCII):
        raise Refusal("number-fifteen", N_("这是 15 位的旧号码，请改填现用证件上的 18 位号码。"))
    if not _EIGHTEEN.fullmatch(number):
        raise Refusal("number-form", N_("号码应为 18 位：17 位数字，末位是数字或 X，请对照证件核对。"))
    if number[17] == check_character(number[:17]):
        return
    if number.endswith("000"):
        raise damaged()
    raise Refusal("number-check-digit", N_("号码的最后一位与前 17 位对不上，多半有一位输错，请对照证件核对。"))


def refuse_exponent(number: str) -> None:
    """Raises ``number-damaged`` for what a spreadsheet makes of a long number: 4.4E+17."""
    if _EXPONENT.fullmatch(number) and ("+" in number or "." in number):
        raise damaged()


def damaged() -> Refusal:
    """A spreadsheet kept only fifteen digits of the number: nothing brings the rest back."""
    return Refusal(
        "number-damaged",
        N_("号码被表格软件改坏了（只剩前 15 位）。请把这一列的格式改为“文本”，再照证件重新录入。"),
    )
