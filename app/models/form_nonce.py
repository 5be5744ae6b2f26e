"""A form that was sent: a double click, a retry or the back button is the same sending."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app import sealing
from app.database import Base, Stamp, db
from app.refusal import N_, Refusal

KEPT = timedelta(7)  # longer than anybody leaves a page open and still means the same sign-up


class FormNonce(Base):
    __tablename__ = "form_nonce"

    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    payload: Mapped[bytes] = mapped_column(LargeBinary(32))
    outcome: Mapped[str] = mapped_column(String(200), default="")  # where the first sending led
    sent_at: Mapped[datetime] = mapped_column(Stamp)

    @classmethod
    def answered(cls, nonce: str, account_id: int, payload: str) -> str | None:
        """Where this very form led when it was first sent, or None when it is new.

        Raises ``nonce-reused`` when the nonce came with other content or from
        someone else.
        """
        seen = db.session.get(cls, nonce)
        if seen is None:
            return None
        if seen.account_id != account_id or seen.payload != _digest(payload):
            raise Refusal("nonce-reused", N_("这张表已经用别的内容交过。请重新打开页面再填一次。"))
        return seen.outcome

    @classmethod
    def remember(cls, nonce: str, account_id: int, payload: str, outcome: str, at: datetime) -> None:
        """Only one sending can: the nonce is the key of the table."""
        row = {"nonce": nonce, "account_id": account_id, "payload": _digest(payload), "outcome": outcome, "sent_at": at}
        db.session.execute(_REMEMBER, row)


_REMEMBER = db.insert(FormNonce.__table__)


def _digest(payload: str) -> bytes:
    # Keyed: a payload holds names and mobiles, and eleven digits are soon guessed from a plain hash.
    return sealing.sealer().index(payload, "form")
