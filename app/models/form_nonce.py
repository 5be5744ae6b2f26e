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
    made_id: Mapped[int | None]  # the key of what the first sending made
    sent_at: Mapped[datetime] = mapped_column(Stamp)

    @staticmethod
    def digest(payload: str) -> bytes:
        """What was filled in, kept unreadable; made before the lock is taken.

        Keyed: a payload holds names and mobiles, and eleven digits are soon guessed from a plain hash.
        """
        return sealing.sealer().index(payload, "form")

    @classmethod
    def of(cls, nonce: str, account_id: int, payload: bytes) -> FormNonce | None:
        """The note of this very form's first sending, or None when it is new.

        Raises ``nonce-reused`` when the nonce came with other content or from
        someone else.
        """
        seen = db.session.get(cls, nonce)
        if seen is not None and (seen.account_id != account_id or seen.payload != payload):
            raise Refusal("nonce-reused", N_("这张表已经用别的内容交过。请重新打开页面再填一次。"))
        return seen

    @classmethod
    def remember(cls, nonce: str, account_id: int, payload: bytes, made_id: int | None, at: datetime) -> None:
        """Only one sending can: the nonce is the key of the table."""
        row = {"nonce": nonce, "account_id": account_id, "payload": payload, "made_id": made_id, "sent_at": at}
        db.session.connection().execute(_REMEMBER, row)


_REMEMBER = db.insert(FormNonce.__table__)
