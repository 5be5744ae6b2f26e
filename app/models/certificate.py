"""A 1+X or 人社 certificate that somebody earned; a provider's own 结业证书 is a completion, not this."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.database import Base, db
from app.models.enrolment import Enrolment
from app.models.identity_number import BLANKS, normalise_number
from app.refusal import N_, Refusal

SYSTEMS: dict[str, str] = {"one_plus_x": N_("1+X"), "hrss": N_("人社")}

NUMBER_LENGTH = 40


class Certificate(Base):
    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("system", "number_key"), Index(None, "issued_on", "enrolment_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), index=True)
    system: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(20), default="")
    number: Mapped[str] = mapped_column(String(NUMBER_LENGTH))
    number_key: Mapped[str] = mapped_column(String(NUMBER_LENGTH))
    issued_on: Mapped[date]  # decides its year (R9)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_batch.id"), index=True)

    enrolment: Mapped[Enrolment] = relationship()

    @validates("number")
    def _keep_key(self, _: str, number: str) -> str:
        self.number_key = normalise_number(number)
        return number

    @classmethod
    def award(
        cls, enrolment: Enrolment, *, system: str, name: str, level: str, number: str, issued_on: date, day: date
    ) -> Certificate:
        """Write down that this learner earned it; the same number of the same person again is the same certificate.

        ``issued_on`` decides its year (R9), ``day`` is today. Raises
        ``certificate-number``, ``certificate-date`` or ``certificate-taken``.
        """
        key = normalise_number(number)
        if not key:
            raise Refusal("certificate-number", N_("请填证书编号，照证书上的写。"))
        if len(key) > NUMBER_LENGTH:  # upper case can be longer than what was typed: ß is SS
            raise Refusal("certificate-number", N_("证书编号最多 %(most)s 个字，请核对。"), most=NUMBER_LENGTH)
        if not enrolment.offering.starts_on <= issued_on <= day:
            raise Refusal(
                "certificate-date",
                N_("发证日期不能早于开班日期（%(start)s），也不能晚于今天。"),
                start=enrolment.offering.starts_on,
            )
        known = cls.numbered(system, number)
        if known is not None and known.enrolment.person.identity != enrolment.person.identity:
            raise Refusal("certificate-taken", N_("这个证书编号已登记在别人名下，请对照证书核对编号。"))
        if known is not None:
            return known
        certificate = cls(
            enrolment=enrolment, system=system, name=_told(name), level=_told(level), number=number.strip(),
            issued_on=issued_on,
        )  # fmt: skip
        db.session.add(certificate)
        db.session.flush()
        return certificate

    def remove(self) -> None:
        """Written down by mistake."""
        db.session.delete(self)
        db.session.flush()

    @classmethod
    def numbered(cls, system: str, number: str) -> Certificate | None:
        """The certificate of that system and number, compared in the one spelling of numbers."""
        return db.session.scalar(db.select(cls).where(cls.system == system, cls.number_key == normalise_number(number)))


def _told(text: str) -> str:
    """As a ledger reads it, where a lone dash or 无 means nothing: what is exported is accepted back."""
    text = " ".join(text.split())
    return "" if text in BLANKS else text
