"""Signing a year of a registry of 2,000,000 sign-ups, against a bare copy of the same rows in the same run.

    .venv/bin/python -m benchmarks.statement [--keep FILE] [--scale 1.0] [--year 2025]

Fills an SQLite file as benchmarks.year does (kept with --keep and used
again), then writes the city's file of one year in a process of its own,
verifies it with verify.py in another, and prints time and memory of both. The bare copy is one INSERT … SELECT
of the year's sign-ups into an empty file: what the rows cost without pseudonyms, seals, views and totals.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from benchmarks import _measure
from benchmarks.year import ROOT, fill

BARE = """
CREATE TABLE copy AS SELECT e.id, e.person_id, e.offering_id, e.part, e.applied_on, e.registered_on, e.withdrawn_on,
e.first_attended_on, e.completed_on, p.birth_on, p.identity_id,
(SELECT group_concat(h.month_on || ':' || h.class_hours) FROM base.attended_hours h
 WHERE h.enrolment_id = e.id AND h.month_on BETWEEN '{year}-01-01' AND '{year}-12-31') AS hours
FROM base.enrolment e JOIN base.person p ON p.id = e.person_id JOIN base.offering o ON o.id = e.offering_id
WHERE o.ends_on >= '{year}-01-01' AND o.starts_on <= '{year}-12-31'
"""


def sign(path: Path, file: Path, year: int) -> None:
    """In a process of its own: seconds, seconds of the processor, megabytes at the most, rows."""
    os.environ["DATABASE_URL"] = f"sqlite:///{path}"
    from app import create_app
    from app.statement.writing import Plan, write

    app = create_app(instance=file.parent)
    with app.app_context():
        before = _measure.most_memory()
        clock, cpu = time.perf_counter(), time.process_time()
        made = write(file, Plan(year, None))
        print(
            time.perf_counter() - clock,
            time.process_time() - cpu,
            _measure.most_memory() - before,
            _measure.most_memory(),
            made.rows,
        )


def bare(path: Path, file: Path, year: int) -> float:
    """CPU seconds of the copy."""
    base = sqlite.connect(file)
    base.execute("PRAGMA journal_mode=OFF")
    base.execute("PRAGMA synchronous=OFF")
    base.execute("ATTACH ? AS base", (str(path),))
    cpu = time.process_time()
    base.execute(BARE.format(year=year))
    base.commit()
    base.close()
    return time.process_time() - cpu


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, help="fill this file, or use it again")
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--year", type=int, default=2025)
    asked.add_argument("--sign", type=Path, help=argparse.SUPPRESS)
    wanted = asked.parse_args()
    if wanted.sign:
        sign(wanted.keep, wanted.sign, wanted.year)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = wanted.keep or Path(folder) / "year.db"
        if not path.exists():
            fill(path, wanted.scale)
        return report(path, Path(folder), wanted.year)


def report(path: Path, folder: Path, year: int) -> int:
    file = folder / "statement.sqlite"
    command = [sys.executable, "-m", "benchmarks.statement", "--sign", file, "--keep", path, "--year", str(year)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    wall, cpu, more, most, rows = map(float, told)
    copied = bare(path, folder / "bare.sqlite", year)
    clock = time.perf_counter()
    verified = subprocess.run([sys.executable, "-I", ROOT / "app/statement/verify.py", file], capture_output=True)
    took = time.perf_counter() - clock
    print(f"load of the machine   {os.getloadavg()[0]:6.2f} on {os.cpu_count()} cores")
    print(f"rows of the file      {int(rows):,}, {file.stat().st_size / 1e6:.0f} MB")
    print(f"signing               {wall:.1f} s, CPU {cpu:.1f} s  limit 60 s of CPU: {_verdict(cpu / 60)}")
    print(f"memory of signing     {most:.0f} MB, {more:.0f} of it while it wrote  limit 400 MB: {_verdict(most / 400)}")
    print(f"a bare copy           CPU {copied:.1f} s, ratio {cpu / copied:.1f}")
    print(f"verify.py             {took:.1f} s, {'agrees' if verified.returncode == 0 else 'DIFFERS'}")
    return 1 if cpu > 60 or most > 400 or verified.returncode else 0


def _verdict(of_limit: float) -> str:
    return f"{of_limit:.2f} of it, {'kept' if of_limit <= 1 else 'OVER'}"


if __name__ == "__main__":
    sys.exit(main())
