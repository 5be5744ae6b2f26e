"""What a measure answers: a figure or a range, on what it rests, and where its rows stand."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.counts.judging import Sentence

FIRST_YEAR = 2021  # of “十四五”: the years that stand on a target's page begin here


@dataclass(frozen=True)
class Source:
    """Where the rows behind a figure stand: ``sign_ups``, ``reported`` or ``register``, and which of them."""

    kind: str
    where: dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A figure beside the one that is judged. ``label`` is marked for translation, or a name."""

    label: str
    low: Fraction | None
    high: Fraction | None = None
    source: Source | None = None


@dataclass(frozen=True)
class School:
    """One institution of a measure that is taken school by school."""

    provider_id: int
    name: str
    numerator: Fraction | None
    denominator: Fraction | None
    ratio: Fraction | None
    inclusive: Fraction | None = None  # its own full-time students counted in (R18)
    judged: bool = True
    flags: tuple[Sentence, ...] = ()
    numerator_source: Source | None = None
    denominator_source: Source | None = None
    documents: tuple[str, ...] = ()
    sound: bool = True  # may be judged: nothing is missing and each part has a document


@dataclass(frozen=True)
class Measured:
    """A target's figure in one year, from ``low`` to ``high``; both None where there is none."""

    low: Fraction | None = None
    high: Fraction | None = None
    basis: str = "computed"
    document: str = ""
    source: Source | None = None
    why: Sentence | None = None  # why it is a range, or why there is none
    unsourced: bool = False  # reported without a document: shown, never judged
    notes: tuple[Sentence, ...] = ()
    parts: tuple[Part, ...] = ()
    schools: tuple[School, ...] = ()

    @classmethod
    def of(cls, low: Any, high: Any = None, **more: Any) -> Measured:
        return cls(Fraction(low), Fraction(low if high is None else high), **more)


def sign_ups(year: int, figure: str, row: dict[str, Any]) -> Source:
    """The list behind a figure of a year's row."""
    return Source("sign_ups", {"year": year, "measure": figure, **{name: key for name, key in row.items() if key}})
