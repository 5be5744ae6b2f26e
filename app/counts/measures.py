"""How the figure of a target comes about, one function a measure: computed, counted from lists, or reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from app.counts import listed, lists, schools
from app.counts.judging import Sentence
from app.counts.measured import Measured, Part, Source, sign_ups
from app.counts.reader import Reader
from app.counts.rows import ELDERLY, bounds
from app.database import db
from app.models import Course, Offering, Provider, ReportedFigure
from app.models.target import Target
from app.refusal import N_


def measure(target: Target, year: int, reader: Reader) -> Measured:
    """The figure of a target in a calendar year."""
    key = target.id, year
    if key not in reader.measured:
        found = MEASURED[target.measure](target, year, reader)
        reader.measured[key] = found if found.schools else _with_reported(target, year, reader, found)
    return reader.measured[key]


# -- what stands in a target's parameters ----------------------------------------


def _row(target: Target) -> tuple[dict[str, Any], Sentence | None]:
    """The row of the year's tables that a target is about; or why there is none."""
    told = target.parameters
    provider = 0
    if told.get("provider"):
        found = Provider.named(told["provider"])
        if found is None:
            return {}, (N_("登记册里还没有机构“%(name)s”"), {"name": told["provider"]})
        provider = found.id
    return {
        "category": told.get("category") or None,
        "division": told.get("division") or None,
        "provider": provider,
    }, None


# -- computed from sign-ups --------------------------------------------------------


def _person_times_total(target: Target, year: int, reader: Reader) -> Measured:
    row, missing = _row(target)
    if missing:
        return Measured(why=missing)
    times = reader.times(year, **row)
    notes: tuple[Sentence, ...] = ()
    parts = [
        Part(N_("人次（实名）"), Fraction(times.person_times), source=sign_ups(year, "person_times", row)),
        Part(N_("集体人数"), Fraction(times.group_headcount), source=sign_ups(year, "group_headcount", row)),
    ]
    if times.group_headcount:
        low, high = reader.persons(year, **row)
        high += times.group_headcount
        parts.append(Part(N_("人数"), Fraction(low), Fraction(high), sign_ups(year, "persons", row)))
        notes = (_nameless(low, high),)
    return Measured.of(
        times.total,
        basis=times.basis,
        source=sign_ups(year, "person_times_total", row),
        parts=tuple(parts),
        notes=notes,
    )


def _person_times(target: Target, year: int, reader: Reader) -> Measured:
    row, missing = _row(target)
    if missing:
        return Measured(why=missing)
    return Measured.of(reader.times(year, **row).person_times, source=sign_ups(year, "person_times", row))


def _persons(target: Target, year: int, reader: Reader) -> Measured:
    row, missing = _row(target)
    if missing:
        return Measured(why=missing)
    low, high = reader.persons(year, **row)
    nameless = reader.times(year, **row)
    why: Sentence | None = _in_pairs() if low != high else None
    if nameless.group_headcount:
        high += nameless.group_headcount
        why = _nameless(low, high)
    basis = "mixed" if nameless.groups_reported else "computed"
    return Measured.of(low, high, basis=basis, source=sign_ups(year, "persons", row), why=why)


def _nameless(low: int, high: int) -> Sentence:
    return (
        N_(
            "集体来的人没有名字：连同他们，人数在 %(low)s 到 %(high)s 之间，"
            "同一个人可能既有实名报名，又随集体来过（规则 R14）"
        ),
        {"low": f"{low:,}", "high": f"{high:,}"},
    )


def _in_pairs() -> Sentence:
    return N_("有疑似重复的记录还没有判定：少的把每一对当一个人，多的当两个人（规则 R20）"), {}


def _on_the_books(target: Target, year: int, reader: Reader) -> Measured:
    """在册人数 of one institution, the city's beside it (R1, R8)."""
    row, missing = _row(target)
    beside = _city_books(year, reader)
    if missing:
        return Measured(why=missing, parts=beside)
    own = reader.books(year, row["provider"])
    where = {"category": ELDERLY, "provider": row["provider"]}
    came = Part(
        N_("其中到过课"),
        Fraction(own.attended),
        Fraction(own.attended_max),
        sign_ups(year, "on_the_books_attended", where),
    )
    return Measured.of(
        own.persons,
        own.persons_max,
        source=sign_ups(year, "on_the_books", where),
        why=_in_pairs() if own.persons != own.persons_max else None,
        parts=(came, *beside) if row["provider"] else (came,),
    )


def _city_books(year: int, reader: Reader) -> tuple[Part, ...]:
    """Of the whole city, where the whole year is at hand: by itself it takes as long as all else together."""
    city = reader.city_books(year)
    if city is None:
        return ()
    where = sign_ups(year, "on_the_books", {"category": ELDERLY})
    return (Part(N_("全市在册"), Fraction(city.persons), Fraction(city.persons_max), where),)


def _sized(figure: str) -> Callable[[Target, int, Reader], Measured]:
    """Completions or certificates: the size of the list behind the figure."""

    def found(target: Target, year: int, reader: Reader) -> Measured:
        row, missing = _row(target)
        if missing:
            return Measured(why=missing)
        row = {**row, "system": target.parameters.get("system") or None} if figure == "certificates" else row
        filters: dict[str, Any] = {name: key or None for name, key in row.items()}
        place = lists.Place(year, **filters)
        behind = lists.certificates(place) if figure == "certificates" else lists.sign_ups(place, figure)
        return Measured.of(lists.size(behind), source=sign_ups(year, figure, row))

    return found


def _one_plus_x(target: Target, year: int, reader: Reader) -> Measured:
    """Certificates of the year; beside them standards on offer, candidates and passes (R19)."""
    system = {"system": "one_plus_x"}
    issued = lists.size(lists.certificates(lists.Place(year, system="one_plus_x")))
    start, end = bounds(year)
    on_offer = (
        select(func.count(Course.title_key.distinct()))
        .join(Offering, Offering.course_id == Course.id)
        .where(
            Offering.category == "certificate",
            Offering.published_at.is_not(None),
            Offering.cancelled_at.is_(None),
            Offering.starts_on <= end,
            Offering.ends_on >= start,
        )
    )
    parts = [Part(N_("当年开设的证书标准（按课程名称）"), Fraction(db.session.scalar(on_offer) or 0))]
    for kind, label in (("candidates", N_("参加考核")), ("passes", N_("考核通过"))):
        figures = reader.reported(kind, year)
        total = sum((Fraction(figure.value) for figure in figures), Fraction(0)) if figures else None
        parts.append(Part(label, total, source=Source("reported", {"kind": kind, "year": year})))
    return Measured.of(issued, source=sign_ups(year, "certificates", system), parts=tuple(parts))


# -- reported -------------------------------------------------------------------------


def _reported_alone(target: Target, year: int, reader: Reader) -> Measured:
    undecided = N_("比例未定：还没有定它的文件") if target.unit == "%" else N_("还没有上报")
    return Measured(basis="reported", why=(undecided, {}))


def _with_reported(target: Target, year: int, reader: Reader, found: Measured) -> Measured:
    """A figure reported for the whole year stands in place of what was computed; one from outside is added."""
    whole = [figure for figure in reader.reported("target", year) if figure.target_id == target.id]
    besides = [figure for figure in reader.reported("besides", year) if figure.target_id == target.id]
    source = Source("reported", {"target": target.code, "year": year})
    if whole:
        return _reported_whole(target, whole, source, found)
    if not besides or found.low is None or found.high is None:
        return found
    more = sum((Fraction(figure.value) for figure in besides), Fraction(0))
    part = Part(N_("登记册以外，上报"), more, source=source)
    own = Part(N_("登记册里，系统计算"), found.low, found.high, found.source)
    of_people = target.measure in ("persons", "on_the_books")
    low = max(found.low, more) if of_people else found.low + more
    return replace(
        found,
        low=low,
        high=found.high + more,
        basis="mixed" if found.high else "reported",
        document="；".join(dict.fromkeys(figure.document for figure in besides if figure.document)),
        why=(N_("登记册里的人和另外上报的人可能是同一些人（规则 R14）"), {}) if of_people else found.why,
        parts=(own, part, *found.parts),
    )


def _reported_whole(target: Target, whole: list[ReportedFigure], source: Source, found: Measured) -> Measured:
    city = next((figure for figure in whole if figure.provider_id is None), None)
    told = [city] if city else whole
    documents = [figure.document for figure in told]
    each = tuple(
        Part(figure.provider.name, Fraction(figure.value), source=source) for figure in whole if figure.provider
    )
    beside = () if found.low is None else (Part(N_("系统里算出"), found.low, found.high, found.source),)
    document = "；".join(dict.fromkeys(filter(None, documents)))
    base = Measured(basis="reported", source=source, parts=(*beside, *each), document=document)
    if target.unit == "%" and city is None and len(told) > 1:
        return replace(base, why=(N_("各机构的比例不相加，见下面各行"), {}))
    value = sum((Fraction(figure.value) for figure in told), Fraction(0))
    if not all(documents):
        return replace(base, low=value, high=value, unsourced=True)
    return replace(base, low=value, high=value)


MEASURED: dict[str, Callable[[Target, int, Reader], Measured]] = {
    "person_times_total": _person_times_total,
    "person_times": _person_times,
    "persons": _persons,
    "on_the_books": _on_the_books,
    "completions": _sized("completions"),
    "certificates": _sized("certificates"),
    "one_plus_x": _one_plus_x,
    "school_ratio": schools.school_ratio,
    "school_share": schools.school_share,
    "register": listed.in_state,
    "register_share": listed.share,
    "per_county": listed.per_county,
    "reported": _reported_alone,
}
