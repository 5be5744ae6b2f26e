"""What a signed year holds, read from the registry a hundred offerings at a time, under pseudonyms of its own file.

Facts from after the year are left out where no figure of the year asks for
them: otherwise next year's lessons would seem to alter this one.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Integer, String, and_, cast, exists, func, literal_column, or_, select, type_coerce, union

from app import sealing
from app.counts import rows
from app.counts.lists import OF_AGE
from app.counts.pairs import OpenPairs
from app.database import db
from app.models import (
    AttendedHours,
    Certificate,
    Course,
    Enrolment,
    GroupVisit,
    Lesson,
    Mark,
    Offering,
    Person,
    Provider,
    ReportedFigure,
    Transfer,
)
from app.models.reported import KINDS as FIGURES

OFFERINGS_AT_ONCE = 100
LETTERS = {"present": "P", "late": "L", "left_early": "E", "leave": "V", "absent": "A", "unmarked": "U"}
Rows = list[tuple[Any, ...]]


class Pseudonyms:
    """Names of one file for what must not be named in it; the key stays here."""

    def __init__(self, file: str) -> None:
        self._key = sealing.sealer().index(file, "statement")

    def of(self, kind: str, number: Any) -> str:
        """Sixteen signs: the same for the same thing in this file, and another in every other file."""
        return hmac.digest(self._key, f"{kind}:{number}".encode(), "sha256")[:8].hex()


class Gathering:
    """One year of the city, or of one institution: its tables without row numbers and seals, sign-ups in parts."""

    def __init__(self, year: int, provider_id: int | None, names: Pseudonyms) -> None:
        self.year, self.provider_id, self.names = year, provider_id, names
        self.last = rows.bounds(year)[1].isoformat()
        self._bounds = rows.bounds(year)
        self._connection = db.session.connection()
        self._pairs = OpenPairs()
        self._paired = {identity for pair in self._pairs.pairs for identity in pair}
        self._seen: set[int] = set()  # of those in pairs, who stands in the file
        self._offerings = self._find_offerings()

    def offerings(self) -> Rows:
        return [row[:-1] for row in self._offerings.values()]

    def providers(self) -> Rows:
        found = self._ask(select(Provider.id, Provider.name, Provider.division_code).order_by(Provider.id))
        here = {row[1] for row in self._offerings.values()}
        return [row for row in found if row[0] in here or row[0] == self.provider_id]

    def parts(self) -> Iterator[tuple[Rows, Rows]]:
        """Lessons and sign-ups of a hundred offerings, in the order of their keys."""
        never = dict.fromkeys(self._connection.scalars(select(rows.outside(rows.twins()).c.id)), "teacher")
        never |= dict.fromkeys(self._connection.scalars(select(Transfer.left_id)), "moved")
        keys = list(self._offerings)
        for n in range(0, len(keys), OFFERINGS_AT_ONCE):
            yield self._part(keys[n : n + OFFERINGS_AT_ONCE], never)

    def certificates(self) -> Rows:
        issued = (
            select(Certificate.id, Certificate.enrolment_id, Certificate.system, Certificate.name, Certificate.level)
            .add_columns(cast(Certificate.issued_on, String))
            .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
            .join(Offering, Offering.id == Enrolment.offering_id)
            .where(Certificate.issued_on.between(*self._bounds), self._within())
        )
        of = self.names.of
        return sorted((of("certificate", row[0]), of("sign-up", row[1]), *row[2:]) for row in self._ask(issued))

    def group_visits(self) -> Rows:
        """Every visit to an offering whose highest day may count in this year."""
        visits = (
            select(GroupVisit.offering_id, cast(GroupVisit.visited_on, String), GroupVisit.group_key)
            .add_columns(GroupVisit.headcount, GroupVisit.basis)
            .order_by(GroupVisit.offering_id, GroupVisit.visited_on, GroupVisit.group_key, GroupVisit.id)
        )
        return [row for row in self._ask(visits) if row[0] in self._offerings]

    def open_pairs(self) -> Rows:
        """Undecided pairs of whom both stand in the file (R20); after all ``parts``."""
        return sorted(tuple(self._human(one) for one in pair) for pair in self._open())

    def documents(self) -> Rows:
        """What is known of the documents of people in open pairs, under pseudonyms too."""
        known = {identity for pair in self._open() for identity in pair}
        return sorted(
            (self._human(identity), kind, self.names.of("document", f"{kind}:{number.hex()}"))
            for identity in known
            for kind, number in self._pairs.documents.get(identity, ())
        )

    def reported(self) -> Rows:
        """Figures told with a document, enrolment among them (R18): institution, name, value, its day, document."""
        told = (
            ReportedFigure.current()
            .where(ReportedFigure.year == self.year)
            .order_by(ReportedFigure.kind, ReportedFigure.provider_id, ReportedFigure.slot)
            .options(db.joinedload(ReportedFigure.target))
        )
        if self.provider_id is not None:
            told = told.where(ReportedFigure.provider_id == self.provider_id)
        return [
            (
                each.provider_id,
                FIGURES[each.kind].label + (f" {each.target.code}" if each.target else ""),
                f"{each.value.normalize():f}",
                each.as_of and each.as_of.isoformat(),
                each.document,
            )
            for each in db.session.scalars(told)
        ]

    # -- steps -------------------------------------------------------------

    def _find_offerings(self) -> dict[int, tuple[Any, ...]]:
        """Those that were held in the year, or of which something else is dated in it; by id.

        The last cell says whether all their sign-ups belong here, or only
        those with a certificate of the year.
        """
        first, last = self._bounds
        dated = union(
            select(Enrolment.offering_id).where(Enrolment.first_attended_on.between(first, last)),
            select(Enrolment.offering_id).where(Enrolment.completed_on.between(first, last)),
            select(AttendedHours.offering_id).where(AttendedHours.month_on.between(first, last)),
            select(GroupVisit.offering_id).where(GroupVisit.visited_on.between(first, last)),
        ).subquery()
        signed_up_early = exists().where(Enrolment.offering_id == Offering.id, Enrolment.registered_on <= last)
        whole = or_(
            and_(
                Offering.ends_on >= first,
                or_(Offering.starts_on <= last, and_(Offering.category == rows.ELDERLY, signed_up_early)),
            ),
            Offering.id.in_(select(dated.c.offering_id)),
        )
        certified = (
            select(Enrolment.offering_id)
            .join(Certificate, Certificate.enrolment_id == Enrolment.id)
            .where(Certificate.issued_on.between(first, last))
        )
        columns = (
            Offering.id, Offering.provider_id, Offering.number, Course.title, Offering.category,
            Offering.division_code, cast(Offering.starts_on, String), cast(Offering.ends_on, String),
            type_coerce(Offering.planned_hours, Integer), cast(Offering.cancelled_at.is_not(None), Integer),
        )  # fmt: skip
        base = select(*columns).join(Course, Course.id == Offering.course_id).where(self._within())
        found = {row[0]: (*row, False) for row in self._ask(base.where(Offering.id.in_(certified)))}
        found |= {row[0]: (*row, True) for row in self._ask(base.where(whole))}
        return dict(sorted(found.items()))

    def _within(self) -> Any:
        return literal_column("1") == 1 if self.provider_id is None else Offering.provider_id == self.provider_id

    def _part(self, keys: list[int], never: dict[int, str]) -> tuple[Rows, Rows]:
        lessons, rolls = self._rolls(keys)
        hours = self._hours(keys)
        certified = self._certified([key for key in keys if not self._offerings[key][-1]])
        found: Rows = []
        for row in self._ask(_SIGN_UPS.where(Enrolment.offering_id.in_(keys))):
            (
                offering_id,
                enrolment_id,
                identity,
                birth,
                part,
                gone,
                applied,
                registered,
                withdrawn,
                came,
                completed,
            ) = row
            if not self._belongs(offering_id, enrolment_id, certified, applied, came, completed):
                continue
            offering = self._offerings[offering_id]
            if identity in self._paired:
                self._seen.add(identity)
            if came and came > self.last and not offering[9]:
                came, withdrawn = None, withdrawn if withdrawn and withdrawn <= self.last else None
            elif came and withdrawn and withdrawn > self.last:
                withdrawn = None
            found.append(
                (
                    self.names.of("sign-up", enrolment_id),
                    self._human(identity),
                    offering_id,
                    _left_out(part, gone, never[enrolment_id]) if enrolment_id in never else "",
                    applied,
                    registered,
                    withdrawn,
                    came,
                    completed if completed and completed <= self.last else None,
                    _of_age(birth, offering[6]) if offering[4] == rows.ELDERLY else None,
                    hours.get(enrolment_id, ""),
                    rolls.get(enrolment_id, ""),
                )
            )
        found.sort(key=lambda row: (row[2], row[0]))
        return lessons, found

    def _belongs(
        self, offering_id: int, enrolment_id: int, certified: set[int], applied: str, came: str, completed: str
    ) -> bool:
        if not self._offerings[offering_id][-1]:
            return enrolment_id in certified
        return min(day for day in (applied, came, completed) if day) <= self.last

    def _certified(self, keys: list[int]) -> set[int]:
        if not keys:
            return set()
        return set(
            self._connection.scalars(
                select(Certificate.enrolment_id)
                .join(Enrolment, Enrolment.id == Certificate.enrolment_id)
                .where(Enrolment.offering_id.in_(keys), Certificate.issued_on.between(*self._bounds))
            )
        )

    def _hours(self, keys: list[int]) -> dict[int, str]:
        """Sign-up → JSON of month and hundredths of class hours."""
        told = (
            cast(AttendedHours.month_on, String) + ":" + cast(type_coerce(AttendedHours.class_hours, Integer), String)
        )
        statement = (
            select(AttendedHours.enrolment_id, func.aggregate_strings(told, ","))
            .join(Enrolment, Enrolment.id == AttendedHours.enrolment_id)
            .where(Enrolment.offering_id.in_(keys), AttendedHours.month_on.between(*self._bounds))
            .group_by(AttendedHours.enrolment_id)
        )
        return {enrolment_id: _month_by_month(text) for enrolment_id, text in self._ask(statement)}

    def _rolls(self, keys: list[int]) -> tuple[Rows, dict[int, str]]:
        """The lessons of the year, and of each sign-up a letter for each of them."""
        lessons = self._ask(
            select(Lesson.id, Lesson.offering_id, cast(Lesson.held_on, String))
            .add_columns(type_coerce(Lesson.class_hours, Integer))
            .where(Lesson.offering_id.in_(keys), Lesson.held_on.between(*self._bounds))
            .order_by(Lesson.offering_id, Lesson.held_on, Lesson.begins, Lesson.id)
        )
        place: dict[int, int] = {}
        many: dict[int, int] = defaultdict(int)
        for lesson_id, offering_id, *_ in lessons:
            place[lesson_id] = many[offering_id]
            many[offering_id] += 1
        said: dict[int, str] = {}
        if lessons:
            marks = (
                select(Mark.enrolment_id, func.aggregate_strings(cast(Mark.lesson_id, String) + ":" + Mark.status, ","))
                .join(Lesson, Lesson.id == Mark.lesson_id)
                .where(Lesson.offering_id.in_(keys), Lesson.held_on.between(*self._bounds))
                .where(Mark.superseded_at.is_(None))
                .group_by(Mark.enrolment_id)
            )
            for enrolment_id, text in self._ask(marks):
                letters = {place[int(one)]: LETTERS[status] for one, status in _pairs_in(text)}
                said[enrolment_id] = "".join(letters.get(n, "-") for n in range(max(letters) + 1))
        return [row[1:] for row in lessons], said

    def _open(self) -> list[tuple[int, int]]:
        return [pair for pair in self._pairs.pairs if pair[0] in self._seen and pair[1] in self._seen]

    def _human(self, identity: int) -> str:
        return self.names.of("person", identity)

    def _ask(self, statement: Any) -> list[Any]:
        return list(self._connection.execute(statement).all())


def _day(column: Any) -> Any:
    return cast(column, String)


_SIGN_UPS = select(
    Enrolment.offering_id,
    Enrolment.id,
    Person.identity_of(),
    _day(Person.birth_on),
    Enrolment.part,
    or_(Person.deleted_at.is_not(None), Person.merged_into_id.is_not(None)),
    _day(Enrolment.applied_on),
    _day(Enrolment.registered_on),
    _day(Enrolment.withdrawn_on),
    _day(Enrolment.first_attended_on),
    _day(Enrolment.completed_on),
).join(Person, Person.id == Enrolment.person_id)


def _left_out(part: str, gone: bool, otherwise: str) -> str:
    """Why a row never counts (R2, R11)."""
    return "staff" if part != "learner" else "gone" if gone else otherwise


def _of_age(birth: str | None, starts_on: str) -> int | None:
    """60 or more on the day? Days as ISO text compare like days."""
    return None if birth is None else int(birth <= f"{int(starts_on[:4]) - OF_AGE:04d}{starts_on[4:]}")


def _pairs_in(text: str) -> Iterator[tuple[str, str]]:
    for each in text.split(","):
        key, _, value = each.partition(":")
        yield key, value


def _month_by_month(text: str) -> str:
    told: dict[int, int] = defaultdict(int)
    for month, amount in _pairs_in(text):
        told[int(month[5:7])] += int(amount)
    return "{" + ",".join(f'"{month}":{amount}' for month, amount in sorted(told.items())) + "}"
