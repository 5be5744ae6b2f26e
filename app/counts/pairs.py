"""Undecided duplicates (R20): the least number of people that a crowd can be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from app.counts.crowds import Cell, Crowds
from app.database import db
from app.models import CandidatePair, Person


def everybody() -> Crowds:
    """Cells with nobody in them yet, for records of whatever id."""
    return Crowds(highest_record())


def highest_record() -> int:
    """No record of a person has a higher id."""
    return db.session.scalar(select(func.max(Person.id))) or 0


def _undecided() -> Any:
    """Pairs of living records that nobody has decided: per record id, identity and document."""
    a, b = aliased(Person), aliased(Person)
    told = [(x.id, x.identity_id, x.document_type, x.document_index) for x in (a, b)]
    return (
        select(*told[0], *told[1])
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


def _documents_of(identities: set[int]) -> Iterator[Any]:
    """Identity, type and number of every document on the records that share one of these identities."""
    facts = select(func.coalesce(Person.identity_id, Person.id), Person.document_type, Person.document_index)
    known = and_(Person.document_type.is_not(None), Person.deleted_at.is_(None), Person.merged_into_id.is_(None))
    connection, rest = db.session.connection(), sorted(identities)
    for n in range(0, len(rest), _CHUNK):
        chunk = rest[n : n + _CHUNK]
        yield from connection.execute(facts.where(known, Person.identity_id.in_(chunk))).all()
        yield from connection.execute(facts.where(known, Person.id.in_(chunk), Person.identity_id.is_(None))).all()


_CHUNK = 500


class OpenPairs:
    """The candidate pairs nobody has decided, between human beings, and the documents known of those."""

    def __init__(self) -> None:
        pairs: set[tuple[int, int]] = set()
        self.documents: dict[int, set[tuple[str, bytes]]] = defaultdict(set)
        joined: set[int] = set()
        for row in db.session.connection().execute(_undecided()).all():
            both = []
            for record, identity, kind, number in (row[:4], row[4:]):
                both.append(identity or record)
                if identity is not None:
                    joined.add(identity)
                elif kind is not None:
                    self.documents[record].add((kind, number))
            one, other = sorted(both)
            if one != other:
                pairs.add((one, other))
        for identity, kind, number in _documents_of(joined):
            self.documents[identity].add((kind, number))
        self._pairs = sorted(pairs)

    @classmethod
    def told(cls, pairs: Iterable[tuple[int, int]], documents: dict[int, set[tuple[str, bytes]]]) -> OpenPairs:
        """These pairs between human beings and no others, and the documents of those."""
        some = cls.__new__(cls)
        some._pairs, some.documents = sorted(pairs), defaultdict(set, documents)
        return some

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Two human beings each, the smaller id first, in order."""
        return self._pairs

    def persons(self, *several: Crowds) -> Persons:
        """Of every cell the least and the greatest number of people that it can be."""
        persons: Persons = {}
        for crowds in several:
            found = crowds.holding(self._pairs)
            for cell, size in crowds.sizes().items():
                persons[cell] = size - self._too_many(found.get(cell, ())), size
        return persons

    def _too_many(self, pairs: Iterable[tuple[int, int]]) -> int:
        """By how much a crowd shrinks when these open pairs in it are taken as one."""
        beside: dict[int, list[int]] = defaultdict(list)
        for one, other in pairs:
            beside[one].append(other)
            beside[other].append(one)
        too_many, seen = 0, set[int]()
        for start in beside:
            if start in seen:
                continue
            connected, fresh = {start}, [start]
            while fresh:
                found = {other for other in beside[fresh.pop()] if other not in connected}
                connected |= found
                fresh.extend(found)
            seen |= connected
            too_many += len(connected) - self._certain(connected)
        return too_many

    def _certain(self, crowd: set[int]) -> int:
        """The people of a connected crowd who are different for certain: two documents of one type are two people."""
        known = {document for identity in crowd for document in self.documents.get(identity, ())}
        if len(known) < 2:
            return 1
        return min(len(crowd), max(Counter(kind for kind, _ in known).values()))


@dataclass(frozen=True)
class OnTheBooks:
    """在册人数: people registered in elderly education at some time in a year (R8), and who of them came (R1).

    Each from open pairs taken as one to open pairs taken as two (R20).
    """

    persons: int = 0
    persons_max: int = 0
    attended: int = 0
    attended_max: int = 0

    @classmethod
    def of(cls, persons: Persons) -> OnTheBooks:
        return cls(*persons.get(REGISTERED, (0, 0)), *persons.get(CAME, (0, 0)))


REGISTERED, CAME = ("books", "registered"), ("books", "came")
Persons = dict[Cell, tuple[int, int]]  # open pairs taken as one … as two
