"""R13: what a nameless group needs before it counts, and that both roads to a head-count give one answer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import instant
from app.counts import year_table
from app.database import db, writing
from app.models import Enrolment, GroupBooking, GroupVisit, Lesson, Offering
from app.models.group_booking import SHEET_BYTES
from app.models.scheduling import schedule
from app.refusal import Refusal
from tests.people import a_person, an_account, an_offering
from tests.test_counts import came

FIRST = date(2026, 4, 7)
LATER = instant(date(2026, 6, 1), time(9))
TODAY = date(2026, 6, 1)


def a_youth_offering(lessons: int = 2, **facts: Any) -> Offering:
    return an_offering(category="youth", first_on=FIRST, lessons=lessons, capacity=None, **facts)


def booked(offering: Offering, name: str = "第一小学四年级（演示）", size: int = 45) -> GroupBooking:
    return GroupBooking.book(
        offering, group_name=name, size=size, contact="王演示", telephone="13900001234", evidence="演示〔2026〕2号",
        by=None, at=LATER - timedelta(90),
    )  # fmt: skip


def counted(
    booking: GroupBooking, lesson: Lesson, headcount: int, at: datetime | None = None, reason: str = ""
) -> None:
    booking.count(lesson, headcount, by=None, at=at or instant(lesson.held_on, time(11)), reason=reason)


def confirmed(booking: GroupBooking, on: date = TODAY, **facts: Any):
    return booking.confirm(on, "李演示校长", day=TODAY, by=None, at=LATER, **facts)


def present(offering: Offering, lesson: Lesson, how_many: int, status: str = "present") -> list[Enrolment]:
    at = lesson.begins_at - timedelta(1)
    rows = [offering.enrol(a_person(), by=None, at=at, source="clerk") for _ in range(how_many)]
    lesson.take_roll(
        {row.id: status for row in rows}, by=None, at=instant(lesson.held_on, time(11)),
        base_version=lesson.roll_version,
    )  # fmt: skip
    return rows


def heads(year: int = 2026) -> int:
    return year_table(year).total.group_headcount


def reasons(offering: Offering) -> list[tuple[str, int]]:
    return list(GroupBooking.standings(offering).values())


def test_r13_a_group_counts_with_booking_count_and_confirmation_and_not_before(app):
    with writing():
        offering = a_youth_offering()
        booking = booked(offering)
    assert (heads(), reasons(offering)) == (0, [("not_counted", 0)])
    with writing():
        counted(booking, offering.lessons[0], 42)
    assert (heads(), reasons(offering)) == (0, [("not_confirmed", 0)])
    with writing():
        confirmed(booking, FIRST - timedelta(1))  # not included – nobody can confirm beforehand
    assert (heads(), reasons(offering)) == (0, [("confirmed_before", 0)])
    with writing():
        made = confirmed(booking, FIRST)
    assert (heads(), reasons(offering)) == (42, [("counts", 42)])
    total = year_table(2026).total
    assert (total.persons, total.person_times, total.person_times_total) == (0, 0, 42)
    assert (total.persons, total.persons_with_nameless) == (0, 42), "R14: the range of persons"
    assert total.basis("group_headcount") == "computed"
    with writing():
        made.revoke("对方说没来", LATER)
    assert (heads(), reasons(offering)) == (0, [("confirmed_before", 0)])


def test_r13_people_with_a_name_are_taken_off_the_count_of_their_lesson(app):
    with writing():
        offering = a_youth_offering()
        first, second = offering.lessons
        booking = booked(offering)
        present(offering, first, 5)
        present(offering, first, 3, "absent")  # not taken off – were not there
        counted(booking, first, 45)
        counted(booking, second, 30)  # not included – a smaller day
        confirmed(booking)
    assert heads() == 40 and reasons(offering) == [("counts", 40)]
    with writing():
        present(offering, first, 10)  # the roll is taken after the count
    assert heads() == 30
    with writing():
        present(offering, first, 2)
    assert heads() == 30, "now the other day is the larger one: 45 less 17, and 30"
    total = year_table(2026).total
    assert (total.persons, total.person_times, total.person_times_total) == (17, 17, 47)
    assert (total.persons, total.persons_with_nameless) == (17, 47), "R14"


def test_r13_different_groups_of_a_day_add_up_and_one_group_counts_once_a_day(app):
    with writing():
        offering = a_youth_offering(lessons=1)
        schedule(offering, [(FIRST, time(13), time(14, 30)), (FIRST + timedelta(7), time(9), time(10, 30))])
        db.session.expire(offering, ["lessons"])
        morning, afternoon, week = offering.lessons
        one, two, three = (booked(offering, f"第{n}小学（演示）") for n in "一二三")
        counted(one, morning, 30)
        counted(one, afternoon, 28)  # not included – the same group on the same day, smaller
        counted(two, afternoon, 20)
        counted(three, morning, 99)  # not included – never confirmed
        counted(two, week, 49)  # not included – the offering counts once, at its highest day
        confirmed(one)
        confirmed(two)
    assert heads() == 50
    assert reasons(offering) == [("counts", 30), ("counts", 49), ("not_confirmed", 0)]


def test_r13_names_go_to_the_groups_that_count_first(app):
    with writing():
        offering = a_youth_offering(lessons=1)
        (lesson,) = offering.lessons
        loose, sure = booked(offering, "第一小学（演示）"), booked(offering, "第二小学（演示）")
        present(offering, lesson, 12)
        counted(loose, lesson, 40)  # not included – not confirmed
        counted(sure, lesson, 30)
        confirmed(sure)
    assert heads() == 18, "all twelve names are taken off the group that counts"
    with writing():
        confirmed(loose)
    assert heads() == 58, "30 and 40 less the twelve"


def test_r13_the_offering_counts_in_the_year_of_the_first_day(app):
    with writing():
        offering = an_offering(category="youth", first_on=date(2025, 12, 30), lessons=2, capacity=None)
        booking = booked(offering)
        counted(booking, offering.lessons[0], 20)
        counted(booking, offering.lessons[1], 60)
        confirmed(booking)
    assert (heads(2025), heads(2026)) == (60, 0)


def test_r13_the_ledgers_road_and_the_bookings_give_one_answer(app):
    with writing():
        offering = a_youth_offering()
        booking = booked(offering, "第一小学（演示）")
        counted(booking, offering.lessons[0], 40)
        confirmed(booking)
        came(offering, FIRST, 35, booking.group_key)  # not included – the same group on the same day, smaller
    assert heads() == 40
    with writing():
        came(offering, FIRST, 44, booking.group_key)  # not added to 40 – the same group, at its largest
        came(offering, FIRST, 7, "别的学校（演示）")
    assert heads() == 51 and year_table(2026).total.basis("group_headcount") == "mixed"


@pytest.mark.parametrize("category", ["elderly", "community", "rural", "teacher"])
def test_r13_only_categories_that_are_switched_on(app, category):
    with writing():
        offering = a_youth_offering()
        booking = booked(offering)
        counted(booking, offering.lessons[0], 40)
        confirmed(booking)
        offering.category = category
        other = an_offering(category=category)
        with pytest.raises(Refusal) as no:
            booked(other)
        assert no.value.code == "group-category"
    assert (heads(), reasons(offering)) == (0, [("category", 0)])


def test_a_cancelled_booking_and_a_group_that_did_not_come_do_not_count(app):
    with writing():
        offering = a_youth_offering()
        lesson = offering.lessons[0]
        gone, nobody, named = (booked(offering, f"第{n}小学（演示）") for n in "一二三")
        gone.cancel("改期", LATER)
        again = booked(offering, "第一小学（演示）")
        counted(nobody, lesson, 0)
        present(offering, lesson, 4)
        counted(named, lesson, 4)
        for each in (nobody, named):
            confirmed(each)
        with pytest.raises(Refusal) as no:
            counted(gone, lesson, 10)
        assert no.value.code == "booking-cancelled"
    assert [reason for reason, _ in reasons(offering)] == ["cancelled", "nobody", "all_named", "not_counted"]
    assert heads() == 0 and again.id != gone.id


def test_a_count_is_superseded_with_a_reason_and_stays_in_the_history(app):
    with writing():
        offering = a_youth_offering()
        lesson = offering.lessons[0]
        trainer = an_account("trainer", offering.provider)
        booking = booked(offering)
        confirmed(booking)
        booking.count(lesson, 40, by=trainer, at=instant(FIRST, time(11)))
        booking.count(lesson, 41, by=trainer, at=instant(FIRST, time(12)))
        booking.count(lesson, 41, by=trainer, at=LATER)  # the same again says nothing new
        with pytest.raises(Refusal) as no:
            booking.count(lesson, 38, by=trainer, at=LATER)
        assert no.value.code == "reason-needed"
        booking.count(lesson, 38, by=trainer, at=LATER, reason="重新数了照片")
        with pytest.raises(Refusal) as no:
            booking.cancel("不来了", LATER)
        assert no.value.code == "booking-counted"
    said = [(c.headcount, c.superseded_at is None, c.counted_by_id) for c in reversed(booking.counts)]
    assert said == [(40, False, trainer.id), (41, False, trainer.id), (38, True, trainer.id)]
    assert heads() == 38


@pytest.mark.parametrize(
    ("headcount", "at", "code"),
    [
        (-1, LATER, "headcount-range"),
        (5001, LATER, "headcount-range"),
        (40, instant(FIRST - timedelta(1), time(9)), "lesson-not-begun"),
    ],
)
def test_a_count_that_cannot_be_is_refused(app, headcount, at, code):
    with writing():
        offering = a_youth_offering()
        booking = booked(offering)
        with pytest.raises(Refusal) as no:
            counted(booking, offering.lessons[0], headcount, at)
        assert no.value.code == code


def test_a_booking_twice_a_draft_and_a_cancelled_offering_are_refused(app):
    with writing():
        offering, draft, off = a_youth_offering(), a_youth_offering(published=False), a_youth_offering()
        booked(offering, "第一小学（演示）")
        off.cancel("停办", LATER - timedelta(200))
        for place, name, code in (
            (offering, "第一 小学（演示）", "group-known"), (draft, "一小", "offering-not-open"),
            (off, "一小", "offering-cancelled"),
        ):  # fmt: skip
            with pytest.raises(Refusal) as no:
                booked(place, name)
            assert no.value.code == code
    assert offering.places_taken == 0, "a group takes no places"


def test_a_lesson_at_which_a_group_was_counted_is_neither_moved_nor_removed(app):
    with writing():
        offering = a_youth_offering()
        lesson = offering.lessons[0]
        counted(booked(offering), lesson, 40)
        for verb in (lambda: lesson.reschedule(FIRST, time(15), time(16)), lesson.remove):
            with pytest.raises(Refusal) as no:
                verb()
            assert no.value.code == "roll-taken"


def test_a_sheet_is_kept_sealed_and_told_by_its_first_bytes(app):
    data = b"%PDF-1.7 " + "第一小学 刘演示".encode()
    with writing():
        booking = booked(a_youth_offering())
        row = confirmed(booking, sheet=('../签字"表.exe', data))
        assert (row.way, row.media_type, row.file_name) == ("sheet", "application/pdf", "..签字表.pdf")
        for sheet, code in (
            (("a.pdf", b"MZ\x90\x00"), "sheet-kind"),
            (("a.html", b"<html><script>"), "sheet-kind"),
            (("a.svg", b"<svg xmlns="), "sheet-kind"),
            (("a.png", b"\x89PNG\r\n\x1a\n" + bytes(SHEET_BYTES)), "sheet-too-large"),
        ):
            with pytest.raises(Refusal) as no:
                confirmed(booking, sheet=sheet)
            assert no.value.code == code
        with pytest.raises(Refusal) as no:
            confirmed(booking, TODAY + timedelta(1))
        assert no.value.code == "confirmed-in-future"
    assert row.sheet() == data and b"%PDF" not in row.sheet_sealed
    assert b"13900001234" not in booking.telephone_sealed and booking.telephone == "13900001234"


def test_visits_are_kept_once_and_follow_what_stands(app):
    with writing():
        offering = a_youth_offering()
        booking = booked(offering)
        confirmed(booking)
        for lesson, n in zip(offering.lessons, (30, 20), strict=True):
            counted(booking, lesson, n)
        came(offering, FIRST, 9, "别的学校（演示）")

    def kept() -> list[tuple[date, int, str]]:
        rows = db.session.scalars(select(GroupVisit).order_by(GroupVisit.visited_on, GroupVisit.id))
        return [(row.visited_on, row.headcount, row.basis) for row in rows]

    week = FIRST + timedelta(7)
    assert sorted(kept()) == [(FIRST, 9, "reported"), (FIRST, 30, "computed"), (week, 20, "computed")]
    with writing():
        counted(booking, offering.lessons[1], 0, LATER, "没有来")
    assert sorted(kept()) == [(FIRST, 9, "reported"), (FIRST, 30, "computed")], "a ledger's visit stays as it was"
