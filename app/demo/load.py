"""Loads the demo, an offering at a time, through the verbs that real sign-ups and rolls go through."""

from __future__ import annotations

import csv
import json
import os
import secrets
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from app import sealing
from app.clock import instant
from app.database import db, writing
from app.demo.decisions import call_backs, decisions, enter_in_one_evening
from app.demo.people import Human, invent
from app.demo.registers import come_in_groups, lists_and_programmes, wait_for_the_rest
from app.demo.targets import plan_and_reports
from app.models import Account, Certificate, Course, GroupVisit, Offering, Person, Provider
from app.models.account import AT_AN_INSTITUTION, hash_password
from app.models.identity_number import normalise_name
from app.models.person import mobile_index, settle_identities
from app.models.scheduling import schedule
from app.models.timetable import weekly
from app.search_words import note_search_words

HERE = Path(__file__).parent
SEED = 20221122
TELEPHONE = "0432-12345678"
# Pupils who came in groups without names; 2,000 and 5,000 lie exactly on lines of the plan.
NAMELESS = {-5: 640, -4: 1180, -3: 1530, -2: 2000, -1: 5000, 0: 3260}
BOOKED = 3  # groups of this year that came by a booking and not by a ledger
SIGNERS = {
    "resident": "王演示秀英",
    "trainer": "沈演示老师",
    "clerk": "李演示教务",
    "officer": "张演示科长",
    "reviewer": "何演示审核",
    "head": "吕演示校长",
    "reader": "施演示科员",
}
SIGN_INS = "demo-sign-ins.json"
_RENAMED = {"bureau": "officer"}  # in a file that was written before the bureau had two roles


def is_empty() -> bool:
    """Nothing has been put into this registry yet."""
    return db.session.scalar(db.select(Provider.id).limit(1)) is None


def sign_ins(instance: Path) -> list[tuple[str, str, str]]:
    """Role, mobile and password of the demo accounts, or nothing when no demo was loaded."""
    path = instance / SIGN_INS
    kept = json.loads(path.read_text()) if path.exists() else []
    return [(_RENAMED.get(role, role), mobile, password) for role, mobile, password in kept]


def load(today: date, instance: Path, say: Callable[[str], None]) -> None:
    """Fill an empty registry, wholly or not at all; ``say`` is told of the progress.

    Passwords are made anew and kept in ``instance``.
    """
    with writing():
        made = _Load(today, say).all()
    handle = os.open(instance / SIGN_INS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(made, file)


class _Load:
    def __init__(self, today: date, say: Callable[[str], None]) -> None:
        self.today, self.say = today, say
        self.random = Random(SEED)  # noqa: S311 - invented people, not secrets
        self.humans = invent(self.random)
        self.courses: list[tuple[dict[str, str], Course]] = []
        self.trainers: dict[int, Account] = {}
        self.numbers: dict[tuple[int, int], int] = {}

    def all(self) -> list[tuple[str, str, str]]:
        self.catalogue()
        made = self.accounts()
        for back in range(5, -1, -1):
            self.year(self.today.year - back)
            self.say(f"{self.today.year - back} 年已载入")
        self.groups()
        self.activities()
        plan_and_reports(self.today)
        lists_and_programmes(self.today)
        self.running()
        self.upcoming()
        settle_identities(db.session.scalars(db.select(Person.id)))
        (officer,) = (Account.with_mobile(mobile) for role, mobile, _ in made if role == "officer")
        assert officer is not None
        decisions(officer, self.today)
        call_backs(officer, self.today)
        self.say("即将开班的班次已载入")
        return made

    def catalogue(self) -> None:
        session = db.session
        providers = {}
        for row in _table("providers.csv"):
            providers[row["name"]] = Provider(**row, telephone=TELEPHONE, is_demo=True)
        session.add_all(providers.values())
        session.flush()
        for row in _table("courses.csv"):
            course = Course(
                provider=providers[row["provider"]],
                title=f"{row['title']}（演示）",
                summary=row["summary"],
                audience=row["audience"],
                is_demo=True,
            )
            session.add(course)
            self.courses.append((row, course))

    def accounts(self) -> list[tuple[str, str, str]]:
        made, hidden = [], hash_password(secrets.token_urlsafe(24))
        at = instant(self.today, time(8))
        session = db.session
        for number, provider in enumerate(session.scalars(db.select(Provider).order_by(Provider.id))):
            trainer = _account(f"{'赵钱孙李周吴郑王冯陈褚卫'[number]}演示老师", f"1390000{9100 + number}", hidden, at)
            trainer.grant("trainer", at, provider)
            self.trainers[provider.id] = trainer
        desk = session.get_one(Provider, 1)
        for number, role in enumerate(SIGNERS):
            password = f"{secrets.choice(('songhua', 'wusong', 'beishan', 'longtan'))}-{secrets.token_hex(4)}"
            mobile = f"1390000{9000 + number}"
            account = _account(SIGNERS[role], mobile, hash_password(password), at)
            account.grant(role, at, desk if role in AT_AN_INSTITUTION else None)
            if role == "trainer":
                self.trainers[desk.id] = account
            if role == "resident":
                self.family(account, at)
            made.append((role, mobile, password))
        return made

    def family(self, account: Account, at: datetime) -> None:
        """The demo resident: what she told of herself, and the mother she looks after."""
        (herself,) = account.own_selves()
        herself.sex, herself.birth_on = "female", date(1961, 5, 4)
        mother = Person(name="刘演示桂兰", sex="female", birth_on=date(1938, 9, 12), made_at=at, is_demo=True)
        db.session.add(mother)
        db.session.flush()
        account.look_after(mother, "family")

    def year(self, year: int) -> None:
        """Every other course ran, in spring or autumn; whatever would end after today is left to `running`."""
        for index, (row, course) in enumerate(self.courses):
            if (index + year) % 2 or row["category"] == "youth":
                continue
            first_on = date(year, 3 if index % 3 else 8, 1) + timedelta(self.random.randrange(28))
            offering = self.offering(row, course, first_on, year)
            if offering is None:
                continue
            self.fill(offering, row["category"], self.random.randint(7, 13))
            if year == self.today.year - 1 and index % 24 == year % 2:
                enter_in_one_evening(offering, offering.lessons[0].roster())
            else:
                self.take_rolls(offering)
            self.finish(offering, row)

    def offering(self, row: dict[str, str], course: Course, first_on: date, year: int) -> Offering | None:
        """An offering with its lessons, published; None when it would not be over by today."""
        meetings = self.meetings(row, first_on)
        if year <= self.today.year and first_on <= self.today <= meetings[-1][0]:
            return None
        return self.open(course, row, meetings)

    def meetings(self, row: dict[str, str], first_on: date) -> list[tuple[date, time, time]]:
        """Lessons of two class hours (four in long courses), weekly or twice a week."""
        hours = Decimal(row["hours"])
        long = hours >= 40
        per_lesson = min(hours, Decimal(4) if long else Decimal(2))
        starts = (13, 14) if row["category"] == "youth" else (8, 9, 13, 14, 18)
        begins = time(self.random.choice(starts), self.random.choice((0, 30)))
        minutes = begins.hour * 60 + begins.minute + int(per_lesson * 45)
        ends = time(minutes // 60, minutes % 60)
        days = {first_on.weekday(), (first_on.weekday() + 2) % 7} if hours > 16 else {first_on.weekday()}
        return weekly(first_on, days, begins, ends, int(hours / per_lesson))

    def open(self, course: Course, row: dict[str, str], meetings: list[tuple[date, time, time]]) -> Offering:
        provider, first_on = course.provider, meetings[0][0]
        key = (provider.id, first_on.year)
        self.numbers[key] = self.numbers.get(key, 0) + 1
        offering = Offering(
            provider=provider,
            course=course,
            number=f"{first_on.year}-{self.numbers[key]:03d}",
            category=row["category"],
            starts_on=first_on,
            ends_on=meetings[-1][0],
            first_begins_at=instant(first_on, meetings[0][1]),
            last_begins_at=instant(meetings[-1][0], meetings[-1][1]),
            planned_hours=Decimal(row["hours"]),
            division_code=provider.division_code,
            address=provider.address,
            room=f"{self.random.randint(1, 4)}0{self.random.randint(1, 9)} 教室",
            telephone=TELEPHONE,
            capacity=int(row["capacity"]),
            min_age=int(row["min_age"]),
            fee_cents=self.random.choice((0, 0, 0, 0, 6000)) if row["category"] == "elderly" else 0,
            is_demo=True,
        )
        db.session.add(offering)
        db.session.flush()
        schedule(offering, meetings)
        offering.appoint(db.session.get_one(Account, self.trainers[provider.id].id))
        offering.publish(offering.first_begins_at - timedelta(40))
        note_search_words(offering)
        return offering

    def fill(self, offering: Offering, category: str, how_many: int) -> None:
        at = offering.first_begins_at - timedelta(30)
        pool = [h for h in self.humans[category] if _old_enough(h, offering)]
        for human in self.random.sample(pool, min(how_many, len(pool))):
            at += timedelta(minutes=self.random.randint(3, 240))
            at = min(at, offering.first_begins_at - timedelta(hours=1))
            offering.enrol(human.record_at(offering.provider, self.random, at), by=None, at=at, source="clerk")

    def take_rolls(self, offering: Offering) -> None:
        """Every lesson up to yesterday; one in ten never comes, one in fifteen leaves after a while."""
        people = {e.id: self.random.random() for e in offering.lessons[0].roster()}
        for lesson in offering.lessons:
            if lesson.held_on >= self.today:
                break
            said = {e.id: self.said(people[e.id]) for e in lesson.roster() if e.id in people}
            if said:
                at = instant(lesson.held_on, lesson.ends)
                teacher = offering.trainers[0].account
                lesson.take_roll(said, by=teacher, at=at, base_version=lesson.roll_version)
            if lesson is offering.lessons[len(offering.lessons) // 2]:
                for enrolment in lesson.roster():
                    if people.get(enrolment.id, 0) > 0.94:
                        offering.withdraw(enrolment, by=None, at=instant(lesson.held_on, time(20)))

    def said(self, person: float) -> str:
        if person < 0.1:
            return "absent"
        return self.random.choices(("present", "late", "left_early", "leave", "absent"), (84, 4, 2, 5, 5))[0]

    def finish(self, offering: Offering, row: dict[str, str]) -> None:
        for enrolment in offering.lessons[-1].roster():
            if enrolment.first_attended_on is None or self.random.random() < 0.18:
                continue
            if enrolment.withdrawn_at is not None:
                continue  # left after the last lesson began
            enrolment.complete(offering.ends_on, by=None, day=self.today)
            issued_on = offering.ends_on + timedelta(30)
            if row["category"] == "certificate" and issued_on <= self.today and self.random.random() < 0.8:
                name, _, level = row["title"].removeprefix("1+X ").partition("（")
                db.session.add(
                    Certificate(
                        enrolment=enrolment,
                        system="one_plus_x",
                        name=name,
                        level=level.rstrip("）"),
                        number=f"DEMO{enrolment.id:08d}",
                        issued_on=issued_on,
                    )
                )

    def groups(self) -> None:
        """Whole school classes without names, each visit an offering of its own."""
        youth = [(row, course) for row, course in self.courses if row["category"] == "youth"]
        for back, total in NAMELESS.items():
            year, visit = self.today.year + back, 0
            session = db.session
            while total:
                row, course = youth[visit % len(youth)]
                headcount = min(total, 240 + 10 * (visit % 5))
                day = date(year, 4, 1) + timedelta(visit * 5)
                total, visit = total - headcount, visit + 1
                offering = self.open(course, row, self.meetings(row, day)[:1])
                offering.capacity = None
                school = f"第{'一二三四五六七八九'[visit % 9]}小学（演示）"
                if back == 0 and day < self.today and visit <= BOOKED:
                    come_in_groups(offering, school, headcount, self.today)
                    if visit == BOOKED:
                        wait_for_the_rest(offering, self.today)
                    continue
                session.add(
                    GroupVisit(
                        offering=offering,
                        group_name=school,
                        group_key=normalise_name(school),
                        visited_on=day,
                        headcount=headcount,
                        state="completed",
                    )
                )

    def activities(self) -> None:
        """An open day in each of the last years, too short to be training (R15)."""
        provider = db.session.scalars(db.select(Provider).where(Provider.kind == "community_learning_centre")).one()
        course = Course(provider=provider, title="全民终身学习活动周开放日（演示）", is_demo=True)
        db.session.add(course)
        for back in range(3, 0, -1):
            meetings = [(date(self.today.year - back, 10, 28), time(9), time(10))]
            row = {"category": "community", "hours": "1.33", "capacity": "60", "min_age": "18"}
            offering = self.open(course, row, meetings)
            self.fill(offering, "community", 10)
            self.take_rolls(offering)

    def running(self) -> None:
        """The demo trainer teaches today; the roll of a week ago still waits."""
        for title in ("书法（楷书）基础", "太极拳（二十四式）"):
            row, course = next(pair for pair in self.courses if pair[0]["title"] == title)
            first_on = self.today - timedelta(14)
            meetings = weekly(first_on, {first_on.weekday()}, time(9), time(10, 30), 16)
            offering = self.open(course, row, meetings)
            self.fill(offering, row["category"], offering.capacity or 25)
            first = offering.lessons[0]
            said = {e.id: self.said(0.5) for e in first.roster()}
            first.take_roll(
                said, by=offering.trainers[0].account, at=instant(first.held_on, first.ends), base_version=0
            )

    def upcoming(self) -> None:
        """Every course starts again in the coming weeks: some full with a queue, some nearly, one not yet open."""
        for index, (row, course) in enumerate(self.courses):
            first_on = self.today + timedelta(5 + index * 37 % 70)
            offering = self.open(course, row, self.meetings(row, first_on))
            if index % 19 == 7:
                offering.signup_opens_at = instant(self.today + timedelta(3), time(9))
                continue
            capacity = offering.capacity or 30
            taken = capacity + 4 if index % 9 == 4 else capacity - 2 if index % 7 == 3 else capacity * (index % 5) // 7
            self.fill(offering, row["category"], min(taken, 46))


def _account(name: str, mobile: str, password_hash: str, at: datetime) -> Account:
    uid = uuid.uuid4().hex
    account = Account(
        uid=uid,
        name=name,
        mobile_sealed=sealing.sealer().seal(mobile, "account", "mobile", uid),
        mobile_index=mobile_index(mobile),
        password_hash=password_hash,
        made_at=at,
        is_demo=True,
    )
    owner = Person(name=name, mobile=mobile, made_at=at, is_demo=True)
    db.session.add_all([account, owner])
    db.session.flush()
    account.look_after(owner)
    db.session.flush()
    return account


def _old_enough(human: Human, offering: Offering) -> bool:
    age = offering.starts_on.year - human.born.year - 1
    return offering.min_age is None or age >= offering.min_age


def _table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
