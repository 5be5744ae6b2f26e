"""For everybody, without signing in: the home page, the catalogue, the page of an offering."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from markupsafe import Markup
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response as Answer

from app import catalogue as listing
from app.calendar_file import calendar_file
from app.catalogue import Wanted
from app.clock import now, today
from app.counts.open_files import OPEN_FILES
from app.database import db
from app.models import OpenRelease
from app.models.offering import MODES, Offering, OfferingTrainer
from app.models.partner import OfferingPartner
from app.models.place import DIVISIONS
from app.models.programme import Programme
from app.models.register import LEVELS, RegisterEntry, kinds, shown_to_everybody
from app.models.rules import CATEGORIES
from app.models.timetable import AFTERNOON, EVENING, MORNING, WEEKDAYS
from app.refusal import N_
from app.statement import PROGRAM
from app.web import page_cache
from app.web.access import asked_page, path_to, published, safe_next
from app.web.cards import cards
from app.web.words import LANGUAGES, chosen_locale

DISPLAY = {"type": ("standard", "large"), "language": tuple(LANGUAGES)}
bp = Blueprint("public", __name__)
bp.after_request(page_cache.keep)


@bp.get("/")
def home() -> str:
    at = now()
    soon = listing.soon(at, free=False, limit=3)
    free = listing.soon(at, free=True, limit=6, besides=[row.id for row in soon.rows])
    return render_template(
        "public/home.html",
        doors=listing.doors(at),
        soon=cards(soon, at, "h3"),
        free=cards(free, at, "h3"),
        figures=listing.open_figures(at),
    )


@bp.get("/verify.py")
def verify() -> Answer:
    """The program that recomputes a signed year from its file; whoever holds a file may have it."""
    return send_file(PROGRAM, mimetype="text/x-python", as_attachment=True, download_name="verify.py")


@bp.get("/offerings")
def catalogue() -> str:
    at = now()
    wanted = Wanted.read(request.args)
    found = listing.find(wanted, at, asked_page())
    return render_template(
        "public/catalogue.html",
        wanted=wanted,
        found=found,
        cards=cards(found, at),
        form=_form(wanted),
        page_url=lambda page: _address(wanted, page),
        without=lambda *names: _address(wanted.without(*names)),
    )


@bp.get("/offerings/<int:offering_id>")
def offering(offering_id: int) -> str:
    found = _published(offering_id)
    at = now()
    return render_template(
        "public/offering.html",
        offering=found,
        stage=listing.sign_up_stage(found, at),
        waiting=found.queue_length(),
        rooms=any(lesson.room for lesson in found.lessons),
        programmes=Programme.of(found),
        partners=OfferingPartner.of(found),
        honours=shown_to_everybody(
            today(),
            # A course's own; and its institution's, but not those of other courses.
            of=(RegisterEntry.course_id == found.course_id)
            | ((RegisterEntry.provider_id == found.provider_id) & RegisterEntry.course_id.is_(None)),
        ),
        LEVELS=LEVELS,
    )


@bp.get("/open-data")
def open_data() -> str:
    """Each published year's figures, as they left last (R25)."""
    found = [row for year in OpenRelease.years() if (row := OpenRelease.latest(year)) is not None]
    return render_template("public/open_data.html", releases=found, FILES=OPEN_FILES)


@bp.get("/open-data/<int:year>.<form>")
def open_data_file(year: int, form: str) -> Response:
    found = OpenRelease.latest(year)
    if found is None or form not in OPEN_FILES:
        abort(404)
    media_type, write = OPEN_FILES[form]
    answer = Response(write(found), content_type=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="open-data-{year}.{form}"'
    return answer


@bp.get("/honours")
def honours() -> str:
    """Who was honoured or selected, list by list; a person stands here only with their consent."""
    on = today()
    entries = shown_to_everybody(on)
    listed = [(kind, [entry for entry in entries if entry.kind == kind.key]) for kind in kinds().values()]
    return render_template(
        "public/honours.html", lists=[(kind, found) for kind, found in listed if found], on=on, LEVELS=LEVELS
    )


@bp.get("/offerings/<int:offering_id>/calendar.ics")
def calendar(offering_id: int) -> Response:
    """The lessons as a file for the calendar of a telephone."""
    found = _published(offering_id)
    address = url_for("public.offering", offering_id=found.id, _external=True)
    answer = Response(calendar_file(found, address, now()), mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f'attachment; filename="offering-{found.id}.ics"'
    return answer


@bp.get("/display")
def display() -> Answer:
    """The size of type and the language, each kept in a cookie; nothing on the server changes."""
    answer = redirect(safe_next(request.args.get("next")) or "/", 303)
    for name, choices in DISPLAY.items():
        if request.args.get(name) in choices:
            answer.set_cookie(name, request.args[name], max_age=31536000, samesite="Lax", httponly=True)
    return answer


def _address(wanted: Wanted, page: int = 1) -> str:
    query = wanted.query() | ({"page": page} if page > 1 else {})
    return path_to("public.catalogue") + ("?" + urlencode(query, doseq=True) if query else "")


def _form(wanted: Wanted) -> Markup:
    """The catalogue's questions, filled in; while nothing changes the same ones are not rendered twice."""
    state = page_cache.state()
    return _filters(wanted) if state is None else _kept_filters(wanted, chosen_locale(), state)


@lru_cache(64)
def _kept_filters(wanted: Wanted, language: str, state: object) -> Markup:
    return _filters(wanted)


def _filters(wanted: Wanted) -> Markup:
    choices = {
        "providers": listing.providers(),
        "categories": CATEGORIES.items(),
        "divisions": DIVISIONS.items(),
        "modes": MODES.items(),
        "days": list(enumerate(WEEKDAYS, start=1)),
        "times": [(MORNING, N_("上午")), (AFTERNOON, N_("下午")), (EVENING, N_("晚上"))],
    }
    form = render_template("public/filters.html", wanted=wanted, **choices)
    return Markup(form)  # noqa: S704 - the template escaped it


def _published(offering_id: int) -> Offering:
    """With everything that its page shows, or 404."""
    shown = (
        joinedload(Offering.course),
        joinedload(Offering.provider),
        selectinload(Offering.lessons),
        selectinload(Offering.trainers).joinedload(OfferingTrainer.account),
    )
    return published(db.session.get(Offering, offering_id, options=shown))
