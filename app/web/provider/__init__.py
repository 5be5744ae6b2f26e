"""An institution's desk: its courses, offerings, learners and ledger. A clerk sees their own institution alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask_babel import gettext

from app.database import db
from app.models import Offering, Provider
from app.web.access import asked_page, done, mine, own_provider_id

__all__ = ["asked_words", "bp", "done", "own_offering", "own_provider", "page_url", "paged"]

bp = Blueprint("provider", __name__, url_prefix="/desk")
PER_PAGE = 30


def own_provider() -> Provider:
    return db.session.get_one(Provider, own_provider_id())


def own_offering(offering_id: int) -> Offering:
    """An offering of the clerk's institution, or 404."""
    return mine(Offering, offering_id, provider_id=own_provider_id())


def asked_words() -> str:
    """What was typed into a search field, without signs that no page can show."""
    return "".join(c for c in request.values.get("q", "")[:100] if c.isprintable()).strip()


def paged(query: Any) -> tuple[list[Any], int]:
    """The rows of the page asked for, and how many pages there are."""
    total = db.session.scalar(db.select(db.func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = db.session.execute(query.limit(PER_PAGE).offset((asked_page() - 1) * PER_PAGE))
    return list(rows.unique().scalars()), -(-total // PER_PAGE)


def page_url(number: int) -> str:
    """The page asked for, turned to another page of its list."""
    asked: dict[str, Any] = {**request.args, **(request.view_args or {}), "page": number}
    return url_for(request.endpoint or "", **asked)


@bp.context_processor
def _desk() -> dict[str, Any]:
    """The desk's own menu, of the pages that exist."""
    menu = (
        ("provider.offerings", gettext("班次")),
        ("provider.courses", gettext("课程")),
        ("provider.trainers", gettext("教师")),
        ("provider.learners", gettext("学员")),
        ("provider.observations", gettext("待处理到课")),
        ("provider.ledgers", gettext("台账")),
        ("provider.years", gettext("年度签认")),
    )
    return {
        "desk_menu": [item for item in menu if item[0] in current_app.view_functions],
        "page": asked_page(),
        "page_url": page_url,
    }


from app.web.provider import (  # noqa: E402, F401 - the pages register themselves
    certificates,
    completions,
    courses,
    groups,
    learners,
    ledger,
    lessons,
    observations,
    offerings,
    partners,
    trainers,
    transfers,
    years,
)
