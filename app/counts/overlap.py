"""Who stands in two rows at once: people, and their sign-ups, in two categories or with two providers.

A sign-up has one category and one provider (R5), so person-times never
overlap; persons do, and by this table one sees where.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from app.counts.dimensions import EVERY
from app.counts.grids import Grid
from app.counts.rungs import Ruling
from app.counts.spans import Span
from app.counts.tallies import Fold
from app.models.rules import RUNGS

OVERLAPPING = ("category", "provider")


@dataclass(frozen=True)
class Both:
    """Of two rows: distinct people who stand in both, and their person-times in the first of the two."""

    persons: int = 0
    person_times: int = 0


@dataclass(frozen=True)
class Overlap:
    """``cells`` by two keys, in both orders; ``in_rows``: how many people stand in exactly so many rows."""

    span: Span
    ruling: Ruling
    by: str
    labels: dict[str | int, str]
    cells: dict[tuple[str | int, str | int], Both]
    in_rows: dict[int, int]

    @property
    def persons(self) -> int:
        """Everybody, once."""
        return sum(self.in_rows.values())

    @property
    def several(self) -> int:
        """People who stand in more than one row."""
        return sum(people for rows, people in self.in_rows.items() if rows > 1)

    def pairs(self) -> list[tuple[str | int, str | int, Both, Both]]:
        """Each two rows that share somebody, those who share most first."""
        order = {key: place for place, key in enumerate(self.labels)}
        found = [
            (one, other, both, self.cells[other, one])
            for (one, other), both in self.cells.items()
            if order[one] < order[other]
        ]
        return sorted(found, key=lambda pair: (-pair[2].persons, order[pair[0]], order[pair[1]]))

    def grid(self) -> Grid:
        """As a file has it: a line for each two rows that share somebody."""
        heading = EVERY[self.by].heading
        lines = tuple(
            (self.labels[one], self.labels[other], here.persons, here.person_times, there.person_times)
            for one, other, here, there in self.pairs()
        )
        columns = (
            ("one", f"{heading}一"), ("other", f"{heading}二"), ("persons", "同在两处的人数"),
            ("person_times_one", "他们在前者的人次"), ("person_times_other", "他们在后者的人次"),
        )  # fmt: skip
        told = (
            ("span", self.span.label), ("rung", RUNGS[self.ruling.rung]), ("persons_in_all", self.persons),
            ("persons_in_several", self.several),
        )  # fmt: skip
        return Grid(f"{self.span.name}-overlap-{self.by}", columns, lines, told)


def overlap(span: Span, by: str, ruling: Ruling | None = None) -> Overlap:
    """People in two rows of one of OVERLAPPING; open candidate pairs are two people (R20)."""
    ruling = ruling or Ruling()
    fold = Fold(span, by, ruling)
    human = dict(fold.twins)
    lists = [(key, [human.get(person, person) for person in people]) for key, people in fold.lists(ruling)]
    bits: dict[str | int, int] = {}
    masks: dict[int, int] = {}
    for key, people in lists:
        bit = bits.setdefault(key, 1 << len(bits))
        for person in people:
            masks[person] = masks.get(person, 0) | bit
    times: Counter[tuple[str | int, int]] = Counter()
    for key, people in lists:
        times.update((key, mask) for mask in map(masks.__getitem__, people) if mask & (mask - 1))
    crowds = Counter(masks.values())
    keys = {bit: key for key, bit in bits.items()}
    persons: Counter[tuple[str | int, str | int]] = Counter()
    for mask, people_ in crowds.items():
        inside = _bits_of(mask)
        for one in inside:
            for other in inside:
                persons[keys[one], keys[other]] += people_
    signed: Counter[tuple[str | int, str | int]] = Counter()
    for (key, mask), n in times.items():
        for other in _bits_of(mask):
            signed[key, keys[other]] += n
    cells = {pair: Both(n, signed[pair]) for pair, n in persons.items() if pair[0] != pair[1]}
    in_rows: Counter[int] = Counter()
    for mask, people_ in crowds.items():
        in_rows[mask.bit_count()] += people_
    labels = {key: label for key, label in EVERY[by].rows(span).items() if key in bits}
    return Overlap(span, ruling, by, labels, cells, dict(sorted(in_rows.items())))


def _bits_of(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest)
        mask ^= lowest
    return found
