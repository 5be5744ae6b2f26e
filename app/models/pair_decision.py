"""The bureau's word on a candidate pair: one human being, or two; who said so, when and why, and what was taken back.

A decision is never deleted and changes no record: it is one more thing from
which `settle_identities` finds who is the same as whom. Taken back, it is
left out, and what is found is what stood before it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp, db, one_at_a_time
from app.models.account import Account
from app.models.enrolment import Enrolment
from app.models.offering import Offering
from app.models.person import IDENTITIES, CandidatePair, Person, settle_identities
from app.refusal import N_, Refusal

VERDICTS: dict[str, str] = {"same": N_("是同一人"), "different": N_("不是同一人")}


class PairDecision(Base):
    __tablename__ = "pair_decision"
    __table_args__ = (
        CheckConstraint("a_id < b_id", name="ordered"),
        CheckConstraint("verdict IN ('same', 'different')", name="verdict_known"),
        CheckConstraint("(undone_at IS NULL) = (undone_by_id IS NULL)", name="undone_whole"),
        Index(None, "a_id", "b_id"),
        Index(None, "b_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    a_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    b_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    verdict: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime] = mapped_column(Stamp)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    undone_at: Mapped[datetime | None] = mapped_column(Stamp)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    undo_reason: Mapped[str] = mapped_column(String(200), default="")

    a: Mapped[Person] = relationship(foreign_keys=[a_id])
    b: Mapped[Person] = relationship(foreign_keys=[b_id])
    decided_by: Mapped[Account] = relationship(foreign_keys=[decided_by_id])
    undone_by: Mapped[Account | None] = relationship(foreign_keys=[undone_by_id])

    @classmethod
    def make(cls, pair: CandidatePair, verdict: str, reason: str, *, by: Account, at: datetime) -> PairDecision:
        """Decide an open pair (R20). Raises ``reason-needed`` or ``pair-settled``."""
        if not reason.strip():
            raise Refusal("reason-needed", N_("请写明依据，例如“电话核实，两条记录都是他本人”。"))
        queues = _queues_of(pair.a_id, pair.b_id)
        one_at_a_time(IDENTITIES)
        stands = db.session.get(CandidatePair, (pair.a_id, pair.b_id), populate_existing=True)
        if stands is None or stands.decision is not None:
            raise Refusal("pair-settled", N_("这一对刚才已经有人判定，或者不再是疑似重复。请回到列表看最新的情况。"))
        decision = cls(
            a_id=pair.a_id, b_id=pair.b_id, verdict=verdict, reason=reason.strip(), decided_at=at, decided_by_id=by.id
        )
        db.session.add(decision)
        stands.decision, stands.decided_at, stands.decided_by_id = verdict, at, by.id
        _settle_anew([pair.a_id, pair.b_id], queues, at)
        return decision

    @classmethod
    def of(cls, a_id: int, b_id: int) -> list[PairDecision]:
        """All that was ever decided of two records, the latest first."""
        return list(
            db.session.scalars(db.select(cls).where(cls.a_id == a_id, cls.b_id == b_id).order_by(cls.id.desc()))
        )

    @property
    def holds(self) -> bool:
        """Do the records stand as it says? Two documents of one type since then, and it waits (R20)."""
        return self.undone_at is None and (self.a.identity == self.b.identity) is (self.verdict == "same")

    def undo(self, reason: str, *, by: Account, at: datetime) -> None:
        """Take it back: everything stands as if it had never been decided. Raises ``reason-needed`` or
        ``already-undone``."""
        if not reason.strip():
            raise Refusal("reason-needed", N_("请写明为什么撤销，例如“核对证件后发现是两个人”。"))
        queues = _queues_of(self.a_id, self.b_id)
        one_at_a_time(IDENTITIES)
        db.session.refresh(self, with_for_update={"of": PairDecision})
        if self.undone_at is not None:
            raise Refusal("already-undone", N_("这个判定已经撤销过了。"))
        self.undone_at, self.undone_by_id, self.undo_reason = at, by.id, reason.strip()
        pair = db.session.get_one(CandidatePair, (self.a_id, self.b_id))
        pair.decision = pair.decided_at = pair.decided_by_id = None
        _settle_anew(_records_of(self.a_id, self.b_id), queues, at)


def _records_of(*ids: int) -> list[int]:
    """Every record of the human beings behind these, as they stand."""
    identities = db.session.scalars(db.select(Person.identity_of()).where(Person.id.in_(ids)))
    return [row for identity in identities.all() for row in db.session.scalars(Person.ids_of(identity))]


def _queues_of(*ids: int) -> list[Offering]:
    """The offerings in which these wait, locked in the order of their ids and before the identities."""
    waiting = db.select(Enrolment.offering_id).where(Enrolment.person_id.in_(_records_of(*ids)), Enrolment.is_waiting())
    return Offering.all_under_lock(sorted(set(db.session.scalars(waiting))))


def _settle_anew(ids: list[int], queues: list[Offering], at: datetime) -> Any:
    db.session.flush()
    settle_identities(ids)
    db.session.expire_all()  # pairs beside this one may be gone, or stand again
    for offering in queues:
        offering.promote(at)  # who is no longer one with its trainer may have become eligible (R2)
