"""What a year's rolls and dates look like when nobody was there: each finding with its reason, and its sign-ups.

A finding is a question to the institution, never a verdict: nothing is left
out of any figure. Read in a few statements over the year, whose size bounds
the memory; what only few offerings show is looked at more closely there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, and_, case, cast, func, or_, select

from app.clock import civil
from app.counts import rows
from app.counts.pairs import OpenPairs, everybody
from app.database import db, in_parts
from app.models import AttendedHours, Enrolment, GroupVisit, Lesson, Mark, Offering, Person
from app.models.attendance import PRESENT
from app.refusal import N_

KINDS: dict[str, str] = {
    "two_places": N_("同一人同一时间在两处"),
    "more_than_room": N_("到课的人比名额多"),
    "identical": N_("全期点名一模一样"),
    "one_evening": N_("一期的点名一次补录"),
    "after_leaving": N_("退班以后还到课"),
    "before_registration": N_("登记以前就到课"),
    "always_present": N_("人人全勤"),
    "late": N_("迟录（课后 7 天以上）"),
}
# How much a reason weighs: what cannot be, then what hardly happens, then what happens among honest people too.
WEIGHTS = {
    "two_places": 4, "more_than_room": 4, "identical": 3, "one_evening": 3, "after_leaving": 3,
    "before_registration": 2, "always_present": 1, "late": 1,
}  # fmt: skip
FEWEST_ROLLS, FEWEST_PEOPLE = 4, 5  # of fewer, rolls that are alike are no wonder
TERM = timedelta(14)  # rolls of a shorter time may well be entered together
MOSTLY = 0.8
LATE = timedelta(7)  # R23


@dataclass(frozen=True)
class Finding:
    """One reason to ask about one offering. ``sentence`` is marked for translation, ``values`` fill it.

    ``sign_ups``: those it concerns, of the year's counted ones.
    """

    kind: str
    offering_id: int
    sentence: str
    values: dict[str, Any]
    sign_ups: frozenset[int]


@dataclass(frozen=True)
class Suspect:
    """An offering with its reasons, the weightiest first."""

    offering_id: int
    findings: tuple[Finding, ...]

    @property
    def sign_ups(self) -> frozenset[int]:
        return frozenset().union(*(finding.sign_ups for finding in self.findings))


class Without(NamedTuple):
    """The year without the sign-ups that one kind of finding concerns: persons as a range (R20)."""

    offerings: int
    sign_ups: int
    persons: int
    persons_max: int
    person_times: int


@dataclass(frozen=True)
class Patterns:
    """A year's findings: offerings in the order in which to ask, and the totals with and without (``any``)."""

    year: int
    total: Without
    without: dict[str, Without]
    suspects: tuple[Suspect, ...] = ()
    by_offering: dict[int, Suspect] = field(default_factory=dict)


class _Roll(NamedTuple):
    """One lesson with marks: how many were called and came, and when that was entered."""

    lesson_id: int
    held_on: date
    begins: Any
    ends: Any
    called: int
    present: int
    first_at: datetime
    print: int


def patterns(year: int) -> Patterns:
    """All findings of a year's counted sign-ups (R1, R7)."""
    counted = _Counted(year)
    offerings = _offerings(counted.of)
    rolls = _rolls(counted.of)
    found = [
        *_two_places(counted, rolls, offerings),
        *_more_than_room(counted, rolls, offerings),
        *_alike(counted, rolls),
        *_one_evening(counted, rolls),
        *_after_leaving(counted),
        *_before_registration(counted),
        *_late(counted, rolls),
    ]
    return _ranked(counted, found)


class _Counted:
    """The year's counted sign-ups by offering, each with its human being."""

    def __init__(self, year: int) -> None:
        self.year = year
        self.start, self.end = rows.bounds(year)
        source = rows.counted("first_attended_on", self.start, self.end)
        self.of: dict[int, dict[int, int]] = defaultdict(dict)  # offering → sign-up → human being
        told = db.session.connection().execute(select(source.c.offering_id, source.c.enrolment_id, source.c.identity))
        for offering_id, enrolment_id, human in told:
            self.of[offering_id][enrolment_id] = human

    def whole(self, offering_id: int) -> frozenset[int]:
        return frozenset(self.of[offering_id])


def _offerings(ids: Iterable[int]) -> dict[int, Any]:
    query = select(Offering.id, Offering.number, Offering.capacity, Offering.starts_on)
    return {row.id: row for row in in_parts(query, Offering.id, ids)}


def _rolls(ids: Iterable[int]) -> dict[int, list[_Roll]]:
    """Per offering its lessons with marks, in their order; what is marked 未点 counts as not said."""
    came = func.sum(case((Mark.status.in_(PRESENT), 1), else_=0))
    status = case(*((Mark.status == word, n) for n, word in enumerate((*PRESENT, "leave"), 2)), else_=1)
    who = cast(Mark.enrolment_id, BigInteger)
    # Equal rolls have equal sums; whether rolls of equal sums are equal is looked at afterwards.
    mark_print = func.sum((who % 1_000_003 * 31 + who % 9_973) * status)
    said = and_(Mark.lesson_id == Lesson.id, Mark.superseded_at.is_(None), Mark.status != "unmarked")
    query = (
        select(
            Lesson.offering_id, Lesson.id, Lesson.held_on, Lesson.begins, Lesson.ends, func.count(), came,
            func.min(Mark.marked_at), mark_print,
        )
        .join(Mark, said)
        .group_by(Lesson.offering_id, Lesson.id, Lesson.held_on, Lesson.begins, Lesson.ends)
    )  # fmt: skip
    rolls: dict[int, list[_Roll]] = defaultdict(list)
    for offering_id, *facts in in_parts(query, Lesson.offering_id, ids):
        rolls[offering_id].append(_Roll(*facts))
    for each in rolls.values():
        each.sort(key=lambda roll: (roll.held_on, roll.begins, roll.lesson_id))
    return rolls


# -- the patterns ----------------------------------------------------------


def _two_places(counted: _Counted, rolls: dict[int, list[_Roll]], offerings: dict[int, Any]) -> Iterator[Finding]:
    """One human being marked present at two lessons that overlap, under whichever records."""
    earlier = _going_on(counted, min((o.starts_on for o in offerings.values()), default=counted.start))
    rolls = rolls | _rolls({offering_id for offering_id, _, _ in earlier} - rolls.keys())
    where: dict[int, list[tuple[int, int]]] = defaultdict(list)  # human being → (offering, sign-up)
    once: dict[int, tuple[int, int]] = {}
    told = ((o, e, h) for o, each in counted.of.items() for e, h in each.items())
    for source in (told, earlier):
        for offering_id, enrolment_id, human in source:
            if offering_id not in rolls:
                continue
            if human in once:
                where[human].append((offering_id, enrolment_id))
            else:
                once[human] = (offering_id, enrolment_id)
    at_once: dict[tuple[int, int], list[tuple[_Roll, _Roll]]] = {}
    asked: list[tuple[tuple[int, int], tuple[int, int], list[tuple[_Roll, _Roll]]]] = []
    for human, others in where.items():
        for one, other in combinations(sorted([once[human], *others]), 2):
            key = (one[0], other[0])
            if key not in at_once:
                at_once[key] = _overlaps(rolls[one[0]], rolls[other[0]]) if one[0] != other[0] else []
            if at_once[key]:
                asked.append((one, other, at_once[key]))
    came = _came(i for one, other, _ in asked for i in (one[1], other[1]))
    told_of: dict[int, dict[int, list[tuple[date, int]]]] = defaultdict(lambda: defaultdict(list))
    for one, other, overlaps in asked:
        for mine, theirs in overlaps:
            if (one[1], mine.lesson_id) in came and (other[1], theirs.lesson_id) in came:
                for here, there in ((one, other), (other, one)):
                    if here[1] in counted.of.get(here[0], ()):
                        told_of[here[0]][here[1]].append((mine.held_on, there[0]))
    names = _numbers({there for each in told_of.values() for days in each.values() for _, there in days})
    for offering_id, people in sorted(told_of.items()):
        day, elsewhere = min(min(days) for days in people.values())
        yield Finding(
            "two_places",
            offering_id,
            N_("%(people)s 人在 %(times)s 次课的时间里，也在别的班到课，例如 %(day)s 在 %(there)s"),
            {"people": len(people), "times": sum(map(len, people.values())), "day": day, "there": names[elsewhere]},
            frozenset(people),
        )


def _going_on(counted: _Counted, since: date) -> list[tuple[int, int, int]]:
    """Offering, sign-up and human being of who first came before this year, to what went on in it."""
    query = (
        select(Enrolment.offering_id, Enrolment.id, Person.identity_of())
        .join(Person, Person.id == Enrolment.person_id)
        .join(Offering, Offering.id == Enrolment.offering_id)
        .where(Offering.ends_on >= counted.start, Offering.starts_on < counted.start)
        .where(Enrolment.first_attended_on < counted.start, Enrolment.part == "learner", Offering.timetable != "")
        .where(Offering.starts_on >= since - timedelta(366))
    )
    return [tuple(row) for row in db.session.connection().execute(query)]


def _overlaps(one: list[_Roll], other: list[_Roll]) -> list[tuple[_Roll, _Roll]]:
    by_day = defaultdict(list)
    for roll in one:
        by_day[roll.held_on].append(roll)
    return [
        (mine, theirs)
        for theirs in other
        for mine in by_day.get(theirs.held_on, ())
        if mine.begins < theirs.ends and theirs.begins < mine.ends
    ]


def _came(enrolment_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Sign-up and lesson of every mark of presence of these."""
    query = select(Mark.enrolment_id, Mark.lesson_id).where(Mark.superseded_at.is_(None), Mark.status.in_(PRESENT))
    return {(e, lesson) for e, lesson in in_parts(query, Mark.enrolment_id, set(enrolment_ids))}


def _more_than_room(counted: _Counted, rolls: dict[int, list[_Roll]], offerings: dict[int, Any]) -> Iterator[Finding]:
    """More present at one lesson, or in one nameless group, than the offering has places."""
    groups: dict[int, list[tuple[int, date]]] = defaultdict(list)
    query = (
        select(GroupVisit.offering_id, GroupVisit.visited_on, func.max(GroupVisit.headcount))
        .join(Offering, Offering.id == GroupVisit.offering_id)
        .where(GroupVisit.headcount > Offering.capacity)
        .group_by(GroupVisit.offering_id, GroupVisit.visited_on)
    )
    for offering_id, day, heads in in_parts(query, GroupVisit.offering_id, counted.of):
        groups[offering_id].append((heads, day))
    for offering_id, offering in offerings.items():
        if offering.capacity is None:
            continue
        heads = [(r.present, r.held_on) for r in rolls.get(offering_id, ()) if r.present > offering.capacity]
        if heads := heads + groups.get(offering_id, []):
            most, day = max(heads)
            yield Finding(
                "more_than_room",
                offering_id,
                N_("名额 %(capacity)s 个，%(times)s 次课到了更多的人，最多 %(most)s 人（%(day)s）"),
                {"capacity": offering.capacity, "times": len(heads), "most": most, "day": day},
                counted.whole(offering_id),
            )


def _alike(counted: _Counted, rolls: dict[int, list[_Roll]]) -> Iterator[Finding]:
    """Every roll of a term the same: nobody was ever absent, or always the very same people were."""
    suspected = []
    for offering_id, each in rolls.items():
        if len(each) < FEWEST_ROLLS or min(roll.called for roll in each) < FEWEST_PEOPLE:
            continue
        if all(roll.present == roll.called for roll in each):
            yield Finding(
                "always_present",
                offering_id,
                N_("%(rolls)s 次点名，%(people)s 人一次也没有缺过"),
                {"rolls": len(each), "people": max(roll.called for roll in each)},
                counted.whole(offering_id),
            )
        elif len({(roll.called, roll.present, roll.print) for roll in each}) == 1:
            suspected.append(offering_id)
    query = (
        select(Lesson.offering_id, Mark.enrolment_id, Mark.status)
        .join(Mark, and_(Mark.lesson_id == Lesson.id, Mark.superseded_at.is_(None), Mark.status != "unmarked"))
        .distinct()
    )
    said = Counter(offering_id for offering_id, _, _ in in_parts(query, Lesson.offering_id, suspected))
    for offering_id in suspected:
        each = rolls[offering_id]
        if said[offering_id] == each[0].called:
            yield Finding(
                "identical",
                offering_id,
                N_("%(rolls)s 次点名，%(people)s 人每次的出勤完全一样，每次缺的都是同样的 %(absent)s 人"),
                {"rolls": len(each), "people": each[0].called, "absent": each[0].called - each[0].present},
                counted.whole(offering_id),
            )


def _one_evening(counted: _Counted, rolls: dict[int, list[_Roll]]) -> Iterator[Finding]:
    """Most rolls of a term entered on one day."""
    for offering_id, each in rolls.items():
        if len(each) < FEWEST_ROLLS or each[-1].held_on - each[0].held_on < TERM:
            continue
        entered: dict[date, list[datetime]] = defaultdict(list)
        for roll in each:
            on = civil(roll.first_at)
            entered[on.date()].append(on)
        day, stamps = max(entered.items(), key=lambda item: (len(item[1]), item[0]))
        if len(stamps) >= max(FEWEST_ROLLS, MOSTLY * len(each)):
            yield Finding(
                "one_evening",
                offering_id,
                N_("%(rolls)s 次点名里有 %(times)s 次是 %(day)s %(first)s–%(last)s 一起录入的"),
                {
                    "rolls": len(each), "times": len(stamps), "day": day,
                    "first": f"{min(stamps):%H:%M}", "last": f"{max(stamps):%H:%M}",
                },
                counted.whole(offering_id),
            )  # fmt: skip


def _after_leaving(counted: _Counted) -> Iterator[Finding]:
    """Present, or with class hours in a later month, after the day they left."""
    left = (
        select(Enrolment.offering_id, Enrolment.id, Enrolment.withdrawn_on)
        .where(Enrolment.withdrawn_at.is_not(None), Enrolment.first_attended_on.between(counted.start, counted.end))
        .subquery()
    )
    marks = (
        select(left.c.offering_id, left.c.id, func.max(Lesson.held_on), left.c.withdrawn_on)
        .join(Mark, and_(Mark.enrolment_id == left.c.id, Mark.superseded_at.is_(None), Mark.status.in_(PRESENT)))
        .join(Lesson, and_(Lesson.id == Mark.lesson_id, Lesson.held_on > left.c.withdrawn_on))
        .group_by(left.c.offering_id, left.c.id, left.c.withdrawn_on)
    )
    hours = (
        select(left.c.offering_id, left.c.id, func.max(AttendedHours.month_on), left.c.withdrawn_on)
        .join(AttendedHours, AttendedHours.enrolment_id == left.c.id)
        .where(AttendedHours.month_on > left.c.withdrawn_on)
        .group_by(left.c.offering_id, left.c.id, left.c.withdrawn_on)
    )
    connection = db.session.connection()
    found = [*connection.execute(marks), *connection.execute(hours)]
    yield from _by_days(
        counted,
        "after_leaving",
        N_("%(people)s 人退班以后还有到课，最晚的晚了 %(days)s 天（%(day)s）"),
        found,
    )


def _before_registration(counted: _Counted) -> Iterator[Finding]:
    """First attended before the day on which they were registered, or even applied."""
    filed = case((Enrolment.applied_on > Enrolment.registered_on, Enrolment.applied_on), else_=Enrolment.registered_on)
    query = select(Enrolment.offering_id, Enrolment.id, filed, Enrolment.first_attended_on).where(
        Enrolment.first_attended_on.between(counted.start, counted.end),
        or_(
            Enrolment.first_attended_on < Enrolment.registered_on,
            Enrolment.first_attended_on < Enrolment.applied_on,
        ),
    )
    yield from _by_days(
        counted,
        "before_registration",
        N_("%(people)s 人还没登记就到课，最早的早了 %(days)s 天（%(day)s 才登记）"),
        db.session.connection().execute(query),
    )


def _by_days(counted: _Counted, kind: str, sentence: str, found: Iterable[Any]) -> Iterator[Finding]:
    """Offering, sign-up, a later and an earlier day → one finding for each offering."""
    people: dict[int, dict[int, tuple[int, date]]] = defaultdict(dict)
    for offering_id, enrolment_id, later, earlier in found:
        if enrolment_id in counted.of.get(offering_id, ()):
            worst = ((later - earlier).days, later)
            people[offering_id][enrolment_id] = max(worst, people[offering_id].get(enrolment_id, worst))
    for offering_id, each in sorted(people.items()):
        days, day = max(each.values())
        yield Finding(kind, offering_id, sentence, {"people": len(each), "days": days, "day": day}, frozenset(each))


def _late(counted: _Counted, rolls: dict[int, list[_Roll]]) -> Iterator[Finding]:
    """Rolls entered more than seven days after their lessons (R23); of whom nothing was entered in time."""
    late = {
        offering_id: found
        for offering_id, each in rolls.items()
        if (found := [roll for roll in each if civil(roll.first_at).date() - roll.held_on > LATE])
    }
    in_time: dict[int, set[int]] = defaultdict(set)
    if late:
        lessons = {r.lesson_id: o for o in late for r in set(rolls[o]) - set(late[o])}
        query = select(Mark.lesson_id, Mark.enrolment_id).where(Mark.superseded_at.is_(None), Mark.status.in_(PRESENT))
        for lesson_id, enrolment_id in in_parts(query, Mark.lesson_id, lessons):
            in_time[lessons[lesson_id]].add(enrolment_id)
    for offering_id, found in late.items():
        yield Finding(
            "late",
            offering_id,
            N_(
                "%(rolls)s 次点名里有 %(times)s 次在课后 7 天以后才录入，最晚的晚 %(days)s 天；"
                "%(people)s 人的到课全是这样录的"
            ),
            {
                "rolls": len(rolls[offering_id]), "times": len(found),
                "days": max((civil(roll.first_at).date() - roll.held_on).days for roll in found),
                "people": len(sign_ups := counted.whole(offering_id) - in_time[offering_id]),
            },
            sign_ups,
        )  # fmt: skip


# -- ranking, and the year without -----------------------------------------


def _ranked(counted: _Counted, found: list[Finding]) -> Patterns:
    by_offering: dict[int, list[Finding]] = defaultdict(list)
    for finding in found:
        by_offering[finding.offering_id].append(finding)
    suspects = {
        offering_id: Suspect(offering_id, tuple(sorted(each, key=lambda f: (-WEIGHTS[f.kind], -len(f.sign_ups)))))
        for offering_id, each in by_offering.items()
    }

    def order(suspect: Suspect) -> tuple[int, int, int]:
        return -sum(WEIGHTS[f.kind] for f in suspect.findings), -len(suspect.sign_ups), suspect.offering_id

    total, without = _totals(counted, suspects)
    return Patterns(counted.year, total, without, tuple(sorted(suspects.values(), key=order)), suspects)


def _totals(counted: _Counted, suspects: dict[int, Suspect]) -> tuple[Without, dict[str, Without]]:
    kinds = (*KINDS, "any")
    crowds = everybody()
    sign_ups: dict[str, int] = Counter()
    offerings: dict[str, int] = Counter()
    for offering_id, people in counted.of.items():
        alike: dict[frozenset[str], list[int]] = defaultdict(list)
        suspect = suspects.get(offering_id)
        for enrolment_id, human in people.items():
            why = {f.kind for f in suspect.findings if enrolment_id in f.sign_ups} if suspect else set()
            alike[frozenset({*why, "any"} if why else why)].append(human)
        for flags, humans in alike.items():
            crowds.add([("all", ""), *(("without", kind) for kind in kinds if kind not in flags)], humans)
            for kind in flags:
                sign_ups[kind] += len(humans)
        for kind in {f.kind for f in suspect.findings} | {"any"} if suspect else ():
            offerings[kind] += 1
    persons = OpenPairs().persons(crowds)

    def figures(kind: str, cell: tuple[str, str]) -> Without:
        return Without(offerings[kind], sign_ups[kind], *persons.get(cell, (0, 0)), crowds.times[cell])

    return figures("any", ("all", "")), {kind: figures(kind, ("without", kind)) for kind in kinds}


def _numbers(offering_ids: set[int]) -> dict[int, str]:
    return {row.id: row.number for row in in_parts(select(Offering.id, Offering.number), Offering.id, offering_ids)}
