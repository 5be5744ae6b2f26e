"""One number, one holder."""

from datetime import date, timedelta

import pytest

from app.database import writing
from app.models import Certificate
from app.refusal import Refusal
from tests.people import NOON, a_person, an_offering

FACTS = {"system": "hrss", "name": "养老护理员（演示）", "level": "五级", "day": date(2026, 6, 1)}


def award(enrolment, number="Y-2026-001", issued_on=date(2026, 5, 1), **facts):
    return Certificate.award(enrolment, number=number, issued_on=issued_on, **{**FACTS, **facts})


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_the_same_number_of_the_same_person_is_the_same_certificate(app):
    with writing():
        enrolment = an_offering().enrol(a_person(), by=None, at=NOON)
        assert award(enrolment) is award(enrolment, number="ｙ2026 001")
        assert award(enrolment, number="Y-2026-002") is not award(enrolment)


def test_a_number_that_belongs_to_someone_else_is_refused(app):
    with writing():
        offering = an_offering()
        award(offering.enrol(a_person(), by=None, at=NOON))
        other = offering.enrol(a_person(), by=None, at=NOON)
        assert code(award, other) == "certificate-taken"
        award(other, system="one_plus_x")  # the other system numbers on its own


@pytest.mark.parametrize("on", [date(2026, 3, 9), FACTS["day"] + timedelta(1)])
def test_it_is_issued_between_the_first_day_and_today(app, on):
    with writing():
        enrolment = an_offering().enrol(a_person(), by=None, at=NOON)
        assert code(award, enrolment, issued_on=on) == "certificate-date"
        assert code(award, enrolment, number=" -- ") == "certificate-number"


def test_a_number_is_too_long_when_its_upper_case_is(app):
    with writing():
        enrolment = an_offering().enrol(a_person(), by=None, at=NOON)
        assert code(award, enrolment, number="ß" * 21) == "certificate-number"
        assert award(enrolment, number="ß" * 20).number_key == "S" * 40


@pytest.mark.parametrize("nothing", ["无", "-", " — ", "/"])
def test_a_blank_in_words_is_kept_as_a_ledger_reads_it(app, nothing):
    with writing():
        enrolment = an_offering().enrol(a_person(), by=None, at=NOON)
        assert award(enrolment, level=nothing).level == ""
        assert award(enrolment, number="2", level=" 五级  甲 ").level == "五级 甲"
