"""What the demo's bureau decided, whom it called, and a class that looks as if nobody had been there."""

from __future__ import annotations

from datetime import date, time, timedelta

from app.clock import instant
from app.counts.samples import rows_of
from app.database import db
from app.models import (
    Account,
    CallBack,
    CallBackDraw,
    CandidatePair,
    Enrolment,
    Offering,
    PairDecision,
    Person,
)

SEED = "20221122"
ANSWERS = ("confirmed", "confirmed", "unreached", "confirmed", "denied", "confirmed")
VERDICTS = (("same", "电话核实，两条记录都是本人（演示）"), ("different", "机构查过证件，是同名的两个人（演示）"))


def decisions(officer: Account, today: date) -> None:
    """Of the open pairs one is the same, one is not, and one decision was taken back; the others wait."""
    at = instant(today, time(8))
    pairs = db.session.scalars(
        db.select(CandidatePair).where(CandidatePair.decision.is_(None)).order_by(CandidatePair.a_id).limit(3)
    ).all()
    for pair, (verdict, reason) in zip(pairs, (*VERDICTS, VERDICTS[0]), strict=False):
        made = PairDecision.make(pair, verdict, reason, by=officer, at=at)
    if len(pairs) == 3:
        made.undo("证件号码其实不同，看错了（演示）", by=officer, at=at)


def call_backs(officer: Account, today: date) -> None:
    """Last year's sample, with its first calls."""
    year, at = today.year - 1, instant(today, time(8))
    draw = CallBackDraw.draw(year, SEED, rows_of(year), by=officer, at=at)
    calls = db.session.scalars(
        db.select(CallBack)
        .join(Enrolment, Enrolment.id == CallBack.enrolment_id)
        .join(Person, Person.id == Enrolment.person_id)
        .where(CallBack.draw_id == draw.id, Person.mobile_index.is_not(None))
        .order_by(CallBack.id)
        .limit(len(ANSWERS))
    ).all()
    for call, answer in zip(calls, ANSWERS, strict=False):
        call.reveal(by=officer, at=at)
        call.say(answer, "", by=officer, at=at + timedelta(minutes=3))


def enter_in_one_evening(offering: Offering, people: list[Enrolment]) -> None:
    """All rolls of a term on its last evening, everybody present each time."""
    evening = instant(offering.ends_on, time(20, 30))
    for number, lesson in enumerate(offering.lessons):
        said = {enrolment.id: "present" for enrolment in people}
        at = evening + timedelta(minutes=number)
        teacher = offering.trainers[0].account
        lesson.take_roll(said, by=teacher, at=max(at, lesson.begins_at), base_version=lesson.roll_version)
