"""Who gets in, who waits, who comes next."""

from datetime import date, timedelta

import pytest

from app.clock import now, today
from app.database import db, writing
from app.models import Offering, OfferingTrainer
from app.refusal import Refusal
from tests.people import NOON, a_person, a_resident, an_account, an_offering


def sign_up(offering: Offering, n: int) -> list:
    return sign_up_all(offering, [a_person() for _ in range(n)])


def sign_up_all(offering: Offering, people: list) -> list:
    return [offering.enrol(person, by=None, at=NOON + timedelta(seconds=i)) for i, person in enumerate(people)]


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_the_last_place_is_given_and_the_next_one_waits(app):
    with writing():
        offering = an_offering(capacity=2)
        first, second, third, fourth = sign_up(offering, 4)
        assert [first.place_number, second.place_number] == [1, 2]
        assert [third.rank(), fourth.rank()] == [1, 2]
        assert offering.places_left == 0


def test_a_freed_place_goes_to_the_first_in_the_queue_in_the_same_transaction(app):
    with writing():
        offering = an_offering(capacity=1)
        first, second, third = sign_up(offering, 3)
        offering.withdraw(first, by=None, at=NOON + timedelta(hours=1))
        assert second.state() == "registered" and second.place_number == 1
        assert third.rank() == 1
        assert offering.places_taken == 1


def test_withdrawing_twice_frees_one_place(app):
    with writing():
        offering = an_offering(capacity=2)
        first, _ = sign_up(offering, 2)
        offering.withdraw(first, by=None, at=NOON)
        offering.withdraw(first, by=None, at=NOON)
        assert offering.places_taken == 1


def test_capacity_nought_is_nought_and_empty_is_no_limit(app):
    with writing():
        none, endless = an_offering(capacity=0), an_offering(capacity=None)
        assert sign_up(none, 1)[0].waits
        assert all(not enrolment.waits for enrolment in sign_up(endless, 40))


def test_capacity_below_the_places_taken_is_refused(app):
    with writing():
        offering = an_offering(capacity=3)
        sign_up(offering, 3)
        assert code(offering.change_capacity, 2, at=NOON) == "capacity-below-taken"
        offering.change_capacity(3, at=NOON)


def test_added_places_go_to_the_queue_and_a_newcomer_never_passes_it(app):
    with writing():
        offering = an_offering(capacity=1, min_age=60)
        sign_up(offering, 1)
        young = offering.enrol(person := a_person(birth_on=date(1950, 1, 1)), by=None, at=NOON + timedelta(1))
        person.birth_on = date(2000, 1, 1)  # corrected while waiting: no longer eligible
        db.session.flush()
        offering.change_capacity(2, at=NOON + timedelta(1))
        assert young.waits and offering.places_left == 1
        newcomer = offering.enrol(a_person(birth_on=date(1950, 1, 1)), by=None, at=NOON + timedelta(2))
        assert not newcomer.waits, "the first eligible of the queue, which the newcomer joined"
        assert young.rank() == 1
        offering.enrol(a_person(), by=None, at=NOON + timedelta(3))
        person.birth_on = date(1950, 1, 1)
        offering.change_capacity(3, at=NOON + timedelta(4))
        assert not young.waits, "first in the queue again"


def test_other_age_limits_and_days_let_in_who_has_become_eligible(app):
    with writing():
        offering = an_offering(capacity=0, first_on=today() + timedelta(30), max_age=70)
        waiting = offering.enrol(a_person(birth_on=date(today().year - 60, 1, 1)), by=None, at=NOON)
        offering.describe(number=offering.number, min_age=65, max_age=None)
        offering.change_capacity(1, at=now())
        assert waiting.waits
        offering.describe(number=offering.number, min_age=50, max_age=None)
        assert waiting.place_number == 1


def test_nobody_is_promoted_once_the_last_lesson_has_begun(app):
    with writing():
        offering = an_offering(capacity=1)
        first, second = sign_up(offering, 2)
        offering.withdraw(first, by=None, at=offering.last_begins_at)
        assert second.waits


def test_one_human_being_has_one_living_sign_up_under_whichever_record(app):
    with writing():
        offering = an_offering()
        facts = {"birth_on": date(1950, 5, 5), "mobile": "13900009999"}
        one, other = a_person("同一演示", **facts), a_person("同一演示", **facts)
        from app.models.person import settle_identities

        settle_identities([one.id, other.id])
        db.session.refresh(one)
        enrolment = offering.enrol(one, by=None, at=NOON)
        assert code(offering.enrol, other, by=None, at=NOON) == "already-enrolled"
        offering.withdraw(enrolment, by=None, at=NOON)
        offering.enrol(other, by=None, at=NOON)


def test_a_trainer_is_no_learner_in_their_own_offering(app):
    with writing():
        offering = an_offering()
        trainer = an_account("trainer", offering.provider)
        person = a_person(account=trainer)
        offering.appoint(trainer)
        db.session.expire_all()
        assert code(offering.enrol, person, by=None, at=NOON) == "trainer-no-learner"
        an_offering().enrol(person, by=None, at=NOON)


def test_whoever_came_to_teach_while_waiting_is_passed_over(app):
    with writing():
        offering = an_offering(capacity=0)
        trainer = an_account("trainer", offering.provider)
        now_teaching, other = sign_up_all(offering, [a_person(account=trainer), a_person()])
        # Not by appointing, which refuses a learner: by a record that became theirs later.
        db.session.add(OfferingTrainer(offering_id=offering.id, account_id=trainer.id))
        db.session.flush()
        db.session.expire_all()
        offering.change_capacity(1, at=NOON)
        assert now_teaching.waits and other.place_number == 1


@pytest.mark.parametrize("why", ["draft", "cancelled", "early", "late", "old"])
def test_a_closed_offering_says_why(app, why):
    with writing():
        offering = an_offering(published=why != "draft", min_age=50 if why == "old" else None)
        if why == "cancelled":
            offering.cancel("教师生病", NOON)
        if why == "early":
            offering.signup_opens_at = NOON + timedelta(1)
        at = offering.first_begins_at if why == "late" else NOON
        person = a_person(birth_on=date(1990, 1, 1))
        assert code(offering.enrol, person, by=None, at=at) == (
            "age-unsuitable" if why == "old" else "offering-not-open"
        )


def test_open_for_one_is_open_for_many(app):
    with writing():
        offerings = [an_offering(), an_offering(published=False), an_offering(signup_opens_at=NOON + timedelta(1))]
        for at in (NOON, NOON + timedelta(2), NOON + timedelta(60)):
            many = set(db.session.scalars(db.select(Offering.id).where(Offering.open_at(at))))
            assert many == {o.id for o in offerings if o.is_open(at)}


def test_the_account_that_signs_up_is_kept(app):
    with writing():
        account, person = a_resident()
        enrolment = an_offering().enrol(person, by=account, at=NOON)
        assert enrolment.made_by is account
