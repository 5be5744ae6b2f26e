"""What was said of whom, what became of it, and what two trainers do to each other."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from app.clock import SHANGHAI
from app.database import db, writing
from app.models import AttendedHours, Enrolment, Lesson, Mark, Observation, Offering, Person
from app.refusal import Refusal
from tests.models.test_offering import code
from tests.people import NOON, a_person, an_account, an_offering

pytestmark = pytest.mark.zones


def on(lesson: Lesson, days: int = 0) -> datetime:
    """Half an hour after the lesson began, or so many days later."""
    return lesson.begins_at + timedelta(minutes=30, days=days)


def a_class(n: int = 3, **facts) -> tuple[Offering, list[Lesson], list[Enrolment]]:
    offering = an_offering(**facts)
    people = [offering.enrol(a_person(), by=None, at=NOON) for _ in range(n)]
    return offering, list(offering.lessons), people


def call(lesson: Lesson, said: dict, *, at: datetime | None = None, base: int | None = None, by=None, reason="") -> int:
    said = {enrolment.id: status for enrolment, status in said.items()}
    base = lesson.roll_version if base is None else base
    return lesson.take_roll(said, by=by, at=at or on(lesson), base_version=base, reason=reason)


def hours(enrolment: Enrolment) -> dict[str, Decimal]:
    return {f"{row.month_on:%Y-%m}": row.class_hours for row in enrolment.hours}


# -- what a mark does ------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "attended"),
    [
        ("present", True),
        ("late", True),
        ("left_early", True),
        ("leave", False),  # not attended – on leave
        ("absent", False),  # not attended – absent
        ("unmarked", False),  # not attended – nothing said
    ],
)
def test_who_was_there_at_all_has_attended(app, status, attended):
    with writing():
        _, lessons, (learner, _, _) = a_class()
        call(lessons[0], {learner: status})
        assert learner.first_attended_on == (lessons[0].held_on if attended else None)
        assert hours(learner) == ({"2026-03": Decimal(2)} if attended else {})


def test_unmarked_is_not_present(app):
    with writing():
        _, lessons, (one, other, _) = a_class()
        assert call(lessons[0], {one: "present"}) == 1
        assert other.first_attended_on is None and lessons[0].now_marked() == {one.id: "present"}


def test_saying_nothing_of_somebody_leaves_no_mark(app):
    with writing():
        _, lessons, (one, _, _) = a_class()
        assert call(lessons[0], {one: "unmarked"}) == 0
        assert lessons[0].roll_version == 0 and lessons[0].now_marked() == {}


def test_hours_belong_to_the_month_of_their_lesson(app):
    with writing():
        _, lessons, (learner, _, _) = a_class(first_on=date(2026, 3, 24), lessons=3)
        for lesson in lessons:
            call(lesson, {learner: "present"})
        assert hours(learner) == {"2026-03": Decimal(4), "2026-04": Decimal(2)}
        assert learner.class_hours == 6


def test_first_attendance_moves_back_when_an_earlier_lesson_is_marked(app):
    with writing():
        _, lessons, (learner, _, _) = a_class()
        call(lessons[2], {learner: "present"})
        assert learner.first_attended_on == lessons[2].held_on
        call(lessons[0], {learner: "late"}, at=on(lessons[2]))
        assert learner.first_attended_on == lessons[0].held_on


def test_first_attendance_moves_on_and_away_when_marks_are_taken_back(app):
    with writing():
        _, lessons, (learner, _, _) = a_class()
        for lesson in lessons[:2]:
            call(lesson, {learner: "present"})
        call(lessons[0], {learner: "absent"}, reason="记错了人")
        assert learner.first_attended_on == lessons[1].held_on and hours(learner) == {"2026-03": Decimal(2)}
        call(lessons[1], {learner: "unmarked"}, reason="点错了课")
        assert learner.first_attended_on is None and hours(learner) == {}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_lessons_around_midnight_land_in_their_own_year(app, zone, monkeypatch):
    import time as machine

    monkeypatch.setenv("TZ", zone)
    machine.tzset()
    try:
        with writing():
            _, (eve,), (early,) = a_class(
                1, first_on=date(2026, 12, 31), lessons=1, begins=time(23, 30), ends=time(23, 59)
            )
            _, (new_year,), (late,) = a_class(1, first_on=date(2027, 1, 1), lessons=1, begins=time(0, 30), ends=time(2))
            midnight = datetime(2026, 12, 31, 23, 45, tzinfo=SHANGHAI)
            assert code(call, new_year, {late: "present"}, at=midnight) == "lesson-not-begun"
            call(eve, {early: "present"}, at=midnight)
            call(new_year, {late: "present"}, at=midnight + timedelta(hours=1))
            db.session.expire_all()
            assert early.first_attended_on == date(2026, 12, 31) and hours(early) == {"2026-12": Decimal("0.64")}
            assert late.first_attended_on == date(2027, 1, 1) and hours(late) == {"2027-01": Decimal(2)}
    finally:
        monkeypatch.undo()
        machine.tzset()


# -- who may be called, and when -------------------------------------------


def test_a_lesson_of_tomorrow_is_not_called_today(app):
    with writing():
        _, lessons, (learner, _, _) = a_class()
        assert code(call, lessons[0], {learner: "present"}, at=on(lessons[0], -1)) == "lesson-not-begun"


def test_an_offering_cancelled_before_the_lesson_is_not_called_and_earlier_attendance_stands(app):
    with writing():
        offering, lessons, (learner, _, _) = a_class()
        call(lessons[0], {learner: "present"})
        offering.cancel("教师生病", on(lessons[0], 1))
        assert code(call, lessons[1], {learner: "present"}) == "offering-cancelled"
        call(lessons[0], {learner: "late"}, at=on(lessons[0], 2), reason="记错了")
        assert learner.first_attended_on == lessons[0].held_on


def test_the_roster_is_who_has_a_place_that_day_in_the_order_of_the_places(app):
    with writing():
        offering, lessons, (first, gone, last) = a_class(capacity=4)
        new = offering.enrol_at_lesson(a_person(), lessons[1], by=None, at=on(lessons[1]))
        waiting = Enrolment(
            offering_id=offering.id, person=a_person(), source="web", applied_at=NOON, applied_on=NOON.date()
        )
        waiting.waitlisted_at = NOON
        db.session.add(waiting)
        db.session.flush()
        gone.withdrawn_at, gone.withdrawn_on = lessons[1].begins_at - timedelta(hours=1), lessons[1].held_on
        db.session.flush()
        assert lessons[0].roster() == [first, gone, last]  # not included – the walk-in came later, one waits
        assert lessons[1].roster() == [first, last, new]  # not included – one left before the lesson began


def test_who_leaves_after_the_lesson_began_is_called_that_day_and_not_the_next(app):
    with writing():
        offering, lessons, (leaver, *_) = a_class()
        offering.withdraw(leaver, by=None, at=on(lessons[0]))
        assert leaver in lessons[0].roster() and leaver not in lessons[1].roster()
        assert code(call, lessons[1], {leaver: "present"}) == "not-on-roster"


def test_who_is_marked_stays_on_the_page_whatever_came_after(app):
    with writing():
        _, lessons, (learner, *_) = a_class()
        call(lessons[0], {learner: "present"})
        learner.withdrawn_at, learner.withdrawn_on = NOON, NOON.date()  # entered late, with an earlier day
        db.session.flush()
        assert learner in lessons[0].roster()
        call(lessons[0], {learner: "absent"})


def test_learners_of_another_offering_and_unknown_words_are_refused_whole(app):
    with writing():
        _, lessons, (one, other, _) = a_class()
        _, _, (stranger, *_) = a_class()
        assert code(call, lessons[0], {one: "present", stranger: "present"}) == "not-on-roster"
        assert code(call, lessons[0], {one: "present", other: "asleep"}) == "status-unknown"
        assert lessons[0].now_marked() == {}


# -- corrections -----------------------------------------------------------


def test_a_correction_asks_a_reason_from_the_next_day_on(app):
    with writing():
        _, lessons, (learner, other, _) = a_class()
        call(lessons[0], {learner: "absent"})
        call(lessons[0], {learner: "late"}, at=on(lessons[0]))
        assert code(call, lessons[0], {learner: "present"}, at=on(lessons[0], 1)) == "reason-needed"
        assert code(call, lessons[0], {learner: "present"}, at=on(lessons[0], 1), reason="  ") == "reason-needed"
        call(lessons[0], {other: "present"}, at=on(lessons[0], 1))  # no correction: nothing was said of them
        call(lessons[0], {learner: "present"}, at=on(lessons[0], 1), reason="补交签到表")


def test_every_mark_keeps_its_earlier_values_author_time_and_reason(app):
    with writing():
        offering, lessons, (learner, *_) = a_class()
        one, other = an_account("trainer", offering.provider), an_account("trainer", offering.provider)
        call(lessons[0], {learner: "absent"}, by=one)
        call(lessons[0], {learner: "late"}, by=other, at=on(lessons[0], 2), reason="补交签到表")
        newest, oldest = lessons[0].history()
        assert (newest.status, newest.marked_by, newest.reason) == ("late", other, "补交签到表")
        assert (oldest.status, oldest.marked_by, oldest.reason) == ("absent", one, "")
        assert oldest.superseded_at == newest.marked_at == on(lessons[0], 2) and newest.superseded_at is None


def test_a_completion_blocks_taking_its_attendance_away(app):
    with writing():
        _, lessons, (learner, *_) = a_class()
        for lesson in lessons[:2]:
            call(lesson, {learner: "present"})
        learner.complete(lessons[0].held_on, by=None, day=lessons[3].held_on)
        why = {"reason": "记错了"}
        assert code(call, lessons[0], {learner: "absent"}, **why) == "completed-needs-attendance", "only later presence"
        db.session.rollback()


def test_a_completed_learner_keeps_what_is_left_of_the_attendance(app):
    with writing():
        _, lessons, (learner, *_) = a_class()
        for lesson in lessons[:2]:
            call(lesson, {learner: "present"})
        learner.complete(lessons[2].held_on, by=None, day=lessons[3].held_on)
        call(lessons[0], {learner: "absent"}, reason="记错了")
        assert learner.first_attended_on == lessons[1].held_on
        assert code(call, lessons[1], {learner: "absent"}, reason="记错了") == "completed-needs-attendance"
        db.session.rollback()


# -- two trainers ----------------------------------------------------------


def test_the_same_roll_twice_is_saved_once(app):
    with writing():
        _, lessons, (one, other, _) = a_class()
        said = {one: "present", other: "absent"}
        assert call(lessons[0], said, base=0) == 2
        assert call(lessons[0], said, base=0) == 0, "the same again, from the same page"
        assert lessons[0].roll_version == 1 and len(lessons[0].history()) == 2


@pytest.mark.parametrize("who", ["the same learner", "another learner"])
def test_a_stale_roll_is_refused_with_what_stands(app, who):
    with writing():
        _, lessons, (one, other, _) = a_class()
        call(lessons[0], {one: "absent"}, base=0)
        with pytest.raises(Refusal) as no:
            call(lessons[0], {one if who == "the same learner" else other: "present"}, base=0)
        assert no.value.code == "roll-stale" and no.value.values["theirs"] == {one.id: "absent"}
        assert lessons[0].now_marked() == {one.id: "absent"}
        call(lessons[0], {one: "present"}, base=1)


def test_the_table_holds_one_current_mark_per_lesson_and_sign_up(app):
    with writing():
        _, lessons, (learner, *_) = a_class()
        call(lessons[0], {learner: "present"})
    row = "INSERT INTO mark (lesson_id, enrolment_id, status, reason, marked_at, superseded_at) VALUES "
    values = f"({lessons[0].id}, {learner.id}, 'absent', '', '2026-03-10 09:00:00', "
    with pytest.raises(IntegrityError), writing():
        db.session.execute(db.text(row + values + "NULL)"))
    with writing():
        db.session.execute(db.text(row + values + "'2026-03-10 09:01:00')"))
        assert len(lessons[0].history()) == 2


# -- who came without a sign-up --------------------------------------------


def test_who_walks_in_takes_a_free_place_dated_that_lesson_and_is_present(app):
    with writing():
        offering, lessons, _ = a_class(capacity=4)
        trainer = an_account("trainer", offering.provider)
        new = lessons[1].walk_in("赵演示", by=trainer, at=on(lessons[1], 3), mobile="13900000007")
        assert isinstance(new, Enrolment) and new.place_number == 4 and new.source == "walk_in"
        assert new.registered_on == new.applied_on == new.first_attended_on == lessons[1].held_on
        assert new.person.keeper_provider_id == offering.provider_id and new.person.mobile == "13900000007"
        assert lessons[1].now_marked() == {new.id: "present"} and hours(new) == {"2026-03": Decimal(2)}
        assert lessons[1].roll_taken_at is None, "the others are still to be called"
        assert new not in lessons[0].roster()


@pytest.mark.parametrize("why", ["full", "somebody waits"])
def test_who_finds_no_place_is_kept_for_the_clerk(app, why):
    with writing():
        offering, lessons, _ = a_class(capacity=3)
        if why == "somebody waits":
            offering.enrol(a_person(), by=None, at=NOON)
            offering.capacity = 4  # a place that the queue is about to get
            db.session.flush()
        seen = lessons[0].walk_in("赵演示", by=None, at=on(lessons[0]), mobile="13900000007", birth_on=date(1950, 5, 5))
        assert isinstance(seen, Observation) and seen.settled_at is None
        assert (seen.name, seen.mobile, seen.birth_on) == ("赵演示", "13900000007", date(1950, 5, 5))
        assert offering.places_taken == 3 and db.session.scalar(db.select(Person).filter_by(name="赵演示")) is None


def test_a_name_on_the_roll_is_added_only_as_another_one_of_that_name(app):
    with writing():
        offering, lessons, _ = a_class()
        offering.enrol(a_person("王演示"), by=None, at=NOON)
        assert code(lessons[0].walk_in, "王 演示", by=None, at=on(lessons[0])) == "name-on-roll"
        lessons[0].walk_in("王演示", by=None, at=on(lessons[0]), namesake=True)
        assert len(lessons[0].roster()) == 5


def test_who_is_in_already_under_another_record_is_not_taken_in_twice(app):
    with writing():
        offering, lessons, _ = a_class()
        facts = {"mobile": "13900000007", "birth_on": date(1950, 5, 5)}
        offering.enrol_at_lesson(a_person("赵演示", **facts), lessons[2], by=None, at=on(lessons[2]))
        assert code(lessons[0].walk_in, "赵演示", by=None, at=on(lessons[2]), **facts) == "already-enrolled"


def test_nobody_walks_into_a_lesson_to_come_or_a_cancelled_one(app):
    with writing():
        offering, lessons, _ = a_class()
        assert code(lessons[1].walk_in, "赵演示", by=None, at=on(lessons[0])) == "lesson-not-begun"
        offering.cancel("教师生病", on(lessons[0]))
        assert code(lessons[1].walk_in, "赵演示", by=None, at=on(lessons[1])) == "offering-cancelled"


def test_nothing_of_a_refused_roll_is_left_behind(app):
    with writing():
        _, lessons, (learner, *_) = a_class()
        call(lessons[0], {learner: "present"})
        learner.complete(lessons[0].held_on, by=None, day=lessons[3].held_on)
    with pytest.raises(Refusal), writing():
        call(lessons[0], {learner: "absent"})
    assert lessons[0].now_marked() == {learner.id: "present"} and lessons[0].roll_version == 1
    assert db.session.scalar(db.select(db.func.count()).select_from(Mark)) == 1
    assert db.session.scalar(db.select(db.func.count()).select_from(AttendedHours)) == 1
