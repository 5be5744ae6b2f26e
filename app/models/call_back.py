"""A sample of a year's sign-ups whose learners are called back: were you there?

The draw can be made again by anybody: it depends on its seed and on the
rows alone. What a learner said is never altered; a later call stands on top.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp, db, one_at_a_time
from app.models.account import Account, AccountPerson
from app.models.enrolment import Enrolment
from app.refusal import N_, Refusal

ANSWERS: dict[str, str] = {
    "confirmed": N_("接通，确认上过课"),
    "denied": N_("接通，否认上过课"),
    "unreached": N_("没有接通"),
}
ONE_IN = 10


class CallBackDraw(Base):
    __tablename__ = "call_back_draw"
    __table_args__ = (UniqueConstraint("year", "seed"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    seed: Mapped[str] = mapped_column(String(40))
    drawn_from: Mapped[int]  # sign-ups
    rows_digest: Mapped[bytes] = mapped_column(LargeBinary(32))  # of the rows it was drawn from
    drawn_at: Mapped[datetime] = mapped_column(Stamp)
    drawn_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))

    drawn_by: Mapped[Account] = relationship()

    @classmethod
    def draw(cls, year: int, seed: str, rows: Sequence[tuple[int, int]], *, by: Account, at: datetime) -> CallBackDraw:
        """One in ten of each offering's rows (sign-up, offering), at least one. Raises ``seed-used`` or ``no-rows``."""
        if not rows:
            raise Refusal("no-rows", N_("这一年还没有到过课的报名，没有可抽的。"))
        one_at_a_time(b"call-back draws")
        if db.session.scalar(db.select(cls.id).where(cls.year == year, cls.seed == seed)) is not None:
            raise Refusal("seed-used", N_("这一年已经用种子“%(seed)s”抽过。请换一个，或打开那一次抽样。"), seed=seed)
        made = cls(year=year, seed=seed, drawn_from=len(rows), rows_digest=digest(rows), drawn_at=at, drawn_by_id=by.id)
        db.session.add(made)
        db.session.flush()
        facts = [{"draw_id": made.id, "enrolment_id": row} for row in sample(seed, rows)]
        db.session.execute(db.insert(CallBack.__table__), facts)
        return made

    def differs(self, rows: Sequence[tuple[int, int]]) -> int | None:
        """None when the same seed draws the same sample from these rows; else how many stand in one of them alone."""
        drawn = set(db.session.scalars(db.select(CallBack.enrolment_id).where(CallBack.draw_id == self.id)))
        return len(drawn ^ set(sample(self.seed, rows))) or None


class CallBack(Base):
    __tablename__ = "call_back"
    __table_args__ = (UniqueConstraint("draw_id", "enrolment_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("call_back_draw.id"))
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), index=True)
    answer: Mapped[str | None] = mapped_column(String(10))  # the latest; each stands in call_back_answer

    draw: Mapped[CallBackDraw] = relationship()
    enrolment: Mapped[Enrolment] = relationship()
    answers: Mapped[list[CallBackAnswer]] = relationship(
        back_populates="call_back", order_by="CallBackAnswer.id.desc()"
    )
    reveals: Mapped[list[MobileReveal]] = relationship(order_by="MobileReveal.id.desc()")

    def mobile(self) -> tuple[str, str] | None:
        """The number to call, in clear, and whose: ``own`` or ``family`` (an account that looks after them)."""
        if number := self.enrolment.person.mobile:
            return number, "own"
        keeper = db.session.scalar(
            db.select(Account)
            .join(AccountPerson, AccountPerson.account_id == Account.id)
            .where(AccountPerson.person_id == self.enrolment.person_id)
            .order_by(AccountPerson.id)
            .limit(1)
        )
        return (keeper.mobile, "family") if keeper else None

    def reveal(self, *, by: Account, at: datetime) -> tuple[str, str]:
        """The number in clear, for one call; that it was seen is written down.

        Raises ``answer-first`` while an earlier number that this account saw
        has no answer yet, or ``no-mobile``.
        """
        one_at_a_time(b"reveals of %d" % by.id)
        if (open_one := MobileReveal.unanswered(by)) not in (None, self.id):
            raise Refusal(
                "answer-first",
                N_("您刚看过另一位学员（回访 %(n)s）的号码，还没有登记结果。请先登记那一位，再看下一位。"),
                n=open_one,
            )
        found = self.mobile()
        if found is None:
            raise Refusal("no-mobile", N_("这位学员没有登记手机，也没有家人的号码。请登记为“没有接通”，并写明原因。"))
        db.session.add(MobileReveal(call_back_id=self.id, seen_at=at, seen_by_id=by.id))
        db.session.flush()
        return found

    def say(self, answer: str, note: str, *, by: Account, at: datetime) -> None:
        """Write down what came of a call; an earlier answer stays readable."""
        db.session.refresh(self, with_for_update={"of": CallBack})
        db.session.add(CallBackAnswer(call_back_id=self.id, answer=answer, note=note.strip(), at=at, by_id=by.id))
        self.answer = answer
        db.session.flush()


class CallBackAnswer(Base):
    __tablename__ = "call_back_answer"
    __table_args__ = (CheckConstraint("answer IN ('confirmed', 'denied', 'unreached')", name="answer_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_back_id: Mapped[int] = mapped_column(ForeignKey("call_back.id"), index=True)
    answer: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(Stamp)
    by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))

    call_back: Mapped[CallBack] = relationship(back_populates="answers")
    by: Mapped[Account] = relationship()


class MobileReveal(Base):
    """Somebody of the bureau saw one number in clear: when, and for which call."""

    __tablename__ = "mobile_reveal"
    __table_args__ = (Index(None, "seen_by_id", "call_back_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_back_id: Mapped[int] = mapped_column(ForeignKey("call_back.id"), index=True)
    seen_at: Mapped[datetime] = mapped_column(Stamp)
    seen_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))

    seen_by: Mapped[Account] = relationship()

    @classmethod
    def unanswered(cls, account: Account) -> int | None:
        """The call whose number this account saw last, while nobody has written down an answer since."""
        last = db.session.scalar(db.select(cls).where(cls.seen_by_id == account.id).order_by(cls.id.desc()).limit(1))
        if last is None:
            return None
        answered = db.select(CallBackAnswer.id).where(
            CallBackAnswer.call_back_id == last.call_back_id, CallBackAnswer.at >= last.seen_at
        )
        return None if db.session.scalar(answered.limit(1)) else last.call_back_id


def a_seed() -> str:
    """One that nobody could choose."""
    return secrets.token_hex(4)


def sample(seed: str, rows: Iterable[tuple[int, int]]) -> list[int]:
    """The sign-ups drawn: of each offering the tenth part, rounded up, whose SHA-256 of ``seed:sign-up`` is least."""
    by_offering: dict[int, list[tuple[bytes, int]]] = {}
    for sign_up, offering in rows:
        mark = hashlib.sha256(f"{seed}:{sign_up}".encode()).digest()
        by_offering.setdefault(offering, []).append((mark, sign_up))
    drawn = (sorted(marked)[: -(-len(marked) // ONE_IN)] for marked in by_offering.values())
    return sorted(sign_up for marked in drawn for _, sign_up in marked)


def digest(rows: Iterable[tuple[int, int]]) -> bytes:
    """SHA-256 of the rows in order; the same rows give the same."""
    told = hashlib.sha256()
    for sign_up, offering in sorted(rows):
        told.update(b"%d,%d\n" % (sign_up, offering))
    return told.digest()
