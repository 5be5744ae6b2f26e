"""The bureau's year at full size: 300,000 people, 20,000 offerings, 2,000,000 sign-ups over six years.

    .venv/bin/python -m benchmarks.year [--keep FILE] [--scale 1.0] [--year 2025]

Fills an SQLite file with raw SQL (kept with --keep and used again), then
prints how long all tables of the bureau's page take together: cold, the same
SQL typed into the database, and again when nothing has changed.

Cold is a server that has just started: what `gunicorn.conf.py` does before
the workers is done (the statements are compiled), no connection is open, no
figure kept. The file may stand in the system's page cache, as it does on a
server.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

ROOT = Path(__file__).parent.parent
YEARS = range(2021, 2027)
STAMP = "2021-01-01 00:00:00.000000"
CATEGORIES = ("community", "elderly", "rural", "certificate", "youth", "workforce", "teacher")
DIVISIONS = (
    "220200", "220202", "220203", "220204", "220211", "220221", "220271",
    "220272", "220273", "220281", "220282", "220283", "220284",
)  # fmt: skip


def fill(path: Path, scale: float) -> None:
    """A registry of that size; seconds rather than minutes, because it goes past the verbs."""
    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{path}"}
    upgrade = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    subprocess.run(upgrade, cwd=ROOT, env=environ, check=True, capture_output=True)
    dice = random.Random(20260315)
    people, offerings, sign_ups = int(300_000 * scale), int(20_000 * scale), int(2_000_000 * scale)
    base = sqlite.connect(path)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
        base.execute(f"PRAGMA {pragma}")
    base.execute("BEGIN")
    _people(base, dice, people)
    _offerings(base, dice, offerings)
    _sign_ups(base, dice, people, offerings, sign_ups)
    base.execute("COMMIT")
    base.close()
    sqlite.connect(path).execute("PRAGMA journal_mode=WAL")


def _insert(base: sqlite.Connection, table: str, columns: str, rows: object) -> None:
    marks = ",".join("?" * len(columns.split(",")))
    base.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def _people(base: sqlite.Connection, dice: random.Random, people: int) -> None:
    """Of a hundred records two are twins of the one before, one in 500 is deleted, 3,000 pairs are undecided."""

    def rows() -> object:
        for i in range(1, people + 1):
            twin = i % 50
            head = i if twin == 48 else i - 1 if twin == 49 else None
            born = date(1940, 1, 1) + timedelta(dice.randrange(25_000))
            document = (None, None) if i % 3 else ("resident", i.to_bytes(32, "big"))
            yield (
                i, f"{i:032x}", "王演示", "王演示", born.isoformat(), *document, head,
                STAMP if i % 500 == 7 else None, STAMP, 1,
            )  # fmt: skip

    columns = "id,uid,name,name_key,birth_on,document_type,document_index,identity_id,deleted_at,made_at,is_demo"
    _insert(base, "person", columns, rows())
    pairs = {tuple(sorted(dice.sample(range(1, people + 1), 2))) for _ in range(people // 100)}
    _insert(base, "candidate_pair", "a_id,b_id", pairs)


def _offerings(base: sqlite.Connection, dice: random.Random, offerings: int) -> None:
    providers = 120
    _insert(
        base, "provider", "id,name,name_key,kind,division_code,address,telephone,is_demo",
        ((i, f"机构{i}（演示）", f"机构{i}", "other", DIVISIONS[i % 13], "", "", 1) for i in range(1, providers + 1)),
    )  # fmt: skip
    _insert(
        base, "course", "id,provider_id,title,title_key,summary,audience,is_demo",
        ((i, i, f"课程{i}", f"课程{i}", "", "", 1) for i in range(1, providers + 1)),
    )  # fmt: skip
    _insert(
        base, "account", "id,uid,name,mobile_sealed,mobile_index,password_hash,must_change_password,made_at,is_demo",
        ((i, f"{i:032x}", "教师", b"", i.to_bytes(32, "big"), "", 0, STAMP, 1) for i in range(1, 601)),
    )  # fmt: skip
    _insert(base, "account_person", "account_id,person_id,relation", ((i, i * 97, "self") for i in range(1, 601)))
    start = date(YEARS[0], 1, 4)

    def rows() -> object:
        for i in range(1, offerings + 1):
            first = start + timedelta(dice.randrange(len(YEARS) * 365 - 60))
            weeks = dice.choice((4, 8, 12, 16))
            provider = dice.randrange(1, providers + 1)
            yield (
                i, provider, provider, f"{i}", f"{i}", dice.choice(CATEGORIES), first.isoformat(),
                (first + timedelta(7 * weeks - 7)).isoformat(), 100 if i % 40 == 0 else weeks * 200,
                dice.choice(DIVISIONS), "on_site", "松江路 1 号", "", 0, "", "", 0, STAMP, STAMP, STAMP, 0, 0,
                "每周二 9:00–10:30，共 16 次", "ke cheng", 1,
            )  # fmt: skip

    columns = (
        "id,provider_id,course_id,number,number_key,category,starts_on,ends_on,planned_hours,division_code,mode,"
        "address,room,fee_cents,telephone,bring,places_taken,published_at,first_begins_at,last_begins_at,weekdays,"
        "times_of_day,timetable,search_text,is_demo"
    )
    _insert(base, "offering", columns, rows())
    _insert(
        base, "offering_trainer", "offering_id,account_id",
        ((i, dice.randrange(1, 601)) for i in range(1, offerings + 1)),
    )  # fmt: skip
    base.execute(
        "INSERT INTO group_visit (offering_id, group_name, group_key, visited_on, headcount, state, basis) "
        "SELECT id, 'g', 'g', starts_on, 40, '已结业', 'reported' FROM offering WHERE category = 'youth' AND id % 3 = 0"
    )


def _sign_ups(base: sqlite.Connection, dice: random.Random, people: int, offerings: int, sign_ups: int) -> None:
    """Of a hundred: 88 come, 4 of those leave again, 62 complete, 3 earn a certificate."""
    dates = {
        i: (date.fromisoformat(first), date.fromisoformat(last))
        for i, first, last in base.execute("SELECT id, starts_on, ends_on FROM offering")
    }
    each = sign_ups // offerings
    order = sorted(dates, key=lambda i: dates[i][0])  # as they would have been written

    def rows() -> object:
        row = 0
        for offering in order:
            first, last = dates[offering]
            person, stride = dice.randrange(people), dice.randrange(1, people // each)
            for place in range(1, each + 1):
                row += 1
                person += stride
                luck = dice.random()
                came = min(first + timedelta(dice.choice((0, 0, 0, 0, 7, 14))), last) if luck < 0.88 else None
                left = (came + timedelta(1)).isoformat() if came and luck < 0.04 else None
                completed = last.isoformat() if 0.26 <= luck < 0.88 else None
                day = first.isoformat()
                yield (
                    row, offering, person % people + 1, "staff" if row % 2000 == 0 else "learner", "ledger", STAMP,
                    day, STAMP, day, place, STAMP if left else None, left, came and came.isoformat(), completed,
                )  # fmt: skip

    columns = (
        "id,offering_id,person_id,part,source,applied_at,applied_on,registered_at,registered_on,place_number,"
        "withdrawn_at,withdrawn_on,first_attended_on,completed_on"
    )
    _insert(base, "enrolment", columns, rows())
    base.execute(
        "WITH RECURSIVE months(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM months WHERE n < 4) "
        "INSERT INTO attended_hours (enrolment_id, offering_id, month_on, class_hours) "
        "SELECT e.id, e.offering_id, date(e.first_attended_on, 'start of month', '+' || n || ' months'), "
        "400 + e.id % 7 * 25 "
        "FROM enrolment e JOIN offering o ON o.id = e.offering_id CROSS JOIN months "
        "WHERE e.first_attended_on IS NOT NULL AND (e.withdrawn_at IS NULL OR n = 0) "
        "AND date(e.first_attended_on, 'start of month', '+' || n || ' months') <= o.ends_on"
    )
    base.execute(
        "INSERT INTO offering_hours (offering_id, month_on, class_hours) "
        "SELECT offering_id, month_on, sum(class_hours) FROM attended_hours GROUP BY offering_id, month_on"
    )
    base.execute(
        "INSERT INTO certificate (enrolment_id, system, name, level, number, number_key, issued_on) "
        "SELECT id, 'hrss', '证书', '', id, id, date(completed_on, '+20 days') FROM enrolment "
        "WHERE completed_on IS NOT NULL AND id % 21 = 0"
    )


PLAIN = """
WITH who AS (SELECT id AS person_id, coalesce(identity_id, id) AS identity FROM person
             WHERE deleted_at IS NULL AND merged_into_id IS NULL),
first AS (SELECT e.id, w.identity, e.offering_id, e.first_attended_on AS day FROM enrolment e
          JOIN who w ON w.person_id = e.person_id JOIN offering o ON o.id = e.offering_id
          WHERE e.part = 'learner' AND o.planned_hours >= 200
            AND e.first_attended_on BETWEEN '{year}-01-01' AND '{year}-12-31')
SELECT {key} AS key, count(DISTINCT identity), count(*)
FROM first JOIN offering o ON o.id = first.offering_id GROUP BY 1;
SELECT {key_of_completion}, count(*) FROM enrolment e JOIN offering o ON o.id = e.offering_id
JOIN person p ON p.id = e.person_id
WHERE e.completed_on BETWEEN '{year}-01-01' AND '{year}-12-31' AND o.planned_hours >= 200
  AND e.part = 'learner' AND p.deleted_at IS NULL GROUP BY 1;
SELECT {key_of_hours}, sum(h.class_hours) FROM attended_hours h JOIN offering o ON o.id = h.offering_id
WHERE h.month_on BETWEEN '{year}-01-01' AND '{year}-12-31' AND o.planned_hours >= 200 GROUP BY 1;
SELECT {key_of_certificate}, count(*) FROM certificate c JOIN enrolment e ON e.id = c.enrolment_id
JOIN offering o ON o.id = e.offering_id
WHERE c.issued_on BETWEEN '{year}-01-01' AND '{year}-12-31' GROUP BY 1
"""


def typed(path: Path, year: int) -> float:
    """CPU seconds of the same tables as a statistician would type them, trainers and re-entries left aside."""
    base = sqlite.connect(path)
    started = time.process_time()
    for key in ("'city'", "o.category", "o.division_code", "o.provider_id", "month"):
        _plain(base, year, key)
    _plain(base, year - 1, "'city'")
    return time.process_time() - started


def _plain(base: sqlite.Connection, year: int, key: str) -> None:
    def of(column: str) -> str:
        return f"substr({column}, 6, 2)" if key == "month" else key

    text = PLAIN.format(
        year=year,
        key=of("first.day"),
        key_of_completion=of("e.completed_on"),
        key_of_hours=of("h.month_on"),
        key_of_certificate=of("c.issued_on"),
    )
    for statement in text.split(";"):
        base.execute(statement).fetchall()


def cold(path: Path, year: int) -> None:
    """In a process of its own: count, then the same statements bare, then again with nothing changed."""
    os.environ["DATABASE_URL"] = f"sqlite:///{path}"
    from sqlalchemy import event

    from app import create_app
    from app.counts import count_year, make_ready
    from app.database import db
    from app.web.bureau import counted

    app = create_app()
    with app.app_context():
        make_ready()
        db.engine.dispose()
    with app.app_context():
        said: list[tuple[str, object]] = []
        event.listen(db.engine, "before_cursor_execute", lambda *a: said.append((a[2], a[3])))
        clock, cpu = time.perf_counter(), time.process_time()
        count_year(year, with_before=True)
        print("cold", time.perf_counter() - clock, time.process_time() - cpu)
        base = sqlite.connect(path)
        cpu = time.process_time()
        for statement, values in said:
            if not statement.startswith(("PRAGMA", "BEGIN")):
                base.execute(statement, values).fetchall()
        print("bare", 0, time.process_time() - cpu)
    with app.test_request_context():
        counted.year_of(year)
        clock, cpu = time.perf_counter(), time.process_time()
        counted.year_of(year)
        print("kept", time.perf_counter() - clock, time.process_time() - cpu)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, help="fill this file, or use it again")
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--year", type=int, default=2025)
    asked.add_argument("--cold", action="store_true", help=argparse.SUPPRESS)
    wanted = asked.parse_args()
    if wanted.cold:
        cold(wanted.keep, wanted.year)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = wanted.keep or Path(folder) / "year.db"
        if not path.exists():
            started = time.perf_counter()
            fill(path, wanted.scale)
            print(f"filled in {time.perf_counter() - started:.0f} s, {path.stat().st_size / 1e6:.0f} MB")
        return 0 if report(path, wanted.year) else 1


def report(path: Path, year: int) -> bool:
    """Were all limits kept?"""
    found: dict[str, list[tuple[float, float]]] = {"cold": [], "bare": [], "kept": []}
    command = [sys.executable, "-m", "benchmarks.year", "--cold", "--keep", str(path), "--year", str(year)]
    for _ in range(3):
        for line in subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
            name, wall, cpu = line.split()
            found[name].append((float(wall), float(cpu)))
    wall, cpu = (statistics.median(times) for times in zip(*found["cold"], strict=True))
    bare = statistics.median(times[1] for times in found["bare"])
    by_hand = typed(path, year)
    ratio = cpu / by_hand
    kept = statistics.median(times[0] for times in found["kept"])
    print(f"load of the machine        {os.getloadavg()[0]:6.2f} on {os.cpu_count()} cores, before and during the run")
    return all(
        [
            verdict("cold, a fresh process", f"{wall:.3f} s, CPU {cpu:.3f} s", wall / 0.5, "0.5 s on 2 cores"),
            verdict("its own statements bare", f"CPU {bare:.3f} s, ratio {cpu / bare:.2f}", cpu / bare / 1.5, "1.5"),
            verdict("the same tables typed", f"CPU {by_hand:.3f} s, ratio {ratio:.2f}", ratio / 1.5, "1.5"),
            verdict("nothing changed", f"{kept * 1000:.2f} ms", kept / 0.020, "20 ms"),
        ]
    )


def verdict(what: str, measured: str, of_limit: float, limit: str) -> bool:
    """Print a figure beside its limit; was that kept?"""
    kept = of_limit <= 1
    print(f"{what:26} {measured:30} limit {limit}: {of_limit:.2f} of it, {'kept' if kept else 'OVER'}")
    return kept


if __name__ == "__main__":
    sys.exit(main())
