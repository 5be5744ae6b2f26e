"""Drawing up, signing and amending a year: first the file, from one state of the registry, then its row.

The file takes seconds and the lock is everybody's: so it is written in a
reading transaction, and what is signed is its digest. Whoever signs later
signs the same digest, and only while the registry still agrees with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

from app.database import db, row_id, writing
from app.models import Account, Provider, Statement
from app.models.rules import RULE_SET
from app.refusal import N_, Refusal
from app.statement import living
from app.statement.gathering import Pseudonyms
from app.statement.verify import open_file
from app.statement.writing import Made, Plan, draft, write

FOLDER = "statements"  # in instance/


def plan_of(statement: Statement) -> Plan:
    """What the file of a statement was made from."""
    before = Statement.attested(statement.year - 1, statement.provider_id)
    amended = Statement.of_year(statement.year, statement.provider_id)[: statement.sequence]
    return Plan(
        statement.year,
        statement.provider,
        statement.sequence,
        statement.reason,
        statement.previous_digest.hex() if statement.previous_digest else before[-1].digest.hex() if before else "",
        amended[-1].digest.hex() if amended else "",
        _behind(statement.year, statement.provider_id),
    )


def next_plan(year: int, provider_id: int | None, reason: str = "") -> Plan:
    """What the next file of a year would be made from."""
    standing, before = Statement.attested(year, provider_id), Statement.attested(year - 1, provider_id)
    return Plan(
        year,
        db.session.get_one(Provider, provider_id) if provider_id else None,
        len(standing),
        reason.strip() if standing else "",
        before[-1].digest.hex() if before else "",
        standing[-1].digest.hex() if standing else "",
        _behind(year, provider_id),
    )


def _behind(year: int, provider_id: int | None) -> tuple[Statement, ...]:
    """The institutions' statements that a city's rests on."""
    return tuple(Statement.latest_of_providers(year)) if provider_id is None else ()


def draw_up(
    folder: Path, year: int, provider_id: int | None, *, by: Account, at: datetime, day: date, reason: str = ""
) -> Statement:
    """Write the year's next file and sign it first: the year itself, or when that is attested an amendment of it.

    Commits. ``folder`` holds the files, ``day`` is today. Raises what
    ``Statement.require_next`` raises, and ``nothing-moved`` for an amendment
    without a difference.
    """
    db.session.rollback()
    Statement.require_next(year, provider_id, by=by, day=day, reason=reason)
    plan = next_plan(year, provider_id, reason)
    changes = list(_changes(folder, plan))
    if plan.sequence and not changes:
        raise Refusal("nothing-moved", N_("现在的数据和签认的一样，没有要更正的。"))
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"drawing-up-{os.getpid()}-{plan.year}-{plan.provider_id or 0}.sqlite"
    try:
        made = write(path, plan, changes)
        name = f"{plan.year}-{plan.provider_id or 'city'}-{plan.sequence}-{made.digest[:16]}.sqlite"
        with writing():
            statement = Statement.draw_up(
                year, provider_id, digest=made.digest, total=made.total, by=by, at=at, day=day, reason=reason,
                rule_set=RULE_SET.version, previous_digest=bytes.fromhex(plan.previous) or None, file_name=name,
                rows=made.rows, open_questions=len(made.questions),
            )  # fmt: skip
            path.replace(folder / name)  # before the commit: a row never stands without its file
    finally:
        path.unlink(missing_ok=True)
    return statement


def sign_next(
    folder: Path, year: int, provider_id: int | None, *, digest: str, by: Account, at: datetime, day: date, reason: str
) -> None:
    """What the button of a year's page does: sign the statement of this digest, or without one draw the next up.

    Commits. Raises what ``draw_up`` and ``sign`` raise.
    """
    standing = Statement.of_year(year, provider_id)
    if digest and standing:
        sign(folder, row_id(standing[-1]), digest, by=by, at=at)
    else:
        draw_up(folder, year, provider_id, by=by, at=at, day=day, reason=reason)


def sign(folder: Path, statement_id: int, digest: str, *, by: Account, at: datetime) -> None:
    """The next signature on a statement that is drawn up. Commits.

    Raises what ``Statement.sign`` raises, and ``statement-stale`` when the
    registry has moved since it was drawn up: then it is drawn up anew.
    """
    db.session.rollback()
    statement = db.session.get_one(Statement, statement_id)
    if statement.next_part is not None and statement.withdrawn_at is None and not agrees(folder, statement):
        raise Refusal("statement-stale", N_("填报以后数据又有变动，这一份不能再签。请撤回，重新填报。"))
    with writing() as session:
        session.get_one(Statement, statement_id).sign(digest, by=by, at=at)


def agrees(folder: Path, statement: Statement) -> bool:
    """Would the registry write the same file today?"""
    plan = plan_of(statement)
    with draft(plan, _changes(folder, plan)) as (_, made):
        return made.digest == statement.digest.hex()


def standing_of(folder: Path, year: int, provider_id: int) -> tuple[Made, list[living.Difference]]:
    """An institution's year as it is today, and what of it differs from its last attested statement."""
    attested = Statement.attested(year, provider_id)
    plan = plan_of(attested[-1]) if attested else next_plan(year, provider_id)
    with draft(plan) as (path, made):
        file = folder / attested[-1].file_name if attested else None
        return made, living.compare(file, path, plan) if file and file.exists() else []


def _changes(folder: Path, plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Of an amendment: each row that differs from the statement it amends, under the pseudonyms of the new file."""
    if not plan.sequence:
        return
    amended = Statement.of_year(plan.year, plan.provider_id)[plan.sequence - 1]
    names = Pseudonyms(plan.file_key)
    for each in living.differences(folder / amended.file_name, plan_of(amended)):
        who = f"{names.of('sign-up', each.enrolment_id)} " if each.enrolment_id else ""
        yield (
            each.table,
            each.what,
            who + each.words().replace(f"报名 {each.enrolment_id} 号", "").replace("，）", "）"),
        )


def read_file(path: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table of a statement's file, for its page."""
    with closing(open_file(str(path))) as base:
        found = base.execute(f'SELECT * FROM "{table}" ORDER BY n')  # noqa: S608 - a name of our own
        return [dict(zip((column[0] for column in found.description), row, strict=True)) for row in found]
