"""Who is the same as whom: the open candidate pairs, what deciding one would change, and taking it back (R20)."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from app.clock import now
from app.counts import candidates, merging
from app.database import db
from app.forms.bureau_people import DecisionForm, UndoingForm
from app.models import CandidatePair, Enrolment, Offering, PairDecision, Person
from app.models.pair_decision import VERDICTS
from app.web.access import asked_page, done, form_page, me, mine
from app.web.bureau import bp
from app.web.words import gettext

PER_PAGE = 50


@bp.get("/pairs")
def pairs() -> str:
    count, page = candidates.how_many(), asked_page()
    if page > max(1, -(-count // PER_PAGE)):
        abort(404)
    return render_template(
        "bureau/pairs.html",
        pairs=candidates.open_pairs(page, PER_PAGE),
        count=count,
        decided=db.session.scalar(select(func.count()).select_from(PairDecision)),
        page=page,
        pages=-(-count // PER_PAGE),
        page_url=lambda n: url_for(".pairs", page=n),
    )


@bp.get("/pair-decisions")
def pair_decisions() -> str:
    """All that was ever decided, the latest first, with what was taken back."""
    count, page = db.session.scalar(select(func.count()).select_from(PairDecision)) or 0, asked_page()
    if page > max(1, -(-count // PER_PAGE)):
        abort(404)
    found = select(PairDecision).order_by(PairDecision.id.desc()).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    return render_template(
        "bureau/pair_decisions.html",
        decisions=db.session.scalars(found).all(),
        page=page,
        pages=-(-count // PER_PAGE),
        page_url=lambda n: url_for(".pair_decisions", page=n),
    )


@bp.get("/pairs/<int:one_id>/<int:other_id>")
def pair(one_id: int, other_id: int) -> Any:
    return _pair_page(_pair(one_id, other_id), DecisionForm())


@bp.post("/pairs/<int:one_id>/<int:other_id>/decision")
def decide_pair(one_id: int, other_id: int) -> Any:
    found, form = _pair(one_id, other_id), DecisionForm()
    decision = done(form, lambda: PairDecision.make(found, form.verdict.data, form.reason.data, by=me(), at=now()).id)
    if decision is None:
        return _pair_page(_pair(one_id, other_id), form)
    flash(gettext("已判定：%(verdict)s。随时可以撤销。", verdict=gettext(VERDICTS[form.verdict.data])))
    return _onward(decision)


@bp.get("/pair-decisions/<int:pair_decision_id>")
def pair_decision(pair_decision_id: int) -> Any:
    return _decision_page(mine(PairDecision, pair_decision_id), UndoingForm())


@bp.post("/pair-decisions/<int:pair_decision_id>/undoing")
def undo_pair_decision(pair_decision_id: int) -> Any:
    decision, form = mine(PairDecision, pair_decision_id), UndoingForm()
    if done(form, lambda: decision.undo(form.reason.data, by=me(), at=now())):
        flash(gettext("已撤销，数字回到判定以前。"))
        return _onward(pair_decision_id)
    return _decision_page(mine(PairDecision, pair_decision_id), form)


def _onward(decision_id: int) -> Response:
    return redirect(url_for(".pair_decision", pair_decision_id=decision_id), 303)


def _pair(one_id: int, other_id: int) -> CandidatePair:
    found = db.session.get(CandidatePair, (one_id, other_id), populate_existing=True)
    if found is None:
        abort(404)
    return found


def _pair_page(found: CandidatePair, form: Any) -> Any:
    a, b = (db.session.get_one(Person, i) for i in (found.a_id, found.b_id))
    is_open = found.decision is None and a.identity != b.identity
    return form_page(
        "bureau/pair.html",
        form,
        # Other records of the same human being stand beside each of the two.
        sides=[(x, _loaded(Enrolment.person_id.in_(Person.ids_of(x.identity)))) for x in (a, b)],
        reasons=candidates.reasons(a, b),
        is_open=is_open,
        decisions=PairDecision.of(a.id, b.id),
        **_effect(found.a_id, found.b_id, "same" if is_open else None, is_open),
    )


def _decision_page(decision: PairDecision, form: Any) -> Any:
    return form_page(
        "bureau/pair_decision.html",
        form,
        decision=decision,
        sides=[(person, _loaded(Enrolment.person_id == person.id)) for person in (decision.a, decision.b)],
        **_effect(decision.a_id, decision.b_id, None, decision.undone_at is None),
    )


def _effect(a_id: int, b_id: int, verdict: str | None, wanted: bool) -> dict[str, Any]:
    """What deciding so would change, with the sign-ups that become one."""
    if not wanted:
        return {"effect": None, "sign_ups": {}}
    effect = merging.effect((a_id, b_id), verdict)
    ids = [i for collapse in effect.collapses for i in collapse.enrolment_ids] + list(effect.taught)
    return {"effect": effect, "sign_ups": {row.id: row for row in _loaded(Enrolment.id.in_(ids))} if ids else {}}


def _loaded(condition: Any) -> list[Enrolment]:
    """The latest of these sign-ups first, no more than a page can show."""
    return list(
        db.session.scalars(
            select(Enrolment)
            .where(condition)
            .options(
                db.joinedload(Enrolment.person),
                db.joinedload(Enrolment.offering).options(
                    db.joinedload(Offering.course), db.joinedload(Offering.provider)
                ),
            )
            .order_by(Enrolment.applied_on.desc(), Enrolment.id.desc())
            .limit(100)
        )
    )
