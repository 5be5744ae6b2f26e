"""Cells as people type them: text, dates, numbers."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(r"[0-9A-Za-z\u4e00-\u9fff·+./（）()-]*")  # most cells: nothing to tidy
_DATE = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?:[T ]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_PLAIN_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{1,6}(?:\.\d+)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))


def as_text(value: Any) -> str:
    """A workbook's cell as text. A number too long to be whole keeps its exponent: that is how damage is seen."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else f"{value:.15g}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        midnight = not (value.hour or value.minute or value.second)
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def tidy(text: str) -> str:
    """Without blanks around it, line breaks and invisible characters; what people meant to write."""
    if _PLAIN.fullmatch(text):
        return text
    text = "".join(c for c in text if c in "\t\n" or unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(text.split())


@lru_cache(maxsize=20_000)
def read_date(text: str) -> date | None:
    """2025-03-01, 2025/3/1, 2025.3.1, 2025年3月1日, 20250301 or a serial number; None when it is no date."""
    text = unicodedata.normalize("NFKC", text).translate(_HYPHENS).strip()
    compact = text if ":" in text else "".join(text.split())
    found = _DATE.fullmatch(compact) or _PLAIN_DATE.fullmatch(compact)
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
        if _SERIAL.fullmatch(compact):
            return _from_serial(int(float(compact)))
    except (ValueError, OverflowError):
        pass
    return None


def _from_serial(number: int) -> date | None:
    """The 1900 date system, with the 29 February 1900 that spreadsheets believe in."""
    if not 1 <= number <= 2_958_465 or number == 60:
        return None
    return date(1899, 12, 30 if number > 60 else 31) + timedelta(number)


@lru_cache(maxsize=20_000)
def read_number(text: str) -> Decimal | None:
    """A plain number, or None. Full-width digits, thousands marks and blanks are people's habits."""
    text = unicodedata.normalize("NFKC", text).translate(_HYPHENS)
    text = "".join(text.split()).replace(",", "")
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
