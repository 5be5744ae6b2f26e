"""A statement's file held against the registry of today: which rows are no longer as they were signed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.database import db
from app.models import Enrolment
from app.statement import verify
from app.statement.gathering import Pseudonyms
from app.statement.writing import Plan, draft

# Tables of facts, and what names a row in them; a row without a name can only be there or not.
_FACTS: dict[str, str | None] = {
    "offering": "offering",
    "lesson": None,
    "sign_up": "sign_up",
    "certificate": "certificate",
    "group_visit": None,
    "open_pair": None,
    "document": None,
    "reported": None,
}
WHAT = {"added": "新增", "removed": "没有了", "altered": "改了"}
MOST = 1000


@dataclass(frozen=True)
class Difference:
    """One row: ``n`` in the file (None when it is new), ``cells`` column → (as signed, as it is)."""

    table: str
    what: str  # a key of WHAT
    n: int | None
    offering: str  # its institution, number and course
    enrolment_id: int | None  # of a sign-up, when the registry still has it
    cells: dict[str, tuple[Any, Any]]

    def words(self) -> str:
        """In one sentence, without pseudonyms."""
        place = f"{self.table} 表第 {self.n} 行" if self.n else f"{self.table} 表"
        about = "，".join(
            part for part in (self.offering, f"报名 {self.enrolment_id} 号" if self.enrolment_id else "") if part
        )
        shown = {name: both for name, both in self.cells.items() if name not in ("sign_up", "person", "certificate")}
        if self.what == "altered":
            told = "；".join(f"{name} 签认时 {was or '空'}，现在 {now or '空'}" for name, (was, now) in shown.items())
        else:
            side = 0 if self.what == "removed" else 1
            told = "，".join(f"{name}={both[side]}" for name, both in shown.items() if both[side] not in (None, ""))
        return f"{place}{WHAT[self.what]}（{about}）：{told}" if about else f"{place}{WHAT[self.what]}：{told}"


def differences(path: Path, plan: Plan) -> list[Difference]:
    """Of the file at ``path``, which ``plan`` describes: what differs now, at most MOST rows."""
    with draft(plan) as (now, _):
        return compare(path, now, plan)


def compare(path: Path, now: Path, plan: Plan) -> list[Difference]:
    """The same of a draft that is there already."""
    with closing(sqlite3.connect(":memory:", uri=True)) as base:
        base.row_factory = sqlite3.Row
        for name, file in (("signed_file", path), ("today", now)):
            base.execute(f"ATTACH ? AS {name}", (f"{file.resolve().as_uri()}?mode=ro&immutable=1",))
        found: list[Difference] = []
        for table, key in _FACTS.items():
            found += _of_table(base, table, key, Pseudonyms(plan.file_key), MOST - len(found))
        return found


def _of_table(base: sqlite3.Connection, table: str, key: str | None, names: Pseudonyms, most: int) -> list[Difference]:
    columns = [column for column, _ in verify.TABLES[table][1:]]
    was, now = ([dict(row) for row in _only_in(base, table, columns, *sides, most)] for sides in _SIDES)
    found = []
    if key:
        there = {row[key]: row for row in now}
        both = [(row, there.pop(row[key])) for row in was if row[key] in there]
        was = [row for row in was if row[key] not in {old[key] for old, _ in both}]
        now = list(there.values())
        for old, new in both:
            cells = {name: (old[name], new[name]) for name in columns if old[name] != new[name]}
            found.append(_told(base, table, "altered", old, cells, names))
    found += [_told(base, table, "removed", row, {c: (row[c], None) for c in columns}, names) for row in was]
    found += [_told(base, table, "added", row, {c: (None, row[c]) for c in columns}, names) for row in now]
    return found[:most]


_SIDES = (("signed_file", "today"), ("today", "signed_file"))


def _only_in(
    base: sqlite3.Connection, table: str, columns: list[str], here: str, there: str, most: int
) -> Iterator[sqlite3.Row]:
    listed = ", ".join(f'"{column}"' for column in columns)
    yield from base.execute(
        f"SELECT {listed}, (SELECT n FROM {here}.{table} t WHERE {_same(columns)}) AS n FROM "  # noqa: S608
        f"(SELECT {listed} FROM {here}.{table} EXCEPT SELECT {listed} FROM {there}.{table}) x LIMIT ?",
        (most + 1,),
    )


def _same(columns: list[str]) -> str:
    return " AND ".join(f't."{column}" IS x."{column}"' for column in columns)


def _told(
    base: sqlite3.Connection, table: str, what: str, row: dict[str, Any], cells: dict[str, Any], names: Pseudonyms
) -> Difference:
    offering_id = row.get("offering")
    enrolment_id = _enrolment(row["sign_up"], offering_id, names) if table == "sign_up" else None
    return Difference(
        table, what, None if what == "added" else row["n"], _offering(base, offering_id), enrolment_id, cells
    )


def _offering(base: sqlite3.Connection, offering_id: Any) -> str:
    if offering_id is None:
        return ""
    for side in ("signed_file", "today"):
        found = base.execute(
            f"SELECT p.name, o.number, o.course FROM {side}.offering o JOIN {side}.provider p ON p.key = o.provider "  # noqa: S608
            "WHERE o.offering = ?",
            (offering_id,),
        ).fetchone()
        if found:
            return " ".join(found)
    return ""


def _enrolment(pseudonym: str, offering_id: Any, names: Pseudonyms) -> int | None:
    """Whose pseudonym it is: only the registry, which has the key, can tell."""
    ids = db.session.scalars(db.select(Enrolment.id).where(Enrolment.offering_id == offering_id))
    return next((i for i in ids if names.of("sign-up", i) == pseudonym), None)
