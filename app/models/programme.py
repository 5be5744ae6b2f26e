"""A programme that runs across categories: 求学圆梦, 江城工匠学徒班 …: a tag on offerings, with a year of its own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import ForeignKey, String, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.database import Base, db, one_at_a_time
from app.models.identity_number import normalise_name
from app.models.offering import Offering
from app.refusal import N_, Refusal

# What 吉市政办发〔2022〕33号 names; the bureau takes them over with one button and adds others.
NAMED = (
    "求学圆梦", "江城工匠学徒班", "江城工匠文化", "文养", "乡村振兴专项人才培养计划", "县域振兴示范", "1+X社会培训",
    "城乡结对互助", "岗课赛证", "宁波对口合作", "全国职教活动周", "全民终身学习活动周", "全国双创活动周",
)  # fmt: skip


class Programme(Base):
    __tablename__ = "programme"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(String(60), unique=True)
    note: Mapped[str] = mapped_column(String(400), default="")
    ended_on: Mapped[date | None]  # from then on no offering is given it; its years stay

    @validates("name")
    def _keep_key(self, _: str, name: str) -> str:
        self.name_key = normalise_name(name)
        return name.strip()

    @classmethod
    def add(cls, name: str, note: str = "") -> Programme:
        """A further programme; raises ``programme-taken``."""
        one_at_a_time(b"programmes")
        if db.session.scalar(select(cls.id).where(cls.name_key == normalise_name(name))) is not None:
            raise Refusal("programme-taken", N_("已经有这个项目了，不用再加。"))
        row = cls(name=name, note=note.strip())
        db.session.add(row)
        db.session.flush()
        return row

    @classmethod
    def add_named(cls) -> int:
        """Those of the plan that are missing; how many were added."""
        known = set(db.session.scalars(select(cls.name_key)))
        missing = [name for name in NAMED if normalise_name(name) not in known]
        db.session.add_all([cls(name=name) for name in missing])
        db.session.flush()
        return len(missing)

    def end(self, on: date) -> None:
        """No further offering is given it from that day on; what carries it keeps it."""
        self.ended_on = on
        db.session.flush()

    @classmethod
    def open_on(cls, on: date, kept: Collection[int] = ()) -> list[Programme]:
        """Those that an offering may be given on a civil day, and besides those in ``kept``, by name."""
        running = or_(cls.ended_on.is_(None), cls.ended_on > on, cls.id.in_(list(kept)))
        return list(db.session.scalars(select(cls).where(running).order_by(cls.name, cls.id)))

    @classmethod
    def of(cls, offering: Offering) -> list[Programme]:
        """The programmes of an offering, by name."""
        mine = select(OfferingProgramme.programme_id).where(OfferingProgramme.offering_id == offering.id)
        return list(db.session.scalars(select(cls).where(cls.id.in_(mine)).order_by(cls.name, cls.id)))


class OfferingProgramme(Base):
    __tablename__ = "offering_programme"

    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), primary_key=True, index=True)

    @classmethod
    def choose(cls, offering: Offering, programme_ids: Collection[int], on: date) -> None:
        """Let an offering carry exactly these programmes. Raises ``programme-ended`` for a new one that has ended."""
        offering.lock()
        wanted, has = set(programme_ids), {programme.id for programme in Programme.of(offering)}
        if wanted - has - {programme.id for programme in Programme.open_on(on)}:
            raise Refusal("programme-ended", N_("所选的项目已经结束，请去掉它。"))
        db.session.execute(
            delete(cls).where(cls.offering_id == offering.id, cls.programme_id.in_(sorted(has - wanted)))
        )
        db.session.add_all([cls(offering_id=offering.id, programme_id=i) for i in sorted(wanted - has)])
        db.session.flush()
