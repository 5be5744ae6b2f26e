"""Undecided duplicates (R20): the least number of people that a crowd can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, and_, func, select, union, union_all
from sqlalchemy.orm import aliased

from app.counts.fold import Crowd
from app.database import db
from app.models import CandidatePair, Person


def _undecided() -> Select[Any, Any]:
    """Pairs of living records that nobody has decided."""
    a, b = aliased(Person), aliased(Person)
    return (
        select(func.coalesce(a.identity_id, a.id).label("one"), func.coalesce(b.identity_id, b.id).label("other"))
        .select_from(CandidatePair)
        .join(a, a.id == CandidatePair.a_id)
        .join(b, b.id == CandidatePair.b_id)
        .where(
            CandidatePair.decision.is_(None),
            a.deleted_at.is_(None),
            a.merged_into_id.is_(None),
            b.deleted_at.is_(None),
            b.merged_into_id.is_(None),
        )
    )


def _documents() -> Iterable[Any]:
    """Identity, type and number of every document known of a human being in an undecided pair."""
    pairs = _undecided().cte("pairs")
    people = union(select(pairs.c.one.label("identity")), select(pairs.c.other)).cte("people")
    facts = (Person.document_type, Person.document_index)
    known = and_(Person.document_type.is_not(None), Person.deleted_at.is_(None), Person.merged_into_id.is_(None))
    alone = (
        select(people.c.identity, *facts)
        .join(Person, Person.id == people.c.identity)
        .where(known, Person.identity_id.is_(None))
    )
    joined = select(people.c.identity, *facts).join(Person, Person.identity_id == people.c.identity).where(known)
    return db.session.execute(union_all(alone, joined))


class OpenPairs:
    """The candidate pairs nobody has decided, between human beings, and the documents known of those."""

    def __init__(self) -> None:
        self.beside: dict[int, set[int]] = defaultdict(set)
        for one, other in db.session.execute(_undecided()):
            if one != other:
                self.beside[one].add(other)
                self.beside[other].add(one)
        self._everybody = tuple(self.beside)
        self.highest = max(self._everybody, default=0)
        self.documents: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        for identity, kind, number in _documents():
            self.documents[identity].append((kind, number))

    def too_many(self, people: Crowd) -> int:
        """By how much this crowd shrinks when every open pair among them is taken as one."""
        paired = people.among(self._everybody)
        too_many, seen = 0, set[int]()
        for start in paired:
            if start in seen:
                continue
            connected, fresh = {start}, [start]
            while fresh:
                found = (self.beside[fresh.pop()] & paired) - connected
                connected |= found
                fresh.extend(found)
            seen |= connected
            if len(connected) > 1:
                too_many += len(connected) - self._certain(connected)
        return too_many

    def _certain(self, crowd: set[int]) -> int:
        """The people of a connected crowd who are different for certain: two documents of one type are two people."""
        numbers: dict[str, set[bytes]] = defaultdict(set)
        for identity in crowd:
            for kind, number in self.documents.get(identity, ()):
                numbers[kind].add(number)
        return min(len(crowd), max([1, *(len(found) for found in numbers.values())]))
