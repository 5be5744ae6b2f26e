"""What a record of an account's own people said before it was corrected, and correcting it.

The earlier name and birth date stay: a place belongs to who was signed up,
and the desk must be able to see who that was.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp, db, one_at_a_time
from app.models.account import Account
from app.models.enrolment import Enrolment
from app.models.identity_number import birth_date_of, normalise_name
from app.models.offering import Offering
from app.models.person import IDENTITIES, Person, settle_identities
from app.refusal import N_, Refusal


class PersonCorrection(Base):
    __tablename__ = "person_correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(30))  # as it was before
    birth_on: Mapped[date | None]
    corrected_at: Mapped[datetime] = mapped_column(Stamp)
    corrected_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))

    person: Mapped[Person] = relationship()

    @classmethod
    def of(cls, person_id: int) -> list[PersonCorrection]:
        """What the record said before, the latest first."""
        return list(db.session.scalars(db.select(cls).where(cls.person_id == person_id).order_by(cls.id.desc())))


def correct(person: Person, name: str, birth_on: date | None, *, by: Account, at: datetime) -> bool:
    """Set the name and birth date of one of ``by``'s people; whether anything changed.

    The owner's own name is also the account's. Who waits where the corrected
    age suits gets a place that is free; a place already taken stays. Raises
    ``birth-date-kept``, ``birth-date-document`` or ``person-known``.
    """
    queues = [Offering.under_lock(offering_id) for offering_id in _waits_in(person)]
    one_at_a_time(IDENTITIES)  # before the row: whoever settles identities writes rows of others under it
    db.session.refresh(person, with_for_update={"of": Person})
    if (person.name, person.birth_on) == (name.strip(), birth_on):
        return False
    _refuse_contradiction(person, birth_on)
    _refuse_known(person, name, birth_on, by)
    db.session.add(
        PersonCorrection(
            person=person, name=person.name, birth_on=person.birth_on, corrected_at=at, corrected_by_id=by.id
        )
    )
    if person in by.own_selves():
        by.name = name.strip()
    person.name, person.birth_on = name, birth_on
    db.session.flush()
    settle_identities([person.id])
    for offering in queues:
        if offering is not None:
            offering.promote(at)
    return True


def _waits_in(person: Person) -> list[int]:
    """In the order of their ids: two that lock several must not wait for each other."""
    waiting = db.select(Enrolment.offering_id).where(Enrolment.person_id == person.id, Enrolment.is_waiting())
    return sorted(db.session.scalars(waiting))


def _refuse_contradiction(person: Person, birth_on: date | None) -> None:
    if birth_on is None and person.birth_on is not None:
        # An unknown birth date passes every age limit.
        raise Refusal("birth-date-kept", N_("出生日期填过就不能清空，请改成对的日期。"))
    number = person.document_number
    told = birth_date_of(person.document_type or "", number) if number else None
    if told is not None and birth_on != told:
        raise Refusal("birth-date-document", N_("出生日期和证件号码里的不一样，请核对；证件号码错了请打电话更正。"))


def _refuse_known(person: Person, name: str, birth_on: date | None, by: Account) -> None:
    key = normalise_name(name)
    if any(p.id != person.id and p.name_key == key and p.birth_on == birth_on for p in by.own_people()):
        raise Refusal("person-known", N_("%(name)s已经在您的名单里了，不用再加。"), name=name.strip())
