"""What stands behind a figure: sign-ups, certificates, group visits; and behind a sign-up: its roll calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import abort, render_template, request, url_for
from sqlalchemy import select

from app.counts import DIMENSIONS, MEASURES, Figures, lists
from app.counts.activities import activities, listed
from app.counts.dimensions import EVERY
from app.counts.files import HEADINGS
from app.counts.rows import ELDERLY
from app.counts.rungs import Ruling
from app.database import db
from app.forms.bureau import FigureForm
from app.models import (
    Certificate,
    Course,
    Enrolment,
    LedgerBatch,
    LedgerChange,
    Lesson,
    Mark,
    Offering,
    Programme,
    Provider,
    Transfer,
)
from app.models.group_booking import REASONS, WAYS, GroupBooking, bookings_of
from app.models.person import SEXES
from app.models.place import DIVISIONS
from app.models.rules import AGE_BANDS, CATEGORIES, COUNTED, HOUR_BANDS, NAMELESS, RULE_SET, RUNGS, UNKNOWN
from app.refusal import N_
from app.web.access import asked_page, mine
from app.web.bureau import bp, counted
from app.web.bureau.kept import kept, peek
from app.web.bureau.tables import span_name
from app.web.bureau.years import require_year
from app.web.words import gettext

PER_PAGE = 50
MANY = 5000  # people: fewer are sorted sooner than found one after the other
NOBODY = {UNKNOWN: N_("未知"), NAMELESS: N_("集体（没有名字）")}
OF_PEOPLE = ("persons", "persons_max", "person_times", "completions")  # each row is somebody
BOOKS = {"on_the_books": N_("在册人数"), "on_the_books_attended": N_("在册，其中到课")}


@bp.get("/years/<int:year>/sign-ups")
def sign_ups(year: int) -> str:
    require_year(year)
    form = FigureForm(request.args)
    measure = form.measure.data or "person_times"
    if not form.validate() or measure not in (*MEASURES, *BOOKS):
        abort(404)
    place = lists.Place(year, **form.row())
    page = form.page.data or 1
    if measure in BOOKS and place.category != ELDERLY:
        abort(404)
    if place.stands_elsewhere and measure not in OF_PEOPLE:
        abort(404)
    context = {"certificates": _certificates, "group_headcount": _groups}.get(measure, _sign_ups)(place, measure, page)
    if measure == "person_times_total":
        context["groups"] = db.session.execute(lists.groups(place)).all()
    is_row = measure in ("persons", "persons_max", "person_times") and not place.activity and not place.stands_elsewhere
    if place.category == ELDERLY and is_row:
        context["ages"] = kept(("ages", place), lambda: lists.elderly_ages(place))
        context["books"] = (
            None if not place.is_of_a_calendar_year else kept(("books", place), lambda: lists.books(place))
        )
    return render_template(
        "bureau/sign_ups.html",
        year=year,
        place=place,
        span_name=span_name(place.span),
        of=_of(place),
        measure=measure,
        HEADINGS={**HEADINGS, **BOOKS},
        page=page,
        page_url=lambda n: url_for("bureau.sign_ups", year=year, **form.address(), page=n),
        **context,
    )


def _of(place: lists.Place) -> str:
    """The row in words; empty: the city."""
    told = [
        (place.category, CATEGORIES), (place.division, DIVISIONS), (place.unit, DIVISIONS), (place.size, HOUR_BANDS),
        (place.sex, SEXES | NOBODY), (place.age, AGE_BANDS | NOBODY), (place.home, DIVISIONS | NOBODY),
    ]  # fmt: skip
    words = [gettext(names[key]) for key, names in told if key]
    if place.unit:
        words.append(gettext("（填报单位）"))
    for provider_id in (place.provider, place.also_provider):
        if provider_id:
            words.append(mine(Provider, provider_id).name)
    if place.partner:
        words.append(gettext("%(provider)s参与", provider=mine(Provider, place.partner).name))
    if place.programme:
        words.append(mine(Programme, place.programme).name)
    if place.course:
        words.append(mine(Course, place.course).title)
    if place.also_category:
        words.append(gettext("也在%(category)s", category=gettext(CATEGORIES[place.also_category])))
    if place.month:
        words.append(gettext("%(n)s 月", n=place.month))
    if place.within:
        words.append(place.within)
    if place.activity:
        words.append(gettext("活动（不计培训）"))
    if place.rung != COUNTED:
        words.append(gettext(RUNGS[place.rung]))
    return " · ".join(words)


@bp.get("/sign-ups/<int:enrolment_id>")
def sign_up(enrolment_id: int) -> str:
    """One sign-up: its dates, and each mark with author and time, or the ledger row it came from."""
    found = mine(Enrolment, enrolment_id)
    return render_template(
        "bureau/sign_up.html",
        enrolment=found,
        marks=_marks(found),
        told=_ledger_rows(found),
        certificates=db.session.scalars(select(Certificate).where(Certificate.enrolment_id == found.id)).all(),
    )


@bp.get("/offerings/<int:offering_id>/group-visits")
def group_visits(offering_id: int) -> str:
    """The visits from which an offering's head-count was read."""
    found = mine(Offering, offering_id)
    return render_template(
        "bureau/group_visits.html",
        offering=found,
        visits=lists.visits_of(found),
        bookings=bookings_of(found),
        standings=GroupBooking.standings(found),
        REASONS=REASONS,
        WAYS=WAYS,
    )


@bp.get("/years/<int:year>/activities")
def year_activities(year: int) -> str:
    """The activities behind the year's table of them (R15), of one category where it is asked for."""
    require_year(year)
    page, category = asked_page(), request.args.get("category") or None
    if category is not None and category not in CATEGORIES:
        abort(404)
    query = activities(year, category)
    count = lists.size(query)
    return render_template(
        "bureau/year_activities.html", year=year, category=category, rule_set=RULE_SET, count=count, page=page,
        rows=listed(_slice(query, count, page)), pages=_pages(count), HEADINGS=HEADINGS,
        page_url=lambda n: url_for("bureau.year_activities", year=year, category=category, page=n),
    )  # fmt: skip


@bp.get("/years/<int:year>/groups")
def year_groups(year: int) -> str:
    """Every booking of a group to an offering of that year: does it count, and if not, why not?"""
    require_year(year)
    page = asked_page()
    listed = lists.bookings(year)
    count = lists.size(listed)
    found = list(db.session.scalars(_slice(listed, count, page)))
    standings: dict[int, Any] = {}
    for offering in {booking.offering for booking in found}:
        standings |= GroupBooking.standings(offering)
    return render_template(
        "bureau/year_groups.html", year=year, bookings=found, standings=standings, REASONS=REASONS, count=count,
        page=page, pages=_pages(count), page_url=lambda n: url_for("bureau.year_groups", year=year, page=n),
    )  # fmt: skip


def _sign_ups(place: lists.Place, measure: str, page: int) -> dict[str, Any]:
    kind = {"persons_max": "persons", "person_times_total": "person_times"}.get(measure, measure)
    if measure in BOOKS:
        return _on_the_books(place, measure, page)
    count, people, hours = _sizes(place, kind)
    gone = _gone(place, kind)
    first = (page - 1) * PER_PAGE
    if kind == "persons" and (people or 0) > MANY and place.may_walk:
        ahead = kept(("in front", place), lambda: lists.size(lists.in_front(place, gone)))
        found = lists.people(place, gone, ahead, first, PER_PAGE + 1)
    else:
        listed = lists.sign_ups(place, kind, gone)
        found = list(db.session.execute(listed.limit(PER_PAGE + 1).offset(first)))
    if page > 1 and not found:
        abort(404)
    return _shown(found[:PER_PAGE]) | {
        "count": len(found) if count is None else count,
        "people": people,
        "hours": hours,
        "pages": None if count is None else _pages(count),
        "more": len(found) > PER_PAGE,
    }


def _on_the_books(place: lists.Place, measure: str, page: int) -> dict[str, Any]:
    listed = lists.on_the_books(place, attended=measure != "on_the_books")
    count, people, _ = lists.sums(listed)
    return _shown(db.session.execute(_slice(listed, count, page)).all()) | {
        "count": count,
        "people": people,
        "pages": _pages(count),
    }


def _shown(found: Sequence[Any]) -> dict[str, Any]:
    enrolments = loaded([row.enrolment_id for row in found])
    return {
        "rows": [
            {
                "enrolment": enrolments[row.enrolment_id],
                "identity": row.identity,
                "amount": Decimal(row.amount) / 100,
                "month": row.day,
            }
            for row in found
        ]
    }


def _sizes(place: lists.Place, kind: str) -> tuple[int | None, int, Decimal]:
    """Rows, people and class hours of a whole list: from the year's table where it is one of its cells.

    Counting them takes longer than a page of the list; so hours have no number of rows there.
    """
    figures = _cell(place)
    if figures is not None:
        rows = {"completions": figures.completions, "class_hours": None}.get(kind, figures.person_times)
        return rows, figures.persons_max, figures.class_hours
    key = "person_times" if kind == "persons" else kind
    rows, people, amount = kept(
        ("sizes", place, key), lambda: lists.sums(lists.sign_ups(place, key, lists.gone(place, key)))
    )
    return rows, people, Decimal(amount) / 100


def _cell(place: lists.Place) -> Figures | None:
    """The figure that opened the list, where its table is kept or is the year's own."""
    told = {name: key for name in DIMENSIONS if (key := getattr(place, name)) is not None}
    if len(told) > 1 or place != lists.Place(place.year, **told):
        return _cell_of_table(place)
    year = counted.year_of(place.year)
    if not told:
        return year.total
    [(by, key)] = told.items()
    return next((row.figures for row in year.tables[by] if row.key == key), None)


def _cell_of_table(place: lists.Place) -> Figures | None:
    told = {by: key for by in EVERY if by not in ("month", "year") and (key := getattr(place, by)) is not None}
    if place.within:
        told["month" if "-" in place.within else "year"] = place.within
    category = told.pop("category") if len(told) == 2 and "category" in told else None
    if len(told) != 1:
        return None
    [(by, key)] = told.items()
    row = {"within" if by in ("month", "year") else by: key}
    asked = lists.Place(place.year, basis=place.basis, rung=place.rung)
    told_again: dict[str, Any] = {"category": category} | row
    if place != replace(asked, **told_again):
        return None
    table = peek(("tally", place.span, by, Ruling(place.rung), category))
    return next((row.figures for row in table.rows if row.key == key), None) if table else None


def _gone(place: lists.Place, kind: str) -> list[int]:
    rung = "hours" if kind == "class_hours" else "completed" if kind == "completions" else place.rung
    return kept(("gone", place.span, rung), lambda: lists.gone(place, kind))


def _certificates(place: lists.Place, measure: str, page: int) -> dict[str, Any]:
    listed = lists.certificates(place)
    count = lists.size(listed)
    found = list(db.session.scalars(_slice(listed, count, page)))
    loaded([certificate.enrolment_id for certificate in found])
    return {"certificates": found, "count": count, "pages": _pages(count)}


def _groups(place: lists.Place, measure: str, page: int) -> dict[str, Any]:
    found = db.session.execute(lists.groups(place)).all()
    return {"groups": found, "count": len(found), "pages": 1}


def _pages(count: int) -> int:
    return max(1, -(-count // PER_PAGE))


def _slice(listed: Any, count: int, page: int) -> Any:
    if page > _pages(count):
        abort(404)
    return listed.limit(PER_PAGE).offset((page - 1) * PER_PAGE)


def loaded(ids: list[int]) -> dict[int, Enrolment]:
    """These sign-ups with their people and offerings, in one query."""
    found = db.session.scalars(
        select(Enrolment)
        .where(Enrolment.id.in_(ids))
        .options(
            db.joinedload(Enrolment.person),
            db.joinedload(Enrolment.offering).options(db.joinedload(Offering.course), db.joinedload(Offering.provider)),
        )
    )
    return {enrolment.id: enrolment for enrolment in found}


def _marks(enrolment: Enrolment) -> list[tuple[Lesson, list[Mark]]]:
    """Per lesson all that was said, the latest first."""
    found = db.session.execute(
        select(Lesson, Mark)
        .join(Mark, Mark.lesson_id == Lesson.id)
        .where(Mark.enrolment_id.in_(Transfer.behind(enrolment.id)))
        .options(db.joinedload(Mark.marked_by))
        .order_by(Lesson.held_on, Lesson.begins, Lesson.id, Mark.marked_at.desc(), Mark.id.desc())
    )
    told: dict[int, tuple[Lesson, list[Mark]]] = {}
    for lesson, mark in found:
        told.setdefault(lesson.id, (lesson, []))[1].append(mark)
    return list(told.values())


def _ledger_rows(enrolment: Enrolment) -> list[tuple[LedgerBatch, int]]:
    """The ledgers that made or changed a sign-up, with the number of the row."""
    return [
        (batch, number)
        for batch, number in db.session.execute(
            select(LedgerBatch, LedgerChange.row_number)
            .join(LedgerChange, LedgerChange.batch_id == LedgerBatch.id)
            .where(
                LedgerChange.table_name == "enrolment",
                LedgerChange.row_key == str(enrolment.id),
                LedgerChange.undone.is_(False),
            )
            .order_by(LedgerChange.id)
        )
    ]
