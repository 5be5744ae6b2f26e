"""Whose record is meant: an institution's own people, found by document, else by name, birth date and mobile.

Records of other keepers are never touched; that they are the same human
being is for ``settle_identities`` to say, and is used here only to find a
sign-up that stands already.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from app import sealing
from app.database import db, forget_loaded, new_ids
from app.ledger.rows import Entry
from app.ledger.staging import chunks
from app.models.person import Person, document_index, mobile_index, settle_identities

_AT_ONCE = 400
_P = Person.__table__.c
# The columns of Known, in its order.
KNOWN_COLUMNS = (
    _P.id,
    _P.uid,
    _P.name_key,
    _P.sex,
    _P.birth_on,
    _P.mobile_index,
    _P.document_type,
    _P.document_index,
    func.coalesce(_P.identity_id, _P.id).label("identity"),
)
_KEYS: Any = bindparam("keys", expanding=True)
_KEEPERS: Any = bindparam("keepers", expanding=True)
_INSERT = db.insert(Person.__table__)
_KNOWN = select(*KNOWN_COLUMNS)
# Made once: putting a statement together costs more than running it.
_KEPT = select(_P.keeper_provider_id, *KNOWN_COLUMNS).where(
    _P.keeper_provider_id.in_(_KEEPERS), _P.deleted_at.is_(None), _P.merged_into_id.is_(None)
)
_KEPT_BY_DOCUMENT = _KEPT.where(_P.document_index.in_(_KEYS))
_KEPT_BY_NAME = _KEPT.where(_P.name_key.in_(_KEYS))


@dataclass(slots=True)
class Known:
    """A record as far as it matters here."""

    id: int
    uid: str
    name_key: str
    sex: str | None
    birth_on: date | None
    mobile_index: bytes | None
    document_type: str | None
    document_index: bytes | None
    identity: int

    def as_json(self) -> dict[str, Any]:
        """What an undo compares: nothing newer must stand on the record."""
        return {
            "sex": self.sex,
            "birth_on": self.birth_on.isoformat() if self.birth_on else None,
            "document_type": self.document_type,
            "document_index": _hex(self.document_index),
            "mobile_index": _hex(self.mobile_index),
        }


@dataclass
class Somebody:
    """What all rows of a slice say of one person at one institution."""

    provider_key: str
    name: str = ""
    name_key: str = ""
    sex: str | None = None
    birth_on: date | None = None
    mobile: str | None = None
    mobile_index: bytes | None = None
    document_type: str | None = None
    document: str | None = None
    document_index: bytes | None = None
    row_number: int = 0
    born_by_number: bool = False  # nobody wrote the birth date, the document carries it
    record: Known | None = None
    made: bool = False
    before: dict[str, Any] | None = None

    def hear(self, entry: Entry) -> None:
        """Take from a row what is not known yet."""
        if not self.name:
            self.name, self.name_key, self.row_number = entry.name, entry.name_key, entry.row_number
        self.sex = self.sex or entry.sex
        if entry.birth_on and (self.birth_on is None or (self.born_by_number and not entry.born_by_number)):
            self.birth_on, self.born_by_number = entry.birth_on, entry.born_by_number
        if entry.mobile and not self.mobile:
            self.mobile, self.mobile_index = entry.mobile, mobile_index(entry.mobile)
        if entry.document and not self.document:
            self.document_type, self.document = entry.document_type, entry.document
            self.document_index = document_index(entry.document_type or "", entry.document)

    @property
    def triple(self) -> tuple[str, date, bytes] | None:
        """Name, birth date and mobile, when all are known."""
        return (self.name_key, self.birth_on, self.mobile_index) if self.birth_on and self.mobile_index else None

    def is_surely(self, other: Any) -> bool:
        """The same human being as a record, by R20: the document, or the three with one document at most."""
        if self.document_index and other.document_index:
            return self.document_index == other.document_index
        return self.triple is not None and self.triple == (other.name_key, other.birth_on, other.mobile_index)

    def is_spelt_as(self, other: Any) -> bool:
        """All that is known of both is the same: how a bare name repeats within one offering (R3)."""
        return (self.name_key, self.birth_on, self.mobile_index, self.document_index) == (
            other.name_key,
            other.birth_on,
            other.mobile_index,
            other.document_index,
        )


def find_records(
    people: Sequence[Somebody], provider_ids: dict[str, int | None], ambiguous: Callable[[Any], bool]
) -> None:
    """Give each person the institution's own record, if there is one."""
    of_provider: dict[int, list[Somebody]] = {}
    for somebody in people:
        provider_id = provider_ids.get(somebody.provider_key)
        if provider_id is not None and (somebody.document_index or somebody.triple):
            of_provider.setdefault(provider_id, []).append(somebody)
    kept = _kept([s for some in of_provider.values() for s in some], list(of_provider))
    for provider_id, some in of_provider.items():
        _find_among(some, kept.get(provider_id, {}).values(), ambiguous)


def _find_among(people: Sequence[Somebody], records: Iterable[Known], ambiguous: Callable[[Any], bool]) -> None:
    by_document: dict[bytes, Known] = {}
    by_triple: dict[tuple[Any, ...], list[Known]] = {}
    for known in records:
        if known.document_index:
            by_document.setdefault(known.document_index, known)
        if known.birth_on and known.mobile_index:
            by_triple.setdefault((known.name_key, known.birth_on, known.mobile_index), []).append(known)
    for somebody in people:
        if somebody.document_index and somebody.document_index in by_document:
            somebody.record = by_document[somebody.document_index]
            continue
        alike = by_triple.get(somebody.triple or (), [])
        documents = {known.document_index for known in alike if known.document_index}
        bare = [known for known in alike if not known.document_index]
        if somebody.document_index:
            # A bare record becomes this document's only when no other document could claim it.
            if bare and not documents and not ambiguous((somebody.name_key, somebody.birth_on, somebody.mobile)):
                somebody.record = min(bare, key=lambda known: known.id)
        elif bare:
            somebody.record = min(bare, key=lambda known: known.id)
        elif len(documents) == 1 and not ambiguous((somebody.name_key, somebody.birth_on, somebody.mobile)):
            somebody.record = alike[0]


def _kept(people: Sequence[Somebody], provider_ids: Sequence[int]) -> dict[int, dict[int, Known]]:
    """By institution the living records that could be somebody's of these; those of others may be among them."""
    found: dict[int, dict[int, Known]] = {}
    documents = {s.document_index for s in people if s.document_index}
    names = {s.name_key for s in people if s.triple}
    for statement, values in ((_KEPT_BY_DOCUMENT, documents), (_KEPT_BY_NAME, names)):
        for keys in chunks(list(values), _AT_ONCE):
            for keepers in chunks(provider_ids, _AT_ONCE):
                for keeper, *facts in db.session.connection().execute(statement, {"keys": keys, "keepers": keepers}):
                    found.setdefault(keeper, {})[facts[0]] = Known(*facts)
    return found


def make_records(people: Sequence[Somebody], provider_ids: dict[str, int | None], at: datetime) -> None:
    """New records for these people, and what was missing filled in on old ones; identities settled once."""
    fresh = [s for s in people if s.record is None]
    touched = [s for s in people if s.record is not None and _missing(s)]
    if fresh:
        _insert(fresh, provider_ids, at)
    for somebody in touched:
        _complete(somebody)
    changed = [s.record.id for s in (*fresh, *touched) if s.record]
    if changed:
        identities = settle_identities(changed)
        for somebody in (*fresh, *touched):
            if somebody.record:
                # A record that was merged into another one keeps the identity that it was found with.
                somebody.record.identity = identities.get(somebody.record.id, somebody.record.identity)


def _insert(fresh: Sequence[Somebody], provider_ids: dict[str, int | None], at: datetime) -> None:
    rows: list[dict[str, Any]] = []
    for s in fresh:
        uid = uuid.uuid4().hex
        rows.append(
            {
                "uid": uid,
                "name": s.name,
                "name_key": s.name_key,
                "sex": s.sex,
                "birth_on": s.birth_on,
                "document_type": s.document_type,
                "document_sealed": _seal(s.document, "document", uid),
                "document_index": s.document_index,
                "mobile_sealed": _seal(s.mobile, "mobile", uid),
                "mobile_index": s.mobile_index,
                "keeper_provider_id": provider_ids[s.provider_key],
                "made_at": at,
                "is_demo": False,
            }
        )
    ids = new_ids(Person.__table__, len(rows))
    for row, person_id in zip(rows, ids, strict=True):
        row["id"] = person_id
    db.session.connection().execute(_INSERT, rows)
    for s, row, person_id in zip(fresh, rows, ids, strict=True):
        s.made = True
        s.record = Known(
            person_id,
            str(row["uid"]),
            s.name_key,
            s.sex,
            s.birth_on,
            s.mobile_index,
            s.document_type,
            s.document_index,
            person_id,
        )


def adds_to_record(somebody: Somebody | None) -> bool:
    """Do the rows know more of this person than the institution's record?"""
    return somebody is not None and somebody.record is not None and bool(_missing(somebody))


def _missing(s: Somebody) -> dict[str, Any]:
    record = s.record
    assert record
    gained: dict[str, Any] = {}
    if s.sex and not record.sex:
        gained["sex"] = s.sex
    # What a number on the record could have said all along is no news.
    if s.birth_on and not record.birth_on and not (s.born_by_number and record.document_index):
        gained["birth_on"] = s.birth_on
    if s.mobile and not record.mobile_index:
        gained["mobile_index"] = s.mobile_index
    if s.document and not record.document_index:
        gained["document_index"] = s.document_index
    return gained


def _complete(s: Somebody) -> None:
    """Fill what the record lacks; what it has stays."""
    gained, record = _missing(s), s.record
    assert record
    s.before = record.as_json()
    for column, value in gained.items():
        setattr(record, column, value)
    if "mobile_index" in gained:
        gained["mobile_sealed"] = _seal(s.mobile, "mobile", record.uid)
    if "document_index" in gained:
        gained["document_type"] = record.document_type = s.document_type
        gained["document_sealed"] = _seal(s.document, "document", record.uid)
    db.session.execute(
        db.update(Person.__table__).where(Person.id == record.id).values(**gained),
    )
    forget_loaded(Person, [record.id])


def known_records(condition: Any) -> list[Known]:
    """Records that meet a condition."""
    return [Known(*row) for row in db.session.connection().execute(_KNOWN.where(condition))]


def _seal(text: str | None, column: str, uid: str) -> bytes | None:
    return sealing.sealer().seal(text, "person", column, uid) if text else None


def _hex(value: bytes | None) -> str | None:
    return bytes(value).hex() if value else None
