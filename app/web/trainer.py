"""A trainer's lessons and their rolls. Who is not appointed to an offering finds none of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app import clock
from app.clock import now
from app.database import db, writing
from app.forms.groups import HeadsForm
from app.forms.trainer import RollForm, WalkInForm
from app.models.attendance import Observation
from app.models.enrolment import Enrolment
from app.models.group_booking import GroupBooking, bookings_of
from app.models.lesson import Lesson
from app.models.offering import Offering, OfferingTrainer
from app.refusal import Refusal
from app.web.access import form_page, me
from app.web.once import blame_unless_reused, once
from app.web.words import mask_name

bp = Blueprint("trainer", __name__, url_prefix="/teach")
WEEK = timedelta(7)
ONE_DAY = timedelta(1)


@bp.get("/today")
def today() -> str:
    day = _asked_day()
    lessons = Lesson.timetable(me(), day, day + WEEK)
    uncalled = Lesson.uncalled(me(), clock.today()) if day == clock.today() else []
    return render_template(
        "trainer/today.html",
        day=day,
        lessons=[lesson for lesson in lessons if lesson.held_on == day],
        coming=[lesson for lesson in lessons if lesson.held_on > day],
        uncalled=uncalled,
        tallies=Lesson.tallies([*lessons, *uncalled]),
        before=day - ONE_DAY,
        after=day + ONE_DAY,
    )


@bp.get("/offerings")
def offerings() -> str:
    mine = db.session.scalars(_my_offerings().order_by(Offering.starts_on, Offering.id)).all()
    over = [each for each in mine if each.cancelled_at or each.ends_on < clock.today()]
    return render_template(
        "trainer/offerings.html", running=[each for each in mine if each not in over], over=over[::-1]
    )


@bp.get("/offerings/<int:offering_id>")
def offering(offering_id: int) -> str:
    mine = db.session.scalar(_my_offerings().where(Offering.id == offering_id)) or abort(404)
    return render_template("trainer/offering.html", offering=mine, tallies=Lesson.tallies(mine.lessons))


@bp.get("/lessons/<int:lesson_id>")
def lesson(lesson_id: int) -> Any:
    mine = _my_lesson(lesson_id)
    return _roll_page(mine, RollForm(formdata=None, base_version=mine.roll_version), {})


@bp.post("/lessons/<int:lesson_id>/roll")
def take_roll(lesson_id: int) -> Any:
    mine, form = _my_lesson(lesson_id), RollForm()
    said, theirs = form.said(), None
    if form.validate():
        version = int(form.base_version.data or 0)
        try:
            with writing():
                changed = mine.take_roll(said, by=me(), at=now(), base_version=version, reason=form.reason.data or "")
            return _saved(lesson_id, changed)
        except Refusal as no:
            form.refuse(no)
            if no.code == "roll-stale":
                form.base_version.data, theirs = no.values["version"], no.values["theirs"]
    return _roll_page(mine, form, said, theirs)


@bp.get("/lessons/<int:lesson_id>/history")
def history(lesson_id: int) -> str:
    mine = _my_lesson(lesson_id)
    marks: dict[Enrolment, list[Any]] = {}
    for mark in mine.history():
        marks.setdefault(mark.enrolment, []).append(mark)
    return render_template("trainer/history.html", lesson=mine, marks=marks)


@bp.get("/lessons/<int:lesson_id>/walk-ins")
def walk_in(lesson_id: int) -> Any:
    return form_page("trainer/walk_in.html", WalkInForm(formdata=None), lesson=_my_lesson(lesson_id))


@bp.post("/lessons/<int:lesson_id>/walk-ins")
def add_walk_in(lesson_id: int) -> Any:
    mine, form = _my_lesson(lesson_id), WalkInForm()
    if form.validate():
        try:
            _take_in_once(mine, form)
            return redirect(url_for("trainer.lesson", lesson_id=mine.id), 303)
        except Refusal as no:
            blame_unless_reused(form, no)
    return form_page("trainer/walk_in.html", form, lesson=mine)


@bp.route("/lessons/<int:lesson_id>/groups", methods=["GET", "POST"])
def heads(lesson_id: int) -> Any:
    """How many came of each group that an organisation booked (R13)."""
    mine, form = _my_lesson(lesson_id), HeadsForm()
    counted = form.counted() if form.validate_on_submit() else None
    if counted is not None and not form.form_errors:
        try:
            with writing():
                GroupBooking.count_all(mine, counted, by=me(), at=now(), reason=form.reason.data or "")
            flash(gettext("人数已保存。"))
            return redirect(url_for("trainer.heads", lesson_id=lesson_id), 303)
        except Refusal as no:
            form.blame(no, {"reason-needed": "reason"})
    bookings = [each for each in bookings_of(mine.offering) if each.cancelled_at is None]
    return form_page(
        "trainer/heads.html",
        form,
        lesson=mine,
        bookings=bookings,
        standing={each.id: each.count_at(mine) for each in bookings},
        typed=form.typed() if form.is_submitted() else {},
        named=mine.named_present(),
        started=clock.today() >= mine.held_on,
    )


def _take_in_once(mine: Lesson, form: WalkInForm) -> None:
    """Add whoever came when this very form comes for the first time; a double click adds nobody."""
    name, facts = form.name.data or "", form.facts()
    came: list[Enrolment | Observation] = []

    def take_in() -> int:
        came.append(mine.walk_in(name, by=me(), at=now(), **facts))
        return came[0].id

    once(form.nonce.data or "", f"walk-in {mine.id} {name} {facts}", take_in)
    for each in came:
        _tell(each)


def _tell(came: Enrolment | Observation) -> None:
    if isinstance(came, Observation):
        flash(
            gettext(
                "没有空余名额，或有人在候补。%(name)s已记给教务处理，没有进名单，也不计人数。",
                name=mask_name(came.name),
            )
        )
    else:
        flash(
            gettext(
                "%(name)s已进名单（第 %(n)s 名），这次课记为出勤。",
                name=mask_name(came.person.name),
                n=came.place_number,
            )
        )


def _saved(lesson_id: int, changed: int) -> Response:
    if request.form.get("next") == "walk-in":
        return redirect(url_for("trainer.walk_in", lesson_id=lesson_id), 303)
    flash(gettext("已保存，改动了 %(n)s 人。", n=changed) if changed else gettext("和已保存的一样，没有改动。"))
    return redirect(url_for("trainer.lesson", lesson_id=lesson_id), 303)


def _roll_page(mine: Lesson, form: RollForm, sent: dict[int, str], theirs: dict[int, str] | None = None) -> Any:
    """The roll with what was sent preselected over what stands; nothing else is chosen for anybody."""
    now_marked, closed = mine.now_marked() if theirs is None else theirs, None
    said, rows = {**now_marked, **sent}, mine.roster()
    try:
        mine.refuse_unless_held(now())
    except Refusal as no:
        closed = no
    return form_page(
        "trainer/roll.html",
        form,
        lesson=mine,
        rows=rows,
        sent=sent,
        said=said,
        marked=sum(said.get(row.id, "unmarked") != "unmarked" for row in rows),
        now_marked=now_marked,
        theirs=theirs,
        closed=closed,
        saved=mine.last_mark(),
        observations=mine.observations(),
        groups=GroupBooking.living(mine.offering),
        wants_reason=bool(now_marked) and mine.wants_reason(now()),
    )


def _asked_day() -> date:
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return clock.today()
    return day if 2000 <= day.year <= 2100 else clock.today()


def _my_offerings() -> Any:
    return db.select(Offering).where(Offering.id.in_(OfferingTrainer.taught_by(me())))


def _my_lesson(lesson_id: int) -> Lesson:
    """Loaded through the appointment; another trainer's answers like a missing one."""
    taught = Lesson.offering_id.in_(OfferingTrainer.taught_by(me()))
    return db.session.scalar(db.select(Lesson).where(Lesson.id == lesson_id, taught)) or abort(404)
