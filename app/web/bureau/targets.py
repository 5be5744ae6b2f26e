"""The targets of a year: figure, verdict, the way to its rows; and what the bureau changes of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from wtforms import SelectChoice

from app.clock import now, today
from app.counts import lists
from app.counts.files import BASES
from app.counts.judging import VERDICTS, shown
from app.counts.lists import Ages
from app.counts.measured import FIRST_YEAR, Source
from app.counts.pairs import OnTheBooks
from app.counts.reader import attested_years
from app.counts.rows import ELDERLY
from app.counts.targets import Row, history, mean_of_rows, target_rows
from app.database import db, writing
from app.forms.bureau_targets import PolicyForm, TargetEndForm, TargetForm
from app.models import PolicyDocument, Provider, ReportedFigure, Target, TargetChange
from app.models.register import kinds
from app.models.target import COMPARATORS, MEASURES, PERIODS, UNITS, load_plan, the_plan
from app.refusal import N_
from app.web.access import done, form_page, me
from app.web.bureau import bp, counted
from app.web.bureau.kept import kept
from app.web.bureau.years import require_year

# What a change may have changed, in words.
LABELS = {
    "name": N_("名称"), "clause": N_("条款"), "words": N_("原文"), "modal": N_("原文的动词"), "unit": N_("单位"),
    "comparator": N_("比较"), "value": N_("目标值"), "value_max": N_("目标值上端"), "scope": N_("范围"),
    "period": N_("期限"), "from_year": N_("从哪年起判定"), "due_on": N_("到期日"), "measure": N_("怎样算"),
    "parameters": N_("只算哪些"), "reading": N_("采用的读法"), "ambiguity": N_("还有歧义的地方"),
    "valid_from": N_("启用日期"), "valid_to": N_("停用日期"),
}  # fmt: skip


@bp.get("/targets")
def targets() -> str:
    year = asked_year()
    rows = kept(("targets", year, today()), lambda: _on_their_own(target_rows(year, today(), counted.year_of)))
    return render_template("bureau/targets.html", year=year, rows=rows, years=years(), **words())


@bp.post("/targets")
def load_targets() -> Any:
    """Add those of 吉市政办发〔2022〕33号 that are missing."""
    with writing():
        added = load_plan(the_plan(), now())
    flash(gettext("已载入 %(n)s 个指标。", n=added))
    return redirect(url_for(".targets"), 303)


@bp.get("/targets/<code>")
def target(code: str) -> str:
    year, last = asked_year(), max(asked_year(), today().year)
    _target(code)
    key = ("target", code, last, today())
    rows = kept(key, lambda: _on_their_own(history(_target(code), last, today())))
    row = next((row for row in rows if row.year == year), None) or abort(404)
    city, ages = _beside_books(row)
    found = _target(code)
    return render_template(
        "bureau/target.html",
        target=found,
        year=year,
        row=row,
        rows=rows,
        mean=mean_of_rows(rows),
        attested=attested_years(),
        city=city,
        ages=ages,
        changes=_changes(found),
        years=[row.year for row in rows],
        **words(),
    )


@bp.route("/targets/new", methods=["GET", "POST"])
def new_target() -> Any:
    form = _with_choices(TargetForm())

    def add() -> Target:
        facts = form.facts()
        document = db.session.get_one(PolicyDocument, facts.pop("document_id"))
        return Target.add(document, facts, by=me(), at=now())

    made = done(form, add)
    if made:
        flash(gettext("指标已新增。"))
        return redirect(url_for(".target", code=made.code), 303)
    return form_page("bureau/target_form.html", form, target=None)


@bp.route("/targets/<code>/description", methods=["GET", "POST"])
def target_description(code: str) -> Any:
    found = _target(code)
    form = TargetForm(obj=found, data=found.parameters)
    del form.code
    _with_choices(form, found)
    if done(form, lambda: _target(code).change(form.facts(), by=me(), at=now())):
        flash(gettext("指标已保存，原来的内容留在下面的变更里。"))
        return redirect(url_for(".target", code=code), 303)
    return form_page("bureau/target_form.html", form, target=found)


@bp.route("/targets/<code>/end", methods=["GET", "POST"])
def target_end(code: str) -> Any:
    found = _target(code)
    form = TargetEndForm()
    if done(form, lambda: _target(code).end(form.valid_to.data, by=me(), at=now())):
        flash(gettext("指标已停用。"))
        return redirect(url_for(".target", code=code), 303)
    return form_page("bureau/target_end.html", form, target=found)


@bp.route("/policies/new", methods=["GET", "POST"])
def new_policy() -> Any:
    form = PolicyForm()
    if done(form, lambda: PolicyDocument.add(**form.facts())):
        flash(gettext("文件已登记，可以给它新增指标了。"))
        return redirect(url_for(".new_target"), 303)
    return form_page("bureau/policy_form.html", form)


def asked_year() -> int:
    """The year in the address, or this one."""
    asked = request.args.get("year", type=int) or today().year
    require_year(asked)
    return asked


def years() -> range:
    return range(FIRST_YEAR, today().year + 1)


def words() -> dict[str, Any]:
    return {
        "BASES": BASES,
        "VERDICTS": VERDICTS,
        "COMPARATORS": COMPARATORS,
        "PERIODS": PERIODS,
        "MEASURES": MEASURES,
        "opens": opens,
        "line": line_of,
        "bar": bar,
        "unit": unit,
    }


def opens(source: Source | None) -> str | None:
    """The address of the rows behind a figure."""
    if source is None:
        return None
    return url_for(
        {"sign_ups": ".sign_ups", "reported": ".reported", "register": ".register"}[source.kind], **source.where
    )


def line_of(of: Target) -> str:
    """The threshold in words, with its unit."""
    if of.value is None:
        return gettext("没有数字")
    number = shown(Fraction(of.value), of)
    if of.value_max is not None:
        number = f"{number}–{shown(Fraction(of.value_max), of)}"
    said = {
        "at_least": gettext("不低于 %(n)s", n=number),
        "more_than": gettext("超过 %(n)s", n=number),
        "at_most": gettext("不超过 %(n)s", n=number),
        "less_than": gettext("低于 %(n)s", n=number),
    }.get(of.comparator, gettext("%(n)s 左右", n=number))
    return f"{said} {unit(of)}"


def unit(of: Target | ReportedFigure) -> str:
    """In the reader's language; a sign like % is no sentence."""
    return gettext(of.unit) if of.unit in UNITS else of.unit


def bar(row: Row) -> tuple[float, float] | None:
    """Of a bar of 100: how far it is filled, and where the line stands; longer figures fill it."""
    share = row.share_of_line
    if share is None:
        return None
    return round(min(100.0, float(share) * 75), 1), 75


def _target(code: str) -> Target:
    return Target.coded(code) or abort(404)


def _beside_books(row: Row) -> tuple[OnTheBooks | None, tuple[Ages, Ages] | None]:
    """For 在册人数 of one institution: the city's, and who of those that came is 60 or more (R16)."""
    name = row.target.parameters.get("provider")
    if row.target.measure != "on_the_books" or not name:
        return None, None
    city, provider = counted.year_of(row.year).books, Provider.named(name)
    if provider is None:
        return city, None
    place = lists.Place(row.year, category=ELDERLY, provider=provider.id)
    return city, kept(("ages", place), lambda: lists.elderly_ages(place))


def _changes(of: Target) -> list[tuple[TargetChange, list[tuple[str, str]]]]:
    """Every change, the latest first, with what was written there before it."""
    after, told = of.facts(), []
    for change in TargetChange.of(of):
        before = change.before
        told.append(
            (change, [(LABELS[name], before[name]) for name in LABELS if before and before[name] != after[name]])
        )
        after = before
    return told


def _on_their_own(rows: list[Row]) -> list[Row]:
    """Kept beyond the request: the session that read them lets them go, and expires nothing of them."""
    for thing in {each for row in rows for each in (row.target, row.target.document)}:
        db.session.expunge(thing)
    return rows


def _with_choices(form: Any, of: Target | None = None) -> Any:
    """What there is to choose from; a name that a target already has stays, known or not."""
    form.document_id.choices = [(str(each.id), each.number) for each in PolicyDocument.every()]
    names = list(db.session.scalars(select(Provider.name).order_by(Provider.name)))
    told = (of.parameters if of else {}).get("provider")
    if told and told not in names:
        names.append(told)
    every = kinds().values()
    form.register.choices = [("", gettext("不用名单")), *((kind.key, gettext(kind.label)) for kind in every)]
    states = {state: label for kind in every for state, label in kind.states.items() if state not in kind.sort.out}
    form.state.choices = [("", gettext("不用名单")), *((state, gettext(label)) for state, label in states.items())]
    form.provider.choices = [SelectChoice("", gettext("不限")), *((name, name) for name in names)]
    return form
