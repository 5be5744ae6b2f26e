"""Open data: a linear program that knows everything published finds no cell of 1 to 9 people (R25)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import product

import numpy
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from app.counts.open_data import TOTAL, WIDTH, Cell, Release, release, rounded, small, totals_of, with_totals

TABLES = 500
SHAPES = ((3, 4), (2, 5), (4, 4), (2, 2, 3), (2, 3, 3), (5, 6), (2, 2, 2, 2))


def a_table(dice: random.Random, shape: tuple[int, ...]) -> dict[Cell, int]:
    """Sparse and crowded ones, noughts and small cells among them."""
    empty, few = dice.random() * 0.6, dice.random() * 0.6
    keys = [[f"{n}{place}" for place in range(size)] for n, size in enumerate(shape)]
    return {
        cell: 0 if dice.random() < empty else dice.randint(1, 9) if dice.random() < few else dice.randint(10, 200)
        for cell in product(*keys)
    }


def a_year_later(dice: random.Random, table: Mapping[Cell, int]) -> dict[Cell, int]:
    """Late entries, few and many, and here and there somebody taken out."""
    return {
        cell: max(0, value + dice.choice((0, 0, 0, 1, 2, 5, 9, 10, 12, 40, -1, -3, -20)))
        for cell, value in table.items()
    }


class Attacker:
    """Knows every published cell, the rounding and the threshold, and of two releases what changed between them."""

    def __init__(self, *releases: Release) -> None:
        self.cells = sorted(releases[0].counts)
        place = {cell: n for n, cell in enumerate(self.cells)}
        self.of: dict[Cell, list[int]] = {}
        for cell in self.cells:
            for total in totals_of(cell):
                self.of.setdefault(total, []).append(place[cell])
        last, rows, bounds = releases[-1], [], []
        floor = numpy.zeros(len(self.cells))
        for each in releases:
            # x is the last release; an earlier one is x less what came in between.
            change = numpy.array([last.counts[c] - each.counts[c] for c in self.cells])
            floor = numpy.maximum(floor, change)
            for cell, value in each.published().items():
                if value is not None:
                    shift = change[self.of[cell]].sum()
                    rows.append(self.of[cell])
                    low, high = (0, 0) if value == 0 else (max(10, value - 2), value + 2)
                    bounds.append((low + shift, high + shift))
        matrix = csr_matrix(
            (numpy.ones(sum(map(len, rows))), numpy.concatenate(rows) if rows else [],
             numpy.cumsum([0, *map(len, rows)])), shape=(len(rows), len(self.cells)))  # fmt: skip
        self.a = numpy.vstack([matrix.toarray(), -matrix.toarray()]) if rows else None
        self.b = [high for _, high in bounds] + [-low for low, _ in bounds] if rows else None
        self.bounds = [(low, None) for low in floor]

    def interval(self, cell: Cell) -> tuple[float, float]:
        """The least and the most that the last release's cell can be."""
        aim = numpy.zeros(len(self.cells))
        aim[self.of[cell]] = 1
        low = linprog(aim, self.a, self.b, bounds=self.bounds, method="highs")
        high = linprog(-aim, self.a, self.b, bounds=self.bounds, method="highs")
        assert low.status == 0 and high.status in (0, 3), "the real table is among those that are possible"
        return low.fun, float("inf") if high.status == 3 else -high.fun

    def learnt(self, hidden: frozenset[Cell]) -> Iterator[tuple[Cell, float, float]]:
        """Hidden cells that were narrowed to fewer values than promised."""
        for cell in sorted(hidden):
            low, high = self.interval(cell)
            if high - low < WIDTH - 1e-6:
                yield cell, low, high


def tables() -> Iterator[tuple[random.Random, dict[Cell, int]]]:
    for seed in range(TABLES):
        dice = random.Random(seed)
        yield dice, a_table(dice, SHAPES[seed % len(SHAPES)])


def test_an_attacker_with_a_linear_program_learns_no_small_cell_of_500_tables():
    hidden = shown = 0
    for _, table in tables():
        out = release(table)
        assert all(cell in out.hidden for cell, value in with_totals(table).items() if small(value))
        assert list(Attacker(out).learnt(out.hidden)) == []
        hidden += len(out.hidden)
        shown += len(out.published()) - len(out.hidden)
    assert hidden > 5_000 and shown > hidden / 2, (hidden, shown)


def test_holding_a_release_against_the_one_before_teaches_nothing():
    moved = 0
    for dice, table in list(tables())[:150]:
        first = release(table)
        second = release(a_year_later(dice, table), first)
        third = release(a_year_later(dice, second.counts), second)
        assert first.hidden == second.hidden == third.hidden
        assert not [c for c, v in with_totals(third.counts).items() if small(v) and c not in third.hidden]
        assert list(Attacker(first, second, third).learnt(third.hidden)) == []
        moved += second.published() != first.published()
    assert moved > 75, "releases do change"


def test_without_hiding_more_than_the_small_cells_they_are_found():
    """The control: what the attacker is for."""
    found = exact = 0
    for _, table in list(tables())[:60]:
        alone = frozenset(cell for cell, value in with_totals(table).items() if small(value))
        for _, _low, high in Attacker(Release(table, alone, table)).learnt(alone):
            found += 1
            exact += high < 10
    assert found > 100 and exact > 50


def test_late_entries_published_as_they_come_are_found():
    """The control of the second release: a nought that turns into three is seen against the first."""
    table = {(a, b): 50 for a in "ab" for b in "xy"} | {("a", "x"): 0}
    later = table | {("a", "x"): 3}
    careless = release(later)
    assert careless.hidden and careless.counts[("a", "x")] == 3
    low, high = Attacker(release(table), Release(later, careless.hidden, later)).interval(("a", "x"))
    assert high - low < WIDTH, "the attacker knows what changed"
    careful = release(later, release(table))
    assert careful.counts[("a", "x")] == 0, "three wait until they are ten"
    assert release(table | {("a", "x"): 10}, careful).counts[("a", "x")] == 10


@pytest.mark.parametrize(("value", "shown"), [(0, 0), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (1234, 1235)])
def test_what_is_shown_is_the_nearest_multiple_of_five(value, shown):
    assert rounded(value) == shown
    table = {(a, b): 100 for a in "ab" for b in "xy"} | {("a", "x"): value}
    assert release(table).published()[("a", "x")] == shown


def test_a_table_of_nobody_and_a_table_of_a_handful():
    nobody = release({(a, b): 0 for a in "ab" for b in "xy"})
    assert set(nobody.published().values()) == {0}
    handful = release({(a, b): int(a == "a" and b == "x") * 4 for a in "ab" for b in "xy"})
    assert handful.published()[(TOTAL, TOTAL)] is None
    assert handful.published()[("b", "y")] == 0
