"""How people are counted, rule by rule. What must not count is labelled with the reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.counts import year_table
from app.database import db, writing
from app.models import Enrolment, Offering, Person
from tests.people import NOON, a_person, an_offering


def attended(offering: Offering, person: Person | None = None, on: date = date(2026, 3, 10), **facts: Any) -> Enrolment:
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


def total(year: int = 2026) -> dict[str, Any]:
    return year_table(year).total.as_dict()


def by(dimension: str, measure: str, year: int = 2026) -> dict[str, Any]:
    return {row.label: row.figures.as_dict()[measure] for row in year_table(year, dimension).rows}


def test_r1_a_sign_up_counts_once_it_attended(app):
    with writing():
        offering = an_offering()
        attended(offering)
        offering.enrol(a_person(), by=None, at=NOON)  # not included – registered, never came
    assert total()["person_times"] == 1
