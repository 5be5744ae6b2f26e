"""Undecided duplicates (R20): the least number of people that a crowd can be."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.counts.fold import Crowd
from app.database import db
from app.models import CandidatePair, Person


class OpenPairs:
    """The candidate pairs nobody has decided, between human beings, and the documents known of those."""

    def __init__(self) -> None:
        self.beside: dict[int, set[int]] = defaultdict(set)
        a, b = aliased(Person), aliased(Person)
        pairs = db.session.execute(
            select(func.coalesce(a.identity_id, a.id), func.coalesce(b.identity_id, b.id))
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
        for one, other in pairs:
            if one != other:
                self.beside[one].add(other)
                self.beside[other].add(one)
        self._everybody = sorted(self.beside)
        self.documents = _documents(set(self.beside))

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


def _documents(identities: set[int]) -> dict[int, list[tuple[str, bytes]]]:
    documents: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
    ordered = sorted(identities)
    for start in range(0, len(ordered), 400):
        chunk = ordered[start : start + 400]
        found = db.session.execute(
            select(func.coalesce(Person.identity_id, Person.id), Person.document_type, Person.document_index).where(
                (Person.identity_id.in_(chunk)) | (Person.id.in_(chunk)),
                Person.document_type.is_not(None),
                Person.deleted_at.is_(None),
                Person.merged_into_id.is_(None),
            )
        )
        for identity, kind, number in found:
            documents[identity].append((kind or "", number or b""))
    return documents
