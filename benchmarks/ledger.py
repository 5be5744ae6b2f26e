"""A large ledger through the command while people go on signing up.

    python -m benchmarks.ledger [ROWS]

Makes a ledger of 200,000 rows (2,000 offerings, 80,000 people, repeats and
rows that must be sent back), loads it with `flask ledger import` in a process
of its own, and signs people up in this one meanwhile. Prints seconds, the
largest memory of the command and the longest that a sign-up waited for its
turn, each against its limit, and the ratio to the same rows by
sqlite3.executemany, measured in the same run. Ends with 1 when a limit is
passed. Where other work shares the cores, the processor seconds say more
than the clock's: they are printed beside it.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).resolve().parent.parent
ROWS = 200_000
LIMIT_SECONDS, LIMIT_MB, LIMIT_WAIT_MS = 180, 500, 250
ALONE = 5  # seconds of sign-ups before the import begins
HEADER = (
    "机构 课程 类别 班次编号 开班日期 结班日期 课时 区县 姓名 性别 出生日期 证件类型 证件号码 手机 状态 "
    "首次到课 到课课时 结业日期 证书体系 证书名称 证书等级 证书编号 发证日期 团体名称 团体人数"
).split()
CATEGORIES = "社区教育 老年教育 乡村振兴 1+X证书 中小学生体验 职工培训 教师培训".split()
DIVISIONS = "昌邑区 龙潭区 船营区 丰满区 永吉县 蛟河市 桦甸市 舒兰市 磐石市".split()
FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "秀英桂兰玉珍淑华国强志明丽红春梅海涛建军雪晨宇佳东北江城松花"


def a_person(n: int, dice: random.Random) -> list[str]:
    from app.models.identity_number import check_character

    name = dice.choice(FAMILY) + "演示" + dice.choice(GIVEN) + dice.choice(GIVEN)
    born = date(1935, 1, 1) + timedelta(dice.randrange(365 * 75))
    body = f"220299{born:%Y%m%d}{n % 1000:03d}"
    number = body + check_character(body)
    mobile = f"139{n:08d}" if dice.random() < 0.8 else ""
    if dice.random() < 0.15:
        return [name, dice.choice("男女"), born.isoformat(), "", "", mobile]
    return [name, dice.choice("男女"), born.isoformat(), "居民身份证", number, mobile]


def make_ledger(path: Path, rows: int) -> None:
    dice = random.Random(20260101)
    people = [a_person(n, dice) for n in range(rows * 2 // 5)]
    offerings = []
    for n in range(max(1, rows // 100)):
        begins = date(2021, 1, 4) + timedelta(dice.randrange(1700))
        provider = dice.randrange(40)
        what = [f"演示机构{provider}", f"演示课程{n % 400}", dice.choice(CATEGORIES), f"{begins.year}-{n:04d}"]
        when = [begins.isoformat(), (begins + timedelta(90)).isoformat()]
        offerings.append([*what, *when, dice.choice((16, 32, 48)), dice.choice(DIVISIONS)])
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    for n in range(rows):
        offering = offerings[dice.randrange(len(offerings))]
        sheet.write_row(n + 1, 0, _row(offering, people[dice.randrange(len(people))], n, dice))
    book.close()


def _row(offering: list, person: list[str], n: int, dice: random.Random) -> list:
    if n % 500 == 499:
        return [*offering, *[""] * 6, "已结业", offering[4], *[""] * 7, f"演示小学{n % 7}", 40]
    chance = dice.random()
    if n % 1000 == 7:
        person = [*person[:3], "居民身份证", "220299195204200000", person[5]]  # damaged: must be sent back
    if chance < 0.15:
        return [*offering, *person, dice.choice(("报名", "候补", "已登记", "已取消")), "", "", ""]
    first = (date.fromisoformat(offering[4]) + timedelta(dice.randrange(20))).isoformat()
    hours = dice.randrange(1, offering[6] * 2) / 2
    if chance < 0.5:
        return [*offering, *person, dice.choice(("在读", "已退班", "未结业")), first, hours, ""]
    row = [*offering, *person, "已结业", first, offering[6], offering[5]]
    return [*row, "1+X", "演示证书", "初级", f"DEMO{n:08d}", offering[5]] if chance > 0.95 else row


class SignUps(threading.Thread):
    """One person after another; ``waits`` for the turn to write, ``whole`` from asking to committed, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.waits: list[float] = []
        self.whole: list[float] = []

    def run(self) -> None:
        from app import create_app
        from app.clock import now
        from app.database import db, writing
        from app.models import Offering, Person

        with create_app().app_context():
            with writing() as session:
                offering_id = _open_offering(session)
            while not self.stop.is_set():
                began = time.perf_counter()
                with writing() as session:
                    self.waits.append(time.perf_counter() - began)
                    person = Person(name="演示居民", made_at=now())
                    session.add(person)
                    session.flush()
                    db.session.get_one(Offering, offering_id).enrol(person, by=None, at=now())
                self.whole.append(time.perf_counter() - began)
                time.sleep(0.02)

    def so_far(self) -> tuple[list[float], list[float]]:
        """What was measured since the last time, sorted."""
        waits, self.waits = self.waits, []
        whole, self.whole = self.whole, []
        return sorted(waits), sorted(whole)


def _open_offering(session) -> int:  # type: ignore[no-untyped-def]
    from decimal import Decimal

    from app.clock import now, today
    from app.models import Course, Offering, Provider
    from app.models.scheduling import schedule

    provider = Provider(name="基准机构（演示）")
    first = today() + timedelta(30)
    offering = Offering(
        provider=provider,
        course=Course(provider=provider, title="基准课程（演示）"),
        number="B-1",
        category="community",
        starts_on=first,
        ends_on=first,
        planned_hours=Decimal(2),
        division_code="220204",
        first_begins_at=now(),
        last_begins_at=now(),
        published_at=now(),
    )
    session.add(offering)
    session.flush()
    schedule(offering, [(first, clock_time(9), clock_time(10, 30))])
    return offering.id


def run_import(ledger: Path) -> tuple[float, float, int]:
    """Seconds, seconds of processor and the largest resident memory (MB) of the command."""
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "import", str(ledger), "--accept-good-rows"]
    began = time.perf_counter()
    command = subprocess.Popen(flask, cwd=ROOT)
    _, status, used = os.wait4(command.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the import failed"
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def bare_insert(database: Path, bare: Path) -> float:
    """The limit: what the import wrote, by executemany into the same tables with the same indexes."""
    source = sqlite3.connect(database)
    source.execute("ATTACH ? AS bare", (str(bare),))
    tables = ("person", "enrolment", "attended_hours", "certificate", "ledger_change")
    data = {}
    for table in tables:
        for (sql,) in source.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC", (table,)
        ).fetchall():
            words = sql.replace("CREATE TABLE ", "CREATE TABLE bare.").replace("CREATE INDEX ", "CREATE INDEX bare.")
            source.execute(words.replace("CREATE UNIQUE INDEX ", "CREATE UNIQUE INDEX bare."))
        data[table] = source.execute(f"SELECT * FROM {table}").fetchall()
    source.commit()
    began = time.perf_counter()
    for table, rows in data.items():
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            source.executemany(f"INSERT INTO bare.{table} VALUES ({marks})", rows)
    source.commit()
    return time.perf_counter() - began


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "registry.db"
        os.environ["DATABASE_URL"] = f"sqlite:///{database}"
        ledger = Path(folder) / "ledger.xlsx"
        make_ledger(ledger, rows)
        print(f"ledger: {rows:,} rows, {ledger.stat().st_size / 1e6:.1f} MB")
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"], cwd=ROOT, check=True, capture_output=True
        )
        crowd = SignUps()
        crowd.start()
        time.sleep(ALONE)
        alone, _ = crowd.so_far()
        busy = os.getloadavg()[0]
        seconds, processor, peak = run_import(ledger)
        waits, whole = crowd.so_far()
        crowd.stop.set()
        crowd.join()
        bare = bare_insert(database, Path(folder) / "bare.db")
    print(f"{len(waits):,} sign-ups meanwhile, in {_ms(whole, 0.5)} (median), {_ms(whole)} at most")
    print(f"their turn came after {_ms(waits, 0.5)} (median), {_ms(waits, 0.99)} (p99); alone {_ms(alone)} at most")
    print(f"bare executemany of what was written: {bare:.1f} s; the import takes {seconds / bare:.0f} times that")
    print(f"{os.cpu_count()} cores with a load of {busy:.1f} from elsewhere, {datetime.now(UTC):%Y-%m-%d}")
    limit = LIMIT_SECONDS * rows / ROWS
    verdicts = [
        verdict(
            f"{rows:,} rows",
            seconds,
            limit,
            f"s ({processor:.0f} s of processor, {processor / rows * 1000:.2f} ms a row)",
        ),
        verdict("largest memory", peak, LIMIT_MB, "MB"),
        verdict("longest wait of a sign-up", waits[-1] * 1000, LIMIT_WAIT_MS, "ms"),
    ]
    return int(not all(verdicts))


def _ms(times: list[float], share: float = 1.0) -> str:
    return f"{times[min(int(len(times) * share), len(times) - 1)] * 1000:.0f} ms"


def verdict(what: str, measured: float, limit: float, unit: str) -> bool:
    within = measured <= limit
    print(f"{what}: {measured:.0f} {unit}, at most {limit:.0f}: {'within' if within else 'OVER'}")
    return within


if __name__ == "__main__":
    sys.exit(main())
