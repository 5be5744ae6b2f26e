"""When it meets: weekly lessons planned at once, then one by one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from app.forms import Form
from app.forms.provider import LessonForm, WeeklyForm
from app.models import Lesson, Offering
from app.models.scheduling import clashes, schedule
from app.models.timetable import weekly
from app.refusal import Refusal
from app.web.access import form_page, mine
from app.web.provider import bp, done, own_offering


@bp.get("/offerings/<int:offering_id>/lessons")
def lessons(offering_id: int) -> Any:
    return _lessons_page(own_offering(offering_id), Form())


@bp.route("/offerings/<int:offering_id>/weekly-lessons", methods=["GET", "POST"])
def weekly_lessons(offering_id: int) -> Any:
    """Asked with days and times it shows the plan; sent, it makes it."""
    found = own_offering(offering_id)
    looking = request.method == "GET"
    form = WeeklyForm(request.args or _usual(found), meta={"csrf": False}) if looking else WeeklyForm()
    if done(form, lambda: schedule(found, _planned(form))):
        flash(gettext("课次已排好，可以逐次修改。"))
        return redirect(url_for(".lessons", offering_id=found.id), 303)
    plan = _preview(form) if request.args and looking else []
    return form_page("provider/weekly_lessons.html", form, offering=found, plan=plan)


@bp.route("/offerings/<int:offering_id>/lessons/new", methods=["GET", "POST"])
def new_lesson(offering_id: int) -> Any:
    found, form = own_offering(offering_id), LessonForm()

    def add() -> Any:
        return schedule(found, [(form.held_on.data, form.begins.data, form.ends.data)], form.room.data or "")

    if done(form, add):
        flash(gettext("课次已添加。"))
        return redirect(url_for(".lessons", offering_id=found.id), 303)
    return form_page("provider/lesson.html", form, offering=found, lesson=None)


@bp.route("/offerings/<int:offering_id>/lessons/<int:lesson_id>", methods=["GET", "POST"])
def lesson(offering_id: int, lesson_id: int) -> Any:
    found, held = _own_lesson(offering_id, lesson_id)
    form = LessonForm(obj=held)

    def move() -> None:
        held.reschedule(form.held_on.data, form.begins.data, form.ends.data, form.room.data or "")

    if done(form, move):
        flash(gettext("课次已修改。"))
        return redirect(url_for(".lessons", offering_id=found.id), 303)
    return form_page("provider/lesson.html", form, offering=found, lesson=held)


@bp.post("/offerings/<int:offering_id>/lessons/<int:lesson_id>/removal")
def lesson_removal(offering_id: int, lesson_id: int) -> Any:
    (found, held), form = _own_lesson(offering_id, lesson_id), Form()
    if done(form, held.remove):
        flash(gettext("课次已删除。"))
        return redirect(url_for(".lessons", offering_id=found.id), 303)
    return _lessons_page(found, form)


def _own_lesson(offering_id: int, lesson_id: int) -> tuple[Offering, Lesson]:
    found = own_offering(offering_id)
    return found, mine(Lesson, lesson_id, offering_id=found.id)


def _lessons_page(found: Offering, form: Form) -> Any:
    return form_page("provider/lessons.html", form, offering=found, warnings=clashes(found))


def _usual(found: Offering) -> MultiDict[str, Any]:
    """What a fresh form holds: the first day, and a lesson of two class hours."""
    first = found.starts_on
    return MultiDict(
        {"first_on": first.isoformat(), "weekdays": str(first.weekday()), "begins": "09:00", "ends": "10:30"}
    )


def _planned(form: WeeklyForm) -> Any:
    return weekly(form.first_on.data, set(form.weekdays.data), form.begins.data, form.ends.data, form.count.data)


def _preview(form: WeeklyForm) -> Any:
    if not form.validate():
        return []
    try:
        return _planned(form)
    except Refusal as no:
        form.blame(no, form.BLAME)
        return []
