"""A learner as one keeper wrote them down, and who is the same human being as whom (R20).

Records stay apart: an account sees the people it made, an institution its
own. What joins records of one human being is ``identity_id``; it serves
counts and the rule "once in one offering", and opens nothing to anybody.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, bindparam, func, text, tuple_
from sqlalchemy.orm import Mapped, mapped_column, validates

from app import sealing
from app.database import Base, Stamp, at_most, db, forget_loaded, one_at_a_time
from app.models import identity_number
from app.refusal import N_

SEXES: dict[str, str] = {"female": N_("女"), "male": N_("男")}
IDENTITIES = b"identities"  # the lock under which it is settled who is whom
_CHUNK = 400
Pair: TypeAlias = tuple[int, int]  # of records, the lower id first
Decisions: TypeAlias = dict[Pair, str | None]  # same, different, or nobody has decided yet


class Person(Base):
    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("(document_type IS NULL) = (document_index IS NULL)", name="document_whole"),
        Index(None, "name_key", "birth_on"),
        Index(None, "name_key", "mobile_index"),
        Index(None, "document_index"),
        Index(None, "keeper_provider_id", "name_key"),
        Index(
            "ix_person_gone",
            "deleted_at",
            "merged_into_id",
            sqlite_where=text("deleted_at IS NOT NULL OR merged_into_id IS NOT NULL"),
            postgresql_where=text("deleted_at IS NOT NULL OR merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(30))
    name_key: Mapped[str] = mapped_column(String(30))
    sex: Mapped[str | None] = mapped_column(String(6))
    birth_on: Mapped[date | None]
    document_type: Mapped[str | None] = mapped_column(String(20))
    document_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    document_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    mobile_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    mobile_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    # Whose record it is: an institution's, or (when empty) an account's own people.
    keeper_provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"))
    # The record that stands for this human being; empty: this one, and no other.
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    deleted_at: Mapped[datetime | None] = mapped_column(Stamp)
    made_at: Mapped[datetime] = mapped_column(Stamp)
    is_demo: Mapped[bool] = mapped_column(default=False)
    division_code: Mapped[str | None] = mapped_column(String(6))  # where they live, as they say; for tables only (R17)

    def __init__(self, **facts: Any) -> None:
        facts.setdefault("uid", uuid.uuid4().hex)
        mobile, document = facts.pop("mobile", None), facts.pop("document", None)
        super().__init__(**facts)
        self.mobile = mobile
        if document:
            self.set_document(*document)

    @validates("name")
    def _keep_key(self, _: str, name: str) -> str:
        self.name_key = identity_number.normalise_name(name)
        return name.strip()

    @property
    def mobile(self) -> str | None:
        """The number in clear. Show it masked."""
        if self.mobile_sealed is None:
            return None
        return sealing.sealer().open(self.mobile_sealed, "person", "mobile", self.uid)

    @mobile.setter
    def mobile(self, number: str | None) -> None:
        if number:
            self.mobile_sealed = sealing.sealer().seal(number, "person", "mobile", self.uid)
            self.mobile_index = mobile_index(number)
        else:
            self.mobile_sealed = self.mobile_index = None

    @property
    def document_number(self) -> str | None:
        """The number in clear. Show it masked."""
        if self.document_sealed is None:
            return None
        return sealing.sealer().open(self.document_sealed, "person", "document", self.uid)

    def set_document(self, document_type: str, number: str) -> None:
        """Keep a number that ``identity_number.check_document`` has passed."""
        self.document_type = document_type
        self.document_sealed = sealing.sealer().seal(number, "person", "document", self.uid)
        self.document_index = document_index(document_type, number)

    @classmethod
    def keep(
        cls,
        provider_id: int,
        at: datetime,
        *,
        name: str,
        birth_on: date | None = None,
        mobile: str | None = None,
        sex: str | None = None,
        division_code: str | None = None,
        document: tuple[str, str] | None = None,
        is_demo: bool = False,
    ) -> Person:
        """The institution's own record of somebody: the one it has already, or a new one; settled (R20).

        It has one already when the document is the same, or name, birth date
        and mobile are; what that record lacked is added to it.
        """
        person = cls._kept(provider_id, name, birth_on, mobile, document)
        if person is None:
            person = cls(name=name, birth_on=birth_on, keeper_provider_id=provider_id, made_at=at, is_demo=is_demo)
            db.session.add(person)
        person.sex = person.sex or sex
        person.division_code = person.division_code or division_code
        person.birth_on = person.birth_on or birth_on
        person.mobile = person.mobile or mobile
        if document and person.document_type is None:
            person.set_document(*document)
        db.session.flush()
        settle_identities([person.id])
        return person

    @classmethod
    def _kept(
        cls,
        provider_id: int,
        name: str,
        birth_on: date | None,
        mobile: str | None,
        document: tuple[str, str] | None,
    ) -> Person | None:
        own = db.select(cls).where(
            cls.keeper_provider_id == provider_id, cls.deleted_at.is_(None), cls.merged_into_id.is_(None)
        )
        if document:
            index = document_index(*document)
            found = db.session.scalar(own.where(cls.document_index == index).order_by(cls.id).limit(at_most(1)))
            if found is not None:
                return found
        if birth_on is None or mobile is None:
            return None
        alike = own.where(
            cls.name_key == identity_number.normalise_name(name),
            cls.birth_on == birth_on,
            cls.mobile_index == mobile_index(mobile),
        )
        if document:
            alike = alike.where(cls.document_type.is_(None))
        return db.session.scalar(alike.order_by(cls.id).limit(at_most(1)))

    @property
    def identity(self) -> int:
        """The id under which this human being is counted."""
        return self.identity_id or self.id

    @classmethod
    def identity_of(cls) -> Any:
        """``identity`` as an expression for queries."""
        return func.coalesce(cls.identity_id, cls.id)

    @classmethod
    def ids_of(cls, identity: Any) -> Any:
        """The records of one human being, for ``in_``; found by two keys instead of by looking at everybody."""
        others = db.select(cls.id).where(cls.identity_id == identity)
        return others.union_all(db.select(cls.id).where(cls.id == identity, cls.identity_id.is_(None)))

    def age_on(self, day: date) -> int | None:
        """Full years; who was born on 29 February has their day on 1 March in common years (R16)."""
        return None if self.birth_on is None else full_years(self.birth_on, day)


class Learner(NamedTuple):
    """What the rules of a sign-up ask of a person, read without the record.

    It need not be read again under the offering's lock: a name, a birth date
    or who is the same as whom may be corrected a moment later just as well.
    """

    id: int
    identity: int
    name: str
    birth_on: date | None

    def age_on(self, day: date) -> int | None:
        """As ``Person.age_on``."""
        return None if self.birth_on is None else full_years(self.birth_on, day)


Somebody: TypeAlias = Person | Learner


class CandidatePair(Base):
    """Two records that may be one human being: two people until someone decides (R20)."""

    __tablename__ = "candidate_pair"
    __table_args__ = (CheckConstraint("a_id < b_id", name="ordered"),)

    a_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    b_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    decision: Mapped[str | None] = mapped_column(String(10))  # same, different
    decided_at: Mapped[datetime | None] = mapped_column(Stamp)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


def full_years(birth_on: date, day: date) -> int:
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))


def mobile_index(number: str) -> bytes:
    return sealing.sealer().index(number, "mobile")


def document_index(document_type: str, number: str) -> bytes:
    return sealing.sealer().index(f"{document_type}:{number}", "document")


def settle_identities(ids: Iterable[int]) -> dict[int, int]:
    """Find anew who is the same as whom around these records (R20): record → identity, of all that were looked at.

    Call it inside the transaction that made or changed them; when a record's
    name, birth date, mobile or document changed, with the records that
    shared the old ones too. Whatever the order in which records arrive, the
    same people and the same open pairs come out.
    """
    one_at_a_time(IDENTITIES)  # two that arrive at once would not see each other
    db.session.flush()
    crowd, decided = _closure(set(ids), {})
    groups = _same_people(crowd, decided)
    identities: dict[int, int] = {}
    changes: list[dict[str, int | None]] = []
    for group in groups:
        head = min(row.id for row in group) if len(group) > 1 else None
        changes += [{"row": row.id, "head": head} for row in group if row.identity_id != head]
        identities.update((row.id, head or row.id) for row in group)
    if changes:
        db.session.connection().execute(_MOVE, changes)
        forget_loaded(Person, [change["row"] for change in changes])
    _settle_pairs(decided, _wanted(crowd, groups, decided))
    return identities


@dataclass(frozen=True)
class Supposed:
    """Who would be the same as whom: record → identity, the open pairs, and of each human being the documents."""

    identities: dict[int, int]
    pairs: frozenset[Pair]
    documents: dict[int, set[tuple[str, bytes]]]


def suppose(ids: Iterable[int], decisions: Mapping[Pair, str | None]) -> Supposed:
    """What ``settle_identities`` would find around these records under these decisions; only reads."""
    crowd, decided = _closure(set(ids), decisions)
    groups = _same_people(crowd, decided)
    documents = {
        min(row.id for row in group): {(r.document_type, r.document_index) for r in group if r.document_type}
        for group in groups
    }
    identities = {row.id: min(r.id for r in group) for group in groups for row in group}
    return Supposed(identities, frozenset(_wanted(crowd, groups, decided)), documents)


# Core statements, made once: of the ORM's way two thirds of the time went into making them.
_P = Person.__table__.c
_PAIR = CandidatePair.__table__.c
_KEYS: Any = bindparam("keys", expanding=True)
_LIVING = db.select(
    _P.id, _P.name_key, _P.birth_on, _P.mobile_index, _P.document_type, _P.document_index, _P.identity_id
).where(_P.deleted_at.is_(None), _P.merged_into_id.is_(None))
_BY_ID = _LIVING.where(_P.id.in_(_KEYS))
_BY_IDENTITY = _LIVING.where(_P.identity_id.in_(_KEYS))
_BY_DOCUMENT = _LIVING.where(_P.document_index.in_(_KEYS))
_BY_TRIPLE = _LIVING.where(tuple_(_P.name_key, _P.birth_on, _P.mobile_index).in_(_KEYS))
_BY_BIRTH = _LIVING.where(tuple_(_P.name_key, _P.birth_on).in_(_KEYS))
_BY_MOBILE = _LIVING.where(tuple_(_P.name_key, _P.mobile_index).in_(_KEYS))
_MOVE = db.update(Person.__table__).where(_P.id == bindparam("row")).values(identity_id=bindparam("head"))
_PAIRS_A = db.select(_PAIR.a_id, _PAIR.b_id, _PAIR.decision).where(_PAIR.a_id.in_(_KEYS))
_PAIRS_B = db.select(_PAIR.a_id, _PAIR.b_id, _PAIR.decision).where(_PAIR.b_id.in_(_KEYS))
_DROP_PAIR = db.delete(CandidatePair.__table__).where(_PAIR.a_id == bindparam("a"), _PAIR.b_id == bindparam("b"))


def _closure(ids: set[int], supposed: Mapping[Pair, str | None]) -> tuple[dict[int, Any], Decisions]:
    """The records that share a document, or name, birth date and mobile, or were decided to be one, however far
    the chain reaches; and what was decided of the pairs they are in, where ``supposed`` says nothing else.
    """
    crowd: dict[int, Any] = {}
    decided: Decisions = dict(supposed)
    fresh = _found((_BY_ID, ids))
    while fresh:
        crowd.update(fresh)
        rows = list(fresh.values())
        heads = {row.identity_id or row.id for row in rows}
        pairs = {(a, b): verdict for query in (_PAIRS_A, _PAIRS_B) for a, b, verdict in _each(query, fresh)}
        decided.update((pair, verdict) for pair, verdict in pairs.items() if pair not in supposed)
        heads.update(i for pair in pairs if decided[pair] == "same" for i in pair)
        heads.update(i for pair, verdict in supposed.items() if verdict == "same" for i in pair)
        found = _found(
            (_BY_DOCUMENT, {row.document_index for row in rows if row.document_index}),
            (_BY_TRIPLE, {triple for row in rows if (triple := _triple(row))}),
            (_BY_IDENTITY, heads),
            (_BY_ID, heads - crowd.keys()),
        )
        fresh = {row_id: row for row_id, row in found.items() if row_id not in crowd}
    return crowd, decided


def _triple(row: Any) -> tuple[str, date, bytes] | None:
    return (row.name_key, row.birth_on, row.mobile_index) if row.birth_on and row.mobile_index else None


def _same_people(crowd: dict[int, Any], decided: Decisions) -> list[list[Any]]:
    """Groups of records that are one human being, for certain or because the bureau decided so.

    A decision joins nobody who by now has two documents of one type, or
    whom another decision tells apart: it waits until that is mended.
    """
    leader = {i: i for i in crowd}

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    def join(rows: Sequence[Any]) -> None:
        for row in rows[1:]:
            leader[find(row.id)] = find(rows[0].id)

    by_document, by_triple = defaultdict(list), defaultdict(list)
    for row in crowd.values():
        if row.document_index:
            by_document[row.document_index].append(row)
        if triple := _triple(row):
            by_triple[triple].append(row)
    for rows in by_document.values():
        join(rows)
    for rows in by_triple.values():
        bare = [row for row in rows if not row.document_index]
        join(bare)
        documented = [row for row in rows if row.document_index]
        # With two documents in the triple nobody knows whose the bare record is: pairs, not people.
        if bare and len({row.document_index for row in documented}) == 1:
            join([bare[0], *documented])
    groups = defaultdict(list)
    for i, row in crowd.items():
        groups[find(i)].append(row)
    for a, b in sorted(pair for pair, verdict in decided.items() if verdict == "same"):
        if a not in crowd or b not in crowd or (one := find(a)) == (other := find(b)):
            continue
        if not _told_apart(groups[one], groups[other], decided):
            leader[other] = one
            groups[one] += groups.pop(other)
    return list(groups.values())


def _told_apart(one: list[Any], other: list[Any], decided: Decisions) -> bool:
    held = [_held(group) for group in (one, other)]
    across = ((min(x.id, y.id), max(x.id, y.id)) for x in one for y in other)
    return _clash(*held) or any(decided.get(pair) == "different" for pair in across)


def _wanted(crowd: dict[int, Any], groups: list[list[Any]], decided: Decisions) -> set[Pair]:
    """The pairs of these records that are open, or would be if they were not decided."""
    near = _found(
        (_BY_BIRTH, {(row.name_key, row.birth_on) for row in crowd.values() if row.birth_on}),
        (_BY_MOBILE, {(row.name_key, row.mobile_index) for row in crowd.values() if row.mobile_index}),
    )
    group_of = {row.id: n for n, group in enumerate(groups) for row in group}
    by_name = defaultdict(list)
    for row in near.values():
        by_name[row.name_key].append(row)
    possible: list[tuple[Any, Any]] = []
    for row in crowd.values():
        for other in by_name[row.name_key]:
            if group_of.get(other.id) != group_of[row.id] and _could_be_one(row, other):
                possible.append((row, other))
    if not possible:
        return set()
    documents = _documents(groups, [other for _, other in possible if other.id not in group_of])
    apart = _decided_apart(near, groups, decided)

    def human(row: Any) -> int:
        return groups[group_of[row.id]][0].id if row.id in group_of else row.identity_id or row.id

    return {
        (min(row.id, other.id), max(row.id, other.id))
        for row, other in possible
        if frozenset((human(row), human(other))) not in apart and not _clash(documents[row.id], documents[other.id])
    }


def _decided_apart(near: dict[int, Any], groups: list[list[Any]], decided: Decisions) -> set[frozenset[int]]:
    """Human beings told apart: what was decided of two records holds for all others of the same two people."""
    different = [pair for pair, verdict in decided.items() if verdict == "different"]
    if not different:
        return set()
    human = {row.id: group[0].id for group in groups for row in group}
    strangers = {i for pair in different for i in pair} - human.keys()
    for row in (*near.values(), *_found((_BY_ID, strangers - near.keys())).values()):
        human.setdefault(row.id, row.identity_id or row.id)
    return {frozenset((human[a], human[b])) for a, b in different if a in human and b in human}


def _settle_pairs(decided: Decisions, wanted: set[Pair]) -> None:
    """Bring the open candidate pairs of these records up to date; decided ones stay."""
    connection = db.session.connection()
    if gone := [{"a": a, "b": b} for a, b in decided.keys() - wanted if decided[a, b] is None]:
        connection.execute(_DROP_PAIR, gone)
    if fresh := sorted(wanted - decided.keys()):
        connection.execute(db.insert(CandidatePair.__table__), [{"a_id": a, "b_id": b} for a, b in fresh])


def _could_be_one(x: Any, y: Any) -> bool:
    if x.document_type and x.document_type == y.document_type:
        return False  # two different documents of one type are two people
    if x.birth_on and y.birth_on:
        return x.birth_on == y.birth_on
    return x.mobile_index is not None and x.mobile_index == y.mobile_index


def _documents(groups: list[list[Any]], strangers: list[Any]) -> dict[int, dict[str, set[bytes]]]:
    """Per record, the documents known of its human being."""
    documents: dict[int, dict[str, set[bytes]]] = {}
    for group in groups:
        held = _held(group)
        documents.update((row.id, held) for row in group)
    heads = {row.identity_id or row.id for row in strangers}
    held_by: dict[int, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for row in _found((_BY_ID, heads), (_BY_IDENTITY, heads)).values():
        if row.document_type:
            held_by[row.identity_id or row.id][row.document_type].add(row.document_index)
    documents.update((row.id, held_by[row.identity_id or row.id]) for row in strangers)
    return documents


def _held(group: Iterable[Any]) -> dict[str, set[bytes]]:
    held: dict[str, set[bytes]] = defaultdict(set)
    for row in group:
        if row.document_type:
            held[row.document_type].add(row.document_index)
    return held


def _clash(x: dict[str, set[bytes]], y: dict[str, set[bytes]]) -> bool:
    return any(kind in y and not (numbers & y[kind]) for kind, numbers in x.items())


def _found(*questions: tuple[Any, Iterable[Any]]) -> dict[int, Any]:
    """Living records that answer one of the questions, by id."""
    return {row.id: row for query, keys in questions for row in _each(query, keys)}


def _each(query: Any, keys: Iterable[Any]) -> Iterator[Any]:
    connection, rest = db.session.connection(), list(keys)
    for start in range(0, len(rest), _CHUNK):
        yield from connection.execute(query, {"keys": rest[start : start + _CHUNK]}).all()
