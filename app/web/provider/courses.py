"""The institution's catalogue."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext

from app.database import db
from app.forms.provider import CourseForm
from app.models import Course, Offering
from app.search_words import note_search_words
from app.web.access import form_page, mine, own_provider_id
from app.web.provider import bp, done, own_provider

BLAME = {"title-taken": "title"}


@bp.get("/courses")
def courses() -> str:
    runs = db.select(db.func.count()).select_from(Offering).where(Offering.course_id == Course.id).scalar_subquery()
    rows = db.session.execute(
        db.select(Course, runs).where(Course.provider_id == own_provider_id()).order_by(Course.title, Course.id)
    )
    return render_template("provider/courses.html", rows=list(rows))


@bp.route("/courses/new", methods=["GET", "POST"])
def new_course() -> Any:
    form = CourseForm()
    if done(form, lambda: Course.offer(own_provider(), **form.facts()), BLAME):
        flash(gettext("课程已保存。可以给它开班了。"))
        return redirect(url_for(".courses"), 303)
    return form_page("provider/course.html", form, course=None)


@bp.route("/courses/<int:course_id>", methods=["GET", "POST"])
def course(course_id: int) -> Any:
    found = mine(Course, course_id, provider_id=own_provider_id())
    form = CourseForm(obj=found)

    def describe() -> None:
        found.describe(**form.facts())
        for run in db.session.scalars(db.select(Offering).where(Offering.course_id == found.id)):
            note_search_words(run)

    if done(form, describe, BLAME):
        flash(gettext("课程已保存。"))
        return redirect(url_for(".courses"), 303)
    return form_page("provider/course.html", form, course=found)
