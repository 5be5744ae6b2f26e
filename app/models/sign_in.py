"""Sessions that can be ended from here, and sign-in attempts counted exactly.

A session's token lives in the cookie; only its hash is stored. Attempts are
rows, written inside the lock before a password is looked at, so that two
processes cannot each grant the last try.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, Stamp, db, one_at_a_time
from app.models.account import Account
from app.refusal import N_, Refusal

TRIES = 10
WINDOW = timedelta(minutes=5)
LIFETIME = timedelta(hours=12)


class SignIn(Base):
    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    began_at: Mapped[datetime] = mapped_column(Stamp)
    ended_at: Mapped[datetime | None] = mapped_column(Stamp)

    account: Mapped[Account] = relationship()

    @classmethod
    def begin(cls, account: Account, at: datetime) -> str:
        """A new session; the token to put into the cookie."""
        token = secrets.token_urlsafe(32)
        db.session.add(cls(token_hash=_hash(token), account=account, began_at=at))
        return token

    @classmethod
    def enter(cls, account_id: int, checked: str, at: datetime) -> str:
        """``begin`` after a right password; ``checked`` is the hash that it was found to fit.

        The check takes a tenth of a second and no lock, so both questions are
        asked again. Raises ``sign-in-wrong`` when the password was replaced
        meanwhile, ``account-disabled`` when the account is out of use.
        """
        account = db.session.get_one(Account, account_id, with_for_update={"of": Account})
        if account.password_hash != checked:
            raise sign_in_wrong()
        if not account.is_active:
            raise Refusal("account-disabled", N_("这个账号已停用，请打电话询问。"))
        return cls.begin(account, at)

    @classmethod
    def of(cls, token: str, at: datetime) -> SignIn | None:
        """The living session behind a token: not ended, not older than LIFETIME, of an account in use."""
        found = db.session.scalars(_LIVING, {"token_hash": _hash(token)}).unique().one_or_none()
        if found is None or found.ended_at or at - found.began_at > LIFETIME or not found.account.is_active:
            return None
        return found

    @classmethod
    def living(cls, account: Account, at: datetime) -> list[SignIn]:
        """The account's sessions that still open pages, the newest first."""
        return list(
            db.session.scalars(
                db.select(cls)
                .where(cls.account_id == account.id, cls.ended_at.is_(None), cls.began_at >= at - LIFETIME)
                .order_by(cls.began_at.desc(), cls.id.desc())
            )
        )

    @classmethod
    def end_all(cls, account: Account, at: datetime, *, but: int | None = None) -> None:
        """End every session of the account, or every one but that of the id ``but``."""
        db.session.execute(
            db.update(cls)
            .where(cls.account_id == account.id, cls.ended_at.is_(None), cls.id.is_distinct_from(but))
            .values(ended_at=at),
            execution_options={"synchronize_session": False},
        )

    def end(self, at: datetime) -> None:
        """Its token opens nothing from now on."""
        self.ended_at = self.ended_at or at


class SignInAttempt(Base):
    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "mobile_index", "tried_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mobile_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    tried_at: Mapped[datetime] = mapped_column(Stamp)

    @classmethod
    def admit(cls, mobile_index: bytes, at: datetime) -> None:
        """Count this try; raises ``too-many-tries`` after ten in five minutes.

        Call it in a write transaction of its own, committed before the
        password is checked.
        """
        one_at_a_time(mobile_index)
        recent = cls.mobile_index == mobile_index, cls.tried_at > at - WINDOW
        if db.session.scalar(db.select(db.func.count()).select_from(cls).where(*recent)) >= TRIES:
            raise Refusal("too-many-tries", N_("这个手机号试得太多，请过五分钟再试，或打电话请机构重置密码。"))
        db.session.add(cls(mobile_index=mobile_index, tried_at=at))

    @classmethod
    def forget(cls, mobile_index: bytes, at: datetime) -> None:
        """A right password clears the count; rows older than the window go with it."""
        db.session.execute(
            db.delete(cls).where((cls.mobile_index == mobile_index) | (cls.tried_at < at - WINDOW)),
            execution_options={"synchronize_session": False},
        )


def sign_in_wrong() -> Refusal:
    """The same for an unknown mobile and a wrong password."""
    return Refusal("sign-in-wrong", N_("手机号或密码不对，请核对后再试。忘了密码请打电话，由机构重置。"))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# Asked by every request of somebody who signed in, so built once, and the roles come along.
_LIVING = (
    db.select(SignIn)
    .where(SignIn.token_hash == db.bindparam("token_hash"))
    .options(db.joinedload(SignIn.account, innerjoin=True).joinedload(Account.grants))
)
