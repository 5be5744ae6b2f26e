"""A clerk at the desk of an institution, and what stands there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.clock import now, today
from app.database import db, writing
from app.models import Enrolment, Offering, Provider
from tests.people import a_person, a_provider, an_account, an_offering


def at_desk(client) -> Provider:
    """Sign a clerk in; their institution."""
    with writing():
        provider = a_provider()
        clerk = an_account("clerk", provider)
    client.sign_in(clerk)
    return provider


def coming(provider: Provider, **facts: Any) -> Offering:
    """An offering of theirs whose lessons begin next week."""
    with writing():
        return an_offering(provider, **{"first_on": today() + timedelta(7), **facts})


def running(provider: Provider, people: int = 1, **facts: Any) -> tuple[Offering, list[Enrolment]]:
    """An offering that met a week ago with these people present, and goes on."""
    with writing():
        offering = an_offering(provider, **{"first_on": today() - timedelta(7), **facts})
        first = offering.lessons[0]
        enrolled = [offering.enrol(a_person(), by=None, at=first.begins_at - timedelta(1)) for _ in range(people)]
        first.take_roll({e.id: "present" for e in enrolled}, by=None, at=now(), base_version=0)
        return offering, enrolled


def fresh(thing: Any) -> Any:
    """What the table says of it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get(type(thing), thing.id)


def told(client) -> str:
    """What waits in the session cookie, which anybody at the machine can read, to be said on the next page."""
    with client.session_transaction() as session:
        return " ".join(sentence for _, sentence in session["_flashes"])


def again(thing: Any) -> Any:
    """The same within the transaction that is open."""
    return db.session.get_one(type(thing), thing.id)


def offering_form(**changed: Any) -> dict[str, Any]:
    day = today()
    return {
        "number": "2026-表单",
        "category": "elderly",
        "starts_on": str(day + timedelta(7)),
        "ends_on": str(day + timedelta(30)),
        "planned_hours": "8",
        "division_code": "220204",
        "mode": "on_site",
        "capacity": "",
        **changed,
    }
