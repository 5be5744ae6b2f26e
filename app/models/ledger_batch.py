"""A ledger that was loaded: its rows staged (sealed), what each did, and how to take it back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp
from app.models.account import Account
from app.models.provider import Provider
from app.refusal import N_, Refusal

# staging → checked → loading → done; checked → dropped; loading or done → undoing → undone
BATCH_STATES: dict[str, str] = {
    "staging": N_("正在检查"),
    "checked": N_("等您确认"),
    "loading": N_("正在登记"),
    "done": N_("已登记"),
    "dropped": N_("已放弃"),
    "undoing": N_("正在撤销"),
    "undone": N_("已撤销"),
}
AT_WORK = ("staging", "loading", "undoing")
SILENCE = timedelta(seconds=60)  # after which whoever worked on a batch is taken for dead


class LedgerBatch(Base):
    __tablename__ = "ledger_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    file_name: Mapped[str] = mapped_column(String(200))
    file_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"))  # a clerk's; empty: the command's
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(Stamp)
    state: Mapped[str] = mapped_column(String(10))  # a key of BATCH_STATES
    worked_at: Mapped[datetime] = mapped_column(Stamp)  # the last sign of life of whoever works on it
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_refused: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    summary: Mapped[str] = mapped_column(Text, default="{}")  # JSON of counts: what would happen, what happened
    finished_at: Mapped[datetime | None] = mapped_column(Stamp)
    undone_at: Mapped[datetime | None] = mapped_column(Stamp)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    provider: Mapped[Provider | None] = relationship()
    made_by: Mapped[Account | None] = relationship(foreign_keys=[made_by_id])

    def is_stuck(self, at: datetime) -> bool:
        """Half-way, and nobody is working on it."""
        return self.state in AT_WORK and at - self.worked_at > SILENCE

    def refuse_if_at_work(self, at: datetime) -> None:
        """Raises ``batch-at-work`` while somebody is busy with it and alive."""
        if self.state in AT_WORK and not self.is_stuck(at):
            raise Refusal("batch-at-work", N_("这一批正在处理，现在不能撤销。请等它做完；停住一分钟以上也可以撤销。"))

    @classmethod
    def at_work(cls) -> Any:
        """Half-way, as a condition for queries: figures are moving while one is."""
        return cls.state.in_(AT_WORK[1:])

    @property
    def counts(self) -> dict[str, Any]:
        """``summary``, read."""
        return json.loads(self.summary)


class LedgerRow(Base):
    """One staged row. The cells are sealed as a whole: they hold names and numbers."""

    __tablename__ = "ledger_row"

    batch_id: Mapped[int] = mapped_column(ForeignKey("ledger_batch.id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True)  # as the spreadsheet shows it
    cells_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    column: Mapped[str] = mapped_column(String(40), default="")  # of a refusal
    refusal_code: Mapped[str] = mapped_column(String(40), default="")
    refusal: Mapped[str] = mapped_column(Text, default="")


class LedgerChange(Base):
    """One thing that a batch made or altered, with what stood there before: the trace, and the way back."""

    __tablename__ = "ledger_change"
    __table_args__ = (Index(None, "batch_id", "id"), Index(None, "table_name", "row_key"))

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("ledger_batch.id"))
    row_number: Mapped[int]
    table_name: Mapped[str] = mapped_column(String(30))
    row_key: Mapped[str] = mapped_column(String(40))
    before: Mapped[str | None] = mapped_column(Text)  # JSON of the altered columns; empty: the row was made
    after: Mapped[str] = mapped_column(Text, default="")
    undone: Mapped[bool] = mapped_column(default=False)
