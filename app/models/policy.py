"""A policy document whose targets the bureau answers for: number, title, issuer, date."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, db, one_at_a_time
from app.refusal import N_, Refusal

NUMBER_LENGTH, TITLE_LENGTH, ISSUER_LENGTH = 60, 200, 60


class PolicyDocument(Base):
    __tablename__ = "policy_document"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(NUMBER_LENGTH), unique=True)  # 吉市政办发〔2022〕33号
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    issuer: Mapped[str] = mapped_column(String(ISSUER_LENGTH), default="")
    issued_on: Mapped[date | None]

    @classmethod
    def every(cls) -> list[PolicyDocument]:
        """The latest first."""
        return list(db.session.scalars(db.select(cls).order_by(cls.issued_on.desc(), cls.id.desc())))

    @classmethod
    def numbered(cls, number: str) -> PolicyDocument | None:
        return db.session.scalar(db.select(cls).where(cls.number == number.strip()))

    @classmethod
    def add(cls, *, number: str, title: str, issuer: str, issued_on: date | None) -> PolicyDocument:
        """A document that targets can come from; raises ``document-known``."""
        one_at_a_time(b"policies")
        if cls.numbered(number) is not None:
            raise Refusal("document-known", N_("这份文件已经登记过了，请直接选它。"))
        document = cls(number=number.strip(), title=title.strip(), issuer=issuer.strip(), issued_on=issued_on)
        db.session.add(document)
        db.session.flush()
        return document
