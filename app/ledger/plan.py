"""All rows of a batch held together: who is the same as whom, what repeats, what contradicts an earlier row.

The whole file is read once before anything is written, so that the order of
its rows decides nothing: a row without a document belongs to the one
document that goes with its name, birth date and mobile (R20), wherever in
the file that stands. Of each row a handful of numbers is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from app.ledger.rows import Entry, OfferingFacts, RowRefused, read_row
from app.ledger.staging import Progress, silent, staged
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES
from app.refusal import N_, Refusal

_NOBODY = -1


@dataclass(slots=True)
class Group:
    """The rows of one person (or one nameless group on one day) in one offering."""

    offering: int
    human: int
    rows: list[int]


@dataclass
class Plan:
    """A batch as a whole. ``refused``: row number → column, code, sentence."""

    own_provider_key: str | None = None
    offerings: list[OfferingFacts] = field(default_factory=list)
    refused: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    ambiguous: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._place: dict[tuple[str, str], int] = {}
        self._keys: dict[object, int] = {}
        self._rows, self._offering = array("q"), array("q")
        self._document, self._triple = array("q"), array("q")
        self._documents_of: dict[int, set[int]] = {}
        self._certificates: list[tuple[int, int, int]] = []  # place of the row, number, all of it
        self._doubts: dict[int, tuple[int, str, Refusal]] = {}  # row → offering, column, refusal

    def add(self, entry: Entry) -> None:
        """One more good row; raises RowRefused when it contradicts an earlier one, or is another institution's."""
        place = self._offering_of(entry)
        document = self._key(("d", entry.document_type, entry.document)) if entry.document else _NOBODY
        self._rows.append(entry.row_number)
        self._offering.append(place)
        self._document.append(document)
        self._triple.append(self._key(_next_best(entry, place)))
        if document != _NOBODY and entry.birth_on and entry.mobile:
            self._documents_of.setdefault(self._triple[-1], set()).add(document)
        if entry.doubt:
            self._doubts[entry.row_number] = (place, *entry.doubt)
        if entry.certificate:
            number = self._key(("c", entry.certificate.system, entry.certificate.number_key))
            told = self._key(entry.certificate._replace(number=""))  # a number may be spelt in two ways
            self._certificates.append((len(self._rows) - 1, number, told))

    def settle(self) -> None:
        """After the last row: the same certificate number of two people is refused at the later row."""
        holders: dict[int, tuple[int, int]] = {}
        for place, number, whole in self._certificates:
            human = self._human(place)
            holder, first = holders.setdefault(number, (human, whole))
            if holder != human:
                self._refuse(self._rows[place], "证书编号", _certificate_of_another())
            elif first != whole:
                self._refuse(self._rows[place], "证书编号", _certificate_differs())

    def refuse_doubtful(self, marked: set[int]) -> None:
        """Send back what only the registry's own marks could have justified; ``marked`` offerings have them."""
        for row, (offering, column, no) in self._doubts.items():
            if offering not in marked:
                self._refuse(row, column, no)

    def groups(self, of: set[int] | None = None) -> Iterator[Group]:
        """Good rows by offering and person, in the order of their first row within an offering."""
        gathered: dict[tuple[int, int], list[int]] = {}
        for place, row in enumerate(self._rows):
            offering = self._offering[place]
            if row not in self.refused and (of is None or offering in of):
                gathered.setdefault((offering, self._human(place)), []).append(row)
        for offering, human in sorted(gathered, key=lambda key: (key[0], gathered[key][0])):
            yield Group(offering, human, gathered[offering, human])

    @property
    def provider_keys(self) -> set[str]:
        return {facts.provider_key for facts in self.offerings}

    @property
    def certified_rows(self) -> set[int]:
        """Rows that carry a certificate: its number may belong to somebody in the registry."""
        return {self._rows[place] for place, _, _ in self._certificates}

    def _human(self, place: int) -> int:
        document, triple = self._document[place], self._triple[place]
        if document != _NOBODY:
            return document
        documents = self._documents_of.get(triple, ())
        return next(iter(documents)) if len(documents) == 1 else triple

    def is_ambiguous(self, triple: tuple[str, date, str]) -> bool:
        """Do two documents of this file go with that name, birth date and mobile?"""
        key = self._keys.get(("t", *triple))
        return key is not None and len(self._documents_of.get(key, ())) > 1

    def _offering_of(self, entry: Entry) -> int:
        facts = entry.offering
        if self.own_provider_key is not None and facts.provider_key != self.own_provider_key:
            raise RowRefused(
                "机构",
                Refusal(
                    "other-provider",
                    N_("这一行是“%(name)s”的。这里只收本机构的台账，请删去这一行，或请那个机构上传。"),
                    name=facts.provider,
                ),
            )
        place = self._place.get(facts.key)
        if place is None:
            place = self._place[facts.key] = len(self.offerings)
            self.offerings.append(facts)
        elif facts != self.offerings[place]:
            refuse_difference(facts, self.offerings[place], N_("前面的行"))
        return place

    def _key(self, thing: object) -> int:
        return self._keys.setdefault(thing, len(self._keys))

    def _refuse(self, row: int, column: str, no: Refusal) -> None:
        self.refused[row] = (column, no.code, str(no))


def read_plan(
    batch_id: int, today: date, own_provider_key: str | None, progress: Progress = silent, total: int = 0
) -> Plan:
    """Read every staged row that is not refused yet."""
    plan = Plan(own_provider_key)
    for n, (number, cells, _) in enumerate(staged(batch_id), start=1):
        try:
            plan.add(read_row(number, cells, today))
        except RowRefused as back:
            plan._refuse(number, back.column, back.no)
        if n % 2000 == 0:
            progress("检查", n, total)
    plan.settle()
    return plan


def refuse_difference(told: OfferingFacts, known: OfferingFacts, where: str) -> None:
    """Raises RowRefused at the first of an offering's facts that differs, with both values."""
    pairs = (
        ("课程", told.course, known.course, told.course_key == known.course_key),
        ("类别", CATEGORIES[told.category], CATEGORIES[known.category], told.category == known.category),
        ("开班日期", told.starts_on, known.starts_on, told.starts_on == known.starts_on),
        ("结班日期", told.ends_on, known.ends_on, told.ends_on == known.ends_on),
        ("课时", f"{told.planned_hours:f}", f"{known.planned_hours:f}", told.planned_hours == known.planned_hours),
        (
            "区县",
            DIVISIONS[told.division_code],
            DIVISIONS[known.division_code],
            told.division_code == known.division_code,
        ),
    )
    for column, theirs, ours, same in pairs:
        if not same:
            raise RowRefused(
                column,
                Refusal(
                    "offering-contradicts",
                    N_(
                        "同一个班次（%(number)s）的%(column)s，这一行写“%(theirs)s”，%(where)s是“%(ours)s”。请改成一致，或改用另一个班次编号。"
                    ),
                    number=told.number,
                    column=column,
                    theirs=theirs,
                    ours=ours,
                    where=where,
                ),
            )


def _next_best(entry: Entry, place: int) -> object:
    """What stands for somebody without a document: name, birth date and mobile; else all that is known, here alone."""
    if entry.group_name:
        return "g", place, entry.group_key, entry.first_on
    if entry.birth_on and entry.mobile:
        return "t", entry.name_key, entry.birth_on, entry.mobile
    return "n", place, entry.name_key, entry.birth_on, entry.mobile


def _certificate_of_another() -> Refusal:
    return Refusal("certificate-of-another", N_("这个证书编号前面已经登记给另一个人，请核对编号和姓名。"))


def _certificate_differs() -> Refusal:
    return Refusal("certificate-differs", N_("这个证书编号前面写过，名称、等级或发证日期不同，请改成一致。"))
