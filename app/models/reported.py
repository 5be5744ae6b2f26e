"""A figure that an institution or the bureau reports with a document: what no roll call can tell.

Corrected by a new row; the old one is kept, with who corrected it, when and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Select, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Exact, Stamp, db, one_at_a_time
from app.models.account import Account
from app.models.provider import Provider
from app.models.target import Target
from app.refusal import N_, Refusal

DOCUMENT_LENGTH, REASON_LENGTH = 120, 200


@dataclass(frozen=True)
class Kind:
    """What a reported figure tells: its name, its unit, and of whom it is told."""

    label: str
    unit: str = ""  # empty: the target's own
    of_provider: bool = True  # else of the city, or of a provider where one is named
    of_target: bool = False
    whole: bool = False


KINDS: dict[str, Kind] = {
    "enrolment": Kind(N_("全日制在校生（9 月 1 日）"), N_("人"), whole=True),
    "own_students": Kind(N_("本校全日制学生的培训人次"), N_("人次"), whole=True),
    "expenditure": Kind(N_("学校当年支出"), N_("元")),
    "teaching_money": Kind(N_("教学经费"), N_("元")),
    "practice_money": Kind(N_("实习实训经费"), N_("元")),
    "candidates": Kind(N_("1+X 参加考核"), N_("人"), of_provider=False, whole=True),
    "passes": Kind(N_("1+X 考核通过"), N_("人"), of_provider=False, whole=True),
    "target": Kind(N_("指标的全年数"), of_provider=False, of_target=True),
    "besides": Kind(N_("指标的数，只算登记册以外的"), of_provider=False, of_target=True),
}


class ReportedFigure(Base):
    __tablename__ = "reported_figure"
    __table_args__ = (
        Index(
            "uq_reported_figure_current",
            "slot",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(None, "kind", "year"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"), index=True)  # nobody: the city
    target_id: Mapped[int | None] = mapped_column(ForeignKey("target.id"), index=True)
    year: Mapped[int]
    as_of: Mapped[date | None]  # enrolment stands on 1 September (R18)
    value: Mapped[Decimal] = mapped_column(Exact)
    document: Mapped[str] = mapped_column(String(DOCUMENT_LENGTH), default="")  # empty: flagged wherever it is used
    slot: Mapped[str] = mapped_column(String(60))  # one current figure for each kind, institution, target and year
    reported_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reported_at: Mapped[datetime] = mapped_column(Stamp)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("reported_figure.id"), index=True)
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH), default="")  # why it corrects the one before
    replaced_at: Mapped[datetime | None] = mapped_column(Stamp)
    is_demo: Mapped[bool] = mapped_column(default=False)

    provider: Mapped[Provider | None] = relationship()
    target: Mapped[Target | None] = relationship()
    reported_by: Mapped[Account | None] = relationship()

    @classmethod
    def report(
        cls,
        kind: str,
        year: int,
        value: Decimal,
        *,
        provider: Provider | None = None,
        target: Target | None = None,
        document: str = "",
        by: Account | None,
        at: datetime,
        is_demo: bool = False,
    ) -> ReportedFigure:
        """Raises ``figure-provider``, ``figure-target``, ``figure-known``, ``figure-negative`` or ``figure-whole``."""
        of = KINDS[kind]
        if of.of_provider and provider is None:
            raise Refusal("figure-provider", N_("这种数是一所机构的，请选机构。"))
        if of.of_target and target is None:
            raise Refusal("figure-target", N_("这种数属于一个指标，请选指标。"))
        target = target if of.of_target else None
        _refuse_odd(of, value)
        slot = f"{kind}/{year}/{provider.id if provider else ''}/{target.id if target else ''}"
        one_at_a_time(slot.encode())
        if db.session.scalar(db.select(cls.id).where(cls.slot == slot, cls.replaced_at.is_(None))) is not None:
            raise Refusal("figure-known", N_("这个数已经报过了。要改，请在名单里打开它，填更正。"))
        figure = cls(
            kind=kind, year=year, value=value, provider=provider, target=target, document=document.strip(),
            as_of=date(year, 9, 1) if kind == "enrolment" else None, slot=slot, reported_by_id=by and by.id,
            reported_at=at, is_demo=is_demo,
        )  # fmt: skip
        db.session.add(figure)
        db.session.flush()
        return figure

    def correct(self, value: Decimal, *, document: str, reason: str, by: Account, at: datetime) -> ReportedFigure:
        """A new row in its place; this one stays. Raises ``figure-corrected``, ``figure-same`` or as `report`."""
        db.session.refresh(self, with_for_update={"of": ReportedFigure})
        if self.replaced_at is not None:
            raise Refusal("figure-corrected", N_("这个数已经被更正过，请打开最新的一行再改。"))
        if (value, document.strip()) == (self.value, self.document):
            raise Refusal("figure-same", N_("数和依据都没有变，不用更正。"))
        _refuse_odd(KINDS[self.kind], value)
        self.replaced_at = at
        db.session.flush()  # before the new row: one current figure in a place
        figure = ReportedFigure(
            kind=self.kind, year=self.year, value=value, provider_id=self.provider_id, target_id=self.target_id,
            document=document.strip(), as_of=self.as_of, slot=self.slot, reported_by_id=by.id, reported_at=at,
            corrects_id=self.id, reason=reason.strip(), is_demo=self.is_demo,
        )  # fmt: skip
        db.session.add(figure)
        db.session.flush()
        return figure

    @classmethod
    def current(cls) -> Select[ReportedFigure]:
        """The figures that stand, as a statement to narrow."""
        return db.select(cls).where(cls.replaced_at.is_(None))

    def history(self) -> list[ReportedFigure]:
        """All that was ever reported in its place, the latest first."""
        cls = ReportedFigure
        return list(db.session.scalars(db.select(cls).where(cls.slot == self.slot).order_by(cls.id.desc())))

    @property
    def unit(self) -> str:
        return KINDS[self.kind].unit or (self.target.unit if self.target else "")


def _refuse_odd(of: Kind, value: Decimal) -> None:
    if value < 0:
        raise Refusal("figure-negative", N_("这个数不能小于 0，请核对。"))
    if of.whole and value != value.to_integral_value():
        raise Refusal("figure-whole", N_("人数和人次是整数，请核对。"))
