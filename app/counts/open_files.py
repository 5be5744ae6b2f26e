"""A year's open data: person-times by category and division, and the files in which they leave (R25)."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import func, select

from app.cells import WRITERS, Look
from app.clock import today
from app.counts.open_data import BASE, THRESHOLD, TOTAL, Cell, Release, release
from app.counts.rungs import Ruling, standing
from app.counts.spans import Span
from app.database import db
from app.models import Account, Offering, OpenRelease
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES, COUNTED, RULE_SET
from app.refusal import N_, Refusal

COLUMNS = ("year", "category", "category_name", "division", "division_name", "person_times", "told")
ALL = "合计"


def counted(year: int) -> dict[Cell, int]:
    """Person-times with a name, exact, by category and division; every pair of them, noughts too."""
    span = Span(year)
    source = standing(span, Ruling(COUNTED))
    found = db.session.execute(
        select(Offering.category, Offering.division_code, func.count())
        .join(source, source.c.offering_id == Offering.id)
        .where(source.c.day.between(span.start, span.end))
        .group_by(Offering.category, Offering.division_code)
    )
    times = {(category, division): count for category, division, count in found}
    return {cell: times.get(cell, 0) for cell in product(CATEGORIES, DIVISIONS)}


def draft(year: int) -> Release:
    """What would be published now, held against what was."""
    return _held_against(year, counted(year))


def _held_against(year: int, counts: Mapping[Cell, int]) -> Release:
    latest = OpenRelease.latest(year)
    return release(counts, None if latest is None else released(latest))


def released(row: OpenRelease) -> Release:
    """A publication as it was decided."""
    cells = json.loads(row.cells)
    return Release(
        {(category, division): count for category, division, count, _ in cells},
        frozenset(map(tuple, json.loads(row.hidden))),
        {(category, division): least for category, division, _, least in cells},
    )


def publish(year: int, counts: Mapping[Cell, int], *, by: Account, at: datetime) -> OpenRelease:
    """Decides what leaves of these counts and keeps it.

    Raises ``year-not-over``, ``nothing-to-publish`` or ``nothing-new``.
    """
    if year >= today().year:
        raise Refusal("year-not-over", N_("%(year)s 年还没有过完，过完以后再公开。"), year=year)
    latest, new = OpenRelease.latest(year), _held_against(year, counts)
    if not any(new.counts.values()):
        raise Refusal("nothing-to-publish", N_("%(year)s 年没有人次，没有什么可公开。"), year=year)
    if latest is not None and released(latest).counts == new.counts:
        raise Refusal("nothing-new", N_("和已经公开的相比，没有一格变了 %(n)s 人次以上，不用再公开。"), n=THRESHOLD)
    row = OpenRelease(
        year=year,
        rule_set=RULE_SET.version,
        cells=json.dumps([[*cell, count, new.least[cell]] for cell, count in new.counts.items()]),
        hidden=json.dumps(sorted(new.hidden)),
        made_at=at,
        made_by=by,
    )
    db.session.add(row)
    return row


def lines(year: int, out: Release) -> Iterator[tuple[Any, ...]]:
    """COLUMNS of every cell and total; a cell that is not told is empty and says so."""
    published = out.published()
    for category, division in product((*CATEGORIES, TOTAL), (*DIVISIONS, TOTAL)):
        value = published[(category, division)]
        names = CATEGORIES.get(category, ALL), DIVISIONS.get(division, ALL)
        yield year, category, names[0], division, names[1], value, "yes" if value is not None else "no"


def about(row: OpenRelease) -> dict[str, Any]:
    """What a reader of the file has to know."""
    return {
        "year": row.year,
        "rule_set": row.rule_set,
        "made_at": row.made_at.isoformat(),
        "threshold": THRESHOLD,
        "base": BASE,
        "rules": (
            "人次：一人到过一个班计一次，归到首次到课的那一年；不含没有名字的集体，不含不足最低学时的活动。"
            f"1 到 {THRESHOLD - 1} 的格和会泄露它们的格不公布；其余取最近的 {BASE} 的倍数，所以各行之和不一定等于合计。"
            f"再次公布时，变化不到 {THRESHOLD} 的格不变。"
        ),
    }


def as_csv(row: OpenRelease) -> bytes:
    memory = io.BytesIO()
    WRITERS["csv"](memory, COLUMNS, lines(row.year, released(row)), Look(sheet=""))
    return memory.getvalue()


def as_sqlite(row: OpenRelease) -> bytes:
    """Tables ``figures`` and ``about``, for sqlite3, Datasette or pandas."""
    from sqlite_utils import Database  # here and not above: every worker would carry it for a file seldom asked for

    with closing(sqlite3.connect(":memory:")) as memory:
        file = Database(memory)
        file.table("figures").insert_all(
            (dict(zip(COLUMNS, line, strict=True)) for line in lines(row.year, released(row))),
            pk=("category", "division"),
        )
        file.table("about").insert(about(row))
        memory.commit()
        return memory.serialize()


OPEN_FILES: dict[str, tuple[str, Callable[[OpenRelease], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "sqlite": ("application/vnd.sqlite3", as_sqlite),
}
