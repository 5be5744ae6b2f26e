"""An institution that runs offerings: open university, elderly university, school, centre."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.database import Base, db
from app.models.identity_number import normalise_name
from app.refusal import N_

PROVIDER_NAME_LENGTH = 100
PROVIDER_KINDS: dict[str, str] = {
    "open_university": N_("开放大学"),
    "elderly_university": N_("老年大学"),
    "community_university": N_("社区大学"),
    "vocational_school": N_("职业院校"),
    "county_vocational_centre": N_("职教中心"),
    "community_learning_centre": N_("社区学习中心"),
    "enterprise": N_("企业"),
    "other": N_("其他"),
}
SCHOOLS = ("vocational_school", "county_vocational_centre")  # kinds that report full-time students


class Provider(Base):
    __tablename__ = "provider"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(PROVIDER_NAME_LENGTH))
    name_key: Mapped[str] = mapped_column(String(PROVIDER_NAME_LENGTH), unique=True)
    kind: Mapped[str] = mapped_column(String(30), default="other")
    division_code: Mapped[str] = mapped_column(String(6), default="220200")
    address: Mapped[str] = mapped_column(String(200), default="")
    telephone: Mapped[str] = mapped_column(String(30), default="")
    is_demo: Mapped[bool] = mapped_column(default=False)

    @validates("name")
    def _keep_key(self, _: str, name: str) -> str:
        self.name_key = normalise_name(name)
        return name

    @classmethod
    def named(cls, name: str) -> Provider | None:
        """The provider of that name, compared half-width and without blanks."""
        return db.session.scalar(db.select(cls).where(cls.name_key == normalise_name(name)))
