"""A small registry in every state a page can show, behind the production server.

``python -m tests.browser.site FOLDER`` makes it and writes FOLDER/known.json:
each account's cookie and mobile, and the id of each thing that recipes name.
The server then loads ``tests.browser.site:wsgi()``.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.clock import now, today
from app.counts import open_files
from app.counts.samples import rows_of
from app.database import db, writing
from app.models import (
    Account,
    CallBack,
    CallBackDraw,
    CandidatePair,
    Certificate,
    GroupBooking,
    GroupVisit,
    LedgerBatch,
    Observation,
    Offering,
    OfferingProgramme,
    PairDecision,
    Person,
    Programme,
    RegisterEntry,
    ReportedFigure,
    SignIn,
    Target,
)
from app.models.identity_number import normalise_name
from app.models.person import settle_identities
from app.models.register import NAMED
from app.models.rules import CATEGORIES
from app.models.target import load_plan, the_plan
from app.search_words import note_search_words
from app.statement import signing
from app.web.access import TOKEN
from tests.people import a_person, a_provider, a_resident, an_account, an_offering

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = "REGISTRY_BROWSER_FOLDER"
LEARNERS = 40
TITLES = {
    "community": "家庭急救与安全用电（演示）",
    "elderly": "书法入门：从楷书开始（演示）",
    "rural": "黑木耳棚室栽培技术（演示）",
    "certificate": "1+X 老年照护（初级）（演示）",
    "youth": "小学生劳动体验：木工（演示）",
    "workforce": "电工班组安全轮训（演示）",
    "teacher": "教师信息技术应用（演示）",
}


def wsgi() -> Flask:
    """The application that the server of the browser tests loads."""
    return make(Path(os.environ[FOLDER]))


def make(folder: Path) -> Flask:
    return create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'registry.db'}"}, instance=folder)


class Site:
    """Makes the registry, a few lines for each part, and remembers what recipes will name."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.day, self.at = today(), now()
        self.accounts: dict[str, Account] = {}
        self.ids: dict[str, dict[str, int]] = defaultdict(dict)

    def known(self) -> dict[str, Any]:
        sign = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        cookies = {name: sign.dumps({TOKEN: SignIn.begin(account, self.at)}) for name, account in self.accounts.items()}
        mobiles = {name: account.mobile for name, account in self.accounts.items()}
        rules = [(rule.endpoint, rule.rule) for rule in self.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
        return {"cookies": cookies, "mobiles": mobiles, "ids": self.ids, "rules": rules}

    def fill(self) -> None:
        self.providers()
        self.people()
        self.catalogue()
        self.states()
        self.class_of_today()
        self.last_year()
        self.class_of_journeys()
        self.errands()
        self.ledger()
        self.targets()
        settle_identities(db.session.scalars(db.select(Person.id)))
        self.pairs()
        self.registers()
        self.suspicions()
        for offering in db.session.scalars(db.select(Offering)):
            note_search_words(offering)
        open_files.publish(
            self.day.year - 1, open_files.counted(self.day.year - 1), by=self.accounts["bureau"], at=self.at
        )

    def keep(self, kind: str, name: str, thing: Any) -> Any:
        db.session.flush()
        self.ids[kind][name] = thing.id
        return thing

    def providers(self) -> None:
        self.school = self.keep(
            "provider",
            "school",
            a_provider(
                "吉林市老年大学（演示）",
                kind="elderly_university",
                division_code="220204",
                address="船营区解放大路 1 号（演示）",
                telephone="0432-61234567",
            ),
        )
        self.other = self.keep("provider", "other", a_provider("昌邑区社区大学（演示）", kind="community_university"))
        self.empty = self.keep(
            "provider", "empty", a_provider("舒兰市职教中心（演示）", kind="county_vocational_centre")
        )

    def people(self) -> None:
        self.resident, self.herself = a_resident(
            "王演示秀英", birth_on=self.day.replace(year=self.day.year - 68, day=1)
        )
        self.mother = self.keep("person", "mother", a_person("刘演示淑兰", self.resident, "family"))
        self.keep("person", "self", self.herself)
        self.newcomer, _ = a_resident("赵演示明")
        self.trainer = an_account("trainer", self.school, "孙演示老师")
        self.accounts |= {
            "resident": self.resident,
            "newcomer": self.newcomer,
            "trainer": self.trainer,
            # First by name at the school: whoever presses "reset" ends this one's sessions, and nobody else's.
            "reset_trainer": an_account("trainer", self.school, "一演示老师"),
            "idle_trainer": an_account("trainer", self.empty, "吴演示老师"),
            "clerk": an_account("clerk", self.school, "周演示教务"),
            "reviewer": an_account("reviewer", self.school, "褚演示审核"),
            "head": an_account("head", self.school, "卫演示校长"),
            "other_clerk": an_account("clerk", self.other, "尤演示教务"),
            "empty_clerk": an_account("clerk", self.empty, "郑演示教务"),
            "bureau": an_account("officer", name="冯演示"),
            "one_use": an_account("resident", name="陈演示", must_change_password=True),
        }
        for name, account in self.accounts.items():
            self.keep("account", name, account)

    def offering(self, name: str, **facts: Any) -> Offering:
        where = {"telephone": "0432-61234567", "address": "船营区解放大路 1 号（演示）", "room": "301 室"}
        facts = {"provider": self.school, "first_on": self.day + timedelta(10), **where, **facts}
        title = facts.pop("title", f"国画花鸟（{name}）（演示）")
        return self.keep("offering", name, an_offering(title=title, **facts))

    def catalogue(self) -> None:
        """More than one page, each category and time of day."""
        for n, category in enumerate([*CATEGORIES] * 6):
            begins = time((9, 14, 18)[n % 3], 30 if n % 3 == 2 else 0)
            an_offering(
                (self.school, self.other)[n % 2],
                title=f"{TITLES[category]}{n // len(CATEGORIES) + 1} 班",
                category=category,
                first_on=self.day + timedelta(3 + n),
                begins=begins,
                ends=time(begins.hour + 1, 59),
                lessons=2 + n % 4,
                division_code=("220204", "220202", "220283")[n % 3],
                telephone="0432-61234567",
                address="解放大路 1 号（演示）",
                fee_cents=(0, 12000)[n % 2],
                min_age=50 if category == "elderly" else None,
            )

    def states(self) -> None:
        """Open, few left, full with a queue, closed, cancelled, draft; the resident's own rows in them."""
        before, me = self.at - timedelta(2), self.resident
        free = self.offering(
            "free", title="声乐基础（演示）", category="elderly", min_age=50, fee_cents=6000, bring="歌本、水杯"
        )
        self.keep("enrolment", "confirmed", free.enrol(self.herself, by=me, at=before))
        few = self.offering("few", capacity=3)
        left = few.enrol(self.herself, by=me, at=before)
        few.withdraw(left, by=me, at=before)
        self.keep("enrolment", "withdrawn", left)
        few.enrol(a_person(), by=None, at=before)
        full = self.offering("full", capacity=2, title="太极拳（演示）")
        for _ in range(4):
            full.enrol(a_person(), by=None, at=before)
        self.keep("enrolment", "waiting", full.enrol(self.herself, by=me, at=before))
        self.offering("closed", signup_closes_at=self.at - timedelta(1))
        self.offering("not_yet", signup_opens_at=self.at + timedelta(2))
        self.offering("unlimited", capacity=None, mode="online", address="", room="")
        self.offering("draft", published=False)
        self.offering("bare_draft", published=False, lessons=0)
        cancelled = self.offering("cancelled")
        self.keep("enrolment", "of_cancelled", cancelled.enrol(self.mother, by=me, at=before))
        cancelled.cancel("教室装修（演示）", self.at)

    def class_of_today(self) -> None:
        """A class of forty with a lesson last week, whose roll is taken, and one today, whose roll is not."""
        first_on = self.day - timedelta(14)
        offering = self.offering("today", title="太极拳初级（演示）", first_on=first_on,
                                 lessons=5, capacity=LEARNERS + 2, category="elderly")  # fmt: skip
        offering.appoint(self.trainer)
        enrolments = [
            offering.enrol(a_person(mobile=f"1390000{9000 + n}"), by=None, at=self.at - timedelta(30))
            for n in range(LEARNERS)
        ]
        self.keep("enrolment", "learner", enrolments[0])
        self.keep("course", "own", offering.course)
        seen = Observation(lesson=offering.lessons[1], name="马演示大爷", mobile="13900009100", seen_at=self.at,
                           seen_by_id=self.trainer.id)  # fmt: skip
        db.session.add(seen)
        self.keep("observation", "open", seen)
        clash = self.offering("clash", first_on=self.day + timedelta(7), capacity=10)
        clash.appoint(self.trainer)
        for lesson, name in zip(offering.lessons, ("first", "taken", "today", "next"), strict=False):
            self.keep("lesson", name, lesson)
        said = {
            e.id: ("present", "present", "late", "left_early", "leave", "absent")[n % 6]
            for n, e in enumerate(enrolments)
        }
        for lesson in offering.lessons[:2]:
            lesson.take_roll(said, by=self.trainer, at=lesson.begins_at + timedelta(hours=1), base_version=0)

    def class_of_journeys(self) -> None:
        """Things that the journeys change, apart from what recipes look at."""
        self.offering("to_join", title="剪纸窗花（演示）", category="elderly")
        full = self.offering("to_queue", title="葫芦丝（演示）", capacity=1)
        full.enrol(a_person(), by=None, at=self.at - timedelta(1))
        roll = self.offering("roll", title="合唱排练（演示）", first_on=self.day, provider=self.other)
        roll_trainer = an_account("trainer", self.other, "何演示老师")
        roll.appoint(roll_trainer)
        for _ in range(3):
            roll.enrol(a_person(), by=None, at=roll.first_begins_at - timedelta(2))
        self.keep("lesson", "roll", roll.lessons[0])
        self.accounts |= {"roll_trainer": roll_trainer, "queuer": a_resident("蒋演示")[0]}

    def errands(self) -> None:
        """What an errand changes, once for each way to run it, so that neither meets the other."""
        self.workshop = a_provider("龙潭区职教中心（演示）", telephone="0432-61234567")
        leaving = self.offering("to_leave", title="二胡入门（演示）")
        for way in ("keys", "pointer"):
            account, person = a_resident("蒋演示")
            leaving.enrol(person, by=account, at=self.at - timedelta(1))
            self.accounts |= {
                f"leaver_{way}": account,
                f"clerk_{way}": an_account("clerk", self.workshop, "沈演示教务"),
            }
            past = self.offering(
                f"past_{way}",
                title=f"手工皂（{way}）（演示）",
                provider=self.workshop,
                first_on=self.day - timedelta(21),
                lessons=2,
            )
            learner = past.enrol(a_person("许演示"), by=None, at=past.first_begins_at - timedelta(2))
            for lesson in past.lessons:
                lesson.take_roll({learner.id: "present"}, by=None, at=lesson.begins_at, base_version=0)

    def ledger(self) -> None:
        batch = LedgerBatch(
            uid="b" * 32,
            file_name="2025年培训台账（演示）.xlsx",
            file_digest=b"d" * 32,
            provider=self.school,
            made_by=self.accounts["clerk"],
            made_at=self.at,
            worked_at=self.at,
            finished_at=self.at,
            state="done",
            rows_total=120,
            rows_done=120,
        )
        db.session.add(batch)
        self.keep("batch", "done", batch)

    def last_year(self) -> None:
        """Last year and this one: attended, completed, certified, a nameless group, a pair to decide."""
        for n, category in enumerate(CATEGORIES):
            for year in (self.day.year - 1, self.day.year):
                self._past(category, year, n)
        self.ids["year"] |= {"this": self.day.year, "last": self.day.year - 1, "empty": 1999}

    def pairs(self) -> None:
        """Two records of one class of last year, twice: one pair is open, one decided."""
        past = db.session.get_one(Offering, self.ids["offering"]["past"])
        for name in ("open", "decided"):
            facts = {"birth_on": self.day.replace(year=1950, day=1), "keeper_provider_id": self.school.id}
            two = a_person(f"同演示{name[:1]}", mobile="13900007711", **facts), a_person(f"同演示{name[:1]}", **facts)
            settle_identities([person.id for person in two])
            for person in two:
                enrolment = past.enrol(person, by=None, at=past.first_begins_at - timedelta(5))
                enrolment.first_attended_on = past.starts_on
            pair = db.session.scalars(db.select(CandidatePair).where(CandidatePair.a_id == two[0].id)).one()
            for side, person in zip(("one", "other"), two, strict=True):
                self.keep("person", f"{side}_{name}", person)
        decision = PairDecision.make(pair, "same", "电话核实（演示）", by=self.accounts["bureau"], at=self.at)
        self.keep("pair_decision", "same", decision)

    def targets(self) -> None:
        """The plan, a school with each kind of reported figure, one figure that was corrected."""
        load_plan(the_plan(), self.at)
        year, paper = self.day.year - 1, "演示〔2025〕2号"
        school = a_provider("磐石市职教中心（演示）", kind="county_vocational_centre")
        amounts = {"enrolment": "40", "expenditure": "1000000.00", "teaching_money": "299999.99"}
        for kind, value in amounts.items():
            ReportedFigure.report(
                kind, year, Decimal(value), provider=school, document="" if kind == "enrolment" else paper,
                by=self.accounts["bureau"], at=self.at,
            )  # fmt: skip
        of = {"target": Target.coded("T12"), "by": None, "at": self.at}
        first = ReportedFigure.report("target", year, Decimal(1999), document=paper, **of)
        facts = {"document": paper, "reason": "漏报一人（演示）", "by": self.accounts["bureau"], "at": self.at}
        self.keep("figure", "replaced", first)
        self.keep("figure", "corrected", first.correct(Decimal(2000), **facts))
        listed = RegisterEntry.add(
            NAMED["quality_school"], by=None, at=self.at, name=school.name, level="city", year=None,
            provider_id=school.id,
        )  # fmt: skip
        listed.set_state(
            "listed", self.day.replace(year=year, day=1), document=paper, by=None, at=self.at, day=self.day
        )
        Target.coded("T16-3").end(self.day, by=self.accounts["bureau"], at=self.at)

    def registers(self) -> None:
        """Entries with a history, a programme with a year, an activity, groups in each of their states."""
        on, paper = self.day.replace(year=self.day.year - 1, day=1), {"document": "演示〔2025〕5号"}
        said = {"by": self.accounts["bureau"], "at": self.at, "day": self.day}
        facts = {"level": "city", "year": on.year, "by": None, "at": self.at}
        association = RegisterEntry.add(NAMED["association"], name="汽车产业行业协会（演示）", **facts)
        first = association.set_state("preparing", on, **paper, **said)
        wrong = association.set_state("unveiled", on, **paper, **said)
        association.set_state("unveiled", self.day, **paper, **said, note="日期写错（演示）", replaces=wrong)
        gone = RegisterEntry.add(NAMED["association"], name="装备制造行业协会（演示）", **facts)
        gone.set_state("unveiled", on, **paper, **said)
        gone.set_state("dissolved", self.day, **paper, **said)
        star = RegisterEntry.add(NAMED["learning_star"], name="王演示秀英", **facts)
        star.set_state("awarded", on, **paper, **said)
        star.consent(True, on, document_name="同意书（演示）", **said)
        honour = RegisterEntry.add(NAMED["elderly_school"], name=self.school.name, provider_id=self.school.id, **facts)
        honour.set_state("awarded", on, **paper, **said)
        for name, entry in (("association", association), ("star", star)):
            self.keep("entry", name, entry)
        self.keep("state", "first", first)
        week = self.keep("programme", "week", Programme.add("全民终身学习活动周", "演示"))
        for year in (self.day.year - 1, self.day.year):
            OfferingProgramme.choose(
                db.session.get_one(Offering, self.ids["offering"][f"rural-{year}"]), [week.id], self.day
            )
        talk = self.offering(
            "activity", title="社区学习开放日（演示）", first_on=self.day - timedelta(20), lessons=1,
            planned_hours=Decimal("1.5"),
        )  # fmt: skip
        talk.enrol(a_person(), by=None, at=talk.first_begins_at - timedelta(1)).first_attended_on = talk.starts_on
        self._groups(said)

    def _groups(self, said: dict[str, Any]) -> None:
        offering = self.offering(
            "groups", title="职业体验：木工（演示）", category="youth", first_on=self.day - timedelta(15), lessons=1
        )
        offering.appoint(self.accounts["trainer"])
        lesson = self.keep("lesson", "groups", offering.lessons[0])
        for name, heads in (("counted", 42), ("confirmed", 38), ("waiting", None)):
            booking = GroupBooking.book(
                offering, group_name=f"演示小学 {name}", size=40, contact="演示主任", telephone="0432-61230000",
                evidence="演示〔2026〕预约函", by=self.accounts["clerk"], at=offering.first_begins_at - timedelta(9),
            )  # fmt: skip
            self.keep("booking", name, booking)
            if heads is not None:
                booking.count(lesson, heads, by=self.accounts["trainer"], at=lesson.begins_at)
        booking = db.session.get_one(GroupBooking, self.ids["booking"]["confirmed"])
        booking.confirm(self.day, "演示校长", sheet=("签字表.pdf", b"%PDF-1.7 demo"), **said)

    def sign(self, folder: Path) -> None:
        """Last year of the school is signed by its three, and moved afterwards; nobody else has signed. Commits."""
        (year, school) = self.ids["year"]["last"], self.school.id
        clerk, *others = (self.accounts[role] for role in ("clerk", "reviewer", "head"))
        made = signing.draw_up(folder, year, school, by=clerk, at=self.at, day=self.day)
        for account in others:
            signing.sign(folder, made.id, made.digest.hex(), by=account, at=self.at)
        with writing():
            past = db.session.get_one(Offering, self.ids["offering"][f"rural-{year}"])
            late = past.enrol(a_person("迟演示"), by=None, at=past.first_begins_at - timedelta(5))
            late.first_attended_on = past.starts_on

    def suspicions(self) -> None:
        """A class of this year whose rolls were all entered today, everybody present; and calls about last year."""
        first_on = self.day - timedelta(35)
        offering = self.offering("suspect", title="剪纸（演示）", first_on=first_on, lessons=5, category="elderly")
        rows = [offering.enrol(a_person(), by=None, at=offering.first_begins_at - timedelta(5)) for _ in range(6)]
        for lesson in offering.lessons:
            said = {row.id: "present" for row in rows}
            lesson.take_roll(said, by=self.trainer, at=self.at, base_version=lesson.roll_version)
        year, officer = self.day.year - 1, self.accounts["bureau"]
        draw = self.keep(
            "call_back_draw", "done", CallBackDraw.draw(year, "8231", rows_of(year), by=officer, at=self.at)
        )
        calls = db.session.scalars(db.select(CallBack).where(CallBack.draw_id == draw.id).order_by(CallBack.id)).all()
        for call in calls:
            call.enrolment.person.mobile = call.enrolment.person.mobile or "13900007799"
        self.keep("call_back", "first", calls[0])
        for call, answer in zip(calls[1:4], ("confirmed", "denied", "unreached"), strict=True):
            self.keep("call_back", "answered", call)
            call.reveal(by=officer, at=self.at)
            call.say(answer, "演示备注", by=officer, at=self.at)

    def _past(self, category: str, year: int, n: int) -> None:
        first_on = self.day.replace(year=year, month=1, day=6)
        title = f"{TITLES[category]}{year}"
        offering = self.offering(f"{category}-{year}", category=category, title=title, first_on=first_on, lessons=2)
        if offering.last_begins_at >= self.at:
            return
        signed = offering.first_begins_at - timedelta(5)
        people = [a_person(birth_on=self.day.replace(year=1950 + n, month=5, day=1)) for _ in range(4)]
        rows = [offering.enrol(person, by=None, at=signed) for person in people]
        for lesson in offering.lessons:
            said = {row.id: "present" if i < 3 else "absent" for i, row in enumerate(rows)}
            lesson.take_roll(said, by=None, at=lesson.begins_at + timedelta(hours=1), base_version=0)
        rows[0].complete(offering.ends_on, by=None, day=self.day)
        self.keep("enrolment", "completed", rows[0])
        self.keep("offering", "past", offering)
        db.session.add(Certificate(enrolment=rows[0], system="one_plus_x", name="老年照护（演示）", level="初级",
                                   number=f"YS{year}{n:04d}", issued_on=offering.ends_on))  # fmt: skip
        if category == "youth":
            self.keep("offering", "with_group", offering)
            group = "第七小学（演示）"
            db.session.add(GroupVisit(offering=offering, group_name=group, group_key=normalise_name(group),
                                      visited_on=offering.starts_on, headcount=113, state="已登记"))  # fmt: skip


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    app = make(folder)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        with writing():
            site = Site(app)
            site.fill()
        site.sign(folder / signing.FOLDER)
        with writing():
            facts = site.known()
    (folder / "known.json").write_text(json.dumps(facts, ensure_ascii=False))
