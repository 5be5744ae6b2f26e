"""A second count of every rung, dimension and span of days, in plain Python, sharing no code with the first.

On the random registries of `test_recount`; of the many tables that each of
them has, some, so that every rung, dimension and kind of span comes up in turn.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date
from typing import Any

from app.counts import lists
from app.counts.dimensions import EVERY
from app.counts.ladder import ladder
from app.counts.lists import Place
from app.counts.rungs import Ruling
from app.counts.spans import Span
from app.counts.tallies import tally
from app.database import db, writing
from app.models.rules import RUNGS, SPANS
from tests.conftest import empty
from tests.test_recount import NAMES, figures, make_registry, read
from tests.test_recount import day as as_day

REGISTRIES, TABLES = 12, 9
YEARS = {"calendar": (2024, 2025, 2026), "school": (2023, 2024, 2025, 2026), "plan": (2021, 2025, 2026)}
NAMES_OF = {
    **NAMES, "female": "女", "male": "男", "unknown": "未知", "nameless": "集体（没有名字）",
}  # fmt: skip


def test_any_table_equals_an_independent_recount_on_random_registries(app):
    met: Counter[str] = Counter()
    for seed in range(REGISTRIES):
        dice = random.Random(f"tables {seed}")
        with writing():
            make_registry(random.Random(1000 + seed))
        second = Recount(met)
        for turn in range(seed * TABLES, (seed + 1) * TABLES):
            kind, by, rung = [*SPANS][turn // 6 % 3], [*EVERY][turn % len(EVERY)], [*RUNGS][turn % 6]
            year, category = dice.choice(YEARS[kind]), dice.choice([None, None, None, "youth", "elderly"])
            span, told = Span(year, kind), f"seed {seed}: {kind} {year} by {by}, {rung}, {category}"
            met.update((kind, by, rung))
            found = tally(span, by, Ruling(rung), category)
            cells = second.table(days_of(kind, year), by, rung, category)
            shown = {row.label: row.figures.as_dict() for row in found.rows}
            whole = cells.pop("", None)
            assert shown == cells, told
            assert found.total.as_dict() == (whole or dict.fromkeys(found.total.as_dict(), 0)), told
            for row in found.rows:
                key = {"within" if by in ("month", "year") else by: row.key}
                place = Place(year, basis=kind, rung=rung, **({"category": category} | key))
                for measure in ("persons", "completions"):
                    listed, people, _ = lists.sums(lists.sign_ups(place, measure))
                    expected = row.figures.completions if measure == "completions" else row.figures.person_times
                    assert listed == expected, f"{told}: {row.label} {measure}"
                    assert measure == "completions" or people == row.figures.persons_max, f"{told}: {row.label}"
                headcount = sum(each.headcount for each in db.session.execute(lists.groups(place)))
                assert headcount == row.figures.group_headcount, f"{told}: {row.label}"
                assert lists.size(lists.certificates(place)) == row.figures.certificates, f"{told}: {row.label}"
        whole_ladder = ladder(Span(2025), "category").total
        for rung, step in whole_ladder.items():
            told = second.table(days_of("calendar", 2025), "category", rung, None).get("", {})
            expected = tuple(told.get(name, 0) for name in ("persons", "persons_max", "person_times"))
            assert (step.persons, step.persons_max, step.person_times) == expected, f"seed {seed}: {rung}"
        db.session.remove()
        empty()
    assert min(met[name] for name in (*SPANS, *EVERY, *RUNGS)) >= 5, met
    assert min(met[what] for what in REASONS) >= 5, met


REASONS = (
    "left before attending", "cancelled before attending", "applied again", "too few hours", "hours of two sign-ups",
    "waits", "second certificate",
)  # fmt: skip


def days_of(kind: str, year: int) -> tuple[date, date]:
    if kind == "school":
        return date(year, 9, 1), date(year + 1, 8, 31)
    if kind == "plan":
        first = year - (year - 1) % 5
        return date(first, 1, 1), date(first + 4, 12, 31)
    return date(year, 1, 1), date(year, 12, 31)


class Recount:
    """Everything of one registry, read once; then any table by brute force."""

    def __init__(self, met: Counter[str]) -> None:
        self.met = met
        self.people = {row["id"]: row for row in read("person")}
        self.offerings = {row["id"]: row for row in read("offering")}
        self.providers = {row["id"]: row for row in read("provider")}
        self.courses = {row["id"]: row for row in read("course")}
        self.who = {i: row["identity_id"] or i for i, row in self.people.items()}
        gone = {i for i, row in self.people.items() if row["deleted_at"] or row["merged_into_id"]}
        selves, teachers = defaultdict(set), defaultdict(set)
        for link in read("account_person"):
            if link["relation"] == "self":
                selves[link["account_id"]].add(self.who[link["person_id"]])
        for link in read("offering_trainer"):
            teachers[link["offering_id"]] |= selves[link["account_id"]]
        self.learners = {
            row["id"]: row
            for row in read("enrolment")
            if row["part"] == "learner"
            and row["person_id"] not in gone
            and self.who[row["person_id"]] not in teachers[row["offering_id"]]
        }
        self.certificates = [row for row in read("certificate") if row["enrolment_id"] in self.learners]
        self.hours = [row for row in read("attended_hours") if row["enrolment_id"] in self.learners]
        self.visits = defaultdict(list)
        for row in read("group_visit"):
            self.visits[row["offering_id"]].append(row)
        self.documents = defaultdict(set)
        for i, row in self.people.items():
            if i not in gone and row["document_type"]:
                self.documents[self.who[i]].add((row["document_type"], bytes(row["document_index"])))
        self.pairs = [
            {self.who[row["a_id"]], self.who[row["b_id"]]}
            for row in read("candidate_pair")
            if row["decision"] is None and not {row["a_id"], row["b_id"]} & gone
        ]

    def standing(self, rung: str) -> list[tuple[int, dict[str, Any], date]]:
        """On a rung, over all time: offering, the sign-up that stands for the human being there, its day."""
        of_one: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
        for row in self.learners.values():
            of_one[self.who[row["person_id"]], row["offering_id"]].append(row)
        found = []
        for (_, offering_id), rows in of_one.items():
            offering = self.offerings[offering_id]
            if rung != "certified" and offering["planned_hours"] < 200:
                continue
            dated = [(on, row["id"]) for row in rows for on in self._days(rung, row, offering)]
            if not dated:
                continue
            self.met["applied again"] += rung == "applied" and len(dated) > 1
            self.met["second certificate"] += rung == "certified" and len(dated) > 1
            on, first = min(dated)
            if rung == "effective":
                own = [h["class_hours"] for h in self.hours if h["enrolment_id"] in {row["id"] for row in rows}]
                self.met["hours of two sign-ups"] += (
                    len({h["enrolment_id"] for h in self.hours if h["enrolment_id"] in {row["id"] for row in rows}}) > 1
                )
                if 2 * sum(own) < offering["planned_hours"]:
                    self.met["too few hours"] += 1
                    continue
            found.append((offering_id, self.learners[first], on))
        return found

    def _days(self, rung: str, row: dict[str, Any], offering: dict[str, Any]) -> list[date]:
        if rung == "certified":
            return [as_day(c["issued_on"]) for c in self.certificates if c["enrolment_id"] == row["id"]]
        column = {
            "applied": "applied_on", "registered": "registered_on", "completed": "completed_on",
        }.get(rung, "first_attended_on")  # fmt: skip
        on = as_day(row[column])
        if on is None:
            self.met["waits"] += rung == "registered"
            return []
        if rung == "registered" and row["first_attended_on"] is None:
            self.met["left before attending"] += row["withdrawn_on"] is not None
            self.met["cancelled before attending"] += offering["cancelled_at"] is not None
            if row["withdrawn_on"] or offering["cancelled_at"]:
                return []
        return [on]

    def table(self, days: tuple[date, date], by: str, rung: str, category: str | None) -> dict[str, dict[str, Any]]:
        """Per label what its cells are; the whole under the empty label."""
        cells: dict[str, dict[str, Any]] = defaultdict(
            lambda: {
                "people": set(), "person_times": 0, "group_headcount": 0, "hundredths": 0, "completions": 0,
                "certificates": 0,
            }
        )  # fmt: skip

        def add(measure: str, offering_id: int, on: date, person: int | None, n: int = 1) -> None:
            offering = self.offerings[offering_id]
            if days[0] <= on <= days[1] and category in (None, offering["category"]):
                for label in ("", self.label(by, offering, on, person, days)):
                    cells[label][measure] += n
                    if measure == "person_times":
                        cells[label]["people"].add(self.who[person])

        for measure, of in (("person_times", rung), ("completions", "completed")):
            for offering_id, row, on in self.standing(of):
                add(measure, offering_id, on, row["person_id"])
        for row in self.certificates:
            sign_up = self.learners[row["enrolment_id"]]
            add("certificates", sign_up["offering_id"], as_day(row["issued_on"]), sign_up["person_id"])
        for row in self.hours:
            sign_up = self.learners[row["enrolment_id"]]
            if self.offerings[sign_up["offering_id"]]["planned_hours"] >= 200:
                on = as_day(row["month_on"])
                add("hundredths", sign_up["offering_id"], on, sign_up["person_id"], row["class_hours"])
        for offering_id, visits in self.visits.items():
            offering, largest = self.offerings[offering_id], defaultdict(lambda: defaultdict(int))
            if offering["category"] != "youth" or offering["planned_hours"] < 200:
                continue
            for visit in visits:
                groups = largest[as_day(visit["visited_on"])]
                groups[visit["group_key"]] = max(groups[visit["group_key"]], visit["headcount"])
            most = max(sum(groups.values()) for groups in largest.values())
            add("group_headcount", offering_id, min(largest), None, most)
        shown = {label: figures(cell, self.pairs, self.documents, Counter()) for label, cell in cells.items()}
        return {label: cell for label, cell in shown.items() if label == "" or any(cell.values())}

    def label(self, by: str, offering: dict[str, Any], on: date, person: int | None, days: tuple[date, date]) -> str:
        provider = self.providers[offering["provider_id"]]
        if by in ("sex", "age", "home") and person is None:
            return NAMES_OF["nameless"]
        if by == "age":
            return self.age(as_day(self.people[person]["birth_on"]), as_day(offering["starts_on"]))
        if by in ("sex", "home"):
            return NAMES_OF[self.people[person]["sex" if by == "sex" else "division_code"] or "unknown"]
        if by == "size":
            planned = offering["planned_hours"]
            return "不足 24 学时" if planned < 2400 else "超过 80 学时" if planned > 8000 else "24–80 学时"
        if by == "month":
            one_year = days[0].year == days[1].year
            return f"{on.month}月" if one_year else f"{on.year}年{on.month}月"
        return {
            "category": NAMES_OF.get(offering["category"]),
            "division": NAMES_OF.get(offering["division_code"]),
            "unit": NAMES_OF.get(provider["division_code"]),
            "provider": provider["name"],
            "course": f"{self.courses[offering['course_id']]['title']}（{provider['name']}）",
            "year": f"{on.year}年",
        }[by]

    def age(self, born: date | None, first_lesson: date) -> str:
        if born is None:
            return NAMES_OF["unknown"]
        years = first_lesson.year - born.year
        if (first_lesson.month, first_lesson.day) < (born.month, born.day):
            years -= 1
        names = ("不满 18 岁", "18–34 岁", "35–49 岁", "50–59 岁", "60–69 岁", "70–79 岁")
        for limit, name in zip((18, 35, 50, 60, 70, 80), names, strict=True):
            if years < limit:
                return name
        return "80 岁及以上"
