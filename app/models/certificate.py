"""A 1+X or 人社 certificate that somebody earned; a provider's own 结业证书 is a completion, not this."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.database import Base
from app.models.enrolment import Enrolment
from app.models.identity_number import normalise_number
from app.refusal import N_

SYSTEMS: dict[str, str] = {"one_plus_x": N_("1+X"), "hrss": N_("人社")}


class Certificate(Base):
    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("system", "number_key"), Index(None, "issued_on", "enrolment_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), index=True)
    system: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(20), default="")
    number: Mapped[str] = mapped_column(String(40))
    number_key: Mapped[str] = mapped_column(String(40))
    issued_on: Mapped[date]  # decides its year (R9)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_batch.id"), index=True)

    enrolment: Mapped[Enrolment] = relationship()

    @validates("number")
    def _keep_key(self, _: str, number: str) -> str:
        self.number_key = normalise_number(number)
        return number
