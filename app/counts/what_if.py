"""A span of days counted by another rule, beside the one in force, and the sign-ups that moved (R26).

Nothing is changed by it: the rule set in force stays what every other page
counts by, and both of its figures are printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.counts.dimensions import EVERY
from app.counts.files import CITY, HEADINGS
from app.counts.grids import Grid
from app.counts.rungs import Ruling, standing
from app.counts.spans import Span
from app.counts.tallies import Tally, flat, tally
from app.counts.year import MEASURES, Figures
from app.models.rules import RULE_SET, RUNGS


@dataclass(frozen=True)
class Trial:
    """The table by the rule in force and by the one tried; the ids of the sign-ups that came in and that went out."""

    by_rule: Tally
    tried: Tally
    came_in: tuple[int, ...]
    went_out: tuple[int, ...]

    def lines(self) -> list[tuple[Any, str, Figures, Figures]]:
        """Per row of either table both figures; the city last, under the empty key."""
        here = {row.key: row.figures for row in self.by_rule.rows}
        there = {row.key: row.figures for row in self.tried.rows}
        labels = EVERY[self.by_rule.by].rows(self.by_rule.span) | EVERY[self.by_rule.by].rows(self.tried.span)
        found: list[tuple[Any, str, Figures, Figures]] = [
            (key, label, here.get(key, Figures()), there.get(key, Figures()))
            for key, label in labels.items()
            if key in here or key in there
        ]
        return [*found, ("", CITY, self.by_rule.total, self.tried.total)]

    def grid(self) -> Grid:
        """As a file has it: by the rule, tried, and the difference of each measure."""
        columns = [("label", EVERY[self.by_rule.by].heading)]
        for name in MEASURES:
            heading = HEADINGS[name]
            told = (("", "规定"), ("_tried", "试算"), ("_change", "差"))
            columns += [(f"{name}{ending}", f"{heading}（{which}）") for ending, which in told]
        lines = []
        for _, label, here, there in self.lines():
            line: list[Any] = [label]
            for name in MEASURES:
                one, other = here.as_dict()[name], there.as_dict()[name]
                line += [one, other, round(other - one, 1)]
            lines.append(tuple(line))
        about = (
            ("by_rule", in_words(self.by_rule.span, self.by_rule.ruling)),
            ("tried", in_words(self.tried.span, self.tried.ruling)),
            ("came_in", len(self.came_in)), ("went_out", len(self.went_out)),
        )  # fmt: skip
        return Grid(f"{self.by_rule.span.name}-what-if", tuple(columns), tuple(lines), about)


def in_words(span: Span, ruling: Ruling) -> str:
    """A rule as a file names it."""
    return (
        f"{span.label}，数到“{RUNGS[ruling.rung]}”，计划满 {ruling.min_hours.normalize():f} 学时，"
        f"有效为 {ruling.percent}%（规则 {RULE_SET.version} 版" + ("）" if ruling == Ruling() else "的试算）")
    )


def try_out(by_rule: Span, tried_span: Span, tried: Ruling, by: str = "category") -> Trial:
    """Count by the rule in force and by another. A sign-up moved that counts under one of the two alone.

    What is one under both is one human being in one offering, by whichever
    of their sign-ups it is counted.
    """
    here, there = _pairs(by_rule, Ruling()), _pairs(tried_span, tried)
    came_in = tuple(sorted(there[pair] for pair in there.keys() - here.keys()))
    went_out = tuple(sorted(here[pair] for pair in here.keys() - there.keys()))
    return Trial(tally(by_rule, by), tally(tried_span, by, tried), came_in, went_out)


def _pairs(span: Span, ruling: Ruling) -> dict[tuple[int, int], int]:
    """Human being and offering → the sign-up by which they are counted."""
    source = standing(span, ruling)
    told = flat(source.c.identity, source.c.offering_id, source.c.enrolment_id)
    return dict(zip(zip(told[::3], told[1::3], strict=True), told[2::3], strict=True))
