"""Every route of the site, asked of the routing table itself, so that a new one is never forgotten."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from app.clock import SHANGHAI
from app.database import db, writing
from app.models import Account, Observation, Target
from app.models.account import AT_AN_INSTITUTION, ROLES
from tests.people import NOON, a_person, a_provider, a_target, an_account, an_offering

SAFE = {"GET", "HEAD", "OPTIONS"}
DAY = (datetime.now(SHANGHAI) + timedelta(20)).date()


def a_house() -> dict[str, Account]:
    """One of everything that an address may name, in one institution; the accounts by role, and one with all roles."""
    with writing():
        provider = a_provider()
        accounts = {role: an_account(role, provider if role in AT_AN_INSTITUTION else None) for role in ROLES}
        everybody = an_account("resident")
        for role in [*ROLES][1:]:
            everybody.grant(role, NOON, provider if role in AT_AN_INSTITUTION else None)
        person = a_person(account=accounts["resident"])
        a_person(account=everybody)
        offering, begun = an_offering(provider, first_on=DAY), an_offering(provider, first_on=date(2026, 3, 10))
        for each in (offering, begun):
            each.appoint(accounts["trainer"])
            each.appoint(everybody)
            each.enrol(person, by=accounts["resident"], at=NOON)
            each.enrol(a_person(keeper_provider_id=provider.id), by=None, at=NOON)
        a_target()
        lesson = begun.lessons[0]
        roll = {enrolment.id: "present" for enrolment in lesson.roster()}
        lesson.take_roll(roll, by=accounts["trainer"], at=lesson.begins_at, base_version=0)
        db.session.add(
            Observation(lesson=lesson, name="演示旁听", seen_by_id=accounts["trainer"].id, seen_at=lesson.begins_at)
        )
    return {**accounts, "all": everybody}


def rules(app: Flask, *, safe: bool) -> list[tuple[Rule, str]]:
    """(rule, method) of every route that only reads (``safe``) or may write."""
    found = []
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [(rule, method) for method in sorted(methods) if (method in SAFE) is safe]
    assert found
    return found


def address(app: Flask, rule: Rule) -> str:
    """An address of the rule, with rows that exist where its arguments name a table."""
    values = {name: _value(name) for name in rule.arguments}
    with app.test_request_context():
        return app.url_for(rule.endpoint, **values)


def _value(name: str) -> Any:
    if name == "filename":
        return "style.css"
    if name == "year":
        return 2026
    if name == "code":
        return db.session.scalar(db.select(db.func.min(Target.code))) or "D1"
    if name == "kind":
        return "association"
    if name.endswith("_id"):
        table = db.metadata.tables.get(name.removesuffix("_id"))
        row = db.session.scalar(db.select(db.func.min(table.c.id))) if table is not None else None
        return row or 1
    return "x"
