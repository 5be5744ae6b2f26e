"""Before a year's open data leave: what would be told and what not; and the button that publishes it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from app.clock import now
from app.counts import open_files
from app.counts.open_data import TOTAL, with_totals
from app.forms import Form
from app.models import OpenRelease
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES
from app.web.access import done, form_page, me
from app.web.bureau import bp
from app.web.bureau.years import require_year
from app.web.words import gettext


@bp.get("/years/<int:year>/open-data")
def open_data(year: int) -> Any:
    require_year(year)
    return _page(year, Form())


@bp.post("/years/<int:year>/open-releases")
def publish(year: int) -> Any:
    require_year(year)
    form = Form()
    counts = open_files.counted(year)  # before the lock: at full size it takes a second
    if done(form, lambda: open_files.publish(year, counts, by=me(), at=now())) is None:
        return _page(year, form)
    flash(gettext("已公开。公众在“公开数据”页下载。"))
    return _back(year)


def _back(year: int) -> Response:
    return redirect(url_for(".open_data", year=year), 303)


def _page(year: int, form: Form) -> tuple[str, int]:
    out = open_files.draft(year)
    return form_page(
        "bureau/open_data.html",
        form,
        year=year,
        published=out.published(),
        exact=with_totals(out.counts),
        hidden=len(out.hidden),
        latest=OpenRelease.latest(year),
        columns=(*CATEGORIES, TOTAL),
        lines=(*DIVISIONS, TOTAL),
        TOTAL=TOTAL,
    )
