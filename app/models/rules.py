"""The rule set in force: the categories of the plan and the settings that the counting rules name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.models.identity_number import normalise_name
from app.refusal import N_, Refusal

CATEGORIES: dict[str, str] = {
    "community": N_("社区教育"),
    "elderly": N_("老年教育"),
    "rural": N_("乡村振兴"),
    "certificate": N_("1+X证书"),
    "youth": N_("中小学生体验"),
    "workforce": N_("职工培训"),
    "teacher": N_("教师培训"),
}
_CATEGORY_KEYS = {normalise_name(name): key for key, name in CATEGORIES.items()}


@dataclass(frozen=True)
class RuleSet:
    """One version of the counting rules (R26); ``first_year`` is the first calendar year it governs."""

    version: str
    first_year: int
    min_planned_hours: Decimal  # R15: below it an offering is an activity, outside training
    group_categories: frozenset[str]  # R13: where nameless groups count
    class_hour_lengths: tuple[tuple[date, int], ...]  # minutes of a class hour, each from that day on, in order
    effective_percent: int = 50  # of an offering's planned class hours: attendance that reaches it is effective
    age_bands: tuple[int, ...] = (18, 35, 50, 60, 70, 80)  # full years at which a band begins (R16)
    class_hour_bands: tuple[int, ...] = (24, 80)  # of planned hours: below the first, up to the last, above it

    def class_hour_minutes(self, on: date) -> int:
        """How long a class hour is on a civil day: a lesson keeps the length of its own day when the rule changes."""
        return [minutes for since, minutes in self.class_hour_lengths if since <= on][-1]


RULE_SET = RuleSet(
    "2026.1",
    2021,
    min_planned_hours=Decimal(2),
    group_categories=frozenset({"youth"}),
    class_hour_lengths=((date.min, 45),),
)


# The ladder: each rung is taken by fewer. Persons and person-times count at COUNTED (R1).
RUNGS: dict[str, str] = {
    "applied": N_("报名"),
    "registered": N_("登记"),
    "attended": N_("到课"),
    "effective": N_("有效"),
    "completed": N_("结业"),
    "certified": N_("取证"),
}
COUNTED = "attended"

# Over which days a table counts.
SPANS: dict[str, str] = {"calendar": N_("自然年"), "school": N_("学年"), "plan": N_("规划期")}
SCHOOL_YEAR_BEGINS = 9  # 1 September … 31 August
PLANS: tuple[tuple[int, int, str], ...] = (  # first and last year of each five-year plan; a later one is a line more
    (1991, 1995, "八五"),
    (1996, 2000, "九五"),
    (2001, 2005, "十五"),
    (2006, 2010, "十一五"),
    (2011, 2015, "十二五"),
    (2016, 2020, "十三五"),
    (2021, 2025, "十四五"),
    (2026, 2030, "十五五"),
)

# Rows of tables about learners and offerings; the limits are the rule set's.
AGE_BANDS: dict[str, str] = {
    "0-17": N_("不满 18 岁"),
    "18-34": N_("18–34 岁"),
    "35-49": N_("35–49 岁"),
    "50-59": N_("50–59 岁"),
    "60-69": N_("60–69 岁"),
    "70-79": N_("70–79 岁"),
    "80-": N_("80 岁及以上"),
}
HOUR_BANDS: dict[str, str] = {
    "-24": N_("不足 24 学时"),
    "24-80": N_("24–80 学时"),
    "80-": N_("超过 80 学时"),
}
UNKNOWN, NAMELESS = "unknown", "nameless"  # a learner who does not say (R16); a group without names (R13)


def category_key(name: str) -> str:
    """The key behind a category's Chinese name; raises ``category-unknown``."""
    key = _CATEGORY_KEYS.get(normalise_name(name))
    if key is None:
        raise Refusal(
            "category-unknown",
            N_(
                "类别“%(name)s”不在名单里，请写：社区教育、老年教育、乡村振兴、1+X证书、中小学生体验、职工培训或教师培训。"
            ),
            name=name,
        )
    return key
