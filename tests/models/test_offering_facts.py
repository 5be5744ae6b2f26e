"""What an offering is may be rewritten until it contradicts what happened."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from app.clock import instant
from app.database import db, writing
from app.models import Course, Offering
from app.models.scheduling import clashes, schedule
from app.refusal import Refusal
from tests.people import NOON, a_person, a_provider, an_account, an_offering


def facts_of(offering: Offering, **changed) -> dict:
    names = (
        "course_id number category starts_on ends_on planned_hours division_code mode address room fee_cents "
        "telephone bring min_age max_age signup_opens_at signup_closes_at"
    ).split()
    return {name: getattr(offering, name) for name in names} | changed


def attended(offering: Offering, lesson: int = 0):
    """Somebody who signed up and came to one lesson."""
    enrolment = offering.enrol(a_person(), by=None, at=NOON)
    held = offering.lessons[lesson]
    held.take_roll({enrolment.id: "present"}, by=None, at=held.begins_at, base_version=held.roll_version)
    db.session.refresh(enrolment)
    return enrolment


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_a_draft_has_its_days_before_it_has_lessons(app):
    with writing():
        course = Course.offer(a_provider(), title="剪纸（演示）", summary="", audience="")
        known = facts_of(an_offering(), number="2026-A", starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 30))
        known.pop("course_id")
        offering = Offering.draft(course, **known)
        assert offering.standing(date(2026, 4, 1)) == "draft"
        assert offering.first_begins_at == instant(date(2026, 4, 1), time(0))
        assert code(Offering.draft, course, **{**known, "number": "２０２６ -A"}) == "number-taken"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"min_age": 70, "max_age": 60}, "ages-in-order"),
        ({"signup_opens_at": NOON, "signup_closes_at": NOON}, "window-in-order"),
        ({"starts_on": date(2026, 5, 2), "ends_on": date(2026, 5, 1)}, "dates-in-order"),
    ],
)
def test_facts_that_stand_the_wrong_way_round_are_refused(app, changed, expected):
    with writing():
        offering = an_offering(lessons=0)
        assert code(offering.describe, **facts_of(offering, **changed)) == expected


def test_the_lessons_dates_are_the_offerings_dates(app):
    with writing():
        offering = an_offering(lessons=2)
        offering.describe(**facts_of(offering, starts_on=date(2020, 1, 1), ends_on=date(2020, 1, 2)))
        assert offering.starts_on == offering.lessons[0].held_on


def test_category_number_and_course_stay_once_somebody_attended(app):
    with writing():
        offering = an_offering()
        other = Course.offer(offering.provider, title="别的课（演示）", summary="", audience="")
        offering.describe(**facts_of(offering, category="elderly", number="2026-新"))
        attended(offering)
        assert code(offering.describe, **facts_of(offering, category="rural")) == "category-fixed"
        assert code(offering.describe, **facts_of(offering, number="2026-旧")) == "number-fixed"
        assert code(offering.describe, **facts_of(offering, course_id=other.id)) == "course-fixed"
        assert code(offering.describe, **facts_of(offering, planned_hours=Decimal("1.5"))) == "hours-below-attended"
        offering.describe(**facts_of(offering, telephone="0432-62530000"))


def test_days_do_not_leave_out_a_reported_attendance(app):
    with writing():
        offering = an_offering(lessons=0)
        enrolment = offering.enrol(a_person(), by=None, at=NOON)
        enrolment.first_attended_on = offering.starts_on
        db.session.flush()
        later = facts_of(offering, starts_on=offering.starts_on + timedelta(1), ends_on=offering.ends_on + timedelta(1))
        assert code(offering.describe, **later) == "dates-contradict"
        assert code(schedule, offering, [(offering.starts_on, time(9), time(10))]) == "attendance-reported"


def test_a_cancelled_offering_is_not_rewritten(app):
    with writing():
        offering = an_offering()
        offering.cancel("教师生病", NOON)
        assert code(offering.describe, **facts_of(offering)) == "offering-cancelled"
        assert code(schedule, offering, [(date(2026, 7, 1), time(9), time(10))]) == "offering-cancelled"
        assert code(offering.lessons[0].remove) == "offering-cancelled"


def test_standing_of_one_is_standing_of_many(app):
    with writing():
        offerings = [an_offering(), an_offering(published=False), an_offering(), an_offering(lessons=1)]
        offerings[2].cancel("停水", NOON)
        for day in (NOON.date(), date(2026, 3, 20), date(2027, 1, 1)):
            for standing in ("draft", "published", "cancelled", "over"):
                many = set(db.session.scalars(db.select(Offering.id).where(Offering.stands(standing, day))))
                assert many == {o.id for o in offerings if o.standing(day) == standing}, (day, standing)


def test_the_desk_signs_up_after_the_window_but_not_before_publication_nor_after_the_last_lesson(app):
    with writing():
        offering = an_offering(signup_closes_at=NOON)
        assert code(offering.enrol, a_person(), by=None, at=NOON) == "offering-not-open"
        offering.enrol(a_person(), by=None, at=NOON, source="clerk")
        late = {"by": None, "at": offering.last_begins_at, "source": "clerk"}
        assert code(offering.enrol, a_person(), **late) == "offering-not-open"
        draft = an_offering(published=False)
        assert code(draft.enrol, a_person(), by=None, at=NOON, source="clerk") == "offering-not-open"


def test_a_learner_does_not_become_the_trainer(app):
    with writing():
        offering = an_offering()
        trainer = an_account("trainer", offering.provider)
        person = a_person(account=trainer)
        db.session.expire_all()
        enrolment = offering.enrol(person, by=None, at=NOON)
        assert code(offering.appoint, trainer) == "trainer-is-learner"
        offering.withdraw(enrolment, by=None, at=NOON)
        offering.appoint(trainer)
        offering.dismiss(trainer)
        offering.dismiss(trainer)
        assert offering.trainers == []


def test_a_lesson_is_not_planned_twice(app):
    with writing():
        offering = an_offering(lessons=1)
        lesson = offering.lessons[0]
        assert code(schedule, offering, [(lesson.held_on, lesson.begins, time(12))]) == "lesson-twice"
        schedule(offering, [(lesson.held_on, time(14), time(15))])
        assert len(offering.lessons) == 2


def test_clashes_name_a_shared_trainer_anywhere_and_a_room_at_home(app):
    with writing():
        provider, elsewhere = a_provider(), a_provider()
        mine = an_offering(provider, room="201")
        same_room, other_house = an_offering(provider, room="201"), an_offering(elsewhere, room="201")
        an_offering(provider, room="202")
        shared = an_account("trainer", provider)
        shared.grant("trainer", NOON, elsewhere)
        db.session.expire_all()
        taught = an_offering(elsewhere, lessons=1)
        mine.appoint(shared)
        taught.appoint(shared)
        found = {(theirs.offering_id, why) for _, theirs, why in clashes(mine)}
        assert found == {(same_room.id, "room"), (taught.id, "trainer")}
        assert other_house.id not in {i for i, _ in found}, "another house has its own 201"
