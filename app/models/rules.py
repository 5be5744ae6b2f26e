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
