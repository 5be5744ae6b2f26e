"""How people are counted, rule by rule. What must not count is labelled with the reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.counts import Figures, count_year, lists, reading, year_table
from app.counts.checks import checks, every_year_adds_up, sums
from app.counts.lists import Ages, Place
from app.counts.pairs import OnTheBooks
from app.counts.partners import taken_part
from app.database import WRITER, db, writing
from app.models import (
    AttendedHours,
    CandidatePair,
    Certificate,
    Enrolment,
    GroupVisit,
    Offering,
    OfferingHours,
    OfferingPartner,
    Person,
)
from app.models.attended import tally_hours
from app.models.person import settle_identities
from app.refusal import Refusal
from tests.people import NOON, a_person, a_provider, an_account, an_offering

MARCH = date(2026, 3, 10)


def attended(offering: Offering, person: Person | None = None, on: date = MARCH, **facts: Any) -> Enrolment:
    """A sign-up first attended on a day, written as a ledger would."""
    enrolment = Enrolment(
        offering_id=offering.id,
        person=person or a_person(),
        source="ledger",
        applied_at=NOON,
        applied_on=on,
        registered_at=NOON,
        registered_on=on,
        place_number=1,
        first_attended_on=on,
        **facts,
    )
    db.session.add(enrolment)
    db.session.flush()
    return enrolment


def withdrawn(on: date = MARCH) -> dict[str, Any]:
    return {"withdrawn_at": NOON, "withdrawn_on": on}


def hours(enrolment: Enrolment, month: date, class_hours: str) -> None:
    db.session.add(AttendedHours(enrolment_id=enrolment.id, month_on=month, class_hours=Decimal(class_hours)))
    db.session.flush()
    tally_hours([enrolment.offering_id])


def came(offering: Offering, on: date, headcount: int, name: str = "第七小学（演示）") -> None:
    db.session.add(
        GroupVisit(
            offering=offering, group_name=name, group_key=name, visited_on=on, headcount=headcount, state="已结业"
        )
    )
    db.session.flush()


def undecided(one: Person, other: Person, decision: str | None = None) -> None:
    a, b = sorted((one.id, other.id))
    db.session.add(CandidatePair(a_id=a, b_id=b, decision=decision))
    db.session.flush()


def total(year: int = 2026) -> dict[str, Any]:
    return year_table(year).total.as_dict()


def by(dimension: str, measure: str, year: int = 2026) -> dict[str, Any]:
    return {row.label: row.figures.as_dict()[measure] for row in year_table(year, dimension).rows}


def test_r1_a_sign_up_counts_at_the_rung_attended(app):
    with writing():
        offering = an_offering()
        attended(offering)
        offering.enrol(a_person(), by=None, at=NOON)  # not included – registered, never came
        full = an_offering(capacity=0)
        full.enrol(a_person(), by=None, at=NOON)  # not included – waits
    assert (total()["persons"], total()["person_times"]) == (1, 1)


def test_r2_only_learners_count(app):
    with writing():
        offering = an_offering()
        attended(offering)
        attended(offering, part="staff")  # not included – staff on duty
        attended(offering, a_person(deleted_at=NOON))  # not included – deleted
        attended(offering, a_person(merged_into_id=a_person().id))  # not included – merged away
    assert total()["person_times"] == 1


def test_r2_a_trainer_counts_elsewhere_but_never_in_their_own_offering(app):
    with writing():
        own, elsewhere = an_offering(), an_offering()
        trainer = an_account("trainer", own.provider)
        facts = {"birth_on": date(1980, 1, 1), "mobile": "13900008888"}
        person = a_person("周演示", trainer, **facts)
        at_the_school = a_person("周演示", **facts)
        settle_identities([person.id, at_the_school.id])
        own.appoint(trainer)
        attended(own, person)  # not included – teaches here
        attended(own, at_the_school)  # not included – teaches here, under another record
        attended(elsewhere, at_the_school)
        family = a_person("周小演示", trainer, relation="family")
        attended(own, family)  # the trainer's child is a learner like any other
    assert total()["person_times"] == 2


def test_r3_two_offerings_are_one_person_and_two_person_times(app):
    with writing():
        person, first = a_person(), an_offering()
        attended(first, person)
        attended(an_offering(first.provider), person)
    assert (total()["persons"], total()["person_times"]) == (1, 2)


def test_r3_the_same_offering_twice_is_one_person_time_at_its_earliest_day(app):
    with writing():
        person, offering = a_person(), an_offering(first_on=date(2025, 12, 9), lessons=12)
        attended(offering, person, date(2025, 12, 16), **withdrawn())
        attended(offering, person, date(2026, 1, 6))  # not included – came again to the same offering
    assert (total(2025)["person_times"], total(2026)["person_times"]) == (1, 0)
    assert by("month", "person_times", 2025) == {"12月": 1}


def test_r3_two_records_of_one_human_being_in_one_offering_are_one_person_time(app):
    with writing():
        offering, facts = an_offering(), {"birth_on": date(1950, 5, 5), "mobile": "13900009999"}
        one, other = a_person("同一演示", **facts), a_person("同一演示", **facts)
        settle_identities([one.id, other.id])
        attended(offering, one, MARCH + timedelta(7), completed_on=date(2026, 3, 31))
        attended(offering, other, MARCH, completed_on=date(2026, 3, 24))  # the earlier one stands for both
    assert (total()["persons"], total()["person_times"], total()["completions"]) == (1, 1, 1)
    listed = db.session.execute(lists.sign_ups(Place(2026), "person_times")).all()
    assert [row.day for row in listed] == [MARCH]


def test_r4_the_person_time_belongs_to_the_provider_of_the_offering(app):
    with writing():
        holder, keeper = a_provider("甲校（演示）"), a_provider("乙校（演示）")
        person = a_person(keeper_provider_id=keeper.id)  # not included for them – only keeps the record
        attended(an_offering(holder), person)
    assert by("provider", "person_times") == {"甲校（演示）": 1}


def test_r5_categories_add_up_to_the_city(app):
    with writing():
        for category in ("elderly", "elderly", "rural", "youth"):
            attended(an_offering(category=category))
        attended(an_offering(category="teacher", planned_hours=Decimal(1)))  # not included – an activity
    assert by("category", "person_times") == {"老年教育": 2, "乡村振兴": 1, "中小学生体验": 1}
    assert total()["person_times"] == 4


def test_r6_persons_are_distinct_at_the_level_shown(app):
    with writing():
        person = a_person()
        attended(an_offering(category="elderly"), person)
        attended(an_offering(category="rural"), person)
    year = count_year(2026)
    assert by("category", "persons") == {"老年教育": 1, "乡村振兴": 1}
    assert total()["persons"] == 1
    found = sums(year, "category")
    assert (found.differs, found.persons, found.persons_add_up) == ((), 1, False)


def test_r7_the_year_is_that_of_the_first_attended_lesson_and_once(app):
    with writing():
        offering = an_offering(first_on=date(2025, 12, 31), lessons=3)
        attended(offering, on=date(2025, 12, 31))
        attended(offering, on=date(2026, 1, 1))  # not included in 2025 – first came on New Year's Day
    assert (total(2025)["person_times"], total(2026)["person_times"]) == (1, 1)
    assert by("month", "person_times", 2026) == {"1月": 1}


def test_r8_persons_are_the_people_behind_the_years_person_times(app):
    with writing():
        offering = an_offering(first_on=date(2025, 11, 4), lessons=12)
        enrolment = attended(offering, on=date(2025, 11, 4))
        hours(enrolment, date(2025, 11, 1), "8")
        hours(enrolment, date(2026, 1, 1), "4")  # hours of 2026, but no person of 2026
    assert total(2026)["persons"] == 0 and total(2026)["class_hours"] == 4
    assert total(2025)["persons"] == 1 and total(2025)["class_hours"] == 8


def test_r9_completions_and_certificates_go_by_their_own_dates(app):
    with writing():
        offering = an_offering(first_on=date(2024, 12, 3), lessons=8)
        enrolment = attended(offering, on=date(2024, 12, 3), completed_on=date(2025, 1, 21))
        for n, issued in enumerate((date(2026, 2, 1), date(2026, 2, 2))):
            db.session.add(
                Certificate(enrolment=enrolment, system="hrss", name="证书", number=f"A{n}", issued_on=issued)
            )
    assert [total(year)["completions"] for year in (2024, 2025, 2026)] == [0, 1, 0]
    assert [total(year)["certificates"] for year in (2024, 2025, 2026)] == [0, 0, 2]
    assert by("month", "completions", 2025) == {"1月": 1}


def test_r9_hours_of_a_roll_go_by_the_lessons_month(app):
    with writing():
        offering = an_offering(first_on=date(2026, 3, 24), lessons=2)
        enrolment = offering.enrol(a_person(), by=None, at=NOON)
        for lesson in offering.lessons:
            lesson.take_roll({enrolment.id: "present"}, by=None, at=lesson.begins_at, base_version=0)
    assert by("month", "class_hours") == {"3月": 4}
    with writing():
        third = an_offering(first_on=date(2026, 4, 7), lessons=1)
        absent = third.enrol(a_person(), by=None, at=NOON)
        lesson = third.lessons[0]
        # not included – absent
        lesson.take_roll({absent.id: "absent"}, by=None, at=lesson.begins_at, base_version=0)
    assert by("month", "class_hours") == {"3月": 4}


def test_r10_attendance_decides_not_the_states_name(app):
    with writing():
        cancelled_late, cancelled_early, left = an_offering(), an_offering(), an_offering()
        attended(cancelled_late)
        cancelled_late.cancel("教师生病", NOON + timedelta(30))
        cancelled_early.enrol(a_person(), by=None, at=NOON)  # not included – cancelled before its first lesson
        cancelled_early.cancel("人数不足", NOON)
        attended(left, **withdrawn())  # left after attending: stays attended, not completed
        gone = left.enrol(a_person(), by=None, at=NOON)
        left.withdraw(gone, by=None, at=NOON)  # not included – left before attending
    assert (total()["person_times"], total()["completions"]) == (2, 0)


def test_r4_a_partner_takes_part_outside_its_total(app):
    with writing():
        holder, partner, bystander = a_provider("开办（演示）"), a_provider("合作（演示）"), a_provider("旁观（演示）")
        together, alone = an_offering(holder), an_offering(partner)
        OfferingPartner.add(together, partner)
        person = a_person()
        attended(together, person)
        attended(together)
        attended(alone, person)  # not included – its own, and no partnership
        talk = an_offering(holder, planned_hours=Decimal(1))
        OfferingPartner.add(talk, partner)
        attended(talk)  # not included – an activity
        with pytest.raises(Refusal) as no:
            OfferingPartner.add(together, holder)
        assert no.value.code == "partner-is-holder"
    own = {row.label: row.figures.person_times for row in year_table(2026, "provider").rows}
    assert own == {"开办（演示）": 2, "合作（演示）": 1}, "the person-times are the holder's"
    (part,) = taken_part(2026)
    assert (part.provider.name, part.figures.person_times, part.figures.persons) == ("合作（演示）", 2, 2)
    listed = db.session.execute(lists.sign_ups(Place(2026, partner=partner.id), "person_times")).all()
    assert (
        len(listed) == 2 and not db.session.execute(lists.sign_ups(Place(2026, partner=bystander.id), "persons")).all()
    )
    with writing():
        OfferingPartner.remove(together, partner.id)
    assert taken_part(2026) == []


def two_of_one_course() -> tuple[Offering, Offering]:
    """The first meets in December 2025 and after, the second from March 2026 on, in another category."""
    first = an_offering(first_on=date(2025, 12, 30), category="community")
    return first, an_offering(first.provider, course=first.course, category="elderly", first_on=date(2026, 3, 10))


def present(enrolment: Enrolment, *numbers: int) -> None:
    for n in numbers:
        lesson = enrolment.offering.lessons[n]
        lesson.take_roll({enrolment.id: "present"}, by=None, at=lesson.begins_at, base_version=lesson.roll_version)


def test_r11_a_transfer_is_one_person_time_at_the_receiving_offering(app):
    with writing():
        first, second = two_of_one_course()
        left = first.enrol(a_person("转班演示"), by=None, at=first.first_begins_at - timedelta(9))
        present(left, 0, 1)  # 30 December 2025 and 6 January 2026
        joined = second.take_over(left, by=None, at=first.lessons[1].begins_at)
        present(joined, 0)  # not included – the second first day of one person-time
        other = an_offering()
        present(other.enrol(left.person, by=None, at=NOON), 0)  # another course: counts by itself
    by_category = {row.label: row.figures for row in year_table(2025, "category").rows}
    assert {name: (f.person_times, f.class_hours) for name, f in by_category.items()} == {"老年教育": (1, 2)}
    assert (total(2026)["person_times"], total(2026)["class_hours"]) == (1, 2 + 2 + 2), "its year is that of the first"
    assert joined.first_attended_on == date(2025, 12, 30) and joined.registered_on == left.registered_on
    assert (left.first_attended_on, first.places_taken, second.places_taken) == (None, 0, 1)


def test_r11_a_corrected_mark_before_the_transfer_moves_the_person_time(app):
    with writing():
        first, second = two_of_one_course()
        left = first.enrol(a_person(), by=None, at=first.first_begins_at - timedelta(9))
        present(left, 0, 1)
        joined = second.take_over(left, by=None, at=first.lessons[1].begins_at)
        lesson = first.lessons[0]
        lesson.take_roll(
            {left.id: "absent"},
            by=None,
            at=lesson.begins_at + timedelta(2),
            base_version=lesson.roll_version,
            reason="看错了",
        )
    assert joined.first_attended_on == date(2026, 1, 6) and total(2025)["person_times"] == 0
    assert (total(2026)["person_times"], total(2026)["class_hours"]) == (1, 2)


def test_r11_a_chain_of_transfers_ends_at_its_last_offering(app):
    with writing():
        first, second = two_of_one_course()
        third = an_offering(first.provider, course=first.course, category="rural", first_on=date(2026, 4, 7))
        sign_up = first.enrol(a_person(), by=None, at=first.first_begins_at - timedelta(9))
        present(sign_up, 0)
        for offering in (second, third):
            sign_up = offering.take_over(sign_up, by=None, at=NOON)
        present(sign_up, 0)
    assert [row.label for row in year_table(2025, "category").rows] == ["乡村振兴"]
    assert total(2026)["person_times"] == 0 and total(2026)["class_hours"] == 2


@pytest.mark.parametrize(
    "code",
    ["transfer-other-course", "no-free-place", "transfer-without-place", "already-withdrawn", "already-completed",
     "already-enrolled", "transfer-from-ledger", "offering-cancelled"],
)  # fmt: skip
def test_r11_whoever_may_not_go_on_there_stays_and_is_told_why(app, code):
    with writing():
        first, second = two_of_one_course()
        first.capacity = 1
        left = first.enrol(a_person(), by=None, at=first.first_begins_at - timedelta(9))
        if code == "transfer-other-course":
            second = an_offering(first.provider)
        elif code == "no-free-place":
            second.capacity = 0
        elif code == "transfer-without-place":
            left = first.enrol(a_person(), by=None, at=first.first_begins_at - timedelta(9))
        elif code == "already-withdrawn":
            first.withdraw(left, by=None, at=NOON)
        elif code == "already-completed":
            present(left, 0)
            left.complete(date(2026, 1, 6), by=None, day=date(2026, 1, 7))
        elif code == "already-enrolled":
            second.enrol(left.person, by=None, at=NOON)
        elif code == "transfer-from-ledger":
            left.source = "ledger"
        elif code == "offering-cancelled":
            second.cancel("教师生病", NOON)
        before = first.places_taken, second.places_taken, left.withdrawn_at
        with pytest.raises(Refusal) as no:
            second.take_over(left, by=None, at=NOON)
        assert no.value.code == code
        assert (first.places_taken, second.places_taken, left.withdrawn_at) == before


def test_r12_a_walk_in_counts_and_a_mere_observation_does_not(app):
    from app.models import Observation

    with writing():
        offering = an_offering()
        lesson = offering.lessons[0]
        walk_in = offering.enrol_at_lesson(a_person(), lesson, by=None, at=lesson.begins_at)
        lesson.take_roll({walk_in.id: "present"}, by=None, at=lesson.begins_at, base_version=0)
        # not included – sat in without a place, undecided
        db.session.add(Observation(lesson_id=lesson.id, name="旁听演示", seen_at=lesson.begins_at))
    assert walk_in.first_attended_on == lesson.held_on == walk_in.applied_on
    assert total()["person_times"] == 1


def test_r13_groups_of_a_day_add_up_and_the_highest_day_counts_once(app):
    with writing():
        offering = an_offering(category="youth", first_on=date(2025, 12, 30), lessons=5)
        came(offering, date(2025, 12, 30), 25)  # not included – the same group once a day, at its largest
        came(offering, date(2025, 12, 30), 36)
        came(offering, date(2025, 12, 30), 10, "第九小学（演示）")
        came(offering, date(2026, 1, 6), 50)
        came(offering, date(2026, 1, 13), 49)  # not included – not the highest day
        elderly = an_offering(category="elderly", first_on=date(2025, 12, 30))
        came(elderly, date(2025, 12, 30), 90)  # not included – the category is not switched on for groups
        talk = an_offering(category="youth", first_on=date(2025, 12, 30), planned_hours=Decimal(1))
        came(talk, date(2025, 12, 30), 300)  # not included – an activity
    figures = total(2025)
    assert (figures["group_headcount"], figures["person_times_total"], figures["persons"]) == (50, 50, 0)
    assert total(2026)["group_headcount"] == 0, "in the year of the first day a group came"
    assert by("month", "group_headcount", 2025) == {"12月": 50}


def test_r14_persons_are_a_range_where_groups_exist(app):
    with writing():
        offering = an_offering(category="youth")
        attended(offering)
        came(offering, MARCH, 40)
    figures = count_year(2026).total
    assert (figures.persons, figures.persons_with_nameless) == (1, 41)


def test_r15_an_activity_stands_outside_but_its_certificates_count(app):
    with writing():
        talk, course = an_offering(planned_hours=Decimal("1.99")), an_offering(planned_hours=Decimal(2))
        at_the_talk = attended(talk, completed_on=MARCH)  # not included – fewer than 2 planned class hours
        hours(at_the_talk, date(2026, 3, 1), "1.5")  # not included – nor its hours
        db.session.add(
            Certificate(enrolment=at_the_talk, system="hrss", name="证书", number="B1", issued_on=date(2026, 5, 1))
        )
        attended(course)
    figures = total()
    assert (figures["person_times"], figures["completions"], figures["class_hours"]) == (1, 0, 0)
    assert figures["certificates"] == 1


def test_r16_age_is_asked_on_the_first_lesson_and_unknown_is_a_row(app):
    with writing():
        offering = an_offering(category="elderly")
        attended(offering, a_person(birth_on=date(1966, 3, 10)))  # sixty that very day
        attended(offering, a_person(birth_on=date(1966, 3, 11)))  # not of age – sixty a day later
        attended(offering, a_person())  # unknown
        attended(an_offering(category="rural"), a_person(birth_on=date(1950, 1, 1)))  # not included – by category
    assert lists.elderly_ages(Place(2026)) == (Ages(1, 1, 1), Ages(1, 1, 1))


def test_r16_a_person_is_of_age_who_was_so_in_one_offering(app):
    with writing():
        person = a_person(birth_on=date(1966, 4, 1))
        attended(an_offering(category="elderly"), person)
        attended(an_offering(category="elderly", first_on=date(2026, 5, 5)), person, date(2026, 5, 5))
    assert lists.elderly_ages(Place(2026)) == (Ages(1, 1, 0), Ages(1, 0, 0))


def test_r8_on_the_books_is_who_was_registered_in_elderly_education_in_the_year(app):
    def in_class(first_on: date = MARCH, **facts: Any) -> Enrolment:
        offering = an_offering(category="elderly", first_on=first_on)
        fact = {"registered_on": first_on, "applied_on": first_on, "place_number": 1, **facts}
        enrolment = Enrolment(offering=offering, person=a_person(), source="web", applied_at=NOON, **fact)
        db.session.add(enrolment)
        db.session.flush()
        return enrolment

    def left(day: date) -> dict[str, Any]:
        return {"withdrawn_on": day, "withdrawn_at": NOON}

    with writing():
        in_class()  # registered, never came
        in_class(first_attended_on=MARCH)
        in_class(first_attended_on=MARCH, **left(date(2026, 3, 20)))  # came, then left
        in_class(date(2025, 12, 20), first_attended_on=date(2025, 12, 20))  # goes on into the year
        in_class(date(2025, 3, 4), first_attended_on=date(2025, 3, 4))  # not included – ended before
        before = date(2025, 12, 20)
        in_class(before, first_attended_on=before, **left(date(2025, 12, 31)))  # not included – left before
        in_class(date(2027, 1, 4))  # not included – registered later
        in_class(**left(date(2026, 3, 20)))  # not included – left before attending
        in_class(registered_on=None, place_number=None, waitlisted_at=NOON)  # not included – waits
        in_class().offering.cancel("教师生病", NOON)  # not included – cancelled before anybody came (R10)
        in_class().offering.planned_hours = Decimal(1)  # not included – an activity (R15)
        attended(an_offering(category="rural"))  # not included – another category
    assert lists.books(Place(2026)) == count_year(2026).books == OnTheBooks(4, 4, 3, 3)
    assert [lists.size(lists.on_the_books(Place(2026), attended)) for attended in (False, True)] == [4, 3]
    assert lists.books(Place(2026, division="220202")) == OnTheBooks()


def test_r8_on_the_books_counts_a_human_being_once_and_open_pairs_as_a_range(app):
    with writing():
        one, other = a_person(), a_person()
        for person in (one, one, other):
            attended(an_offering(category="elderly"), person)
        undecided(one, other)
    assert lists.books(Place(2026)) == count_year(2026).books == OnTheBooks(1, 2, 1, 2)


def test_r20_an_open_pair_makes_persons_a_range(app):
    with writing():
        offering, one, other, third = an_offering(), a_person(), a_person(), a_person()
        for person in (one, other, third):
            attended(offering, person)
        undecided(one, other)
        undecided(other, third, "different")  # not included – decided
    assert (total()["persons"], total()["persons_max"], total()["person_times"]) == (2, 3, 3)


def test_r20_a_pair_narrows_only_the_cells_that_hold_both(app):
    with writing():
        one, between, other = a_person(), a_person(), a_person()
        attended(an_offering(category="elderly"), one)
        attended(an_offering(category="elderly"), other)
        attended(an_offering(category="rural"), between)
        undecided(one, between)
        undecided(between, other)
    assert by("category", "persons") == {"老年教育": 2, "乡村振兴": 1}, "the one between them is elsewhere"
    assert (total()["persons"], total()["persons_max"]) == (1, 3)


def test_r20_a_connected_group_is_at_least_its_documented_people(app):
    with writing():
        offering, bare = an_offering(), a_person()
        documented = [a_person(document=("passport", f"E0000000{n}")) for n in range(2)]
        other_type = a_person(document=("resident_id", "220299195003040016"))
        for person in (bare, *documented, other_type):
            attended(offering, person)
        for person in (*documented, other_type):
            undecided(bare, person)
    assert (total()["persons"], total()["persons_max"]) == (2, 4), "two passports are two people"


def test_r20_a_pair_with_a_deleted_record_narrows_nothing(app):
    with writing():
        offering, one, other = an_offering(), a_person(), a_person()
        facts = {"birth_on": date(1950, 5, 5), "mobile": "13900009999"}
        shadow, double = a_person("同一演示", **facts), a_person("同一演示", **facts)
        settle_identities([shadow.id, double.id])
        for person in (one, other, double):
            attended(offering, person)
        undecided(one, shadow)
        shadow.deleted_at = NOON  # not included – the pair hangs on a deleted record
    assert (total()["persons"], total()["persons_max"]) == (3, 3)


def test_the_checks_hold_and_each_can_fail(app):
    with writing():
        person = a_person()
        attended(an_offering(category="elderly", first_on=date(2025, 3, 4)), person, date(2025, 3, 4))
        attended(an_offering(category="rural"), person)
        waiting = an_offering().enrol(a_person(), by=None, at=NOON)
    year = count_year(2026)
    assert [check.name for check in checks(year) if not check.holds] == []
    assert every_year_adds_up().holds

    def failing(**facts: Any) -> list[str]:
        return [check.name for check in checks(replace(year, **facts)) if not check.holds]

    assert failing(total=replace(year.total, persons=2, persons_max=2)) == ["persons-below-person-times"]
    assert failing(total=replace(year.total, group_headcount=-1)) == ["named-below-total", "rows-add-up"]
    assert failing(total=replace(year.total, person_times=2)) == ["rows-add-up"]
    assert failing(tables={**year.tables, "category": ()}) == ["rows-add-up"]
    with writing():
        db.session.add(
            Certificate(enrolment=waiting, system="hrss", name="证书", number="C1", issued_on=date(2026, 5, 1))
        )
    assert [check.name for check in checks(count_year(2026)) if not check.holds] == ["ladder"]


def test_the_years_check_sees_a_sign_up_that_falls_between(app, monkeypatch):
    with writing():
        attended(an_offering())
    assert every_year_adds_up().holds
    monkeypatch.setattr("app.counts.checks.count_city", lambda year: Figures())
    assert not every_year_adds_up().holds


@pytest.mark.parametrize("measure", ["persons", "person_times", "completions", "class_hours"])
def test_a_list_has_exactly_the_rows_of_its_figure(app, measure):
    with writing():
        person = a_person()
        for category in ("elderly", "rural", "rural"):
            enrolment = attended(an_offering(category=category), person, completed_on=date(2026, 3, 31))
            hours(enrolment, date(2026, 3, 1), "2.5")
        attended(an_offering(category="rural"), part="staff")  # not included – staff
    for row in count_year(2026).tables["category"]:
        rows, people, amount = lists.sums(lists.sign_ups(Place(2026, category=str(row.key)), measure))
        expected = {"persons": people, "class_hours": Decimal(amount) / 100}.get(measure, rows)
        assert expected == getattr(row.figures, measure)


def test_class_hours_have_at_most_one_decimal_and_no_hundredth_is_lost(app):
    with writing():
        offering = an_offering()
        for amount in ("1.33", "1.33", "1.34"):
            hours(attended(offering), date(2026, 3, 1), amount)
    assert total()["class_hours"] == 4
    assert json.dumps(total()["class_hours"]) == "4"
    with writing():
        hours(attended(offering), date(2026, 3, 1), "0.25")
    assert total()["class_hours"] == 4.3, "half a tenth goes up"


def test_labels_stand_in_the_ledgers_order_and_empty_rows_are_left_out(app):
    with writing():
        for name, category, division in (
            ("乙（演示）", "workforce", "220284"),
            ("甲（演示）", "community", "220271"),
            ("丙（演示）", "certificate", "220202"),
        ):
            attended(an_offering(a_provider(name), category=category, division_code=division))
        a_provider("空（演示）")
    assert list(by("category", "persons")) == ["社区教育", "1+X证书", "职工培训"]
    assert list(by("division", "persons")) == ["昌邑区", "吉林经济开发区", "磐石市"]
    assert list(by("provider", "persons")) == ["丙（演示）", "乙（演示）", "甲（演示）"]
    assert year_table(2026).as_dict()["rows"] == [] and year_table(2026).as_dict()["by"] is None


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("guarded", [True, False])
def test_two_readers_see_one_state_or_one_of_them_reads_alone(app, monkeypatch, guarded):
    """A commit falls between the beginnings of the two; without the guard the figures come from two states."""
    with writing():
        enrolment = attended(an_offering())
    taken = reading._take_snapshot
    begun: list[Any] = []

    def take(reader: Any) -> None:
        taken(reader)
        begun.append(reader)
        if len(begun) == 1:
            with db.engine.connect().execution_options(**{WRITER: True}) as somebody, somebody.begin():
                hours = {"offering_id": enrolment.offering_id, "class_hours": Decimal(4), "month_on": date(2026, 3, 1)}
                somebody.execute(db.insert(AttendedHours.__table__), {**hours, "enrolment_id": enrolment.id})
                somebody.execute(db.insert(OfferingHours.__table__), hours)
                somebody.execute(db.update(Enrolment.__table__).values(first_attended_on=date(2025, 3, 10)))

    monkeypatch.setattr(reading, "_take_snapshot", take)
    if not guarded:
        monkeypatch.setattr(reading, "_data_version", lambda watch: 0)
    figures = count_year(2026).total
    assert len(begun) == 2, "two readers were there"
    assert (figures.person_times, figures.class_hours) == ((1, 0) if guarded else (1, 4))
    db.session.rollback()
    begun[:] = [None]
    figures = count_year(2026).total
    assert (figures.person_times, figures.class_hours) == (0, 4)


def test_a_count_inside_a_write_transaction_sees_what_it_wrote(app):
    with writing():
        hours(attended(an_offering()), date(2026, 3, 1), "2")
        figures = count_year(2026).total
        assert (figures.person_times, figures.class_hours) == (1, 2)
