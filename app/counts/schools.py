"""Measures that are taken school by school: every one is listed, each is judged by itself (R18)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from app.counts.judging import Sentence
from app.counts.measured import Measured, School, Source, sign_ups
from app.counts.reader import Reader
from app.models import Provider, ReportedFigure
from app.models.provider import SCHOOLS
from app.models.register import entries_in, kind_of
from app.models.target import Target
from app.refusal import N_


def school_ratio(target: Target, year: int, reader: Reader) -> Measured:
    """Person-times of each school to its full-time students on 1 September (R18); only listed ones are judged."""
    listed = _listed_schools(target, year, reader)
    enrolment = _by_provider(reader.reported("enrolment", year))
    own = _by_provider(reader.reported("own_students", year))
    schools = []
    for provider in _schools(reader, {*listed, *enrolment}):
        times = reader.times(year, provider=provider.id)
        students, of_own = enrolment.get(provider.id), own.get(provider.id)
        inside = Fraction(times.total)
        outside = inside - Fraction(of_own.value) if of_own else inside
        flags: list[Sentence] = []
        if students is None or not students.value:
            flags.append((N_("缺 %(year)s 年 9 月 1 日在校生数"), {"year": year}))
        elif not students.document:
            flags.append((N_("在校生数没有来源"), {}))
        if of_own is None:
            flags.append((N_("本校学生的人次没有上报，按 0 计"), {}))
        elif outside < 0:
            flags.append((N_("本校学生的人次比学校的全部人次还多，请核对"), {}))
        base = Fraction(students.value) if students and students.value else None
        schools.append(
            School(
                provider.id,
                provider.name,
                outside,
                base,
                outside / base if base else None,
                inside / base if base else None,
                judged=provider.id in listed,
                flags=tuple(flags),
                numerator_source=sign_ups(year, "person_times_total", {"provider": provider.id}),
                denominator_source=_reported_source("enrolment", year, provider.id),
                documents=(students.document,) if students and students.document else (),
                sound=bool(base and students and students.document and outside >= 0),
            )
        )
    return _of_schools(schools, "mixed", N_("优质校名单上还没有学校"))


def school_share(target: Target, year: int, reader: Reader) -> Measured:
    """One reported amount of each school in hundredths of another, exact decimals all the way."""
    told = target.parameters
    above = _by_provider(reader.reported(told["numerator"], year))
    below = _by_provider(reader.reported(told["denominator"], year))
    schools = []
    for provider in _schools(reader, {*above, *below}):
        part, whole = above.get(provider.id), below.get(provider.id)
        flags: list[Sentence] = []
        if part is None or whole is None or not whole.value:
            flags.append((N_("还没有报全"), {}))
        elif not (part.document and whole.document):
            flags.append((N_("上报数没有依据"), {}))
        base = Fraction(whole.value) if whole and whole.value else None
        amount = Fraction(part.value) if part else None
        documents = [figure.document for figure in (part, whole) if figure and figure.document]
        schools.append(
            School(
                provider.id,
                provider.name,
                amount,
                base,
                100 * amount / base if base and amount is not None else None,
                flags=tuple(flags),
                numerator_source=_reported_source(told["numerator"], year, provider.id),
                denominator_source=_reported_source(told["denominator"], year, provider.id),
                documents=tuple(dict.fromkeys(documents)),
                sound=not flags,
            )
        )
    return _of_schools(schools, "reported", N_("还没有职业院校"))


def _of_schools(schools: list[School], basis: str, nobody: str) -> Measured:
    """The lowest ratio of those that are judged stands for them all; each is judged by itself."""
    judged = [school.ratio for school in schools if school.judged and school.ratio is not None]
    documents = dict.fromkeys(text for school in schools for text in school.documents)
    found = Measured(
        basis=basis,
        document="；".join(documents),
        schools=tuple(schools),
        why=None if any(school.judged for school in schools) else (nobody, {}),
    )
    return replace(found, low=min(judged), high=min(judged)) if judged else found


def _schools(reader: Reader, more: set[int]) -> list[Provider]:
    return [provider for provider in reader.providers().values() if provider.kind in SCHOOLS or provider.id in more]


def _by_provider(figures: list[ReportedFigure]) -> dict[int, ReportedFigure]:
    return {figure.provider_id: figure for figure in figures if figure.provider_id is not None}


def _reported_source(kind: str, year: int, provider: int) -> Source:
    return Source("reported", {"kind": kind, "year": year, "provider": provider})


def _listed_schools(target: Target, year: int, reader: Reader) -> set[int]:
    """The institutions on the list that decides who is judged, at the end of the year or today."""
    kind = kind_of(target.parameters["register"])
    if kind is None:
        return set()
    listed = entries_in(kind.key, kind.from_state(target.parameters["state"]), reader.until(year, target))
    names = {provider.name_key: provider.id for provider in reader.providers().values()}
    found = {entry.provider_id or names.get(entry.name_key) for entry in listed}
    return {provider_id for provider_id in found if provider_id is not None}
