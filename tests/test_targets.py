"""How a year is held against its targets, rule by rule. What must not count is labelled with the reason."""

from __future__ import annotations

import json
import random
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from app.counts import count_year, lists
from app.counts.judging import judge, needed
from app.counts.person_times import person_times
from app.counts.reader import Reader
from app.counts.targets import Row, history, mean_of_rows, target_row, target_rows
from app.database import db, writing
from app.models import Certificate, RegisterEntry, ReportedFigure, Target, TargetChange
from app.models.register import NAMED
from app.models.target import COMPARATORS, MEASURES, PERIODS, load_plan, missing_of_plan, the_plan
from app.refusal import Refusal
from tests import test_recount
from tests.people import NOON, a_person, a_provider, a_statement, a_target, an_account, an_offering
from tests.test_counts import attended, came, undecided

TODAY = date(2026, 11, 24)
REPORT = "吉市教统〔2026〕1号（演示）"


def row_of(target: Target, year: int = 2026, today: date = TODAY) -> Row:
    return target_row(target, year, Reader(year, year, today))


def reported(kind: str, year: int, value: Any, document: str = REPORT, **of: Any) -> ReportedFigure:
    return ReportedFigure.report(kind, year, Decimal(value), document=document, by=None, at=NOON, **of)


def entered(kind: str, name: str, state: str, on: date, **facts: Any) -> RegisterEntry:
    entry = RegisterEntry.add(NAMED[kind], by=None, at=NOON, name=name, level="city", year=None, **facts)
    entry.set_state(state, on, document="演示〔2025〕1号", by=None, at=NOON, day=TODAY)
    return entry


# -- comparators -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparator", "line", "figure", "verdict", "lacks"),
    [
        ("more_than", 2000, 2000, "not met", 1),  # 超过 2000
        ("more_than", 2000, 2001, "met", None),
        ("at_least", 5000, 5000, "met", None),  # 5000 以上
        ("at_least", 5000, 4999, "not met", 1),
        ("at_most", 10, 10, "met", None),
        ("at_most", 10, 11, "not met", None),
        ("less_than", 10, 10, "not met", None),
        ("less_than", 10, 9, "met", None),
        ("about", 20, 20, "none", None),  # 20 个左右: the figure, no verdict
        ("about", 20, 3, "none", None),
        ("none", None, 7, "none", None),
    ],
)
@pytest.mark.engine("sqlite")
def test_r22_each_comparator_at_its_line(app, comparator, line, figure, verdict, lacks):
    with writing():
        target = a_target(comparator=comparator, value=None if line is None else Decimal(line))
    assert judge(target, Fraction(figure), Fraction(figure))[0] == verdict
    assert needed(target, Fraction(figure)) == lacks


@pytest.mark.engine("sqlite")
def test_r22_nothing_is_rounded_before_it_is_compared(app):
    with writing():
        twice = a_target("D1", comparator="at_least", value=Decimal(2), unit="倍")
        share = a_target("D2", comparator="at_least", value=Decimal("15"), unit="%")
    almost = Fraction(199_999, 100_000)
    verdict, reasons = judge(twice, almost, almost)
    assert verdict == "not met" and "1.99999" in reasons[0][1]["value"], "shown so that it does not look like the line"
    exact = 100 * Fraction(Decimal("150000.00")) / Fraction(Decimal("1000000.00"))
    assert judge(share, exact, exact)[0] == "met"


def test_r22_two_thousand_pupils_in_groups_do_not_exceed_and_five_thousand_reach(app):
    with writing():
        youth = {"parameters": {"category": "youth"}}
        more, at_least = a_target("D1", **youth), a_target("D2", comparator="at_least", value=Decimal(5000), **youth)
        came(an_offering(category="youth"), date(2024, 5, 6), 2000)
        came(an_offering(category="youth"), date(2025, 5, 6), 5000)
        came(an_offering(category="rural"), date(2025, 5, 6), 9)  # not included – no groups in this category
        talk = an_offering(category="youth", planned_hours=Decimal(1))
        came(talk, date(2024, 5, 6), 7)  # not included – an activity
    on_the_line = row_of(more, 2024)
    assert (on_the_line.measured.low, on_the_line.verdict, on_the_line.needed) == (2000, "not met", 1)
    assert (row_of(at_least, 2025).measured.low, row_of(at_least, 2025).verdict) == (5000, "met")
    assert row_of(at_least, 2025).measured.basis == "reported"


def test_r17_r22_rural_training_counts_person_times_by_category(app):
    with writing():
        target = a_target(value=Decimal(2))
        rural, person = an_offering(category="rural"), a_person()
        attended(rural, person)
        attended(an_offering(category="rural"), person)  # another offering is another person-time
        attended(an_offering(category="community"))  # not included – another category
        attended(rural, part="staff")  # not included – on duty
        attended(rural, on=date(2025, 12, 31))  # not included – the year before
        attended(an_offering(category="rural", planned_hours=Decimal(1)))  # not included – an activity
    row = row_of(target)
    assert (row.measured.low, row.verdict, row.needed) == (2, "not met", 1)
    assert row.reason == "2 没有超过 2；还差 1；截至 2026-11-24"
    with writing():
        attended(rural)
    assert (row_of(target).measured.low, row_of(target).verdict) == (3, "met")


# -- ranges ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "verdict"),
    [(2, "met"), (3, "open"), (42, "open"), (43, "not met")],
)
def test_r14_a_range_decides_only_where_both_ends_agree(app, line, verdict):
    """2 pupils with a name and 40 without: between 2 and 42 people."""
    with writing():
        target = a_target(
            measure="persons", parameters={"category": "youth"}, comparator="at_least", value=Decimal(line), unit="人"
        )
        youth, pupil = an_offering(category="youth"), a_person()
        attended(youth, pupil)
        attended(youth)
        attended(an_offering(category="youth"), pupil)  # not included – the same person
        came(youth, date(2026, 3, 10), 40)
    row = row_of(target)
    assert (row.measured.low, row.measured.high) == (2, 42)
    assert row.verdict == verdict
    assert verdict != "open" or "R14" in row.reason
    total = target_row(a_scale(), 2026, Reader(2026, 2026, TODAY))
    assert total.measured.low == 43, "person-times with and without a name"
    assert {part.label: (part.low, part.high) for part in total.measured.parts}["人数"] == (2, 42)


def a_scale() -> Target:
    with writing():
        return a_target("D9", parameters={"category": "youth"}, comparator="at_least", value=Decimal(5000))


def test_r8_r20_on_the_books_of_one_institution_with_the_city_beside_it(app):
    with writing():
        open_university = a_provider("吉林市开放大学")
        target = a_target(
            measure="on_the_books", parameters={"provider": "吉林市开放大学"}, comparator="at_least",
            value=Decimal(3), unit="人", period="average",
        )  # fmt: skip
        elderly = an_offering(open_university, category="elderly")
        pair = [a_person("同名演示"), a_person("同名演示")]
        for person in pair:
            attended(elderly, person)
        late = attended(elderly)
        late.first_attended_on = None  # registered, never came: on the books all the same
        attended(an_offering(open_university, category="community"))  # not included – no elderly education
        attended(an_offering(category="elderly"))  # not included – another institution
        undecided(*pair)
    row = target_row(target, 2026, Reader(2026, 2026, TODAY, count_year))
    assert (row.measured.low, row.measured.high, row.verdict) == (2, 3, "open")
    assert "R20" in row.reason
    beside = {part.label: (part.low, part.high) for part in row.measured.parts}
    assert beside == {"其中到过课": (1, 2), "全市在册": (3, 4)}


@pytest.mark.engine("sqlite")
def test_an_institution_that_is_not_there_leaves_a_target_open(app):
    with writing():
        target = a_target(measure="on_the_books", parameters={"provider": "吉林市开放大学"})
    row = row_of(target)
    assert (row.measured.low, row.verdict) == (None, "open") and "还没有机构" in row.reason


# -- school by school ---------------------------------------------------------------


def test_r18_the_ratio_of_each_school_and_a_verdict_on_listed_ones_alone(app):
    with writing():
        target = a_target(
            measure="school_ratio", parameters={"register": "quality_school", "state": "listed"},
            comparator="at_least", value=Decimal(2), unit="倍",
        )  # fmt: skip
        schools = {
            name: a_provider(f"{name}（演示）", kind="vocational_school")
            for name in ("达到", "差一点", "缺分母", "无来源", "名单外")
        }
        for name, school in schools.items():
            for _ in range(4):
                attended(an_offering(school))
            if name != "名单外":
                entered("quality_school", school.name, "listed", date(2026, 1, 5), provider_id=school.id)
        attended(an_offering(schools["达到"]), part="staff")  # not included – on duty
        attended(an_offering(schools["达到"]), on=date(2025, 3, 4))  # not included – another year
        came(an_offering(schools["差一点"], category="youth"), date(2026, 5, 6), 1999)
        reported("enrolment", 2026, 2, provider=schools["达到"])
        reported("enrolment", 2025, 1, provider=schools["缺分母"])  # not included – another year
        reported("enrolment", 2026, 2, document="", provider=schools["无来源"])
        reported("enrolment", 2026, 1001, provider=schools["差一点"])
        reported("own_students", 2026, 3, provider=schools["差一点"])
    row = row_of(target)
    ratios = {school.name[:-4]: (school.ratio, school.inclusive, verdict) for school, verdict in row.schools}
    assert ratios == {
        "达到": (2, 2, "met"),
        "差一点": (Fraction(2000, 1001), Fraction(2003, 1001), "not met"),  # shown as 2.00, compared unrounded
        "缺分母": (None, None, "open"),
        "无来源": (2, 2, "open"),
        "名单外": (None, None, "none"),
    }
    flags = {school.name[:-4]: [sentence % values for sentence, values in school.flags] for school, _ in row.schools}
    assert flags["缺分母"][0] == "缺 2026 年 9 月 1 日在校生数" and flags["无来源"][0] == "在校生数没有来源"
    assert row.verdict == "not met" and row.reason.startswith("4 所中 1 所达到；2 所缺数或缺依据")
    figure = db.session.scalar(db.select(ReportedFigure).where(ReportedFigure.year == 2026))
    assert figure.as_of == date(2026, 9, 1)


@pytest.mark.engine("sqlite")
def test_a_share_of_reported_money_is_exact_and_needs_its_documents(app):
    with writing():
        facts = {"measure": "school_share", "comparator": "at_least", "unit": "%"}
        money = {"numerator": "practice_money", "denominator": "expenditure"}
        target = a_target(parameters=money, value=Decimal(15), **facts)
        exact, short, silent = (a_provider(f"{name}校（演示）", kind="vocational_school") for name in "甲乙丙")
        enterprise = a_provider("企业（演示）", kind="enterprise")  # not included – no school
        for school, part in ((exact, "1500000.15"), (short, "1500000.14")):
            reported("expenditure", 2025, "10000001.00", provider=school)
            reported("practice_money", 2025, part, provider=school)
        reported("practice_money", 2024, "9", provider=silent)  # not included – another year
    row = row_of(target, 2025)
    told = {school.name: (school.ratio, verdict) for school, verdict in row.schools}
    assert told.keys() == {exact.name, short.name, silent.name} and enterprise.name not in told
    assert told[exact.name] == (15, "met") and told[short.name][1] == "not met" and told[silent.name] == (None, "open")
    assert row.verdict == "not met" and row.measured.basis == "reported" and row.measured.document == REPORT


# -- certificates --------------------------------------------------------------------


def test_r19_certificates_of_1_plus_x_against_the_year_before(app):
    with writing():
        target = a_target(measure="one_plus_x", parameters={}, comparator="none", value=None, unit="本")
        course = an_offering(category="certificate", title="1+X 老年照护（演示）")
        an_offering(category="certificate", title="没开的（演示）", published=False)  # not included – a draft
        an_offering(category="elderly", title="书法（演示）")  # not included – no certificate course
        for number, (system, on) in enumerate(
            [
                ("one_plus_x", date(2026, 5, 1)),
                ("one_plus_x", date(2026, 5, 1)),
                ("one_plus_x", date(2026, 6, 1)),
                ("hrss", date(2026, 6, 1)),  # not included – 人社
                ("one_plus_x", date(2025, 12, 31)),
                ("one_plus_x", date(2025, 1, 1)),
            ]
        ):
            award = {"system": system, "name": "老年照护", "number": f"Z{number}", "issued_on": on}
            db.session.add(Certificate(enrolment=attended(course), **award))
        reported("candidates", 2026, 5)
        reported("passes", 2026, 4)
    row = row_of(target)
    assert (row.measured.low, row.verdict) == (3, "none")
    assert row.change == (1, 50), "one more than two: by a half"
    assert [(part.label, part.low) for part in row.measured.parts] == [
        ("当年开设的证书标准（按课程名称）", 1), ("参加考核", 5), ("考核通过", 4),
    ]  # fmt: skip
    assert row_of(target, 2025).change is None, "a first year has no base"


# -- reported figures, means -----------------------------------------------------------


def test_r21_the_mean_is_of_years_reported_with_a_document_and_attested_ones(app):
    with writing():
        target = a_target(comparator="at_least", value=Decimal(1000), period="average")
        reported("target", 2022, 900, target=target)
        reported("target", 2023, 1101, target=target)
        reported("target", 2024, 5000, document="", target=target)  # not included – no document
        attended(an_offering(category="rural"), on=date(2025, 3, 4))  # not included – not attested
    rows = history(target, 2026, TODAY)
    assert [row.measured.low for row in rows] == [0, 900, 1101, 5000, 1, 0]
    assert [row.measured.basis for row in rows] == ["computed", *["reported"] * 3, "computed", "computed"]
    assert [row.verdict for row in rows[1:4]] == ["not met", "met", "open"], "without a document no verdict"
    for mean in (mean_of_rows(rows), row_of(target).mean):
        assert (mean.low, mean.years) == (Fraction(2001, 2), ((2022, "reported"), (2023, "reported")))
        assert mean.verdict == "met"
    with writing():
        a_statement(year=2025)
        a_statement(a_provider(), year=2026)  # not included – an institution's own
        a_statement(year=2024, attested_at=None)  # not included – drawn up, not signed yet
    assert mean_of_rows(history(target, 2026, TODAY)).years[-1] == (2025, "attested")
    assert row_of(target).mean.low == Fraction(2002, 3)
    earlier = target_row(target, 2024, Reader(2021, 2024, TODAY)).mean
    assert earlier.years == ((2022, "reported"), (2023, "reported")), "up to that year: 2025 is later"


def test_a_figure_from_outside_the_registry_is_added_and_marked_as_mixed(app):
    with writing():
        target = a_target(value=Decimal(2000))
        attended(an_offering(category="rural"))
        reported("besides", 2026, 1999, target=target)
        reported("besides", 2025, 50, target=target)  # not included – another year
    row = row_of(target)
    assert (row.measured.low, row.measured.basis, row.verdict) == (2000, "mixed", "not met")
    assert row.measured.document == REPORT


def test_a_corrected_figure_keeps_the_earlier_one(app):
    with writing():
        by = an_account("officer")
        target = a_target()
        first = reported("target", 2023, 2000, target=target)
    assert row_of(target, 2023).verdict == "not met"
    with writing():
        second = first.correct(Decimal(2001), document=REPORT, reason="漏了一个班", by=by, at=NOON)
    assert row_of(target, 2023).verdict == "met"
    assert [figure.value for figure in second.history()] == [2001, 2000]
    assert (second.corrects_id, second.reason, first.replaced_at) == (first.id, "漏了一个班", NOON)
    for code, act in (
        ("figure-corrected", lambda: first.correct(Decimal(3), document="", reason="再改", by=by, at=NOON)),
        ("figure-same", lambda: second.correct(Decimal(2001), document=REPORT, reason="再改", by=by, at=NOON)),
        ("figure-known", lambda: reported("target", 2023, 5, target=target)),
        ("figure-whole", lambda: reported("enrolment", 2023, "1.5", provider=a_provider())),
        ("figure-negative", lambda: reported("target", 2022, -1, target=target)),
        ("figure-provider", lambda: reported("enrolment", 2022, 1)),
        ("figure-target", lambda: reported("target", 2022, 1)),
    ):  # fmt: skip
        with pytest.raises(Refusal) as no, writing():
            act()
        assert no.value.code == code


# -- lists -----------------------------------------------------------------------------


def test_a_list_counts_what_stands_in_the_wanted_state_at_the_deadline(app):
    with writing():
        target = a_target(
            measure="register", parameters={"register": "association", "state": "unveiled"}, comparator="at_least",
            value=Decimal(3), unit="家", period="deadline", due_on=date(2025, 12, 31),
        )  # fmt: skip
        for name in ("甲协会", "乙协会"):
            entered("association", name, "unveiled", date(2025, 6, 1))
        entered("association", "丙协会", "preparing", date(2025, 6, 1))  # not included – not unveiled
        entered("association", "丁协会", "unveiled", date(2026, 1, 1))  # not included – after the deadline
        gone = entered("association", "戊协会", "unveiled", date(2024, 6, 1))
        gone.set_state("dissolved", date(2025, 7, 1), document="注销", by=None, at=NOON, day=TODAY)  # not included
        entered("studio", "己工作室", "recognised", date(2025, 6, 1))  # not included – another list
    assert (row_of(target, 2025).measured.low, row_of(target, 2025).verdict) == (2, "not met")
    assert row_of(target, 2026).measured.low == 2, "as of the deadline, not of today"
    assert row_of(target, 2024).measured.low == 1, "it stood until it was dissolved"
    with writing():
        entered("association", "庚协会", "unveiled", date(2025, 12, 31))
    assert row_of(target, 2025).verdict == "met"


def test_shares_and_counties_are_counted_from_lists(app):
    with writing():
        standard = {"register": "school_standard", "state": "met"}
        share = a_target("D1", measure="register_share", parameters=standard, comparator="at_least", value=Decimal(100))
        centres = a_target(
            "D2", measure="per_county", parameters={"register": "county_centre", "state": "running"},
            comparator="at_least", value=Decimal(1),
        )  # fmt: skip
    assert (row_of(share).verdict, row_of(share).reason) == ("open", "名单还是空的")
    with writing():
        entered("school_standard", "甲校（演示）", "met", date(2026, 1, 5))
        entered("school_standard", "乙校（演示）", "basically_met", date(2026, 1, 5))
        entered("school_standard", "丙校（演示）", "closed", date(2026, 1, 5))  # not included – closed
        for code in ("220221", "220281", "220282", "220283"):
            entered("county_centre", f"{code} 中心（演示）", "running", date(2026, 1, 5), division_code=code)
        entered("county_centre", "区的（演示）", "running", date(2026, 1, 5), division_code="220202")  # no county
    assert (row_of(share).measured.low, row_of(share).verdict) == (50, "not met")
    assert (row_of(centres).measured.low, row_of(centres).verdict) == (0, "not met")
    assert "还没有的：磐石市" in [sentence % values for sentence, values in row_of(centres).measured.notes]
    with writing():
        entered("county_centre", "磐石（演示）", "running", date(2026, 1, 5), division_code="220284")
    assert row_of(centres).verdict == "met"


# -- the plan, and targets as data --------------------------------------------------------


def test_the_plan_is_loaded_once_and_what_the_bureau_changed_stays(app):
    with writing():
        by = an_account("officer")
        assert load_plan(the_plan(), NOON) == 23
        assert load_plan(the_plan(), NOON) == 0 and missing_of_plan(the_plan()) == []
        target = Target.coded("T12")
        target.change({**facts_of(target), "value": Decimal(2500)}, by=by, at=NOON)
        Target.coded("T11").end(date(2025, 12, 31), by=by, at=NOON)
        assert load_plan(the_plan(), NOON) == 0
    assert Target.coded("T12").value == 2500
    assert TargetChange.of(target)[0].before["value"] == "2000"
    for told in Target.every():
        assert told.comparator in COMPARATORS and told.measure in MEASURES and told.period in PERIODS
        assert told.clause and told.words and told.reading and told.ambiguity
    codes = [row.target.code for row in target_rows(2026, TODAY)]
    assert "T11" not in codes and "T12" in codes
    assert "T11" in [row.target.code for row in target_rows(2025, TODAY)], "ended, and readable in its years"
    assert Target.coded("T5").weight == "目标" and Target.coded("T6-1").weight == "重点"


def facts_of(target: Target) -> dict[str, Any]:
    names = ("name", "words", "comparator", "period", "measure", "parameters")
    return {name: getattr(target, name) for name in names}


@pytest.mark.engine("sqlite")
def test_a_target_that_says_too_little_is_refused(app):
    with writing():
        by, target = an_account("officer"), a_target()
    for code, facts in (
        ("target-value", {"value": None}),
        ("target-due", {"period": "deadline"}),
        ("target-register", {"measure": "register", "parameters": {}}),
        ("target-share", {"measure": "school_share", "parameters": {"numerator": "expenditure"}}),
        ("target-known", {"code": "D1"}),
    ):
        with pytest.raises(Refusal) as no, writing():
            a_target(**{"code": "D2", **facts})
        assert no.value.code == code
    with writing():
        target.end(TODAY, by=by, at=NOON)
    for act in (lambda: target.end(TODAY, by=by, at=NOON), lambda: target.change({"name": "新"}, by=by, at=NOON)):
        with pytest.raises(Refusal, match="已经停用") as no, writing():
            act()


def test_a_later_plan_needs_no_code(app):
    """Every measure there is, in one plan of another year."""
    parameters = {
        "register": {"register": "association", "state": "unveiled"},
        "register_share": {"register": "school_standard", "state": "met"},
        "per_county": {"register": "county_centre", "state": "running"},
        "school_ratio": {"register": "quality_school", "state": "listed"},
        "school_share": {"numerator": "teaching_money", "denominator": "expenditure"},
    }
    with writing():
        a_provider(kind="vocational_school")
        for number, measure in enumerate(MEASURES):
            a_target(f"N{number}", measure=measure, parameters=parameters.get(measure, {}), valid_from=date(2026, 1, 1))
    assert [row.target.measure for row in target_rows(2026, TODAY)] == [*MEASURES]
    assert target_rows(2025, TODAY) == [], "before it was valid"


@pytest.mark.engine("sqlite")
def test_a_target_is_judged_from_its_first_year_on(app):
    with writing():
        target = a_target(from_year=2025)
    assert (row_of(target, 2024).verdict, row_of(target, 2025).verdict) == ("none", "not met")


@pytest.mark.engine("sqlite")
def test_the_pace_is_of_this_day_of_the_year(app):
    with writing():
        target = a_target()
        rural = an_offering(category="rural", capacity=None)
        for _ in range(6):
            attended(rural)
    assert row_of(target, today=date(2026, 7, 1)).pace == 6 * 365 // 182
    assert row_of(target, today=date(2027, 7, 1)).pace is None, "the year is over"


# -- one truth -----------------------------------------------------------------------------


def test_person_times_of_several_years_are_those_of_each_year(app):
    for seed in range(3):
        with writing():
            test_recount.make_registry(random.Random(seed))
        every = person_times(2024, 2027)
        for year in range(2024, 2028):
            whole = count_year(year)
            for by, place in (("category", 1), ("division", 2), ("provider", 3)):
                for row in whole.tables[by]:
                    mine = [times for key, times in every.items() if key[0] == year and key[place] == row.key]
                    told = [
                        sum(times.person_times for times in mine),
                        sum(times.group_headcount for times in mine),
                        sum(times.groups_reported for times in mine),
                        sum(times.groups_computed for times in mine),
                    ]
                    figures = row.figures
                    assert told == [
                        figures.person_times, figures.group_headcount, figures.groups_reported, figures.groups_computed,
                    ], (seed, year, by, row.label)  # fmt: skip
                    if by == "category":
                        assert lists.persons(lists.Place(year, category=row.key)) == (
                            figures.persons,
                            figures.persons_max,
                        )
        from tests.conftest import empty

        db.session.remove()
        empty()


def test_a_whole_year_and_the_years_together_give_the_same_targets(app):
    with writing():
        test_recount.make_registry(random.Random(7))
        load_plan(the_plan(), NOON)
    counted = target_rows(2025, TODAY, count_year)
    alone = target_rows(2025, TODAY, None)
    assert [told(row) for row in counted] == [told(row) for row in alone]
    for row in counted:
        same = next(each for each in history(row.target, 2025, TODAY) if each.year == 2025)
        assert told(same) == told(row)


def told(row: Row) -> dict[str, Any]:
    """Without the city's books, which only a whole year has at hand."""
    found = row.as_dict()
    found["beside"].pop("全市在册", None)
    return found


def test_the_command_prints_what_the_pages_show(app):
    with writing():
        attended(an_offering(category="rural"))
    run = app.test_cli_runner().invoke
    told = json.loads(run(args=["targets", "2026", "--format", "json"]).output)
    rows = {row["code"]: row for row in told["rows"]}
    assert len(rows) == 23 and told["year"] == 2026
    rural = rows["T12"]
    names = ("clause", "unit", "comparator", "threshold", "value", "value_max", "basis")
    assert [rural[name] for name in names] == ["二（十四）", "人次", "more_than", 2000, 1, 1, "computed"]
    assert rural["verdict"] == "not met" and "还差 2,000" in rural["reason"]
    assert {row["verdict"] for row in rows.values()} <= {"met", "not met", "open", "none"}
    lines = run(args=["targets", "2026"]).output.splitlines()
    assert len(lines) == 24 and lines[0].startswith("编号")
    assert "新增 0 个指标" in run(args=["plan", "load"]).output
