"""When lessons are, how long, and who is booked twice."""

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from app.database import db, writing
from app.models import Certificate, Offering, timetable
from app.models.rules import RULE_SET
from app.models.scheduling import clashes, schedule
from app.models.timetable import class_hours_between, weekly
from tests.models.test_offering import code
from tests.people import NOON, a_person, an_account, an_offering

pytestmark = pytest.mark.zones

NINE, TEN = time(9), time(10, 30)


def test_weekly_lessons_include_the_first_and_the_last_day():
    tuesday, last = date(2026, 3, 10), date(2026, 3, 31)
    days = [day for day, _, _ in weekly(tuesday, {1}, NINE, TEN, last_on=last)]
    assert days == [tuesday, date(2026, 3, 17), date(2026, 3, 24), last]
    assert [day for day, _, _ in weekly(tuesday, {1}, NINE, TEN, 4)] == days


def test_weekly_lessons_on_two_weekdays_run_across_the_turn_of_the_year():
    days = [day for day, _, _ in weekly(date(2026, 12, 29), {1, 3}, NINE, TEN, 4)]
    assert days == [date(2026, 12, 29), date(2026, 12, 31), date(2027, 1, 5), date(2027, 1, 7)]


@pytest.mark.parametrize(
    ("weekdays", "ends", "count", "why"),
    [
        (set(), TEN, 4, "schedule-empty"),
        ({9}, TEN, 4, "schedule-empty"),
        ({1}, TEN, 0, "schedule-empty"),
        ({1}, TEN, None, "schedule-empty"),
        ({1}, TEN, 100_000, "schedule-too-long"),
        ({1}, NINE, 4, "times-in-order"),
        ({1}, time(9, 0, 30), 4, "lesson-short"),
    ],
)
def test_a_timetable_without_lessons_or_end_is_refused(weekdays, ends, count, why):
    assert code(weekly, date(2026, 3, 10), weekdays, NINE, ends, count) == why


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [
        (time(9), time(10, 30), "2"),
        (time(9), time(9, 45), "1"),
        (time(23, 30), time(23, 59), "0.64"),
        (time(9), time(10, 40), "2.22"),
    ],
)
def test_a_class_hour_has_45_minutes(begins, ends, hours):
    assert class_hours_between(begins, ends, date(2026, 3, 10)) == Decimal(hours)


def test_the_length_of_a_class_hour_is_that_of_the_lessons_day(app, monkeypatch):
    changed = replace(RULE_SET, class_hour_lengths=((date.min, 45), (date(2026, 3, 17), 60)))
    monkeypatch.setattr(timetable, "RULE_SET", changed)
    with writing():
        offering = an_offering(first_on=date(2026, 3, 10), lessons=3)  # 9:00 to 10:30
        assert [lesson.class_hours for lesson in offering.lessons] == [2, Decimal("1.5"), Decimal("1.5")]
        moved = offering.lessons[0]
        moved.reschedule(date(2026, 3, 31), moved.begins, moved.ends)
        assert moved.class_hours == Decimal("1.5")


def test_an_offering_knows_its_days_weekdays_and_times_from_its_lessons(app):
    with writing():
        offering = an_offering(lessons=0)
        schedule(offering, weekly(date(2026, 3, 10), {1, 3}, time(18), time(19, 30), 3))
        assert (offering.starts_on, offering.ends_on) == (date(2026, 3, 10), date(2026, 3, 17))
        assert offering.weekdays == 0b1010
        assert offering.timetable == "每周二、四 18:00–19:30，共 3 次"
        assert [lesson.number for lesson in offering.lessons] == [1, 2, 3]


def test_lessons_are_numbered_by_date_whatever_the_order_they_were_added_in(app):
    with writing():
        offering = an_offering(lessons=2)
        (extra,) = schedule(offering, [(date(2026, 3, 1), NINE, TEN)])
        assert extra.number == 1
        assert sorted(lesson.number for lesson in offering.lessons) == [1, 2, 3]


def test_a_lesson_whose_roll_is_taken_is_neither_moved_nor_removed(app):
    with writing():
        offering = an_offering(lessons=2)
        first, second = offering.lessons
        first.roll_version = 1
        assert code(first.reschedule, date(2026, 4, 1), NINE, TEN) == "roll-taken"
        assert code(first.remove) == "roll-taken"
        second.reschedule(date(2026, 4, 1), NINE, time(11, 15))
        assert second.class_hours == 3 and offering.ends_on == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("fact", "day"),
    [("completed_on", date(2026, 3, 26)), ("first_attended_on", date(2026, 3, 25)), (None, date(2026, 3, 12))],
)
def test_a_lesson_stays_where_dates_of_its_learners_need_it(app, fact, day):
    """Four Tuesdays from 10 to 31 March; ``None`` is the day of a certificate."""
    with writing():
        offering = an_offering()
        enrolment = offering.enrol(a_person(), by=None, at=NOON - timedelta(30))
        if fact:
            enrolment.first_attended_on = offering.starts_on
            setattr(enrolment, fact, day)
        else:
            Certificate.award(enrolment, system="hrss", name="", level="", number="1", issued_on=day, day=day)
        db.session.flush()
        offering_id = offering.id
    place = 3 if fact else 0

    def change(verb: str, *facts) -> None:
        with writing():
            getattr(db.session.get_one(Offering, offering_id).lessons[place], verb)(*facts)

    moved = (date(2026, 3, 25 if fact else 13), NINE, TEN)
    if fact == "first_attended_on":
        moved = (date(2026, 3, 24), time(14), time(15))
    assert code(change, "remove") == "dates-contradict"
    assert code(change, "reschedule", *moved) == "dates-contradict"
    db.session.rollback()
    offering = db.session.get_one(Offering, offering_id)
    assert (offering.starts_on, offering.ends_on, len(offering.lessons)) == (date(2026, 3, 10), date(2026, 3, 31), 4)
    change("reschedule", day, NINE, TEN)  # as far as the day itself


def test_a_published_offering_keeps_its_last_lesson(app):
    with writing():
        offering = an_offering(lessons=2)
        offering.lessons[1].remove()
        assert code(offering.lessons[0].remove) == "last-lesson"


def booked(**facts):
    """Two offerings of one institution on one Tuesday, as ``facts`` say."""
    first = an_offering(lessons=1, room="101")
    return first, an_offering(first.provider, lessons=1, **facts)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"room": "101"}, ["room"]),
        ({"room": "101", "begins": time(10, 29), "ends": time(12)}, ["room"]),
        ({"room": "101", "begins": time(10, 30), "ends": time(12)}, []),  # not a clash – begins as the other ends
        ({"room": "102"}, []),  # not a clash – another room
        ({"room": ""}, []),  # not a clash – no room known
        ({"room": "101", "first_on": date(2026, 3, 11)}, []),  # not a clash – another day
    ],
)
def test_a_room_booked_twice_is_found(app, facts, found):
    with writing():
        first, _ = booked(**facts)
        assert [what for _, _, what in clashes(first)] == found


def test_a_room_of_that_number_elsewhere_is_no_clash(app):
    with writing():
        first, _ = booked(room="102")
        an_offering(lessons=1, room="101")  # not a clash – another institution
        assert clashes(first) == []


def test_a_lesson_held_in_another_room_clashes_there(app):
    with writing():
        first, second = booked(room="102")
        second.lessons[0].room = "101"
        db.session.flush()
        assert [what for _, _, what in clashes(first)] == ["room"]


def test_a_trainer_booked_twice_is_found_and_a_cancelled_offering_takes_nobodys_time(app):
    with writing():
        first, second = booked(room="102")
        trainer = an_account("trainer", first.provider)
        first.appoint(trainer)
        assert clashes(first) == [], "the other one has no trainer yet"
        second.appoint(trainer)
        assert [(mine.offering, theirs.offering, what) for mine, theirs, what in clashes(first)] == [
            (first, second, "trainer")
        ]
        second.cancel("教师生病", NOON)
        assert clashes(first) == []
