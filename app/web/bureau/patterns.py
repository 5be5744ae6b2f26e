"""A year's suspicious patterns: where to ask first and why, the year with and without, and the rows behind."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request, url_for
from sqlalchemy import func, select

from app.clock import civil
from app.counts.patterns import KINDS, Patterns, patterns
from app.database import db
from app.models import Account, Enrolment, Lesson, Mark, Offering
from app.models.attendance import PRESENT
from app.web.access import asked_page, mine
from app.web.bureau import bp
from app.web.bureau.kept import kept
from app.web.bureau.years import require_year

PER_PAGE = 30
MOST_SIGN_UPS = 200


@bp.get("/years/<int:year>/patterns")
def year_patterns(year: int) -> str:
    require_year(year)
    kind, page, found = request.args.get("kind") or None, asked_page(), _found(year)
    if kind is not None and kind not in KINDS:
        abort(404)
    suspects = [s for s in found.suspects if kind is None or any(f.kind == kind for f in s.findings)]
    pages = max(1, -(-len(suspects) // PER_PAGE))
    if page > pages:
        abort(404)
    shown = suspects[(page - 1) * PER_PAGE : page * PER_PAGE]
    return render_template(
        "bureau/patterns.html",
        year=year,
        found=found,
        kind=kind,
        KINDS=KINDS,
        suspects=shown,
        offerings=_offerings([suspect.offering_id for suspect in shown]),
        count=len(suspects),
        page=page,
        pages=pages,
        page_url=lambda n: url_for(".year_patterns", year=year, kind=kind, page=n),
    )


@bp.get("/years/<int:year>/patterns/<int:offering_id>")
def offering_patterns(year: int, offering_id: int) -> str:
    """The rows behind an offering's reasons: its rolls as they were entered, and the sign-ups concerned."""
    require_year(year)
    offering = mine(Offering, offering_id)
    suspect = _found(year).by_offering.get(offering_id)
    ids = sorted(suspect.sign_ups) if suspect else []
    found = select(Enrolment).where(Enrolment.id.in_(ids[:MOST_SIGN_UPS])).options(db.joinedload(Enrolment.person))
    return render_template(
        "bureau/offering_patterns.html",
        year=year,
        offering=offering,
        suspect=suspect,
        KINDS=KINDS,
        rolls=_rolls(offering),
        sign_ups=db.session.scalars(found.order_by(Enrolment.place_number, Enrolment.id)).all(),
        count=len(ids),
    )


def _found(year: int) -> Patterns:
    return kept(("patterns", year), lambda: patterns(year))


def _offerings(ids: list[int]) -> dict[int, Offering]:
    found = db.session.scalars(
        select(Offering)
        .where(Offering.id.in_(ids))
        .options(db.joinedload(Offering.course), db.joinedload(Offering.provider))
    )
    return {offering.id: offering for offering in found}


def _rolls(offering: Offering) -> list[dict[str, Any]]:
    """Per lesson: who was called and came by what stands now, and when and by whom that was entered first."""
    came = func.count().filter(Mark.status.in_(PRESENT))
    told = db.session.execute(
        select(Lesson, func.count(), came, func.min(Mark.marked_at), func.min(Account.name), func.max(Account.name))
        .join(Mark, Mark.lesson_id == Lesson.id)
        .outerjoin(Account, Account.id == Mark.marked_by_id)
        .where(Lesson.offering_id == offering.id, Mark.superseded_at.is_(None), Mark.status != "unmarked")
        .group_by(Lesson.id)
        .order_by(Lesson.held_on, Lesson.begins, Lesson.id)
    )
    return [
        {
            "lesson": lesson, "called": called, "present": present, "entered": entered,
            "days_late": (civil(entered).date() - lesson.held_on).days, "by": sorted({one, other} - {None}),
        }
        for lesson, called, present, entered, one, other in told
    ]  # fmt: skip
