"""Institutions that hold an offering together with the one that answers for it (R4)."""

from __future__ import annotations

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, db
from app.models.offering import Offering
from app.models.provider import Provider
from app.refusal import N_, Refusal


class OfferingPartner(Base):
    """The person-times are the holder's; a partner sees that it took part."""

    __tablename__ = "offering_partner"

    offering_id: Mapped[int] = mapped_column(ForeignKey("offering.id"), primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id"), primary_key=True, index=True)

    @classmethod
    def of(cls, offering: Offering) -> list[Provider]:
        """The partners of an offering, by name."""
        mine = select(cls.provider_id).where(cls.offering_id == offering.id)
        return list(db.session.scalars(select(Provider).where(Provider.id.in_(mine)).order_by(Provider.name)))

    @classmethod
    def add(cls, offering: Offering, provider: Provider) -> None:
        """Twice is once. Raises ``partner-is-holder``."""
        offering.lock()
        if provider.id == offering.provider_id:
            raise Refusal("partner-is-holder", N_("开办的机构自己不用再列为合作机构。"))
        if provider not in cls.of(offering):
            db.session.add(cls(offering_id=offering.id, provider_id=provider.id))
            db.session.flush()

    @classmethod
    def remove(cls, offering: Offering, provider_id: int) -> None:
        """Twice is once."""
        offering.lock()
        db.session.execute(delete(cls).where(cls.offering_id == offering.id, cls.provider_id == provider_id))
