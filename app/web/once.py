"""A form that is sent twice acts once: a double click, a retry and the back button get the first answer again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.clock import now
from app.database import writing
from app.models.form_nonce import FormNonce
from app.refusal import Refusal


def once(nonce: str, payload: str, act: Callable[[], str]) -> str:
    """Act in a write transaction and note where that led; where it led before, when this very form comes again.

    Nobody looks first whether the form is new: the note is unique, so a
    second sending is refused by what ``act`` did the first time or by the
    note itself, is rolled back whole, and only then looked up. ``payload``
    is what was filled in. Raises ``nonce-reused`` when it was something else
    the first time, and whatever ``act`` refuses.
    """
    account_id = current_user.id
    try:
        with writing():
            where = act()
            FormNonce.remember(nonce, account_id, payload, where, now())
            return where
    except (Refusal, IntegrityError):
        known = FormNonce.answered(nonce, account_id, payload)
        if known is None:
            raise
        return known


def blame_unless_reused(form: Any, no: Refusal) -> None:
    """The sentence at its field; a nonce used before gets a page of its own, for nothing on this form would mend it."""
    if no.code == "nonce-reused":
        raise no
    form.refuse(no)
