"""The ladder, further dimensions and spans of days, rule by rule. What must not count is labelled with the reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.counts import count_year, lists
from app.counts.dimensions import EVERY
from app.counts.ladder import Step, in_order, ladder
from app.counts.lists import Place
from app.counts.overlap import Both, overlap
from app.counts.rungs import Ruling
from app.counts.spans import Span
from app.counts.tallies import tally
from app.counts.what_if import try_out
from app.database import db, writing
from app.models import Certificate, Enrolment, Offering, Person
from app.models.person import settle_identities
from app.models.rules import RUNGS
from tests.people import NOON, a_person, a_provider, an_offering
from tests.test_counts import MARCH, attended, came, hours, undecided, withdrawn


def signed_up(offering: Offering, person: Person | None = None, on: date = MARCH, **facts: Any) -> Enrolment:
    """A place that nobody has come to yet."""
    facts = {"registered_at": NOON, "registered_on": on, "place_number": 1, **facts}
    enrolment = Enrolment(
        offering=offering, person=person or a_person(), source="web", applied_at=NOON, applied_on=on, **facts
    )
    db.session.add(enrolment)
    db.session.flush()
    return enrolment


def certify(enrolment: Enrolment, on: date, number: str) -> None:
    db.session.add(Certificate(enrolment=enrolment, system="hrss", name="证书", number=number, issued_on=on))
    db.session.flush()


def steps(span: Span | None = None, **asked: Any) -> dict[str, tuple[int, int]]:
    """Per rung persons and person-times of the city."""
    return {rung: (step.persons, step.person_times) for rung, step in ladder(span or Span(2026), **asked).total.items()}


def times(**asked: Any) -> list[int]:
    return [n for _, n in steps(**asked).values()]


def rows_of(by: str, measure: str = "person_times", span: Span | None = None, **asked: Any) -> dict[str, Any]:
    return {row.label: row.figures.as_dict()[measure] for row in tally(span or Span(2026), by, **asked).rows}


def test_each_rung_holds_who_came_so_far(app):
    with writing():
        offering = an_offering(lessons=4)  # eight class hours
        waits = {"registered_at": None, "registered_on": None, "place_number": None, "waitlisted_at": NOON}
        signed_up(offering, **waits)  # applied, not included above – waits
        signed_up(offering)  # registered, not included above – never came
        hours(attended(offering), date(2026, 3, 1), "3.99")  # attended, not included above – under half of the hours
        hours(attended(offering), date(2026, 3, 1), "4")  # effective
        done = attended(offering, completed_on=date(2026, 3, 31))
        hours(done, date(2026, 3, 1), "8")
        certify(done, date(2026, 4, 20), "K1")
    assert times() == [5, 4, 3, 2, 1, 1]
    assert [step.persons for step in ladder(Span(2026)).total.values()] == [5, 4, 3, 2, 1, 1]


def test_r10_who_left_before_attending_stays_applied_and_is_not_registered(app):
    with writing():
        offering, stopped = an_offering(), an_offering()
        stopped.cancel("人数不足", NOON)
        signed_up(offering, **withdrawn())  # not included – left before attending
        signed_up(stopped)  # not included – cancelled before they came
        attended(stopped)  # attended, and so registered: attendance decides
        attended(offering, **withdrawn())  # left after attending: stays
    assert times() == [4, 2, 2, 0, 0, 0]


def test_r3_on_every_rung_the_earliest_of_several_sign_ups_stands(app):
    with writing():
        person, offering = a_person(), an_offering(first_on=date(2025, 12, 30), lessons=4)
        signed_up(offering, person, date(2025, 12, 20), **withdrawn(date(2025, 12, 21)))
        signed_up(offering, person, date(2026, 1, 2))  # not included as applied – applied before
        certified = attended(an_offering(), a_person())
        certify(certified, date(2025, 3, 1), "K1")
        certify(certified, date(2026, 3, 1), "K2")  # not included as certified – the first one counts
    assert times(span=Span(2025)) == [1, 0, 0, 0, 0, 1]
    assert times() == [1, 2, 1, 0, 0, 0], "registered by the sign-up that still stands"
    assert count_year(2026).total.certificates == 1, "certificates are counted one by one"


def test_r3_two_records_of_one_human_being_apply_once_and_add_their_hours(app):
    with writing():
        offering, facts = an_offering(), {"birth_on": date(1950, 5, 5), "mobile": "13900009999"}
        one, other = a_person("同一演示", **facts), a_person("同一演示", **facts)
        settle_identities([one.id, other.id])
        hours(attended(offering, one), date(2026, 3, 1), "2")
        hours(attended(offering, other, date(2026, 3, 17)), date(2026, 3, 1), "2")  # not included again – one person
    assert times() == [1, 1, 1, 1, 0, 0]


def test_r2_only_learners_stand_on_any_rung(app):
    with writing():
        offering = an_offering()
        signed_up(offering, part="staff")  # not included – staff on duty
        signed_up(offering, a_person(deleted_at=NOON))  # not included – deleted
        certify(attended(offering, part="staff"), MARCH, "K1")  # not included – staff on duty
    assert times() == [0] * 6


def test_r7_and_r9_each_rung_goes_by_its_own_day(app):
    with writing():
        offering = an_offering(first_on=date(2025, 12, 30), lessons=3)
        on = {"registered_on": date(2025, 12, 28), "completed_on": date(2026, 1, 13)}
        enrolment = attended(offering, on=date(2025, 12, 30))
        enrolment.registered_on, enrolment.completed_on = on.values()
        hours(enrolment, date(2026, 1, 1), "6")
        certify(enrolment, date(2027, 2, 1), "K1")
    assert [times(span=Span(year)) for year in (2025, 2026, 2027)] == [
        [1, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]


def test_r15_an_activity_stands_on_no_rung_but_its_certificates_do(app):
    with writing():
        talk = an_offering(planned_hours=Decimal(1))
        enrolment = attended(talk, completed_on=MARCH)  # not included – fewer than 2 planned class hours
        hours(enrolment, date(2026, 3, 1), "1")
        certify(enrolment, MARCH, "K1")
    assert times() == [0, 0, 0, 0, 0, 1]


def test_r20_open_pairs_make_every_rung_a_range(app):
    with writing():
        offering, one, other = an_offering(), a_person(), a_person()
        signed_up(offering, one)
        signed_up(offering, other)
        undecided(one, other)
    assert ladder(Span(2026)).total["registered"] == Step(1, 2, 2)


def test_r16_the_age_is_that_of_the_first_lesson_and_unknown_is_a_row(app):
    with writing():
        offering = an_offering(category="elderly")
        attended(offering, a_person(birth_on=date(1966, 3, 10)))  # sixty that very day
        attended(offering, a_person(birth_on=date(1966, 3, 11)))  # not of age – sixty a day later
        attended(offering, a_person(birth_on=date(2008, 3, 11)))  # not eighteen – a day later
        attended(offering, a_person())  # unknown
        leap = an_offering(first_on=date(2026, 2, 28), category="elderly")
        attended(leap, a_person(birth_on=date(1956, 2, 29)), date(2026, 3, 3))  # seventy on 1 March only
    assert rows_of("age") == {"不满 18 岁": 1, "50–59 岁": 1, "60–69 岁": 2, "未知": 1}


def test_a_nameless_group_has_a_row_of_its_own_where_rows_are_learners(app):
    with writing():
        offering = an_offering(category="youth")
        attended(offering, a_person(sex="female"))
        attended(offering)
        came(offering, MARCH, 40)
    found = tally(Span(2026), "sex")
    assert {row.label: row.figures.person_times_total for row in found.rows} == {
        "女": 1, "未知": 1, "集体（没有名字）": 40,
    }  # fmt: skip
    assert found.total == count_year(2026).total
    assert not any(found.differences().values())


def test_the_reporting_unit_is_where_the_provider_reports_and_zones_stand_beside_counties(app):
    with writing():
        zone, district = a_provider(division_code="220271"), a_provider(division_code="220202")
        attended(an_offering(zone, division_code="220202"))  # held in a district by a provider of a zone
        attended(an_offering(district, division_code="220202"))
    assert rows_of("unit") == {"昌邑区": 1, "吉林经济开发区": 1}
    assert rows_of("division") == {"昌邑区": 2}


def test_class_hour_bands_hold_their_own_limits(app):
    with writing():
        for planned in ("23.99", "24", "80", "80.01"):
            attended(an_offering(planned_hours=Decimal(planned)))
    assert rows_of("size") == {"不足 24 学时": 1, "24–80 学时": 2, "超过 80 学时": 1}


def test_a_school_year_runs_from_september_to_august(app):
    with writing():
        offering = an_offering(first_on=date(2025, 8, 31), lessons=60)
        attended(offering, on=date(2025, 8, 31))  # not included – the last day of the school year before
        attended(offering, on=date(2025, 9, 1))
        attended(offering, on=date(2026, 8, 31))
        attended(offering, on=date(2026, 9, 1))  # not included – the first day of the next
    school = Span(2025, "school")
    assert (school.start, school.end) == (date(2025, 9, 1), date(2026, 8, 31))
    assert rows_of("month", span=school) == {"2025年9月": 1, "2026年8月": 1}
    assert (school.before, school.after) == (Span(2024, "school"), Span(2026, "school"))


def test_a_plan_period_adds_its_years_up_but_not_their_persons(app):
    with writing():
        person = a_person()
        for year in (2020, 2021, 2025, 2026):  # not included – 2020 and 2026 lie in other plans
            attended(an_offering(first_on=date(year, 3, 10)), person, date(year, 3, 10))
    plan = tally(Span(2023, "plan"), "year")
    assert [(row.key, row.figures.persons) for row in plan.rows] == [("2021", 1), ("2025", 1)]
    assert (plan.total.persons, plan.total.person_times) == (1, 2)
    assert plan.differences()["persons_max"] == 1 and plan.differences()["person_times"] == 0


@pytest.mark.parametrize("by", [by for by in EVERY if by not in ("age", "sex", "home")])
def test_any_dimension_has_the_citys_own_total(app, by):
    with writing():
        person = a_person()
        for n, category in enumerate(("elderly", "rural", "youth")):
            offering = an_offering(category=category, first_on=date(2026, 3 + n, 10))
            enrolment = attended(offering, person, date(2026, 3 + n, 10), completed_on=date(2026, 3 + n, 20))
            hours(enrolment, date(2026, 3, 1), "2.5")
            certify(enrolment, date(2026, 6, 1), f"K{n}")
            came(offering, date(2026, 3 + n, 10), 30)
    assert tally(Span(2026), by).total == count_year(2026).total


@pytest.mark.parametrize("rung", RUNGS)
def test_a_rungs_list_has_exactly_its_rows(app, rung):
    with writing():
        offering = an_offering(category="elderly", lessons=2)
        for n, facts in enumerate(({}, {"sex": "female"}, {"sex": "female", "birth_on": date(1950, 1, 1)})):
            enrolment = attended(offering, a_person(**facts), completed_on=MARCH if n else None)
            hours(enrolment, date(2026, 3, 1), str(n + 1))
        certify(enrolment, MARCH, "K1")
        signed_up(offering, a_person(sex="female"))
    for by, asked in (("sex", "sex"), ("age", "age"), ("category", "category"), ("size", "size")):
        for row in tally(Span(2026), by, Ruling(rung)).rows:
            place = Place(2026, rung=rung, **{asked: row.key})
            listed = lists.sums(lists.sign_ups(place, "person_times"))
            assert listed[:2] == (row.figures.person_times, row.figures.persons), (by, row.key)


def test_the_order_of_the_rungs_is_checked_in_each_offering_and_can_fail(app):
    with writing():
        waiting = signed_up(an_offering())
    assert in_order(Span(2026)).holds
    with writing():
        certify(waiting, MARCH, "K1")
    assert not in_order(Span(2026)).holds


def test_r6_the_overlap_shows_who_stands_in_two_rows(app):
    with writing():
        person, other = a_person(), a_person()
        for category in ("elderly", "elderly", "rural"):
            attended(an_offering(category=category), person)
        attended(an_offering(category="rural"), other)
        attended(an_offering(category="youth"), part="staff")  # not included – staff on duty
        signed_up(an_offering(category="youth"), other)  # not included – never came
    found = overlap(Span(2026), "category")
    assert found.cells == {("elderly", "rural"): Both(1, 2), ("rural", "elderly"): Both(1, 1)}
    assert found.in_rows == {1: 1, 2: 1} and (found.persons, found.several) == (2, 1)
    rows = tally(Span(2026), "category")
    assert found.several == rows.differences()["persons_max"], "what the rows have too many"
    place = Place(2026, category="elderly", also_category="rural")
    assert lists.sums(lists.sign_ups(place, "persons"))[:2] == (2, 1)


def test_the_overlap_of_providers_knows_a_human_being_by_all_records(app):
    with writing():
        facts = {"birth_on": date(1950, 5, 5), "mobile": "13900009999"}
        one, twin = a_person("同一演示", **facts), a_person("同一演示", **facts)
        settle_identities([one.id, twin.id])
        here, there = a_provider(), a_provider()
        attended(an_offering(here), one)
        attended(an_offering(there), twin)
    found = overlap(Span(2026), "provider")
    assert found.cells[here.id, there.id] == Both(1, 1)
    assert lists.sums(lists.sign_ups(Place(2026, provider=here.id, also_provider=there.id), "persons"))[:2] == (1, 1)


def test_r26_another_rule_is_tried_beside_the_one_in_force(app):
    with writing():
        offering, short = an_offering(lessons=4), an_offering(planned_hours=Decimal(3))
        hours(attended(offering), date(2026, 3, 1), "8")
        little = attended(offering)  # not included when effective is asked – too few hours
        hours(little, date(2026, 3, 1), "3")
        registered = signed_up(offering)  # not included by the rule – never came
        brief = attended(short)
        hours(brief, date(2026, 3, 1), "3")
    effective = try_out(Span(2026), Span(2026), Ruling("effective"))
    assert (effective.came_in, effective.went_out) == ((), (little.id,))
    assert (effective.by_rule.total.person_times, effective.tried.total.person_times) == (3, 2)
    assert try_out(Span(2026), Span(2026), Ruling("effective", percent=30)).went_out == ()
    assert try_out(Span(2026), Span(2026), Ruling("registered")).came_in == (registered.id,)
    longer = try_out(Span(2026), Span(2026), Ruling(min_hours=Decimal(4)))
    assert (longer.came_in, longer.went_out) == ((), (brief.id,))
    assert (longer.by_rule.total.class_hours, longer.tried.total.class_hours) == (14, 11)
    assert try_out(Span(2026), Span(2026), Ruling()).went_out == ()


def test_r26_another_basis_moves_what_lies_outside_of_it(app):
    with writing():
        spring = attended(an_offering())
        autumn = attended(an_offering(first_on=date(2026, 9, 8)), on=date(2026, 9, 8))
        next_spring = attended(an_offering(first_on=date(2027, 3, 9)), on=date(2027, 3, 9))
    found = try_out(Span(2026), Span(2026, "school"), Ruling())
    assert (found.came_in, found.went_out) == ((next_spring.id,), (spring.id,))
    assert autumn.id not in found.came_in + found.went_out
    assert dict(found.grid().told)["by_rule"].endswith("（规则 2026.1 版）")
    assert dict(found.grid().told)["tried"].startswith("2026–2027 学年")


def test_r17_where_a_learner_lives_is_asked_at_the_desk_and_serves_tables_alone(app):
    with writing():
        school = a_provider()
        at_home = Person.keep(school.id, NOON, name="住演示", division_code="220281")
        attended(an_offering(school, category="community"), at_home)
        attended(an_offering(school, category="rural"))  # unknown – did not say; rural by category
    assert rows_of("home") == {"蛟河市": 1, "未知": 1}
    assert rows_of("category") == {"社区教育": 1, "乡村振兴": 1}


def test_people_found_one_after_the_other_are_those_of_the_sorted_list(app):
    with writing():
        facts = {"birth_on": date(1950, 5, 5), "mobile": "13900009999"}
        people = [a_person() for _ in range(5)]
        twins = [a_person("同一演示", **facts) for _ in range(2)]
        settle_identities([person.id for person in twins])
        for offering in (an_offering(), an_offering()):
            for person in (*people, *twins):
                attended(offering, person)
        attended(offering, part="staff")  # not included – staff on duty
    place = Place(2026)
    gone = lists.gone(place, "persons")
    ahead = lists.size(lists.in_front(place, gone))
    pages = [lists.people(place, gone, ahead, first, 3) for first in range(0, 14, 3)]
    found = [row.identity for page in pages for row in page]
    whole = db.session.execute(lists.sign_ups(place, "persons")).all()
    assert {row.enrolment_id for page in pages for row in page} == {row.enrolment_id for row in whole}
    assert len(found) == len(whole) == 12 and found[:2] == [twins[0].id] * 2, "several records stand in front"
    assert all(found.index(person) + found.count(person) - 1 == 11 - found[::-1].index(person) for person in found)
