"""Person-times of several years at once, for where a whole count of each year would be too much.

The same sign-ups as everywhere (`rows`), without anybody's crowd: what a
target's years since the plan began are held against is person-times.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from app.counts import rows
from app.database import db
from app.models import Enrolment, Offering


@dataclass(frozen=True)
class Times:
    """Person-times with a name, people without one, and on what those rest (R13)."""

    person_times: int = 0
    group_headcount: int = 0
    groups_reported: int = 0
    groups_computed: int = 0

    @property
    def total(self) -> int:
        return self.person_times + self.group_headcount

    @property
    def basis(self) -> str:
        """``computed``, ``reported`` or ``mixed``, of the total."""
        if not self.groups_reported:
            return "computed"
        return "mixed" if self.person_times or self.groups_computed else "reported"


Key = tuple[int, str, str, int]  # year, category, division, provider


def person_times(first_year: int, last_year: int) -> dict[Key, Times]:
    """Of every year, category, division and provider that has any; activities are outside (R15)."""
    start, end = rows.bounds(first_year)[0], rows.bounds(last_year)[1]
    day, offering = Enrolment.first_attended_on, Enrolment.offering_id
    connection = db.session.connection()
    where: dict[int, tuple[str, str, int]] = {}
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    # In the order of the index, so that nothing is sorted.
    came = select(day, offering, func.count()).where(day.between(start, end)).group_by(day, offering)
    for on, offering_id, times in connection.execute(came):
        sums[_year(on), offering_id][0] += times
    gone = rows.left_out("first_attended_on", start, end, rows.twins())
    for on, offering_id in connection.execute(
        select(day, offering).where(day.between(start, end), Enrolment.id.in_(gone))
    ):
        sums[_year(on), offering_id][0] -= 1
    groups = rows.groups(start, end)
    for visit in connection.execute(select(groups)):
        for place, amount in enumerate((visit.headcount, visit.reported, visit.computed), start=1):
            sums[visit.day.year, visit.offering_id][place] += amount
    found: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    training = select(Offering.id, Offering.category, Offering.division_code, Offering.provider_id).where(
        rows.is_training()
    )
    for offering_id, category, division, provider in connection.execute(training):
        where[offering_id] = category, division, provider
    for (year, offering_id), amounts in sums.items():
        if offering_id in where:
            category, division, provider = where[offering_id]
            together = found[year, category, division, provider]
            for place, amount in enumerate(amounts):
                together[place] += amount
    return {key: Times(*amounts) for key, amounts in found.items() if any(amounts)}


def _year(on: date | None) -> int:
    assert on is not None  # asked for by its bounds
    return on.year
