"""Distinct human beings, cell by cell, without a set of people for each cell.

The cells that a human being is in are the bits of one number. A sign-up to
cells they are in already is a repeat there, so the persons of a cell are its
sign-ups less its repeats; and two people share the cells of which both
numbers have the bit. A set for every cell took four times as long.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Cell = tuple[str, Any]  # a table and its row


class Crowds:
    """Who is in which cell. First `add` everybody, then `join` what is one human being, then ask."""

    def __init__(self, highest: int) -> None:
        """``highest``: no record has a higher id."""
        self.times: Counter[Cell] = Counter()  # sign-ups
        self._cells: list[Cell] = []  # by the place of their bit
        self._bits: dict[Cell, int] = {}
        self._within = [0] * (highest + 1)
        self._repeats: list[int] = []

    def add(self, cells: Iterable[Cell], people: list[int]) -> None:
        """Sign-ups of these records, each to all of these cells."""
        bits = 0
        for cell in cells:
            self.times[cell] += len(people)
            bits |= self._bits.get(cell) or self._new_bit(cell)
        within, repeats = self._within, self._repeats
        for person in people:
            before = within[person]
            if before:
                repeats.append(before & bits)
                within[person] = before | bits
            else:
                within[person] = bits

    def join(self, identities: Iterable[tuple[int, int]]) -> None:
        """Counts a record's sign-ups under the id of its human being; once."""
        within = self._within
        moved = [(human, within[record], record) for record, human in identities if record != human and within[record]]
        for _, _, record in moved:
            within[record] = 0
        for human, bits, _ in moved:
            self._repeats.append(within[human] & bits)
            within[human] |= bits

    def sizes(self) -> Counter[Cell]:
        """Distinct human beings of each cell."""
        sizes = self.times.copy()
        for bits, often in Counter(self._repeats).items():
            for cell in self._of(bits):
                sizes[cell] -= often
        return sizes

    def holding(self, pairs: Iterable[tuple[int, int]]) -> dict[Cell, list[tuple[int, int]]]:
        """The pairs of human beings of which both are in a cell; none above the highest id."""
        found: dict[Cell, list[tuple[int, int]]] = defaultdict(list)
        for one, other in pairs:
            for cell in self._of(self._within[one] & self._within[other]):
                found[cell].append((one, other))
        return found

    def _new_bit(self, cell: Cell) -> int:
        bit = self._bits[cell] = 1 << len(self._cells)
        self._cells.append(cell)
        return bit

    def _of(self, bits: int) -> Iterator[Cell]:
        while bits:
            lowest = bits & -bits
            yield self._cells[lowest.bit_length() - 1]
            bits ^= lowest
