"""Is a target met? Compared unrounded; a range that lies on both sides of the line decides nothing (R14, R18, R22)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor
from operator import ge, gt, le, lt
from typing import Any

from app.models.target import JUDGED, Target
from app.refusal import N_

MET, NOT_MET, OPEN, NONE = "met", "not met", "open", "none"
VERDICTS: dict[str, str] = {MET: N_("已达到"), NOT_MET: N_("未达到"), OPEN: N_("不能下结论"), NONE: N_("不判定")}
Sentence = tuple[str, dict[str, Any]]  # marked for translation, and what fills it
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {"at_least": ge, "more_than": gt, "at_most": le, "less_than": lt}
_UPWARDS = frozenset({"at_least", "more_than"})
_NOTHING: Sentence = (N_("还没有数"), {})
_FRACTIONS = frozenset({"%", "倍"})  # units that are no whole numbers


def holds(comparator: str, value: Fraction, threshold: Fraction) -> bool:
    """以上, 达到, 不低于 hold at the line itself, 超过 does not (R22)."""
    return _HOLDS[comparator](value, threshold)


def judge(
    target: Target, low: Fraction | None, high: Fraction | None, why: Sentence | None = None
) -> tuple[str, tuple[Sentence, ...]]:
    """The verdict on a figure from ``low`` to ``high`` and its reasons; ``why``: why it is a range, or missing."""
    if target.comparator not in JUDGED or target.value is None:
        return NONE, (why or _NOTHING if low is None else _difference(target, low),)
    if low is None or high is None:
        return OPEN, (why or _NOTHING,)
    line = Fraction(target.value)
    worst, best = (low, high) if target.comparator in _UPWARDS else (high, low)
    values = {"value": shown(worst, target), "line": shown(line, target)}
    if holds(target.comparator, worst, line):
        return MET, ((_HELD[target.comparator], values),)
    if holds(target.comparator, best, line):
        both = {"low": shown(low, target), "high": shown(high, target), "line": values["line"]}
        across = N_("数在 %(low)s 到 %(high)s 之间，%(line)s 就在其中"), both
        return OPEN, (across, why) if why else (across,)
    values["value"] = shown(best, target)
    return NOT_MET, ((_FAILED[target.comparator], values),)


_HELD = {
    "at_least": N_("%(value)s 不低于 %(line)s"),
    "more_than": N_("%(value)s 超过 %(line)s"),
    "at_most": N_("%(value)s 不超过 %(line)s"),
    "less_than": N_("%(value)s 低于 %(line)s"),
}
_FAILED = {
    "at_least": N_("%(value)s 低于 %(line)s"),
    "more_than": N_("%(value)s 没有超过 %(line)s"),
    "at_most": N_("%(value)s 超过 %(line)s"),
    "less_than": N_("%(value)s 没有低于 %(line)s"),
}


def needed(target: Target, value: Fraction | None) -> Fraction | None:
    """How much is missing to the line; None where nothing is, or nothing more would help.

    For whole units the next whole number that holds: 2000 lacks 1 of 超过 2000.
    """
    if value is None or target.comparator not in _UPWARDS or target.value is None:
        return None
    line = Fraction(target.value)
    if holds(target.comparator, value, line):
        return None
    if target.unit in _FRACTIONS:
        return line - value
    return (floor(line) + 1 if target.comparator == "more_than" else ceil(line)) - value


def shown(value: Fraction, target: Target) -> str:
    """With thousands marks; to two decimals, and to as many as it takes not to look like the line that it isn't."""
    if value.denominator == 1:
        return f"{value.numerator:,}"
    line = None if target.value is None else Fraction(target.value)
    for places in (2, 4, 6, 9, 12):
        rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(
            Decimal(1).scaleb(-places), ROUND_HALF_UP
        )
        if line is None or Fraction(rounded) != line:
            break
    return f"{rounded:,}"


def _difference(target: Target, low: Fraction) -> Sentence:
    """For a figure without a verdict: how far from the number that the document names, if it names one."""
    if target.value is None:
        return N_("原文没有可判定的数，只列数字"), {}
    gap = low - Fraction(target.value)
    values = {"line": shown(Fraction(target.value), target), "gap": shown(abs(gap), target)}
    if gap == 0:
        return N_("正好是 %(line)s；“左右”不判定"), values
    return (
        N_("比 %(line)s 多 %(gap)s；“左右”不判定") if gap > 0 else N_("比 %(line)s 少 %(gap)s；“左右”不判定")
    ), values
