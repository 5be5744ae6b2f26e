"""Whose password a desk may replace, and whose never."""

from datetime import date

import pytest

from app.clock import now
from app.database import db, writing
from app.models import SignIn
from app.models.account import NewPassword
from app.models.staff import dismiss, hand_password, hire, trainers_of
from app.refusal import Refusal
from tests.people import NOON, a_provider, a_resident, an_account, an_offering, mobile

FRESH = NewPassword("hash", one_use=True)


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_a_new_mobile_opens_an_account_and_a_known_one_keeps_its_password(app):
    with writing():
        provider = a_provider()
        account, opened = hire(provider, "李演示", mobile(), FRESH, NOON)
        assert opened and account.must_change_password
        resident, _ = a_resident("王演示")
        before = resident.password_hash
        assert hire(provider, "王 演示", resident.mobile, FRESH, NOON) == (resident, False)
        hire(provider, "王演示", resident.mobile, FRESH, NOON)
        assert resident.password_hash == before and not resident.must_change_password
        db.session.expire_all()
        assert resident.provider_ids("trainer") == [provider.id]
        assert {a.id for a in trainers_of(provider.id)} == {account.id, resident.id}


def test_a_slip_in_the_number_lets_no_stranger_in(app):
    with writing():
        resident, _ = a_resident("王演示")
        assert code(hire, a_provider(), "李演示", resident.mobile, FRESH, NOON) == "name-differs"
        assert not resident.provider_ids("trainer")


def test_a_reset_ends_every_session(app):
    with writing():
        provider = a_provider()
        trainer = an_account("trainer", provider)
        token = SignIn.begin(trainer, now())
        db.session.flush()
        hand_password(provider.id, trainer, FRESH, now())
        assert SignIn.of(token, now()) is None
        assert trainer.must_change_password


def test_a_learner_with_a_living_sign_up_here_may_be_helped(app):
    with writing():
        offering = an_offering()
        account, person = a_resident()
        assert code(hand_password, offering.provider_id, account, FRESH, NOON) == "account-elsewhere"
        enrolment = offering.enrol(person, by=account, at=NOON)
        hand_password(offering.provider_id, account, FRESH, NOON)
        offering.withdraw(enrolment, by=account, at=NOON)
        assert code(hand_password, offering.provider_id, account, FRESH, NOON) == "account-elsewhere"


def test_nobody_enters_another_role_through_a_reset(app):
    with writing():
        provider, elsewhere = a_provider(), a_provider()
        officer = an_account("officer", name="局演示")
        hire(provider, "局演示", officer.mobile, FRESH, NOON)
        claimed, _ = a_resident("居民演示")
        hire(provider, "居民演示", claimed.mobile, FRESH, NOON)
        both = an_account("trainer", provider)
        both.grant("trainer", NOON, elsewhere)
        clerk = an_account("clerk", provider)
        db.session.expire_all()
        for account in (officer, claimed, both, clerk):
            assert code(hand_password, provider.id, account, FRESH, NOON) == "account-elsewhere"


def test_a_trainer_leaves_when_nothing_is_left_to_teach(app):
    with writing():
        offering = an_offering()
        trainer = an_account("trainer", offering.provider)
        offering.appoint(trainer)
        assert code(dismiss, offering.provider_id, trainer, date(2026, 3, 10), NOON) == "still-teaching"
        dismiss(offering.provider_id, trainer, date(2027, 1, 1), NOON)
        assert trainers_of(offering.provider_id) == []
        assert code(hand_password, offering.provider_id, trainer, FRESH, NOON) == "account-elsewhere"
