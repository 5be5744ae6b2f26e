"""The targets of a year: figure, verdict and reason of each, for the pages and for the command alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from app.counts.judging import MET, NONE, NOT_MET, OPEN, Sentence, holds, judge, needed, shown
from app.counts.measured import FIRST_YEAR, Measured, School
from app.counts.measures import measure
from app.counts.reader import Reader, attested_years
from app.counts.year import Year, count_year
from app.models.rules import RULE_SET
from app.models.target import Target
from app.refusal import N_

# What grows from day to day within a year, so that a pace says something.
GROWING = frozenset({"person_times_total", "person_times", "persons", "completions", "certificates", "one_plus_x"})


@dataclass(frozen=True)
class Mean:
    """R21: of the years that were attested or reported with a document; those years and on what each rests."""

    low: Fraction
    high: Fraction
    years: tuple[tuple[int, str], ...]  # year, and attested or reported
    verdict: str
    reasons: tuple[Sentence, ...]


@dataclass(frozen=True)
class Row:
    """A target in one year."""

    target: Target
    year: int
    measured: Measured
    verdict: str
    reasons: tuple[Sentence, ...]
    needed: Fraction | None = None
    pace: int | None = None  # what the whole year comes to, if it goes on like this
    change: tuple[Fraction, Fraction | None] | None = None  # against the year before: difference, and in hundredths
    mean: Mean | None = None
    schools: tuple[tuple[School, str], ...] = ()  # with the verdict on each

    @property
    def share_of_line(self) -> Fraction | None:
        """The figure as a part of the number that the document names."""
        if self.measured.low is None or not self.target.value:
            return None
        return self.measured.low / Fraction(self.target.value)

    @property
    def reason(self) -> str:
        """All reasons in one line of Chinese, and what is missing."""
        lacks = [] if self.needed is None else [f"还差 {self.shown(self.needed)}"]
        said = [sentence % values if values else sentence for sentence, values in self.reasons]
        return "；".join((*said[:1], *lacks, *said[1:]))

    def shown(self, value: Fraction) -> str:
        return shown(value, self.target)

    def as_dict(self) -> dict[str, Any]:
        """As the command prints it; fractions unrounded, as far as a float goes."""
        target, found = self.target, self.measured
        told: dict[str, Any] = {
            "code": target.code,
            "name": target.name,
            "clause": target.clause,
            "words": target.words,
            "modal": target.modal,
            "unit": target.unit,
            "comparator": target.comparator,
            "threshold": plain(None if target.value is None else Fraction(target.value)),
            "threshold_max": plain(None if target.value_max is None else Fraction(target.value_max)),
            "period": target.period,
            "value": plain(found.low),
            "value_max": plain(found.high),
            "basis": found.basis,
            "document": found.document,
            "verdict": self.verdict,
            "reason": self.reason,
            "needed": plain(self.needed),
            "beside": {part.label: [plain(part.low), plain(part.high or part.low)] for part in found.parts},
        }
        if self.mean is not None:
            told["mean"] = {
                "value": plain(self.mean.low),
                "value_max": plain(self.mean.high),
                "years": dict(self.mean.years),
                "verdict": self.mean.verdict,
            }
        if self.schools:
            told["schools"] = [
                {
                    "name": school.name,
                    "judged": school.judged,
                    "numerator": plain(school.numerator),
                    "denominator": plain(school.denominator),
                    "ratio": plain(school.ratio),
                    "inclusive_ratio": plain(school.inclusive),
                    "verdict": verdict,
                    "flags": [sentence % values if values else sentence for sentence, values in school.flags],
                    "documents": list(school.documents),
                }
                for school, verdict in self.schools
            ]
        return told


def plain(value: Fraction | None) -> int | float | None:
    """A number as programs read it."""
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else float(value)


def target_rows(year: int, today: date, count: Callable[[int], Year] | None = count_year) -> list[Row]:
    """Every target that stood in a calendar year, measured and judged as of ``today``.

    ``count`` gives the whole year; without it only what the targets ask for is read.
    """
    reader = Reader(year, year, today, count)
    return [target_row(target, year, reader) for target in Target.of_year(year)]


def as_dict(year: int, rows: Iterable[Row]) -> dict[str, Any]:
    """What `targets --format json` prints."""
    return {"year": year, "rule_set": RULE_SET.version, "rows": [row.as_dict() for row in rows]}


def target_row(target: Target, year: int, reader: Reader) -> Row:
    """One target in one year."""
    found = measure(target, year, reader)
    schools = tuple((school, _of_school(target, school)) for school in found.schools)
    verdict, reasons = _verdict(target, year, found, schools)
    lacks = None if found.high is None or verdict != NOT_MET or schools else needed(target, found.high)
    if verdict == NOT_MET and target.due_on and reader.today < target.due_on:
        reasons = (*reasons, (N_("期限 %(day)s 还没有到"), {"day": target.due_on}))
    elif verdict == NOT_MET and year == reader.today.year and target.measure in GROWING:
        reasons = (*reasons, (N_("截至 %(day)s"), {"day": reader.today}))
    return Row(
        target,
        year,
        found,
        verdict,
        reasons,
        needed=lacks,
        pace=_pace(target, year, found, reader.today),
        change=_change(target, year, found, reader),
        mean=mean_of(target, year, reader) if target.period == "average" else None,
        schools=schools,
    )


def history(target: Target, last: int, today: date) -> list[Row]:
    """The target in each year of the plan period up to ``last``, the person-times of all of them read at once."""
    first = min(FIRST_YEAR, last)
    reader = Reader(first, last, today)
    return [target_row(target, year, reader) for year in range(first, last + 1)]


def mean_of(target: Target, last: int, reader: Reader) -> Mean | None:
    """R21, up to ``last``; None where no year enters. Years that would not are not computed for it."""
    reported = {
        figure.year
        for year in range(min(FIRST_YEAR, last), last + 1)
        for figure in reader.reported("target", year)
        if figure.target_id == target.id
    }
    signed = {year for year in reader.attested() if min(FIRST_YEAR, last) <= year <= last}
    return _mean(target, [(year, measure(target, year, reader)) for year in sorted(reported | signed)], signed)


def mean_of_rows(rows: list[Row]) -> Mean | None:
    """The same, of a target's years that are measured already."""
    return _mean(rows[0].target, [(row.year, row.measured) for row in rows], attested_years()) if rows else None


def _mean(target: Target, measured: list[tuple[int, Measured]], attested: Set[int]) -> Mean | None:
    found = [(year, each, _enters_mean(each, year in attested)) for year, each in measured]
    entered = [(year, each, why) for year, each, why in found if why and each.low is not None and each.high is not None]
    if not entered:
        return None
    low = sum((each.low for _, each, _ in entered if each.low is not None), Fraction(0)) / len(entered)
    high = sum((each.high for _, each, _ in entered if each.high is not None), Fraction(0)) / len(entered)
    return Mean(low, high, tuple((year, why) for year, _, why in entered), *judge(target, low, high))


def _enters_mean(measured: Measured, is_attested: bool) -> str:
    """``reported`` with a document, ``attested``, or empty: shown, outside the mean (R21)."""
    if measured.schools:
        return ""
    if measured.basis == "reported" and measured.document and not measured.unsourced:
        return "reported"
    return "attested" if is_attested else ""


def _verdict(
    target: Target, year: int, found: Measured, schools: tuple[tuple[School, str], ...]
) -> tuple[str, tuple[Sentence, ...]]:
    if target.from_year is not None and year < target.from_year:
        return NONE, ((N_("从 %(year)s 年起判定"), {"year": target.from_year}),)
    if schools and target.is_judged:
        return _of_all(schools, found)
    if found.unsourced and target.is_judged:
        return OPEN, ((N_("上报数没有依据，补上文件再判定"), {}),)
    return judge(target, found.low, found.high, found.why)


def _of_school(target: Target, school: School) -> str:
    if not target.is_judged or not school.judged:
        return NONE
    if school.ratio is None or not school.sound or target.value is None:
        return OPEN
    return MET if holds(target.comparator, school.ratio, Fraction(target.value)) else NOT_MET


def _of_all(schools: tuple[tuple[School, str], ...], found: Measured) -> tuple[str, tuple[Sentence, ...]]:
    """Each school that is judged has to reach it; one that misses it decides, one without a figure leaves it open."""
    verdicts = [verdict for school, verdict in schools if school.judged]
    if not verdicts:
        return OPEN, (found.why or (N_("还没有数"), {}),)
    met, missing = verdicts.count(MET), verdicts.count(OPEN)
    reasons: list[Sentence] = [(N_("%(all)s 所中 %(met)s 所达到"), {"all": len(verdicts), "met": met})]
    if missing:
        reasons.append((N_("%(n)s 所缺数或缺依据"), {"n": missing}))
    return (NOT_MET if NOT_MET in verdicts else OPEN if missing else MET), tuple(reasons)


def _pace(target: Target, year: int, found: Measured, today: date) -> int | None:
    """Whole units at the end of the year, if it goes on as up to this day; only while the year runs."""
    if year != today.year or target.measure not in GROWING or not found.low or found.basis == "reported":
        return None
    days = (date(year, 12, 31) - date(year, 1, 1)).days + 1
    return int(found.low * days / today.timetuple().tm_yday)


def _change(target: Target, year: int, found: Measured, reader: Reader) -> tuple[Fraction, Fraction | None] | None:
    """Against the year before, for targets that only name a direction; a first year has no base (R19)."""
    if target.comparator != "none" or target.unit == "%" or found.low is None:
        return None
    before = measure(target, year - 1, reader).low
    if not before:
        return None
    return found.low - before, 100 * (found.low - before) / before
