"""What deciding a pair does to the figures, before it is done: counted for the people concerned alone.

A merge moves only the human beings it joins and whoever hangs on them by
open pairs, so their own sign-ups are counted twice, once under each
supposition; the difference is the city's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.counts.crowds import Crowds
from app.counts.pairs import OpenPairs
from app.counts.year import Figures, tenths
from app.database import in_parts
from app.models import (
    AccountPerson,
    AttendedHours,
    Certificate,
    Enrolment,
    Offering,
    OfferingTrainer,
    Person,
)
from app.models.person import Pair, Supposed, suppose
from app.models.rules import RULE_SET

_DAYS = ("first_attended_on", "completed_on")


@dataclass(frozen=True)
class Collapse:
    """Sign-ups to one offering that become one human being's, or were so far; the first is the one that counts (R3)."""

    offering_id: int
    enrolment_ids: tuple[int, ...]


@dataclass(frozen=True)
class Effect:
    """What a decision changes: per calendar year the people concerned before and after, and what becomes one,
    or two again.

    ``taught``: sign-ups that count no longer, or count again, because their learner teaches there (R2).
    """

    years: dict[int, tuple[Figures, Figures]]
    collapses: tuple[Collapse, ...]
    taught: tuple[int, ...]

    def __bool__(self) -> bool:
        return any(before != after for before, after in self.years.values())


def effect(pair: Pair, verdict: str | None) -> Effect:
    """Of deciding a pair so, or (None) of taking back what was decided of it."""
    before, after = _both(pair, verdict)
    records = sorted(before.identities.keys() | after.identities.keys())
    rows = _SignUps(records)
    told = [rows.years(each) for each in (before, after)]
    years = {y: tuple(t.get(y, Figures()) for t in told) for y in sorted(told[0].keys() | told[1].keys())}
    less, more = (rows.held(each) for each in ((before, after) if verdict else (after, before)))
    apart = {frozenset(ids) for ids in less.values()}
    return Effect(
        {y: (a, b) for y, (a, b) in years.items()},
        tuple(
            Collapse(offering_id, tuple(ids))
            for (_, offering_id), ids in sorted(more.items())
            if len(ids) > 1 and frozenset(ids) not in apart
        ),
        tuple(sorted(rows.taught(before) ^ rows.taught(after))),
    )


def _both(pair: Pair, verdict: str | None) -> tuple[Supposed, Supposed]:
    """As things stand and as they would, of all who hang together with the two by identities or open pairs."""
    reached, ids = set(pair), set[int]()
    while reached - ids:
        ids = reached
        both = suppose(ids, {}), suppose(ids, {pair: verdict})
        reached = ids.union(*(each.identities for each in both), *(each for told in both for each in told.pairs))
    return both


class _SignUps:
    """The sign-ups of some records, with all that decides whether and where they count."""

    def __init__(self, records: list[int]) -> None:
        self.records = records
        self.rows = list(
            in_parts(
                select(
                    Enrolment.id, Enrolment.offering_id, Enrolment.person_id, Enrolment.first_attended_on,
                    Enrolment.completed_on, Enrolment.withdrawn_at, Offering.planned_hours,
                ).join(Offering, Offering.id == Enrolment.offering_id).where(Enrolment.part == "learner"),
                Enrolment.person_id, records,
            )
        )  # fmt: skip
        offerings = {row.offering_id for row in self.rows}
        self.trainers: dict[int, set[int]] = defaultdict(set)  # offering → records of who teaches
        for offering_id, record in in_parts(
            select(OfferingTrainer.offering_id, AccountPerson.person_id)
            .join(AccountPerson, AccountPerson.account_id == OfferingTrainer.account_id)
            .where(AccountPerson.relation == "self"),
            OfferingTrainer.offering_id, offerings,
        ):  # fmt: skip
            self.trainers[offering_id].add(record)
        teach = {record for records in self.trainers.values() for record in records}
        self.heads = dict(in_parts(select(Person.id, Person.identity_of()), Person.id, teach))
        own = [row.id for row in self.rows]
        self.hours = list(
            in_parts(
                select(AttendedHours.enrolment_id, AttendedHours.month_on, AttendedHours.class_hours),
                AttendedHours.enrolment_id, own,
            )
        )  # fmt: skip
        self.issued = list(
            in_parts(select(Certificate.enrolment_id, Certificate.issued_on), Certificate.enrolment_id, own)
        )

    def taught(self, who: Supposed) -> set[int]:
        """Attended sign-ups whose learner teaches in that offering (R2)."""

        def human(record: int) -> int | None:
            return who.identities.get(record, self.heads.get(record))

        return {
            row.id
            for row in self.rows
            if who.identities[row.person_id] in {human(record) for record in self.trainers.get(row.offering_id, ())}
        }

    def held(self, who: Supposed) -> dict[tuple[int, int], list[int]]:
        """Per human being and offering the sign-ups that attended or still live, the one that counts first."""
        found: dict[tuple[int, int], list[Any]] = defaultdict(list)
        for row in self.rows:
            if row.first_attended_on is not None or row.withdrawn_at is None:
                found[who.identities[row.person_id], row.offering_id].append(row)
        return {
            key: [
                row.id for row in sorted(rows, key=lambda r: (r.first_attended_on is None, r.first_attended_on, r.id))
            ]
            for key, rows in found.items()
        }

    def years(self, who: Supposed) -> dict[int, Figures]:
        """The city's figures of each year, as far as these people make them (R1–R9, R15)."""
        never = self.taught(who)
        sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        crowds = Crowds(max([0, *self.records]))
        training = {row.id for row in self.rows if row.planned_hours >= RULE_SET.min_planned_hours} - never
        for name, column in zip(("person_times", "completions"), _DAYS, strict=True):
            first: dict[tuple[int, int], Any] = {}
            for row in self.rows:
                day = getattr(row, column)
                if day is not None and row.id in training:
                    key = (who.identities[row.person_id], row.offering_id)
                    first[key] = min(day, first.get(key, day))
            for (human, _), day in first.items():
                sums[day.year][name] += 1
                if name == "person_times":
                    crowds.add((("year", day.year),), [human])
        for enrolment_id, month, hours in self.hours:
            if enrolment_id in training:
                sums[month.year]["hundredths"] += int(hours * 100)
        for enrolment_id, day in self.issued:
            if enrolment_id not in never:
                sums[day.year]["certificates"] += 1
        humans = ((who.identities[a], who.identities[b]) for a, b in who.pairs)
        pairs = {(min(both), max(both)) for both in humans}
        persons = OpenPairs.told(pairs, who.documents).persons(crowds)
        return {year: _figures(told, persons.get(("year", year), (0, 0))) for year, told in sums.items()}


def _figures(told: Mapping[str, int], persons: tuple[int, int]) -> Figures:
    names = ("person_times", "completions", "certificates")
    return Figures(
        *persons, class_hours=tenths(told.get("hundredths", 0)), **{name: told.get(name, 0) for name in names}
    )
