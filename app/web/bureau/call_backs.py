"""Calling learners back: a draw that anybody can make again, the calls, and how many confirm."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from app.clock import now
from app.counts import samples
from app.database import db
from app.forms import Form
from app.forms.bureau_people import AnswerForm, DrawForm
from app.models import CallBack, CallBackDraw, Enrolment, Offering
from app.models.call_back import ANSWERS, a_seed
from app.web.access import asked_page, done, form_page, me, mine
from app.web.bureau import bp
from app.web.bureau.years import require_year
from app.web.words import gettext

PER_PAGE = 50


@bp.get("/years/<int:year>/call-backs")
def call_backs(year: int) -> Any:
    require_year(year)
    return _draws_page(year, DrawForm())


@bp.post("/years/<int:year>/call-backs")
def draw_call_backs(year: int) -> Any:
    require_year(year)
    form = DrawForm()
    rows = samples.rows_of(year)  # before the lock: at full size it takes a second
    seed = form.seed.data or a_seed()
    made = done(form, lambda: CallBackDraw.draw(year, seed, rows, by=me(), at=now()).id)
    if made is None:
        return _draws_page(year, form)
    flash(gettext("抽好了。种子是 %(seed)s，谁用它重抽，抽到的都一样。", seed=seed))
    return redirect(url_for(".call_back_draw", call_back_draw_id=made), 303)


@bp.get("/call-back-draws/<int:call_back_draw_id>")
def call_back_draw(call_back_draw_id: int) -> str:
    """The sample, those still to be called first; drawn again with ``?again=1`` and compared."""
    draw: CallBackDraw = mine(CallBackDraw, call_back_draw_id)
    page, answers = asked_page(), samples.Answers.of(draw.id)
    if page > max(1, -(-answers.drawn // PER_PAGE)):
        abort(404)
    again = samples.rows_of(draw.year) if request.args.get("again") else None
    return render_template(
        "bureau/call_back_draw.html",
        draw=draw,
        answers=answers,
        calls=_calls(draw, page),
        again=None if again is None else samples.compare(draw, again),
        page=page,
        pages=-(-answers.drawn // PER_PAGE),
        page_url=lambda n: url_for(".call_back_draw", call_back_draw_id=draw.id, page=n),
    )


@bp.get("/call-backs/<int:call_back_id>")
def call_back(call_back_id: int) -> Any:
    return _call_page(mine(CallBack, call_back_id), AnswerForm())


@bp.post("/call-backs/<int:call_back_id>/mobile")
def reveal_mobile(call_back_id: int) -> Any:
    """One number in clear, in this answer alone; that it was seen is written down."""
    found, asked, form = mine(CallBack, call_back_id), Form(), AnswerForm(formdata=None)
    told: Any = done(asked, lambda: found.reveal(by=me(), at=now()))
    form.form_errors, form.refused = asked.form_errors, asked.refused
    return _call_page(mine(CallBack, call_back_id), form, told)


@bp.post("/call-backs/<int:call_back_id>/answers")
def answer_call_back(call_back_id: int) -> Any:
    found, form = mine(CallBack, call_back_id), AnswerForm()
    if not done(form, lambda: found.say(form.answer.data, form.note.data or "", by=me(), at=now())):
        return _call_page(mine(CallBack, call_back_id), form)
    flash(gettext("已登记：%(answer)s。", answer=gettext(ANSWERS[form.answer.data])))
    return _to_draw(found.draw_id)


def _to_draw(draw_id: int) -> Response:
    return redirect(url_for(".call_back_draw", call_back_draw_id=draw_id), 303)


def _draws_page(year: int, form: Any) -> Any:
    draws = db.session.scalars(
        select(CallBackDraw).where(CallBackDraw.year == year).order_by(CallBackDraw.id.desc())
    ).all()
    told = [(draw, samples.Answers.of(draw.id)) for draw in draws]
    return form_page("bureau/call_backs.html", form, year=year, draws=told)


def _calls(draw: CallBackDraw, page: int) -> list[CallBack]:
    found = (
        select(CallBack)
        .where(CallBack.draw_id == draw.id)
        .options(
            db.joinedload(CallBack.enrolment).options(
                db.joinedload(Enrolment.person),
                db.joinedload(Enrolment.offering).options(
                    db.joinedload(Offering.course), db.joinedload(Offering.provider)
                ),
            )
        )
        .order_by(func.coalesce(CallBack.answer, ""), CallBack.id)
    )
    return list(db.session.scalars(found.limit(PER_PAGE).offset((page - 1) * PER_PAGE)))


def _call_page(found: CallBack, form: Any, told: tuple[str, str] | None = None) -> Any:
    return form_page(
        "bureau/call_back.html",
        form,
        call=found,
        told=told,
        number=found.mobile(),
        lessons=samples.lessons_of(found.enrolment_id),
    )
