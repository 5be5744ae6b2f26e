"""Of which days a table tells: a calendar year, a school year, or the period of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.models.rules import PLANS, SCHOOL_YEAR_BEGINS


@dataclass(frozen=True)
class Span:
    """Civil days from ``start`` to ``end``, both included; whole months.

    ``year``: the calendar year; the one in which the school year begins; any of the plan's.
    """

    year: int
    kind: str = "calendar"

    @property
    def start(self) -> date:
        if self.kind == "plan":
            return date(_plan_of(self.year)[0], 1, 1)
        return date(self.year, SCHOOL_YEAR_BEGINS if self.kind == "school" else 1, 1)

    @property
    def end(self) -> date:
        if self.kind == "plan":
            return date(_plan_of(self.year)[1], 12, 31)
        last = self.year + 1
        return date(last, SCHOOL_YEAR_BEGINS if self.kind == "school" else 1, 1) - timedelta(1)

    @property
    def label(self) -> str:
        """As files name it."""
        if self.kind == "plan":
            first, last, name = _plan_of(self.year)
            return f"“{name}”（{first}–{last} 年）"
        return f"{self.year}–{self.year + 1} 学年" if self.kind == "school" else f"{self.year} 年"

    @property
    def name(self) -> str:
        """The same for the name of a file."""
        if self.kind == "plan":
            return f"{self.start.year}-{self.end.year}"
        return f"{self.year}-{self.year + 1}" if self.kind == "school" else f"{self.year}"

    @property
    def before(self) -> Span:
        """The one of its kind that ended the day before."""
        return replace(self, year=(self.start - timedelta(1)).year - (self.kind == "school"))

    @property
    def after(self) -> Span:
        """The one of its kind that begins the day after."""
        return replace(self, year=(self.end + timedelta(1)).year)

    def months(self) -> list[date]:
        """The first day of each of its months."""
        first = self.start.year * 12 + self.start.month - 1
        last = self.end.year * 12 + self.end.month
        return [date(n // 12, n % 12 + 1, 1) for n in range(first, last)]


def _plan_of(year: int) -> tuple[int, int, str]:
    return next((plan for plan in PLANS if plan[0] <= year <= plan[1]), (year, year, f"{year}"))
