"""Rows that nobody asks for any more: old nonces of forms, sessions that ended, counted sign-in attempts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.database import db
from app.models import form_nonce
from app.models.form_nonce import FormNonce
from app.models.sign_in import WINDOW, SignIn, SignInAttempt

SIGN_INS_KEPT = timedelta(30)  # long after the last page they could open, for whoever asks when somebody was here
MOST = 2_000  # of each at a time: about ten milliseconds of the write lock


def tidy(at: datetime, most: int = MOST) -> dict[str, int]:
    """Delete at most ``most`` old rows of each table; table name → how many went.

    No index helps it, for that would cost every sign-up something: call it
    where somebody waits anyhow, or from the command.
    """
    return {
        FormNonce.__tablename__: _drop(FormNonce.nonce, FormNonce.sent_at < at - form_nonce.KEPT, most),
        SignIn.__tablename__: _drop(SignIn.id, SignIn.began_at < at - SIGN_INS_KEPT, most),
        SignInAttempt.__tablename__: _drop(SignInAttempt.id, SignInAttempt.tried_at < at - WINDOW, most),
    }


def _drop(key: Any, old: Any, most: int) -> int:
    table = key.class_
    chosen = db.select(key).where(old).limit(most)
    gone: Any = db.session.execute(
        db.delete(table).where(key.in_(chosen)), execution_options={"synchronize_session": False}
    )
    return gone.rowcount
