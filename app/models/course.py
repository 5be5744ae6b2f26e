"""A catalogue entry: what can be learnt. Its runs are offerings."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.database import Base, db
from app.models.identity_number import normalise_name
from app.models.provider import Provider
from app.refusal import N_, Refusal


class Course(Base):
    __tablename__ = "course"
    __table_args__ = (UniqueConstraint("provider_id", "title_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id"))
    title: Mapped[str] = mapped_column(String(120))
    title_key: Mapped[str] = mapped_column(String(120))
    summary: Mapped[str] = mapped_column(Text, default="")
    audience: Mapped[str] = mapped_column(String(120), default="")  # 对象, in words: 零基础, 村医 …
    is_demo: Mapped[bool] = mapped_column(default=False)

    provider: Mapped[Provider] = relationship()

    @validates("title")
    def _keep_key(self, _: str, title: str) -> str:
        self.title_key = normalise_name(title)
        return title

    @classmethod
    def titled(cls, provider: Provider, title: str) -> Course | None:
        """That provider's course of that title, compared half-width and without blanks."""
        return db.session.scalar(
            db.select(cls).where(cls.provider_id == provider.id, cls.title_key == normalise_name(title))
        )

    @classmethod
    def offer(cls, provider: Provider, *, title: str, summary: str, audience: str) -> Course:
        """A new entry in the provider's catalogue; raises ``title-taken``."""
        course = cls(provider=provider, title="")
        with db.session.no_autoflush:
            course.describe(title=title, summary=summary, audience=audience)
        db.session.add(course)
        db.session.flush()
        return course

    def describe(self, *, title: str, summary: str, audience: str) -> None:
        """Raises ``title-taken``: a provider's titles are unique, since the ledger finds a course by its title."""
        other = Course.titled(self.provider, title)
        if other is not None and other is not self:
            raise Refusal("title-taken", N_("本机构已有同名的课程，请直接用它，或换一个名称。"))
        self.title, self.summary, self.audience = title.strip(), summary.strip(), audience.strip()
