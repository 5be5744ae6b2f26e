"""A year that is over, with rows that count and rows that do not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.clock import SHANGHAI, instant
from app.database import db, writing
from app.models import Account, CandidatePair, Certificate, Enrolment, GroupVisit, Offering, Person, Provider
from app.models.person import settle_identities
from tests.people import a_person, a_provider, an_account, an_offering

YEAR = 2025
SIGNED_AT = datetime(2026, 2, 3, 9, 30, tzinfo=SHANGHAI)
DAY = SIGNED_AT.date()


class School:
    """An institution with the three accounts that sign its year, and an officer and a reader at the bureau."""

    def __init__(self, name: str = "") -> None:
        self.provider = a_provider(name)
        self.clerk, self.reviewer, self.head = (
            an_account(role, self.provider) for role in ("clerk", "reviewer", "head")
        )

    @property
    def signers(self) -> list[Account]:
        return [self.clerk, self.reviewer, self.head]


def a_year(school: School, year: int = YEAR) -> dict[str, Any]:
    """Three elderly learners (one of them twice), a group, an activity, an open pair; and who does not count."""
    provider = school.provider
    class_ = held(provider, date(year, 3, 4), category="elderly")
    people = [
        a_person("演示甲", birth_on=date(1950, 5, 1)),
        a_person("演示乙", birth_on=date(1990, 5, 1)),
        a_person("演示丙"),
    ]
    came = [attend(class_, person) for person in people]
    came[0].complete(class_.ends_on, by=None, day=DAY)
    for enrolment in came[:2]:
        Certificate.award(
            enrolment, system="hrss", name="证书（演示）", level="", number=f"演示-{enrolment.id}",
            issued_on=date(year, 5, 20), day=DAY,
        )  # fmt: skip
    enrol(class_, a_person())  # not included – never came
    attend(class_, a_person()).part = "staff"  # not included – on duty
    attend(class_, a_person()).person.deleted_at = SIGNED_AT  # not included – deleted
    other = held(provider, date(year, 9, 2), category="rural")
    attend(other, people[0])
    attend(held(provider, date(year - 1, 9, 2)), people[1])  # not included – another year
    attend(held(provider, date(year, 10, 7), planned_hours=Decimal(1)), people[2])  # not included – an activity
    twins = [a_person("演示同名", birth_on=date(1960, 1, 1)), a_person("演示同名", birth_on=date(1960, 1, 1))]
    for twin in twins:
        attend(other, twin)
    settle_identities([twin.id for twin in twins])
    visited = held(provider, date(year, 4, 8), category="youth")
    for headcount in (40, 35):  # 35: not included – the same group on the same day, smaller
        db.session.add(
            GroupVisit(
                offering=visited, group_name="第一小学（演示）", group_key="第一小学", visited_on=date(year, 4, 8),
                headcount=headcount, state="completed",
            )
        )  # fmt: skip
    db.session.flush()
    assert db.session.scalar(db.select(CandidatePair)) is not None
    return {"class": class_, "other": other, "people": people, "came": came, "twins": twins}


def held(provider: Provider, first_on: date, **facts: Any) -> Offering:
    """An offering with four weekly lessons of two class hours from that day."""
    offering = an_offering(provider, first_on=first_on, **facts)
    offering.published_at = offering.first_begins_at - timedelta(40)
    return offering


def enrol(offering: Offering, person: Person) -> Enrolment:
    return offering.enrol(person, by=None, at=offering.first_begins_at - timedelta(3), source="clerk")


def attend(offering: Offering, person: Person, late: int = 0) -> Enrolment:
    """Signed up and present at the first lesson; the roll written ``late`` days after it."""
    enrolment = enrol(offering, person)
    lesson = offering.lessons[0]
    at = instant(lesson.held_on + timedelta(late), time(20))
    said = lesson.now_marked() | {enrolment.id: "present"}
    lesson.take_roll(said, by=None, at=at, base_version=lesson.roll_version, reason="演示" if late else "")
    return enrolment


def sign_all(folder: Path, school: School | None, year: int = YEAR, officer: Account | None = None, reason: str = ""):  # type: ignore[no-untyped-def]
    """All signatures of the next statement of a year; the statement."""
    from app.models import Statement
    from app.statement import signing

    provider_id = school.provider.id if school else None
    first, *others = [officer] if school is None else school.signers if not reason else [school.clerk, school.head]
    made = signing.draw_up(folder, year, provider_id, by=first, at=SIGNED_AT, day=DAY, reason=reason)
    for n, account in enumerate(others, 1):
        signing.sign(folder, made.id, made.digest.hex(), by=account, at=SIGNED_AT + timedelta(hours=n))
    db.session.expire_all()
    return db.session.get_one(Statement, made.id)


def a_school(name: str = "", year: int = YEAR) -> tuple[School, dict[str, Any]]:
    with writing():
        school = School(name)
        return school, a_year(school, year)
