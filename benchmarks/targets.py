"""The bureau's targets at full size: the plan over 2,000,000 sign-ups in six years.

    .venv/bin/python -m benchmarks.targets [--keep FILE] [--scale 1.0] [--year 2025]

Fills the same file as `benchmarks.year` (kept with --keep and used again),
loads the plan, and prints how long the page of all targets takes, and the
page of one target with its years since 2021: each in a process that has just
started, and again when nothing has changed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.year import ROOT, fill, verdict

PAGES = {"targets": "/bureau/targets?year={year}", "rural": "/bureau/targets/T12?year={year}",
         "elderly": "/bureau/targets/T3?year={year}", "schools": "/bureau/targets/T7?year={year}"}  # fmt: skip


def cold(path: Path, page: str, year: int) -> None:
    """In a process of its own: one page, then the same again."""
    os.environ["DATABASE_URL"] = f"sqlite:///{path}"

    from app import create_app
    from app.counts import make_ready
    from app.database import db
    from app.web.bureau import targets as pages

    app = create_app()
    with app.app_context():  # as the server before its workers: see benchmarks.year
        make_ready()
        db.engine.dispose()
    view, code = {"targets": (pages.targets, ()), "rural": (pages.target, ("T12",)),
                  "elderly": (pages.target, ("T3",)), "schools": (pages.target, ("T7",))}[page]  # fmt: skip
    with app.test_request_context(PAGES[page].format(year=year)):
        for name in ("cold", "kept"):
            clock, cpu = time.perf_counter(), time.process_time()
            view(*code)
            print(name, time.perf_counter() - clock, time.process_time() - cpu)


def prepare(path: Path) -> None:
    """The plan, and an institution by the name that it gives."""
    import pysqlite3.dbapi2 as sqlite

    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{path}"}
    load = [sys.executable, "-m", "flask", "--app", "wsgi", "plan", "load"]
    subprocess.run(load, cwd=ROOT, env=environ, check=True, capture_output=True)
    base = sqlite.connect(path)
    base.execute("UPDATE provider SET name = '吉林市开放大学', name_key = '吉林市开放大学' WHERE id = 5")
    base.execute("UPDATE provider SET kind = 'vocational_school' WHERE id BETWEEN 10 AND 60")
    base.commit()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, help="fill this file, or use it again")
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--year", type=int, default=2025)
    asked.add_argument("--cold", choices=PAGES, help=argparse.SUPPRESS)
    wanted = asked.parse_args()
    if wanted.cold:
        cold(wanted.keep, wanted.cold, wanted.year)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = wanted.keep or Path(folder) / "year.db"
        if not path.exists():
            fill(path, wanted.scale)
        prepare(path)
        print(f"load of the machine        {os.getloadavg()[0]:6.2f} on {os.cpu_count()} cores")
        kept = [report(path, page, wanted.year) for page in PAGES]  # each is told, whatever the others do
        return 0 if all(kept) else 1


def report(path: Path, page: str, year: int) -> bool:
    """Were all limits kept?"""
    found: dict[str, list[tuple[float, float]]] = {"cold": [], "kept": []}
    command = [sys.executable, "-m", "benchmarks.targets", "--keep", str(path), "--year", str(year), "--cold", page]
    for _ in range(3):
        for line in subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
            name, wall, cpu = line.split()
            found[name].append((float(wall), float(cpu)))
    wall, cpu = (statistics.median(times) for times in zip(*found["cold"], strict=True))
    kept = statistics.median(times[0] for times in found["kept"])
    return all(
        [
            verdict(f"{page}, cold", f"{wall:.3f} s, CPU {cpu:.3f} s", wall / 0.5, "0.5 s"),
            verdict(f"{page}, nothing changed", f"{kept * 1000:.1f} ms", kept / 0.020, "20 ms"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
