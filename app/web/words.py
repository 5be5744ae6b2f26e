"""Words for the pages: language, labels, dates, masks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Flask, request
from flask_babel import gettext as translated
from flask_babel import ngettext
from markupsafe import Markup

from app import catalogue
from app.clock import civil, now, today
from app.models import (
    attendance,
    call_back,
    certificate,
    enrolment,
    identity_number,
    ledger_batch,
    offering,
    pair_decision,
    person,
    place,
    provider,
    rules,
)
from app.models.timetable import WEEKDAYS, clock
from app.refusal import Refusal

# A sign beside each word of a roll; the stylesheet shows the same ones on the roll itself.
SIGNS = {"present": "✓", "late": "…", "left_early": "↗", "leave": "○", "absent": "✕", "unmarked": "–"}
LANGUAGES = {"zh": "中文", "en": "English"}  # each as its readers call it
Say = Callable[..., str]


def init(app: Flask) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(
        _=_in_page,
        CATEGORIES=rules.CATEGORIES,
        DIVISIONS=place.DIVISIONS,
        STATES=enrolment.STATES,
        BATCH_STATES=ledger_batch.BATCH_STATES,
        STATUSES=attendance.STATUSES,
        SEXES=person.SEXES,
        MODES=offering.MODES,
        STANDINGS=offering.STANDINGS,
        SYSTEMS=certificate.SYSTEMS,
        DOCUMENT_TYPES=identity_number.DOCUMENT_TYPES,
        PROVIDER_KINDS=provider.PROVIDER_KINDS,
        VERDICTS=pair_decision.VERDICTS,
        ANSWERS=call_back.ANSWERS,
        WEEKDAYS=WEEKDAYS,
        LANGUAGES=LANGUAGES,
        COUNT_UP_TO=catalogue.COUNT_UP_TO,
        sign_up_stage=catalogue.sign_up_stage,
        places_left=places,
        today=today,
        now=now,
        language=chosen_locale,
        large_type=large_type,
    )
    app.jinja_env.filters.update(
        timetable=timetable, day=day, short_day=short_day, stamp=stamp, clock=clock, number=number, hours=hours,
        mask_mobile=lambda text: identity_number.mask_mobile(text) if text else "",
        mask_telephone=mask_telephone,
        mask_document=lambda text: identity_number.mask_document(text) if text else "",
        mask_name=mask_name, fee=fee, ages=ages, moment=moment,
        mark=mark, say=say, slice_by=slice_by,
        tail=lambda text: text[-4:] if text else "",
    )  # fmt: skip


def chosen_locale() -> str:
    cookies = request.cookies if request else None
    return "en" if cookies and cookies.get("language") == "en" else "zh"


def large_type() -> bool:
    """Did the visitor ask for the large type?"""
    return request.cookies.get("type") == "large"


def translator() -> Say:
    """What puts a source sentence into the reader's language; look it up once for many sentences.

    The source is Chinese, so for most readers nothing is looked up: asking
    the catalogue two hundred times a page took a third of the page's time.
    """
    return _as_written if chosen_locale() == "zh" else translated


def gettext(sentence: str, **values: Any) -> str:
    """One sentence in the reader's language."""
    return translator()(sentence, **values)


def _in_page(sentence: str, **values: Any) -> Markup:
    """``_`` of the templates: as the extension's, without its three detours through the template's context."""
    words = Markup(translator()(sentence))  # noqa: S704 - a sentence of ours; its values are escaped below
    return words % values if "%" in words else words


def _as_written(sentence: str, **values: Any) -> str:
    return sentence % values if values else sentence


def say(no: Refusal) -> str:
    """A refusal's sentence in the reader's language."""
    values = {
        k: gettext(v) if isinstance(v, str) else v for k, v in no.values.items() if isinstance(v, str | int | date)
    }
    return gettext(no.sentence) % values if values else gettext(no.sentence)


def day(value: date) -> str:
    """2026年12月8日 周二, Tue 8 Dec 2026"""
    if chosen_locale() == "en":
        return f"{value:%a} {value.day} {value:%b} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日 {gettext(WEEKDAYS[value.weekday()])}"


def short_day(value: date) -> str:
    """12月8日 周二, Tue 8 Dec"""
    if chosen_locale() == "en":
        return f"{value:%a} {value.day} {value:%b}"
    return f"{value.month}月{value.day}日 {gettext(WEEKDAYS[value.weekday()])}"


def stamp(value: datetime) -> str:
    """2026-12-08 21:10, on the clock in Jilin City"""
    return f"{civil(value):%Y-%m-%d %H:%M}"


def moment(value: datetime) -> str:
    """12月1日 周二 9:00, with the year when it is another one"""
    local = civil(value)
    return f"{near_day(local.date(), today())} {clock(local.time())}"


def near_day(value: date, today: date) -> str:
    """``short_day``, with the year when it is another one"""
    return short_day(value) if value.year == today.year else day(value)


def number(value: Any) -> str:
    """12,345"""
    return f"{value:,}"


def hours(value: Any) -> str:
    """32 or 7.5, with thousands marks, at most one decimal"""
    rounded = round(value, 1)
    return f"{int(rounded):,}" if rounded == int(rounded) else f"{rounded:,}"


def fee(cents: int) -> str:
    """免费, or 120 元 and 99.50 元: what the institution asks for"""
    if not cents:
        return gettext("免费")
    whole, rest = divmod(cents, 100)
    return gettext("%(sum)s 元", sum=f"{whole:,}.{rest:02d}" if rest else f"{whole:,}")


def ages(thing: Any) -> str:
    """满 55 岁、不超过 80 岁, of an offering or a row with its limits; empty when there are none"""
    words = [
        gettext("满 %(n)s 岁", n=thing.min_age) if thing.min_age is not None else "",
        gettext("不超过 %(n)s 岁", n=thing.max_age) if thing.max_age is not None else "",
    ]
    return gettext("、").join(word for word in words if word)


_WEEKLY = re.compile(r"每(周.(?:、.)*) ([\d:–]+)( 起，时间不一)?，共 (\d+) 次")
_TIMES = re.compile(r"(共) (\d+) (次)")
_ONCE = re.compile(r"(\d+)月(\d+)日 ([\d:–]+)，共 1 次")


def timetable(text: str) -> str:
    """An offering's ``timetable`` in the reader's language; its column keeps it in Chinese for the lists."""
    if chosen_locale() == "zh":
        return _TIMES.sub("\\1\u00a0\\2\u00a0\\3", text)  # on a narrow card a number stays with its word
    if found := _ONCE.fullmatch(text):
        month, of_month, hours = found.groups()
        return gettext("%(day)s %(hours)s，共 1 次", day=f"{of_month} {date(2000, int(month), 1):%b}", hours=hours)
    if not (found := _WEEKLY.fullmatch(text)):
        return text
    names, hours, differ, n = found.groups()
    days = ", ".join(gettext(f"周{name[-1]}") for name in names.split("、"))
    if differ:
        return gettext("每%(days)s %(hours)s 起，时间不一，共 %(n)s 次", days=days, hours=hours, n=n)
    return gettext("每%(days)s %(hours)s，共 %(n)s 次", days=days, hours=hours, n=n)


def mark(status: str) -> str:
    """✓ 出勤"""
    return f"{SIGNS[status]} {gettext(attendance.STATUSES[status])}"


def places(thing: Any, waiting: int = 0, stands: str = "open") -> tuple[str, str]:
    """Places left, in words, and the pill's kind: of an Offering or a row with its columns.

    ``waiting`` people stand in its queue; ``stands`` is where sign-up stands.
    """
    if stands == "cancelled":
        return "bad", gettext("已取消")
    if stands == "over":
        return "full", gettext("已结束")
    if stands == "closed":
        return "full", gettext("报名已截止")
    if stands == "early":
        return "full", gettext("%(when)s 开始报名", when=moment(thing.signup_opens_at))
    if waiting:
        return "full", gettext("已满，可候补（前面 %(n)s 人）", n=waiting)
    if thing.capacity is None:
        return "free", gettext("名额不限")
    left = thing.capacity - thing.places_taken
    if left <= 0:
        return "full", gettext("已满，可候补")
    if left <= 5:
        return "few", gettext("只剩 %(left)s 名，共 %(all)s 名", left=left, all=thing.capacity)
    return "free", gettext("剩 %(left)s 名，共 %(all)s 名", left=left, all=thing.capacity)


def slice_by(text: str, length: int) -> list[str]:
    """A text in pieces of that length."""
    return [text[n : n + length] for n in range(0, len(text), length)]


def mask_telephone(text: str) -> str:
    """A landline as it is, a mobile as 139****1234"""
    try:
        return identity_number.mask_mobile(identity_number.normalise_mobile(text)) if text else ""
    except Refusal:
        return text


def mask_name(name: str) -> str:
    """王**"""
    return name[:1] + "*" * max(1, len(name) - 1)
