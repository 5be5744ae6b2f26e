"""The plan's targets, and what the demo's institutions reported: years on the line, a school without a source."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

from app.clock import instant
from app.database import db
from app.models import Provider, RegisterEntry, ReportedFigure, Target
from app.models.register import NAMED
from app.models.target import load_plan, the_plan

# Of the city, by how many years ago: rural person-times once exactly on the line that has to be exceeded.
BEFORE_THE_REGISTRY = {
    "T12": {-5: 1880, -4: 2150, -3: 2000},
    "T3": {-5: 640, -4: 890, -3: 1010, -2: 1150},
    "T16-2": {-2: 420, -1: 466},
}
# Of a vocational school: full-time students, then expenditure, teaching and practice money of the year before.
SCHOOLS = {
    "吉林通用航空职业技术学院": (610, "86000000.00", "27520000.00", "12900000.00"),
    "舒兰市职业高中": (700, "21500000.00", "6449999.99", "3310000.00"),
    "磐石市职教中心": (480, "30800000.00", "9702000.00", "4620000.00"),
    "桦甸市职教中心": (590, "18300000.00", "5673000.00", "2562000.00"),
}
WITHOUT_SOURCE = "磐石市职教中心"
LISTED = (*SCHOOLS, "永吉县实验职业高中")  # the last has not reported its students
REPORT, FINANCE = "教育事业统计报表（演示）", "财务决算报表（演示）"


def plan_and_reports(today: date) -> None:
    """Inside the demo's write transaction, when its institutions are there."""
    at = instant(today, time(8))
    load_plan(the_plan(), at)
    for code, years in BEFORE_THE_REGISTRY.items():
        for back, value in years.items():
            _report(
                "target", today.year + back, value, f"{today.year + back}年工作总结（演示）", target=Target.coded(code)
            )
    for kind, value in (("candidates", 180), ("passes", 151)):
        _report(kind, today.year - 1, value, "1+X 考核汇总表（演示）")
    for name, (students, *money) in SCHOOLS.items():
        school = Provider.named(name)
        for year in (today.year - 1, today.year):
            if date(year, 9, 1) <= today:
                _report("enrolment", year, students, "" if name == WITHOUT_SOURCE else REPORT, provider=school)
        for kind, amount in zip(("expenditure", "teaching_money", "practice_money"), money, strict=True):
            _report(kind, today.year - 1, amount, FINANCE, provider=school)
    _report("own_students", today.year - 1, 3, REPORT, provider=Provider.named("舒兰市职业高中"))
    for name in LISTED:
        _list(name, today)


def _report(
    kind: str,
    year: int,
    value: int | str,
    document: str,
    provider: Provider | None = None,
    target: Target | None = None,
) -> None:
    at = instant(date(year, 12, 31), time(17))
    ReportedFigure.report(
        kind, year, Decimal(value), provider=provider, target=target, document=document, by=None, at=at, is_demo=True
    )


def _list(name: str, today: date) -> None:
    """A school on the list of those that are judged."""
    kind, at = NAMED["quality_school"], instant(today, time(8))
    if db.session.scalar(db.select(RegisterEntry.id).where(RegisterEntry.kind == kind.key, RegisterEntry.name == name)):
        return
    school = Provider.named(name)
    entry = RegisterEntry.add(
        kind, by=None, at=at, name=name, level="provincial", year=today.year - 3, provider_id=school and school.id
    )
    entry.is_demo = True
    since = date(today.year - 3, 3, 1)
    entry.set_state("listed", since, document="演示〔2023〕3号", by=None, at=at, day=today)
