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


def once(nonce: str, payload: str, act: Callable[[], int | None]) -> int | None:
    """Act in a write transaction and note the key of what was made; that key, when this very form comes again.

    Nobody looks first whether the form is new: the note is unique, so a
    second sending is refused by what ``act`` did the first time or by the
    note itself, is rolled back whole, and only then looked up. ``payload``
    is what was filled in. Raises ``nonce-reused`` when it was something else
    the first time, and whatever ``act`` refuses.
    """
    account_id, filled_in = current_user.id, FormNonce.digest(payload)
    try:
        with writing():
            made = act()
            FormNonce.remember(nonce, account_id, filled_in, made, now())
            return made
    except (Refusal, IntegrityError):
        known = FormNonce.of(nonce, account_id, filled_in)
        if known is None:
            raise
        return known.made_id


def blame_unless_reused(form: Any, no: Refusal) -> None:
    """The sentence at its field; a nonce used before gets a page of its own, for nothing on this form would mend it."""
    if no.code == "nonce-reused":
        raise no
    form.refuse(no)
