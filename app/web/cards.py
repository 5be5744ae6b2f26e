"""An offering in a list. Thirty stand on a page, so a card that says the same is not made twice.

What a card says is the key under which it is kept: when a place is taken or
a day turns, the key is another one, and nothing has to be thrown away.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup
from sqlalchemy import Row

from app.catalogue import Found
from app.clock import civil
from app.web.words import ages, chosen_locale, gettext, near_day, places


def cards(found: Found, at: datetime, heading: str = "h2") -> Markup:
    """The cards of one page of the catalogue, in the reader's language."""
    today, language = civil(at).date(), chosen_locale()
    return Markup("".join([_card(row, today, heading, language) for row in found.rows]))  # noqa: S704 - each is escaped


@lru_cache(2048)
def _card(row: Row[Any], today: date, heading: str, language: str) -> str:
    pill, left = places(row, row.waiting, row.stands)
    full = row.waiting > 0 or (row.capacity is not None and row.places_taken >= row.capacity)
    template = current_app.jinja_env.get_template("public/card.html")
    return template.render(
        row=row,
        pill=pill,
        left=left,
        full=full,
        opening=_opening(row.starts_on, today),
        whom=_whom(row),
        heading=heading,
    )


def _opening(starts_on: date, today: date) -> str:
    """12月8日 周二开班, or 9月8日 周二已开班; with the year when it is another one"""
    day = near_day(starts_on, today)
    return gettext("%(day)s已开班", day=day) if starts_on < today else gettext("%(day)s开班", day=day)


def _whom(row: Row[Any]) -> str:
    return gettext("，").join(part for part in (ages(row), row.audience) if part) or gettext("不限")
