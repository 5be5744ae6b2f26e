"""What may be published of a table of people: nothing from 1 to 9, nor what would reveal it; the rest to base 5 (R25).

A table is published with all its totals, so a hidden cell could be had from
its line. Hence a small cell never goes alone. For each one a *move* is
hidden: cells whose values could be shifted by some number, up here and down
there, so that every published cell stays as it is. Whoever attacks the table
cannot tell the real values from the shifted ones, and every cell of a move
could be any of `WIDTH` values or more in a row. That holds whatever else is
published, so nothing has to be tried out afterwards.

A second release of the same year must not be held against the first: what
was hidden stays hidden, and a change of fewer than ten people waits until
there are ten. Then the same moves shift both releases alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import combinations, product

THRESHOLD = 10  # fewer people than this are not shown
BASE = 5  # what is shown is the nearest multiple
WIDTH = 10  # so many values in a row each hidden cell could have
TOTAL = "total"  # in the place of a key: summed over that dimension

Cell = tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """One publication of a table: exact ``counts`` of its inner cells, as they may leave, and which cells don't.

    ``least``: the least that each inner cell was in any release so far.
    """

    counts: dict[Cell, int]
    hidden: frozenset[Cell]
    least: dict[Cell, int]

    def published(self) -> dict[Cell, int | None]:
        """Every cell and total, rounded to base 5; None where nothing is told."""
        return {
            cell: None if cell in self.hidden else rounded(value) for cell, value in with_totals(self.counts).items()
        }


def rounded(value: int) -> int:
    """The nearest multiple of 5."""
    return (value + BASE // 2) // BASE * BASE


def with_totals(counts: Mapping[Cell, int]) -> dict[Cell, int]:
    """The inner cells and all totals over any of the dimensions."""
    found: dict[Cell, int] = {}
    for cell, value in counts.items():
        for total in totals_of(cell):
            found[total] = found.get(total, 0) + value
    return found


def totals_of(cell: Cell, kept: frozenset[int] = frozenset()) -> Iterator[Cell]:
    """The cell and its totals; places in ``kept`` are not summed over."""
    yield from product(*((key,) if n in kept else (key, TOTAL) for n, key in enumerate(cell)))


def release(counts: Mapping[Cell, int], before: Release | None = None) -> Release:
    """What may be published of these counts (every inner cell, noughts too), after ``before`` if there was one."""
    if before is not None:
        return _again(counts, before)
    counts = dict(counts)
    return Release(counts, _Moves(counts).hidden(), counts)


def small(value: int) -> bool:
    return 0 < value < THRESHOLD


def _again(counts: Mapping[Cell, int], before: Release) -> Release:
    """Only changes of ten or more; what makes a published cell small waits, and so do losses of hidden cells."""
    grown = {c: max(counts[c], old) if counts[c] - old >= THRESHOLD else old for c, old in before.counts.items()}
    shrunk = {
        c: counts[c] if value - counts[c] >= THRESHOLD and c not in before.hidden else value
        for c, value in grown.items()
    }
    revealing = any(small(value) and cell not in before.hidden for cell, value in with_totals(shrunk).items())
    kept = grown if revealing else shrunk
    return Release(kept, before.hidden, {c: min(value, kept[c]) for c, value in before.least.items()})


class _Moves:
    """Finds for each small cell the cheapest move and hides it."""

    def __init__(self, counts: Mapping[Cell, int]) -> None:
        self.counts = counts
        self.all = with_totals(counts)
        self.keys = [sorted({cell[n] for cell in counts}) for n in range(len(next(iter(counts))))]
        self.taken: set[Cell] = set()

    def hidden(self) -> frozenset[Cell]:
        # Inner cells first: their moves hide no totals, and often what the totals need is hidden by then.
        for cell in sorted(self.all, key=lambda c: (c.count(TOTAL), -self.all[c], c)):
            if small(self.all[cell]) and cell not in self.taken:
                self.taken |= min(self._moves(cell), key=lambda move: (self._cost(move), sorted(move)))
        return frozenset(self.taken)

    def _cost(self, move: Set[Cell]) -> int:
        """What readers lose: people in cells that are not hidden yet, and totals above all."""
        return sum((self.all[cell] + 1) * 8 ** cell.count(TOTAL) for cell in move - self.taken)

    def _moves(self, small_cell: Cell) -> Iterator[set[Cell]]:
        """Every move of this cell: along some of its dimensions, from one of the inner cells that it sums."""
        told = [n for n, key in enumerate(small_cell) if key != TOTAL]
        inner = list(product(*(self.keys[n] if key == TOTAL else [key] for n, key in enumerate(small_cell))))
        for size in range(len(told), 0, -1):
            for along in combinations(told, size):
                for start in inner:
                    yield from self._along(start, along)
        # The last resort always holds: with all its totals hidden a cell may be as large as one likes.
        yield set(totals_of(max(inner, key=lambda cell: (self.counts[cell], cell))))

    def _along(self, start: Cell, along: tuple[int, ...]) -> Iterator[set[Cell]]:
        others = [[key for key in self.keys[n] if key != start[n]] for n in along]
        for keys in product(*others):
            swap = dict(zip(along, keys, strict=True))
            up: list[Cell] = []
            down: list[Cell] = []  # while those grow, these shrink
            for flips in product((False, True), repeat=len(along)):
                flipped = {n for n, flip in zip(along, flips, strict=True) if flip}
                corner = tuple(swap[n] if n in flipped else key for n, key in enumerate(start))
                (down if len(flipped) % 2 else up).append(corner)
            if min(self.counts[c] for c in up) + min(self.counts[c] for c in down) >= WIDTH:
                yield {total for corner in (*up, *down) for total in totals_of(corner, frozenset(along))}
