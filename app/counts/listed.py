"""Measures counted from the bureau's lists, as they stood at the end of the year, today or at the deadline."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction

from app.counts.measured import Measured, Part, Source
from app.counts.reader import Reader
from app.models.place import DIVISIONS
from app.models.register import Kind, entries_in, kind_of
from app.models.target import Target
from app.refusal import N_

COUNTIES = tuple(code for code, name in DIVISIONS.items() if name.endswith(("县", "市")))


def in_state(target: Target, year: int, reader: Reader) -> Measured:
    """How many entries stand in the wanted state or beyond; the other states beside it."""
    kind, on = _kind(target), reader.until(year, target)
    if kind is None:
        return _NO_LIST
    standing = reader.standings(on).get(kind.key, {})
    wanted = kind.from_state(target.parameters["state"])
    return Measured.of(
        sum(standing.get(state, 0) for state in wanted),
        source=_source(kind, on),
        parts=_states(kind, standing, on),
        notes=((N_("按 %(day)s 的名单"), {"day": on}),),
    )


def share(target: Target, year: int, reader: Reader) -> Measured:
    """The same, in hundredths of all that are on the list and have not been taken off it."""
    kind, on = _kind(target), reader.until(year, target)
    if kind is None:
        return _NO_LIST
    standing = reader.standings(on).get(kind.key, {})
    every = sum(count for state, count in standing.items() if state not in kind.sort.out)
    reached = sum(standing.get(state, 0) for state in kind.from_state(target.parameters["state"]))
    parts = (Part(N_("名单上共有"), Fraction(every), source=_source(kind, on)), *_states(kind, standing, on))
    if not every:
        return Measured(why=(N_("名单还是空的"), {}), source=_source(kind, on), parts=parts)
    return Measured.of(
        Fraction(100 * reached, every),
        source=_source(kind, on),
        parts=parts,
        notes=(
            (N_("%(every)s 个中 %(reached)s 个，按 %(day)s 的名单"), {"every": every, "reached": reached, "day": on}),
        ),
    )


def per_county(target: Target, year: int, reader: Reader) -> Measured:
    """Of each county and county-level city; the fewest of any stands for all."""
    kind, on = _kind(target), reader.until(year, target)
    if kind is None:
        return _NO_LIST
    listed = entries_in(kind.key, kind.from_state(target.parameters["state"]), on)
    there = Counter(entry.division_code or (entry.provider.division_code if entry.provider else "") for entry in listed)
    parts = tuple(Part(DIVISIONS[code], Fraction(there[code]), source=_source(kind, on)) for code in COUNTIES)
    without = [DIVISIONS[code] for code in COUNTIES if not there[code]]
    notes = ((N_("还没有的：%(names)s"), {"names": "、".join(without)}),) if without else ()
    return Measured.of(min(there[code] for code in COUNTIES), source=_source(kind, on), parts=parts, notes=notes)


_NO_LIST = Measured(why=(N_("没有这张名单"), {}))


def _kind(target: Target) -> Kind | None:
    return kind_of(target.parameters["register"])


def _states(kind: Kind, standing: dict[str, int], on: date) -> tuple[Part, ...]:
    return tuple(
        Part(label, Fraction(standing.get(state, 0)), source=_source(kind, on))
        for state, label in kind.states.items()
        if state not in kind.sort.out
    )


def _source(kind: Kind, on: date) -> Source:
    return Source("register", {"kind": kind.key, "on": on.isoformat()})
