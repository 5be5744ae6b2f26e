"""A second count, in plain Python over raw rows, sharing no code with the first: they must never differ.

Random registries of a few people who meet everything that can go wrong:
two records of one human being, undecided pairs, activities, groups,
cancelled offerings, people who left and came again, trainers among the
learners, offerings over New Year.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any

from sqlalchemy import insert, text

from app.counts import count_year
from app.database import db, writing
from app.models import (
    Account,
    AccountPerson,
    AttendedHours,
    CandidatePair,
    Certificate,
    Course,
    Enrolment,
    GroupBooking,
    GroupConfirmation,
    GroupCount,
    GroupVisit,
    Lesson,
    Mark,
    Offering,
    OfferingTrainer,
    Person,
    Provider,
    nameless,
)
from app.models.attended import tally_hours
from tests.conftest import empty
from tests.people import NOON

REGISTRIES = 70  # three years of each
YEARS = (2024, 2025, 2026)
CATEGORIES = ["community", "elderly", "rural", "certificate", "youth", "youth", "workforce", "teacher"]
DIVISIONS = ["220202", "220204", "220281", "220271"]
NAMES = {
    "community": "社区教育", "elderly": "老年教育", "rural": "乡村振兴", "certificate": "1+X证书",
    "youth": "中小学生体验", "workforce": "职工培训", "teacher": "教师培训",
    "220202": "昌邑区", "220204": "船营区", "220281": "蛟河市", "220271": "吉林经济开发区",
}  # fmt: skip


def test_the_figures_equal_an_independent_recount_on_random_registries(app):
    met: dict[str, int] = defaultdict(int)
    for seed in range(REGISTRIES):
        with writing():
            make_registry(random.Random(seed))
        for year in YEARS:
            counted = count_year(year)
            figures = {("city", "全市"): counted.total.as_dict()} | {
                (by, row.label): row.figures.as_dict()
                for by, rows in (*counted.tables.items(), ("activity", counted.activities))
                for row in rows
            }
            if counted.activities:
                figures["activities", "全市"] = counted.all_activities.as_dict()
            assert counted.total.basis("group_headcount") == groups_rest_on(year), f"seed {seed}, {year}"
            assert figures == recount(year, met), f"seed {seed}, {year}"
        db.session.remove()
        empty()
    # The registries did hold what this test is about.
    assert min(met[what] for what in ("twin", "again", "earlier year", "pair", "trainer", "staff", "gone")) >= 20, met
    assert min(met[what] for what in ("activity", "group", "group elsewhere", "cancelled", "hours over")) >= 20, met
    assert min(met[what] for what in ("booked", "booked, not counted", "names taken off")) >= 20, met


# -- random registries ----------------------------------------------------


def make_registry(dice: random.Random) -> None:
    """Rows as they may stand, written past the verbs."""
    people = dice.randrange(4, 14)
    add(Provider, [a_school(dice, i) for i in range(1, 4)])
    add(Course, [{"provider_id": i, "title": "课程（演示）", "title_key": "课程(演示)"} for i in range(1, 4)])
    add(Person, [a_record(dice, i, people) for i in range(1, people + 1)])
    numbers = range(1, people + 1)
    pairs = {tuple(sorted(dice.sample(numbers, 2))) for _ in range(dice.randrange(5))}
    add(CandidatePair, [{"a_id": a, "b_id": b, "decision": dice.choice([None, None, "different"])} for a, b in pairs])
    add(Account, [account(i) for i in (1, 2)])
    add(AccountPerson, [{"account_id": i, "person_id": dice.choice(numbers), "relation": "self"} for i in (1, 2)])
    offerings = [an_offering(dice, i) for i in range(1, dice.randrange(3, 8))]
    add(Offering, offerings)
    taught = {(dice.randrange(1, len(offerings) + 1), dice.choice((1, 2))) for _ in range(3)}
    add(OfferingTrainer, [{"offering_id": o, "account_id": a} for o, a in taught])
    sign_ups, hours, certificates = [], [], []
    for number, offering in enumerate(offerings, 1):
        for person in numbers:
            for turn in range(dice.choice((0, 1, 1, 1, 2))):
                sign_up = a_sign_up(dice, number, offering, person, last=turn > 0)
                sign_ups.append(sign_up)
                row = len(sign_ups)
                hours += some_hours(dice, row, number, sign_up)
                if dice.random() < 0.2:
                    certificates.append(a_certificate(dice, row, offering))
    # Two living sign-ups of one record to one offering cannot be.
    seen: set[tuple[int, int]] = set()
    for sign_up in sign_ups:
        key = sign_up["offering_id"], sign_up["person_id"]
        if sign_up["withdrawn_at"] is None and key in seen:
            sign_up["withdrawn_at"], sign_up["withdrawn_on"] = NOON, NOON.date()
        elif sign_up["withdrawn_at"] is None:
            seen.add(key)
    add(Enrolment, [{"id": i, **row} for i, row in enumerate(sign_ups, 1)])
    add(AttendedHours, hours)
    tally_hours({row["offering_id"] for row in hours})
    add(Certificate, certificates)
    visits = [visit for i, offering in enumerate(offerings, 1) for visit in some_visits(dice, i, offering)]
    add(GroupVisit, [{"id": 10_000 + i, **visit} for i, visit in enumerate(visits)])  # away from what is settled below
    some_bookings(dice, offerings)
    for number in range(1, len(offerings) + 1):
        nameless.settle(number)


def add(model: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        ids = count(1)
        with_id = "id" in model.__table__.c and "id" not in rows[0]
        db.session.execute(insert(model), [{"id": next(ids), **row} if with_id else row for row in rows])


def account(i: int) -> dict[str, Any]:
    key = i.to_bytes(32, "big")
    return {
        "uid": f"{i:032x}", "name": "演示教师", "mobile_sealed": b"", "mobile_index": key, "password_hash": "",
        "made_at": NOON,
    }  # fmt: skip


def a_school(dice: random.Random, i: int) -> dict[str, Any]:
    return {"name": f"机构{i}（演示）", "name_key": f"机构{i}(演示)", "division_code": dice.choice(DIVISIONS)}


def a_record(dice: random.Random, i: int, people: int) -> dict[str, Any]:
    """One record in five is of the same human being as the next or the one before; a head may be deleted."""
    kind = dice.choice((None, None, "resident", "passport"))
    head = None
    if i % 5 in (1, 2, 3) and people % 3:
        head = i - i % 5 + 1
        head = head if head <= people and (i % 5 != 3 or people % 2) else None
    return {
        "uid": f"{i:032x}", "name": "演示", "name_key": "演示", "document_type": kind,
        "birth_on": dice.choice([None, date(1944, 2, 29) + timedelta(dice.randrange(27_000))]),
        "sex": dice.choice([None, "female", "male"]), "division_code": dice.choice([None, *DIVISIONS]),
        "document_index": dice.randrange(4).to_bytes(32, "big") if kind else None, "identity_id": head,
        "merged_into_id": 1 if i > 1 and dice.random() < 0.04 else None,
        "deleted_at": NOON if dice.random() < 0.08 else None, "made_at": NOON,
    }  # fmt: skip


def an_offering(dice: random.Random, i: int) -> dict[str, Any]:
    first = date(2024, 1, 1) + timedelta(dice.randrange(-200, 3 * 366))
    last = first + timedelta(dice.choice((0, 20, 120, 500)))
    provider = dice.randrange(1, 4)
    return {
        "provider_id": provider, "course_id": provider, "number": f"{i}", "number_key": f"{i}",
        "category": dice.choice(CATEGORIES), "starts_on": first, "ends_on": last,
        "planned_hours": dice.choice([Decimal("1.99"), Decimal(2), Decimal(16), Decimal(24), Decimal(81)]),
        "division_code": dice.choice(DIVISIONS), "first_begins_at": NOON, "last_begins_at": NOON,
        "cancelled_at": NOON if (off := dice.random() < 0.2) else None, "cancel_reason": "停办" if off else None,
    }  # fmt: skip


def a_sign_up(dice: random.Random, number: int, offering: dict[str, Any], person: int, *, last: bool) -> dict[str, Any]:
    days = (offering["ends_on"] - offering["starts_on"]).days
    came = offering["starts_on"] + timedelta(dice.randrange(days + 1)) if dice.random() < 0.75 else None
    left = dice.random() < (0.3 if last else 0.5)
    done = (
        came + timedelta(dice.randrange((offering["ends_on"] - came).days + 1))
        if came and dice.random() < 0.5
        else None
    )
    applied = offering["starts_on"] - timedelta(dice.randrange(60))
    waits = came is None and dice.random() < 0.3
    registered = None if waits else min(applied + timedelta(dice.choice((0, 0, 20))), came or date.max)
    return {
        "offering_id": number, "person_id": person, "part": "staff" if dice.random() < 0.06 else "learner",
        "source": "ledger", "applied_at": NOON, "applied_on": applied, "registered_at": None if waits else NOON,
        "registered_on": registered, "place_number": None if waits else 1, "waitlisted_at": NOON if waits else None,
        "withdrawn_at": NOON if left else None, "withdrawn_on": NOON.date() if left else None,
        "first_attended_on": came, "completed_on": done,
    }  # fmt: skip


def some_hours(dice: random.Random, row: int, number: int, sign_up: dict[str, Any]) -> list[dict[str, Any]]:
    if sign_up["first_attended_on"] is None:
        return []
    month = sign_up["first_attended_on"].replace(day=1)
    found = []
    for _ in range(dice.randrange(4)):
        hours = Decimal(dice.randrange(5, 900)) / 100  # less is shown as nothing, and its row left out
        found.append({"enrolment_id": row, "offering_id": number, "month_on": month, "class_hours": hours})
        month = (month + timedelta(31)).replace(day=1)
    return found


_numbers = count(1)


def a_certificate(dice: random.Random, row: int, offering: dict[str, Any]) -> dict[str, Any]:
    number = f"{next(_numbers)}"
    issued = offering["ends_on"] + timedelta(dice.randrange(200))
    return {
        "enrolment_id": row, "system": "hrss", "name": "证书", "number": number, "number_key": number,
        "issued_on": issued,
    }  # fmt: skip


def some_visits(dice: random.Random, number: int, offering: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for _ in range(dice.choice((0, 0, 2, 5))):
        name = dice.choice(("一小", "二小"))
        days = min((offering["ends_on"] - offering["starts_on"]).days, dice.choice((1, 2, 500)))
        day = offering["starts_on"] + timedelta(dice.randrange(days + 1))
        found.append(
            {
                "offering_id": number,
                "group_name": name,
                "group_key": name,
                "visited_on": day,
                "headcount": dice.randrange(1, 60),
                "state": "已结业",
                "basis": dice.choice(("reported", "reported", "computed")),
            }
        )
    return found


def some_bookings(dice: random.Random, offerings: list[dict[str, Any]]) -> None:
    """Groups booked, counted at lessons at which people with a name came too, and confirmed, or not (R13)."""
    lessons, marks, bookings, counts, confirmations = [], [], [], [], []
    for number, offering in enumerate(offerings, 1):
        if dice.random() < 0.4:
            continue
        span = (offering["ends_on"] - offering["starts_on"]).days
        mine = [name for name in ("一小", "二小", "三小") if dice.random() < 0.6]
        for name in mine:
            off = dice.random() < 0.1
            bookings.append(
                {
                    "uid": f"b{len(bookings):031d}", "offering_id": number, "group_name": name, "group_key": name,
                    "size": 40, "contact": "演示", "evidence": "演示", "booked_at": NOON,
                    "cancelled_at": NOON if off else None, "cancel_reason": "改期" if off else None,
                }
            )  # fmt: skip
            for _ in range(dice.choice((0, 1, 1, 2))):
                revoked = dice.random() < 0.2
                confirmations.append(
                    {
                        "uid": f"c{len(confirmations):031d}", "booking_id": len(bookings), "way": "organisation",
                        "confirmed_on": offering["starts_on"] + timedelta(dice.randrange(-2, span + 3)),
                        "confirmed_by": "演示", "entered_at": NOON, "revoked_at": NOON if revoked else None,
                        "revoke_reason": "错" if revoked else None,
                    }
                )  # fmt: skip
        sign_ups = [row["id"] for row in read("enrolment") if row["offering_id"] == number]
        for begins in dice.sample([time(8), time(10), time(13), time(15)], dice.randrange(1, 4)):
            held_on = offering["starts_on"] + timedelta(dice.randrange(min(span, 2) + 1))
            lessons.append(
                {
                    "offering_id": number, "held_on": held_on, "begins": begins, "ends": begins.replace(minute=45),
                    "class_hours": Decimal(1),
                }
            )  # fmt: skip
            for sign_up in sign_ups:
                word = dice.choice(("present", "late", "left_early", "absent", "leave", None))
                if word:
                    was = NOON if dice.random() < 0.2 else None  # superseded: no longer said
                    marks.append(
                        {
                            "lesson_id": len(lessons), "enrolment_id": sign_up, "status": word, "marked_at": NOON,
                            "superseded_at": was,
                        }
                    )  # fmt: skip
            for booking in range(len(bookings) - len(mine) + 1, len(bookings) + 1):
                for current in (False, True):
                    if dice.random() < 0.7:
                        counts.append(
                            {
                                "booking_id": booking, "lesson_id": len(lessons), "headcount": dice.randrange(0, 30),
                                "counted_at": NOON, "superseded_at": None if current else NOON,
                            }
                        )  # fmt: skip
    for model, rows in (
        (Lesson, lessons), (Mark, marks), (GroupBooking, bookings), (GroupCount, counts),
        (GroupConfirmation, confirmations),
    ):  # fmt: skip
        add(model, rows)


# -- the second count -----------------------------------------------------


def read(table: str) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in db.session.execute(text(f"SELECT * FROM {table}"))]


def day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def recount(year: int, met: dict[str, int]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every cell of every table, by brute force. Hours are whole hundredths in the table."""
    people = {row["id"]: row for row in read("person")}
    offerings = {row["id"]: row for row in read("offering")}
    providers = {row["id"]: row["name"] for row in read("provider")}
    sign_ups = {row["id"]: row for row in read("enrolment")}
    who = {i: row["identity_id"] or i for i, row in people.items()}
    gone = {i for i, row in people.items() if row["deleted_at"] or row["merged_into_id"]}
    selves = defaultdict(set)
    for link in read("account_person"):
        if link["relation"] == "self":
            selves[link["account_id"]].add(who[link["person_id"]])
    teachers = defaultdict(set)
    for link in read("offering_trainer"):
        teachers[link["offering_id"]] |= selves[link["account_id"]]

    def is_learner(sign_up: dict[str, Any]) -> bool:
        reasons = {
            "staff": sign_up["part"] != "learner",
            "gone": sign_up["person_id"] in gone,
            "trainer": who[sign_up["person_id"]] in teachers[sign_up["offering_id"]],
        }
        for why, holds in reasons.items():
            met[why] += holds
        return not any(reasons.values())

    learners = {i: row for i, row in sign_ups.items() if is_learner(row)}
    cells: dict[tuple[str, str], dict[str, Any]] = defaultdict(
        lambda: {
            "people": set(),
            "person_times": 0,
            "group_headcount": 0,
            "hundredths": 0,
            "completions": 0,
            "certificates": 0,
        }
    )

    def touched(offering_id: int, on: date, wherever: bool = False) -> list[dict[str, Any]]:
        row = offerings[offering_id]
        if row["planned_hours"] < 200 and not wherever:
            return [cells["activity", NAMES[row["category"]]], cells["activities", "全市"]]
        return [
            cells[key]
            for key in (
                ("city", "全市"),
                ("category", NAMES[row["category"]]),
                ("division", NAMES[row["division_code"]]),
                ("provider", providers[row["provider_id"]]),
                ("month", f"{on.month}月"),
            )
        ]

    def once_each(column: str) -> dict[tuple[int, int], date]:
        """Per human being and offering the earliest day."""
        first: dict[tuple[int, int], date] = {}
        records = defaultdict(list)
        for row in learners.values():
            on = day(row[column])
            if on is None:
                continue
            met["activity"] += offerings[row["offering_id"]]["planned_hours"] < 200
            key = (who[row["person_id"]], row["offering_id"])
            first[key] = min(on, first.get(key, on))
            records[key].append((row["person_id"], on.year))
        for found in records.values():
            met["twin"] += len({person for person, _ in found}) > 1
            met["again"] += len(found) > len({person for person, _ in found})
            met["earlier year"] += len({in_year for _, in_year in found}) > 1
        return first

    for (identity, offering_id), on in once_each("first_attended_on").items():
        if on.year == year:
            met["cancelled"] += bool(offerings[offering_id]["cancelled_at"])
            for cell in touched(offering_id, on):
                cell["people"].add(identity)
                cell["person_times"] += 1
    for (_, offering_id), on in once_each("completed_on").items():
        if on.year == year:
            for cell in touched(offering_id, on):
                cell["completions"] += 1
    for row in read("attended_hours"):
        on, sign_up = day(row["month_on"]), learners.get(row["enrolment_id"])
        if sign_up and on.year == year:
            met["hours over"] += day(sign_up["first_attended_on"]).year < year
            for cell in touched(sign_up["offering_id"], on):
                cell["hundredths"] += row["class_hours"]
    for row in read("certificate"):
        on, sign_up = day(row["issued_on"]), learners.get(row["enrolment_id"])
        if sign_up and on.year == year:
            for cell in touched(sign_up["offering_id"], on, wherever=True):
                cell["certificates"] += 1
    visits = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for row in [row for row in read("group_visit") if row["booking_id"] is None] + booked_groups(met):
        at_once = visits[row["offering_id"]][day(row["visited_on"])]
        at_once[row["group_key"]] = max(at_once[row["group_key"]], row["headcount"])
    for offering_id, days in visits.items():
        offering = offerings[offering_id]
        if offering["category"] != "youth":
            met["group elsewhere"] += 1
        elif min(days).year == year:
            met["group"] += 1
            for cell in touched(offering_id, min(days)):
                cell["group_headcount"] += max(sum(groups.values()) for groups in days.values())

    documents = defaultdict(set)
    for i, row in people.items():
        if i not in gone and row["document_type"]:
            documents[who[i]].add((row["document_type"], bytes(row["document_index"])))
    pairs = [
        {who[row["a_id"]], who[row["b_id"]]}
        for row in read("candidate_pair")
        if row["decision"] is None and not {row["a_id"], row["b_id"]} & gone
    ]
    cells["city", "全市"]
    return {key: figures(cell, pairs, documents, met) for key, cell in cells.items()}


def booked_groups(met: dict[str, int]) -> list[dict[str, Any]]:
    """What bookings, counts, confirmations and rolls say of groups, read anew from their rows (R13)."""
    confirmed = defaultdict(list)
    for row in read("group_confirmation"):
        if row["revoked_at"] is None:
            confirmed[row["booking_id"]].append(day(row["confirmed_on"]))
    named: dict[int, int] = defaultdict(int)
    for row in read("mark"):
        if row["superseded_at"] is None and row["status"] in ("present", "late", "left_early"):
            named[row["lesson_id"]] += 1
    lessons = {row["id"]: row for row in read("lesson")}
    bookings = {row["id"]: row for row in read("group_booking")}
    at_lesson = defaultdict(dict)
    for row in read("group_count"):
        if row["superseded_at"] is not None:
            continue
        booking, on = bookings[row["booking_id"]], day(lessons[row["lesson_id"]]["held_on"])
        if booking["cancelled_at"] is None and any(said >= on for said in confirmed[booking["id"]]):
            at_lesson[row["lesson_id"]][booking["id"]] = row["headcount"]
        else:
            met["booked, not counted"] += 1
    found = []
    for lesson_id, heads in at_lesson.items():
        nameless_people = max(0, sum(heads.values()) - named[lesson_id])
        met["names taken off"] += nameless_people < sum(heads.values())
        # The names go to the first groups, so what is left stands with the last ones.
        for booking_id in sorted(heads, reverse=True):
            here = min(heads[booking_id], nameless_people)
            nameless_people -= here
            if here:
                booking = bookings[booking_id]
                met["booked"] += 1
                found.append(
                    {
                        "offering_id": booking["offering_id"], "group_key": booking["group_key"], "headcount": here,
                        "visited_on": day(lessons[lesson_id]["held_on"]), "basis": "computed",
                    }
                )  # fmt: skip
    return found


def groups_rest_on(year: int) -> str:
    """On what the visits of the year's groups in training rest."""
    offerings = {row["id"]: row for row in read("offering")}
    first: dict[int, date] = {}
    visits = [row for row in read("group_visit") if row["booking_id"] is None] + booked_groups(defaultdict(int))
    for visit in visits:
        on = day(visit["visited_on"])
        first[visit["offering_id"]] = min(on, first.get(visit["offering_id"], on))
    rest_on = {
        visit["basis"]
        for visit in visits
        if first[visit["offering_id"]].year == year
        and offerings[visit["offering_id"]]["category"] == "youth"
        and offerings[visit["offering_id"]]["planned_hours"] >= 200
    }
    return "mixed" if len(rest_on) > 1 else next(iter(rest_on), "computed")


def figures(
    cell: dict[str, Any], pairs: list[set[int]], documents: dict[int, set[Any]], met: dict[str, int]
) -> dict[str, Any]:
    people = cell["people"]
    crowds = [{identity} for identity in people]
    for pair in pairs:
        if len(pair) == 2 and pair <= people:
            met["pair"] += 1
            one, other = (next(crowd for crowd in crowds if identity in crowd) for identity in pair)
            if one is not other:
                crowds.remove(one)
                crowds.remove(other)
                crowds.append(one | other)
    fewest = 0
    for crowd in crowds:
        by_type = defaultdict(set)
        for identity in crowd:
            for kind, number in documents[identity]:
                by_type[kind].add(number)
        certain = max([1, *map(len, by_type.values())])
        fewest += min(certain, len(crowd))
    hours = (Decimal(cell["hundredths"]) / 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return {
        "persons": fewest,
        "persons_max": len(people),
        "person_times": cell["person_times"],
        "group_headcount": cell["group_headcount"],
        "person_times_total": cell["person_times"] + cell["group_headcount"],
        "class_hours": float(hours),
        "completions": cell["completions"],
        "certificates": cell["certificates"],
    }
