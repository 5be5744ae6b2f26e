"""The bureau's lists: who stands on them at a day, and by which document."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select

from app.cells import write_separated
from app.clock import now, today
from app.database import db
from app.forms.bureau_registers import ConsentForm, EntryForm, KindForm, StateForm
from app.models import Course, Provider, RegisterEntry, RegisterKind, RegisterState
from app.models.place import DIVISIONS
from app.models.register import (
    FACTS,
    LEVELS,
    SORTS,
    VOID,
    Kind,
    entries_of,
    kind_of,
    kinds,
    standings,
)
from app.web.access import done, form_page, me, mine
from app.web.bureau import bp
from app.web.words import mask_name

COLUMNS = ("名单", "名称", "级别", "年份", "区县", "机构", "课程", "状态", "日期", "文号", "文件名称", "备注", "说明")


@bp.get("/registers")
def registers() -> str:
    """Every list, with how many entries stand in which state today."""
    return render_template("bureau/registers.html", kinds=kinds().values(), standings=standings(today()), SORTS=SORTS)


@bp.route("/registers/new", methods=["GET", "POST"])
def new_register() -> Any:
    form = KindForm()
    made = done(form, lambda: RegisterKind.add(form.name.data, form.sort.data, public=form.public.data))
    if made:
        flash(gettext("名单已建好，可以往里加了。"))
        return redirect(url_for(".register", kind=made.key), 303)
    return form_page("bureau/register_form.html", form)


@bp.get("/registers/<kind>")
def register(kind: str) -> str:
    """A list as it stood on a day; what had been taken off it stands below."""
    found, on = _kind(kind), _asked_day()
    rows = [(entry, entry.state_on(on)) for entry in entries_of(found.key)]
    standing = [(e, s) for e, s in rows if s is not None and s.state not in found.sort.out]
    return render_template(
        "bureau/register.html",
        kind=found,
        on=on,
        standing=standing,
        ended=[(e, s) for e, s in rows if s is not None and s.state in found.sort.out],
        waiting=[e for e, s in rows if s is None],
        LEVELS=LEVELS,
        shown_name=shown_name,
    )


@bp.get("/registers/<kind>/entries.csv")
def register_file(kind: str) -> Response:
    """Every row that the list's history holds: one line for each state that stands."""
    found, file = _kind(kind), io.BytesIO()
    write_separated(file, COLUMNS, (line for entry in entries_of(found.key) for line in _lines(found, entry)))
    answer = Response(file.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.key}.csv"'
    return answer


@bp.route("/registers/<kind>/entries/new", methods=["GET", "POST"])
def new_entry(kind: str) -> Any:
    found = _kind(kind)
    form = _entry_form(found, None)

    def add() -> RegisterEntry:
        entry = RegisterEntry.add(found, by=me(), at=now(), **form.facts())
        return _link(entry, form)

    if made := done(form, add):
        flash(gettext("已加入名单。请接着登记它的状态和依据的文件。"))
        return redirect(url_for(".register_entry", entry_id=made.id), 303)
    return form_page("bureau/register_entry_form.html", form, kind=found, entry=None)


@bp.get("/register-entries/<int:entry_id>")
def register_entry(entry_id: int) -> Any:
    entry = mine(RegisterEntry, entry_id)
    return _entry_page(entry, StateForm.of(entry.list_kind, replacing=False), ConsentForm())


@bp.route("/register-entries/<int:entry_id>/description", methods=["GET", "POST"])
def entry_description(entry_id: int) -> Any:
    entry = mine(RegisterEntry, entry_id)
    form = _entry_form(entry.list_kind, entry)

    def describe() -> RegisterEntry:
        entry.describe(by=me(), at=now(), day=today(), **form.facts())
        return _link(entry, form)

    if done(form, describe):
        flash(gettext("已更正，原来的内容留在记录里。"))
        return redirect(url_for(".register_entry", entry_id=entry.id), 303)
    return form_page("bureau/register_entry_form.html", form, kind=entry.list_kind, entry=entry)


@bp.post("/register-entries/<int:entry_id>/states")
def entry_state(entry_id: int) -> Any:
    entry = mine(RegisterEntry, entry_id)
    form = StateForm.of(entry.list_kind, replacing=False)
    if done(form, lambda: entry.set_state(**form.facts(), by=me(), at=now(), day=today())):
        flash(gettext("状态已登记。"))
        return redirect(url_for(".register_entry", entry_id=entry.id), 303)
    return _entry_page(entry, form, ConsentForm(formdata=None))


@bp.route("/register-entries/<int:entry_id>/states/<int:state_id>/correction", methods=["GET", "POST"])
def state_correction(entry_id: int, state_id: int) -> Any:
    entry = mine(RegisterEntry, entry_id)
    row = mine(RegisterState, state_id, entry_id=entry.id, aspect="standing")
    form = StateForm.of(entry.list_kind, replacing=True)

    def replace() -> RegisterState:
        return entry.set_state(**form.facts(), by=me(), at=now(), day=today(), replaces=row)

    if done(form, replace):
        flash(gettext("已更正，原来的一条留在记录里。"))
        return redirect(url_for(".register_entry", entry_id=entry.id), 303)
    return form_page("bureau/register_correction.html", form, entry=entry, row=row, shown_name=shown_name)


@bp.post("/register-entries/<int:entry_id>/consent")
def entry_consent(entry_id: int) -> Any:
    return _consent(entry_id, True)


@bp.post("/register-entries/<int:entry_id>/consent-withdrawal")
def entry_consent_withdrawal(entry_id: int) -> Any:
    return _consent(entry_id, False)


def shown_name(kind: Kind, entry: RegisterEntry) -> str:
    """A person's name masked as on all of the bureau's pages, unless they let everybody see it."""
    return mask_name(entry.name) if kind.of_people and not entry.is_consented(today()) else entry.name


def _consent(entry_id: int, given: bool) -> Any:
    entry = mine(RegisterEntry, entry_id)
    if not entry.list_kind.of_people:
        abort(404)
    form = ConsentForm()
    said = {"document_name": form.consent_document.data or "", "by": me(), "at": now(), "day": today()}
    if done(form, lambda: entry.consent(given, form.consent_on.data, **said)):
        flash(gettext("已登记，公开页上现在看得到。") if given else gettext("已登记，公开页上不再显示。"))
        return redirect(url_for(".register_entry", entry_id=entry.id), 303)
    return _entry_page(entry, StateForm.of(entry.list_kind, replacing=False), form, blamed=form)


def _entry_page(entry: RegisterEntry, form: StateForm, consent: ConsentForm, blamed: Any = None) -> Any:
    kind = entry.list_kind
    return form_page(
        "bureau/register_entry.html",
        blamed or form,
        entry=entry,
        kind=kind,
        state=entry.state_on(today()),
        consented=entry.is_consented(today()),
        replaced={row.replaces_id for row in entry.history},
        history=list(reversed(entry.history)),
        state_form=form,
        consent=consent,
        LEVELS=LEVELS,
        FACTS=FACTS,
        VOID=VOID,
        shown_name=shown_name,
    )


def _entry_form(kind: Kind, entry: RegisterEntry | None) -> EntryForm:
    providers = db.session.execute(select(Provider.id, Provider.name).order_by(Provider.name, Provider.id))
    courses = db.session.execute(
        select(Course.id, Course.title, Provider.name.label("provider"))
        .join(Provider, Provider.id == Course.provider_id)
        .order_by(Provider.name, Course.title)
    )
    return EntryForm.about(kind, entry, providers, courses)


def _link(entry: RegisterEntry, form: EntryForm) -> RegisterEntry:
    if "mobile" in form and form.mobile.number:
        entry.link_person(form.mobile.number)
    return entry


def _kind(key: str) -> Kind:
    found = kind_of(key)
    if found is None:
        abort(404)
    return found


def _asked_day() -> date:
    try:
        return date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return today()


def _lines(kind: Kind, entry: RegisterEntry) -> list[list[Any]]:
    """What an entry is, once for each state of its that was not put right later."""
    about = [
        kind.label, shown_name(kind, entry), LEVELS.get(entry.level, ""), entry.year or "",
        DIVISIONS.get(entry.division_code, ""), entry.provider.name if entry.provider else "",
        entry.course.title if entry.course else "",
    ]  # fmt: skip
    return [
        [*about, row.label, row.since_on.isoformat(), row.document, row.document_name, row.note, entry.note]
        for row in entry.standing_rows()
    ] or [[*about, "", "", "", "", "", entry.note]]
