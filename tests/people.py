"""The people and offerings of the tests: one line makes one, with a name of its own."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from flask import current_app

from app import sealing
from app.clock import SHANGHAI, instant
from app.database import db
from app.models import Account, Course, Offering, Person, PolicyDocument, Provider, Statement, Target
from app.models.account import AT_AN_INSTITUTION, hash_password
from app.models.person import mobile_index
from app.models.scheduling import schedule
from app.statement import verify
from app.statement.signing import FOLDER

_numbers = itertools.count(1)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=SHANGHAI)  # a Monday; tests that care set their own
PASSWORD = "松木 桥头 风筝"
_hash: list[str] = []


def mobile(n: int | None = None) -> str:
    return f"1390000{(next(_numbers) if n is None else n) % 10000:04d}"


def a_provider(name: str = "", **facts: Any) -> Provider:
    provider = Provider(name=name or f"机构{next(_numbers)}（演示）", is_demo=True, **facts)
    db.session.add(provider)
    db.session.flush()
    return provider


def an_account(role: str | None = None, provider: Provider | None = None, name: str = "", **facts: Any) -> Account:
    """An account with PASSWORD, hashed once for all; whoever works at an institution gets one."""
    import uuid

    if not _hash:
        _hash.append(hash_password(PASSWORD))
    number = mobile()
    uid = uuid.uuid4().hex
    account = Account(
        uid=uid,
        name=name or f"演示账号{next(_numbers)}",
        mobile_sealed=sealing.sealer().seal(number, "account", "mobile", uid),
        mobile_index=mobile_index(number),
        password_hash=_hash[0],
        made_at=NOON,
        is_demo=True,
        **facts,
    )
    db.session.add(account)
    db.session.flush()
    if role:
        if role in AT_AN_INSTITUTION and provider is None:
            provider = a_provider()
        account.grant(role, NOON, provider)
    return account


def a_person(name: str = "", account: Account | None = None, relation: str = "self", **facts: Any) -> Person:
    person = Person(name=name or f"演示学员{next(_numbers)}", made_at=NOON, is_demo=True, **facts)
    db.session.add(person)
    db.session.flush()
    if account is not None:
        account.look_after(person, relation)
        db.session.flush()
    return person


def a_resident(name: str = "", **facts: Any) -> tuple[Account, Person]:
    account = an_account("resident", name=name)
    return account, a_person(name or account.name, account, **facts)


def an_offering(
    provider: Provider | None = None,
    *,
    title: str = "",
    first_on: date = date(2026, 3, 10),
    lessons: int = 4,
    begins: time = time(9),
    ends: time = time(10, 30),
    published: bool = True,
    **facts: Any,
) -> Offering:
    """Published, weekly lessons of two class hours, 30 places, unless told otherwise."""
    provider = provider or a_provider()
    course = facts.pop("course", None) or Course(
        provider=provider, title=title or f"课程{next(_numbers)}（演示）", is_demo=True
    )
    facts = {
        "number": f"2026-{next(_numbers):03d}",
        "category": "community",
        "planned_hours": Decimal(2 * lessons),
        "division_code": "220204",
        "capacity": 30,
        "is_demo": True,
        **facts,
    }
    last_on = first_on + timedelta(7 * max(lessons - 1, 0))
    offering = Offering(
        provider=provider,
        course=course,
        starts_on=first_on,
        ends_on=last_on,
        first_begins_at=instant(first_on, begins),
        last_begins_at=instant(last_on, begins),
        **facts,
    )
    db.session.add(offering)
    db.session.flush()
    if lessons:
        schedule(offering, [(first_on + timedelta(7 * n), begins, ends) for n in range(lessons)])
    if published:
        offering.published_at = NOON - timedelta(30)
    db.session.flush()
    return offering


def a_target(code: str = "D1", **facts: Any) -> Target:
    """More than 2000 person-times of rural training every year, unless told otherwise; of a demo document."""
    document = PolicyDocument.numbered("演示 2022-1") or PolicyDocument.add(
        number="演示 2022-1", title="演示方案", issuer="演示机关", issued_on=date(2022, 11, 22)
    )
    facts = {
        "name": "D（演示）",
        "clause": "2 (1)",
        "words": "> 2000（演示）",
        "unit": "人次",
        "comparator": "more_than",
        "value": Decimal(2000),
        "period": "every_year",
        "measure": "person_times_total",
        "parameters": {"category": "rural"},
        "valid_from": date(2021, 1, 1),
        **facts,
    }
    return Target.add(document, {"code": code, **facts}, by=None, at=NOON)


def a_statement(provider: Provider | None = None, year: int = 2020, **facts: Any) -> Statement:
    """Attested, of a file in which nothing is told."""
    name = f"{year}-{provider.id if provider else 'city'}-{next(_numbers)}.sqlite"
    folder = Path(current_app.instance_path) / FOLDER
    folder.mkdir(exist_ok=True)
    shutil.copy(_empty_file(), folder / name)
    figures = ("rows", "persons", "persons_max", "person_times", "group_headcount", "class_hundredths", "completions")
    statement = Statement(
        year=year, provider_id=provider.id if provider else None, scope=provider.id if provider else 0, sequence=0,
        rule_set="2026.1", digest=bytes(32), file_name=name, drawn_up_at=NOON,
        **{"attested_at": NOON, **dict.fromkeys((*figures, "certificates", "open_questions"), 0), **facts},
    )  # fmt: skip
    db.session.add(statement)
    db.session.flush()
    return statement


@cache
def _empty_file() -> Path:
    """A statement's file with its tables, and the few lines that its paper needs."""
    path = Path(tempfile.mkdtemp()) / "empty.sqlite"
    with closing(sqlite3.connect(path)) as base:
        for table, columns in verify.TABLES.items():
            base.execute(f"CREATE TABLE {table} ({', '.join(name for name, _ in (*columns, verify.SEAL))})")
        for name in ("title", "rule_set", "rule_set_first_year", "digest_of_the_year_before"):
            base.execute("INSERT INTO about (name, value) VALUES (?, ?)", (name, "演示"))
        base.commit()
    return path
