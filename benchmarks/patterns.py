"""A year's suspicious patterns at full size: the file of `benchmarks/year.py`, with the rolls of one year beside it.

    .venv/bin/python -m benchmarks.patterns [--keep FILE] [--scale 1.0] [--year 2025]

Adds weekly lessons and a mark for every sign-up that came (3 million at full
size), one offering in a hundred entered in one evening with everybody
present. Then a process of its own finds the patterns, and says how long that
took by the processor's clock and how much memory it held at most.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from benchmarks import _measure
from benchmarks.year import ROOT, fill

SECONDS, MEGABYTES = 10, 400


def add_rolls(path: Path, year: int) -> None:
    base = sqlite.connect(path)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
        base.execute(f"PRAGMA {pragma}")
    dice = random.Random(year)
    offerings = base.execute(
        "SELECT id, starts_on, ends_on FROM offering WHERE starts_on LIKE ? ORDER BY starts_on, id", (f"{year}%",)
    ).fetchall()
    came: dict[int, list[int]] = {}
    for row, offering in base.execute(
        "SELECT e.id, e.offering_id FROM enrolment e JOIN offering o ON o.id = e.offering_id "
        "WHERE e.first_attended_on IS NOT NULL AND o.starts_on LIKE ?",
        (f"{year}%",),
    ):
        came.setdefault(offering, []).append(row)
    base.execute("BEGIN")
    lesson = base.execute("SELECT coalesce(max(id), 0) FROM lesson").fetchone()[0]
    for offering, first, last in offerings:
        invented = dice.random() < 0.01
        hour, weeks = dice.choice((8, 10, 14, 18)), (date.fromisoformat(last) - date.fromisoformat(first)).days // 7
        for week in range(weeks + 1):
            lesson += 1
            day = date.fromisoformat(first) + timedelta(7 * week)
            entered = f"{date.fromisoformat(last) if invented else day} 12:{week:02d}:00.000000"
            base.execute(
                "INSERT INTO lesson (id, offering_id, held_on, begins, ends, class_hours, room, roll_version, "
                "roll_taken_at) VALUES (?,?,?,?,?,200,'',1,?)",
                (lesson, offering, str(day), f"{hour:02d}:00:00.000000", f"{hour + 1:02d}:30:00.000000", entered),
            )
            base.executemany(
                "INSERT INTO mark (lesson_id, enrolment_id, status, reason, marked_at) VALUES (?,?,?,'',?)",
                (
                    (lesson, row, "present" if invented or dice.random() < 0.85 else "absent", entered)
                    for row in came.get(offering, ())
                ),
            )
    base.execute("COMMIT")
    base.close()
    with closing(sqlite.connect(path)) as base:
        base.execute("PRAGMA journal_mode=WAL")


def find(path: Path, year: int) -> None:
    os.environ["DATABASE_URL"] = f"sqlite:///{path}"
    from app import create_app
    from app.counts.patterns import patterns

    with create_app().app_context():
        before, wall, cpu = _measure.most_memory(), time.perf_counter(), time.process_time()
        found = patterns(year)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    held = _measure.most_memory() - before
    print(f"of {found.total.person_times:,} person-times {found.without['any'].person_times:,} without any pattern:")
    for kind, told in found.without.items():
        print(f"    {kind:20} {told.offerings:>7,} offerings {told.sign_ups:>9,} sign-ups")
    for what, measured, limit, unit in (("CPU", cpu, SECONDS, "s"), ("memory", held, MEGABYTES, "MB")):
        print(f"{what:8} {measured:8.1f} {unit} limit {limit}: {'kept' if measured <= limit else 'OVER'}")
    print(f"wall     {wall:8.1f} s")
    sys.exit(cpu > SECONDS or held > MEGABYTES)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, help="fill this file, or use it again")
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--year", type=int, default=2025)
    asked.add_argument("--find", action="store_true", help=argparse.SUPPRESS)
    wanted = asked.parse_args()
    if wanted.find:
        find(wanted.keep, wanted.year)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = wanted.keep or Path(folder) / "patterns.db"
        if not path.exists():
            fill(path, wanted.scale)
        with closing(sqlite.connect(path)) as base:
            bare = base.execute("SELECT count(*) FROM lesson").fetchone()[0] == 0
        if bare:
            add_rolls(path, wanted.year)
        command = [
            sys.executable,
            "-m",
            "benchmarks.patterns",
            "--find",
            "--keep",
            str(path),
            "--year",
            str(wanted.year),
        ]
        sys.exit(subprocess.run(command, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
